"""A report with pictures: shown in a notebook, or saved as one HTML file."""

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
_MOST_ROWS = 500  # of a table: more than that nobody reads on a page, and browsers become slow
_MOST_CHARACTERS = 120  # of a cell


class Report:
    """Facts, tables and figures under a title.

    Parameters
    ----------
    title
        The heading.
    facts
        Rows of a table.
    figures
        Matplotlib figures by caption.
    tables
        DataFrames by caption; they are shown without their index. A long table is shown in part, and long
        texts in it are truncate_middle: here it is whole.
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
        """Write one HTML file, pictures included; returns its path."""
        title = html.escape(self.title)
        page = (
            f'<!doctype html><html lang="en"><meta charset="utf-8"><title>{title}</title>'
            f"<style>{_STYLE}</style>{self._repr_html_()}</html>"
        )
        Path(path).write_text(page, encoding="utf-8")
        return Path(path)

    def __repr__(self) -> str:
        """Say what to do with it where no notebook shows it."""
        return f'Report({self.title!r}: .save("report.html") writes it with {len(self.figures)} pictures)'

    def _repr_html_(self) -> str:
        # names of classes and files are data: whatever they hold is shown as text
        rows = "".join(
            f"<tr><th>{html.escape(name)}</th><td>{html.escape(str(value))}</td></tr>"
            for name, value in self.facts.items()
        )
        tables = "".join(_table(caption, table) for caption, table in self.tables.items())
        pictures = "".join(
            f'<h3>{html.escape(caption)}</h3><img alt="{html.escape(caption)}" src="{_png(figure)}">'
            for caption, figure in self.figures.items()
        )
        return f"<h2>{html.escape(self.title)}</h2><table>{rows}</table>{tables}{pictures}"


def _table(caption: str, table: pd.DataFrame) -> str:
    head = "".join(f"<th>{html.escape(str(name))}</th>" for name in table.columns)
    shown = table[:_MOST_ROWS]
    rows = "".join(
        f"<tr>{''.join(map(_cell, values))}</tr>" for values in shown.itertuples(index=False, name=None)
    )
    more = (
        f"These are the first {len(shown)} of {len(table)} rows; in Python, all of them are the DataFrame "
        f"report.tables[{caption!r}], and its method to_csv writes them to a file."
        if len(table) > len(shown)
        else ""
    )
    return (
        f"<h3>{html.escape(caption)}</h3>"
        f'<div style="max-height:24em;overflow:auto"><table><tr>{head}</tr>{rows}</table></div>'
        + (f"<p>{html.escape(more)}</p>" if more else "")
    )


def _cell(value: Any) -> str:
    if pd.api.types.is_scalar(value) and pd.isna(value):
        return "<td></td>"
    if pd.api.types.is_number(value) and not pd.api.types.is_bool(value):
        return f"<td>{value if pd.api.types.is_integer(value) else format(value, '.6g')}</td>"
    if isinstance(value, pd.Timestamp):
        return f'<td style="white-space:nowrap">{f"{value:%Y-%m-%d %H:%M %Z}".strip()}</td>'
    # the direction of a text is its own, and does not reach into other cells
    text = html.escape(truncate_middle(str(value), _MOST_CHARACTERS))
    return f'<td dir="auto" style="text-align:start">{text}</td>'


def _png(figure: Figure) -> str:
    buffer = io.BytesIO()
    with warnings.catch_warnings():
        # characters of a name that no font has are drawn as empty boxes, which speak for themselves
        warnings.filterwarnings("ignore", "Glyph .* missing from font", UserWarning)
        figure.savefig(buffer, format="png", dpi=110)
    return "data:image/png;base64," + base64.b64encode(buffer.getvalue()).decode("ascii")
