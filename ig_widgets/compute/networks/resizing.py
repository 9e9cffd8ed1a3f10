"""Resizing images of any size to a network's input size."""

from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from ig_widgets.compute.networks.square_patches import resize

Images: TypeAlias = Sequence[NDArray[np.uint8]] | NDArray[np.uint8]
"""Images one after the other; an array holds images of one size."""

_LOOKED_AT = 64
_AREA = 224**2
_STEP = 32
_AT_ONCE = 32  # images: more makes a prediction no faster


def network_size(images: Iterable[NDArray[Any]]) -> tuple[int, int]:
    """Choose the input size of a network from the sizes of images.

    Parameters
    ----------
    images
        (H, W) or (H, W, 3) arrays, which may differ in size. The first 64 are looked at; empty ones do not
        count.

    Returns
    -------
    tuple of int
        Height and width: the medians, reduced where their product is more than 224^2 = 50,176, the area that
        the networks were designed for. Each is rounded to a multiple of 32, the stride of their last maps, so
        the area may be exceeded somewhat. Industrial images are long and thin: they keep their aspect, where
        the networks' authors cut out squares and Inspector Gadget's stack the halves of an image (section
        6.1).

    Raises
    ------
    ValueError
        If all of the first 64 images are empty.

    Examples
    --------
    >>> network_size([np.zeros((1257, 500), np.uint8)])
    (352, 128)
    """
    shapes = [image.shape[:2] for image in islice(images, _LOOKED_AT) if image.size]
    if not shapes:
        raise ValueError(
            f"none of the first {_LOOKED_AT} images can be read, so no input size can be chosen; give size"
        )
    height, width = np.median(shapes, axis=0)
    scale = min(1.0, (_AREA / (height * width)) ** 0.5)
    return _round_side(height * scale), _round_side(width * scale)


def _round_side(side: float) -> int:
    return max(1, round(side / _STEP)) * _STEP


def resize_images(
    images: Iterable[NDArray[np.uint8]], size: Sequence[int]
) -> tuple[NDArray[np.uint8], NDArray[np.int64]]:
    """Resize images to one size.

    Parameters
    ----------
    images
        (H, W) or (H, W, 3) arrays of dtype uint8, which may differ in size. Each is asked for once, and let
        go before the next one.
    size
        Height and width in pixels.

    Returns
    -------
    pixels : uint8 array of shape (m, height, width, 3), or (m, height, width) if all images are gray
        All that is held in memory: at 224 x 224, 50 KB of each gray image, 150 KB of each colored one.
    positions : int array of shape (m,)
        Which images these are: all that are not empty, as unreadable ones of an `ImageSet` are.

    Raises
    ------
    ValueError
        If an image has another shape or dtype.
    """
    small: list[NDArray[np.uint8]] = []
    positions = []
    for position, image in enumerate(images):
        if image.size:
            if image.dtype != np.uint8 or not (image.ndim == 2 or image.shape[2:] == (3,)):
                raise ValueError(
                    f"image {position} has shape {image.shape} and dtype {image.dtype}; images are (H, W) or "
                    "(H, W, 3) with dtype uint8"
                )
            small.append(resize(image, *size))
            positions.append(position)
    colored = any(image.ndim == 3 for image in small)
    pixels = np.empty((len(small), *size, 3) if colored else (len(small), *size), np.uint8)
    for row in reversed(range(len(small))):
        image = small.pop()  # no image is held twice
        pixels[row] = image[:, :, None] if colored and image.ndim == 2 else image
    return pixels, np.array(positions, dtype=np.int64)


def resize_in_batches(
    images: Images, size: Sequence[int]
) -> Iterator[tuple[NDArray[np.uint8], NDArray[np.int64]]]:
    """Resize images to one size, 32 at a time, so that their number is not limited by memory.

    Parameters
    ----------
    images, size
        As for `resize_images`.

    Yields
    ------
    pixels, positions
        As from `resize_images`, of one image or more; positions are those among all images.
    """
    coming = iter(images)
    for start in range(0, len(images), _AT_ONCE):
        pixels, positions = resize_images(islice(coming, _AT_ONCE), size)
        if len(pixels):
            yield pixels, start + positions
