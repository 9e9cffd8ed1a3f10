"""Pictures of images for the browser: reduced where they are large, encoded as JPEG."""

from dataclasses import dataclass

import cv2
import numpy as np

LARGEST_SIDE_PIXELS = 2048
"""The longest side of an overview: more does not fit on a screen, and a canvas of it takes 16 MB already."""

_QUALITY = 95  # no visible loss on texture, which is what people look for defects in


@dataclass(frozen=True)
class Picture:
    """An encoded picture of an image or of a part of it."""

    jpeg: bytes
    width: int
    height: int
    reduction: float
    """Pixels of the picture per pixel of the image, at most 1."""
    full_size: tuple[int, int]
    """Height and width in pixels of the image."""


def overview(image: np.ndarray, largest_side_pixels: int = LARGEST_SIDE_PIXELS) -> Picture:
    """Encode a whole image, reduced until its longest side fits.

    Parameters
    ----------
    image
        (H, W) or (H, W, 3), uint8.
    largest_side_pixels
        The longest side of the picture.

    Returns
    -------
    Picture
        The picture; its `reduction` is 1 when the image fits as it is.
    """
    return _encode(image, min(1.0, largest_side_pixels / max(image.shape[:2])))


def detail(image: np.ndarray, box: tuple[int, int, int, int], reduction: float) -> Picture:
    """Encode a part of an image.

    Parameters
    ----------
    image
        (H, W) or (H, W, 3), uint8.
    box
        x, y, width, height in pixels of the image.
    reduction
        Pixels of the picture per pixel of the image, in (0, 1].

    Returns
    -------
    Picture
        The part of the box that lies inside the image.

    Raises
    ------
    ValueError
        If the box lies outside the image or the reduction is out of range.
    """
    x, y, width, height = box
    part = image[max(y, 0) : y + height, max(x, 0) : x + width]
    if part.size == 0:
        size = f"{image.shape[1]} x {image.shape[0]}"
        raise ValueError(f"the box {box} lies outside the image, which is {size}")
    if not 0 < reduction <= 1:
        raise ValueError(f"reduction is {reduction}, but must be above 0 and at most 1")
    return _encode(part, reduction)


def _encode(pixels: np.ndarray, reduction: float) -> Picture:
    full_size = (pixels.shape[0], pixels.shape[1])
    if reduction < 1:
        height, width = (max(1, round(side * reduction)) for side in full_size)
        pixels = cv2.resize(pixels, (width, height), interpolation=cv2.INTER_AREA)
    bgr = pixels if pixels.ndim == 2 else cv2.cvtColor(pixels, cv2.COLOR_RGB2BGR)
    _, jpeg = cv2.imencode(".jpg", np.ascontiguousarray(bgr), [cv2.IMWRITE_JPEG_QUALITY, _QUALITY])
    return Picture(jpeg.tobytes(), pixels.shape[1], pixels.shape[0], reduction, full_size)
