"""`AnnotationLog`: an append-only log of annotations, verdicts and comments in a database."""

import uuid
import weakref
from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple, Self

import numpy as np
import pandas as pd
from sqlalchemy import Connection, Select, func, or_, select
from sqlalchemy.exc import DBAPIError

from ig_widgets.data.annotations import BOX, COLUMNS, cast_columns
from ig_widgets.data.errors import LogError
from ig_widgets.data.log.checks import check_text, parse_statement
from ig_widgets.data.log.forking import ForkGate
from ig_widgets.data.log.replay import action_in_force, action_to_redo, action_to_undo, in_force
from ig_widgets.data.log.rows import complete_targets, find_images, insert_rows, is_resent
from ig_widgets.data.log.schema import STATEMENTS, open_database, reason, take_turn

_VERDICTS = ("verdict", "proposal")
_READ = ("seq", "key", "action", "kind", "target", "comment", *COLUMNS)
_CHUNK = 2000
"""Number of rows read at a time."""


class Snapshot(NamedTuple):
    """All that was in force at one moment."""

    annotations: pd.DataFrame
    """As `AnnotationLog.annotations`."""

    verdicts: pd.DataFrame
    """As `AnnotationLog.verdicts`."""

    comments: pd.DataFrame
    """As `AnnotationLog.comments`."""

    revision: int
    """As `AnnotationLog.revision` if all images were read; a later read may see a newer one."""


