"""What choosing the network by cross-validation is worth (Heo et al. 2020, Figure 11), on KSDD."""

from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any, Final

import numpy as np
from matplotlib.figure import Figure
from numpy.typing import NDArray

from ig_widgets.experiments import ksdd
from ig_widgets.experiments.parts.ablation import compare
from ig_widgets.experiments.parts.datasets import (
    KSDD_DEVELOPMENT_SIZE,
    load_ksdd,
    of_each_class,
    part,
    stratified,
)
from ig_widgets.experiments.parts.splits import Split
from ig_widgets.experiments.parts.tables import row_summary

SEEDS = 10
GRID: Final[dict[str, Any]] = {
    "hidden_layers": [(2**n,) * depth for depth in (1, 2, 3) for n in range(1, 7)],
    "alpha": [1e-5, 1.0],
}
QUICK_GRID: Final[dict[str, Any]] = {"hidden_layers": [(2,), (4,), (4, 4)], "alpha": [1.0]}
OTHERS = ("logistic", "boosting")

_Run = Mapping[str, float]


def run(
    data: Path,
    seeds: int = SEEDS,
    *,
    quick: bool = False,
    pictures: Path | None = None,
    keep: Path | None = None,
) -> tuple[dict[str, dict[str, float]], dict[str, Any]]:
    """Label KSDD by each network of the grid, and by the one that cross-validation chooses.

    All learn from the similarities to the original patterns and those of both augmentations, as "both" does
    in the experiment `ksdd`. The images outside the development set only measure: which network is best on
    them ("max") nobody can know who has to choose one.

    Parameters
    ----------
    data
        The folder of data sets: see `load_ksdd`.
    seeds
        Number of random development sets of 78 images.
    quick
        One development set, a few images and little training, to see that everything runs.
    pictures
        Folder for a picture of F1 by network.
    keep
        Folder that keeps the results of each development set, to go on after an interruption, see `kept`.

    Returns
    -------
    metrics
        What `row_summary` makes of `label_metrics` on the other images: "max", "min" and "median" over the
        networks for each development set; "tuned", the chosen one; "logistic" and "boosting", what the
        `WeakLabeler` can be instead; and as "8x8, alpha 1" each network.
    settings
        What was run.

    Raises
    ------
    FileNotFoundError
        If the data are not there.
    """
    dataset, _ = load_ksdd(data)
    size, grid, settings = KSDD_DEVELOPMENT_SIZE, GRID, ksdd.SETTINGS
    if quick:
        dataset, size = part(dataset, of_each_class(dataset.y, 12, seed=0)), 12
        seeds, grid, settings = 1, QUICK_GRID, ksdd.QUICK
    settings = {**settings, "labeling": {**settings["labeling"], **grid}}
    networks = {
        f"{'x'.join(map(str, widths))}, alpha {alpha:g}": {"hidden_layers": [widths], "alpha": alpha}
        for alpha in grid["alpha"]
        for widths in grid["hidden_layers"]
    }
    others = {name: {"learner": name, "alpha": None} for name in OTHERS}
    methods = {name: partial(labeled_by, **changed) for name, changed in {**networks, **others}.items()}
    developments = [stratified(dataset.y, size, seed) for seed in range(seeds)]
    runs = compare(
        dataset,
        developments,
        {"tuned": labeled_by, **methods},
        processes=1 if quick else 2,
        keep=keep,
        **settings,
    )
    by_set = list(zip(*(runs[name] for name in networks), strict=True))
    summed: dict[str, Sequence[_Run]] = {
        "max": [max(of, key=_f1) for of in by_set],
        "min": [min(of, key=_f1) for of in by_set],
        "median": [{key: float(np.median([run[key] for run in of])) for key in of[0]} for of in by_set],
        **{name: runs[name] for name in ("tuned", *OTHERS, *networks)},
    }
    metrics = {name: row_summary(of) for name, of in summed.items()}
    if pictures is not None:
        _draw(metrics, networks, f"KSDD, {size} images labeled", pictures / "model_tuning.png")
    return metrics, {"seeds": seeds, "development_size": size, **settings}


def labeled_by(split: Split, **changed: Any) -> NDArray[np.float64]:
    """Label with all patterns by a labeler of which something is changed.

    Parameters
    ----------
    split
        Where from.
    **changed
        Settings of the `WeakLabeler`.

    Returns
    -------
    float array of shape (n_test, n_classes)
        Probabilities of the images outside the development set.
    """
    return split.label(split.policy, split.gan, **changed).P_[split.test]


def _f1(run: _Run) -> float:
    return run["f1"]


def _draw(
    metrics: Mapping[str, Mapping[str, float]],
    networks: Mapping[str, Mapping[str, Any]],
    title: str,
    file: Path,
) -> None:
    """Save a picture: a line over the widths for each depth and penalty, and what else there is across it."""
    lines: dict[tuple[float, int], dict[int, float]] = {}
    for name, network in networks.items():
        (widths,) = network["hidden_layers"]
        lines.setdefault((network["alpha"], len(widths)), {})[widths[0]] = metrics[name]["f1_median"]
    alphas = sorted({alpha for alpha, _ in lines})
    figure = Figure(figsize=(8, 5), layout="constrained")
    axes = figure.subplots()
    for (alpha, depth), line in lines.items():
        style = ("o-", "o:", "o--")[alphas.index(alpha)]
        label = f"{depth} hidden layer{'s' * (depth > 1)}, alpha {alpha:g}"
        axes.plot(list(line), list(line.values()), style, c=f"C{depth}", label=label)
    for name, style in (("tuned", "-"), ("logistic", "--"), ("boosting", ":")):
        axes.axhline(metrics[name]["f1_median"], c="black", ls=style, label=name)
    axes.axhspan(metrics["min"]["f1_median"], metrics["max"]["f1_median"], alpha=0.1, label="min to max")
    axes.set_xscale("log", base=2)
    axes.xaxis.set_major_formatter("{x:g}")
    axes.set(ylim=(-0.02, 1.02), xlabel="width of the hidden layers", ylabel="F1, median", title=title)
    axes.legend(bbox_to_anchor=(1, 1), loc="upper left")
    file.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(file)
