"""Whether images that share visual words are of one class, for each way to make words, on NEU."""

from collections.abc import Callable
from pathlib import Path
from time import perf_counter
from typing import Any

import numpy as np
from matplotlib.figure import Figure
from numpy.typing import NDArray

from ig_widgets.compute.orders.nearest import nearest
from ig_widgets.compute.orders.similarity import by_similarity
from ig_widgets.compute.words.barlow_twins import BarlowTwins
from ig_widgets.compute.words.filter_bank import FilterMaps, filter_maps
from ig_widgets.compute.words.visual_words import VisualWords
from ig_widgets.compute.words.vqvae import VQVAEWords
from ig_widgets.data.images import ImageSet
from ig_widgets.experiments.parts.datasets import load_neu, of_each_class, part
from ig_widgets.experiments.parts.tables import Summary, summary

SEEDS = 1
WORDS = 1024
EPOCHS = 20
NEAREST = 5

Words = NDArray[np.uint64]


def run(
    data: Path, seeds: int = SEEDS, *, quick: bool = False, pictures: Path | None = None
) -> tuple[dict[str, Summary], dict[str, Any]]:
    """Order the images of NEU by similarity, and look at the classes of those that are side by side.

    No label is used to make words. Images are shuffled first, so that ties tell nothing.

    Parameters
    ----------
    data
        The folder of data sets, see `load_neu`.
    seeds
        How often everything is learned, each time with another seed.
    quick
        Few images, and one epoch.
    pictures
        Folder for a picture of the purities.

    Returns
    -------
    metrics
        By what makes words: "cells", edges and colors in the cells of a grid; "resnet18_untrained";
        "barlow_twins", the same network after 20 epochs of Barlow Twins; "vqvae", after as many. Of each
        ``order_purity``, the share of the images whose follower in similarity order has their class;
        ``jaccard_purity``, the same with that metric; ``nearest_purity``, the share of the five most similar
        images that have the class; ``minutes``, to learn and to find the words.
    settings
        What was run.

    Raises
    ------
    FileNotFoundError
        If the data are not there.
    """
    steel = load_neu(data)
    if quick:
        steel = part(steel, of_each_class(steel.y, 8, seed=0))
    epochs, n_words = (1, 64) if quick else (EPOCHS, WORDS)
    runs: dict[str, list[dict[str, float]]] = {name: [] for name in _MAKERS}
    for seed in range(seeds):
        rows = np.random.default_rng(seed).permutation(len(steel.y))
        images, y = steel.images[rows], steel.y[rows]
        for name, make in _MAKERS.items():
            start = perf_counter()
            words = make(images, n_words, epochs, seed)
            minutes = (perf_counter() - start) / 60
            runs[name].append({**_purity(words, y), "minutes": minutes})
    settings = {"images": len(steel.y), "words": n_words, "epochs": epochs, "runs": seeds}
    metrics = {name: summary(of) for name, of in runs.items()}
    if pictures is not None:
        _draw(metrics, pictures)
    return metrics, settings


def _purity(words: Words, y: NDArray[np.int64]) -> dict[str, float]:
    followers = {
        "order_purity": by_similarity(words),
        "jaccard_purity": by_similarity(words, metric="jaccard"),
    }
    purity = {name: float(np.mean(y[order][1:] == y[order][:-1])) for name, order in followers.items()}
    return purity | {"nearest_purity": float(np.mean(y[nearest(words, NEAREST)] == y[:, None]))}


def _draw(metrics: dict[str, Summary], folder: Path) -> None:
    figure = Figure(figsize=(7, 4), layout="constrained")
    axes = figure.subplots()
    for k, measure in enumerate(name for name in next(iter(metrics.values())) if name != "minutes"):
        median, low, high = (
            np.array([row[measure][of] for row in metrics.values()]) for of in ("median", "min", "max")
        )
        places = np.arange(len(metrics)) + 0.27 * (k - 1)
        reach = np.array([median - low, high - median])
        axes.bar(places, median, 0.25, yerr=reach, capsize=2, label=measure.replace("_", " "))
    axes.set(xticks=range(len(metrics)), xticklabels=list(metrics), ylim=(0, 1), ylabel="of the same class")
    figure.legend(loc="outside upper center", ncols=3)
    folder.mkdir(parents=True, exist_ok=True)
    figure.savefig(folder / "word_purity.png")


def _cells(images: ImageSet, n_words: int, epochs: int, seed: int) -> Words:  # noqa: ARG001
    return _found(filter_maps(images), n_words, seed)


def _barlow_twins(images: ImageSet, n_words: int, epochs: int, seed: int) -> Words:
    twins = BarlowTwins(epochs=epochs, random_state=seed)
    return _found(twins.fit(images).transform(images), n_words, seed)


def _untrained(images: ImageSet, n_words: int, epochs: int, seed: int) -> Words:  # noqa: ARG001
    return _found(filter_maps(images, "resnet18"), n_words, seed)


def _vqvae(images: ImageSet, n_words: int, epochs: int, seed: int) -> Words:
    return VQVAEWords(n_words, epochs=epochs, random_state=seed).fit(images).transform(images)


def _found(maps: FilterMaps, n_words: int, seed: int) -> Words:
    return VisualWords(n_words, random_state=seed).fit(maps).transform(maps)


_MAKERS: dict[str, Callable[[ImageSet, int, int, int], Words]] = {
    "cells": _cells,
    "resnet18_untrained": _untrained,
    "vqvae": _vqvae,
    "barlow_twins": _barlow_twins,
}
