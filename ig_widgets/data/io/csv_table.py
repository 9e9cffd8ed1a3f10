"""CSV: all of the annotations, exactly."""

from __future__ import annotations

import csv
import math
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

from ig_widgets.data.annotations import BOX, COLUMNS, annotations_frame

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_PRESENT = {"true": True, "1": True, "false": False, "0": False}


def read_csv(file: str | Path) -> pd.DataFrame:
    """Read annotations from a CSV file.

    Parameters
    ----------
    file
        File in UTF-8 with commas. The first line names the columns, among those of annotations; ``image`` is
        needed, the others may be absent. An empty field is a missing value; blank lines are passed over.
        ``present`` is true, false or, for a skip, empty; where the column is absent, every row is a yes.
        ``at`` is a time in ISO 8601; without an offset it is UTC.

    Returns
    -------
    DataFrame
        Annotations, in the order of the file.

    Raises
    ------
    ValueError
        If the file is no such table; the sentence names the line and the column.
    """
    path = Path(file)
    rows: list[dict[str, Any]] = []
    try:
        with path.open(encoding="utf-8-sig", newline="") as lines:
            for where, row in _records(lines, path):
                rows.append({name: _value(name, text, where) for name, text in row.items() if text})
                if "present" not in row:
                    rows[-1]["present"] = True
                _check_row(rows[-1], where)
    except UnicodeDecodeError as error:
        raise ValueError(f"{path} is no text in UTF-8: {error}; save it as UTF-8") from error
    return annotations_frame(rows)


def write_csv(annotations: pd.DataFrame, file: str | Path) -> None:
    """Write annotations to a CSV file, from which `read_csv` gives them back exactly.

    Parameters
    ----------
    annotations
        Annotations. The index is not written.
    file
        File to write, in UTF-8; replaced where it exists.

    Raises
    ------
    ValueError
        If a column is missing, a text is empty (which a CSV file cannot tell from missing), or a row could
        not be read again: it names no image, or its box is incomplete or without area.
    """
    missing = [name for name in COLUMNS if name not in annotations.columns]
    if missing:
        raise ValueError(f"the annotations have no column {missing[0]!r}; make them with annotations_frame")
    rows = []
    values_by_row = zip(*(annotations[name] for name in COLUMNS), strict=True)
    for index, values in zip(annotations.index, values_by_row, strict=True):
        row = {name: value for name, value in zip(COLUMNS, values, strict=True) if not pd.isna(value)}
        if "" in row.values():
            raise ValueError(
                f"the annotation at index {index} has an empty text, which CSV takes for missing"
            )
        _check_row(row, f"the annotation at index {index}")
        rows.append({name: _text(value) for name, value in row.items()})
    path = Path(file)
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", encoding="utf-8", newline="") as lines:
        table = csv.DictWriter(lines, COLUMNS)
        table.writeheader()
        table.writerows(rows)


def _records(lines: Iterator[str], path: Path) -> Iterator[tuple[str, dict[str, str]]]:
    table = csv.reader(lines, strict=True)
    try:
        records = filter(_is_not_blank, table)
        header = next(records, [])
        unknown = [name for name in header if name not in COLUMNS]
        if "image" not in header or unknown or len(set(header)) < len(header):
            raise ValueError(
                f"the first line of {path} is {','.join(header)!r}; it must name the column image, "
                f"may name each of {', '.join(COLUMNS[1:])} once"
            )
        for fields in records:
            where = f"line {table.line_num} of {path}"
            if len(fields) != len(header):
                raise ValueError(f"{where} has {len(fields)} fields but there are {len(header)} columns")
            yield where, dict(zip(header, fields, strict=True))
    except csv.Error as error:
        raise ValueError(
            f"{path} is no CSV file from line {table.line_num} on: {error}; it may be cut off"
        ) from error


def _is_not_blank(fields: list[str]) -> bool:
    return len(fields) > 1 or bool("".join(fields).strip())


def _value(name: str, text: str, where: str) -> Any:
    try:
        if name == "present":
            return _PRESENT[text.strip().lower()]
        if name == "at":
            at = datetime.fromisoformat(text)
            return (at if at.tzinfo else at.replace(tzinfo=UTC)).astimezone(UTC)
        return float(text) if name in BOX else text
    except (KeyError, ValueError, OverflowError):
        wanted = {"present": "true, false or empty", "at": "a time in ISO 8601"}.get(name, "a number")
        raise ValueError(f"{where} has {text!r} in the column {name}; it must be {wanted}") from None


def _check_row(row: Mapping[str, Any], where: str) -> None:
    if "image" not in row:
        raise ValueError(f"{where} names no image")
    box = [row[name] for name in BOX if name in row]
    if box and (len(box) < 4 or not all(map(math.isfinite, box)) or min(box[2:]) <= 0):
        raise ValueError(
            f"{where} has the box {', '.join(f'{name} {row.get(name)}' for name in BOX)}; it needs all four "
            "numbers and a positive width and height, or none of them for the whole image"
        )


def _text(value: Any) -> str:
    if isinstance(value, pd.Timestamp):
        return value.isoformat()
    if isinstance(value, float):
        return str(int(value)) if value.is_integer() else repr(float(value))
    return str(value)
