"""A wall whose items are the rows of a table: people change some columns, and every view hears of it."""

import threading
from collections.abc import Callable, Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from functools import cached_property
from typing import Any, NamedTuple, Protocol

import numpy as np
import pandas as pd
from numpy.typing import DTypeLike, NDArray

from ig_widgets.data.log.log import AnnotationLog
from ig_widgets.widgets.shared.gestures import take_back
from ig_widgets.widgets.shared.messages import Operation
from ig_widgets.widgets.shared.session import Note
from ig_widgets.widgets.wall.selection import selected_items
from ig_widgets.widgets.wall.thumbnails import Pixels
from ig_widgets.widgets.wall.wall_widget import WallWidget

CHUNK = 50_000
"""Rows in one message: with twenty bytes for each it is as large as a message may be."""

_FEW = 5_000
"""Rows that are part of the first answer, which travels with the widget's state."""

_FIRST = 48
"""Thumbnails in it."""


class Column(NamedTuple):
    """A column of a table. The browser lists the same columns in the same order: shared/wall/rows.ts."""

    name: str
    """The attribute of the table."""

    dtype: DTypeLike
    editable: bool = False
    """Whether gestures change it: news of changes are about these columns alone."""


class Table(Protocol):
    """What is known of the items, one row for each, with an array for each column as an attribute."""

    def __len__(self) -> int:
        """Count the rows."""

    def names(self) -> AbstractSet[str]:
        """Return what statements call the rows."""

    def rows(self, names: Iterable[str]) -> list[int]:
        """Return the rows that statements call by some names; names of others are left out."""

    def digest(self, count: int) -> str:
        """Name the first rows: two tables with this name in common agree on what gestures say about them."""


