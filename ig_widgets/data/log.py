"""The log of everything that people say about images."""

import uuid
import weakref
from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Self

import pandas as pd
from sqlalchemy import Connection, Row, Select, func, or_, select
from sqlalchemy.exc import DBAPIError

from ig_widgets.data.annotations import BOX, COLUMNS, annotations_frame
from ig_widgets.data.forking import ForkGate
from ig_widgets.data.replay import action_to_redo, action_to_undo, in_force
from ig_widgets.data.rows import complete_targets, images_of, insert_rows, said_before
from ig_widgets.data.schema import STATEMENTS, LogError, open_database, reason, take_turn
from ig_widgets.data.statements import check_text, statement_row

_READ = ("key", "action", "kind", "target", *COLUMNS)


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
            ``deletes`` and perhaps ``key, image``. ``key`` is a name of your own for the statement, unique in
            the log; ``replaces`` and ``deletes`` are keys of earlier statements about the same image, in the
            log or in this call. A box is in pixels of the full-resolution image.
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
        return self._retract(action_to_undo, annotator, source, images, action)

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
        return self._retract(action_to_redo, annotator, source, images, action)

    def current(
        self, image: str | None = None, annotator: str | None = None, source: str | None = None
    ) -> pd.DataFrame:
        """Return the statements in force.

        Parameters
        ----------
        image, annotator, source
            Only statements about this image, by this person, from this place. Asking for one image is fast
            however long the log is.

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
        with self._transaction(writing=False) as connection:
            rows = connection.execute(query).all()
        kept = [
            row
            for row, holds in zip(rows, in_force(rows), strict=True)
            if holds
            and row.kind == "say"
            and annotator in {None, row.annotator}
            and source in {None, row.source}
        ]
        return _frame(kept)

    @property
    def annotations(self) -> pd.DataFrame:
        """All statements in force: the columns of `COLUMNS` in the order of saying, indexed by key."""
        return self.current()

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
            delete, undo``), ``action`` (what was said in one call shares it), ``target`` (the key that was
            replaced or deleted, or the action that was undone) and ``in_force``. The index, named
            ``statement``, holds the keys.
        """
        with self._transaction(writing=False) as connection:
            rows = connection.execute(_select(image)).all()
        frame = _frame(rows)
        for name in ("kind", "action", "target"):
            frame[name] = pd.Series([getattr(row, name) for row in rows], frame.index, dtype="str")
        frame["in_force"] = pd.Series(in_force(rows), frame.index, dtype="bool")
        return frame

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
        find: Callable[[Connection, str, str | None, frozenset[str] | None], str | None],
        annotator: str,
        source: str | None,
        images: Collection[str] | None,
        name: str | None,
    ) -> list[str]:
        check_text(annotator, "annotator")
        if isinstance(images, str):
            raise TypeError(f"images is the text {images!r}; give a list of image ids")
        scope = None if images is None else frozenset(images)
        with self._transaction(writing=True) as connection:
            done = images_of(connection, name) if name is not None else {}
            if done:
                return list(done)
            action = find(connection, annotator, source, scope)
            if action is None:
                return []
            touched = images_of(connection, action)
            nothing = dict.fromkeys(("label", "present", *BOX))
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


def _select(image: str | None) -> Select[Any]:
    query = select(*(STATEMENTS.c[name] for name in _READ)).order_by(STATEMENTS.c.seq)
    return query if image is None else query.where(STATEMENTS.c.image == image)


def _frame(rows: Sequence[Row[Any]]) -> pd.DataFrame:
    first = len(_READ) - len(COLUMNS)
    frame = annotations_frame(dict(zip(COLUMNS, row[first:], strict=True)) for row in rows)
    frame.index = pd.Index([row.key for row in rows], dtype="str", name="statement")
    return frame
