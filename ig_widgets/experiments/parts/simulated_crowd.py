"""What simulated people draw on synthetic strips, and what averaging and peer review make of it.

Of the crowd of Inspector Gadget (Heo et al. 2020, sections 3 and 6.3) only the boxes that were left in the
end are known. How often a simulated worker misses a defect is fitted to them, and nothing else is.
"""

from typing import Any, Final, TypeAlias

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from ig_widgets.compute.crowd.boxes import iou, merge_boxes
from ig_widgets.data.annotations import BOX, drawn_boxes
from ig_widgets.data.examples.simulated import SimulatedAnnotator
from ig_widgets.data.examples.synthetic import Kind
from ig_widgets.data.images import ImageSet

_Bools: TypeAlias = NDArray[np.bool_]

WORKERS = ("worker 1", "worker 2", "worker 3")  # two can agree against one; how many there were is not known
EVERYBODY = "all"  # who drew an averaged box
JITTER_PIXELS, FALSE_RATE = 3.0, 0.05  # of a SimulatedAnnotator by default
REVIEWERS = 3
REVIEW_ERROR = 0.1  # how often a reviewer is wrong about a box, whatever it shows

MISS_RATES: Final[dict[Kind, float]] = {"scratch": 0.36, "bubble": 0.20, "stamping": 0.82}
# The boxes that were published: the strips that have some, averages, and outliers that peer review kept. The
# latter are 26 %, 22 % and 78 % of the boxes; with these miss rates, 26 %, 21 % and 79 % on all strips of
# Table 1: what one of three noticed, and boxes of small defects that jitter has moved away from the others'.
PUBLISHED_BOXES: Final[dict[Kind, tuple[int, int, int]]] = {
    "scratch": (43, 57, 20),
    "bubble": (10, 14, 4),
    "stamping": (15, 13, 46),
}


def draw_and_review(kind: Kind, images: ImageSet, truth: pd.DataFrame) -> pd.DataFrame:
    """Let three people draw boxes, average those that overlap, and let three others review the outliers.

    Reviewers look at one box, each by themselves, and the majority decides. A box shows a defect if it
    overlaps the true box of one.

    Parameters
    ----------
    kind
        What the strips show; it decides how often a defect is missed.
    images, truth
        Of `strips`.

    Returns
    -------
    DataFrame
        One row per box: ``image, label, x, y, width, height, annotator`` ("all" for an average), ``outlier``
        (nobody else drew one there), ``defect`` (shows one) and ``kept`` (an outlier that passed the review).
    """
    people = [
        SimulatedAnnotator(
            truth,
            name=name,
            jitter_pixels=JITTER_PIXELS,
            miss_rate=MISS_RATES[kind],
            false_rate=FALSE_RATE,
        )
        for name in WORKERS
    ]
    said = pd.concat([person.annotate(images) for person in people], ignore_index=True)
    drawn, merged = drawn_boxes(said), merge_boxes(said)
    alone = [member for (member,) in merged.loc[merged["outlier"], "statements"]]
    boxes = pd.concat(
        [
            drawn.assign(outlier=drawn.index.isin(alone)),
            merged[~merged["outlier"]].assign(annotator=EVERYBODY),
        ],
        ignore_index=True,
    )[["image", "label", *BOX, "annotator", "outlier"]]
    defect = _shows_defect(boxes, drawn_boxes(truth))
    return boxes.assign(defect=defect, kept=boxes["outlier"] & _accepted(defect))


def pattern_sets(boxes: pd.DataFrame) -> dict[str, list[_Bools]]:
    """Return which boxes become patterns in each variant of the workflow.

    Parameters
    ----------
    boxes
        Of `draw_and_review`, n of them.

    Returns
    -------
    dict of str to list of bool arrays of shape (n,)
        "no_average": the boxes of one worker, a set for each of them. "no_peer_review": the averages. "full":
        the averages and the outliers that were kept.
    """
    averaged = (boxes["annotator"] == EVERYBODY).to_numpy()
    return {
        "no_average": [(boxes["annotator"] == name).to_numpy() for name in WORKERS],
        "no_peer_review": [averaged],
        "full": [averaged | boxes["kept"].to_numpy()],
    }


def facts(kind: Kind, boxes: pd.DataFrame) -> dict[str, Any]:
    """Count what `draw_and_review` has returned, beside what is published."""
    drawn, outliers = boxes[boxes["annotator"] != EVERYBODY], boxes[boxes["outlier"]]
    n_averages, n_kept = len(boxes) - len(drawn), int(outliers["kept"].sum())
    published = dict(zip(("strips", "averages", "outliers_kept"), PUBLISHED_BOXES[kind], strict=True))
    return {
        "miss_rate": MISS_RATES[kind],
        "boxes_drawn": len(drawn),
        "boxes_drawn_on_no_defect": int((~drawn["defect"]).sum()),
        "averages": n_averages,
        "outliers": len(outliers),
        "outliers_on_a_defect": int(outliers["defect"].sum()),
        "outliers_kept": n_kept,
        "outliers_kept_on_a_defect": int((outliers["kept"] & outliers["defect"]).sum()),
        "share_of_outliers_in_final": n_kept / (n_averages + n_kept),
        "published": published,
    }


def _shows_defect(boxes: pd.DataFrame, defects: pd.DataFrame) -> _Bools:
    of_image = {image: rows[list(BOX)].to_numpy() for image, rows in defects.groupby("image")}
    overlaps = [
        image in of_image and bool(iou([sides], of_image[image]).any())
        for image, *sides in boxes[["image", *BOX]].itertuples(index=False)
    ]
    return np.array(overlaps, dtype=bool)


def _accepted(defect: _Bools) -> _Bools:
    wrong = np.random.default_rng(0).random((len(defect), REVIEWERS)) < REVIEW_ERROR
    votes = defect[:, None] ^ wrong  # (n, reviewers)
    return np.asarray(2 * votes.sum(axis=1) > REVIEWERS)
