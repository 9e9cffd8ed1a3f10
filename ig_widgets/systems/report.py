"""A report with pictures: shown in a notebook, or saved as one HTML file."""

import base64
import html
import io
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle
from numpy.typing import NDArray

from ig_widgets.data.decoding import ImageError
from ig_widgets.data.images import ImageSet

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


def top_matches(
    images: ImageSet,
    patterns: ImageSet,
    X: NDArray[np.float64],
    boxes: NDArray[np.int32],
    *,
    n_patterns: int = 12,
    n_matches: int = 5,
    margin: float = 0.5,
) -> Figure:
    """Draw each pattern beside the places that are most similar to it, other images than its own.

    Parameters
    ----------
    images
        n images.
    patterns
        p patterns; the first `n_patterns` are drawn.
    X
        (n, p) similarities.
    boxes
        (n, p, 4) places: x0, y0, x1, y1 in pixels, ends exclusive.
    n_patterns, n_matches
        Rows and places per row.
    margin
        What is shown around a place, in sizes of the pattern.

    Returns
    -------
    Figure
        One row per pattern, the best place first.
    """
    shown = min(n_patterns, len(patterns))
    own = patterns.provenance["image"].to_numpy() if patterns.provenance is not None else [None] * shown
    figure = Figure(figsize=(2 * (n_matches + 1), 1.3 * shown), layout="constrained")
    axes = figure.subplots(shown, n_matches + 1, squeeze=False)
    for ax in axes.flat:
        ax.set_axis_off()
    for row in range(shown):
        _picture(axes[row, 0], patterns[row])
        axes[row, 0].set_title(patterns.ids[row], fontsize=6, parse_math=False)
        ranked = [i for i in np.argsort(-X[:, row]) if X[i, row] > 0 and images.ids[i] != own[row]]
        for ax, i in zip(axes[row, 1:], ranked[:n_matches], strict=False):
            x0, y0, x1, y1 = boxes[i, row]
            across, down = int((x1 - x0) * margin), int((y1 - y0) * margin)
            left, top = max(0, x0 - across), max(0, y0 - down)
            try:
                image = images[int(i)]
            except ImageError:
                continue  # it could be read when it was matched; its place stays empty
            _picture(ax, image[top : y1 + down, left : x1 + across])
            ax.add_patch(
                Rectangle((x0 - left - 0.5, y0 - top - 0.5), x1 - x0, y1 - y0, fill=False, ec="tab:orange")
            )
            ax.set_title(f"{X[i, row]:.2f}  {images.ids[i]}", fontsize=6, parse_math=False)
    return figure


def score_histogram(
    X: NDArray[np.float64], y: NDArray[np.intp], classes: Sequence[str], sources: NDArray[np.int64]
) -> Figure:
    """Draw how similar the most similar pattern of another image is, by what people said about the image.

    Parameters
    ----------
    X
        (n, p) similarities; rows of NaN are left out.
    y
        (n,) positions in `classes`, -1 where nobody has said.
    classes
        Names.
    sources
        (p,) row of the image that each pattern was cut from, where it scores 1; -1 where it is none of them.

    Returns
    -------
    Figure
        One histogram per class and one of the images that nobody has judged.
    """
    readable = ~np.isnan(X).any(axis=1)
    others = X.copy()
    own = np.flatnonzero(sources >= 0)
    others[sources[own], own] = 0
    highest = others.max(axis=1)
    groups = {"not annotated": readable & (y < 0)} | {
        name: readable & (y == k) for k, name in enumerate(classes)
    }
    figure = Figure(figsize=(7, 3), layout="constrained")
    ax = figure.subplots()
    for name, chosen in groups.items():
        if chosen.any():
            # outlines only: filled ones would hide each other
            ax.hist(
                highest[chosen],
                bins=30,
                range=(0, 1),
                density=True,
                histtype="step",
                label=f"{_plain(name)} ({chosen.sum()})",
            )
    ax.set(xlabel="highest similarity to a pattern of another image", ylabel="density")
    ax.legend()
    return figure


def confusion(y: NDArray[np.intp], decided: NDArray[np.intp], classes: Sequence[str]) -> Figure:
    """Draw a confusion matrix.

    Parameters
    ----------
    y
        (n,) what people said, as positions in `classes`.
    decided
        (n,) what the labeler decided.
    classes
        K names.

    Returns
    -------
    Figure
        K x K counts, a row for each class that people named.
    """
    counts = np.zeros((len(classes), len(classes)), dtype=int)
    np.add.at(counts, (y, decided), 1)
    figure = Figure(figsize=(1.2 * len(classes) + 2, 1.0 * len(classes) + 1.5), layout="constrained")
    ax = figure.subplots()
    ax.imshow(counts / np.maximum(counts.sum(axis=1, keepdims=True), 1), cmap="Blues", vmin=0, vmax=1)
    for row, column in np.ndindex(counts.shape):
        share = counts[row, column] / max(counts[row].sum(), 1)
        ax.text(
            column,
            row,
            str(counts[row, column]),
            ha="center",
            va="center",
            c="white" if share > 0.5 else "black",
        )
    names = [_plain(name) for name in classes]
    ax.set_xticks(range(len(classes)), names, rotation=45 if len(classes) > 3 else 0)
    ax.set_yticks(range(len(classes)), names)
    ax.set(xlabel="labeler", ylabel="people")
    return figure


def _picture(ax: Axes, pixels: NDArray[np.uint8]) -> None:
    ax.imshow(pixels, cmap="gray" if pixels.ndim == 2 else None)


def _plain(name: str) -> str:
    """Escape what matplotlib would take for the beginning of a formula."""
    return name.replace("$", r"\$")


def _png(figure: Figure) -> str:
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png", dpi=110)
    return "data:image/png;base64," + base64.b64encode(buffer.getvalue()).decode("ascii")
