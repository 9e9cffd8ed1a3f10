"""The report of a review of labels: what was changed, by whom, and what may be left."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from ig_widgets.data.images import ImageSet
from ig_widgets.data.log.log import AnnotationLog
from ig_widgets.data.reviews.errors_left import counted, errors_left
from ig_widgets.data.reviews.label_table import CONFIRMED, RELABELED, LabelTable
from ig_widgets.data.reviews.review_record import Kind, ReviewRecord
from ig_widgets.reports.label_review_figures import (
    NO_LABEL,
    NOT_KNOWN,
    counts_of_changes,
    errors_by_looks,
    pictures_of_changes,
)
from ig_widgets.reports.report import Report


def review_report(
    images: ImageSet, labels: ArrayLike, log: AnnotationLog, *, classes: Sequence[Any] | None = None
) -> Report:
    """Show what people changed in a review of labels, and who did.

    It stands on the log alone: what was said in `SimilarityReview` by anybody about these images, as far as
    it is in force.

    Parameters
    ----------
    images
        n images.
    labels
        The label that each image was given, missing where it has none: those that were reviewed, not the
        corrected ones.
    log
        Where the statements are.
    classes
        The values that an image can be given, in the order in which they are drawn; default: the categories,
        or the distinct labels, sorted. What people gave beside them is added.

    Returns
    -------
    Report
        The facts: how many labels were looked at, said to be wrong, replaced and confirmed; about how many
        images people contradict each other; and an estimate of the wrong labels left, for which see
        `errors_left`. There, an image is looked at when the first annotator looks at it, and wrong if
        anybody says so.

        The tables, as far as there is something to tell: ``"Annotators"``, with each person's own estimate of
        the wrong labels left among those that this person did not look at; ``"Kinds of change"``, by number
        of images; and ``"Changes"``, one row for each image and annotator with the columns ``image, given,
        now, annotator, at, note``, those that others contradict first. Labels are texts there, as in the log:
        3 and 3.0 are "3". ``given`` is missing where there was no label, ``now`` where the given label is
        said to be wrong and the right one is not known. Times are UTC.

        The pictures: images that were changed, each kind of change together; how many were changed from
        which label to which; and the wrong labels found against the number looked at.

    Raises
    ------
    ValueError
        If the labels or classes do not fit the images, or there are none: see `SimilarityReview`.
    LogError
        If the log cannot be read.
    """
    record = ReviewRecord(images, labels, log, classes)
    if not record.tables:
        facts = {**_of_images(record), "looked at": "nothing yet: nobody has reviewed these labels"}
        return Report("Review of labels", facts | _apart(record), {})
    kinds = record.kinds()
    tables = {"Annotators": _annotators(record)}
    figures = {}
    if kinds:
        tables |= {"Kinds of change": _kinds(kinds), "Changes": _changes(record)}
        figures["What was changed"] = pictures_of_changes(images, kinds)
        figures["How many were changed from which label to which"] = counts_of_changes(kinds, record.texts)
    found = {name: table.wrong()[_looked(record, table)] for name, table in record.tables.items()}
    figures["Wrong labels found"] = errors_by_looks(found)
    return Report("Review of labels", _facts(record) | _apart(record), figures, tables)


def _of_images(record: ReviewRecord) -> dict[str, object]:
    return {"images": len(record.labeled), "with a label": int(record.labeled.sum())}


def _facts(record: ReviewRecord) -> dict[str, object]:
    states = np.array([table.states for table in record.tables.values()])  # (annotators, n)
    replaced = (states == RELABELED).any(axis=0)
    disputed = record.decisions["row"][record.decisions["against"].str.len() > 0].nunique()
    looked = [row for row in record.looked if record.labeled[row]]
    seen = np.sum([table.seen for table in record.tables.values()], axis=0)
    times = record.statements["at"]
    count = counted(len(looked))
    last = f"the last {count}" if len(looked) > count else "those"
    return {
        **_of_images(record),
        "annotators": len(record.tables),
        "looked at": len(record.looked),
        "looked at by two or more": int((seen > 1).sum()),
        "labels said to be wrong": int(record.wrong.sum()),
        "labels replaced by another one": int((replaced & record.labeled).sum()),
        "images without a label that were given one": int((replaced & ~record.labeled).sum()),
        "labels said to be right": int((states == CONFIRMED).any(axis=0).sum()),
        "images about which annotators contradict each other": disputed,
        f"wrong labels left, if the others are like {last} looked at": _left(
            record.wrong[looked], int(record.labeled.sum()) - len(looked)
        ),
        "from the first to the last statement": _duration(times.max() - times.min()),
    }


def _apart(record: ReviewRecord) -> dict[str, object]:
    """Return facts about what was said and is not in the report, where there is any."""
    said = {
        "decisions in this log about other images": record.elsewhere,
        "decisions about other labels of these images": record.outdated,
    }
    return {name: count for name, count in said.items() if count}


def _annotators(record: ReviewRecord) -> pd.DataFrame:
    rows = []
    for annotator, table in record.tables.items():
        mine = record.decisions[record.decisions["annotator"] == annotator]
        looked = _looked(record, table)
        times = record.statements["at"][record.statements["annotator"] == annotator]
        rows.append(
            {
                "annotator": annotator,
                "looked at": len(table.looked),
                "wrong": int(table.wrong().sum()),
                "replaced": int(((table.states == RELABELED) & record.labeled).sum()),
                "right": int((table.states == CONFIRMED).sum()),
                "contradicted": int((mine["against"].str.len() > 0).sum()),
                "wrong labels left": _left(table.wrong()[looked], int(record.labeled.sum()) - len(looked)),
                "from": times.min(),
                "to": times.max(),
            }
        )
    return pd.DataFrame(rows)


def _kinds(kinds: Sequence[Kind]) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "number": range(1, len(kinds) + 1),
            "given": [NO_LABEL if kind.given is None else kind.given for kind in kinds],
            "now": [NOT_KNOWN if kind.now is None else kind.now for kind in kinds],
            "images": [len(kind.changes) for kind in kinds],
            "contradicted": [sum(bool(change.against) for change in kind.changes) for kind in kinds],
        }
    )


def _changes(record: ReviewRecord) -> pd.DataFrame:
    changes = record.changes()
    says = record.decisions.set_index(["row", "annotator"])["now"]
    notes = [
        "; ".join(
            [
                *(["the right label is not known"] if pd.isna(now) else []),
                *(f"{other} says {says[row, other]}" for other in against),
            ]
        )
        for row, now, against in zip(changes["row"], changes["now"], changes["against"], strict=True)
    ]
    return changes[["image", "given", "now", "annotator", "at"]].assign(note=notes).reset_index(drop=True)


def _looked(record: ReviewRecord, table: LabelTable) -> list[int]:
    """Return the labels that an annotator looked at, in the order of looking."""
    return [row for row in table.looked if record.labeled[row]]


def _left(wrong: NDArray[np.bool_], left: int) -> str:
    """Say how many wrong labels there may be among those that were not looked at."""
    if left == 0:
        return "none"
    if len(wrong) == 0:
        return "too little to tell"
    expected, low, high = (_rounded(number) for number in errors_left(wrong, left))
    return f"{expected} of {left} (95 %: {low} to {high})"


def _rounded(number: float) -> str:
    return f"{number:.0f}" if number >= 10 or number == 0 else f"{number:.1f}"


def _duration(time: pd.Timedelta) -> str:
    hours, seconds = divmod(round(time.total_seconds()), 3600)
    minutes, seconds = divmod(seconds, 60)
    return f"{hours} h {minutes} min" if hours else f"{minutes} min {seconds} s"
