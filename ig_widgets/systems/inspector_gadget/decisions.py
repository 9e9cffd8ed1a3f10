"""What people decided in galleries and reviews, as learning uses it."""

from collections.abc import Iterator

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from ig_widgets.data.images import ImageSet
from ig_widgets.data.log.sources import PATTERN_GALLERY
from ig_widgets.data.reviews.pattern_table import PatternKey, pattern_keys, pattern_names


class PatternDecisions:
    """The last verdict of anybody on each pattern.

    Parameters
    ----------
    verdicts
        Those in force, as `AnnotationLog.verdicts` returns them, oldest first; only those of galleries count.
    """

    def __init__(self, verdicts: pd.DataFrame) -> None:
        verdicts = verdicts[verdicts["source"] == PATTERN_GALLERY]
        keys = pattern_keys(verdicts["image"], verdicts)
        kept = verdicts["present"].astype(bool)
        self._kept: dict[PatternKey, bool] = {}
        self._renamed: dict[PatternKey, str] = {}
        for key, present, label in zip(keys, kept, verdicts["label"], strict=True):
            self._kept[key] = present
            if not pd.isna(label):
                self._renamed[key] = str(label)

    def drops(self, patterns: ImageSet) -> NDArray[np.bool_]:
        """Tell which patterns were dropped."""
        return self._look_up(_keys(patterns))

    def drops_boxes(self, boxes: pd.DataFrame) -> NDArray[np.bool_]:
        """Tell which boxes are those of patterns that were dropped."""
        return self._look_up(_box_keys(boxes))

    def concern(self, patterns: ImageSet) -> bool:
        """Tell whether anybody has decided about any of these patterns."""
        return any(key in self._kept for key in _keys(patterns))

    def rename(self, boxes: pd.DataFrame) -> pd.DataFrame:
        """Return boxes with the classes that the patterns cut from them were given."""
        labels = [
            self._renamed.get(key, label) for label, key in zip(boxes["label"], _box_keys(boxes), strict=True)
        ]
        return boxes.assign(label=pd.Series(labels, boxes.index, dtype="str"))

    def _look_up(self, keys: Iterator[PatternKey]) -> NDArray[np.bool_]:
        return np.array([not self._kept.get(key, True) for key in keys], dtype=bool)


def _box_keys(boxes: pd.DataFrame) -> Iterator[PatternKey]:
    return pattern_keys((f"{image}#0" for image in boxes["image"]), boxes)


def _keys(patterns: ImageSet) -> Iterator[PatternKey]:
    provenance = patterns.provenance
    boxes = pd.DataFrame(index=range(len(patterns))) if provenance is None else provenance
    return pattern_keys(pattern_names(patterns), boxes)


def relabel_reviewed(
    y: NDArray[np.intp],
    images: ImageSet,
    classes: list[str],
    boxes: pd.DataFrame,
    judged: set[str],
    *,
    none: str | None,
) -> NDArray[np.intp]:
    """Return the classes of images after boxes in some of them were accepted, rejected or renamed.

    Parameters
    ----------
    y
        Positions in `classes` by what annotators said, -1 where nobody did.
    images, classes, none
        As for `labels_of`.
    boxes
        The accepted boxes: ``image, label``.
    judged
        The images in which a box was judged: the others keep their class.

    Returns
    -------
    int array
        In a judged image the class of its boxes, the one of most boxes where there are several; `none` where
        no box was accepted.
    """
    result = y.copy()
    labels = {str(image): some.value_counts().index for image, some in boxes.groupby("image")["label"]}
    for image in judged:
        row = images.position(image)
        if image not in labels:
            if none is not None:
                result[row] = classes.index(none)
        elif y[row] < 0 or classes[y[row]] not in labels[image]:
            result[row] = classes.index(str(labels[image][0]))
    return result
