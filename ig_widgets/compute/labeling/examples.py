"""Labeled images, with the image that each pattern was cut from."""

from typing import NamedTuple, Self

import numpy as np
from numpy.typing import NDArray


class Examples(NamedTuple):
    """Labeled images: similarities, position of each image's class, row each pattern was cut from."""

    X: NDArray[np.float64]  # (n, p)
    codes: NDArray[np.int64]  # (n,)
    pattern_rows: NDArray[np.int64]  # (p,), -1 for a pattern of another image

    def part(self, rows: NDArray[np.int64], columns: NDArray[np.bool_]) -> Self:
        """Return some of the images with some of the patterns, every pattern row among these rows or -1."""
        row_in_part = np.full(len(self.codes) + 1, -1)  # the last entry is where pattern_rows of -1 look
        row_in_part[rows] = np.arange(len(rows))
        return self._replace(
            X=self.X[np.ix_(rows, columns)],
            codes=self.codes[rows],
            pattern_rows=row_in_part[self.pattern_rows[columns]],
        )

    def without_self_matches(self) -> NDArray[np.float64]:
        """Return `X` with each image's score for its own pattern replaced by its class's mean for it."""
        replaced = self.X.copy()
        for column in np.flatnonzero(self.pattern_rows >= 0):
            own = self.pattern_rows[column]
            others = self.codes == self.codes[own]
            others[own] = False
            if others.any():
                replaced[own, column] = self.X[others, column].mean()
        return replaced
