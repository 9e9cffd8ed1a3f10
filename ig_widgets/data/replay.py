"""Work out what is in force from the rows of an annotation log, which are never changed."""

from collections.abc import Sequence
from typing import Protocol

from sqlalchemy import Connection

from ig_widgets.data.rows import images_of, is_undo, steps_backwards


class LogRow(Protocol):
    """The columns of a row that decide what is in force."""

    @property
    def key(self) -> str:
        """The row's own name."""

    @property
    def action(self) -> str:
        """The gesture that the row belongs to."""

    @property
    def kind(self) -> str:
        """``say``, ``delete`` or ``undo``."""

    @property
    def target(self) -> str | None:
        """The key that the row replaces or deletes, or the action that it undoes."""


def in_force(rows: Sequence[LogRow]) -> list[bool]:
    """Tell for each row whether it is in force.

    An action is void while an undo of it is in force; redo is the undo of an undo. A row of a void action is
    not in force, and neither is a statement that a row of an action in force replaces or deletes. A statement
    that was replaced stays out of force when its replacement is replaced or deleted in turn.

    Parameters
    ----------
    rows
        All rows about one image or more that are no plain statement, and the statements of interest, oldest
        first.

    Returns
    -------
    list of bool
        One for each row.
    """
    void: set[str | None] = set()
    for row in reversed(rows):
        # an undo comes after what it undoes, so from the end each is met when its own fate is known
        if row.kind == "undo" and row.action not in void:
            void.add(row.target)
    gone = {
        row.target for row in rows if row.target is not None and row.kind != "undo" and row.action not in void
    }
    return [row.action not in void and row.key not in gone for row in rows]


def action_to_undo(
    connection: Connection, annotator: str, source: str | None, scope: frozenset[str] | None
) -> str | None:
    """Return the annotator's last action in force, of this source and about no image outside `scope`."""
    passed: set[str | None] = set()
    for action, kind, target, image in steps_backwards(connection, annotator, source):
        if action in passed:
            continue
        if kind == "undo":
            passed.add(target)
        elif _within(connection, action, image, scope):
            return action
        else:
            passed.add(action)
    return None


def action_to_redo(
    connection: Connection, annotator: str, source: str | None, scope: frozenset[str] | None
) -> str | None:
    """Return the annotator's last undo in force, of this source and about no image outside `scope`.

    As in an editor, a new action forgets what was undone before it, here if it is about an image of `scope`.
    """
    passed: set[str | None] = set()
    for action, kind, target, image in steps_backwards(connection, annotator, source):
        if kind != "undo":
            if scope is None or image in scope:
                return None
        elif action not in passed and target is not None:
            passed |= {action, target}
            if _within(connection, action, image, scope) and not is_undo(connection, target):
                return action
    return None


def _within(connection: Connection, action: str, image: str, scope: frozenset[str] | None) -> bool:
    """Tell whether an action, of which one image is known, is about no image outside `scope`."""
    # most actions of a long log fall at the first question, which needs no query
    return scope is None or (image in scope and scope.issuperset(images_of(connection, action)))
