"""F1 of the labels against the number of augmented patterns (Heo et al. 2020, Figure 10), on KSDD."""

from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any, Final, Literal, TypeAlias

import numpy as np
from matplotlib.figure import Figure
from numpy.typing import NDArray

from ig_widgets.data.images import ImageSet
from ig_widgets.experiments import ksdd
from ig_widgets.experiments.parts.ablation import compare
from ig_widgets.experiments.parts.curves import draw_curves
from ig_widgets.experiments.parts.datasets import (
    KSDD_DEVELOPMENT_SIZE,
    load_ksdd,
    of_each_class,
    part,
    stratified,
)
from ig_widgets.experiments.parts.methods import METHODS, Method
from ig_widgets.experiments.parts.splits import Split
from ig_widgets.experiments.parts.tables import row_summary

Origin: TypeAlias = Literal["policy", "gan"]

SEEDS = 10
COUNTS: Final[Sequence[int]] = (25, 50, 100, 200, 300)
QUICK_COUNTS: Final[Sequence[int]] = (3, 6)
KINDS: Final[dict[str, tuple[Origin, ...]]] = {
    "policy": ("policy",),
    "gan": ("gan",),
    "both": ("policy", "gan"),
}


def run(
    data: Path,
    seeds: int = SEEDS,
    *,
    quick: bool = False,
    pictures: Path | None = None,
    keep: Path | None = None,
) -> tuple[dict[str, dict[str, float]], dict[str, Any]]:
    """Label KSDD as the experiment `ksdd` does, with more and more augmented patterns.

    Each augmentation makes 300 patterns once; fewer are a random part of these, and the more hold the fewer.
    The policy makes fewer than 300 where an operation that was found best has no magnitude; then the largest
    numbers stand for all that there are.

    Parameters
    ----------
    data
        The folder of data sets: see `load_ksdd`.
    seeds
        Number of random development sets of 78 images.
    quick
        One development set, a few images and little training, to see that everything runs.
    pictures
        Folder for a picture of the curves.
    keep
        Folder that keeps the results of each development set, to go on after an interruption, see `kept`.

    Returns
    -------
    metrics
        What `row_summary` makes of `label_metrics` on the other images: "none", and as "policy/25" by
        augmentation and number of augmented patterns; of "both", each augmentation makes half of them.
    settings
        What was run.

    Raises
    ------
    FileNotFoundError
        If the data are not there.
    """
    dataset, _ = load_ksdd(data)
    size, counts, settings = KSDD_DEVELOPMENT_SIZE, COUNTS, ksdd.SETTINGS
    if quick:
        dataset, size = part(dataset, of_each_class(dataset.y, 12, seed=0)), 12
        seeds, counts, settings = 1, QUICK_COUNTS, ksdd.QUICK
    settings = {**settings, "n_augmented": max(counts)}
    methods: dict[str, Method] = {"none": METHODS["none"]} | {
        f"{kind}/{count}": partial(labeled_with, origins=origins, count=count)
        for kind, origins in KINDS.items()
        for count in counts
    }
    developments = [stratified(dataset.y, size, seed) for seed in range(seeds)]
    runs = compare(dataset, developments, methods, processes=1 if quick else 2, keep=keep, **settings)
    metrics = {name: row_summary(of) for name, of in runs.items()}
    if pictures is not None:
        _draw(metrics, counts, f"KSDD, {size} images labeled", pictures / "pattern_count.png")
    return metrics, {"seeds": seeds, "counts": list(counts), "development_size": size, **settings}


def labeled_with(split: Split, *, origins: Sequence[Origin], count: int) -> NDArray[np.float64]:
    """Label with the original patterns, and so many of others.

    Parameters
    ----------
    split
        Where from.
    origins
        Augmentations, of which each makes its share of `count`, the first one the odd one.
    count
        Of augmented patterns.

    Returns
    -------
    float array of shape (n_test, n_classes)
        Probabilities of the images outside the development set.
    """
    parts = (random_part(split, origin, -(-(count - k) // len(origins))) for k, origin in enumerate(origins))
    return split.label(*parts).P_[split.test]


def random_part(split: Split, origin: Origin, count: int) -> ImageSet:
    """Return so many patterns of an augmentation, drawn at random; fewer are part of more."""
    patterns = split.policy if origin == "policy" else split.gan
    return patterns[np.random.default_rng(split.seed).permutation(len(patterns))[:count]]


def _draw(metrics: dict[str, dict[str, float]], counts: Sequence[int], title: str, file: Path) -> None:
    figure = Figure(figsize=(7, 5), layout="constrained")
    axes = figure.subplots()
    curves = {
        kind: {0: metrics["none"], **{count: metrics[f"{kind}/{count}"] for count in counts}}
        for kind in KINDS
    }
    draw_curves(axes, list(KINDS), curves)
    axes.set(title=title, xlabel="augmented patterns")
    axes.legend()
    file.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(file)
