"""Work out what is in force from the rows of an annotation log, which are never changed."""

from collections.abc import Sequence

from sqlalchemy import Connection

from ig_widgets.data.log.rows import annotators_of, images_of, is_undo, steps_backwards, undos_of


def in_force(
    keys: Sequence[str], actions: Sequence[str], kinds: Sequence[str], targets: Sequence[str | None]
) -> list[bool]:
    """Tell for each row of a log whether it is in force.

    An action is void while an undo of it is in force; redo is the undo of an undo. A row of a void action is
    not in force, and neither is a statement that a row of an action in force replaces or deletes. A statement
    that was replaced stays out of force when its replacement is replaced or deleted in turn.

    Parameters
    ----------
    keys, actions, kinds, targets
        Columns of all rows about one image or more that are no plain statement, and of the statements of
        interest, oldest first: the row's own name; the gesture that it belongs to; ``say, delete, comment,
        verdict, proposal`` or ``undo``; and the key that the row replaces or deletes, or the action that it
        undoes.

    Returns
    -------
    list of bool
        One for each row.
    """
    aimed = [row for row, target in enumerate(targets) if target is not None]
    void: set[str | None] = set()
    for row in reversed(aimed):
        # an undo comes after what it undoes, so from the end each is met when its own fate is known
        if kinds[row] == "undo" and actions[row] not in void:
            void.add(targets[row])
    gone = {targets[row] for row in aimed if kinds[row] != "undo" and actions[row] not in void}
    return [action not in void and key not in gone for key, action in zip(keys, actions, strict=True)]


def action_in_force(connection: Connection, annotator: str, target: str) -> str | None:
    """Return an action, if it is the annotator's and not undone."""
    if annotator not in annotators_of(connection, target) or _is_void(connection, target):
        return None
    return target


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


def _is_void(connection: Connection, action: str) -> bool:
    """Tell whether an undo of an action is in force."""
    return any(not _is_void(connection, undo) for undo in undos_of(connection, action))


def _within(connection: Connection, action: str, image: str, scope: frozenset[str] | None) -> bool:
    """Tell whether an action, of which one image is known, is about no image outside `scope`."""
    # most actions of a long log fall at the first question, which needs no query
    return scope is None or (image in scope and scope.issuperset(images_of(connection, action)))
