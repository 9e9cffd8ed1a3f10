"""Images and boxes prepared for the networks of the pattern detector."""

from collections.abc import Sequence
from typing import Any, NamedTuple, TypeAlias

import cv2
import numpy as np
import pandas as pd
from numpy.typing import NDArray

from ig_widgets.compute.matching.search.channels import as_channels
from ig_widgets.data.annotations import BOX
from ig_widgets.data.patterns import box_ends

_Ints: TypeAlias = NDArray[np.int64]

_ROUNDING = 1e-9  # deviations below this share of the mean are no texture


class TrainingImage(NamedTuple):
    """A reduced image, and what people drew on it."""

    pixels: NDArray[np.float16]  # (channels, h, w), mean 0 and variance 1
    codes: _Ints  # (k,) position of each box's class
    boxes: NDArray[np.float64]  # (k, 4) x0, y0, x1, y1 in these pixels, ends exclusive


class Drawings(NamedTuple):
    """What people drew on the images that can be read, in full-resolution pixels."""

    shapes: dict[int, tuple[int, int, int]]  # channels, height and width of each readable image, by position
    codes: dict[int, _Ints]  # (k,)
    boxes: dict[int, _Ints]  # (k, 4) x0, y0, x1, y1

    @property
    def channels(self) -> int:
        """3 if an image is in color, else 1."""
        return max(shape[0] for shape in self.shapes.values())

    def scale(self, pixels: int, side: int) -> float:
        """Return the reduction to so many pixels, but not of boxes to less than a side."""
        area = np.median([height * width for _, height, width in self.shapes.values()])
        boxes = np.concatenate(list(self.boxes.values()))
        shorter = np.median((boxes[:, 2:] - boxes[:, :2]).min(axis=1))
        return float(min(1.0, max((pixels / area) ** 0.5, side / shorter)))


def drawings(images: Sequence[NDArray[Any]], drawn: pd.DataFrame, classes: Sequence[str]) -> Drawings:
    """Sort boxes by the image that they were drawn on.

    Parameters
    ----------
    images
        An `ImageSet`, or arrays, whose ids are then their positions. Empty ones cannot be read.
    drawn
        The boxes: ``image, label, x, y, width, height``.
    classes
        All labels.

    Raises
    ------
    KeyError
        If a box is on an image that is not among the images.
    ValueError
        If a box leaves its image or is not whole.
    """
    names = list(getattr(images, "ids", range(len(images))))
    ids = [str(name) for name in names]
    by_image = dict(iter(drawn.groupby(drawn["image"].astype(str), sort=False)))
    strangers = set(by_image) - set(ids)
    if strangers:
        raise KeyError(
            f"a box is on {min(strangers)!r}, which is not among the images; give that image too, or leave "
            "the box out"
        )
    found = Drawings({}, {}, {})
    for position, image in enumerate(images):
        if image.size == 0:
            continue
        name = f"image {names[position]!r}"
        channels, height, width = as_channels(image, name, "channels").shape
        rows = by_image.get(ids[position], drawn.iloc[:0])
        ends = [
            box_ends(box, (height, width), f"box {number} of {name}")
            for number, box in enumerate(rows[list(BOX)].to_numpy(dtype=np.float64))
        ]
        found.shapes[position] = channels, height, width
        found.codes[position] = np.array([classes.index(label) for label in rows["label"]], dtype=np.int64)
        found.boxes[position] = np.array(ends, dtype=np.int64).reshape(-1, 4)
    return found


def make_training_image(
    image: NDArray[Any], codes: _Ints, boxes: _Ints, scale: float, channels: int
) -> TrainingImage:
    """Return an image, and its boxes in full-resolution pixels, as a training image."""
    pixels = normalize_image(image, scale, channels)
    ratio = np.array(pixels.shape[:0:-1]) / image.shape[1::-1]  # not quite the scale: sides are whole
    return TrainingImage(pixels, codes, np.asarray(boxes * np.tile(ratio, 2), dtype=np.float64))


def reduced_shape(shape: tuple[int, ...], scale: float) -> tuple[int, int]:
    """Return height and width of an image that is reduced to this scale, in whole pixels."""
    height, width = (max(1, round(side * scale)) for side in shape)
    return height, width


def normalize_image(image: NDArray[Any], scale: float, channels: int) -> NDArray[np.float16]:
    """Return an image (H, W) or (H, W, 3) as (channels, h, w), reduced, with mean 0 and variance 1.

    Light and exposure differ between images and say nothing about patterns. An image of one value is 0.
    """
    original = as_channels(image, "the image", "channels" if channels == 3 else "luminance")
    mean = np.float32(original.mean())
    # before float32, in which faint texture on a high floor would be lost
    values = (original - mean).astype(np.float32, copy=False)
    height, width = reduced_shape(values.shape[1:], scale)
    if (height, width) != values.shape[1:]:
        size = (width, height)
        values = np.stack([cv2.resize(plane, size, interpolation=cv2.INTER_AREA) for plane in values])
    values -= values.mean()
    deviation = values.std()
    values /= deviation if deviation > _ROUNDING * np.abs(mean) else 1.0
    return np.broadcast_to(values, (channels, height, width)).astype(np.float16)
