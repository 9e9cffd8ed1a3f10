"""Which images are labeled wrongly, and what they resemble (Heo et al. 2020, Table 6), on KSDD."""

from pathlib import Path
from statistics import median_low
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle
from numpy.typing import NDArray

from ig_widgets.compute.crowd.boxes import iou
from ig_widgets.compute.labeling.metrics import label_metrics
from ig_widgets.data.annotations import BOX
from ig_widgets.experiments import ksdd
from ig_widgets.experiments.parts.datasets import load_ksdd, of_each_class, part, stratified
from ig_widgets.experiments.parts.methods import METHODS
from ig_widgets.experiments.parts.splits import Split
from ig_widgets.experiments.parts.tables import row_summary

SEEDS = 1

_SHOWN = 24  # at most


def run(
    data: Path, seeds: int = SEEDS, *, quick: bool = False, pictures: Path | None = None
) -> tuple[dict[str, dict[str, float]], dict[str, Any]]:
    """List the images of KSDD that "learned" labels wrongly from the published development set.

    Of the causes in the paper's table, noisy data and defects that are difficult to humans are for humans to
    judge, from the picture. A matching failure shows here as a missed crack whose nearest pattern was found
    elsewhere in the image.

    Parameters
    ----------
    data
        The folder of data sets: see `load_ksdd`.
    seeds
        Number of seeds; there is one development set. The misses listed and shown are those of the first.
    quick
        One seed, a few images, a random development set and little training, to see that everything runs.
    pictures
        Folder for a gallery of the misses: each whole, with the true box (green) and the place of the nearest
        pattern (orange), both places closer, and the pattern.

    Returns
    -------
    metrics
        "learned": what `row_summary` makes of `label_metrics`, and the median over the seeds (the lower one
        of two) of ``false_negatives``; of ``matched_elsewhere``, how many of these have their nearest pattern
        outside all true boxes; and of ``false_positives``.
    settings
        What was run, and ``misses``: of each image its ``file``, the ``kind`` of miss, the ``probability`` of
        a crack, the nearest ``pattern``, its ``similarity``, its place as
        ``x, y, width, height`` in pixels, and whether that is ``on_the_defect``.

    Raises
    ------
    FileNotFoundError
        If the data are not there.
    """
    dataset, development = load_ksdd(data)
    settings = ksdd.SETTINGS
    if quick:
        dataset = part(dataset, of_each_class(dataset.y, 12, seed=0))
        development = stratified(dataset.y, 12, seed=0)
        seeds, settings = 1, ksdd.QUICK
    runs, missed = [], []
    with TemporaryDirectory() as store:
        for seed in range(seeds):
            split = Split(dataset, development, seed, store=Path(store), **settings)
            P = METHODS["learned"](split)
            runs.append(label_metrics(dataset.y[split.test], P))
            missed.append(misses(split, P))
            if seed == 0 and pictures is not None:
                _draw(split, missed[0], pictures / "errors.png")
    counts = [_counts(table) for table in missed]
    medians = {kind: median_low([of[kind] for of in counts]) for kind in counts[0]}
    listed = missed[0].to_dict("records")
    return {"learned": row_summary(runs) | medians}, {"seeds": seeds, "misses": listed, **settings}


