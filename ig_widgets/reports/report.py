"""`Report`: facts, tables and figures, displayed in a notebook or saved as one HTML file."""

import base64
import html
import io
import warnings
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pandas as pd
from matplotlib.figure import Figure

from ig_widgets.reports.truncate import truncate_middle

_STYLE = (
    "body{font:15px/1.5 system-ui,sans-serif;max-width:1100px;margin:2em auto;padding:0 1em}"
    "th{text-align:left;font-weight:normal;padding-right:2em}td{text-align:right}img{max-width:100%}"
    "div th{font-weight:600;vertical-align:bottom;padding-right:1.5em;position:sticky;top:0;background:#fff}"
    "div td{vertical-align:top;padding-right:1.5em;overflow-wrap:anywhere}"
    "@media print{div{max-height:none!important}}"
)
_MAX_ROWS = 500  # of a table; more would make the page slow and unreadable
_MAX_CHARACTERS = 120  # of a cell


class Report:
    """Facts, tables and figures under a title.

    Parameters
    ----------
    title
        The heading.
    facts
        Values by name, displayed as a table of two columns.
    figures
        Matplotlib figures by caption.
    tables
        DataFrames by caption, displayed without their index. The display cuts off long tables and truncates
        long texts; the attribute ``tables`` holds them in full.
    """

    def __init__(
        self,
        title: str,
        facts: Mapping[str, object],
        figures: Mapping[str, Figure],
        tables: Mapping[str, pd.DataFrame] | None = None,
    ) -> None:
        self.title = title
        self.facts = dict(facts)
        self.figures = dict(figures)
        self.tables = dict(tables or {})

    def save(self, path: str | Path) -> Path:
        """Write the report with its figures to one HTML file, and return the path."""
        title = html.escape(self.title)
        page = (
            f'<!doctype html><html lang="en"><meta charset="utf-8"><title>{title}</title>'
            f"<style>{_STYLE}</style>{self._repr_html_()}</html>"
        )
        Path(path).write_text(page, encoding="utf-8")
        return Path(path)

    def __repr__(self) -> str:
        """Show how to save the report, for consoles that cannot display it."""
        return f'Report({self.title!r}: .save("report.html") writes it with {len(self.figures)} figures)'

    def _repr_html_(self) -> str:
        # names of classes and files are escaped, so that markup in them is displayed as text
        rows = "".join(
            f"<tr><th>{html.escape(name)}</th><td>{html.escape(str(value))}</td></tr>"
            for name, value in self.facts.items()
        )
        tables = "".join(_format_table(caption, table) for caption, table in self.tables.items())
        figures = "".join(
            f'<h3>{html.escape(caption)}</h3><img alt="{html.escape(caption)}" src="{_encode_png(figure)}">'
            for caption, figure in self.figures.items()
        )
        return f"<h2>{html.escape(self.title)}</h2><table>{rows}</table>{tables}{figures}"


def _format_table(caption: str, table: pd.DataFrame) -> str:
    head = "".join(f"<th>{html.escape(str(name))}</th>" for name in table.columns)
    shown = table[:_MAX_ROWS]
    rows = "".join(
        f"<tr>{''.join(map(_format_cell, values))}</tr>"
        for values in shown.itertuples(index=False, name=None)
    )
    more = (
        f"These are the first {len(shown)} of {len(table)} rows. In Python, the DataFrame "
        f"report.tables[{caption!r}] has all of them, and its method to_csv writes them to a file."
        if len(table) > len(shown)
        else ""
    )
    return (
        f"<h3>{html.escape(caption)}</h3>"
        f'<div style="max-height:24em;overflow:auto"><table><tr>{head}</tr>{rows}</table></div>'
        + (f"<p>{html.escape(more)}</p>" if more else "")
    )


def _format_cell(value: Any) -> str:
    if pd.api.types.is_scalar(value) and pd.isna(value):
        return "<td></td>"
    if pd.api.types.is_number(value) and not pd.api.types.is_bool(value):
        return f"<td>{value if pd.api.types.is_integer(value) else format(value, '.6g')}</td>"
    if isinstance(value, pd.Timestamp):
        return f'<td style="white-space:nowrap">{f"{value:%Y-%m-%d %H:%M %Z}".strip()}</td>'
    # dir="auto": text from right to left must not change the direction of other cells
    text = html.escape(truncate_middle(str(value), _MAX_CHARACTERS))
    return f'<td dir="auto" style="text-align:start">{text}</td>'


def _encode_png(figure: Figure) -> str:
    buffer = io.BytesIO()
    with warnings.catch_warnings():
        # characters that are in no font are drawn as empty boxes, which need no warning
        warnings.filterwarnings("ignore", "Glyph .* missing from font", UserWarning)
        figure.savefig(buffer, format="png", dpi=110)
    return "data:image/png;base64," + base64.b64encode(buffer.getvalue()).decode("ascii")
