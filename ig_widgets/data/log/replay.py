"""Replay of an append-only log: which rows are in force, and which action undo and redo retract.

Undo appends a row whose target is the action that it retracts. Redo is the undo of an undo, and so on to any
depth. An action is void as long as some undo of it is in force. Here ada boxes (A), boxes (B), undoes,
redoes and undoes again; ``x`` marks what is in force after each row::

    row  action  kind  target     after row  1  2  3  4  5
     1   A       say                         x  x  x  x  x
     2   B       say                            x  .  x  .
     3   U1      undo  B                           x  .  .     undo: B is void
     4   U2      undo  U1                             x  x     redo: U1 is void, so B is back
     5   U3      undo  B                                 x     undo: U1 stays void, U3 makes B void

An undo always comes after its target. Read from the last row to the first, each undo is therefore met when
all undos of it are settled, and one pass decides everything: U3 is in force, so B is void; U2 is in force, so
U1 is void; U1, being void, has no effect.
"""

from collections.abc import Sequence

from sqlalchemy import Connection

from ig_widgets.data.log.rows import find_annotators, find_images, find_undos, is_undo, walk_backwards


def in_force(
    keys: Sequence[str], actions: Sequence[str], kinds: Sequence[str], targets: Sequence[str | None]
) -> list[bool]:
    """Decide for each row of a log whether it is in force.

    A row is in force unless its action is void, or a row of an action that is not void replaces or deletes
    it. A replaced statement stays out of force when its replacement is replaced or deleted in turn.

    Parameters
    ----------
    keys, actions, kinds, targets
        Columns of the log for one or more images, oldest row first: the key of the row; its action; its kind
        (``say, delete, comment, verdict, proposal`` or ``undo``); and the key that it replaces or deletes, or
        the action that it undoes. Every row with a target must be included; other rows may be left out.

    Returns
    -------
    list of bool
        One per row.
    """
    with_target = [row for row, target in enumerate(targets) if target is not None]
    void: set[str | None] = set()
    for row in reversed(with_target):
        # an undo comes after its target, so from the end each is met when all undos of it are settled
        if kinds[row] == "undo" and actions[row] not in void:
            void.add(targets[row])
    superseded = {targets[row] for row in with_target if kinds[row] != "undo" and actions[row] not in void}
    return [action not in void and key not in superseded for key, action in zip(keys, actions, strict=True)]


def action_in_force(connection: Connection, annotator: str, target: str) -> str | None:
    """Return `target` if it is an action of the annotator that is in force, else None."""
    if annotator not in find_annotators(connection, target) or _is_void(connection, target):
        return None
    return target


def action_to_undo(
    connection: Connection, annotator: str, source: str | None, scope: frozenset[str] | None
) -> str | None:
    """Return the annotator's last action in force from this source that concerns only images of `scope`."""
    skipped: set[str | None] = set()
    for action, kind, target, image in walk_backwards(connection, annotator, source):
        if action in skipped:
            continue
        if kind == "undo":
            skipped.add(target)
        elif _is_within(connection, action, image, scope):
            return action
        else:
            skipped.add(action)
    return None


def action_to_redo(
    connection: Connection, annotator: str, source: str | None, scope: frozenset[str] | None
) -> str | None:
    """Return the annotator's last undo in force from this source that concerns only images of `scope`.

    As in an editor, a new action clears the redo stack; here only an action on an image of `scope` does.
    """
    skipped: set[str | None] = set()
    for action, kind, target, image in walk_backwards(connection, annotator, source):
        if kind != "undo":
            if scope is None or image in scope:
                return None
        elif action not in skipped and target is not None:
            skipped |= {action, target}
            if _is_within(connection, action, image, scope) and not is_undo(connection, target):
                return action
    return None


def _is_void(connection: Connection, action: str) -> bool:
    """Return whether an undo of an action is in force."""
    return any(not _is_void(connection, undo) for undo in find_undos(connection, action))


def _is_within(connection: Connection, action: str, image: str, scope: frozenset[str] | None) -> bool:
    """Return whether an action, one image of which is known, concerns only images of `scope`."""
    # most actions of a long log fail the first test, which needs no query
    return scope is None or (image in scope and scope.issuperset(find_images(connection, action)))
