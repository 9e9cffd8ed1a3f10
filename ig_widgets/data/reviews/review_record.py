"""What everybody said in a review of labels."""

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from itertools import permutations
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from ig_widgets.data.images import ImageSet
from ig_widgets.data.log.log import AnnotationLog
from ig_widgets.data.log.sources import SIMILARITY_REVIEW, SIMILARITY_REVIEW_LOOKS
from ig_widgets.data.reviews.label_table import CONFIRMED, MARKED, NO_CLASS, UNSAID, LabelTable

_DTYPES = {
    "row": "intp",
    "image": "str",
    "given": "str",
    "now": "str",
    "annotator": "str",
    "confirmed": "bool",
}


class Change(NamedTuple):
    """An image of which somebody says that its label is another one."""

    row: int
    """Its position among the images."""

    by: list[str]
    """Who says so."""

    against: list[str]
    """Who contradicts."""


class Kind(NamedTuple):
    """All images of which somebody says the same."""

    given: str | None
    """The label that they were given, or None."""

    now: str | None
    """The right one, or None where only the given one is said to be wrong."""

    changes: list[Change]
    """The images, those about which people disagree first."""


class ReviewRecord:
    """What everybody said in a review of labels, read from the log at one moment.

    Parameters
    ----------
    images, labels, log, classes
        As in `review_report`.

    Attributes
    ----------
    tables : dict of str to LabelTable
        What each annotator who looked at any of these labels said, in the order of their first statements.
    decisions : DataFrame
        What each annotator decided about each image, in the order of saying: ``row`` (position of the image),
        ``image, given, now`` (labels; missing where there is none, or where it is not known), ``annotator``,
        ``confirmed`` (whether the given label is said to be right), ``at``, ``against`` (list of those who
        contradict). The index holds the keys of the statements.
    statements : DataFrame
        The statements in force that are about these labels, looks among them, in the order of saying.
    labeled, wrong : bool arrays of shape (n,)
        Which images have a label, and of which of these anybody says that it is wrong.
    looked : list of int
        The images that anybody looked at, in the order of looking.
    texts : list of str
        What labels are called: the classes, then what people gave beside them.
    elsewhere, outdated : int
        How many decisions are about other images, and about other labels of these images.
    """

    def __init__(
        self, images: ImageSet, labels: ArrayLike, log: AnnotationLog, classes: Sequence[Any] | None
    ) -> None:
        said = log.annotations
        said = said[said["source"].isin([SIMILARITY_REVIEW, SIMILARITY_REVIEW_LOOKS])]
        ours = said["image"].isin(list(images.ids))
        self.elsewhere = int((said["source"][~ours] == SIMILARITY_REVIEW).sum())
        said = said[ours]
        decided = said[said["source"] == SIMILARITY_REVIEW]
        new_table = _new_table(images.ids, labels, classes, decided)
        tables = {annotator: new_table() for annotator in said["annotator"].unique()}
        for annotator, table in tables.items():
            table.recall(decided[decided["annotator"] == annotator], range(len(images)))
        self.decisions = _decisions(tables, images.ids, said)
        self.outdated = len(decided[["image", "annotator"]].drop_duplicates()) - len(self.decisions)

        anybody = new_table()
        given = _given(anybody, said)
        same = (said["label"] == given) | (said["label"].isna() & given.isna())
        # who decided about a label has looked at it, also where the decision was made in Python
        counts = ((said["source"] == SIMILARITY_REVIEW_LOOKS) & same) | said.index.isin(self.decisions.index)
        self.statements = said[counts]
        looks = said[counts].assign(label=given)
        self.looked = anybody.recall_looks(looks)
        for annotator, table in tables.items():
            table.recall_looks(looks[looks["annotator"] == annotator])
        self.tables = {annotator: table for annotator, table in tables.items() if table.looked}

        self.texts = anybody.texts
        self.labeled = anybody.given != NO_CLASS
        self.wrong = np.any([anybody.wrong(), *(table.wrong() for table in tables.values())], axis=0)

    def kinds(self) -> list[Kind]:
        """Return what was changed by what it was changed from and to, the most common first."""
        found: dict[tuple[str | None, str | None], dict[int, Change]] = {}
        changes = self.changes()
        columns = (changes[name] for name in ("row", "given", "now", "annotator", "against"))
        for row, given, now, annotator, against in zip(*columns, strict=True):
            of_kind = found.setdefault((_text(given), _text(now)), {})
            change = of_kind.setdefault(row, Change(row, [], []))
            change.by.append(annotator)
            change.against.extend(name for name in against if name not in change.against)
        kinds = [Kind(given, now, list(changes.values())) for (given, now), changes in found.items()]
        return sorted(kinds, key=lambda kind: -len(kind.changes))

    def changes(self) -> pd.DataFrame:
        """Return the decisions that a label is wrong, or that there is one, the contradicted ones first."""
        changed = self.decisions[~self.decisions["confirmed"]]
        return changed.sort_values("against", key=lambda against: against.str.len() == 0, kind="stable")


