"""Digests of arrays and image files: 16 bytes that are equal if and only if the content is equal."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

_DECODING = 1  # increment when `decode` starts to return other pixels for a file that it could already read


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
        If the array does not hold numbers.

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
        raise TypeError(f"an array of dtype {array.dtype} has no digest; give an array of numbers")
    digest = _blake2b(f"array {array.dtype.str} {array.shape}\n")
    digest.update(np.ascontiguousarray(array).data)
    return digest.digest()


def file_digest(path: Path, levels: tuple[int, int]) -> bytes:
    """Return a digest of the bytes of an image file and the levels it is decoded with, but not of its name.

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
