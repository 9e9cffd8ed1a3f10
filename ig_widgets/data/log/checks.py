"""What may be said: the check of one statement on its way into the log."""

import math
import numbers
import uuid
from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from ig_widgets.data.annotations import BOX

_KEYS = {
    "say": ("image", "label", "present", *BOX, "key", "replaces"),
    "delete": ("deletes", "key", "image"),
    "comment": ("comment", "image", "label", *BOX, "key"),
    "verdict": ("verdict", "proposed", "image", "label", *BOX, "key", "replaces"),
}
_NAMES = {
    "say": "the keys are",
    "delete": "a deletion has only",
    "comment": "a comment has only",
    "verdict": "a verdict has only",
}
_TOLD_BY = {"delete": "deletes", "comment": "comment", "verdict": "verdict"}


def statement_row(statement: Mapping[str, Any], name: str) -> dict[str, Any]:
    """Check a statement and turn it into the columns that the log keeps.

    Parameters
    ----------
    statement
        Either ``image`` with any of ``label, present, x, y, width, height, key, replaces``, or ``deletes``
        with perhaps ``key`` and ``image``, or ``comment`` and ``image`` with perhaps ``label``, a box and
        ``key``, or ``verdict`` and ``image`` with perhaps ``label``, a box, ``key, replaces`` and
        ``proposed``.
    name
        What to call the statement in an error, such as ``"statement 3"``.

    Returns
    -------
    dict
        ``key, kind, target, image, label, present, x, y, width, height, comment``; what was not said is None.

    Raises
    ------
    TypeError
        If the statement is no mapping.
    ValueError
        If a key is unknown or a value is not what its key asks for.
    """
    if not isinstance(statement, Mapping):
        raise TypeError(
            f"{name} is a {type(statement).__name__}; a statement is a mapping such as "
            "{'image': 'a.png', 'label': 'crack', 'present': True}"
        )
    kind = next((kind for kind, name in _TOLD_BY.items() if name in statement), "say")
    keys = _KEYS[kind]
    unknown = [key for key in statement if key not in keys]
    if unknown:
        raise ValueError(f"{name} has the unknown key {unknown[0]!r}; {_NAMES[kind]} {', '.join(keys)}")
    said = {key: None if _missing(value) else value for key, value in statement.items()}
    image = said.get("image")
    if image is None and kind != "delete":
        raise ValueError(f"{name} names no image: give the key 'image'")
    name = f"{name} (image {image!r})"
    if kind == "delete" and said["deletes"] is None:
        raise ValueError(f"{name} deletes nothing: give the key of the statement to delete")
    if kind == "comment" and said["comment"] is None:
        raise ValueError(f"{name} comments nothing: give the text")
    for key in ("image", "label", "key", "replaces", "deletes", "comment"):
        if said.get(key) is not None:
            check_text(said[key], f"{name}: {key}")
    return {
        "key": said.get("key") or uuid.uuid4().hex,
        "kind": "proposal" if said.get("proposed") else kind,
        "target": said["deletes"] if kind == "delete" else said.get("replaces"),
        "image": image,
        "label": said.get("label"),
        "present": _verdict(said, name) if kind == "verdict" else _present(said.get("present"), name),
        **_box(said, name),
        "comment": said.get("comment"),
    }


def check_text(value: object, name: str) -> None:
    """Raise a ValueError that begins with `name` unless `value` is text that every database can keep."""
    if not isinstance(value, str) or not value:
        raise ValueError(f"{name} is {value!r}; it must be text that is not empty")
    if "\0" in value or not _is_unicode(value):
        raise ValueError(
            f"{name} is {value!r}, which cannot be stored: rename it with plain Unicode characters"
        )


def _is_unicode(value: str) -> bool:
    try:
        value.encode()
    except UnicodeEncodeError:  # the name of a file that is not in the system's encoding
        return False
    return True


def _missing(value: object) -> bool:
    if value is None or value is pd.NA:
        return True
    return isinstance(value, numbers.Real) and math.isnan(value)


def _present(value: object, name: str) -> bool | None:
    if value is None or _is_bool(value):
        return None if value is None else bool(value)
    raise ValueError(f"{name}: present is {value!r}; it is True (yes), False (no) or missing (skipped)")


def _verdict(said: Mapping[str, Any], name: str) -> bool:
    verdict, proposed = said["verdict"], said.get("proposed")
    if not _is_bool(verdict):
        raise ValueError(f"{name}: verdict is {verdict!r}; it is True (accepted) or False (rejected)")
    if proposed is not None and not _is_bool(proposed):
        raise ValueError(f"{name}: proposed is {proposed!r}; it is True for a box of the reviewer's own")
    return bool(verdict)


def _is_bool(value: object) -> bool:
    return isinstance(value, bool | np.bool_)


def _box(said: Mapping[str, Any], name: str) -> dict[str, float | None]:
    missing = [key for key in BOX if said.get(key) is None]
    if len(missing) == len(BOX):
        return dict.fromkeys(BOX)
    if missing:
        raise ValueError(
            f"{name} has a box without {' and '.join(missing)}; a box has {', '.join(BOX)}, "
            "and a statement about the whole image has none of them"
        )
    box: dict[str, float | None] = {}
    for key in BOX:
        value = said[key]
        if isinstance(value, bool) or not isinstance(value, numbers.Real) or not math.isfinite(value):
            raise ValueError(f"{name}: {key} is {value!r}; it must be a finite number of pixels")
        if key in {"width", "height"} and value <= 0:
            raise ValueError(f"{name}: {key} is {value!r}; it must be more than 0 pixels")
        box[key] = float(value)
    return box
