"""The widget in which people look through patterns, and keep, drop and rename them."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from ig_widgets.data.annotations import BOX
from ig_widgets.data.errors import ImageError
from ig_widgets.data.images import ImageSet
from ig_widgets.data.log.log import AnnotationLog
from ig_widgets.data.log.sources import PATTERN_GALLERY
from ig_widgets.data.reviews.pattern_table import DROPPED, UNDECIDED, PatternTable
from ig_widgets.widgets.shared.background_job import More, Production
from ig_widgets.widgets.shared.classes import checked_classes
from ig_widgets.widgets.shared.jpegs import detail, overview
from ig_widgets.widgets.shared.session import Note
from ig_widgets.widgets.wall.rows_widget import Column, RowsWidget

_STATIC = Path(__file__).parent / "static"
_LARGEST_PIXELS = 512
_MARGIN = 1.5  # of a pattern's longest side: what is shown around it, so that one sees where it lies
_FEW = 100  # names of patterns: about more of them everything that was said is read

_COLUMNS = (
    Column("origins", np.uint8),
    Column("states", np.uint8, editable=True),
    Column("labels", np.uint16, editable=True),
    Column("parents", np.int32),
    Column("importance", np.float32),
)


class PatternGallery(RowsWidget):
    """Look through the patterns that people cut out and the machine made; keep, drop and rename them.

    Every decision is a verdict in the log (`AnnotationLog.verdicts`) about the pattern's id and its box, and
    about the very pixels of a pattern that was made; it is on disk before the widget says "saved". Of several
    people's, the last counts. Press ``?`` in the widget for its keys.

    Parameters
    ----------
    patterns
        Patterns, with provenance (`crop_patterns`, `PolicyAugmenter`, `PatternGAN`) or without.
    classes
        Names that a pattern can be given; those that the patterns have are added.
    order
        Positions in `patterns` in the order in which they are shown at first; default: as they are.
    images
        What the patterns were cut from: a pattern is then shown in its place, too.
    importance
        One number for each pattern, as from `pattern_importances`; patterns can be sorted by it.
    generators
        Functions that make more patterns, by the text of their buttons. A function is given a number and
        returns patterns, or yields some at a time, with shares of the work in [0, 1] between them; it runs
        on a thread, and can be stopped between two.
    log
        Where statements go; default: the file ``annotations.db`` in the working folder.
    annotator
        Who is deciding.
    note
        A sentence to show above everything, such as why this is due; a function that returns one is called
        again after each change.
    next_step
        Line of code to show when every pattern is kept or dropped.

    Attributes
    ----------
    all_patterns : ImageSet
        All patterns in the order in which they are shown at first, then those that were made here.
    kept : ImageSet
        Those that were not dropped, under their new names (``label`` of the provenance).
    verdicts : DataFrame
        The verdicts of this annotator on these patterns, in force now: ``image`` is the id that the pattern
        had then, of one that was made with a digest of its pixels after an ``@``; ``label`` its new class
        where it was given one, ``present`` False where it was dropped.

    Raises
    ------
    ValueError
        If there are no patterns, or `importance` does not fit them.
    """

    _esm = _STATIC / "pattern_gallery.js"
    _css = _STATIC / "pattern_gallery.css"
    _table: PatternTable

    def __init__(
        self,
        patterns: ImageSet,
        classes: Sequence[str] = (),
        order: Sequence[int] | NDArray[np.integer] | None = None,
        *,
        images: ImageSet | None = None,
        importance: ArrayLike | None = None,
        generators: Mapping[str, More] | None = None,
        log: AnnotationLog | None = None,
        annotator: str = "me",
        note: Note = "",
        next_step: str = ".kept",
    ) -> None:
        if len(patterns) == 0:
            raise ValueError("there are no patterns to show: draw boxes first, and cut them out")
        values = _checked_importance(importance, len(patterns))
        shown = slice(None) if order is None else np.asarray(order)
        table = PatternTable(checked_classes(classes) if len(classes) else ())
        table.extend(patterns[shown], values[shown])
        self.patterns = patterns
        self.all_patterns: ImageSet = patterns[shown]
        self._images = images
        self._production = Production(generators or {}, self._grow, self._tell_progress)
        super().__init__(
            table,
            _COLUMNS,
            lambda item: self.all_patterns[item],
            source=PATTERN_GALLERY,
            operations={**self._production.operations, "about": self._about},
            log=log,
            annotator=annotator,
            note=note,
            next_step=next_step,
            on_close=[self._production.close],
        )
        self._recall(range(len(table)), named=False)

    @property
    def kept(self) -> ImageSet:
        """The patterns that were not dropped, under their new names."""
        with self._lock:
            kept = self._table.states != DROPPED
            names = [self._table.label(row) for row in range(len(self._table))]
            patterns = self.all_patterns
        provenance = patterns.provenance
        if provenance is None:
            provenance = pd.DataFrame(index=range(len(patterns)))
        named = provenance.assign(label=pd.Series(names, dtype="str"))
        chosen: ImageSet = patterns[kept]
        return chosen.with_provenance(named[kept])

    @property
    def verdicts(self) -> pd.DataFrame:
        """What this annotator has decided about these patterns, in force now."""
        return self._own(self._session.log.verdicts).drop(columns="proposed")

    def _facts(self) -> dict[str, Any]:
        return {
            "sortable": bool(np.isfinite(self._table.importance).any()),
            "generators": self._production.names,
            "making": self._production.state,
        }

    def _done(self) -> str | None:
        """Say how it went once every pattern is decided."""
        with self._lock:
            states = self._table.states
            if (states == UNDECIDED).any():
                return None
            dropped = int((states == DROPPED).sum())
        return f"All {len(states)} patterns are decided: {len(states) - dropped} kept, {dropped} dropped."

    def _tell_progress(self, state: Mapping[str, Any]) -> None:
        self.send({"news": {"making": state}})

    def _news(self) -> dict[str, Any]:
        return {"classes": self._table.classes}

    def _about(self, *, item: int) -> tuple[dict[str, Any], list[bytes]]:
        """Tell where a pattern came from, with a picture of it and one of its place in its image."""
        with self._lock:
            if not 0 <= item < len(self._table):
                raise ValueError(f"there is no pattern {item}; there are {len(self._table)}")
            patterns = self.all_patterns
        known = patterns.provenance
        row = {} if known is None else {str(name): value for name, value in known.iloc[item].items()}
        row = {name: value for name, value in row.items() if not pd.isna(value)}
        told: dict[str, Any] = {
            "id": patterns.ids[item],
            **{name: str(row[name]) for name in ("image", "operation", "parent") if name in row},
            **{name: float(row[name]) for name in ("magnitude", *BOX) if name in row},
        }
        pattern: NDArray[np.uint8] = patterns[item]
        told["size"] = [pattern.shape[1], pattern.shape[0]]
        pictures = [overview(pattern, _LARGEST_PIXELS).jpeg]
        place = self._place(row)
        if place is not None:
            box, jpeg = place
            told["place"] = box
            pictures.append(jpeg)
        return told, pictures

    def _place(self, row: Mapping[str, Any]) -> tuple[list[float], bytes] | None:
        """Return a part of the image that a pattern was cut from, and its box there in [0, 1]."""
        if self._images is None or not {"image", *BOX} <= set(row):
            return None
        try:
            image = self._images[self._images.position(row["image"])]
        except (KeyError, ImageError):
            return None  # the pattern is there, its image is not
        x, y, width, height = (float(row[name]) for name in BOX)
        margin = _MARGIN * max(width, height)
        if x >= image.shape[1] or y >= image.shape[0]:
            return None  # an image of another size has taken its id
        left, top = max(0, int(x - margin)), max(0, int(y - margin))
        right = min(image.shape[1], int(x + width + margin) + 1)
        bottom = min(image.shape[0], int(y + height + margin) + 1)
        w, h = right - left, bottom - top
        picture = detail(image, (left, top, w, h), min(1.0, _LARGEST_PIXELS / max(w, h)))
        return [(x - left) / w, (y - top) / h, width / w, height / h], picture.jpeg

    def _statements(self, rows: Sequence[int], gesture: Mapping[str, Any]) -> dict[int, dict[str, Any]]:
        return {row: self._statement(row, gesture) for row in rows}

    def _statement(self, row: int, gesture: Mapping[str, Any]) -> dict[str, Any]:
        """Say what a gesture says about a pattern; what it does not say stays as it was said before."""
        before = self._table.verdict(row)
        own = before if before is not None and before.annotator == self._session.annotator else None
        present = gesture["present"] if "present" in gesture else self._table.states[row] != DROPPED
        said = {
            "image": self._table.named[row],
            # only a new class: the class of the box may still be corrected where it was drawn
            "label": gesture.get("label") or (own and own.label),
            "verdict": bool(present),
            **self._table.place(row),  # a pattern of the same id from another box is another pattern
        }
        # a verdict stays with the name that the pattern had when it was first judged
        again = {} if own is None else {"image": own.name, "replaces": own.key}
        return {**said, **again, "key": f"{gesture['action']}-{row}"}

    def _recall(self, rows: Sequence[int], *, named: bool = True) -> None:
        """Let the table know what the log says about some rows.

        `named` is whether they are known under all names that they were judged by: a pattern seen for the
        first time may have had another number when it was.
        """
        if len(rows) == 0:
            return
        names = self._table.names(rows)
        few = names if named and len(names) <= _FEW else None
        self._table.recall(self._session.log.verdicts(few, source=PATTERN_GALLERY), rows)

    def _grow(self, made: ImageSet) -> None:
        """Add patterns that were made here."""
        known = made.provenance if made.provenance is not None else pd.DataFrame(index=range(len(made)))
        operation = known["operation"] if "operation" in known else pd.Series(pd.NA, known.index, dtype="str")
        # whatever makes them, they were not cut out: it may give the same ids to other pictures next time
        made = made.with_provenance(known.assign(operation=operation.fillna("made")))
        with self._lock:
            first = len(self._table)
            self.all_patterns = self.all_patterns + made
            self._table.extend(self.all_patterns)
            # the same pixels, made once more, may have been judged before
            self._recall(range(first, len(self._table)))
            self._tell_growth()


def _checked_importance(importance: ArrayLike | None, count: int) -> NDArray[np.float32]:
    if importance is None:
        return np.full(count, np.nan, np.float32)
    values = np.asarray(importance, dtype=np.float32)
    if values.shape != (count,):
        raise ValueError(
            f"importance has shape {values.shape} for {count} patterns; give one number for each"
        )
    return values
