"""What weak labels are worth to a network (Heo et al. 2020, section 6.6 and Table 5), on KSDD and NEU."""

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final, NamedTuple, TypeAlias

import numpy as np
from joblib import Parallel, delayed
from matplotlib.figure import Figure
from numpy.typing import NDArray
from tqdm import tqdm

from ig_widgets.compute.labeling.metrics import label_metrics
from ig_widgets.compute.networks.backbones import BackboneName
from ig_widgets.compute.networks.cnn import ImageClassifier
from ig_widgets.compute.networks.square_patches import resize
from ig_widgets.compute.threads import threads
from ig_widgets.experiments import ksdd, neu
from ig_widgets.experiments.parts.datasets import (
    KSDD_DEVELOPMENT_SIZE,
    Dataset,
    load_ksdd,
    load_neu,
    of_each_class,
    part,
    stratified,
)
from ig_widgets.experiments.parts.methods import METHODS
from ig_widgets.experiments.parts.result_cache import cached
from ig_widgets.experiments.parts.splits import Split
from ig_widgets.experiments.parts.tables import row_summary
from ig_widgets.experiments.parts.tipping import tipping_point

_Floats: TypeAlias = NDArray[np.float64]
_Ints: TypeAlias = NDArray[np.int64]
_Measures: TypeAlias = dict[str, dict[str, float]]


class Case(NamedTuple):
    """How a data set is divided and learned from."""

    draw: Callable[[_Ints, int, int], _Ints]  # `stratified` counts images, `of_each_class` images of each
    development: int
    unlabeled: int
    multiples: Sequence[int]  # of the development set, within it and the unlabeled part; the first is 1
    size: tuple[int, int]  # height and width of the end model's images
    passes: int  # images that go through an end model in training, however many different ones there are
    splitting: Mapping[str, Any]  # settings of the `Split`


SEEDS = 20
QUICK_SEEDS, QUICK_IMAGES = 2, 12  # images of each class
CASES: Final[Mapping[str, Case]] = {
    # 160 images are left for the test. A crack is 4 pixels high at this size.
    "ksdd": Case(stratified, KSDD_DEVELOPMENT_SIZE, 161, (1, 2, 3), (224, 96), 6300, ksdd.SETTINGS),
    # At the published 100 of each class networks need no weak labels: 0.95 without them in the paper.
    "neu": Case(of_each_class, 10, 100, (1, 2, 4, 8), (64, 64), 6000, neu.SETTINGS),
}
QUICK: Final[Mapping[str, Case]] = {
    "ksdd": Case(stratified, 6, 10, (1, 2), (32, 32), 32, ksdd.QUICK),
    "neu": Case(of_each_class, 4, 4, (1, 2), (32, 32), 32, neu.QUICK),
}


