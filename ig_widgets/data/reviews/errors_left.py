"""How many wrong labels are left where nobody has looked."""

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import betaincinv

_FEWEST, _MOST = 20, 200


class ErrorsLeft(NamedTuple):
    """An estimate of a number of wrong labels."""

    expected: float
    low: float
    high: float


def counted(n: int) -> int:
    """Return how many of `n` images looked at stand for what is left: the last half, but 20 to 200 of them.

    Fewer tell too little, and of more the first are too unlike what is left when errors come first.
    """
    return min(n, max(_FEWEST, min(_MOST, n // 2)))


def errors_left(wrong: ArrayLike, left: int, *, window: int | None = None, level: float = 0.95) -> ErrorsLeft:
    """Estimate how many of the labels that nobody has looked at are wrong.

    It stands on one assumption: what is left is as bad as the last `window` images looked at. A review in an
    order that brings errors to the front makes what is left better than that, and the estimate too high; in a
    random order it is right on average. The proportion of errors has Jeffreys' prior, Beta(1/2, 1/2): of k
    errors among n images the posterior is Beta(k + 1/2, n - k + 1/2), whose mean and equal-tailed interval
    are multiplied by the number left. As usual the interval reaches 0 where no error was found, and 1 where
    nothing but errors was (Brown, Cai & DasGupta 2001, doi:10.1214/ss/1009213286, section 4.3).

    Parameters
    ----------
    wrong : array-like of bool, shape (n,)
        Of each image looked at, in the order of looking, whether its label was wrong.
    left
        How many were not looked at.
    window
        How many of the last images looked at count; default: see `counted`.
    level
        The probability that the interval holds the proportion, in (0, 1).

    Returns
    -------
    ErrorsLeft
        The expected number, and the ends of the interval, in [0, `left`].

    Raises
    ------
    ValueError
        If `left` is negative, `window` is not positive, or `level` is not between 0 and 1.

    Examples
    --------
    >>> errors_left([False] * 190 + [True] * 10, 1000, window=200)
    ErrorsLeft(expected=52.23..., low=25.99..., high=86.87...)
    """
    if left < 0:
        raise ValueError(f"left is {left}; it counts images, so give 0 or more")
    if window is not None and window < 1:
        raise ValueError(f"window is {window}; give the number of images that count, at least 1")
    if not 0 < level < 1:
        raise ValueError(f"level is {level}; give a probability between 0 and 1, such as 0.95")
    looked = np.asarray(wrong, dtype=bool)
    count = counted(len(looked)) if window is None else window
    last = looked[max(0, len(looked) - count) :]
    n, k = len(last), int(last.sum())
    a, b = k + 0.5, n - k + 0.5
    low = 0.0 if k == 0 else float(betaincinv(a, b, (1 - level) / 2))
    high = 1.0 if k == n else float(betaincinv(a, b, (1 + level) / 2))
    return ErrorsLeft(left * a / (n + 1), left * low, left * high)