def _new_table(
    ids: Sequence[str], labels: ArrayLike, classes: Sequence[Any] | None, decided: pd.DataFrame
) -> Callable[[], LabelTable]:
    """Return what makes tables of what labels are called, where all that people gave are classes, too."""
    given = labels if isinstance(labels, pd.Series) else pd.Series(labels, name="label")
    table = LabelTable(ids, given, classes)
    told = decided["label"][decided["present"].fillna(value=False)].dropna()
    texts = pd.Series([table.text(row) for row in range(len(table))], dtype=object)
    return partial(LabelTable, ids, texts, [*table.texts, *sorted(set(told) - set(table.texts))])


def _given(table: LabelTable, said: pd.DataFrame) -> "pd.Series[Any]":
    """Return the label that the image of each statement was given."""
    given = [table.text(row) for image in said["image"] for row in table.rows([image])]
    return pd.Series(given, said.index, dtype=object)


def _decisions(tables: Mapping[str, LabelTable], ids: Sequence[str], said: pd.DataFrame) -> pd.DataFrame:
    """Return what was decided, one row for each image and annotator, indexed by the statements' keys."""
    found = {
        table.key(int(row)): (
            int(row),
            ids[int(row)],
            table.text(int(row)),
            None if table.states[row] == MARKED else table.texts[table.labels[row]],
            annotator,
            table.states[row] == CONFIRMED,
        )
        for annotator, table in tables.items()
        for row in np.flatnonzero(table.states != UNSAID)
    }
    index = pd.Index(list(found), dtype="str")
    decisions = pd.DataFrame(list(found.values()), index, list(_DTYPES)).astype(_DTYPES)
    decisions = decisions.loc[said.index[said.index.isin(decisions.index)]]
    return decisions.assign(at=said["at"].loc[decisions.index], against=_against(decisions))


def _against(decisions: pd.DataFrame) -> "pd.Series[Any]":
    """Return, for each decision, the list of the annotators whose decisions cannot be right if it is."""
    against: dict[str, list[str]] = {key: [] for key in decisions.index}
    shared = decisions[decisions["row"].duplicated(keep=False)]
    for _, about in shared.groupby("row"):
        said = zip(about.index, about["annotator"], about["given"], about["now"], strict=True)
        for (key, _, given, now), (_, other, _, theirs) in permutations(said, 2):
            if _contradict(_text(given), _text(now), _text(theirs)):
                against[key].append(other)
    return pd.Series(against, dtype=object)


def _contradict(given: str | None, now: str | None, other: str | None) -> bool:
    """Tell whether two labels cannot both be right; None says that the given one is wrong, and no more."""
    if now is None or other is None:
        return given in {now, other} and now != other
    return now != other


def _text(value: Any) -> str | None:
    return None if pd.isna(value) else str(value)
