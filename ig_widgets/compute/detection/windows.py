"""Random windows of training images, and the cells that their boxes cover."""

from collections.abc import Sequence
from typing import NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

from ig_widgets.compute.detection.network import STRIDE
from ig_widgets.compute.detection.training_images import TrainingImage

_Floats: TypeAlias = NDArray[np.float64]

_PER_GROUP = 4  # windows with each class, and as many without any, in a batch


class Windows(NamedTuple):
    """A batch of windows: parts of images, all of one size."""

    pixels: NDArray[np.float32]  # (n, channels, h, w)
    background: NDArray[np.bool_]  # (n, n_classes, h / 8, w / 8): cells where a class is not
    bags: list[tuple[int, int, slice, slice]]  # of each box: window, class, rows and columns of cells


def window_size(images: Sequence[TrainingImage], pixels: int) -> tuple[int, int]:
    """Return height and width of a window: a typical image, or of a larger one a part of so many pixels."""
    height, width = np.median([image.pixels.shape[1:] for image in images], axis=0)
    if height * width > pixels:
        side = pixels**0.5
        if min(height, width) > side:
            height = width = side
        elif height < width:
            width = pixels / height
        else:
            height = pixels / width
    return _whole_cells(height), _whole_cells(width)


class WindowDrawer:
    """Draws batches of windows from images, with equally many of each class.

    Parameters
    ----------
    images
        Where from.
    n_classes
        How many classes boxes have.
    size
        Height and width of a window in pixels, multiples of 8.
    random_state
        Seed.
    """

    def __init__(
        self, images: Sequence[TrainingImage], n_classes: int, size: tuple[int, int], random_state: int
    ) -> None:
        self.images = images
        self.n_classes = n_classes
        self.size = size
        self._rng = np.random.default_rng(random_state)
        with_class = [[k for k, image in enumerate(images) if c in image.codes] for c in range(n_classes)]
        without_any = [k for k, image in enumerate(images) if len(image.codes) == 0]
        groups = [*enumerate(with_class), (-1, without_any)]
        self._groups = [(code, np.array(found)) for code, found in groups if found]

    def draw(self) -> Windows:
        """Return the next batch."""
        chosen = [
            (code, int(position))
            for code, found in self._groups
            for position in self._rng.choice(found, _PER_GROUP, replace=len(found) < _PER_GROUP)
        ]
        height, width = self.size
        cells = (height // STRIDE, width // STRIDE)
        channels = len(self.images[0].pixels)
        pixels = np.zeros((len(chosen), channels, height, width), np.float32)
        background = np.zeros((len(chosen), self.n_classes, *cells), np.bool_)
        bags = []
        for row, (code, position) in enumerate(chosen):
            image = self.images[position]
            left, top = self._corner(image, code)
            part = image.pixels[:, top : top + height, left : left + width]
            filled = part.shape[1:]
            boxes = image.boxes - [left, top, left, top]
            if self._rng.random() < 0.5:
                part, boxes = part[:, :, ::-1], _mirror(boxes, filled[1], axis=0)
            if self._rng.random() < 0.5:
                part, boxes = part[:, ::-1], _mirror(boxes, filled[0], axis=1)
            gain, shift = self._rng.uniform(0.8, 1.25), self._rng.normal(0, 0.1)
            pixels[row, :, : filled[0], : filled[1]] = part * np.float32(gain) + np.float32(shift)
            # beyond the edge of a small image there is nothing to learn
            background[row, :, : -(-filled[0] // STRIDE), : -(-filled[1] // STRIDE)] = True
            for code_of_box, box in zip(image.codes, boxes, strict=True):
                # people draw boxes by hand: the cells around one are neither pattern nor background
                background[row, code_of_box, *_cells(box, margin=1)] = False
                inside = np.clip(box, 0, [width, height, width, height])
                sides = inside[2:] - inside[:2]
                most = np.minimum(box[2:] - box[:2], [width, height])  # that a window can show
                # of a box that is cut, what is left may show nothing
                if 2 * sides.prod() >= most.prod():
                    bags.append((row, int(code_of_box), *_cells(inside)))
        return Windows(pixels, background, bags)

    def _corner(self, image: TrainingImage, code: int) -> tuple[int, int]:
        """Return where a window begins: with a box of the class in it, or of a larger box the middle."""
        side = np.array(self.size[::-1])
        spare = np.maximum(image.pixels.shape[:0:-1] - side, 0)
        low, high = np.zeros(2), spare
        if code >= 0:
            box = image.boxes[self._rng.choice(np.flatnonzero(image.codes == code))]
            first, last, middle = box[:2], box[2:] - side, (box[:2] + box[2:]) / 2
            low = np.clip(np.maximum(np.minimum(first, last), middle - side + 1), 0, spare)
            high = np.clip(np.minimum(np.maximum(first, last), middle), 0, spare)
        high = np.floor(high)
        x, y = self._rng.integers(np.minimum(np.ceil(low), high), high, endpoint=True).tolist()
        return x, y


def _whole_cells(side: float) -> int:
    return max(1, -(-round(side) // STRIDE)) * STRIDE


def _cells(box: _Floats, margin: int = 0) -> tuple[slice, slice]:
    """Return rows and columns of the cells that a box touches, and of so many around it."""
    x0, y0 = (np.floor(box[:2] / STRIDE) - margin).clip(0).astype(int).tolist()
    x1, y1 = (np.ceil(box[2:] / STRIDE) + margin).clip(0).astype(int).tolist()
    return slice(y0, y1), slice(x0, x1)


def _mirror(boxes: _Floats, side: int, axis: int) -> _Floats:
    mirrored = boxes.copy()
    mirrored[:, [axis, axis + 2]] = side - boxes[:, [axis + 2, axis]]
    return mirrored
