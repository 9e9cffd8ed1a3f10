"""The widget in which people look through labeled images, and mark and correct wrong labels."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from ig_widgets.data.errors import ImageError
from ig_widgets.data.images import ImageSet
from ig_widgets.data.log.log import AnnotationLog
from ig_widgets.data.log.sources import SIMILARITY_REVIEW, SIMILARITY_REVIEW_LOOKS
from ig_widgets.data.reviews.errors_left import ErrorsLeft, errors_left
from ig_widgets.data.reviews.label_table import MARKED, NO_CLASS, LabelTable
from ig_widgets.data.reviews.relabeling import put_labels
from ig_widgets.widgets.shared.jpegs import overview
from ig_widgets.widgets.shared.session import Note
from ig_widgets.widgets.wall.arrangements import (
    Neighbors,
    checked_grouping,
    checked_neighbors,
    checked_orders,
)
from ig_widgets.widgets.wall.rows_widget import Column, RowsWidget, chunk

_STATIC = Path(__file__).parent / "static"
_LARGEST_PIXELS = 640
_NEIGHBOR_PIXELS = 128
_MOST_NEIGHBORS = 12
_FEW = 400  # images: of more of them everything that was said is read

_COLUMNS = (
    Column("seen", np.uint8, editable=True),
    Column("states", np.uint8, editable=True),
    Column("labels", np.uint16, editable=True),
    Column("given", np.uint16),
)


class SimilarityReview(RowsWidget):
    """Look through labeled images, similar ones side by side; mark wrong labels, and correct them.

    Every decision is a statement in the log about the image, on disk before the widget says "saved": a mark
    says that the given label is not there (``label`` the given one, ``present`` False), a correction that
    another one is (``label`` the new one, ``present`` True; the given one, if that is said to be right). One
    annotator's statement about an image replaces the one before; what others say is theirs.

    An image that was in sight for a second, or was changed, counts as looked at. That is kept in the log as a
    skip (``label`` the given one, ``present`` missing), from a source of its own: a glance is no vote for the
    label, and `labels_of`, `presence` and `annotator_agreement` count none, whereas ``present=True`` would
    make an opinion of it; and undo passes over it. Press ``?`` in the widget for its keys.

    Parameters
    ----------
    images
        n images.
    labels
        The label of each image, missing where it has none: a Series, or anything that makes one. It is never
        changed.
    order
        Positions in `images` in the order in which they are shown, some or all; default: the first of
        `orders`, or all images as they are.
    classes
        The values that an image can be given; default: the categories, or the distinct labels, sorted.
    orders
        Other orders to choose from, by name.
    groups
        Names of groups by the name of the grouping, one for each image: what is shown under one header. By
        the given label they can always be grouped.
    neighbors
        Positions of the images that resemble each image: an array of shape (n, k), or a function of a
        position. They are shown beside an image that is looked at closely.
    log
        Where statements go; default: the file ``annotations.db`` in the working folder.
    annotator
        Who is reviewing.
    note
        A sentence to show above everything, such as why this is due; a function that returns one is called
        again after each change.
    next_step
        Line of code to show when every image was looked at.

    Attributes
    ----------
    corrected_labels : Series
        The labels as they were given, with those that the annotator corrected; the same index, name and
        dtype.
    marked : Series of bool
        Of the same index: where the given label was said to be wrong, and no other one was given yet.
    annotations : DataFrame
        What the annotator decided about these images, in force now.

    Raises
    ------
    ValueError
        If there are no images, or the labels, classes, orders, groups or neighbors do not fit them.
    """

    _esm = _STATIC / "similarity_review.js"
    _css = _STATIC / "similarity_review.css"
    _table: LabelTable

    def __init__(
        self,
        images: ImageSet,
        labels: ArrayLike,
        order: ArrayLike | None = None,
        *,
        classes: Sequence[Any] | None = None,
        orders: Mapping[str, ArrayLike] | None = None,
        groups: Mapping[str, ArrayLike] | None = None,
        neighbors: Neighbors | None = None,
        log: AnnotationLog | None = None,
        annotator: str = "me",
        note: Note = "",
        next_step: str = ".corrected_labels",
    ) -> None:
        if len(images) == 0:
            raise ValueError("there are no images to review")
        self.labels = labels
        given = labels if isinstance(labels, pd.Series) else pd.Series(labels, name="label")
        table = LabelTable(images.ids, given, classes)
        self._index = given.index
        self._images = images
        self._orders = checked_orders(images, order, orders or {})
        self._groups = {
            name: checked_grouping(name, values, len(images)) for name, values in (groups or {}).items()
        }
        self._neighbors = checked_neighbors(neighbors, len(images))
        self._shown = np.zeros(len(images), dtype=bool)
        for positions in self._orders.values():
            self._shown[positions] = True
        super().__init__(
            table,
            _COLUMNS,
            lambda item: images[item],
            source=SIMILARITY_REVIEW,
            operations={"order": self._order, "grouping": self._grouping, "about": self._about},
            log=log,
            annotator=annotator,
            note=note,
            next_step=next_step,
        )
        self._recall(range(len(images)))
        table.recall_looks(self._looks())

    @property
    def corrected_labels(self) -> "pd.Series[Any]":
        """The given labels, with those that the annotator corrected."""
        with self._lock:
            self._refresh()
            return self._table.relabeled()

    @property
    def marked(self) -> "pd.Series[bool]":
        """Where the given label was said to be wrong, and no other one was given."""
        with self._lock:
            self._refresh()
            return pd.Series(self._table.states == MARKED, self._index, name="marked")

    @property
    def annotations(self) -> pd.DataFrame:
        """What the annotator decided about these images, in force now."""
        return self._own(self._session.log.current)

    def apply_to(self, df: pd.DataFrame, column: str = "label") -> pd.DataFrame:
        """Put the corrected labels into a copy of a table, by its index.

        Parameters
        ----------
        df
            A table with the index of the labels; it may have more rows.
        column
            The column of labels.

        Returns
        -------
        DataFrame
            A copy in which the images that were given another label have it. Nothing else is changed, and no
            row is added.

        Raises
        ------
        ValueError
            If there is no such column, the index does not fit, or the column cannot hold the labels.
        """
        with self._lock:
            labels, changed = self.corrected_labels, self._table.changed()
        return put_labels(df, column, labels, changed)

    def _facts(self) -> dict[str, Any]:
        return {
            "shown": int(self._shown.sum()),
            "classes": self._table.texts,
            "offered": self._table.offered,
            "orders": list(self._orders),
            "groupings": list(self._groups),
            "neighbors": self._neighbors is not None,
        }

    def _first_items(self) -> NDArray[np.integer]:
        order = next(iter(self._orders.values()))
        return order[
            np.argsort(self._table.given[order], kind="stable")
        ]  # they are grouped by label at first

    def _hello(self) -> tuple[dict[str, Any], list[bytes]]:
        """Return what the browser is told at first; with the columns comes the order that is shown first."""
        told, buffers = super()._hello()
        first = next(iter(self._orders.values()))
        return told, [*buffers, first.tobytes()] if buffers else []

    def _news(self) -> dict[str, Any]:
        return {"left": self._left()}

    def _order(self, *, name: str, start: int) -> tuple[dict[str, Any], list[bytes]]:
        """Return a part of an order, int32."""
        return _part(self._orders, name, start)

    def _grouping(self, *, name: str, start: int) -> tuple[dict[str, Any], list[bytes]]:
        """Return a part of the group of each image, int32 positions in the names of groups."""
        told, part = _part({key: codes for key, (codes, _) in self._groups.items()}, name, start)
        return {**told, "names": self._groups[name][1]}, part

    def _about(self, *, item: int) -> tuple[dict[str, Any], list[bytes]]:
        """Return a picture of an image and of those that resemble it, which `similar` lists."""
        count = len(self._images)
        if not 0 <= item < count:
            raise ValueError(f"there is no image {item}; there are {count}")
        image = self._images[item]
        pictures = [overview(image, _LARGEST_PIXELS).jpeg]
        similar = []
        for other in self._resembling(item):
            try:
                picture = overview(self._images[other], _NEIGHBOR_PIXELS)
            except ImageError:
                continue  # its neighbors are there, whatever became of it
            similar.append(other)
            pictures.append(picture.jpeg)
        told = {"id": self._images.ids[item], "size": [image.shape[1], image.shape[0]], "similar": similar}
        return told, pictures

    def _resembling(self, item: int) -> list[int]:
        if self._neighbors is None:
            return []
        near = np.asarray(self._neighbors(item))
        known = near[(near >= 0) & (near < len(self._images)) & (near != item)]
        return [int(other) for other in known[:_MOST_NEIGHBORS]]

    def _carry_out(self, rows: Sequence[int], gesture: Mapping[str, Any]) -> Sequence[int]:
        label = gesture.get("label")
        if label is not None and label not in self._table.texts:
            raise ValueError(f"{label!r} is not among the classes: {', '.join(self._table.texts[:20])}")
        # first: should this be the end, the gesture comes again, and what was looked at does not
        self._look(rows, gesture["action"])
        return super()._carry_out(rows, gesture) if gesture["kind"] == "say" else ()

    def _look(self, rows: Sequence[int], action: str) -> None:
        """Note in the log which of some rows are looked at for the first time."""
        name = f"{action}-looks"
        looks = [
            {"image": self._images.ids[row], "label": self._table.text(row), "key": f"{name}-{row}"}
            for row in rows
            if not self._table.seen[row]
        ]
        if looks and not self._session.log.touched(name):
            self._session.log.append(
                looks, annotator=self._session.annotator, source=SIMILARITY_REVIEW_LOOKS, action=name
            )
        self._table.recall_looks(pd.DataFrame(looks, columns=["image", "label"]))

    def _statements(self, rows: Sequence[int], gesture: Mapping[str, Any]) -> dict[int, dict[str, Any]]:
        self._recall(rows)  # another kernel may have said something since
        said = {row: self._statement(row, gesture) for row in rows}
        return {row: statement for row, statement in said.items() if statement is not None}

    def _statement(self, row: int, gesture: Mapping[str, Any]) -> dict[str, Any] | None:
        """Return what a gesture says about an image, or None where it says nothing."""
        key = self._table.key(row)
        named = {"image": self._images.ids[row], "key": f"{gesture['action']}-{row}"}
        if gesture["says"] == "nothing":
            return None if key is None else {"deletes": key, **named}
        label = self._table.text(row) if gesture["says"] == "wrong" else gesture["label"]
        if label is None:
            return None  # without a label there is none that could be wrong
        again = {} if key is None else {"replaces": key}
        return {"label": label, "present": gesture["says"] != "wrong", **again, **named}

    def _recall(self, rows: Sequence[int]) -> None:
        """Let the table know what the log says about some rows."""
        if len(rows) == 0:
            return
        few = [self._images.ids[row] for row in rows] if len(rows) <= _FEW else None
        self._table.recall(self._session.log.current(few, self._session.annotator, SIMILARITY_REVIEW), rows)

    def _looks(self) -> pd.DataFrame:
        looks = self._session.log.current(annotator=self._session.annotator, source=SIMILARITY_REVIEW_LOOKS)
        shown = {image for image, shown in zip(self._images.ids, self._shown, strict=True) if shown}
        return looks[looks["image"].isin(shown)]

    def _refresh(self) -> None:
        """Take over what was said elsewhere, by this annotator in another kernel."""
        table = self._table
        before = (table.states.copy(), table.labels.copy())
        self._recall(range(len(table)))
        rows = np.flatnonzero((table.states != before[0]) | (table.labels != before[1]))
        if len(rows):
            self._tell(rows.tolist())

    def _done(self) -> str | None:
        """Say how the review went once every image that is shown was looked at."""
        with self._lock:
            table = self._table
            if (self._shown & (table.seen == 0)).any():
                return None
            labeled = table.given != NO_CLASS
            wrong = int((table.wrong() & self._shown).sum())
            others = int((labeled & ~self._shown).sum())
            left = self._errors_among(others)
        found = "1 wrong label" if wrong == 1 else f"{wrong} wrong labels"
        said = f"All {int(self._shown.sum())} images were looked at: {found}."
        if others == 0:
            return said
        return (
            f"{said} Of the {others} labels that are not shown here about {left.expected:.0f} "
            f"({left.low:.0f} to {left.high:.0f}) are wrong, if they are like the last ones."
        )

    def _left(self) -> list[float]:
        """Estimate how many wrong labels are left: expected, low, high."""
        table = self._table
        unseen = (table.given != NO_CLASS) & self._shown & (table.seen == 0)
        return list(self._errors_among(int(unseen.sum())))

    def _errors_among(self, count: int) -> ErrorsLeft:
        """Estimate how many of some labels at which nobody looked are wrong."""
        table = self._table
        wrong = table.wrong()
        return errors_left([wrong[row] for row in table.looked if table.given[row] != NO_CLASS], count)


def _part(
    lists: Mapping[str, NDArray[np.int32]], name: str, start: int
) -> tuple[dict[str, Any], list[bytes]]:
    if name not in lists:
        raise ValueError(f"there is nothing called {name!r}; there are {', '.join(lists)}")
    return {"count": len(lists[name])}, [chunk(lists[name], start)]
