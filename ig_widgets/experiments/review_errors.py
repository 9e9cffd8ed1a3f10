"""Which share of wrong labels is found after which share of the images was looked at, for every order."""

import json
from pathlib import Path
from typing import Any, Final, NamedTuple

import numpy as np
from matplotlib.figure import Figure
from numpy.typing import NDArray
from sklearn.metrics import average_precision_score, roc_auc_score
from sklearn.model_selection import StratifiedKFold, cross_val_predict

from ig_widgets.compute.networks.cnn import ImageClassifier
from ig_widgets.compute.orders.confusion import by_confusion
from ig_widgets.compute.orders.label_errors import by_label_error
from ig_widgets.compute.orders.neighbors import by_neighbors
from ig_widgets.compute.orders.random import by_random
from ig_widgets.compute.orders.similarity import by_similarity
from ig_widgets.compute.orders.suspects import cross_validated_proba
from ig_widgets.compute.words.filter_bank import filter_maps
from ig_widgets.compute.words.pooling import pool_maps
from ig_widgets.compute.words.visual_words import VisualWords
from ig_widgets.experiments.parts.datasets import load_neu
from ig_widgets.experiments.parts.folders import data_folder
from ig_widgets.experiments.parts.planted_errors import (
    KINDS,
    followed,
    odd_ones_out,
    share_found,
    with_errors,
)
from ig_widgets.experiments.parts.tables import Summary, summary

SEEDS = 5
RATES = (0.01, 0.05, 0.2)
ROW = 10  # images that a reviewer sees at once
BUDGET = 1000
TRAINING: Final = {"epochs": 8, "folds": 5}
QUICK_TRAINING: Final = {"epochs": 1, "folds": 2}
SHARES = (5, 10, 15, 20)  # percent of the images
METHODS: Final = ("self_confidence", "normalized_margin", "confident_learning")


Curves = dict[str, dict[str, list[NDArray[np.float64]]]]
"""The share of errors found after each image: by data set, kind and rate, then by order; one per seed."""


class _Labeled(NamedTuple):
    """Images with true labels, and what is known of them without any label."""

    y: NDArray[np.int64]
    n_classes: int
    words: NDArray[np.uint64]
    X: NDArray[np.float32]


def run(
    data: Path, seeds: int = SEEDS, *, quick: bool = False, pictures: Path | None = None
) -> tuple[dict[str, Summary], dict[str, Any]]:
    """Plant wrong labels in MNIST and NEU and review them in every order; rank the real suspects of MNIST.

    Images are described without a network (`describe_cells`). Probabilities are those of a
    quick model by cross-validation, which has learned from the wrong labels, too. By its loss, images come as
    by self-confidence. Disagreement of annotators needs several of them, and is not among the orders.

    Two reviewers see rows of ten. One looks closely at labels that stand out in a row (`odd_ones_out`), which
    takes rows of images that look alike, whatever their label. The other looks at one in ten, and around it
    where the label is wrong (`followed`), which takes errors that lie together, as where images of one label
    are by themselves ("similarity_by_label").

    Parameters
    ----------
    data
        The folder of data sets: ``mnist/mnist.npz``, ``mnist/mnist_test_mturk.json``,
        ``mnist/mnist_test_pred_probs.npy``, and ``neu_det`` as for `load_neu`.
    seeds
        How often errors are planted; of MNIST, other images are drawn each time, too.
    quick
        One seed and few images, to see that everything runs.
    pictures
        Folder for a picture of all curves.

    Returns
    -------
    metrics
        By data set, kind of error, rate and order, as "mnist/uniform/0.05/self_confidence": ``found_10``, the
        share of all errors among the first 10 % of the images, and others; ``area`` under the curve;
        ``per_1000``, the errors among the first 1000 images. Of both reviewers, when they are through:
        ``odd_per_1000`` and ``followed_per_1000``, the errors among 1000 images that were looked at;
        ``odd_looked`` and ``followed_looked``, the share of the images that were; ``odd_found`` and
        ``followed_found``, the share of all errors among them.
        And "mnist_suspects/network/self_confidence": ``average_precision`` and ``roc_auc`` of 100 suspects,
        judged by five people each, with probabilities by the quick model ("quick_model"), by a ResNet-18 from
        scratch ("network"), both cross-validated on the test set alone, and with the published ones
        ("published").
    settings
        What was run.

    Raises
    ------
    FileNotFoundError
        If the data are not there.
    """
    mnist = data_folder(data, "mnist", "MNIST", "mnist.npz", landmark="mnist.npz")
    seeds, size, rates = (1, 300, (0.05,)) if quick else (seeds, 10_000, RATES)
    words = {"n_words": 64 if quick else 1024}
    steel = _neu(data, quick=quick, **words)
    results: dict[str, list[dict[str, float]]] = {}
    curves: Curves = {}
    for seed in range(seeds):
        digits = _mnist(mnist, size, seed, **words)
        for name, of in {"mnist": digits, "neu": _shuffled(steel, seed)}.items():
            for kind in KINDS:
                for rate in rates:
                    labels = with_errors(of.y, of.n_classes, rate, kind, seed)
                    for order, positions in _orders(of, labels, seed).items():
                        row = f"{name}/{kind}/{rate}"
                        found = share_found(positions, labels != of.y)
                        measured = _measures(found, positions, labels, of.y)
                        results.setdefault(f"{row}/{order}", []).append(measured)
                        curves.setdefault(row, {}).setdefault(order, []).append(found)
    metrics = {row: summary(runs) for row, runs in results.items()}
    metrics |= _suspects(mnist, quick=quick)
    if pictures is not None:
        _draw(curves, pictures)
    return metrics, {
        "seeds": seeds,
        "mnist_images": size,
        "neu_images": len(steel.y),
        "row": ROW,
        "rates": list(rates),
        **words,
    }


