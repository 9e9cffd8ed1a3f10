"""Beside matching: a detector learns what is in the boxes (not in the paper)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from ig_widgets.compute.detection.detector import PatternDetector
from ig_widgets.compute.pipeline.progress import show_progress
from ig_widgets.compute.pipeline.seeds import clone_seeded

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray

    from ig_widgets.data.images import ImageSet


def lacks_for_detector(
    images: ImageSet, boxes: pd.DataFrame, rows: NDArray[np.intp], judged: NDArray[np.intp]
) -> str | None:
    """Return what a detector lacks, None where there is enough to learn from.

    Parameters
    ----------
    images, boxes, rows
        What it is to learn from: see `detect_patterns`.
    judged
        Classes of the images that a labeler beside it could learn from.
    """
    if boxes.loc[boxes["image"].isin(images[rows].ids), "image"].nunique() < 2:
        return "boxes on 2 images at least"
    if len(np.unique(judged)) < 2:
        return "2 annotated images of each class"
    return None


def detect_patterns(
    images: ImageSet,
    boxes: pd.DataFrame,
    rows: NDArray[np.intp],
    *,
    detector: PatternDetector | None = None,
    n_jobs: int | None = None,
    progress: bool = False,
    random_state: int = 0,
) -> tuple[PatternDetector, NDArray[np.float64]]:
    """Train a detector on some images, and look at all of them with it.

    Parameters
    ----------
    images
        n images.
    boxes
        All boxes on the images of `rows`; others are ignored.
    rows
        The images to learn from: those of which it is known where the defects are, and where not.
    detector
        Its settings; default: ``PatternDetector(n_jobs=n_jobs)``.
    n_jobs
        Of the default detector.
    progress
        Show a bar while it learns.
    random_state
        Seed, unless the detector has one of its own.

    Returns
    -------
    detector : PatternDetector
        Fitted.
    X : float array of shape (n, 2 * number of classes with boxes)
        As from `PatternDetector.transform`, but out-of-fold in `rows`.
    """
    given = PatternDetector(n_jobs=n_jobs) if detector is None else detector
    fitted = clone_seeded(given, random_state)
    some = images[rows]
    known = boxes[boxes["image"].isin(some.ids)]
    for _ in show_progress(fitted.training(some, known), "detector", fitted.epochs, shown=progress):
        pass
    X = fitted.transform(images)
    X[rows] = fitted.out_of_fold(some)
    return fitted, X
