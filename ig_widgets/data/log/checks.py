"""Validation of a statement before it is written to the log."""

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
_KEY_SENTENCES = {
    "say": "the keys are",
    "delete": "a deletion has only",
    "comment": "a comment has only",
    "verdict": "a verdict has only",
}
_KIND_KEYS = {"delete": "deletes", "comment": "comment", "verdict": "verdict"}
"""The key by which a statement of each kind is recognized; all others are of the kind ``say``."""


def parse_statement(statement: Mapping[str, Any], name: str) -> dict[str, Any]:
    """Validate a statement and convert it to the columns of the log.

    Parameters
    ----------
    statement
        One of four kinds, told apart by their keys (optional keys in brackets):

        - ``image`` [``label, present, x, y, width, height, key, replaces``]
        - ``deletes`` [``image, key``]
        - ``comment, image`` [``label, x, y, width, height, key``]
        - ``verdict, image`` [``label, x, y, width, height, key, replaces, proposed``]
    name
        The name of the statement in error messages, such as ``"statement 3"``.

    Returns
    -------
    dict
        ``key, kind, target, image, label, present, x, y, width, height, comment``; absent values are None.

    Raises
    ------
    TypeError
        If the statement is not a mapping.
    ValueError
        If a key is unknown, or a value is not of the type that its key requires.
    """
    if not isinstance(statement, Mapping):
        raise TypeError(
            f"{name} is a {type(statement).__name__}; a statement is a mapping such as "
            "{'image': 'a.png', 'label': 'crack', 'present': True}"
        )
    kind = next((kind for kind, key in _KIND_KEYS.items() if key in statement), "say")
    keys = _KEYS[kind]
    unknown = [key for key in statement if key not in keys]
    if unknown:
        raise ValueError(
            f"{name} has the unknown key {unknown[0]!r}; {_KEY_SENTENCES[kind]} {', '.join(keys)}"
        )
    values = {key: None if _is_missing(value) else value for key, value in statement.items()}
    image = values.get("image")
    if image is None and kind != "delete":
        raise ValueError(f"{name} names no image; give the key 'image'")
    name = f"{name} (image {image!r})"
    if kind == "delete" and values["deletes"] is None:
        raise ValueError(f"{name} deletes nothing; give the key of the statement to delete")
    if kind == "comment" and values["comment"] is None:
        raise ValueError(f"{name} has an empty comment; give the text")
    for key in ("image", "label", "key", "replaces", "deletes", "comment"):
        if values.get(key) is not None:
            check_text(values[key], f"{name}: {key}")
    return {
        "key": values.get("key") or uuid.uuid4().hex,
        "kind": "proposal" if values.get("proposed") else kind,
        "target": values["deletes"] if kind == "delete" else values.get("replaces"),
        "image": image,
        "label": values.get("label"),
        "present": _parse_verdict(values, name)
        if kind == "verdict"
        else _parse_present(values.get("present"), name),
        **_parse_box(values, name),
        "comment": values.get("comment"),
    }


def check_text(value: object, name: str) -> None:
    """Raise a ValueError that begins with `name` unless `value` is text that every database can store."""
    if not isinstance(value, str) or not value:
        raise ValueError(f"{name} is {value!r}; it must be a non-empty string")
    if "\0" in value or not _is_unicode(value):
        raise ValueError(f"{name} is {value!r}, which cannot be stored; use plain Unicode characters")


def _is_unicode(value: str) -> bool:
    try:
        value.encode()
    except UnicodeEncodeError:  # a file name that is not in the system's encoding
        return False
    return True


def _is_missing(value: object) -> bool:
    if value is None or value is pd.NA:
        return True
    return isinstance(value, numbers.Real) and math.isnan(value)


def _parse_present(value: object, name: str) -> bool | None:
    if value is None or _is_bool(value):
        return None if value is None else bool(value)
    raise ValueError(f"{name}: present is {value!r}; it must be True (yes), False (no) or missing (skipped)")


def _parse_verdict(values: Mapping[str, Any], name: str) -> bool:
    verdict, proposed = values["verdict"], values.get("proposed")
    if not _is_bool(verdict):
        raise ValueError(f"{name}: verdict is {verdict!r}; it must be True (accepted) or False (rejected)")
    if proposed is not None and not _is_bool(proposed):
        raise ValueError(
            f"{name}: proposed is {proposed!r}; it must be True (a box that the reviewer drew) or False"
        )
    return bool(verdict)


def _is_bool(value: object) -> bool:
    return isinstance(value, bool | np.bool_)


def _parse_box(values: Mapping[str, Any], name: str) -> dict[str, float | None]:
    missing = [key for key in BOX if values.get(key) is None]
    if len(missing) == len(BOX):
        return dict.fromkeys(BOX)
    if missing:
        raise ValueError(
            f"{name} has a box without {' and '.join(missing)}; give all of {', '.join(BOX)}, "
            "or none of them for a statement about the whole image"
        )
    box: dict[str, float | None] = {}
    for key in BOX:
        value = values[key]
        if isinstance(value, bool) or not isinstance(value, numbers.Real) or not math.isfinite(value):
            raise ValueError(f"{name}: {key} is {value!r}; it must be a finite number of pixels")
        if key in {"width", "height"} and value <= 0:
            raise ValueError(f"{name}: {key} is {value!r}; it must be greater than 0 pixels")
        box[key] = float(value)
    return box
