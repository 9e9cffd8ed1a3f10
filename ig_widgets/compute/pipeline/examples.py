"""What a pipeline learns from: enough examples, of classes with names."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    import pandas as pd
    from numpy.typing import NDArray


def check_two_classes(classes: Sequence[str], y: NDArray[np.intp], *, remedy: str) -> None:
    """Raise a ValueError, which ends with the remedy, if the labeled images are of less than two classes."""
    counts = np.bincount(y[y >= 0], minlength=len(classes))
    if (counts > 0).sum() < 2:
        only = classes[int(counts.argmax())] if counts.any() else "none"
        raise ValueError(
            f"all {counts.sum()} annotated images are of one class ({only}), so there is nothing to tell "
            f"apart: {remedy}"
        )


def describe_rare_classes(classes: Sequence[str], y: NDArray[np.intp]) -> Iterator[str]:
    """Yield a sentence for each class with fewer than two examples."""
    counts = np.bincount(y[y >= 0], minlength=len(classes))
    for label, count in zip(classes, counts, strict=True):
        if count < 2:
            yield (
                f"there {'is one example' if count else 'is no example'} of {label!r}: annotate more, or its "
                "labels are worth little"
            )


def settled_rows(images: Sequence[str], y: NDArray[np.intp], boxes: pd.DataFrame) -> NDArray[np.bool_]:
    """Tell of which labeled images it is known where the defects are, and where not.

    These are the images with boxes, and those of the classes of which no image has a box.

    Parameters
    ----------
    images
        (n,) ids.
    y
        (n,) classes, -1 where an image has no label.
    boxes
        ``image`` of each box.
    """
    boxed = np.isin(np.array(images), boxes["image"].to_numpy(dtype=str))
    return (y >= 0) & (boxed | ~np.isin(y, y[boxed]))