def run(
    data: Path,
    seeds: int = SEEDS,
    *,
    quick: bool = False,
    pictures: Path | None = None,
    keep: Path | None = None,
    backbone: BackboneName = "resnet18",
    labels: str = "detector",
    sets: Sequence[str] = ("ksdd", "neu"),
) -> tuple[dict[str, dict[str, float]], dict[str, Any]]:
    """Train a network on a development set, with weak labels and without, for several random ones.

    Of the images outside the development set, which are all weakly labeled in the paper, some make the
    unlabeled part and the others the test part, both drawn at random, with as much of each class. Inspector
    Gadget's detector learns from the development set and, unless `labels` names more of it, labels the
    unlabeled part alone; nothing sees the test part before the end. The end model learns from the
    development set alone, or from that and the probabilities of the unlabeled part, by the expected loss.
    For the tipping point it also learns from development sets that grow by images of the unlabeled part with
    their true classes.

    The number of steps was chosen by the loss in training, on another development set: with 78 images of KSDD
    it was still 0.59 (0.69 is a guess) when 2100 images had gone through, and 0.09 after 6300.

    All of this the paper leaves open. What we took to be fair: every network has the same form and settings
    and learns in the same number of steps, to within half an epoch, so that the one with few images sees each
    of them more often. Classes count alike in the loss of each, and its answer is the most probable class:
    no threshold is fitted to anything.

    Parameters
    ----------
    data
        The folder of data sets, see `load_ksdd` and `load_neu`.
    seeds
        Number of random development sets.
    quick
        A few images, little training, and two development sets at most, to see that everything runs.
    pictures
        Folder for ``end_model.png``, F1 against the number of labeled images.
    keep
        Folder that keeps the results of each development set, to go on after an interruption, see `cached`.
    backbone
        The end model, from random weights. The paper has VGG-19 on KSDD and ResNet-50 on NEU, which take many
        times as long.
    labels
        Name of one of `METHODS` that makes the weak labels. "learned" takes twice as long as "detector"; on
        60 images of NEU its labels were no better.
    sets
        Which data sets: one of "ksdd" and "neu", or both.

    Returns
    -------
    metrics
        ``ksdd/...`` and ``neu/...``. By ``dev_only``, ``dev_only_x2`` and so on, and ``dev_and_weak``, what
        `row_summary` makes of `label_metrics` of the end model on the test part; by ``weak_labels``, of the
        weak labels on the unlabeled part. By ``tipping_point``: ``of_medians``, of the median F1 of each
        size; ``median, min, max`` over the development sets; ``not_reached``, in how many of these no size
        reached the F1 with weak labels. There the largest multiple is counted, so that the median is a lower
        bound.
    settings
        What was run.

    Raises
    ------
    FileNotFoundError
        If the data are not there.
    """
    known = {"ksdd": lambda: load_ksdd(data)[0], "neu": lambda: load_neu(data)}
    datasets = {name: known[name]() for name in sets}
    if quick:
        datasets = {
            name: part(some, of_each_class(some.y, QUICK_IMAGES, 0)) for name, some in datasets.items()
        }
        seeds = min(seeds, QUICK_SEEDS)
    cases = {name: (QUICK if quick else CASES)[name] for name in sets}
    with TemporaryDirectory() as store:
        tasks = [
            delayed(cached)(
                keep,
                {"data": name, **_facts(case), "seed": seed, "backbone": backbone, "labels": labels},
                partial(
                    _measured,
                    datasets[name],
                    pixels,
                    case,
                    seed,
                    backbone=backbone,
                    labels=labels,
                    store=Path(store),
                ),
            )
            for name, case in cases.items()
            for pixels in [np.stack([resize(image, *case.size) for image in datasets[name].images])]
            for seed in range(seeds)
        ]
        made = Parallel(n_jobs=1 if quick else 2, return_as="generator")(tasks)
        runs = list(tqdm(made, total=len(tasks), desc="development sets", disable=None))
    metrics: _Measures = {}
    for number, (name, case) in enumerate(cases.items()):
        of_set = runs[number * seeds : (number + 1) * seeds]
        rows = {row: row_summary([run[row] for run in of_set]) for row in of_set[0]}
        rows["tipping_point"] = tipping_row(of_set, case.multiples)
        metrics |= {f"{name}/{row}": measures for row, measures in rows.items()}
    if pictures is not None:
        pictures.mkdir(parents=True, exist_ok=True)
        _drawn(metrics, cases, backbone).savefig(pictures / "end_model.png")
    facts = {name: {"images": len(datasets[name].y), **_facts(case)} for name, case in cases.items()}
    return metrics, {"seeds": seeds, "backbone": backbone, "labels": labels, **facts}


