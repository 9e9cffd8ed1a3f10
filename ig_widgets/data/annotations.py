"""The form of annotations: one row per statement that somebody made."""

from collections.abc import Iterable, Mapping
from typing import Any

import pandas as pd

BOX = ("x", "y", "width", "height")
"""The columns of a box: pixels of the full-resolution image, origin top-left, ``x + width`` exclusive."""


def without_denials(annotations: pd.DataFrame) -> pd.DataFrame:
    """Leave out statements that nothing is in a box: they say nothing about the rest of the image."""
    denied = annotations["x"].notna() & ~annotations["present"].astype("boolean").fillna(value=True)
    return annotations[~denied]


def drawn_boxes(boxes: pd.DataFrame) -> pd.DataFrame:
    """Return the rows that are about a box and do not deny it.

    Raises
    ------
    ValueError
        If a column is missing.
    """
    missing = [name for name in ("image", "label", *BOX) if name not in boxes]
    if missing:
        raise ValueError(
            f"the boxes lack the column {missing[0]!r}; they need image, label, {', '.join(BOX)}"
        )
    drawn = boxes[boxes[list(BOX)].notna().any(axis=1)]
    if "present" in drawn:
        drawn = drawn[drawn["present"].astype("boolean").fillna(value=True).to_numpy(dtype=bool)]
    return drawn


_DTYPES = {
    "image": "str",
    "annotator": "str",
    "label": "str",
    "present": "boolean",
    "x": "float64",
    "y": "float64",
    "width": "float64",
    "height": "float64",
    "source": "str",
    "at": "datetime64[us, UTC]",
}

COLUMNS = tuple(_DTYPES)
"""The columns of every annotations DataFrame, in this order."""


def annotations_frame(rows: Iterable[Mapping[str, Any]] = ()) -> pd.DataFrame:
    """Make an annotations DataFrame out of statements.

    Parameters
    ----------
    rows
        Mappings with any of the keys ``image, annotator, label, present, x, y, width, height, source, at``.
        A missing key becomes a missing value. ``present`` is yes (True), no (False) or skipped (missing);
        a statement without a box is about the whole image.

    Returns
    -------
    DataFrame
        One row per statement, the columns of `COLUMNS` with fixed types, whatever the rows hold.

    Raises
    ------
    ValueError
        If a row has a key that is not a column.

    Examples
    --------
    >>> annotations_frame([{"image": "a.png", "label": "crack", "present": True}])[["image", "label", "x"]]
       image  label   x
    0  a.png  crack NaN
    """
    listed = list(rows)
    for number, row in enumerate(listed):
        unknown = sorted(set(row) - set(COLUMNS))
        if unknown:
            raise ValueError(
                f"statement {number} has the unknown key {unknown[0]!r}; the keys are {', '.join(COLUMNS)}"
            )
    return typed(pd.DataFrame({name: [row.get(name) for row in listed] for name in COLUMNS}, dtype="object"))


def typed(frame: pd.DataFrame) -> pd.DataFrame:
    """Return the columns of `COLUMNS` of a DataFrame of objects with their types."""
    # a column of times in several forms, or of none at all, cannot be cast in one step
    return frame[list(COLUMNS)].assign(at=pd.to_datetime(frame["at"], utc=True)).astype(_DTYPES)
