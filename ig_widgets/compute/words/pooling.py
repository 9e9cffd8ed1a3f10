"""Feature maps pooled to one row of features per image."""

from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from ig_widgets.compute.words.filter_bank import FilterMaps

_AT_ONCE = 64  # images


def pool_maps(maps: FilterMaps | NDArray[np.float32], grid: int = 3) -> NDArray[np.float32]:
    """Average feature maps over the parts of a grid.

    Parameters
    ----------
    maps
        (n_images, rows, columns, channels): an array, or what `filter_maps` returns. They are asked for a few
        at a time.
    grid
        How many parts in each direction; as many as there are rows or columns where these are fewer. More
        tell more of where something is: that matters for digits, and not for textures.

    Returns
    -------
    array of shape (n_images, parts * channels), float32
        NaN for the maps of images that cannot be read.

    Raises
    ------
    ValueError
        If `grid` is below 1.

    Examples
    --------
    >>> pool_maps(np.arange(8, dtype=np.float32).reshape(1, 2, 4, 1), grid=2)
    array([[0.5, 2.5, 4.5, 6.5]], dtype=float32)
    """
    if grid < 1:
        raise ValueError(f"grid is {grid}; give 1 part or more")
    parts = [_parts(maps[start : start + _AT_ONCE], grid) for start in range(0, len(maps), _AT_ONCE)]
    return np.concatenate(parts) if parts else np.empty((0, 0), np.float32)


def _parts(maps: NDArray[np.float32], grid: int) -> NDArray[np.float32]:
    rows, columns = (np.linspace(0, length, min(grid, length) + 1).astype(int) for length in maps.shape[1:3])
    means = [
        maps[:, top:bottom, left:right].mean(axis=(1, 2))
        for top, bottom in pairwise(rows)
        for left, right in pairwise(columns)
    ]
    return np.concatenate(means, axis=1)
