"""Images of which there are several."""

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray


def order_duplicates_first(order: ArrayLike, X: ArrayLike) -> NDArray[np.intp]:
    """Move images of which there are several to the front, the copies beside each other.

    Parameters
    ----------
    order
        Array of positions, none twice: the order of the rest.
    X
        Array of shape (n_images, ...): images with equal rows are copies. Packed words of coarse features
        find near-duplicates, pixels or digests of files exact ones.

    Returns
    -------
    array of the shape of `order`, int
        The same positions: images with copies in `order` first, each one's copies right behind it, then all
        others; otherwise in the order that was given.

    Raises
    ------
    ValueError
        If `order` holds a position twice or one beyond `X`.

    Examples
    --------
    >>> order_duplicates_first([4, 3, 2, 1, 0], [[7], [5], [8], [7], [7]])
    array([4, 3, 0, 2, 1])
    """
    positions = np.asarray(order, dtype=np.intp)
    rows = np.asarray(X)
    if positions.ndim != 1 or len(np.unique(positions)) < positions.size:
        raise ValueError("order must be positions in one dimension, none twice")
    if positions.size and not 0 <= positions.min() <= positions.max() < len(rows):
        raise ValueError(
            f"order has positions from {positions.min()} to {positions.max()}, but X has {len(rows)} rows"
        )
    codes = pd.factorize(pd.Series([rows[i].tobytes() for i in positions], dtype=object))[0]
    alone = np.bincount(codes, minlength=1)[codes] == 1
    return positions[np.lexsort((codes, alone))]  # codes count up in the order of the first copies