def _mnist(folder: Path, size: int, seed: int, n_words: int) -> _Labeled:
    with np.load(folder / "mnist.npz", allow_pickle=False) as stored:
        images, y = stored["x_train"], stored["y_train"].astype(np.int64)
    rows = np.random.default_rng(seed).choice(len(y), min(size, len(y)), replace=False)
    return _described(images[rows], y[rows], 10, n_words, seed)


def _neu(data: Path, *, quick: bool, n_words: int) -> _Labeled:
    steel = load_neu(data)
    rows = np.arange(0, len(steel.y), max(1, len(steel.y) // 60) if quick else 1)
    return _described(steel.images[rows], steel.y[rows], len(steel.classes), n_words, 0)


def _shuffled(of: _Labeled, seed: int) -> _Labeled:
    """Return the same in another order: where images lie class by class, ties by position know the class."""
    rows = np.random.default_rng(seed).permutation(len(of.y))
    return of._replace(y=of.y[rows], words=of.words[rows], X=of.X[rows])


def _described(images: Any, y: NDArray[np.int64], n_classes: int, n_words: int, seed: int) -> _Labeled:
    maps = filter_maps(images)[:]
    return _Labeled(
        y, n_classes, VisualWords(n_words, random_state=seed).fit_transform(maps), pool_maps(maps)
    )


def _orders(of: _Labeled, labels: NDArray[np.int64], seed: int) -> dict[str, NDArray[np.intp]]:
    P = cross_validated_proba(of.X, labels, of.n_classes, random_state=seed)
    return {
        "random": by_random(len(labels), random_state=seed),
        "similarity": by_similarity(of.words),
        "similarity_jaccard": by_similarity(of.words, metric="jaccard"),
        "similarity_cosine": by_similarity(of.words, metric="cosine"),
        "similarity_by_label": by_similarity(of.words, groups=labels),
        "jaccard_by_label": by_similarity(of.words, metric="jaccard", groups=labels),
        "neighbors": by_neighbors(of.words, labels),
        "confusion": by_confusion(P, labels),
        **{method: by_label_error(P, labels, method=method) for method in METHODS},
    }


def _measures(
    found: NDArray[np.float64], order: NDArray[np.intp], labels: NDArray[np.int64], y: NDArray[np.int64]
) -> dict[str, float]:
    wrong = labels != y
    measures = {f"found_{share}": float(found[max(1, len(found) * share // 100) - 1]) for share in SHARES}
    measures["area"] = float(found.mean())
    measures["per_1000"] = 1000 * float(wrong[order[:BUDGET]].mean())
    reviewers = {"odd": odd_ones_out(order, labels, ROW), "followed": followed(order, wrong, ROW)}
    for name, looked in reviewers.items():
        n_found = int(np.count_nonzero(wrong[looked]))
        measures[f"{name}_per_1000"] = 1000 * n_found / max(1, len(looked))
        measures[f"{name}_looked"] = len(looked) / len(order)
        measures[f"{name}_found"] = n_found / max(1, int(np.count_nonzero(wrong)))
    return measures


def _suspects(folder: Path, *, quick: bool) -> dict[str, Summary]:
    """Rank the suspects of the MNIST test set that people have judged."""
    with np.load(folder / "mnist.npz", allow_pickle=False) as stored:
        images, y = stored["x_test"], stored["y_test"].astype(np.int64)
    judged = json.loads((folder / "mnist_test_mturk.json").read_text(encoding="utf-8"))
    rows = np.array([one["id"] for one in judged])
    # of five people; who saw both labels counts for the given and for the guessed one
    wrong = np.array([one["mturk"]["given"] <= 2 for one in judged])
    published = np.load(folder / "mnist_test_pred_probs.npy", allow_pickle=False)
    shown = np.unique(np.concatenate([rows, np.arange(0, len(y), 20 if quick else 1)]))
    quick_model = np.full_like(published, 0.1)
    quick_model[shown] = cross_validated_proba(pool_maps(filter_maps(images[shown])), y[shown], 10)
    network = np.full_like(published, 0.1)
    network[shown] = _by_network(images[shown], y[shown], **(QUICK_TRAINING if quick else TRAINING))
    ranked: dict[str, Summary] = {}
    for name, P in {"quick_model": quick_model, "network": network, "published": published}.items():
        for method in METHODS:
            order = by_label_error(P / P.sum(axis=1, keepdims=True), y, method=method)
            suspicion = -np.argsort(order)[rows]  # the place in the order: higher is more suspicious
            one = {
                "average_precision": float(average_precision_score(wrong, suspicion)),
                "roc_auc": float(roc_auc_score(wrong, suspicion)),
                "share_wrong": float(wrong.mean()),
            }
            ranked[f"mnist_suspects/{name}/{method}"] = summary([one])
    return ranked


def _by_network(
    images: NDArray[np.uint8], y: NDArray[np.int64], epochs: int, folds: int
) -> NDArray[np.float64]:
    """Return the probabilities of a network from scratch that has not learned from the image itself."""
    classifier = ImageClassifier(
        "resnet18", size=(32, 32), epochs=epochs, batch_size=64, augment=False, random_state=0
    )
    split = StratifiedKFold(folds, shuffle=True, random_state=0)
    P: NDArray[np.float64] = cross_val_predict(
        classifier, list(images), y, cv=split, method="predict_proba", n_jobs=1
    )
    return P


def _draw(curves: Curves, folder: Path) -> None:
    """Draw the median curve of every order."""
    columns = len({row.rpartition("/")[2] for row in curves})
    lines = -(-len(curves) // columns)
    figure = Figure(figsize=(4 * columns, 3 * lines), layout="constrained")
    for axes, (row, orders) in zip(
        figure.subplots(lines, columns, squeeze=False).flat, curves.items(), strict=False
    ):
        for k, (order, runs) in enumerate(orders.items()):
            found = np.median(runs, axis=0)
            share = np.arange(1, len(found) + 1) / len(found)
            # "random" is the first; of the others, ten have a color of their own
            style = {"c": "black", "ls": "--"} if k == 0 else {"c": f"C{k % 10}"}
            axes.plot(share, found, label=order, **style)
        axes.set(title=row, xlabel="share of the images looked at", ylabel="share of the errors found")
        axes.grid(alpha=0.3)
    figure.legend(*axes.get_legend_handles_labels(), loc="outside right upper")
    folder.mkdir(parents=True, exist_ok=True)
    figure.savefig(folder / "review_errors.png")