@threads(1)  # other development sets have the other cores
def _measured(
    dataset: Dataset,
    pixels: NDArray[np.uint8],
    case: Case,
    seed: int,
    *,
    backbone: BackboneName,
    labels: str,
    store: Path,
) -> _Measures:
    """Measure one development set; pixels (n, height, width) are all images at the end model's size."""
    y = dataset.y
    rows = case.draw(y, case.development, seed)
    outside = np.setdiff1d(np.arange(len(y)), rows)
    unlabeled = outside[case.draw(y[outside], case.unlabeled, seed)]
    test = np.setdiff1d(outside, unlabeled)
    known = np.eye(len(dataset.classes))[y]

    # the test part is not even there when the weak labels are made
    seen = np.sort(np.r_[rows, unlabeled])
    P = METHODS[labels](
        Split(part(dataset, seen), np.searchsorted(seen, rows), seed, store=store, **case.splitting)
    )

    def learned(more: _Ints, targets: _Floats) -> dict[str, float]:
        network = ImageClassifier(
            backbone,
            size=case.size,
            epochs=max(1, round(case.passes / (len(rows) + len(more)))),
            learning_rate=1e-4 if backbone.startswith("vgg") else 1e-3,
            random_state=seed,
        )
        network.fit(pixels[np.r_[rows, more]], np.vstack([known[rows], targets]))
        return label_metrics(y[test], network.predict_proba(pixels[test]))

    measures = {"weak_labels": label_metrics(y[unlabeled], P)}
    for multiple in case.multiples:
        n = (multiple - 1) * case.development
        more = unlabeled[case.draw(y[unlabeled], n, seed)] if n else unlabeled[:0]
        measures[_row(multiple)] = learned(more, known[more])
    return measures | {"dev_and_weak": learned(unlabeled, P)}


def _facts(case: Case) -> dict[str, Any]:
    return case._asdict() | {"draw": case.draw.__name__}


def _row(multiple: int) -> str:
    return "dev_only" if multiple == 1 else f"dev_only_x{multiple}"


def tipping_row(runs: Sequence[_Measures], multiples: Sequence[int]) -> dict[str, float]:
    """Return the row ``tipping_point`` of `run`, from the measures of each development set."""
    names = [*(_row(multiple) for multiple in multiples), "dev_and_weak"]
    f1 = np.array([[run[name]["f1"] for name in names] for run in runs])
    curves = [np.median(f1, axis=0), *f1]
    points = np.array([tipping_point(multiples, curve[:-1], curve[-1]) for curve in curves])
    of_medians, *reached = np.minimum(points, multiples[-1]).tolist()
    return {
        "of_medians": of_medians,
        "median": float(np.median(reached)),
        "min": min(reached),
        "max": max(reached),
        "not_reached": int(np.isinf(points[1:]).sum()),
        "seeds": len(runs),
    }


def _drawn(metrics: _Measures, cases: Mapping[str, Case], backbone: str) -> Figure:
    """Draw how F1 grows with the labeled images, and how far weak labels reach."""
    figure = Figure(figsize=(5 * len(cases), 4), layout="constrained")
    for (name, case), axes in zip(
        cases.items(), figure.subplots(1, len(cases), squeeze=False).flat, strict=True
    ):
        alone = [metrics[f"{name}/{_row(multiple)}"] for multiple in case.multiples]
        median = np.array([row["f1_median"] for row in alone])
        reach = np.abs([[row[key] for row in alone] for key in ("f1_min", "f1_max")] - median)
        axes.errorbar(case.multiples, median, yerr=reach, fmt="o-", capsize=3, label="labeled by people")
        weak = metrics[f"{name}/dev_and_weak"]
        axes.axhline(weak["f1_median"], color="tab:orange", label="weak labels beside the first")
        axes.axhspan(weak["f1_min"], weak["f1_max"], color="tab:orange", alpha=0.2)
        point = metrics[f"{name}/tipping_point"]["of_medians"]
        more = "at least " if point == case.multiples[-1] else ""
        axes.set(
            xlabel="times as many labeled images",
            ylabel="F1 of the end model: median and range",
            ylim=(0, 1),
            title=f"{name.upper()}, {backbone}: tipping point {more}{point:.1f}",
        )
        axes.legend(loc="lower right")
    return figure
