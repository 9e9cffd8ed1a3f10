"""Content as 16 bytes: the same content has the same digest, and other content another one."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

_DECODING = 1  # goes up when `decode` begins to give other pixels for a file that it could read before


def array_digest(array: NDArray[Any]) -> bytes:
    """Return a digest of an array's dtype, shape and values.

    Parameters
    ----------
    array
        Numbers of any kind and shape, contiguous in memory or not.

    Returns
    -------
    bytes
        16 bytes (BLAKE2b).

    Raises
    ------
    TypeError
        If the array holds something else than numbers.

    Examples
    --------
    >>> pixels = np.arange(6, dtype=np.uint8).reshape(2, 3)
    >>> array_digest(pixels) == array_digest(pixels.copy(order="F"))
    True
    >>> array_digest(pixels) == array_digest(pixels.T)
    False
    """
    array = np.asarray(array)
    if array.dtype.kind not in "biufc":
        raise TypeError(f"an array of dtype {array.dtype} has no digest; give numbers")
    digest = _blake2b(f"array {array.dtype.str} {array.shape}\n")
    digest.update(np.ascontiguousarray(array).data)
    return digest.digest()


def file_digest(path: Path, levels: tuple[int, int]) -> bytes:
    """Return a digest of an image file's bytes and of the levels it is decoded with, not of its name.

    Returns
    -------
    bytes
        16 bytes (BLAKE2b).

    Raises
    ------
    OSError
        If the file cannot be read.
    """
    low, high = levels
    with path.open("rb") as file:
        return hashlib.file_digest(file, lambda: _blake2b(f"file {_DECODING} {low} {high}\n")).digest()


def _blake2b(start: str) -> hashlib.blake2b:
    return hashlib.blake2b(start.encode(), digest_size=16)
