"""Marked images: copies of an image on which each annotator painted an outline."""

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

_LEAST_PAINT = (0, 200, 200)
_MOST_PAINT = (255, 255, 255)


def read_marked_images(
    original: str | Path,
    marked: Iterable[str | Path] | Mapping[str, str | Path],
    *,
    label: str,
    image: str | None = None,
    margin: int = 10,
    source: str = "marked image",
) -> pd.DataFrame:
    """Read one box from each painted copy of an image, as Inspector Gadget's crowdsourcing workflow does.

    Parameters
    ----------
    original
        File of the image without marks.
    marked
        Files of its copies, one per annotator, on which one outline is painted in any strong color. A
        mapping has the annotators as keys; otherwise the file names without suffix are their names.
    label
        Label of what was marked.
    image
        Id of the image. Default: the file name of `original`.
    margin
        What the box is larger than the painted outline on each side, in pixels; cut off at the edge of the
        image.
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
        If a copy has another size than the original, or no painted pixel.

    Notes
    -----
    Paint is what has a saturation and a value of at least 200 of 255 in OpenCV's HSV, and was not so in the
    original (the published code looks at the copy only, which is the same for gray originals). As there, the
    exclusive end of the box is the largest painted index plus `margin`, one pixel less than on the other
    side.
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
                f"{width} x {height}; marks must be painted on a copy of the same size"
            )
        ys, xs = np.nonzero(_paint(copy) & ~_paint(unmarked))
        if len(xs) == 0:
            raise ValueError(
                f"marked image '{path}' has no painted pixel; paint an outline in a strong color such as red"
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


def _paint(pixels: np.ndarray[Any, Any]) -> np.ndarray[Any, np.dtype[np.bool_]]:
    if pixels.ndim == 2:
        return np.zeros(pixels.shape, dtype=bool)
    hsv = cv2.cvtColor(pixels, cv2.COLOR_RGB2HSV)
    return cv2.inRange(hsv, np.array(_LEAST_PAINT), np.array(_MOST_PAINT)) > 0