def misses(split: Split, P: NDArray[np.float64]) -> pd.DataFrame:
    """Return the images of two classes that are labeled wrongly, and what they resemble most.

    Parameters
    ----------
    split
        Where from.
    P
        (n_test, 2) probabilities of the images outside the development set.

    Returns
    -------
    DataFrame
        One row for each, with the columns that `run` lists; false negatives first, the surest first.
    """
    truth, probability = split.dataset.y[split.test], P[:, 1]
    wrong = np.flatnonzero(P.argmax(axis=1) != truth)
    wrong = wrong[np.lexsort((-np.abs(probability[wrong] - 0.5), -truth[wrong]))]
    images = split.dataset.images[split.test[wrong]]
    learned = split.learned
    X = learned.X_[split.test[wrong], : learned.n_drawn_]
    nearest = X.argmax(axis=1)
    ends = learned.places_[split.test[wrong], nearest]  # (n, 4): x0, y0, x1, y1
    boxes = np.hstack([ends[:, :2], ends[:, 2:] - ends[:, :2]])
    return pd.DataFrame(
        {
            "file": list(images.ids),
            "kind": np.where(truth[wrong] == 1, "false negative", "false positive"),
            "probability": probability[wrong],
            "pattern": [learned.patterns_.ids[k] for k in nearest],
            "similarity": X.max(axis=1),
            **dict(zip(BOX, boxes.T, strict=True)),
            "on_the_defect": [
                bool(iou([box], _true_boxes(split, image_id)).any())
                for box, image_id in zip(boxes, images.ids, strict=True)
            ],
        }
    )


def _counts(missed: pd.DataFrame) -> dict[str, int]:
    negative = missed["kind"] == "false negative"
    return {
        "false_negatives": int(negative.sum()),
        "matched_elsewhere": int((negative & ~missed["on_the_defect"]).sum()),
        "false_positives": int((~negative).sum()),
    }


def _true_boxes(split: Split, image_id: str) -> NDArray[np.float64]:
    boxes = split.dataset.boxes
    return boxes.loc[boxes["image"] == image_id, list(BOX)].to_numpy(dtype=np.float64)


def _draw(split: Split, missed: pd.DataFrame, file: Path) -> None:
    shown = missed[:_SHOWN]
    columns = max(1, min(4, len(shown)))
    rows = max(1, -(-len(shown) // columns))
    figure = Figure(figsize=(3.6 * columns, 3.8 * rows), layout="constrained")
    cells = figure.subfigures(rows, columns, squeeze=False)
    for cell, miss in zip(cells.flat, shown.to_dict("records"), strict=False):
        axes = cell.subplot_mosaic(
            [["whole", name] for name in ("defect", "place", "pattern")], width_ratios=[1, 2]
        )
        for ax in axes.values():
            ax.set_axis_off()
        pixels = split.dataset.images[split.dataset.images.position(miss["file"])]
        place = np.array([miss[name] for name in BOX])
        _show(axes["whole"], pixels)
        for box in _true_boxes(split, miss["file"]):
            _outline(axes["whole"], box, "tab:green")
            _show_around(axes["defect"], pixels, box, "tab:green")
        _outline(axes["whole"], place, "tab:orange")
        _show_around(axes["place"], pixels, place, "tab:orange")
        _show(axes["pattern"], split.original[split.original.ids.index(miss["pattern"])])
        title = f"{miss['file']}\n{miss['kind']}, P({split.dataset.classes[1]}) = {miss['probability']:.2f}"
        cell.suptitle(title, fontsize=8, parse_math=False)
        axes["place"].set_title(f"similarity {miss['similarity']:.2f}", fontsize=7)
        axes["pattern"].set_title(f"to {miss['pattern']}", fontsize=7, parse_math=False)
    file.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(file, dpi=120)


def _show(axes: Axes, pixels: NDArray[Any]) -> None:
    axes.imshow(pixels, cmap="gray", vmin=0, vmax=255)


def _show_around(axes: Axes, pixels: NDArray[Any], box: NDArray[np.float64], color: str) -> None:
    """Show the box with a quarter of its width on all sides."""
    _show(axes, pixels)
    _outline(axes, box, color)
    x, y, width, height = box
    margin = width / 4
    axes.set(xlim=(x - margin, x + width + margin), ylim=(y + height + margin, y - margin))


def _outline(axes: Axes, box: NDArray[np.float64], color: str) -> None:
    x, y, width, height = box
    axes.add_patch(Rectangle((x - 0.5, y - 0.5), width, height, fill=False, ec=color))
