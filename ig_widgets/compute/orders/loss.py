"""Order by the loss of a model, the highest first."""

import numpy as np
from numpy.typing import ArrayLike, NDArray


def by_loss(losses: ArrayLike) -> NDArray[np.intp]:
    """Order images by the loss of a model on them, the highest first.

    Parameters
    ----------
    losses
        Array of shape (n_images,): any loss, best of a model that has not learned from the image itself. NaN
        where there is none, as for images without label.

    Returns
    -------
    array of shape (n_images,), int
        Positions of all images, those of NaN last. Ties are in the order of the positions.

    Raises
    ------
    ValueError
        If there is not one number for each image.

    Examples
    --------
    >>> by_loss([0.1, float("nan"), 2.3, 0.1])
    array([2, 0, 3, 1])
    """
    numbers = np.asarray(losses, dtype=np.float64)
    if numbers.ndim != 1:
        raise ValueError(f"losses has {numbers.ndim} dimensions; give one number for each image")
    return np.argsort(-numbers, kind="stable")  # NaN is sorted last
