"""The annotations DataFrame: one row per statement, with fixed columns and types."""

from collections.abc import Iterable, Mapping
from typing import Any

import pandas as pd

BOX = ("x", "y", "width", "height")
"""The columns of a box: pixels of the full-resolution image, origin top-left, ``x + width`` exclusive."""


def without_denials(annotations: pd.DataFrame) -> pd.DataFrame:
    """Drop statements that deny a box (``present`` False): they say nothing about the rest of the image."""
    denied = annotations["x"].notna() & ~annotations["present"].astype("boolean").fillna(value=True)
    return annotations[~denied]


def drawn_boxes(boxes: pd.DataFrame) -> pd.DataFrame:
    """Return the rows that have a box and do not deny it.

    Raises
    ------
    ValueError
        If a column is missing.
    """
    missing = [name for name in ("image", "label", *BOX) if name not in boxes]
    if missing:
        raise ValueError(
            f"the boxes lack the column {missing[0]!r}; give a DataFrame with image, label, {', '.join(BOX)}"
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
    """Create an annotations DataFrame from statements.

    Parameters
    ----------
    rows
        Mappings with any of the keys ``image, annotator, label, present, x, y, width, height, source, at``.
        A missing key becomes a missing value. ``present`` is True (yes), False (no) or missing (skipped). A
        statement without a box is about the whole image.

    Returns
    -------
    DataFrame
        One row per statement. The columns of `COLUMNS` have the same types whatever the rows hold.

    Raises
    ------
    ValueError
        If a row has an unknown key.

    Examples
    --------
    >>> annotations_frame([{"image": "a.png", "label": "crack", "present": True}])[["image", "label", "x"]]
       image  label   x
    0  a.png  crack NaN
    """
    statements = list(rows)
    for number, row in enumerate(statements):
        unknown = sorted(set(row) - set(COLUMNS))
        if unknown:
            raise ValueError(
                f"statement {number} has the unknown key {unknown[0]!r}; the keys are {', '.join(COLUMNS)}"
            )
    columns = {name: [row.get(name) for row in statements] for name in COLUMNS}
    return cast_columns(pd.DataFrame(columns, dtype="object"))


def cast_columns(frame: pd.DataFrame) -> pd.DataFrame:
    """Select the columns of `COLUMNS` from a DataFrame of objects and cast them to their types."""
    # times in several formats, or a column without any time, cannot be cast in one step
    return frame[list(COLUMNS)].assign(at=pd.to_datetime(frame["at"], utc=True)).astype(_DTYPES)
