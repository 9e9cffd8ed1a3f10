"""Duplicate images first, identical ones next to each other."""

import hashlib
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from ig_widgets.compute.orders.nearest import is_blank


def duplicates_first(order: ArrayLike, X: ArrayLike) -> NDArray[np.intp]:
    """Move duplicate images to the front, copies next to each other.

    Parameters
    ----------
    order
        Array of positions, none twice: the order of the rest.
    X
        Array of shape (n_images, ...): images with equal rows are copies. Packed words of coarse features
        find near-duplicates; pixels, or digests of files in one dimension, find exact ones. Rows without
        words (bool or uint64) or with NaN, as of images that cannot be read, are copies of nothing.

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
    >>> duplicates_first([4, 3, 2, 1, 0], [[7], [5], [8], [7], [7]])
    array([4, 3, 0, 2, 1])
    """
    positions, rows = np.asarray(order), np.asarray(X)
    if positions.ndim != 1 or len(np.unique(positions)) < positions.size:
        raise ValueError("order must be positions in one dimension, none twice")
    if positions.size and not np.issubdtype(positions.dtype, np.integer):
        raise ValueError(f"order is {positions.dtype}; give positions, as whole numbers")
    if positions.size and not 0 <= positions.min() <= positions.max() < len(rows):
        raise ValueError(
            f"order has positions from {positions.min()} to {positions.max()}, but X has {len(rows)} rows"
        )
    positions = positions.astype(np.intp)
    keys = rows[positions] if rows.ndim == 1 else [_digest(rows[i]) or f"alone {i}" for i in positions]
    codes = pd.factorize(pd.Series(keys, dtype=object))[0]
    alone = np.bincount(codes, minlength=1)[codes] == 1
    return positions[np.lexsort((codes, alone))]  # codes count up in the order of the first copies


def _digest(row: NDArray[Any]) -> bytes | None:
    """Return a digest that equal rows share; None for a blank row."""
    if is_blank(row[None])[0]:
        return None
    return hashlib.blake2b((row + row.dtype.type(0)).tobytes(), digest_size=16).digest()
