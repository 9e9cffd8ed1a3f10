"""The decision threshold of two classes, and probabilities shifted so that it becomes 0.5."""

import math
from typing import Literal

import numpy as np
from numpy.typing import NDArray


def choose_threshold(
    P: NDArray[np.float64], codes: NDArray[np.int64], given: Literal["calibrated"] | float
) -> float:
    """Return the threshold of two classes, which is given or made from rows that are not NaN; else NaN."""
    if P.shape[1] > 2:
        return math.nan
    if isinstance(given, str):
        judged = ~np.isnan(P[:, 1])
        return break_even(P[judged, 1], codes[judged] == 1)
    return float(given)


def break_even(p: NDArray[np.float64], positive: NDArray[np.bool_]) -> float:
    """Return a cut between values of `p` with as many above it as are positive: precision = recall."""
    values = np.unique(p)
    if len(values) < 2:
        return 0.5
    lower, upper = values[:-1], values[1:]
    middle = (lower + upper) / 2
    cuts = np.where(middle > lower, middle, upper)  # no number lies between two that are neighbors
    excess = np.array([np.sum(p >= cut) for cut in cuts]) - positive.sum()
    # equal probabilities can make the exact number impossible: then the nearest, and rather too few
    cut = cuts[np.lexsort((excess, np.abs(excess)))[0]]
    return float(min(cut, math.nextafter(1, 0)))  # its odds must be finite


def apply_threshold(P: NDArray[np.float64], threshold: float) -> NDArray[np.float64]:
    """Divide the odds of class 1 by those of the threshold, which so becomes 0.5; not for more classes."""
    if math.isnan(threshold):
        return P
    supporting, opposing = P[:, 1] * (1 - threshold), P[:, 0] * threshold
    positive = supporting / (supporting + opposing)
    return np.column_stack([1 - positive, positive])
