"""What a review knows about each image: the label it was given, and what was said about it."""

import hashlib
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from ig_widgets.data.label_text import label_text
from ig_widgets.data.log.checks import check_text

UNSAID, MARKED, RELABELED, CONFIRMED = 0, 1, 2, 3
NO_CLASS = 2**16 - 1


class LabelTable:
    """One row for each image, in columns that the browser gets as they are.

    Parameters
    ----------
    ids
        Names of the images, as statements call them.
    labels
        The label that each image was given, missing where it has none. It is never changed.
    classes
        The values that an image can be given; default: the categories, or the distinct labels, sorted.

    Attributes
    ----------
    texts : list of str
        What labels are called: of the classes, then of given labels that are not among them.
    offered : int
        How many classes there are.
    given : uint16 array of shape (n,)
        Positions in `texts`, or `NO_CLASS`.
    labels : uint16 array of shape (n,)
        The same, with what people said.
    states : uint8 array of shape (n,)
        `UNSAID`; `MARKED`: the given label is wrong, and the right one not known; `RELABELED`; `CONFIRMED`:
        the given label was said to be right.
    seen : uint8 array of shape (n,)
        1 where the image was looked at.
    looked : list of int
        The rows that were looked at, in the order of looking.

    Raises
    ------
    ValueError
        If there is not one label for each image, or the classes cannot be told apart or do not fit the
        labels.
    """

    def __init__(
        self, ids: Sequence[str], labels: "pd.Series[Any]", classes: Sequence[Any] | None = None
    ) -> None:
        if len(labels) != len(ids):
            raise ValueError(f"there are {len(labels)} labels for {len(ids)} images; give one for each image")
        self._ids = ids
        self._rows = {id_: row for row, id_ in enumerate(ids)}
        self._names = frozenset(ids)
        self._digests: dict[int, str] = {}
        self._labels = labels.copy()
        codes, distinct = pd.factorize(labels)
        given = _in_order(labels, distinct)
        offered = given if classes is None else _fitting(classes, labels.dtype)
        if not offered:
            raise ValueError("there are no classes: name those that an image can be given as classes=[…]")
        values = {text: value for value in (*offered, *given) for text in [label_text(value)]}
        self.offered = len(offered)
        self.texts = list(values)
        self._values = list(values.values())
        if len(self.texts) >= NO_CLASS:
            raise ValueError(f"there are {len(self.texts)} classes; a review can show {NO_CLASS - 1}")
        _check_apart(offered)
        _check_apart(given)
        for text in self.texts:
            check_text(text, f"the class {text!r}")
        self._codes = {text: code for code, text in enumerate(self.texts)}
        known = [self._codes[label_text(value)] for value in distinct]
        self.given = np.array([*known, NO_CLASS], dtype=np.uint16)[codes]  # -1, missing, is the last
        self.labels = self.given.copy()
        self.states = np.full(len(ids), UNSAID, np.uint8)
        self.seen = np.zeros(len(ids), np.uint8)
        self.looked: list[int] = []
        self._keys: dict[int, str] = {}

    def __len__(self) -> int:
        """Count the images."""
        return len(self._ids)

    def text(self, row: int) -> str | None:
        """Return the label that an image was given, or None."""
        code = int(self.given[row])
        return None if code == NO_CLASS else self.texts[code]

    def key(self, row: int) -> str | None:
        """Return the key of the statement in force about an image, or None."""
        return self._keys.get(row)

    def rows(self, images: Iterable[str]) -> list[int]:
        """Return the rows of images, those of others left out."""
        return sorted({self._rows[image] for image in images if image in self._rows})

    def recall(self, said: pd.DataFrame, rows: Sequence[int]) -> None:
        """Set what was said about some rows to what statements in force say; of several the last counts.

        What was said about another label than the one that the image has now, says nothing about it. A class
        that is not known here cannot be given here: an image that was given it counts as marked.

        Parameters
        ----------
        said
            Statements, oldest first, indexed by their keys.
        rows
            The rows in question; statements about others are left out.
        """
        wanted = set(rows)
        listed = list(rows)
        self.states[listed] = UNSAID
        self.labels[listed] = self.given[listed]
        for row in wanted:
            self._keys.pop(row, None)
        told = zip(said["image"], said.index, said["label"], said["present"], strict=True)
        for image, key, label, present in told:
            row = self._rows.get(image, -1)
            if row not in wanted or pd.isna(present):
                continue
            self._keys[row] = str(key)
            code = self._codes.get(label, NO_CLASS)
            self.states[row] = self._state(row, code, present=bool(present))
            self.labels[row] = code if self.states[row] == RELABELED else self.given[row]

    def recall_looks(self, said: pd.DataFrame) -> list[int]:
        """Take over who was looked at, with the label that it has now; returns the rows that are new."""
        new = []
        for image, label in zip(said["image"], said["label"], strict=True):
            row = self._rows.get(image)
            if row is None or self.seen[row] or self.text(row) != (None if pd.isna(label) else label):
                continue
            self.seen[row] = 1
            new.append(row)
        self.looked += new
        return new

    def names(self) -> frozenset[str]:
        """Return what statements call the images."""
        return self._names

    def digest(self, count: int) -> str:
        """Name the first images and the labels that they were given: tables of one name agree on both."""
        if count not in self._digests:
            named = hashlib.sha256("\n".join([*self._ids[:count], *self.texts]).encode())
            named.update(self.given[:count].tobytes())
            self._digests[count] = named.hexdigest()
        return self._digests[count]

    def wrong(self) -> NDArray[np.bool_]:
        """Tell of each image whether the label that it was given was said to be wrong, shape (n,)."""
        said: NDArray[np.bool_] = np.isin(self.states, (MARKED, RELABELED)) & (self.given != NO_CLASS)
        return said

    def relabeled(self) -> "pd.Series[Any]":
        """Return the labels with those that people gave, of the index, name and dtype that they came with.

        Categories are added for classes that the labels did not have.
        """
        labels = self._labels.copy()
        if isinstance(labels.dtype, pd.CategoricalDtype):
            labels = with_categories(labels, self._values)
        rows = np.flatnonzero(self.states == RELABELED)
        if len(rows):
            labels.iloc[rows] = [self._values[code] for code in self.labels[rows]]
        return labels

    def changed(self) -> NDArray[np.bool_]:
        """Tell of each image whether it was given another label, shape (n,)."""
        changed: NDArray[np.bool_] = self.states == RELABELED
        return changed

    def _state(self, row: int, code: int, *, present: bool) -> int:
        known = code != NO_CLASS
        same = known and code == self.given[row]
        if present:
            if same:
                return CONFIRMED
            return RELABELED if known else MARKED
        return MARKED if same else UNSAID