class RowsWidget(WallWidget):
    """A wall of rows. A subclass gives the table and its columns, and says what its gestures mean.

    The browser keeps a copy of the table, which it reads in chunks. Each change has a revision: the browser
    is told the editable columns of the rows that have changed, and reads everything again where it has missed
    a revision, or where there is too much to tell.

    A gesture is ``{kind, action, rows, count}``: `action` names it, so that it is carried out once however
    often it is sent, and `rows` is the digest of the first `count` rows, so that one that the browser has
    kept for another widget is left to that one. ``undo`` and ``redo`` may name, as ``of``, the action that
    they take back. All others have ``items``, see `selected_items`, and whatever `_statements` needs.

    Parameters
    ----------
    table
        The rows.
    columns
        Their columns, as attributes of the table.
    picture
        Returns a row's image: see `Thumbnails`.
    source
        The source of the statements: see `ig_widgets.data.log.sources`.
    operations
        What else the browser may ask for, by name: see `Messages`.
    log, annotator, note, next_step, on_close
        See `WallWidget`.
    """

    def __init__(
        self,
        table: Table,
        columns: Sequence[Column],
        picture: Callable[[int], Pixels],
        *,
        source: str,
        operations: Mapping[str, Operation] | None = None,
        log: AnnotationLog | None = None,
        annotator: str = "me",
        note: Note = "",
        next_step: str = "",
        on_close: Iterable[Callable[[], None]] = (),
    ) -> None:
        self._table = table
        self._columns = tuple(columns)
        self._source = source
        self._lock = threading.RLock()
        self._revision = 0
        super().__init__(
            picture,
            {**(operations or {}), "columns": self._read, "act": self._act},
            log=log,
            annotator=annotator,
            note=note,
            next_step=next_step,
            on_close=on_close,
        )

    def _facts(self) -> dict[str, Any]:
        """Return what the browser is told at first, besides what it is told of every table of rows."""
        return {}

    def _news(self) -> dict[str, Any]:
        """Return what the browser is told with every revision, besides the columns."""
        return {}

    def _statements(self, rows: Sequence[int], gesture: Mapping[str, Any]) -> Mapping[int, Mapping[str, Any]]:
        """Return what a gesture says, by row. A row about which it says nothing new is left out."""
        raise NotImplementedError

    def _recall(self, rows: Sequence[int]) -> None:
        """Set the editable columns of some rows to what the log says."""
        raise NotImplementedError

    def _carry_out(self, rows: Sequence[int], gesture: Mapping[str, Any]) -> Sequence[int]:
        """Append what a gesture says about some rows; return the rows about which it says something."""
        action = gesture["action"]
        done = self._session.log.touched(action)
        if done:  # its answer was lost, and it comes again
            return self._table.rows(done)
        said = self._statements(rows, gesture)
        self._session.log.append(
            said.values(), annotator=self._session.annotator, source=self._source, action=action
        )
        return list(said)

    def _own(self, read: Callable[..., pd.DataFrame]) -> pd.DataFrame:
        """Return what this annotator has said about these rows, as a method of the log reads it."""
        said = read(annotator=self._session.annotator, source=self._source)
        with self._lock:
            return said[said["image"].isin(self._table.names())]

    def _hello(self) -> tuple[dict[str, Any], list[bytes]]:
        with self._lock:
            told, _ = super()._hello()
            count = len(self._table)
            rows = {"rows": self._table.digest(count), **self._facts(), **self._known()}
            if count > _FEW:
                return {**told, **rows, "sheet": None}, []
            sheet, jpeg = self._first_sheet
            return {**told, **rows, "sheet": sheet}, [*self._chunks(0), jpeg]

    def _read(self, *, start: int) -> tuple[dict[str, Any], list[bytes]]:
        """Return the columns of the rows from `start` on, at most `CHUNK`."""
        with self._lock:
            return self._known(), self._chunks(start)

    def _act(self, *, gesture: Mapping[str, Any]) -> tuple[dict[str, Any], list[bytes]]:
        with self._lock:
            # the browser keeps what was not saved for whichever widget comes next: it may have other rows
            if "of" not in gesture and not self._knows(gesture):
                return {"elsewhere": True}, []
            if gesture["kind"] in {"undo", "redo"}:
                said = {"annotator": self._session.annotator, "source": self._source}
                names = take_back(self._session.log, gesture, **said, images=self._table.names())
                rows = self._table.rows(names)
                touched: Sequence[int] = rows
            else:
                rows = selected_items(gesture["items"], len(self._table))
                touched = self._carry_out(rows, gesture)
            self._recall(touched)
            self._tell(rows)
        self._session.refresh()
        return {"touched": len(touched)}, []

    def _knows(self, gesture: Mapping[str, Any]) -> bool:
        count: int = gesture["count"]
        return count <= len(self._table) and gesture["rows"] == self._table.digest(count)

    def _tell(self, rows: Sequence[int]) -> None:
        """Tell all views what is known of some rows now."""
        self._revision += 1
        told = {"revision": self._revision, **self._news()}
        listed = np.asarray(rows, np.int32)
        if len(listed) > CHUNK:
            self.send({"news": {"changed": {**told, "all": True}}})
            return
        columns = [self._column(column)[listed].tobytes() for column in self._columns if column.editable]
        self.send({"news": {"changed": told}}, [listed.tobytes(), *columns])

    def _tell_growth(self) -> None:
        """Tell all views that there are more rows now."""
        self._revision += 1
        count = len(self._table)
        self.send({"news": {"grown": {"count": count, "rows": self._table.digest(count)}}})

    @cached_property
    def _first_sheet(self) -> tuple[dict[str, Any], bytes]:
        """Thumbnails of the items that are shown first: they are there before the kernel answers."""
        return self._thumbnails.first_sheet(self._first_items()[:_FIRST].tolist())

    def _first_items(self) -> NDArray[np.integer]:
        """Return the items in the order in which they are shown at first."""
        return np.arange(len(self._table))

    def _known(self) -> dict[str, Any]:
        return {"revision": self._revision, "count": len(self._table), **self._news()}

    def _chunks(self, start: int) -> list[bytes]:
        return [chunk(self._column(column), start) for column in self._columns]

    def _column(self, column: Column) -> NDArray[Any]:
        return np.asarray(getattr(self._table, column.name), column.dtype)


def chunk(column: NDArray[Any], start: int) -> bytes:
    """Return the values of a column from `start` on, at most `CHUNK`."""
    return np.ascontiguousarray(column[start : start + CHUNK]).tobytes()
