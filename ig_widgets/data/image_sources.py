"""Where one image comes from: a file, an array, or a lazy sequence that makes it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from ig_widgets.data.decoding import decode
from ig_widgets.data.digests import array_digest, file_digest

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    Image = NDArray[np.uint8]


class Source:
    """Where one image comes from, shared by all sets it is in."""

    __slots__ = ("problem",)

    def __init__(self) -> None:
        self.problem: str | None = None

    def read(self) -> Image:
        """Return the image; raises `ImageError` when it cannot be read."""
        raise NotImplementedError

    def digest(self) -> bytes:
        """Return 16 bytes that stand for the pixels; raises what `read` raises."""
        return array_digest(self.read())


class File(Source):
    """An image in a file, decoded when it is read."""

    __slots__ = ("levels", "max_pixels", "path")

    def __init__(self, path: Path, levels: tuple[int, int], max_pixels: int) -> None:
        super().__init__()
        self.path = path
        self.levels = levels
        self.max_pixels = max_pixels

    def read(self) -> Image:
        """Decode the file; raises `ImageError` when that fails."""
        return decode(self.path, levels=self.levels, max_pixels=self.max_pixels)

    def digest(self) -> bytes:
        """Return 16 bytes that stand for the file's bytes and the levels; nothing is decoded."""
        try:
            return file_digest(self.path, self.levels)
        except OSError:
            self.read()  # which fails too, with a sentence
            raise


class Held(Source):
    """An image in memory."""

    __slots__ = ("array",)

    def __init__(self, array: Image) -> None:
        super().__init__()
        self.array = array

    def read(self) -> Image:
        """Return the array itself."""
        return self.array


class Made(Source):
    """An image that a lazy sequence makes when it is read."""

    __slots__ = ("arrays", "i", "id_")

    def __init__(self, arrays: Sequence[Image], i: int, id_: str) -> None:
        super().__init__()
        self.arrays = arrays
        self.i = i
        self.id_ = id_

    def read(self) -> Image:
        """Ask the sequence for the image, and check it; raises ValueError when it is none."""
        return valid_array(self.arrays[self.i], self.id_)


def valid_array(array: Any, id_: str) -> Image:
    """Return an array as an image: contiguous, read-only, in the memory of the array where it can be.

    Raises
    ------
    ValueError
        If it is not (H, W) or (H, W, 3) uint8, or has no pixels; the message names the image.
    """
    array = np.asarray(array)
    if array.dtype != np.uint8:
        raise ValueError(
            f"image '{id_}' has dtype {array.dtype}; scale it to 0..255 and convert it with .astype(np.uint8)"
        )
    if array.ndim not in {2, 3} or (array.ndim == 3 and array.shape[2] != 3):
        raise ValueError(
            f"image '{id_}' has shape {array.shape}; give (H, W) for gray or (H, W, 3) for color"
        )
    if array.size == 0:
        raise ValueError(f"image '{id_}' has shape {array.shape}: no pixels; leave it out")
    view: Image = np.ascontiguousarray(array).view()
    view.setflags(write=False)
    return view
