"""What a gallery knows about each pattern: where it came from, and what was decided about it."""

import hashlib
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator
from contextlib import suppress
from typing import NamedTuple, TypeAlias

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from ig_widgets.data.annotations import BOX
from ig_widgets.data.errors import ImageError
from ig_widgets.data.images import ImageSet

CUT, POLICY, GAN = 0, 1, 2
UNDECIDED, KEPT, DROPPED = 0, 1, 2
NO_CLASS = 2**16 - 1

_CUT = re.compile(r"(?P<image>.*)#\d+", re.DOTALL)  # as crop_patterns names patterns


PatternKey: TypeAlias = tuple[str, tuple[float, ...]]


def pattern_names(patterns: ImageSet, start: int = 0) -> list[str]:
    """Name patterns as statements about them do.

    Parameters
    ----------
    patterns
        Patterns, with provenance or without.
    start
        The first one that is named.

    Returns
    -------
    list of str
        The id of a pattern that was cut out. Of one that was made, by what its provenance has as
        ``operation``, also a digest of its pixels, ``"<id>@<32 hexadecimal digits>"``: whoever trains a GAN
        again gets other pictures of the same ids. The id alone where the pixels cannot be read.
    """
    made = np.zeros(len(patterns), dtype=bool)
    if patterns.provenance is not None and "operation" in patterns.provenance:
        made = patterns.provenance["operation"].notna().to_numpy()
    names = list(patterns.ids[start:])
    for i in np.flatnonzero(made[start:]):
        with suppress(ImageError):
            names[i] += f"@{patterns.digest(start + int(i)).hex()}"
    return names


def pattern_keys(names: Iterable[str], boxes: pd.DataFrame) -> Iterator[PatternKey]:
    """Tell patterns apart so that what is said about one stays with it when other boxes are drawn.

    `crop_patterns` numbers the boxes of an image, and another box may move these numbers: a pattern that was
    cut out is known by its image and its box, one that was made of it by its name and the box.

    Parameters
    ----------
    names
        As `pattern_names` gives them, or the ``image`` of statements.
    boxes
        Provenance, or statements: one row for each name, with the columns ``x, y, width, height`` where
        known.
    """
    places = boxes.reindex(columns=list(BOX)).to_numpy(dtype=np.float64, na_value=np.nan)
    for name, place in zip(names, places, strict=True):
        box = () if np.isnan(place).any() else tuple(place.tolist())
        cut = _CUT.fullmatch(name) if box else None
        yield (name if cut is None else cut["image"], box)


class Verdict(NamedTuple):
    """What somebody decided about a pattern."""

    name: str
    """The name that the pattern had then."""

    key: str
    annotator: str
    label: str | None
    """The class that it was given, if any."""


