"""Positions sorted by a score, the lowest first."""

import numpy as np
from numpy.typing import NDArray


def ascending_order(scores: NDArray[np.float64], labeled: NDArray[np.bool_]) -> NDArray[np.intp]:
    """Return positions from the lowest score to the highest, then those without label; ties by position."""
    return np.lexsort((np.where(labeled, scores, 0), ~labeled))
