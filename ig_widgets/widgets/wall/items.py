"""Which items a gesture in the browser is about."""

import base64
from collections.abc import Sequence

import numpy as np


def items_of(named: Sequence[int] | str, count: int) -> list[int]:
    """Return the items that the browser names: a few of them in a list, many as a text of bits.

    Parameters
    ----------
    named
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
        If no item is named, or one that is not there.
    """
    if isinstance(named, str):
        packed = np.frombuffer(base64.b64decode(named), np.uint8)
        items = np.flatnonzero(np.unpackbits(packed, bitorder="little"))
    else:
        items = np.unique(np.asarray(named, dtype=np.int64))
    if items.size == 0 or items[0] < 0 or items[-1] >= count:
        raise ValueError(f"the browser named {items.size} items, of which there are {count}")
    return [int(item) for item in items]
