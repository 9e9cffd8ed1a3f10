"""Agreement of annotators: on which labels are present in an image, and on where the boxes are."""

from collections import Counter
from collections.abc import Iterator

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from ig_widgets.compute.crowd.boxes import box_groups, iou
from ig_widgets.data.annotations import BOX, without_denials


def presence(annotations: pd.DataFrame) -> pd.DataFrame:
    """Return which annotators found each class in each image, and which looked and did not.

    Parameters
    ----------
    annotations
        Statements in force with the columns ``image, annotator, label, present, x, y, width, height``.

    Returns
    -------
    DataFrame
        One row for each image and each class found in any image, index ``image, label``; one column
        for each annotator, nullable boolean: missing where the annotator did not label the image, or
        only skipped it.
    """
    answers = _answers(annotations)
    classes = sorted(answers.loc[answers["found"], "label"].dropna().unique())
    looked = pd.crosstab(answers["image"], answers["annotator"]) > 0
    found = answers[answers["found"]]
    found = pd.crosstab([found["image"], found["label"]], found["annotator"]) > 0
    rows = pd.MultiIndex.from_product([looked.index, classes], names=["image", "label"])
    table = found.reindex(index=rows, columns=looked.columns, fill_value=False).astype("boolean")
    seen = looked.reindex(rows.get_level_values("image")).to_numpy()
    return table.where(seen)


def krippendorff_alpha(values: ArrayLike | pd.DataFrame) -> float:
    """Measure how much observers agree beyond chance on values that are equal or not.

    Parameters
    ----------
    values
        Array of shape (n_units, n_observers); NaN (or a missing value) where an observer answers nothing.

    Returns
    -------
    float
        1 when all agree, 0 when they agree as much as by chance, negative when less. NaN when no unit was
        judged by two observers, or all of them answers the same everywhere.

    Notes
    -----
    Krippendorff, "Computing Krippendorff's Alpha-Reliability", 2011, section C: nominal data, any number of
    observers, missing data.

    Examples
    --------
    >>> nan = float("nan")
    >>> round(krippendorff_alpha([[1, 1], [0, 0], [1, 0], [1, nan]]), 3)
    0.444
    """
    given = values if isinstance(values, pd.DataFrame) else pd.DataFrame(np.asarray(values))
    table = given.astype("Float64").to_numpy(dtype=np.float64, na_value=np.nan)
    units = table[(~np.isnan(table)).sum(axis=1) >= 2]
    kinds = np.unique(units[~np.isnan(units)])
    if len(kinds) < 2:
        return float("nan")
    counts = np.stack([(units == kind).sum(axis=1) for kind in kinds], axis=1)  # (units, kinds)
    judged = counts.sum(axis=1, keepdims=True)
    # pairs of unlike values within units, each unit weighing as much as it has values
    unlike = (counts * (judged - counts) / (judged - 1)).sum()
    totals = counts.sum(axis=0)
    expected = (totals * (totals.sum() - totals)).sum() / (totals.sum() - 1)
    return float(1 - unlike / expected)


def annotator_agreement(annotations: pd.DataFrame, *, min_iou: float = 0.0) -> pd.DataFrame:
    """Compare each person's boxes with those of the others who looked at the same images.

    Parameters
    ----------
    annotations
        Statements in force, as in `presence`.
    min_iou
        Boxes that overlap by less are about different things: see `box_groups`.

    Returns
    -------
    DataFrame
        One row for each annotator (the index): ``images`` looked at; ``boxes`` drawn; ``shared``, how many of
        these boxes are on images that others looked at, too; ``alone``, how many of the shared ones nobody
        else drew; ``missed``, how many things that two others or more drew this person did not; ``iou``, the
        mean overlap in [0, 1] of a shared box with the boxes of the others around the same thing (0 for those
        that are alone; NaN without shared boxes).
    """
    answers = _answers(annotations)
    images = answers.groupby("annotator")["image"].nunique()
    counts: dict[str, Counter[str]] = {str(name): Counter() for name in images.index}
    overlaps: dict[str, list[float]] = {name: [] for name in counts}
    for looked, group in _things(answers, min_iou):
        names = group["annotator"].to_numpy(dtype=str)
        for name in names:
            counts[name]["boxes"] += 1
        if len(looked) < 2:
            continue
        overlap = iou(group[list(BOX)], group[list(BOX)])
        for box, name in enumerate(names):
            others = overlap[box, names != name]
            counts[name]["alone"] += len(others) == 0
            overlaps[name].append(float(others.mean()) if len(others) else 0.0)
        if len(set(names)) >= 2:
            for name in looked.difference(names):
                counts[name]["missed"] += 1
    rows = [
        {
            "images": int(images[name]),
            "boxes": counted["boxes"],
            "shared": len(overlaps[name]),
            "alone": counted["alone"],
            "missed": counted["missed"],
            "iou": float(np.mean(overlaps[name])) if overlaps[name] else np.nan,
        }
        for name, counted in counts.items()
    ]
    types = {**dict.fromkeys(["images", "boxes", "shared", "alone", "missed"], "int64"), "iou": "float64"}
    return pd.DataFrame(rows, index=images.index, columns=list(types)).astype(types)


