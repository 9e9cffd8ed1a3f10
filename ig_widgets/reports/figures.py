"""Figures of what was learned, and of how much people agree."""

from collections.abc import Callable, Sequence
from contextlib import suppress

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle
from numpy.typing import NDArray

from ig_widgets.data.errors import ImageError
from ig_widgets.data.images import ImageSet

_OPERATIONS = ["operation_1", "operation_2", "operation_3"]


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


def search_figure(scores: pd.DataFrame, *, n_best: int = 10) -> Figure:
    """Draw the result of a search for the best three operations.

    Parameters
    ----------
    scores
        ``scores_`` of a `PolicyAugmenter`.
    n_best
        How many combinations are drawn.

    Returns
    -------
    Figure
        Left, for each operation the mean F1 of the combinations it is in, the best on top; a line at the
        mean of all. Right, the best combinations with the standard deviation of their F1 over the splits.
    """
    operations = pd.unique(scores[_OPERATIONS].to_numpy().ravel())
    means = pd.Series(
        {name: scores.loc[(scores[_OPERATIONS] == name).any(axis=1), "f1"].mean() for name in operations}
    ).sort_values(kind="stable")
    best = scores.sort_values("rank")[:n_best][::-1]  # drawn from below
    height = 1 + 0.22 * max(len(means), len(best))
    figure = Figure(figsize=(11, height), layout="constrained")
    left, right = figure.subplots(1, 2, width_ratios=(2, 3))
    left.plot(means, means.index, "o")
    left.axvline(scores["f1"].mean(), c="gray", lw=1, ls=":")
    left.set(xlabel="mean F1 of its combinations")
    right.errorbar(best["f1"], best[_OPERATIONS].agg(", ".join, axis=1), xerr=best["f1_sd"], fmt="o")
    right.set(xlabel="F1 on held-out images", title=f"best of {len(scores)} combinations")
    return figure


def heat_map_figure(
    images: ImageSet,
    positions: Sequence[int],
    heat_map: Callable[[NDArray[np.uint8]], NDArray[np.float32]],
    captions: Sequence[str],
) -> Figure:
    """Draw images, and beside each where in it something is seen.

    Parameters
    ----------
    images
        Where from.
    positions
        k of them, those that are drawn.
    heat_map
        Turns an image (H, W) or (H, W, 3) into an (H, W) map in [0, 1].
    captions
        k texts.

    Returns
    -------
    Figure
        One cell per image, image and map side by side, or one above the other where images are wide. Images
        that can no longer be read are left out.
    """
    shown = []
    for position, caption in zip(positions, captions, strict=True):
        with suppress(ImageError):
            shown.append((images[int(position)], caption))
    ratio = float(np.median([pixels.shape[1] / pixels.shape[0] for pixels, _ in shown] or [1.0]))
    wide = ratio > 1.5
    columns = min(2 if wide else 4, max(1, len(shown)))
    rows = max(1, -(-len(shown) // columns))
    width = 11 / columns  # of a cell, in inches
    height = 2 * width / ratio if wide else width / 2 / ratio
    figure = Figure(figsize=(11, rows * (min(height, 4) + 0.5)), layout="constrained")
    cells = figure.subfigures(rows, columns, squeeze=False)
    for cell, (pixels, caption) in zip(cells.flat, shown, strict=False):
        cell.suptitle(caption, fontsize=8, parse_math=False)
        axes = cell.subplots(2, 1) if wide else cell.subplots(1, 2)
        for ax in axes:
            ax.set_axis_off()
        _picture(axes[0], pixels)
        axes[1].imshow(heat_map(pixels), cmap="magma", vmin=0, vmax=1)
    return figure


def importance_figure(
    patterns: ImageSet, importances: NDArray[np.float64], *, n_patterns: int = 10
) -> Figure:
    """Draw the patterns that a labeler needs most.

    Parameters
    ----------
    patterns
        p patterns.
    importances
        (p,) what `pattern_importances` says of them; patterns with NaN are not drawn.
    n_patterns
        At most so many are drawn.

    Returns
    -------
    Figure
        One row per pattern, the most important on top: the pattern, and a bar.
    """
    ranked = [k for k in np.argsort(-importances, kind="stable") if not np.isnan(importances[k])]
    shown = ranked[:n_patterns]
    figure = Figure(figsize=(8, 0.6 + 0.45 * max(1, len(shown))), layout="constrained")
    pairs = figure.subplots(max(1, len(shown)), 2, width_ratios=(1, 3), squeeze=False)
    for (left, right), k in zip(pairs, shown, strict=False):
        left.set_axis_off()
        _picture(left, patterns[k])
        right.barh([_plain(patterns.ids[k])], importances[k])
        right.tick_params(axis="y", labelsize=7)
        right.spines[["top", "right"]].set_visible(False)
        right.sharex(pairs[0, 1])
        right.tick_params(axis="x", labelbottom=False)
    pairs[-1, 1].tick_params(axis="x", labelbottom=True)
    pairs[-1, 1].set_xlabel("log loss without it, more than with it (nats per image)")
    return figure


def agreement_figure(people: pd.DataFrame, overlaps: "pd.Series[float]") -> Figure:
    """Draw how much people agree: each of them with the others, and all of them about each image.

    Parameters
    ----------
    people
        What `annotator_agreement` says.
    overlaps
        The column ``iou`` of `image_agreement`; those that are NaN are left out.

    Returns
    -------
    Figure
        Three panels: the mean overlap of each person's boxes with those of the others; how many of their
        boxes somebody else drew too, how many nobody else did, and how many things they missed; and how many
        images there are of which mean overlap.
    """
    names = [_plain(str(name)) or "without a name" for name in people.index]
    figure = Figure(figsize=(11, max(2.7, 1.5 + 0.35 * len(people))), layout="constrained")
    left, middle, right = figure.subplots(1, 3)
    left.barh(names, people["iou"].fillna(0.0))
    left.set(xlim=(0, 1), xlabel="mean overlap with the others' boxes (IoU)")
    begin = np.zeros(len(people))
    for label, color, counts in (
        ("drawn by others, too", "tab:blue", people["shared"] - people["alone"]),
        ("drawn by nobody else", "tab:orange", people["alone"]),
        ("missed", "tab:gray", people["missed"]),
    ):
        middle.barh(names, counts, left=begin, color=color, label=label)
        begin += counts.to_numpy()
    middle.set_xlabel("boxes")
    middle.tick_params(axis="y", labelleft=False)
    figure.legend(*middle.get_legend_handles_labels(), loc="outside lower center", ncols=3, fontsize=8)
    right.hist(overlaps.dropna(), bins=np.linspace(0, 1, 11))
    right.set(xlim=(0, 1), xlabel="mean overlap of an image's boxes (IoU)", ylabel="images")
    for ax in (left, middle):
        ax.invert_yaxis()
    return figure


def _picture(ax: Axes, pixels: NDArray[np.uint8]) -> None:
    ax.imshow(pixels, cmap="gray" if pixels.ndim == 2 else None)


def _plain(name: str) -> str:
    """Escape what matplotlib would take for the beginning of a formula."""
    return name.replace("$", r"\$")
