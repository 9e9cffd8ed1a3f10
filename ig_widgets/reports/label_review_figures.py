"""Figures of a label review: changed images, counts of changes, and errors found over time."""

import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

import cv2
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.transforms import Bbox, TransformedBbox
from numpy.typing import NDArray

from ig_widgets.data.errors import ImageError
from ig_widgets.data.images import ImageSet
from ig_widgets.data.reviews.review_record import Change, Kind
from ig_widgets.reports.truncate import truncate_middle

NO_LABEL = "(no label)"
NOT_KNOWN = "(wrong)"

_COLUMNS = 8
_MAX_IMAGES = 96
_CELL_INCHES = (1.4, 2.05)  # width, height
_SIDE_INCHES = 1.2  # longer side of an image
_TOP_INCHES = 0.45  # of a cell, above the image
_SIDE_PIXELS = 160
_MAX_CLASSES = 20
_MAX_ANNOTATORS = 8


def plot_changed_images(images: ImageSet, kinds: Sequence[Kind]) -> Figure:
    """Plot the images whose labels were changed, grouped by kind of change.

    Parameters
    ----------
    images
        The images of the review.
    kinds
        The kinds of change, the most common first. If there are more images than cells, all kinds get the
        same number of cells, at least one row each, until the cells run out.

    Returns
    -------
    Figure
        Above the images of a kind, its number and both labels; below each image, its id and the annotators
        who changed its label, in red if others contradict them. At the bottom, the number of images that are
        not shown, and those that cannot be read.
    """
    changes = sum(len(kind.changes) for kind in kinds)
    shown, unreadable = [], []
    for number, change in _choose_changes(kinds):
        try:
            shown.append((number, change, _shrink(images[change.row])))
        except ImageError:
            unreadable.append(images.ids[change.row])
    across, down = _CELL_INCHES
    rows = -(-len(shown) // _COLUMNS)
    height = rows * down + 0.4
    figure = Figure(figsize=(_COLUMNS * across, height))
    ax = figure.add_axes((0, 0, 1, 1))
    ax.set_axis_off()
    for place, (_, change, pixels) in enumerate(shown):
        x, y = place % _COLUMNS * across, place // _COLUMNS * down
        _draw_image(ax, x, y, pixels)
        _write(ax, x, y + _TOP_INCHES + _SIDE_INCHES + 0.12, across, images.ids[change.row])
        color = "tab:red" if change.against else "black"
        _write(ax, x, y + _TOP_INCHES + _SIDE_INCHES + 0.24, across, _format_annotators(change), color=color)
    for first, cells, number in _find_runs([number for number, *_ in shown]):
        x, y = first % _COLUMNS * across, first // _COLUMNS * down
        ax.plot([x + 0.05, x + cells * across - 0.05], [y + 0.4] * 2, c="tab:gray", lw=0.8)
        for line, text in enumerate(reversed(_format_heading(number, kinds[number], 18 * cells))):
            _write(ax, x, y + 0.34 - 0.15 * line, cells * across, text, size=8)
    _write(ax, 0, height - 0.15, _COLUMNS * across, _format_rest(changes, len(shown), unreadable), size=8)
    ax.set(xlim=(0, _COLUMNS * across), ylim=(height, 0))
    return figure


def plot_change_counts(kinds: Sequence[Kind], texts: Sequence[str]) -> Figure:
    """Plot the number of images changed from each label to each other as a heat map.

    Parameters
    ----------
    kinds
        The kinds of change.
    texts
        The labels in the order of rows and columns.

    Returns
    -------
    Figure
        One row per label that was changed and one column per new label; if there are many, those with the
        most images.
    """
    order: dict[str | None, int] = {text: place for place, text in enumerate([*texts, None])}
    counts = {(kind.given, kind.now): len(kind.changes) for kind in kinds}
    sides = [sorted(_find_most_common(counts, side), key=lambda label: order[label]) for side in (0, 1)]
    shown = np.array([[counts.get((given, now), 0) for now in sides[1]] for given in sides[0]])
    height, width = shown.shape
    figure = Figure(figsize=(2.5 + 0.45 * width, 1.6 + 0.4 * height), layout="constrained")
    ax = figure.subplots()
    ax.imshow(shown, cmap="Blues", vmin=0)
    for row, column in np.argwhere(shown):
        dark = shown[row, column] > shown.max() / 2
        ax.text(
            column, row, str(shown[row, column]), ha="center", va="center", c="white" if dark else "black"
        )
    names = [
        [truncate_middle(none if text is None else text, 20) for text in side]
        for side, none in zip(sides, (NO_LABEL, NOT_KNOWN), strict=True)
    ]
    ax.set_yticks(range(height), names[0], parse_math=False)
    ax.set_xticks(range(width), names[1], parse_math=False)
    if max(map(len, names[1])) > 3:
        ax.tick_params(axis="x", rotation=45)
        for label in ax.get_xticklabels():
            label.set(ha="right", rotation_mode="anchor")
    ax.set(xlabel="new label", ylabel="given label")
    left_out = sum(counts.values()) - int(shown.sum())
    if left_out:
        ax.set_title(f"the most common labels; {left_out} more changes are not shown", fontsize=8)
    return figure


def plot_errors_found(wrong: Mapping[str, NDArray[np.bool_]]) -> Figure:
    """Plot the number of wrong labels that each annotator found against the number looked at.

    Parameters
    ----------
    wrong
        By annotator: whether each image looked at was marked as wrong, in the order of looking.

    Returns
    -------
    Figure
        One line per annotator; if there are many, those who looked at most.
    """
    most = sorted(wrong, key=lambda name: -len(wrong[name]))[:_MAX_ANNOTATORS]
    figure = Figure(figsize=(7, 3.5), layout="constrained")
    ax = figure.subplots()
    # a legend ignores labels that begin with an underscore, so the names are set afterwards
    lines = [
        ax.plot(np.append(0, np.cumsum(wrong[name])), drawstyle="steps-post", label="annotator")[0]
        for name in most
    ]
    legend = ax.legend(handles=lines)
    for text, name in zip(legend.get_texts(), most, strict=True):
        text.set(text=truncate_middle(name, 24), parse_math=False)
    ax.set(xlabel="labels looked at", ylabel="wrong labels found", xlim=(0, None), ylim=(0, None))
    if len(wrong) > len(most):
        ax.set_title(f"the {len(most)} of {len(wrong)} annotators who looked at most", fontsize=8)
    return figure


class _Run(NamedTuple):
    """Adjacent cells in a row with images of the same kind."""

    first: int
    cells: int
    number: int


def _choose_changes(kinds: Sequence[Kind]) -> Iterator[tuple[int, Change]]:
    """Yield the changes to show, each with the position of its kind."""
    counts = np.array([len(kind.changes) for kind in kinds])
    shares = range(_COLUMNS, _MAX_IMAGES + 1)
    share = max((size for size in shares if np.minimum(counts, size).sum() <= _MAX_IMAGES), default=_COLUMNS)
    left = _MAX_IMAGES
    for number, kind in enumerate(kinds):
        for change in kind.changes[: min(share, left)]:
            yield number, change
            left -= 1


def _find_runs(numbers: Sequence[int]) -> Iterator[_Run]:
    """Yield the runs of cells in a row that show the same kind."""
    first = 0
    for place in range(1, len(numbers) + 1):
        ends = place == len(numbers) or place % _COLUMNS == 0 or numbers[place] != numbers[first]
        if ends:
            yield _Run(first, place - first, numbers[first])
            first = place


def _shrink(image: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Resize an image to the size of its cell, and convert it to RGB."""
    reduction = min(1.0, _SIDE_PIXELS / max(image.shape[:2]))
    if reduction < 1:
        height, width = (max(1, round(side * reduction)) for side in image.shape[:2])
        image = np.asarray(cv2.resize(image, (width, height), interpolation=cv2.INTER_AREA), np.uint8)
    return np.dstack([image] * 3) if image.ndim == 2 else image


def _draw_image(ax: Axes, x: float, y: float, pixels: NDArray[np.uint8]) -> None:
    """Draw an image in the center of its cell; coordinates are in inches, y points down."""
    height, width = (side * _SIDE_INCHES / max(pixels.shape[:2]) for side in pixels.shape[:2])
    left, top = x + (_CELL_INCHES[0] - width) / 2, y + _TOP_INCHES + (_SIDE_INCHES - height) / 2
    ax.imshow(pixels, extent=(left, left + width, top + height, top), aspect="auto")


def _write(
    ax: Axes, x: float, y: float, width: float, text: str, *, size: float = 6.5, color: str = "black"
) -> None:
    """Write a line of text, truncated to the width of its cell."""
    letter_inches = 0.6 * size / 72  # on average
    line = truncate_middle(text, max(3, int((width - 0.1) / letter_inches)))
    artist = ax.text(x + 0.05, y, line, fontsize=size, c=color, parse_math=False, clip_on=True)
    artist.set_clip_box(TransformedBbox(Bbox.from_extents(x, y - 0.5, x + width, y + 0.5), ax.transData))


def _format_heading(number: int, kind: Kind, letters: int) -> list[str]:
    """Return one line of at most `letters` characters, or two lines of any length."""
    given = f"{number + 1}.  {NO_LABEL if kind.given is None else kind.given}"
    now = f"→ {NOT_KNOWN if kind.now is None else kind.now}"
    # on one line, two labels in a right-to-left script would swap places
    leftward = any(unicodedata.bidirectional(letter) in {"R", "AL"} for letter in given + now)
    fits = len(given) + 1 + len(now) <= letters and not leftward
    return [f"{given} {now}"] if fits else [given, now]


def _format_annotators(change: Change) -> str:
    names = ", ".join(change.by)
    return f"{names}, not {', '.join(change.against)}" if change.against else names


def _format_rest(changes: int, shown: int, unreadable: Sequence[str]) -> str:
    if shown == changes:
        return ""
    names = f" {len(unreadable)} cannot be read: {', '.join(unreadable[:3])}" if unreadable else ""
    return f"{shown} of {changes} are shown.{names}" + (" and others" if len(unreadable) > 3 else "")


def _find_most_common(counts: Mapping[tuple[str | None, str | None], int], side: int) -> list[str | None]:
    """Return the labels on one side of the changes that have the most images, at most `_MAX_CLASSES`."""
    images: dict[str | None, int] = {}
    for labels, count in counts.items():
        images[labels[side]] = images.get(labels[side], 0) + count
    return sorted(images, key=lambda label: -images[label])[:_MAX_CLASSES]
