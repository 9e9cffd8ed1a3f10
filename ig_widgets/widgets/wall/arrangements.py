"""How the images of a review can be arranged: orders, groups and neighbors, as callers give them."""

from collections.abc import Callable, Mapping
from typing import TypeAlias

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from ig_widgets.data.images import ImageSet
from ig_widgets.data.label_text import label_text

_MOST_GROUPS = 5000
_LONGEST_NAME = 100  # of a group: together they stay below a megabyte

Neighbors: TypeAlias = ArrayLike | Callable[[int], ArrayLike]
"""Positions of images that resemble one: the rows of an array (n, k), or a function of a position."""


def checked_orders(
    images: ImageSet, order: ArrayLike | None, orders: Mapping[str, ArrayLike]
) -> dict[str, NDArray[np.int32]]:
    """Return the orders to choose from by their names, first the one that is shown first.

    Raises
    ------
    ValueError
        If an order is no list of positions of images, each at most once, or an empty one.
    """
    if order is None and not orders:
        return {"as they are": np.arange(len(images), dtype=np.int32)}
    first = {} if order is None else {"given order": order}
    return {name: _positions(images, name, listed) for name, listed in {**first, **orders}.items()}


def _positions(images: ImageSet, name: str, listed: ArrayLike) -> NDArray[np.int32]:
    try:
        shown = images[np.asarray(listed)].ids
    except (IndexError, TypeError, ValueError) as error:
        raise ValueError(f"the order {name!r} is no list of positions: {error}") from error
    if len(shown) == 0:
        raise ValueError(f"the order {name!r} is empty: there is nothing to show")
    return np.array([images.position(image) for image in shown], dtype=np.int32)


def checked_grouping(name: str, values: ArrayLike, count: int) -> tuple[NDArray[np.int32], list[str]]:
    """Return the group of each image, and the names of the groups: the last is "none", for missing values.

    Raises
    ------
    ValueError
        If there is not one name for each image, there are more than 5000 different ones, or the grouping is
        called like one that every review has.
    """
    if name in {"label", "none"}:
        raise ValueError(f"groups has the name {name!r}, which every review has already: choose another one")
    listed = pd.Series(values)
    if len(listed) != count:
        raise ValueError(f"groups[{name!r}] has {len(listed)} names for {count} images; give one for each")
    codes, distinct = pd.factorize(listed, sort=listed.dtype != object)
    if len(distinct) > _MOST_GROUPS:
        raise ValueError(
            f"groups[{name!r}] has {len(distinct)} different names; there is room for {_MOST_GROUPS}"
        )
    names = [label_text(value)[:_LONGEST_NAME] for value in distinct]
    return np.where(codes < 0, len(names), codes).astype(np.int32), [*names, "none"]


def checked_neighbors(neighbors: Neighbors | None, count: int) -> Callable[[int], ArrayLike] | None:
    """Return what gives the neighbors of a position, or None where nobody knows them.

    Raises
    ------
    ValueError
        If an array is not of positions, one row for each image.
    """
    if neighbors is None:
        return None
    if callable(neighbors):
        return neighbors
    table = np.asarray(neighbors)
    if table.ndim != 2 or len(table) != count or table.dtype.kind not in "iu":
        raise ValueError(
            f"neighbors is {table.dtype} of shape {table.shape}; give positions as an array of shape "
            f"({count}, k), or a function of a position"
        )
    return lambda item: table[item]
