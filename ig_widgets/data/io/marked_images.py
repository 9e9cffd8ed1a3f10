"""Marked images: copies of an image on which annotators painted outlines."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import cv2
import numpy as np

from ig_widgets.data.annotations import annotations_frame
from ig_widgets.data.decoding import decode

if TYPE_CHECKING:
    from collections.abc import Iterable

    import pandas as pd

_MIN_PAINT = (0, 200, 200)  # hue, saturation, value
_MAX_PAINT = (255, 255, 255)


def read_marked_images(
    original: str | Path,
    marked: Iterable[str | Path] | Mapping[str, str | Path],
    *,
    label: str,
    image: str | None = None,
    margin: int = 10,
    source: str = "marked image",
) -> pd.DataFrame:
    """Read one box from each painted copy of an image, as in the crowdsourcing workflow of Inspector Gadget.

    Parameters
    ----------
    original
        File of the image without marks.
    marked
        Files of its copies, one per annotator, each with one outline painted in any saturated color. The keys
        of a mapping are the annotators; otherwise the file names without suffix are.
    label
        Label of the marked objects.
    image
        Id of the image. Default: the file name of `original`.
    margin
        Distance in pixels by which the box exceeds the painted outline on each side; clipped at the border of
        the image.
    source
        The column of the same name.

    Returns
    -------
    DataFrame
        Annotations in pixels: one row per copy.

    Raises
    ------
    ImageError
        If a file cannot be read.
    ValueError
        If a copy differs in size from the original, or has no painted pixel.

    Notes
    -----
    A pixel is painted if its saturation and value in OpenCV's HSV are at least 200 of 255 in the copy, but
    not in the original. (The published code looks at the copy only, which is equivalent for gray originals.)
    As in the published code, the exclusive end of the box is the largest painted index plus `margin`, one
    pixel less than on the other side.
    """
    unmarked = decode(original)
    files = marked if isinstance(marked, Mapping) else {Path(path).stem: path for path in marked}
    height, width = unmarked.shape[:2]
    rows = []
    for annotator, path in files.items():
        copy = decode(path)
        if copy.shape[:2] != (height, width):
            raise ValueError(
                f"marked image '{path}' is {copy.shape[1]} x {copy.shape[0]} but the original is "
                f"{width} x {height}; paint the marks on a copy of the same size"
            )
        ys, xs = np.nonzero(_find_paint(copy) & ~_find_paint(unmarked))
        if len(xs) == 0:
            raise ValueError(
                f"marked image '{path}' has no painted pixel; paint an outline in a saturated color such as "
                "red"
            )
        x, y = max(0, int(xs.min()) - margin), max(0, int(ys.min()) - margin)
        x1, y1 = min(width, int(xs.max()) + margin), min(height, int(ys.max()) + margin)
        rows.append(
            {
                "image": Path(original).name if image is None else image,
                "annotator": annotator,
                "label": label,
                "present": True,
                "x": x,
                "y": y,
                "width": x1 - x,
                "height": y1 - y,
                "source": source,
            }
        )
    return annotations_frame(rows)


def _find_paint(pixels: np.ndarray[Any, Any]) -> np.ndarray[Any, np.dtype[np.bool_]]:
    if pixels.ndim == 2:
        return np.zeros(pixels.shape, dtype=bool)
    hsv = cv2.cvtColor(pixels, cv2.COLOR_RGB2HSV)
    return cv2.inRange(hsv, np.array(_MIN_PAINT), np.array(_MAX_PAINT)) > 0