class PatternTable:
    """One row for each pattern, in columns that the browser gets as they are.

    Parameters
    ----------
    classes
        Names that a pattern can be given; those that patterns have are added.

    Attributes
    ----------
    ids : list of str
    named : list of str
        What statements call the patterns: see `pattern_names`.
    origins : uint8 array
        `CUT`, `POLICY` or `GAN`.
    parents : int32 array
        The row of the pattern that a pattern was made of, or stands nearest to; -1 where it is not known.
    labels : uint16 array
        Positions in `classes`, or `NO_CLASS`.
    states : uint8 array
        `UNDECIDED`, `KEPT` or `DROPPED`.
    importance : float32 array
        NaN where it is not known.
    """

    def __init__(self, classes: Iterable[str] = ()) -> None:
        self.classes = list(classes)
        self.ids: list[str] = []
        self.named: list[str] = []
        self.origins = np.empty(0, np.uint8)
        self.parents = np.empty(0, np.int32)
        self.labels = np.empty(0, np.uint16)
        self.states = np.empty(0, np.uint8)
        self.importance = np.empty(0, np.float32)
        self._given = np.empty(0, np.uint16)  # the classes of the provenance
        self._boxes = np.empty((0, 4))
        self._rows: dict[str, int] = {}  # by id
        self._named: dict[str, int] = {}  # by name
        self._places: dict[PatternKey, int] = {}
        self._names: defaultdict[int, set[str]] = defaultdict(set)
        self._namesakes: defaultdict[str, set[int]] = defaultdict(set)
        self._said: dict[int, Verdict] = {}
        self._digests: dict[int, str] = {}

    def __len__(self) -> int:
        """Count the patterns."""
        return len(self.ids)

    def extend(self, patterns: ImageSet, importance: NDArray[np.float32] | None = None) -> None:
        """Add rows for the patterns of a set that come after those that are here already.

        Parameters
        ----------
        patterns
            All patterns, those that are here already first.
        importance
            That of the patterns that are added; default: it is not known.
        """
        first = len(self)
        self.ids += patterns.ids[first:]
        self.named += pattern_names(patterns, first)
        self._rows |= {id_: first + i for i, id_ in enumerate(self.ids[first:])}
        self._named |= {name: first + i for i, name in enumerate(self.named[first:])}
        rows = pd.DataFrame(index=range(first, len(self)))
        if patterns.provenance is not None:
            rows = patterns.provenance.iloc[first:]
        rows = rows.reindex(columns=["label", "parent", "operation", *BOX])
        operation = rows["operation"]
        origins = np.where(operation.isna(), CUT, np.where(operation == "GAN", GAN, POLICY)).astype(np.uint8)
        parents = rows["parent"].map(lambda id_: self._rows.get(id_, -1)).to_numpy(dtype=np.int32)
        labels = self._positions(rows["label"])
        self.origins = np.concatenate([self.origins, origins])
        self.parents = np.concatenate([self.parents, parents])
        self.labels = np.concatenate([self.labels, labels])
        self._given = np.concatenate([self._given, labels])
        self._places |= {key: first + i for i, key in enumerate(pattern_keys(self.named[first:], rows))}
        self._boxes = np.concatenate([self._boxes, rows[list(BOX)].to_numpy(dtype=np.float64)])
        self.states = np.concatenate([self.states, np.full(len(rows), UNDECIDED, np.uint8)])
        if importance is None:
            importance = np.full(len(rows), np.nan, np.float32)
        self.importance = np.concatenate([self.importance, importance])

    def recall(self, said: pd.DataFrame, rows: Iterable[int]) -> None:
        """Set what was decided about some rows to what verdicts in force say, oldest first."""
        wanted = set(rows)
        for row in wanted:
            self.states[row] = UNDECIDED
            self.labels[row] = self._given[row]
            self._said.pop(row, None)
        rows_said = np.array([self._places.get(key, -1) for key in pattern_keys(said["image"], said)], int)
        ours = np.isin(rows_said, list(wanted))  # the log may hold other galleries, with classes of their own
        said, rows_said = said[ours], rows_said[ours]
        labels = self._positions(said["label"])
        told = zip(
            said["image"], said.index, said["annotator"], rows_said, labels, said["present"], strict=True
        )
        for name, key, annotator, row, label, present in told:
            self.states[row] = KEPT if present else DROPPED
            if label != NO_CLASS:
                self.labels[row] = label
            given = None if label == NO_CLASS else self.classes[label]
            self._said[int(row)] = Verdict(str(name), str(key), str(annotator), given)
            if name != self.named[row]:
                self._names[int(row)].add(name)
                self._namesakes[name].add(int(row))

    def verdict(self, row: int) -> Verdict | None:
        """Return the last verdict in force about a row, or None."""
        return self._said.get(row)

    def place(self, row: int) -> dict[str, float]:
        """Return the box that a pattern is from; empty where that is not known."""
        box = self._boxes[row]
        return {} if np.isnan(box).any() else dict(zip(BOX, box.tolist(), strict=True))

    def label(self, row: int) -> str | None:
        """Return the class of a row, or None."""
        position = int(self.labels[row])
        return None if position == NO_CLASS else self.classes[position]

    def digest(self, count: int) -> str:
        """Name the first patterns, and the boxes that they are from: two tables with this in common agree."""
        if count not in self._digests:
            named = hashlib.sha256("\n".join(self.named[:count]).encode())
            named.update(self._boxes[:count].tobytes())
            self._digests[count] = named.hexdigest()
        return self._digests[count]

    def names(self, rows: Iterable[int] | None = None) -> set[str]:
        """Return the names that some rows, or all, have or had when something was said about them."""
        if rows is None:
            return {*self.named, *self._namesakes}
        return {self.named[row] for row in rows}.union(*(self._names.get(row, ()) for row in rows))

    def rows(self, names: Iterable[str]) -> list[int]:
        """Return the rows that have some names, or had them when something was said about them."""
        found = {self._named[name] for name in names if name in self._named}
        return sorted(found.union(*(self._namesakes.get(name, ()) for name in names)))

    def _positions(self, labels: "pd.Series[str]") -> NDArray[np.uint16]:
        """Return the positions of classes, to which those that are new are added."""
        named = labels.astype("str")
        for label in named.dropna().unique():
            if label not in self.classes:
                self.classes.append(label)
        if len(self.classes) >= NO_CLASS:
            raise ValueError(f"there are {len(self.classes)} classes; a gallery can show {NO_CLASS - 1}")
        place = {label: i for i, label in enumerate(self.classes)}
        return named.map(place).fillna(NO_CLASS).to_numpy().astype(np.uint16)