class AnnotationLog:
    """An append-only log of statements, in an SQLite file or a PostgreSQL database.

    Rows are never changed or removed: moving a box, deleting it, undo and redo append rows, and the log
    replays them to find the statements in force. When a method that writes returns, its statements are on
    disk, and survive a crash of the program or the machine. Several people, processes and threads may use
    one log at the same time, and a log may be used after a fork.

    Parameters
    ----------
    where
        Path of an SQLite file, which is created if it does not exist, or a SQLAlchemy URL such as
        ``postgresql+pg8000://user:password@host/database``. Keep an SQLite file on a local disk, because its
        write-ahead log does not work on network file systems; teams on several machines need PostgreSQL.
        Other databases that SQLAlchemy supports are accepted but not tested.

    Attributes
    ----------
    id : str
        A unique identifier, assigned when the log is created.
    where : str
        The path or URL, without a password.

    Raises
    ------
    LogError
        If the database cannot be opened or is not an annotation log; it is left unchanged. Every method
        raises it when the database fails; the statements of that call are then not saved.

    Examples
    --------
    >>> import tempfile
    >>> folder = tempfile.TemporaryDirectory()
    >>> with AnnotationLog(folder.name + "/annotations.db") as log:
    ...     _ = log.append([{"image": "a.png", "label": "crack", "present": True}], annotator="ada")
    ...     _ = log.append([{"image": "b.png", "label": "crack", "present": False}], annotator="ada")
    ...     _ = log.undo("ada")
    ...     log.annotations["image"].tolist()
    ['a.png']
    >>> folder.cleanup()
    """

    def __init__(self, where: str | Path = "annotations.db") -> None:
        self._engine, self.where, self.id = open_database(where)
        self._gate = ForkGate(self._engine.dispose)
        self._closed = False
        weakref.finalize(self, self._engine.dispose)

    def append(
        self,
        statements: Iterable[Mapping[str, Any]],
        *,
        annotator: str,
        source: str = "python",
        action: str | None = None,
    ) -> list[str]:
        """Append statements; they are on disk when the method returns.

        Parameters
        ----------
        statements
            Mappings of one of four kinds (optional keys in brackets):

            - an annotation: ``image`` [``label, present, x, y, width, height, key, replaces``];
            - a deletion: ``deletes`` [``image, key``];
            - a comment, which is text: ``comment, image`` [``label, x, y, width, height, key``], see
              `comments`;
            - a verdict, True or False: ``verdict, image`` [``label, x, y, width, height, key, replaces,
              proposed``], see `verdicts`; ``proposed`` is True for a box that the reviewer drew.

            ``key`` is an identifier of your choice, unique in the log; ``replaces`` and ``deletes`` are keys
            of earlier statements about the same image, in the log or in this call. Boxes are in pixels of the
            full-resolution image.
        annotator
            Name of the annotator.
        source
            Where the statements were made, such as the name of a widget.
        action
            An identifier of your choice for the action, unique in the log. All statements of one call form
            one action, and are undone together.

        Returns
        -------
        list of str
            The key of each statement, in order. Appending statements again with the same keys adds nothing
            and returns the same list, so it is safe to retry after a lost reply.

        Raises
        ------
        ValueError
            If a statement is malformed, has an unknown target, or reuses a key or an action for other
            statements. Nothing is saved.
        LogError
            If the database fails. Nothing is saved.
        """
        check_text(annotator, "annotator")
        check_text(source, "source")
        if action is not None:
            check_text(action, "action")
        rows = [parse_statement(statement, f"statement {i}") for i, statement in enumerate(statements)]
        if not rows:
            return []
        provenance = {
            "annotator": annotator,
            "source": source,
            "action": action or uuid.uuid4().hex,
            "at": _now(),
        }
        rows = [row | provenance for row in rows]
        with self._transaction(writing=True) as connection:
            complete_targets(connection, rows)
            if not is_resent(connection, rows, action):
                insert_rows(connection, rows)
        return [row["key"] for row in rows]

    def extend(self, annotations: pd.DataFrame, *, source: str | None = None) -> int:
        """Append a whole annotations DataFrame, for instance one that was read from a file.

        Either all rows are saved or none. The rows of one annotator and source form one action. Appending the
        same DataFrame twice duplicates its statements.

        Parameters
        ----------
        annotations
            The columns ``image, annotator`` and any others of `COLUMNS`. Times in ``at`` are kept (UTC unless
            they have a time zone); a missing time becomes the current one.
        source
            Replaces the column ``source``. Without either, the source is ``"import"``.

        Returns
        -------
        int
            The number of statements.

        Raises
        ------
        ValueError
            If a column is unknown or missing, or a row is malformed. Nothing is saved.
        LogError
            If the database fails. Nothing is saved.
        """
        unknown = [str(name) for name in annotations.columns if name not in COLUMNS]
        missing = [name for name in ("image", "annotator") if name not in annotations.columns]
        if unknown or missing:
            raise ValueError(
                (f"the annotations have the unknown column {unknown[0]!r}" if unknown else "")
                + (" and " if unknown and missing else "")
                + (f"the annotations lack the column {missing[0]!r}" if missing else "")
                + f"; the columns are {', '.join(COLUMNS)}"
            )
        origins = annotations.reindex(columns=["annotator", "source"]).astype("object")
        origins["source"] = source if source is not None else origins["source"].fillna("import")
        times = pd.to_datetime(
            annotations["at"] if "at" in annotations else pd.Series(pd.NaT, annotations.index), utc=True
        )
        records = annotations.drop(columns=["annotator", "source", "at"], errors="ignore").to_dict("records")
        actions: defaultdict[tuple[str, str], str] = defaultdict(lambda: uuid.uuid4().hex)
        rows = []
        for i, (statement, by, via, at) in enumerate(
            zip(records, origins["annotator"], origins["source"], times, strict=True)
        ):
            row = parse_statement({str(key): value for key, value in statement.items()}, f"row {i}")
            check_text(by, f"row {i} (image {row['image']!r}): annotator")
            check_text(via, f"row {i} (image {row['image']!r}): source")
            row["action"] = actions[by, via]
            row["at"] = _now() if pd.isna(at) else at.tz_localize(None).to_pydatetime(warn=False)
            rows.append(row | {"annotator": by, "source": via})
        if rows:
            with self._transaction(writing=True) as connection:
                insert_rows(connection, rows)
        return len(rows)

    def undo(
        self,
        annotator: str,
        *,
        source: str | None = None,
        images: Collection[str] | None = None,
        action: str | None = None,
    ) -> list[str]:
        """Retract the annotator's last action in force.

        Parameters
        ----------
        annotator
            Name of the annotator. Actions of others are never undone.
        source
            Consider only actions from this source.
        images
            Consider only actions that concern no images but these.
        action
            An identifier of your choice for this undo: a repeated call with it has no effect.

        Returns
        -------
        list of str
            The ids of the images that the action concerned; empty if there is nothing to undo.
        """
        find = partial(action_to_undo, source=source, scope=_parse_scope(images))
        return self._retract(find, annotator, action)

    def redo(
        self,
        annotator: str,
        *,
        source: str | None = None,
        images: Collection[str] | None = None,
        action: str | None = None,
    ) -> list[str]:
        """Take back the annotator's last undo, unless the annotator has made a new statement since.

        Parameters
        ----------
        annotator
            Name of the annotator.
        source
            Consider only actions from this source; later statements from other sources do not prevent a redo.
        images
            Consider only actions that concern no images but these; later statements about other images do not
            prevent a redo.
        action
            An identifier of your choice for this redo: a repeated call with it has no effect.

        Returns
        -------
        list of str
            The ids of the images that the action concerns; empty if there is nothing to redo.
        """
        find = partial(action_to_redo, source=source, scope=_parse_scope(images))
        return self._retract(find, annotator, action)

    def retract(self, target: str, annotator: str, *, action: str | None = None) -> list[str]:
        """Retract a given action of the annotator, regardless of later statements.

        Parameters
        ----------
        target
            The action. If it is an undo, this is a redo.
        annotator
            Name of the annotator. Actions of others are never undone.
        action
            An identifier of your choice for this undo: a repeated call with it has no effect.

        Returns
        -------
        list of str
            The ids of the images that the action concerned; empty if the annotator has no such action in
            force.
        """
        return self._retract(partial(action_in_force, target=target), annotator, action)

    def touched(self, action: str) -> list[str]:
        """Return the ids of the images that an action concerned; empty if the log has no such action."""
        with self._transaction(writing=False) as connection:
            return list(find_images(connection, action))

    def current(
        self,
        image: str | Collection[str] | None = None,
        annotator: str | None = None,
        source: str | None = None,
    ) -> pd.DataFrame:
        """Return the statements in force.

        Parameters
        ----------
        image, annotator, source
            Select the statements about one image (or several, a few hundred at most), by one annotator, from
            one source. Selecting few images is fast however long the log is.

        Returns
        -------
        DataFrame
            The columns of `COLUMNS` in the order of appending; the index, named ``statement``, holds the
            keys.
        """
        query = _select(image)
        # rows with a target are needed from all annotators: they put statements out of force
        for column, value in ((STATEMENTS.c.annotator, annotator), (STATEMENTS.c.source, source)):
            if value is not None:
                query = query.where(or_(column == value, STATEMENTS.c.target.is_not(None)))
        return cast_columns(_filter(_keep_in_force(self._read(query), ("say",)), annotator, source))

    @property
    def annotations(self) -> pd.DataFrame:
        """All statements in force: the columns of `COLUMNS` in the order of appending, indexed by key."""
        return self.current()

    def comments(self, image: str | None = None) -> pd.DataFrame:
        """Return the comments on images and boxes that are in force.

        Parameters
        ----------
        image
            Select the comments on one image.

        Returns
        -------
        DataFrame
            ``image, annotator, label, x, y, width, height, source, at, comment`` in the order of appending;
            the index, named ``statement``, holds the keys.
        """
        return _to_comments(_keep_in_force(self._read(_select_kinds(("comment",), image)), ("comment",)))

    def verdicts(
        self,
        image: str | Collection[str] | None = None,
        annotator: str | None = None,
        source: str | None = None,
    ) -> pd.DataFrame:
        """Return the verdicts in force: decisions of reviewers about boxes and patterns.

        Parameters
        ----------
        image, annotator, source
            Select the verdicts about one image or pattern (or several, a few hundred at most), by one
            annotator, from one source.

        Returns
        -------
        DataFrame
            The columns of `COLUMNS` in the order of appending, where ``present`` is True for accepted and
            False for rejected, and ``proposed``, True for boxes that a reviewer drew; the index, named
            ``statement``, holds the keys.
        """
        rows = _keep_in_force(self._read(_select_kinds(_VERDICTS, image)), _VERDICTS)
        return _to_verdicts(_filter(rows, annotator, source))

    def snapshot(self, image: str | None = None) -> Snapshot:
        """Return annotations, verdicts and comments in force at one moment, from a single query.

        Parameters
        ----------
        image
            Select the statements about one image.
        """
        rows = self._read(_select(image))
        return Snapshot(
            cast_columns(_keep_in_force(rows, ("say",))),
            _to_verdicts(_keep_in_force(rows, _VERDICTS)),
            _to_comments(_keep_in_force(rows, ("comment",))),
            int(rows["seq"].iloc[-1]) if len(rows) else 0,
        )

    def history(self, image: str) -> pd.DataFrame:
        """Return the complete history of an image.

        Parameters
        ----------
        image
            The id of the image.

        Returns
        -------
        DataFrame
            One row per row of the log, oldest first: the columns of `COLUMNS`, then ``kind`` (``say, delete,
            comment, verdict, proposal, undo``), ``action`` (shared by the statements of one call), ``target``
            (the key that was replaced or deleted, or the action that was undone), ``comment`` and
            ``in_force``. The index, named ``statement``, holds the keys.
        """
        rows = self._read(_select(image))
        more = rows[["kind", "action", "target", "comment"]].astype("str")
        return cast_columns(rows).join(more).assign(in_force=rows["in_force"])

    @property
    def revision(self) -> int:
        """A number that grows with every row: as long as it is the same, nothing has changed."""
        with self._transaction(writing=False) as connection:
            return connection.execute(select(func.max(STATEMENTS.c.seq))).scalar() or 0

    def close(self) -> None:
        """Close the database. A closed log cannot be used again; closing it twice is harmless."""
        self._closed = True
        self._engine.dispose()

    def __enter__(self) -> Self:
        """Return the log itself."""
        return self

    def __exit__(self, *_error: object) -> None:
        """Close the log."""
        self.close()

    def __repr__(self) -> str:
        """Return the call that opens the log again, without a password."""
        return f"AnnotationLog({self.where!r})"

    def _read(self, query: Select[Any]) -> pd.DataFrame:
        """Return rows as they are in the database, indexed by key, with a column ``in_force``."""
        columns: dict[str, list[Any]] = {name: [] for name in _READ}
        with self._transaction(writing=False) as connection:
            # in chunks: all rows at once are so many long-lived objects that Python's garbage collector
            # would be busy for as long as the query runs
            for rows in connection.execute(query).partitions(_CHUNK):
                for values, chunk in zip(columns.values(), zip(*rows, strict=True), strict=True):
                    values.extend(chunk)
        index = pd.Index(columns["key"], dtype="str", name="statement")
        flags = in_force(columns["key"], columns["action"], columns["kind"], columns["target"])
        return pd.DataFrame(columns, index, dtype="object").assign(in_force=np.array(flags, dtype=bool))

    @contextmanager
    def _transaction(self, *, writing: bool) -> Iterator[Connection]:
        if self._closed:
            raise LogError(f"the annotation log {self.where} is closed; open it again with {self!r}")
        try:
            with (
                self._gate,
                self._engine.connect().execution_options(writing=writing) as connection,
                connection.begin(),
            ):
                if writing:
                    take_turn(connection)
                yield connection
        except DBAPIError as error:
            why = reason(error)
            if writing:
                raise LogError(
                    f"not saved: the annotation log {self.where} could not be written ({why})"
                ) from error
            raise LogError(f"the annotation log {self.where} could not be read ({why})") from error

    def _retract(
        self,
        find: Callable[[Connection, str], str | None],
        annotator: str,
        name: str | None,
    ) -> list[str]:
        check_text(annotator, "annotator")
        with self._transaction(writing=True) as connection:
            retracted = find_images(connection, name) if name is not None else {}
            if retracted:  # by an earlier call with this name
                return list(retracted)
            action = find(connection, annotator)
            if action is None:
                return []
            images = find_images(connection, action)
            empty = dict.fromkeys(("label", "present", *BOX, "comment"))
            undo = {
                "action": name or uuid.uuid4().hex,
                "kind": "undo",
                "target": action,
                "annotator": annotator,
                "at": _now(),
            }
            # one row per image, so that the rows of an image are enough to replay its history
            rows = [
                empty | undo | {"key": uuid.uuid4().hex, "image": image, "source": via}
                for image, via in images.items()
            ]
            insert_rows(connection, rows)
        return list(images)


