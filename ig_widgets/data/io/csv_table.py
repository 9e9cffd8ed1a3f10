"""CSV format: annotations without any loss."""

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
        Comma-separated file in UTF-8. The first line names columns of annotations; ``image`` is required, the
        others are optional. An empty field is a missing value; blank lines are skipped. ``present`` is true,
        false or, for a skip, empty; without the column, it is true in every row. ``at`` is a time in ISO
        8601; without an offset it is UTC.

    Returns
    -------
    DataFrame
        Annotations, in the order of the file.

    Raises
    ------
    ValueError
        If the file is malformed; the message names the line and the column.
    """
    path = Path(file)
    rows: list[dict[str, Any]] = []
    try:
        with path.open(encoding="utf-8-sig", newline="") as lines:
            for where, row in _read_records(lines, path):
                rows.append({name: _parse_value(name, text, where) for name, text in row.items() if text})
                if "present" not in row:
                    rows[-1]["present"] = True
                _check_row(rows[-1], where)
    except UnicodeDecodeError as error:
        raise ValueError(f"{path} is not UTF-8 text: {error}; save it as UTF-8") from error
    return annotations_frame(rows)


def write_csv(annotations: pd.DataFrame, file: str | Path) -> None:
    """Write annotations to a CSV file, from which `read_csv` reads exactly the same annotations.

    Parameters
    ----------
    annotations
        Annotations. The index is not written.
    file
        File to write, in UTF-8; an existing file is replaced.

    Raises
    ------
    ValueError
        If a column is missing, a string is empty (a CSV file cannot distinguish it from a missing value), or
        a row cannot be read back because it names no image, or its box is incomplete or has no area.
    """
    missing = [name for name in COLUMNS if name not in annotations.columns]
    if missing:
        raise ValueError(
            f"the annotations lack the column {missing[0]!r}; create them with annotations_frame"
        )
    rows = []
    values_by_row = zip(*(annotations[name] for name in COLUMNS), strict=True)
    for index, values in zip(annotations.index, values_by_row, strict=True):
        row = {name: value for name, value in zip(COLUMNS, values, strict=True) if not pd.isna(value)}
        if "" in row.values():
            raise ValueError(
                f"the annotation at index {index} has an empty string, which CSV cannot distinguish from a "
                "missing value; replace it"
            )
        _check_row(row, f"the annotation at index {index}")
        rows.append({name: _format_value(value) for name, value in row.items()})
    path = Path(file)
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", encoding="utf-8", newline="") as lines:
        table = csv.DictWriter(lines, COLUMNS)
        table.writeheader()
        table.writerows(rows)


def _read_records(lines: Iterator[str], path: Path) -> Iterator[tuple[str, dict[str, str]]]:
    table = csv.reader(lines, strict=True)
    try:
        records = filter(_is_not_blank, table)
        header = next(records, [])
        unknown = [name for name in header if name not in COLUMNS]
        if "image" not in header or unknown or len(set(header)) < len(header):
            raise ValueError(
                f"the first line of {path} is {','.join(header)!r}; it must name the column image, and may "
                f"name each of {', '.join(COLUMNS[1:])} once"
            )
        for fields in records:
            where = f"line {table.line_num} of {path}"
            if len(fields) != len(header):
                raise ValueError(
                    f"{where} has {len(fields)} fields; it must have {len(header)}, one for each column"
                )
            yield where, dict(zip(header, fields, strict=True))
    except csv.Error as error:
        raise ValueError(
            f"{path} is not valid CSV from line {table.line_num} on: {error}; check whether it is truncated"
        ) from error


def _is_not_blank(fields: list[str]) -> bool:
    return len(fields) > 1 or bool("".join(fields).strip())


def _parse_value(name: str, text: str, where: str) -> Any:
    try:
        if name == "present":
            return _PRESENT[text.strip().lower()]
        if name == "at":
            at = datetime.fromisoformat(text)
            return (at if at.tzinfo else at.replace(tzinfo=UTC)).astimezone(UTC)
        return float(text) if name in BOX else text
    except (KeyError, ValueError, OverflowError):
        expected = {"present": "true, false or empty", "at": "a time in ISO 8601"}.get(name, "a number")
        raise ValueError(f"{where} has {text!r} in the column {name}; it must be {expected}") from None


def _check_row(row: Mapping[str, Any], where: str) -> None:
    if "image" not in row:
        raise ValueError(f"{where} names no image; fill in the column image")
    box = [row[name] for name in BOX if name in row]
    if box and (len(box) < 4 or not all(map(math.isfinite, box)) or min(box[2:]) <= 0):
        raise ValueError(
            f"{where} has the box {', '.join(f'{name} {row.get(name)}' for name in BOX)}; give all four "
            "numbers with a positive width and height, or none of them for the whole image"
        )


def _format_value(value: Any) -> str:
    if isinstance(value, pd.Timestamp):
        return value.isoformat()
    if isinstance(value, float):
        return str(int(value)) if value.is_integer() else repr(float(value))
    return str(value)
