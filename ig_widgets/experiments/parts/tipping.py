"""How many labels weak labels are worth."""

import math

import numpy as np
from numpy.typing import ArrayLike


def tipping_point(sizes: ArrayLike, f1_of_dev_only: ArrayLike, f1_with_weak: float) -> float:
    """Return how many times larger the development set would have to be to do without weak labels.

    Parameters
    ----------
    sizes
        (m,) sizes of development sets, increasing; the first is that of the one the weak labels were made
        from. Numbers of images or multiples of any unit.
    f1_of_dev_only
        (m,) F1 of end models trained on development sets of these sizes alone.
    f1_with_weak
        F1 of the end model trained on the first development set and the weak labels.

    Returns
    -------
    float
        A multiple of the first size, at least 1. Between two sizes F1 is taken to change linearly; where it
        crosses `f1_with_weak` several times, the first one counts. 1 if weak labels gain nothing. Infinite if
        no size reaches their F1: all that is known is that the multiple is more than
        ``sizes[-1] / sizes[0]``.

    Raises
    ------
    ValueError
        If the shapes differ, a number is missing, or the sizes are not positive and increasing.

    Notes
    -----
    Heo et al. 2020 (Inspector Gadget), section 6.6 and table 5, where it is 1.9 to 7.6. How they came from
    measured sizes to three decimals is not said.

    Examples
    --------
    >>> tipping_point([100, 200, 400], [0.25, 0.5, 0.75], 0.625)
    3.0
    """
    n, f1 = np.asarray(sizes, dtype=np.float64), np.asarray(f1_of_dev_only, dtype=np.float64)
    if n.ndim != 1 or not n.size or n.shape != f1.shape:
        raise ValueError(
            f"sizes of shape {n.shape} and f1_of_dev_only of shape {f1.shape} do not fit; give one F1 for "
            "each size"
        )
    if not (np.isfinite(n).all() and np.isfinite(f1).all() and math.isfinite(f1_with_weak)):
        raise ValueError("a size or an F1 is missing (NaN) or infinite; leave such sizes out")
    if n[0] <= 0 or (np.diff(n) <= 0).any():
        raise ValueError(f"sizes are {n.tolist()}; they must be positive and increasing")
    reached = np.flatnonzero(f1 >= f1_with_weak)
    if not reached.size:
        return math.inf
    k = int(reached[0])
    if k == 0:
        return 1.0
    share = (f1_with_weak - f1[k - 1]) / (f1[k] - f1[k - 1])
    return float((n[k - 1] + share * (n[k] - n[k - 1])) / n[0])
