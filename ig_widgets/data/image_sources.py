"""Sources of a single image: a file, an array in memory, or an item of a lazy sequence."""

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


class ImageSource:
    """The source of one image, shared by all sets that contain it."""

    __slots__ = ("problem",)

    def __init__(self) -> None:
        self.problem: str | None = None

    def read(self) -> Image:
        """Return the image; raise `ImageError` if it cannot be read."""
        raise NotImplementedError

    def digest(self) -> bytes:
        """Return a digest of the pixels, 16 bytes; raise whatever `read` raises."""
        return array_digest(self.read())


class FileSource(ImageSource):
    """An image file, decoded when it is read."""

    __slots__ = ("levels", "max_pixels", "path")

    def __init__(self, path: Path, levels: tuple[int, int], max_pixels: int) -> None:
        super().__init__()
        self.path = path
        self.levels = levels
        self.max_pixels = max_pixels

    def read(self) -> Image:
        """Decode the file; raise `ImageError` if that fails."""
        return decode(self.path, levels=self.levels, max_pixels=self.max_pixels)

    def digest(self) -> bytes:
        """Return a digest of the bytes of the file and the levels, 16 bytes, without decoding."""
        try:
            return file_digest(self.path, self.levels)
        except OSError:
            self.read()  # fails too, with an ImageError that explains why
            raise


class ArraySource(ImageSource):
    """An array in memory."""

    __slots__ = ("array",)

    def __init__(self, array: Image) -> None:
        super().__init__()
        self.array = array

    def read(self) -> Image:
        """Return the array itself."""
        return self.array


class SequenceSource(ImageSource):
    """An item of a lazy sequence, requested when it is read."""

    __slots__ = ("arrays", "i", "id_")

    def __init__(self, arrays: Sequence[Image], i: int, id_: str) -> None:
        super().__init__()
        self.arrays = arrays
        self.i = i
        self.id_ = id_

    def read(self) -> Image:
        """Request the item and validate it; raise ValueError if it is not an image."""
        return as_image(self.arrays[self.i], self.id_)


def as_image(array: Any, id_: str) -> Image:
    """Return a contiguous, read-only view of an array, copied only if it is not contiguous.

    Raises
    ------
    ValueError
        If the array is not (H, W) or (H, W, 3) uint8, or is empty; the message names the image.
    """
    array = np.asarray(array)
    if array.dtype != np.uint8:
        raise ValueError(
            f"image '{id_}' has dtype {array.dtype}; scale it to 0..255 and convert it by .astype(np.uint8)"
        )
    if array.ndim not in {2, 3} or (array.ndim == 3 and array.shape[2] != 3):
        raise ValueError(
            f"image '{id_}' has shape {array.shape}; give (H, W) for grayscale or (H, W, 3) for RGB"
        )
    if array.size == 0:
        raise ValueError(f"image '{id_}' has shape {array.shape}, that is, no pixels; leave it out")
    view: Image = np.ascontiguousarray(array).view()
    view.setflags(write=False)
    return view