def image_agreement(annotations: pd.DataFrame, *, min_iou: float = 0.0) -> pd.DataFrame:
    """Measure the agreement of the annotators of each image.

    Parameters
    ----------
    annotations, min_iou
        As in `annotator_agreement`.

    Returns
    -------
    DataFrame
        One row for each image (the index): ``annotators`` who looked; ``things``, around which anybody drew a
        box; ``agreed``, around which everybody did; ``iou``, the mean over the things of the mean overlap of
        each two people's boxes, in [0, 1], where not to draw one counts as 0 (NaN without things or with one
        person).
    """
    answers = _answers(annotations)
    people = answers.groupby("image")["annotator"].nunique()
    agreed: dict[str, list[bool]] = {str(image): [] for image in people.index}
    overlaps: dict[str, list[float]] = {image: [] for image in agreed}
    for looked, group in _things(answers, min_iou):
        image = str(group["image"].iloc[0])
        agreed[image].append(set(group["annotator"]) == looked)
        if len(looked) > 1:
            overlaps[image].append(_mean_of_pairs(group, looked))
    rows = [
        {
            "annotators": int(people[image]),
            "things": len(some),
            "agreed": sum(some),
            "iou": float(np.mean(overlaps[image])) if overlaps[image] else np.nan,
        }
        for image, some in agreed.items()
    ]
    types = {**dict.fromkeys(["annotators", "things", "agreed"], "int64"), "iou": "float64"}
    return pd.DataFrame(rows, index=people.index, columns=list(types)).astype(types)


def _answers(annotations: pd.DataFrame) -> pd.DataFrame:
    """Return the answers about images that were looked at, without skips."""
    annotations = annotations.reset_index(drop=True)
    boxed = annotations[list(BOX)].notna().all(axis=1)
    present = annotations["present"].astype("boolean")
    kept = without_denials(annotations[boxed | present.notna()])
    found = present.fillna(value=True)[kept.index].astype(bool)
    return kept.assign(
        found=found,
        boxed=boxed[kept.index] & found,
        annotator=kept["annotator"].astype("str").fillna(""),  # the nameless count as one person
    )


def _things(answers: pd.DataFrame, min_iou: float) -> Iterator[tuple[set[str], pd.DataFrame]]:
    """Yield, for each object, the annotators who looked at its image and the boxes around it."""
    looked = answers.groupby("image")["annotator"].agg(set).to_dict()
    drawn = answers[answers["boxed"]]
    for (image, _), boxes in drawn.groupby(["image", "label"], dropna=False):
        for _, group in boxes.groupby(box_groups(boxes[list(BOX)], min_iou)):
            yield looked[image], group


def _mean_of_pairs(group: pd.DataFrame, looked: set[str]) -> float:
    people = sorted(looked)
    boxes: dict[str, NDArray[np.float64]] = {
        str(name): some[list(BOX)].to_numpy(dtype=np.float64) for name, some in group.groupby("annotator")
    }
    pairs = [(a, b) for i, a in enumerate(people) for b in people[i + 1 :]]
    overlaps = [float(iou(boxes[a], boxes[b]).max()) if a in boxes and b in boxes else 0.0 for a, b in pairs]
    return float(np.mean(overlaps))
