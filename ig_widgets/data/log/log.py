"""The log of everything that people say about images."""

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

from ig_widgets.data.annotations import BOX, COLUMNS, typed
from ig_widgets.data.errors import LogError
from ig_widgets.data.log.checks import check_text, statement_row
from ig_widgets.data.log.forking import ForkGate
from ig_widgets.data.log.replay import action_in_force, action_to_redo, action_to_undo, in_force
from ig_widgets.data.log.rows import complete_targets, images_of, insert_rows, said_before
from ig_widgets.data.log.schema import STATEMENTS, open_database, reason, take_turn

_VERDICTS = ("verdict", "proposal")
_READ = ("seq", "key", "action", "kind", "target", "comment", *COLUMNS)
_CHUNK = 2000
"""Rows that are read at once."""


class Snapshot(NamedTuple):
    """Everything that was in force at one moment."""

    annotations: pd.DataFrame
    """As `AnnotationLog.annotations`."""

    verdicts: pd.DataFrame
    """As `AnnotationLog.verdicts`."""

    comments: pd.DataFrame
    """As `AnnotationLog.comments`."""

    revision: int
    """As `AnnotationLog.revision` if all images were read; what is read later may be newer."""


class AnnotationLog:
    """An append-only store of statements, in an SQLite file or a PostgreSQL database.

    Nothing is ever changed or removed: moving a box, deleting it, undo and redo append rows, and what is in
    force is worked out from all of them. When a method that writes returns, the statements are on disk; a
    crash of the program or of the machine does not lose them. Several people, processes and threads may use
    one log at once, and a log may be used after a fork.

    Parameters
    ----------
    where
        Path of an SQLite file, which is made when it does not exist, or a SQLAlchemy URL such as
        ``postgresql+pg8000://user:password@host/database``. Put an SQLite file on a local disk: its
        write-ahead log does not work on network file systems; a team on several machines uses PostgreSQL.
        Other databases that SQLAlchemy knows are accepted too, but only these two are tested.

    Attributes
    ----------
    id : str
        Made when the log was made; two logs never share it.
    where : str
        The place in words, without a password.

    Raises
    ------
    LogError
        If the place cannot be opened or holds something else than a log; it is left as it was. Every method
        raises it when the database fails; after that a statement was not saved.

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
        """Say something; on return it is on disk.

        Parameters
        ----------
        statements
            Mappings with ``image`` and any of ``label, present, x, y, width, height, key, replaces``, or with
            ``deletes`` and perhaps ``key, image``. No annotations are a text ``comment`` with ``image`` and
            perhaps ``label``, a box and ``key`` (see `comments`), and a ``verdict``, True or False, with
            ``image`` and perhaps ``label``, a box, ``key, replaces`` and ``proposed``, True for a box of a
            reviewer's own (see `verdicts`). ``key`` is a name of your own for the statement, unique in the
            log; ``replaces`` and ``deletes`` are keys of earlier statements about the same image, in the log
            or in this call. A box is in pixels of the full-resolution image.
        annotator
            Who says it.
        source
            Where it was said, such as the name of a widget.
        action
            A name of your own for the gesture, unique in the log. All statements of one call are one action,
            and are undone together.

        Returns
        -------
        list of str
            The key of each statement, in order. Sending statements a second time with the same keys adds
            nothing and returns the same, so that one whose answer was lost can be sent again.

        Raises
        ------
        ValueError
            If a statement is not well-formed, names an unknown target, or uses a key or an action again for
            something else. Then nothing is saved.
        LogError
            If the database fails. Then nothing is saved.
        """
        check_text(annotator, "annotator")
        check_text(source, "source")
        if action is not None:
            check_text(action, "action")
        rows = [statement_row(statement, f"statement {i}") for i, statement in enumerate(statements)]
        if not rows:
            return []
        spoken = {
            "annotator": annotator,
            "source": source,
            "action": action or uuid.uuid4().hex,
            "at": _now(),
        }
        rows = [row | spoken for row in rows]
        with self._transaction(writing=True) as connection:
            complete_targets(connection, rows)
            if not said_before(connection, rows, action):
                insert_rows(connection, rows)
        return [row["key"] for row in rows]

    def extend(self, annotations: pd.DataFrame, *, source: str | None = None) -> int:
        """Say a whole annotations DataFrame, for instance one read from a file of another program.

        All of it is saved or nothing. What each annotator says in it is one action (one for each source,
        where the rows have several); saying the same DataFrame again says everything twice.

        Parameters
        ----------
        annotations
            The columns ``image, annotator`` and any other of `COLUMNS`. A time in ``at`` is kept (UTC unless
            it has another zone); where there is none it is now.
        source
            Where it was said, in place of the column ``source``; where neither says it, ``"import"``.

        Returns
        -------
        int
            The number of statements.

        Raises
        ------
        ValueError
            If a column is unknown or missing, or a row is no well-formed statement. Then nothing is saved.
        LogError
            If the database fails. Then nothing is saved.
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
        speaker = annotations.reindex(columns=["annotator", "source"]).astype("object")
        speaker["source"] = source if source is not None else speaker["source"].fillna("import")
        times = pd.to_datetime(
            annotations["at"] if "at" in annotations else pd.Series(pd.NaT, annotations.index), utc=True
        )
        said = annotations.drop(columns=["annotator", "source", "at"], errors="ignore").to_dict("records")
        actions: defaultdict[tuple[str, str], str] = defaultdict(lambda: uuid.uuid4().hex)
        rows = []
        for i, (statement, by, via, at) in enumerate(
            zip(said, speaker["annotator"], speaker["source"], times, strict=True)
        ):
            row = statement_row({str(key): value for key, value in statement.items()}, f"row {i}")
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
            Whose action. Nobody undoes what somebody else did.
        source
            Only actions from there.
        images
            Only actions that are about nothing but these images.
        action
            A name for this undo, made by the caller: asked for twice, it is done once.

        Returns
        -------
        list of str
            The ids of the images that the action was about; empty when there is nothing to undo.
        """
        find = partial(action_to_undo, source=source, scope=_scope(images))
        return self._retract(find, annotator, action)

    def redo(
        self,
        annotator: str,
        *,
        source: str | None = None,
        images: Collection[str] | None = None,
        action: str | None = None,
    ) -> list[str]:
        """Take back the annotator's last undo, unless something was said since.

        Parameters
        ----------
        annotator
            Whose undo.
        source
            Only actions from there; what was said elsewhere since does not matter.
        action
            A name for this redo, made by the caller: asked for twice, it is done once.
        images
            Only actions that are about nothing but these images; what was said about others since does not
            matter.

        Returns
        -------
        list of str
            The ids of the images that the action is about; empty when there is nothing to redo.
        """
        find = partial(action_to_redo, source=source, scope=_scope(images))
        return self._retract(find, annotator, action)

    def retract(self, target: str, annotator: str, *, action: str | None = None) -> list[str]:
        """Retract one action of the annotator, whatever was said since.

        Parameters
        ----------
        target
            The action; of an undo, this is a redo.
        annotator
            Whose action. Nobody undoes what somebody else did.
        action
            A name for this undo, made by the caller: asked for twice, it is done once.

        Returns
        -------
        list of str
            The ids of the images that the action was about; empty when the annotator has no such action in
            force.
        """
        return self._retract(partial(action_in_force, target=target), annotator, action)

    def touched(self, action: str) -> list[str]:
        """Return the ids of the images that an action was about; empty when the log has no such action."""
        with self._transaction(writing=False) as connection:
            return list(images_of(connection, action))

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
            Only statements about this image (or these, a few hundred at most), by this person, from this
            place. Asking for few images is fast however long the log is.

        Returns
        -------
        DataFrame
            The columns of `COLUMNS` in the order of saying; the index, named ``statement``, holds the keys.
        """
        query = _select(image)
        # rows with a target are needed whoever said them: they put statements out of force
        for column, value in ((STATEMENTS.c.annotator, annotator), (STATEMENTS.c.source, source)):
            if value is not None:
                query = query.where(or_(column == value, STATEMENTS.c.target.is_not(None)))
        return typed(_of(_standing(self._read(query), ("say",)), annotator, source))

    @property
    def annotations(self) -> pd.DataFrame:
        """All statements in force: the columns of `COLUMNS` in the order of saying, indexed by key."""
        return self.current()

    def comments(self, image: str | None = None) -> pd.DataFrame:
        """Return what people remarked about images and boxes, as far as it is in force.

        Parameters
        ----------
        image
            Only comments about this image.

        Returns
        -------
        DataFrame
            ``image, annotator, label, x, y, width, height, source, at, comment`` in the order of saying; the
            index, named ``statement``, holds the keys.
        """
        return _comments(_standing(self._read(_of_kind(("comment",), image)), ("comment",)))

    def verdicts(
        self,
        image: str | Collection[str] | None = None,
        annotator: str | None = None,
        source: str | None = None,
    ) -> pd.DataFrame:
        """Return what people decided about boxes and patterns of others, as far as it is in force.

        Parameters
        ----------
        image, annotator, source
            Only verdicts about this image or pattern (or these, a few hundred at most), by this person, from
            this place.

        Returns
        -------
        DataFrame
            The columns of `COLUMNS` in the order of saying, ``present`` True where something was accepted and
            False where it was rejected, and ``proposed``, True where a reviewer drew the box; the index,
            named ``statement``, holds the keys.
        """
        standing = _standing(self._read(_of_kind(_VERDICTS, image)), _VERDICTS)
        return _verdicts(_of(standing, annotator, source))

    def snapshot(self, image: str | None = None) -> Snapshot:
        """Return all that is in force, read at once: the parts are of the same moment.

        Parameters
        ----------
        image
            Only what is about this image.
        """
        rows = self._read(_select(image))
        return Snapshot(
            typed(_standing(rows, ("say",))),
            _verdicts(_standing(rows, _VERDICTS)),
            _comments(_standing(rows, ("comment",))),
            int(rows["seq"].iloc[-1]) if len(rows) else 0,
        )

    def history(self, image: str) -> pd.DataFrame:
        """Return everything that ever happened to an image.

        Parameters
        ----------
        image
            The id of the image.

        Returns
        -------
        DataFrame
            One row for each row of the log, oldest first: the columns of `COLUMNS`, then ``kind`` (``say,
            delete, comment, verdict, proposal, undo``), ``action`` (what was said in one call shares it),
            ``target`` (the key that was replaced or deleted, or the action that was undone), ``comment`` and
            ``in_force``. The index, named ``statement``, holds the keys.
        """
        rows = self._read(_select(image))
        more = rows[["kind", "action", "target", "comment"]].astype("str")
        return typed(rows).join(more).assign(in_force=rows["in_force"])

    @property
    def revision(self) -> int:
        """A number that grows with each row, so that two equal ones mean that nothing has changed."""
        with self._transaction(writing=False) as connection:
            return connection.execute(select(func.max(STATEMENTS.c.seq))).scalar() or 0

    def close(self) -> None:
        """Close the database. A closed log cannot be used again; closing twice does no harm."""
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
        """Return rows as they are in the database, and whether each is in force; the index holds the keys."""
        columns: dict[str, list[Any]] = {name: [] for name in _READ}
        with self._transaction(writing=False) as connection:
            # not all rows at once: as so many objects that live long, they would keep Python's garbage
            # collector busy for as long as the reading takes
            for rows in connection.execute(query).partitions(_CHUNK):
                for values, some in zip(columns.values(), zip(*rows, strict=True), strict=True):
                    values.extend(some)
        index = pd.Index(columns["key"], dtype="str", name="statement")
        holds = in_force(columns["key"], columns["action"], columns["kind"], columns["target"])
        return pd.DataFrame(columns, index, dtype="object").assign(in_force=np.array(holds, dtype=bool))

    @contextmanager
    def _transaction(self, *, writing: bool) -> Iterator[Connection]:
        if self._closed:
            raise LogError(f"the annotation log {self.where} is closed: open it again with {self!r}")
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
            done = images_of(connection, name) if name is not None else {}
            if done:
                return list(done)
            action = find(connection, annotator)
            if action is None:
                return []
            touched = images_of(connection, action)
            nothing = dict.fromkeys(("label", "present", *BOX, "comment"))
            undo = {
                "action": name or uuid.uuid4().hex,
                "kind": "undo",
                "target": action,
                "annotator": annotator,
                "at": _now(),
            }
            # one row for each image, so that the rows about an image say all there is to know about it
            rows = [
                nothing | undo | {"key": uuid.uuid4().hex, "image": image, "source": via}
                for image, via in touched.items()
            ]
            insert_rows(connection, rows)
        return list(touched)


