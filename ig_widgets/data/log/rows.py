"""The queries of an annotation log on its table."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from sqlalchemy import Connection, Row, insert, select

from ig_widgets.data.annotations import BOX
from ig_widgets.data.log.schema import STATEMENTS

_CONTENT = ("kind", "target", "image", "annotator", "label", "present", *BOX, "source", "comment")

_REPLACEABLE = ("say", "verdict", "proposal", "comment")

_CHUNK = 500
"""Rows or values in one query: databases limit how many values it may have."""


class Step(NamedTuple):
    """What a row says about the course of actions."""

    action: str
    kind: str
    target: str | None
    image: str


def insert_rows(connection: Connection, rows: Sequence[Mapping[str, Any]]) -> None:
    """Append rows, numbered in their order."""
    query = insert(STATEMENTS)
    if connection.dialect.name == "postgresql":
        # asking for the numbers back makes SQLAlchemy send many rows at a time, numbered in their order
        query = query.returning(STATEMENTS.c.seq, sort_by_parameter_order=True)
    connection.execute(query, rows)


def complete_targets(connection: Connection, rows: Sequence[dict[str, Any]]) -> None:
    """Refuse targets that are not there, and give each deletion the image of its target.

    Raises
    ------
    ValueError
        If a row replaces or deletes what is no statement of the log, of an earlier row, or of the row's
        image.
    """
    images = {
        row.key: row.image
        for row in _find(connection, [row["target"] for row in rows if row["target"]]).values()
        if row.kind in _REPLACEABLE
    }
    for i, row in enumerate(rows):
        if row["target"]:
            verb = "deletes" if row["kind"] == "delete" else "replaces"
            image = images.get(row["target"])
            if image is None:
                raise ValueError(f"statement {i} {verb} {row['target']!r}, but no statement has this key")
            if row["image"] not in {None, image}:
                raise ValueError(
                    f"statement {i} is about image {row['image']!r} but {verb} a statement about image "
                    f"{image!r}; both must be about the same image"
                )
            row["image"] = image
        if row["kind"] in _REPLACEABLE:
            images[row["key"]] = row["image"]


def said_before(connection: Connection, rows: Sequence[Mapping[str, Any]], action: str | None) -> bool:
    """Tell whether these rows are in the log already.

    Raises
    ------
    ValueError
        If a key or the action is in use for something else.
    """
    keys = [row["key"] for row in rows]
    if len(set(keys)) < len(keys):
        raise ValueError("two statements of one call have the same key: give each its own")
    found = _find(connection, keys)
    for i, row in enumerate(rows):
        old = found.get(row["key"])
        if old is not None and any(row[name] != getattr(old, name) for name in _CONTENT):
            raise ValueError(f"the key {row['key']!r} of statement {i} is in use for another statement")
    if not found and (action is None or not images_of(connection, action)):
        return False
    if len(found) < len(rows) or any(action not in {None, old.action} for old in found.values()):
        raise ValueError(
            "some of these statements are new although their action, or statements sent with them, are not: "
            "send an action again as it was, and give a new gesture a new action"
        )
    return True


def images_of(connection: Connection, action: str) -> dict[str, str]:
    """Return the images that an action is about, in the order of saying, and the source of each."""
    query = (
        select(STATEMENTS.c.image, STATEMENTS.c.source)
        .where(STATEMENTS.c.action == action)
        .order_by(STATEMENTS.c.seq)
    )
    return {row.image: row.source for row in connection.execute(query)}


def annotators_of(connection: Connection, action: str) -> set[str]:
    """Return who has said an action of the log: one person, or nobody where there is no such action."""
    query = select(STATEMENTS.c.annotator).where(STATEMENTS.c.action == action).distinct()
    return set(connection.execute(query).scalars())


def undos_of(connection: Connection, action: str) -> set[str]:
    """Return the undos of an action of the log."""
    query = select(STATEMENTS.c.action).where(STATEMENTS.c.target == action, STATEMENTS.c.kind == "undo")
    return set(connection.execute(query).scalars())


def is_undo(connection: Connection, action: str) -> bool:
    """Tell whether an action of the log is an undo."""
    query = select(STATEMENTS.c.kind).where(STATEMENTS.c.action == action).limit(1)
    return connection.execute(query).scalar() == "undo"


def steps_backwards(connection: Connection, annotator: str, source: str | None) -> Iterator[Step]:
    """Yield the annotator's rows from the last to the first, reading no further than asked."""
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


def _find(connection: Connection, keys: Sequence[str]) -> dict[str, Row[Any]]:
    found: dict[str, Row[Any]] = {}
    for i in range(0, len(keys), _CHUNK):
        query = select(STATEMENTS).where(STATEMENTS.c.key.in_(keys[i : i + _CHUNK]))
        found |= {row.key: row for row in connection.execute(query)}
    return found