def _now() -> datetime:
    return datetime.now(UTC).replace(tzinfo=None)


def _parse_scope(images: Collection[str] | None) -> frozenset[str] | None:
    if isinstance(images, str):
        raise TypeError(f"images is the string {images!r}; give a list of image ids")
    return None if images is None else frozenset(images)


def _select(image: str | Collection[str] | None) -> Select[Any]:
    query = select(*(STATEMENTS.c[name] for name in _READ)).order_by(STATEMENTS.c.seq)
    if image is None:
        return query
    column = STATEMENTS.c.image
    return query.where(column == image if isinstance(image, str) else column.in_(image))


def _select_kinds(kinds: Sequence[str], image: str | Collection[str] | None) -> Select[Any]:
    return _select(image).where(or_(STATEMENTS.c.kind.in_(kinds), STATEMENTS.c.target.is_not(None)))


def _keep_in_force(rows: pd.DataFrame, kinds: Sequence[str]) -> pd.DataFrame:
    return rows[rows["in_force"] & rows["kind"].isin(kinds)]


def _filter(rows: pd.DataFrame, annotator: str | None, source: str | None) -> pd.DataFrame:
    for name, value in (("annotator", annotator), ("source", source)):
        if value is not None:
            rows = rows[rows[name] == value]
    return rows


def _to_comments(rows: pd.DataFrame) -> pd.DataFrame:
    return cast_columns(rows).drop(columns="present").assign(comment=rows["comment"].astype("str"))


def _to_verdicts(rows: pd.DataFrame) -> pd.DataFrame:
    return cast_columns(rows).assign(proposed=(rows["kind"] == "proposal").astype("bool"))
