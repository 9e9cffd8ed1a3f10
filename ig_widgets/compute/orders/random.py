"""Random order, the baseline of all orders."""

import numpy as np
from numpy.typing import NDArray


def by_random(n: int, *, random_state: int = 0) -> NDArray[np.intp]:
    """Order images at random.

    Parameters
    ----------
    n
        How many images there are.
    random_state
        Seed: the same gives the same order.

    Returns
    -------
    array of shape (n,), int
        Positions of all images.

    Examples
    --------
    >>> sorted(by_random(4).tolist())
    [0, 1, 2, 3]
    """
    return np.random.default_rng(random_state).permutation(n)
