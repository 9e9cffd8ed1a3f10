"""How long it takes to order images by similarity, beside the published algorithm's own form."""

from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from time import perf_counter
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ig_widgets.compute.orders.similarity import METRICS, by_similarity
from ig_widgets.compute.words.packing import pack_words
from ig_widgets.experiments.parts.memory import peak_mib
from ig_widgets.experiments.parts.tables import Summary, summary

SEEDS = 3
WORDS = 1024
COMPARED = 7000  # images: the published form splits more into halves
COUNTS = (20_000, 100_000)
_DENSITY = 0.1  # of words in an image: some 100 of 196 cells' words differ


def run(seeds: int = SEEDS) -> tuple[dict[str, Summary], dict[str, Any]]:
    """Time chains of random words; how long they take does not depend on which words these are.

    Parameters
    ----------
    seeds
        How often everything is timed; each time with other words.

    Returns
    -------
    metrics
        ``seconds_7000``: of `by_similarity` and of the published form; ``times_as_fast_7000``;
        ``seconds_20000`` and ``seconds_100000`` with each metric; ``peak_mib``: memory of a process that does
        nothing but order 100,000 images.
    settings
        What was timed.
    """
    by_similarity(_words(10, 0))  # compiles
    runs = [_compare(_words(COMPARED, seed), seed) for seed in range(seeds)]
    metrics = {f"{name}_{COMPARED}": summary(one[name] for one in runs) for name in runs[0]}
    for count in COUNTS:
        packed = [pack_words(_words(count, seed)) for seed in range(seeds)]
        metrics[f"seconds_{count}"] = summary(
            {metric: _seconds(words, metric) for metric in METRICS} for words in packed
        )
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
        metrics["peak_mib"] = summary([{f"{COUNTS[-1]}_images": pool.submit(_peak_mib, COUNTS[-1]).result()}])
    return metrics, {"runs": seeds, "words": WORDS, "density": _DENSITY}


def _words(count: int, seed: int) -> NDArray[np.bool_]:
    random = np.random.default_rng(seed)
    words = np.zeros((count, WORDS), bool)
    for row in words:  # row by row: all random numbers at once are eight times as large as the words
        row[:] = random.random(WORDS) < _DENSITY
    return words


def _compare(words: NDArray[np.bool_], seed: int) -> dict[str, dict[str, float]]:
    start = perf_counter()
    by_similarity(words)
    ours = perf_counter() - start
    start = perf_counter()
    published_order(words, seed)
    published = perf_counter() - start
    return {"seconds": {"ours": ours, "published": published}, "times_as_fast": {"ours": published / ours}}


def published_order(X: NDArray[np.bool_], seed: int) -> NDArray[np.intp]:
    """Order images as MLfix describes it and as its code is written, from the description.

    Parameters
    ----------
    X
        (n, words) which words are in which image.
    seed
        Of the random vector that the chain starts from.

    Returns
    -------
    array of shape (n,), int
        Positions: the image with the largest scalar product with the one before, the last of several in the
        order of `numpy.argsort`; all vectors that are left are copied in each step.
    """
    left = X.astype(np.uint8)
    names = np.arange(len(X))
    last = np.random.default_rng(seed).integers(0, 2, X.shape[1], dtype=np.uint8)
    order = []
    while len(left):
        best = np.argsort(left @ last)[-1]
        last = left[best]
        order.append(names[best])
        left, names = np.delete(left, best, axis=0), np.delete(names, best)
    return np.array(order)


def _seconds(words: NDArray[np.uint64], metric: Any) -> float:
    start = perf_counter()
    by_similarity(words, metric=metric)
    return perf_counter() - start


def _peak_mib(count: int) -> float:
    by_similarity(pack_words(_words(count, 0)))
    return peak_mib()
