"""The report on a label review: changes, annotators and an estimate of the errors left."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from ig_widgets.data.images import ImageSet
from ig_widgets.data.log.log import AnnotationLog
from ig_widgets.data.reviews.errors_left import choose_window, errors_left
from ig_widgets.data.reviews.label_table import CONFIRMED, RELABELED, LabelTable
from ig_widgets.data.reviews.review_record import Kind, ReviewRecord
from ig_widgets.reports.label_review_figures import (
    NO_LABEL,
    NOT_KNOWN,
    plot_change_counts,
    plot_changed_images,
    plot_errors_found,
)
from ig_widgets.reports.report import Report


def review_report(
    images: ImageSet, labels: ArrayLike, log: AnnotationLog, *, classes: Sequence[Any] | None = None
) -> Report:
    """Report the changes that annotators made in a label review.

    The report is based only on the log: on the statements of all annotators in `SimilarityReview` about these
    images that are in force.

    Parameters
    ----------
    images
        n images.
    labels
        The labels that were reviewed, not the corrected ones; missing for unlabeled images.
    log
        The annotation log of the review.
    classes
        The classes in the order of the figures. Default: the categories of `labels`, or its distinct values,
        sorted. Other labels that annotators gave are appended.

    Returns
    -------
    Report
        The facts: the numbers of labels that were looked at, marked as wrong, replaced and confirmed; the
        number of images with contradictory decisions; and an estimate of the number of wrong labels left, see
        `errors_left`. For it, an image counts as looked at when the first annotator sees it, and as wrong
        if any annotator marks it.

        The tables, omitted if empty: ``"Annotators"``, with an estimate for each annotator of the wrong
        labels among those that this annotator has not looked at; ``"Kinds of change"``, by number of images;
        and ``"Changes"``, one row per image and annotator with the columns ``image, given, now, annotator,
        at, note``, contradicted changes first. Labels are text, as in the log: 3 and 3.0 are "3". ``given``
        is missing for unlabeled images, and ``now`` if the given label is marked as wrong without a
        replacement. Times are UTC.

        The figures: the changed images, grouped by kind of change; the number of changes from each label to
        each other; and the number of wrong labels found against the number looked at.

    Raises
    ------
    ValueError
        If labels or classes do not match the images, or there are none: see `SimilarityReview`.
    LogError
        If the log cannot be read.
    """
    record = ReviewRecord(images, labels, log, classes)
    if not record.tables:
        facts = {**_count_images(record), "looked at": "none yet: these labels have not been reviewed"}
        return Report("Label review", facts | _count_ignored(record), {})
    kinds = record.kinds()
    tables = {"Annotators": _tabulate_annotators(record)}
    figures = {}
    if kinds:
        tables |= {"Kinds of change": _tabulate_kinds(kinds), "Changes": _tabulate_changes(record)}
        figures["Changed images"] = plot_changed_images(images, kinds)
        figures["Number of changes by label"] = plot_change_counts(kinds, record.texts)
    wrong = {name: table.wrong()[_find_reviewed_rows(record, table)] for name, table in record.tables.items()}
    figures["Wrong labels found"] = plot_errors_found(wrong)
    return Report("Label review", _summarize(record) | _count_ignored(record), figures, tables)


def _count_images(record: ReviewRecord) -> dict[str, object]:
    return {"images": len(record.labeled), "with a label": int(record.labeled.sum())}


def _summarize(record: ReviewRecord) -> dict[str, object]:
    states = np.array([table.states for table in record.tables.values()])  # (annotators, n)
    replaced = (states == RELABELED).any(axis=0)
    disputed = record.decisions["row"][record.decisions["against"].str.len() > 0].nunique()
    reviewed = [row for row in record.looked if record.labeled[row]]
    seen = np.sum([table.seen for table in record.tables.values()], axis=0)
    times = record.statements["at"]
    window = choose_window(len(reviewed))
    last = f"the last {window}" if len(reviewed) > window else "those"
    return {
        **_count_images(record),
        "annotators": len(record.tables),
        "looked at": len(record.looked),
        "looked at by two or more": int((seen > 1).sum()),
        "labels marked as wrong": int(record.wrong.sum()),
        "labels replaced": int((replaced & record.labeled).sum()),
        "unlabeled images given a label": int((replaced & ~record.labeled).sum()),
        "labels confirmed": int((states == CONFIRMED).any(axis=0).sum()),
        "images with contradictory decisions": disputed,
        f"wrong labels left, if the others are like {last} looked at": _format_errors_left(
            record.wrong[reviewed], int(record.labeled.sum()) - len(reviewed)
        ),
        "time from the first to the last statement": _format_duration(times.max() - times.min()),
    }


def _count_ignored(record: ReviewRecord) -> dict[str, object]:
    """Count the decisions in the log that the report ignores, if there are any."""
    counts = {
        "ignored: decisions about other images": record.elsewhere,
        "ignored: decisions about other labels of these images": record.outdated,
    }
    return {name: count for name, count in counts.items() if count}


def _tabulate_annotators(record: ReviewRecord) -> pd.DataFrame:
    rows = []
    for annotator, table in record.tables.items():
        own = record.decisions[record.decisions["annotator"] == annotator]
        reviewed = _find_reviewed_rows(record, table)
        times = record.statements["at"][record.statements["annotator"] == annotator]
        rows.append(
            {
                "annotator": annotator,
                "looked at": len(table.looked),
                "wrong": int(table.wrong().sum()),
                "replaced": int(((table.states == RELABELED) & record.labeled).sum()),
                "right": int((table.states == CONFIRMED).sum()),
                "contradicted": int((own["against"].str.len() > 0).sum()),
                "wrong labels left": _format_errors_left(
                    table.wrong()[reviewed], int(record.labeled.sum()) - len(reviewed)
                ),
                "from": times.min(),
                "to": times.max(),
            }
        )
    return pd.DataFrame(rows)


def _tabulate_kinds(kinds: Sequence[Kind]) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "number": range(1, len(kinds) + 1),
            "given": [NO_LABEL if kind.given is None else kind.given for kind in kinds],
            "now": [NOT_KNOWN if kind.now is None else kind.now for kind in kinds],
            "images": [len(kind.changes) for kind in kinds],
            "contradicted": [sum(bool(change.against) for change in kind.changes) for kind in kinds],
        }
    )


def _tabulate_changes(record: ReviewRecord) -> pd.DataFrame:
    changes = record.changes()
    decisions = record.decisions.set_index(["row", "annotator"])["now"]
    notes = [
        "; ".join(
            [
                *(["the correct label is unknown"] if pd.isna(now) else []),
                *(f"{other} says {decisions[row, other]}" for other in against),
            ]
        )
        for row, now, against in zip(changes["row"], changes["now"], changes["against"], strict=True)
    ]
    return changes[["image", "given", "now", "annotator", "at"]].assign(note=notes).reset_index(drop=True)


def _find_reviewed_rows(record: ReviewRecord, table: LabelTable) -> list[int]:
    """Return the rows of the labels that an annotator reviewed, in the order of the review."""
    return [row for row in table.looked if record.labeled[row]]


def _format_errors_left(wrong: NDArray[np.bool_], left: int) -> str:
    """Format the estimated number of wrong labels among those that have not been reviewed."""
    if left == 0:
        return "none"
    if len(wrong) == 0:
        return "unknown (no label reviewed)"
    expected, low, high = (_format_number(number) for number in errors_left(wrong, left))
    return f"{expected} of {left} (95 %: {low} to {high})"


def _format_number(number: float) -> str:
    return f"{number:.0f}" if number >= 10 or number == 0 else f"{number:.1f}"


def _format_duration(time: pd.Timedelta) -> str:
    hours, seconds = divmod(round(time.total_seconds()), 3600)
    minutes, seconds = divmod(seconds, 60)
    return f"{hours} h {minutes} min" if hours else f"{minutes} min {seconds} s"
