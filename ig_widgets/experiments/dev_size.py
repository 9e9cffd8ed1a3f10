"""F1 of the labels against the size of the development set (Heo et al. 2020, Figure 9)."""

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any, Final, NamedTuple

import numpy as np
from matplotlib.figure import Figure
from numpy.typing import NDArray

from ig_widgets.experiments import ksdd, neu
from ig_widgets.experiments.parts.ablation import compare
from ig_widgets.experiments.parts.curves import draw_curves
from ig_widgets.experiments.parts.datasets import (
    Dataset,
    load_ksdd,
    load_neu,
    of_each_class,
    part,
    stratified,
)
from ig_widgets.experiments.parts.methods import Method
from ig_widgets.experiments.parts.self_learning import self_learned
from ig_widgets.experiments.parts.tables import row_summary

SEEDS = 3  # a development set takes the networks of the baselines some ten minutes
OURS = ("none", "both", "learned", "detector")
BASELINES = ("snuba", "snorkel", "majority_vote", "max_similarity")
CNNS: Final[Mapping[str, dict[str, Any]]] = {
    "self_learning_mobilenet": {"backbone": "mobilenet_v2", "learning_rate": 1e-3},
    "self_learning_vgg19": {"backbone": "vgg19", "learning_rate": 1e-4},
}
TRAINING: Final[dict[str, Any]] = {"folds": 3, "epochs": 15, "steps": 200}
QUICK_TRAINING: Final[dict[str, Any]] = {"folds": 2, "epochs": 1, "steps": 1}


class _Study(NamedTuple):
    """One data set, and the development sets that are drawn from it."""

    dataset: Dataset
    draw: Callable[[NDArray[np.int64], int, int], NDArray[np.int64]]  # of y, size and seed
    sizes: Sequence[int]
    methods: Mapping[str, Method]
    settings: dict[str, Any]
    cnn_size: tuple[int, int]  # height and width


def run(
    data: Path,
    seeds: int = SEEDS,
    *,
    quick: bool = False,
    pictures: Path | None = None,
    keep: Path | None = None,
    sets: Sequence[str] = ("ksdd", "neu"),
) -> tuple[dict[str, dict[str, float]], dict[str, Any]]:
    """Label KSDD and NEU by all methods, from development sets of several sizes.

    Those of KSDD are stratified, with 5 to 20 cracks; those of NEU have as many images of each class. The
    settings are those of the experiments `ksdd` and `neu`. The paper's self-learning networks start from
    random weights and see KSDD at 224 x 96 and NEU at 96 x 96 pixels; they take longer than all other methods
    together.

    Parameters
    ----------
    data
        The folder of data sets: see `load_ksdd` and `load_neu`.
    seeds
        Number of random development sets of each size, the same for all methods.
    quick
        One development set of each size, few images and little training, to see that everything runs.
    pictures
        Folder for a picture of the curves.
    keep
        Folder that keeps the results of each development set, to go on after an interruption, see `cached`.
    sets
        Which data sets: one of "ksdd" and "neu", or both.

    Returns
    -------
    metrics
        What `row_summary` makes of `label_metrics` on the other images, as "ksdd/78/learned": by data set,
        size of the development set (NEU: of each class) and method. NEU has no "max_similarity", which knows
        two classes.
    settings
        What was run.

    Raises
    ------
    FileNotFoundError
        If the data are not there.
    """
    seeds = 1 if quick else seeds
    training = QUICK_TRAINING if quick else TRAINING
    studies = {name: _STUDIES[name](data, quick=quick) for name in sets}
    metrics: dict[str, dict[str, float]] = {}
    figure = Figure(figsize=(6 * len(studies), 5), layout="constrained")
    panels = figure.subplots(1, len(studies), squeeze=False)[0]
    for axes, (name, study) in zip(panels, studies.items(), strict=True):
        methods = {of: study.methods[of] for of in (*OURS, *BASELINES) if of in study.methods} | {
            of: partial(self_learned, size=study.cnn_size, **training, **CNNS[of]) for of in CNNS
        }
        curves = _measured(study, methods, seeds, quick=quick, keep=keep)
        metrics |= {f"{name}/{size}/{of}": curves[of][size] for size in study.sizes for of in curves}
        draw_curves(axes, [*OURS, *BASELINES, *CNNS], curves, dotted=[*BASELINES, *CNNS])
        axes.set(title=name.upper(), xlabel=f"labeled images{' of each class' * (name == 'neu')}")
    if pictures is not None:
        figure.legend(*panels[0].get_legend_handles_labels(), loc="outside right upper")
        pictures.mkdir(parents=True, exist_ok=True)
        figure.savefig(pictures / "dev_size.png")
    settings = {
        name: {"sizes": list(study.sizes), "images": len(study.dataset.y), "cnn_size": list(study.cnn_size)}
        | study.settings
        for name, study in studies.items()
    }
    networks = {of: {**cnn, **training} for of, cnn in CNNS.items()}
    return metrics, {"seeds": seeds, **networks, **settings}


def _ksdd(data: Path, *, quick: bool) -> _Study:
    dataset = load_ksdd(data)[0]
    if quick:
        dataset = part(dataset, of_each_class(dataset.y, 12, seed=0))
        return _Study(dataset, stratified, (8, 12), ksdd.METHODS, ksdd.QUICK, (32, 32))
    return _Study(dataset, stratified, (39, 78, 156), ksdd.METHODS, ksdd.SETTINGS, (224, 96))


def _neu(data: Path, *, quick: bool) -> _Study:
    dataset = load_neu(data)
    if quick:
        dataset = part(dataset, of_each_class(dataset.y, 8, seed=0))
        return _Study(dataset, of_each_class, (4,), neu.METHODS, neu.QUICK, (32, 32))
    return _Study(dataset, of_each_class, (10, 25, 100), neu.METHODS, neu.SETTINGS, (96, 96))


_STUDIES: Final = {"ksdd": _ksdd, "neu": _neu}


def _measured(
    study: _Study, methods: Mapping[str, Method], seeds: int, *, quick: bool, keep: Path | None
) -> dict[str, dict[int, dict[str, float]]]:
    """Return the rows by method and size."""
    # all sizes at once, so that they share similarities
    developments = [study.draw(study.dataset.y, size, seed) for size in study.sizes for seed in range(seeds)]
    runs = compare(
        study.dataset,
        developments,
        methods,
        seeds=[*range(seeds)] * len(study.sizes),
        processes=1 if quick else 2,
        keep=keep,
        **study.settings,
    )
    return {
        name: {size: row_summary(of[k * seeds :][:seeds]) for k, size in enumerate(study.sizes)}
        for name, of in runs.items()
    }