def with_categories(labels: "pd.Series[Any]", values: Iterable[Any]) -> "pd.Series[Any]":
    """Return categorical labels with categories for some values, those that are there already first."""
    missing = [value for value in values if value not in labels.cat.categories]
    return labels.cat.add_categories(missing) if missing else labels


def _in_order(labels: "pd.Series[Any]", distinct: Any) -> list[Any]:
    """Return the values of labels: categories in their order, others sorted."""
    if isinstance(labels.dtype, pd.CategoricalDtype):
        return list(labels.cat.categories)
    try:
        return sorted(distinct)
    except TypeError:  # texts and numbers together
        return sorted(distinct, key=str)


def _check_apart(values: Sequence[Any]) -> None:
    """Refuse values that statements could not tell apart."""
    first: dict[str, Any] = {}
    for value in values:
        text = label_text(value)
        if text in first:
            raise ValueError(
                f"the class {value!r} reads like {first[text]!r}: give each class once, and its own name"
            )
        first[text] = value


def _fitting(classes: Sequence[Any], dtype: Any) -> list[Any]:
    """Return classes as values of the labels' type."""
    listed = [classes] if isinstance(classes, str) else list(classes)
    if any(pd.isna(value) for value in listed):
        raise ValueError("a class is missing (None or NaN): an image without a label cannot be asked for")
    if isinstance(dtype, pd.CategoricalDtype) or pd.api.types.is_object_dtype(dtype):
        return listed
    return [_cast(value, dtype) for value in listed]


def _cast(value: Any, dtype: Any) -> Any:
    try:
        cast = pd.Series([value]).astype(dtype).iloc[0]
    except (TypeError, ValueError):
        cast = None
    if cast is None or pd.isna(cast) or label_text(cast) != label_text(value):
        raise ValueError(
            f"the class {value!r} does not fit labels of the type {dtype}: give classes of that type, or "
            "labels of another one, such as labels.astype(object)"
        )
    return cast
