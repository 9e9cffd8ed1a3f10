"""Figures of the pattern-based labeling pipeline, one function per figure."""

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
from ig_widgets.reports.mathtext import escape_math

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
    """Plot each pattern beside its best matches in images other than its own.

    Parameters
    ----------
    images
        n images.
    patterns
        p patterns; the first `n_patterns` are shown.
    X
        (n, p) similarities.
    boxes
        (n, p, 4) boxes of the matches: x0, y0, x1, y1 in pixels, ends exclusive.
    n_patterns, n_matches
        Numbers of rows, and of matches per row.
    margin
        Width of the surroundings of a match, in sizes of the pattern.

    Returns
    -------
    Figure
        One row per pattern, the best match first.
    """
    shown = min(n_patterns, len(patterns))
    own = patterns.provenance["image"].to_numpy() if patterns.provenance is not None else [None] * shown
    figure = Figure(figsize=(2 * (n_matches + 1), 1.3 * shown), layout="constrained")
    axes = figure.subplots(shown, n_matches + 1, squeeze=False)
    for ax in axes.flat:
        ax.set_axis_off()
    for row in range(shown):
        _show_image(axes[row, 0], patterns[row])
        axes[row, 0].set_title(patterns.ids[row], fontsize=6, parse_math=False)
        ranked = [i for i in np.argsort(-X[:, row]) if X[i, row] > 0 and images.ids[i] != own[row]]
        for ax, i in zip(axes[row, 1:], ranked[:n_matches], strict=False):
            x0, y0, x1, y1 = boxes[i, row]
            across, down = int((x1 - x0) * margin), int((y1 - y0) * margin)
            left, top = max(0, x0 - across), max(0, y0 - down)
            try:
                image = images[int(i)]
            except ImageError:
                continue  # readable when it was matched, but no longer; its axes stay empty
            _show_image(ax, image[top : y1 + down, left : x1 + across])
            ax.add_patch(
                Rectangle((x0 - left - 0.5, y0 - top - 0.5), x1 - x0, y1 - y0, fill=False, ec="tab:orange")
            )
            ax.set_title(f"{X[i, row]:.2f}  {images.ids[i]}", fontsize=6, parse_math=False)
    return figure


def score_histogram(
    X: NDArray[np.float64], y: NDArray[np.intp], classes: Sequence[str], sources: NDArray[np.int64]
) -> Figure:
    """Plot histograms of the highest similarity of each image to a pattern of another image, by class.

    Parameters
    ----------
    X
        (n, p) similarities; rows of NaN are left out.
    y
        (n,) positions in `classes`, -1 for images without annotations.
    classes
        Names of the classes.
    sources
        (p,) row of the image that each pattern was cropped from, where it scores 1; -1 if it is not among
        the images.

    Returns
    -------
    Figure
        One histogram per class, and one of the images without annotations.
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
            # outlines only: filled histograms would hide each other
            ax.hist(
                highest[chosen],
                bins=30,
                range=(0, 1),
                density=True,
                histtype="step",
                label=f"{escape_math(name)} ({chosen.sum()})",
            )
    ax.set(xlabel="highest similarity to a pattern of another image", ylabel="density")
    ax.legend()
    return figure


def confusion(y: NDArray[np.intp], decided: NDArray[np.intp], classes: Sequence[str]) -> Figure:
    """Plot a confusion matrix.

    Parameters
    ----------
    y
        (n,) annotated classes, as positions in `classes`.
    decided
        (n,) classes predicted by the labeler.
    classes
        K names.

    Returns
    -------
    Figure
        K x K counts, one row per annotated class.
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
    names = [escape_math(name) for name in classes]
    ax.set_xticks(range(len(classes)), names, rotation=45 if len(classes) > 3 else 0)
    ax.set_yticks(range(len(classes)), names)
    ax.set(xlabel="labeler", ylabel="people")
    return figure


def search_figure(scores: pd.DataFrame, *, n_best: int = 10) -> Figure:
    """Plot the results of the search for the best combination of three augmentation operations.

    Parameters
    ----------
    scores
        ``scores_`` of a `PolicyAugmenter`.
    n_best
        Number of combinations to show.

    Returns
    -------
    Figure
        Left: for each operation, the mean F1 of the combinations that contain it, the best on top, with a
        line at the overall mean. Right: the best combinations with the standard deviation of F1 over the
        splits.
    """
    operations = pd.unique(scores[_OPERATIONS].to_numpy().ravel())
    means = pd.Series(
        {name: scores.loc[(scores[_OPERATIONS] == name).any(axis=1), "f1"].mean() for name in operations}
    ).sort_values(kind="stable")
    best = scores.sort_values("rank")[:n_best][::-1]  # plotted from the bottom up
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
    """Plot images beside their heat maps.

    Parameters
    ----------
    images
        The images to choose from.
    positions
        Positions of the k images to show.
    heat_map
        A function that maps an image, (H, W) or (H, W, 3), to a heat map, (H, W) in [0, 1].
    captions
        k texts.

    Returns
    -------
    Figure
        One cell per image, with image and heat map side by side, or one above the other if the images are
        wide. Images that can no longer be read are left out.
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
        _show_image(axes[0], pixels)
        axes[1].imshow(heat_map(pixels), cmap="magma", vmin=0, vmax=1)
    return figure


def importance_figure(
    patterns: ImageSet, importances: NDArray[np.float64], *, n_patterns: int = 10
) -> Figure:
    """Plot the patterns that are most important to a labeler.

    Parameters
    ----------
    patterns
        p patterns.
    importances
        (p,) the result of `pattern_importances`; patterns with NaN are left out.
    n_patterns
        Maximum number of patterns to show.

    Returns
    -------
    Figure
        One row per pattern, the most important on top: the pattern, and a bar of its importance.
    """
    ranked = [k for k in np.argsort(-importances, kind="stable") if not np.isnan(importances[k])]
    shown = ranked[:n_patterns]
    figure = Figure(figsize=(8, 0.6 + 0.45 * max(1, len(shown))), layout="constrained")
    pairs = figure.subplots(max(1, len(shown)), 2, width_ratios=(1, 3), squeeze=False)
    for (left, right), k in zip(pairs, shown, strict=False):
        left.set_axis_off()
        _show_image(left, patterns[k])
        right.barh([escape_math(patterns.ids[k])], importances[k])
        right.tick_params(axis="y", labelsize=7)
        right.spines[["top", "right"]].set_visible(False)
        right.sharex(pairs[0, 1])
        right.tick_params(axis="x", labelbottom=False)
    pairs[-1, 1].tick_params(axis="x", labelbottom=True)
    pairs[-1, 1].set_xlabel("increase of the log loss without the pattern (nats per image)")
    return figure


def _show_image(ax: Axes, pixels: NDArray[np.uint8]) -> None:
    ax.imshow(pixels, cmap="gray" if pixels.ndim == 2 else None)
