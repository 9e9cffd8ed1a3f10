"""What the weak labeler learns from: labeled images, and which of them each pattern was cut from."""

from typing import NamedTuple, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray


class Examples(NamedTuple):
    """Labeled images: similarities, position of each image's class, row each pattern was cut from."""

    X: NDArray[np.float64]  # (n, p)
    codes: NDArray[np.int64]  # (n,)
    sources: NDArray[np.int64]  # (p,), -1 for a pattern of another image

    def part(self, rows: NDArray[np.int64], columns: NDArray[np.bool_]) -> Self:
        """Return some of the images with some of the patterns, every source among these rows or -1."""
        row_in_part = np.full(len(self.codes) + 1, -1)  # the last entry is where sources of -1 look
        row_in_part[rows] = np.arange(len(rows))
        return self._replace(
            X=self.X[np.ix_(rows, columns)],
            codes=self.codes[rows],
            sources=row_in_part[self.sources[columns]],
        )

    def without_self_matches(self) -> NDArray[np.float64]:
        """Return `X` with each image's score for its own pattern replaced by its class's mean for it."""
        replaced = self.X.copy()
        for column in np.flatnonzero(self.sources >= 0):
            own = self.sources[column]
            others = self.codes == self.codes[own]
            others[own] = False
            if others.any():
                replaced[own, column] = self.X[others, column].mean()
        return replaced


def checked_sources(sources: ArrayLike | None, shape: tuple[int, int]) -> NDArray[np.int64]:
    """Return the row of X (n, n_features) that each feature's pattern was cut from; None becomes -1 for all.

    Raises
    ------
    ValueError
        If there is not one integer from -1 to n - 1 for each feature.
    """
    n, n_features = shape
    if sources is None:
        return np.full(n_features, -1)
    given = np.asarray(sources)
    if given.shape != (n_features,):
        raise ValueError(
            f"sources has the shape {given.shape}, but X has {n_features} features; give a row of X for each"
        )
    if not np.issubdtype(given.dtype, np.integer):
        raise ValueError(f"sources holds {given.dtype} values; give integers, rows of X or -1")
    if given.min() < -1 or given.max() >= n:
        raise ValueError(
            f"sources reach from {given.min()} to {given.max()}, but X has the rows 0 to {n - 1}; "
            "give -1 for a pattern that was not cut from one of these images"
        )
    return given.astype(np.int64)
