"""Estimate of the number of wrong labels among images that have not been reviewed."""

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import betaincinv

_MIN_WINDOW, _MAX_WINDOW = 20, 200


class ErrorsLeft(NamedTuple):
    """An estimated number of wrong labels, with a credible interval."""

    expected: float
    low: float
    high: float


def choose_window(n: int) -> int:
    """Return how many of the last of `n` reviewed images represent the rest: half of them, from 20 to 200.

    Fewer images say too little. More would include images from early in the review, which are too unlike the
    rest if likely errors come first.
    """
    return min(n, max(_MIN_WINDOW, min(_MAX_WINDOW, n // 2)))


def errors_left(wrong: ArrayLike, left: int, *, window: int | None = None, level: float = 0.95) -> ErrorsLeft:
    """Estimate how many of the labels that have not been reviewed are wrong.

    The estimate assumes that the error rate of the remaining images equals that of the last `window` images
    reviewed. In a random order, it is unbiased; in an order that puts likely errors first, the remaining
    images have fewer errors, and it is too high. The error rate has Jeffreys' prior, Beta(1/2, 1/2): for k
    errors among n images, the posterior is Beta(k + 1/2, n - k + 1/2), whose mean and equal-tailed interval
    are multiplied by the number of remaining images. As usual, the interval extends to 0 if there are no
    errors, and to 1 if there are only errors (Brown, Cai & DasGupta 2001, doi:10.1214/ss/1009213286, section
    4.3).

    Parameters
    ----------
    wrong : array-like of bool, shape (n,)
        Whether the label of each reviewed image was wrong, in the order of the review.
    left
        Number of images that have not been reviewed.
    window
        Number of the last reviewed images to use. Default: see `choose_window`.
    level
        Probability that the interval contains the error rate, in (0, 1).

    Returns
    -------
    ErrorsLeft
        The expected number of wrong labels and the ends of the interval, in [0, `left`].

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
        raise ValueError(f"left is {left}; give a number of images, at least 0")
    if window is not None and window < 1:
        raise ValueError(f"window is {window}; give a number of images, at least 1")
    if not 0 < level < 1:
        raise ValueError(f"level is {level}; give a probability between 0 and 1, such as 0.95")
    is_wrong = np.asarray(wrong, dtype=bool)
    count = choose_window(len(is_wrong)) if window is None else window
    last = is_wrong[max(0, len(is_wrong) - count) :]
    n, k = len(last), int(last.sum())
    a, b = k + 0.5, n - k + 0.5
    low = 0.0 if k == 0 else float(betaincinv(a, b, (1 - level) / 2))
    high = 1.0 if k == n else float(betaincinv(a, b, (1 + level) / 2))
    return ErrorsLeft(left * a / (n + 1), left * low, left * high)
