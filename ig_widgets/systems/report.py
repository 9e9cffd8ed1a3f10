"""A report with pictures: shown in a notebook, or saved as one HTML file."""

import base64
import html
import io
from collections.abc import Mapping
from pathlib import Path

from matplotlib.figure import Figure

_STYLE = (
    "body{font:15px/1.5 system-ui,sans-serif;max-width:1100px;margin:2em auto;padding:0 1em}"
    "th{text-align:left;font-weight:normal;padding-right:2em}td{text-align:right}img{max-width:100%}"
)


class Report:
    """Facts and figures under a title.

    Parameters
    ----------
    title
        The heading.
    facts
        Rows of a table.
    figures
        Matplotlib figures by caption.
    """

    def __init__(self, title: str, facts: Mapping[str, object], figures: Mapping[str, Figure]) -> None:
        self.title = title
        self.facts = dict(facts)
        self.figures = dict(figures)

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
        pictures = "".join(
            f'<h3>{html.escape(caption)}</h3><img alt="{html.escape(caption)}" src="{_png(figure)}">'
            for caption, figure in self.figures.items()
        )
        return f"<h2>{html.escape(self.title)}</h2><table>{rows}</table>{pictures}"


def _png(figure: Figure) -> str:
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png", dpi=110)
    return "data:image/png;base64," + base64.b64encode(buffer.getvalue()).decode("ascii")
