"""SQL queries on the statements table: insertion, lookup by key or action, and walks back in time.

Rows are only ever inserted. Statements made in one call share an ``action``; an undo is a row of its own
action whose ``target`` is the action it retracts (`replay` draws the picture).
"""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from sqlalchemy import Connection, Row, insert, select

from ig_widgets.data.annotations import BOX
from ig_widgets.data.log.schema import STATEMENTS

_CONTENT = ("kind", "target", "image", "annotator", "label", "present", *BOX, "source", "comment")

_REPLACEABLE = ("say", "verdict", "proposal", "comment")

_CHUNK = 500
"""Rows or values per query; databases limit the number of values."""


class Step(NamedTuple):
    """The columns of a row that undo and redo need."""

    action: str
    kind: str
    target: str | None
    image: str


def insert_rows(connection: Connection, rows: Sequence[Mapping[str, Any]]) -> None:
    """Append rows, numbered in the given order."""
    query = insert(STATEMENTS)
    if connection.dialect.name == "postgresql":
        # with RETURNING, SQLAlchemy sends many rows at a time and numbers them in the given order
        query = query.returning(STATEMENTS.c.seq, sort_by_parameter_order=True)
    connection.execute(query, rows)


def complete_targets(connection: Connection, rows: Sequence[dict[str, Any]]) -> None:
    """Check that all targets exist, and set the image of each deletion to that of its target.

    Raises
    ------
    ValueError
        If a target is neither in the log nor in an earlier row, or belongs to another image.
    """
    images = {
        row.key: row.image
        for row in _find_rows(connection, [row["target"] for row in rows if row["target"]]).values()
        if row.kind in _REPLACEABLE
    }
    for i, row in enumerate(rows):
        if row["target"]:
            verb = "deletes" if row["kind"] == "delete" else "replaces"
            image = images.get(row["target"])
            if image is None:
                raise ValueError(
                    f"statement {i} {verb} {row['target']!r}, but no statement has this key; "
                    "give the key of an earlier statement"
                )
            if row["image"] not in {None, image}:
                raise ValueError(
                    f"statement {i} is about image {row['image']!r} but {verb} a statement about image "
                    f"{image!r}; both must be about the same image"
                )
            row["image"] = image
        if row["kind"] in _REPLACEABLE:
            images[row["key"]] = row["image"]


def is_resent(connection: Connection, rows: Sequence[Mapping[str, Any]], action: str | None) -> bool:
    """Return whether these rows are already in the log, so that they must not be inserted again.

    Raises
    ------
    ValueError
        If a key or the action is in use for other statements.
    """
    keys = [row["key"] for row in rows]
    if len(set(keys)) < len(keys):
        twice = Counter(keys).most_common(1)[0][0]
        raise ValueError(f"the key {twice!r} is given to two statements of one call; give each its own key")
    logged = _find_rows(connection, keys)
    for i, row in enumerate(rows):
        old = logged.get(row["key"])
        if old is not None and any(row[name] != getattr(old, name) for name in _CONTENT):
            raise ValueError(
                f"the key {row['key']!r} of statement {i} is in use for another statement; choose a new key"
            )
    if not logged and (action is None or not find_images(connection, action)):
        return False
    if len(logged) < len(rows) or any(action not in {None, old.action} for old in logged.values()):
        raise ValueError(
            "some of these statements are new, but their action or other statements of this call are already "
            "in the log; resend an action unchanged, or give new statements a new action"
        )
    return True


def find_images(connection: Connection, action: str) -> dict[str, str]:
    """Return the images that an action concerns, in order, each with the source of its row."""
    query = (
        select(STATEMENTS.c.image, STATEMENTS.c.source)
        .where(STATEMENTS.c.action == action)
        .order_by(STATEMENTS.c.seq)
    )
    return {row.image: row.source for row in connection.execute(query)}


def find_annotators(connection: Connection, action: str) -> set[str]:
    """Return the annotator of an action as a set of one name; empty when the log has no such action."""
    query = select(STATEMENTS.c.annotator).where(STATEMENTS.c.action == action).distinct()
    return set(connection.execute(query).scalars())


def find_undos(connection: Connection, action: str) -> set[str]:
    """Return the actions that undo an action."""
    query = select(STATEMENTS.c.action).where(STATEMENTS.c.target == action, STATEMENTS.c.kind == "undo")
    return set(connection.execute(query).scalars())


def is_undo(connection: Connection, action: str) -> bool:
    """Return whether an action is an undo."""
    query = select(STATEMENTS.c.kind).where(STATEMENTS.c.action == action).limit(1)
    return connection.execute(query).scalar() == "undo"


def walk_backwards(connection: Connection, annotator: str, source: str | None) -> Iterator[Step]:
    """Yield the annotator's rows from the last to the first, reading only as far as the caller iterates."""
    query = select(*(STATEMENTS.c[name] for name in ("seq", *Step._fields)))
    query = query.where(STATEMENTS.c.annotator == annotator)
    if source is not None:
        query = query.where(STATEMENTS.c.source == source)
    query = query.order_by(STATEMENTS.c.seq.desc()).limit(_CHUNK)
    rows = connection.execute(query).all()
    while rows:
        for row in rows:
            yield Step(row.action, row.kind, row.target, row.image)
        rows = connection.execute(query.where(STATEMENTS.c.seq < rows[-1].seq)).all()


def _find_rows(connection: Connection, keys: Sequence[str]) -> dict[str, Row[Any]]:
    rows: dict[str, Row[Any]] = {}
    for i in range(0, len(keys), _CHUNK):
        query = select(STATEMENTS).where(STATEMENTS.c.key.in_(keys[i : i + _CHUNK]))
        rows |= {row.key: row for row in connection.execute(query)}
    return rows
