"""How much memory visual words take, against the number of images."""

from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from time import perf_counter
from typing import Any, overload

import numpy as np
from numpy.typing import NDArray

from ig_widgets.compute.words.filter_bank import filter_maps
from ig_widgets.compute.words.visual_words import VisualWords
from ig_widgets.data.images import ImageSet
from ig_widgets.experiments.parts.memory import peak_mib
from ig_widgets.experiments.parts.tables import Summary, summary

SEEDS = 1
COUNTS = (1000, 10_000, 100_000)
WORDS = 1024
SIDE = 64  # pixels


def run(seeds: int = SEEDS) -> tuple[dict[str, Summary], dict[str, Any]]:
    """Learn words of generated images and find them, each number of images in a process of its own.

    The images are made when they are asked for, and described without a network, as by default.

    Parameters
    ----------
    seeds
        How often everything is measured; each time with other images.

    Returns
    -------
    metrics
        By number of images: ``peak_mib``, the memory of the whole process, which has imported the package and
        what it needs, and ends with the packed words; ``seconds``.
    settings
        What was measured.
    """
    metrics = {}
    for count in COUNTS:
        runs = []
        for seed in range(seeds):
            # a process remembers the most that it ever held: each measurement gets a new one
            with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
                runs.append(pool.submit(_measured, count, seed).result())
        metrics[str(count)] = summary(runs)
    return metrics, {"runs": seeds, "words": WORDS, "side": SIDE}


def _measured(count: int, seed: int) -> dict[str, float]:
    images = ImageSet.from_arrays(_Spots(count, seed))
    start = perf_counter()
    VisualWords(WORDS, random_state=seed).fit_transform(filter_maps(images))
    return {"peak_mib": peak_mib(), "seconds": perf_counter() - start}


class _Spots(Sequence[NDArray[np.uint8]]):
    """Gray images of noise with a bright rectangle somewhere."""

    def __init__(self, count: int, seed: int) -> None:
        self._count = count
        self._seed = seed

    def __len__(self) -> int:
        return self._count

    @overload
    def __getitem__(self, key: int) -> NDArray[np.uint8]: ...
    @overload
    def __getitem__(self, key: slice) -> Sequence[NDArray[np.uint8]]: ...
    def __getitem__(self, key: int | slice) -> NDArray[np.uint8] | Sequence[NDArray[np.uint8]]:
        if isinstance(key, slice):
            return [self[i] for i in range(self._count)[key]]
        random = np.random.default_rng((self._seed, key))
        image = random.integers(0, 60, (SIDE, SIDE), dtype=np.uint8)
        top, left, height, width = random.integers(4, SIDE // 2, 4)
        image[top : top + height, left : left + width] += 150
        return image
