"""The items that a gesture in the browser is about."""

import base64
from collections.abc import Sequence

import numpy as np


def selected_items(selection: Sequence[int] | str, count: int) -> list[int]:
    """Return the numbers of the items in a message: a few come as a list, many as a text of bits.

    Parameters
    ----------
    selection
        Numbers of items, or one bit for each item, the lowest of a byte first, in base64. The browser's half
        is shared/packing.ts.
    count
        How many items there are.

    Returns
    -------
    list of int
        Each item once, the lowest number first.

    Raises
    ------
    ValueError
        If no item is named, or one that does not exist.
    """
    if isinstance(selection, str):
        packed = np.frombuffer(base64.b64decode(selection), np.uint8)
        items = np.flatnonzero(np.unpackbits(packed, bitorder="little"))
    else:
        items = np.unique(np.asarray(selection, dtype=np.int64))
    if items.size == 0 or items[0] < 0 or items[-1] >= count:
        raise ValueError(f"the browser named {items.size} items, and there are {count}: name some of those")
    return [int(item) for item in items]