def _now() -> datetime:
    return datetime.now(UTC).replace(tzinfo=None)


def _scope(images: Collection[str] | None) -> frozenset[str] | None:
    if isinstance(images, str):
        raise TypeError(f"images is the text {images!r}; give a list of image ids")
    return None if images is None else frozenset(images)


def _select(image: str | Collection[str] | None) -> Select[Any]:
    query = select(*(STATEMENTS.c[name] for name in _READ)).order_by(STATEMENTS.c.seq)
    if image is None:
        return query
    column = STATEMENTS.c.image
    return query.where(column == image if isinstance(image, str) else column.in_(image))


def _of_kind(kinds: Sequence[str], image: str | Collection[str] | None) -> Select[Any]:
    return _select(image).where(or_(STATEMENTS.c.kind.in_(kinds), STATEMENTS.c.target.is_not(None)))


def _standing(rows: pd.DataFrame, kinds: Sequence[str]) -> pd.DataFrame:
    return rows[rows["in_force"] & rows["kind"].isin(kinds)]


def _of(rows: pd.DataFrame, annotator: str | None, source: str | None) -> pd.DataFrame:
    for name, value in (("annotator", annotator), ("source", source)):
        if value is not None:
            rows = rows[rows[name] == value]
    return rows


def _comments(rows: pd.DataFrame) -> pd.DataFrame:
    return typed(rows).drop(columns="present").assign(comment=rows["comment"].astype("str"))


def _verdicts(rows: pd.DataFrame) -> pd.DataFrame:
    return typed(rows).assign(proposed=(rows["kind"] == "proposal").astype("bool"))
