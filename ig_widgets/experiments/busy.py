"""How long the steps of MLfix take on a quiet machine, and beside an endless loop on each core."""

import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from multiprocessing import get_context
from typing import Any, Final

import numpy as np
from sklearn.datasets import load_digits

from ig_widgets.compute.orders.suspects import cross_validated_proba
from ig_widgets.compute.threads import free_cores, usable_cores
from ig_widgets.compute.words.barlow_twins import BarlowTwins
from ig_widgets.compute.words.filter_bank import filter_maps
from ig_widgets.compute.words.pooling import pool_maps
from ig_widgets.compute.words.visual_words import VisualWords
from ig_widgets.data.images import ImageSet
from ig_widgets.experiments.parts.tables import Summary, summary

SEEDS = 3
QUICK = 120  # images


def run(
    seeds: int = SEEDS,
    *,
    quick: bool = False,
) -> tuple[dict[str, Summary], dict[str, Any]]:
    """Time each step alone and beside busy neighbors, in turn, each time in a process of its own.

    Parameters
    ----------
    seeds
        How often everything is timed.
    quick
        Use 120 of the 1797 digits.

    Returns
    -------
    metrics
        By step, and "busy" or "quiet": ``seconds`` on the clock; ``cpu_seconds`` of all threads together;
        ``free_cores`` when the step starts. "Quiet" is what the machine is without our loops: if fewer cores
        are free than it has, others are at work, and the figures say little.
    settings
        What was timed.
    """
    count = QUICK if quick else len(load_digits().target)
    runs: dict[str, list[dict[str, float]]] = {}
    for seed in range(seeds):
        for step in STEPS:
            for loops in (0, usable_cores()):
                with busy_loops(loops):
                    runs.setdefault(f"{step}, {'busy' if loops else 'quiet'}", []).append(
                        _timed_alone(step, count, seed)
                    )
    metrics = {name: summary(of) for name, of in runs.items()}
    return metrics, {"runs": seeds, "images": count, "cores": usable_cores()}


@contextmanager
def busy_loops(count: int) -> Iterator[None]:
    """Keep cores busy by other processes.

    Parameters
    ----------
    count
        How many processes, each of which can fill a core.
    """
    loop = "print(flush=True)\nwhile True: pass"
    loops = [subprocess.Popen([sys.executable, "-c", loop], stdout=subprocess.PIPE) for _ in range(count)]  # noqa: S603
    try:
        for process in loops:
            assert process.stdout is not None  # noqa: S101  # mypy does not know
            process.stdout.readline()  # it runs
        yield
    finally:
        for process in loops:
            process.kill()
            process.communicate()


def _timed_alone(step: str, count: int, seed: int) -> dict[str, float]:
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
        return pool.submit(_timed, step, count, seed).result()


def _timed(step: str, count: int, seed: int) -> dict[str, float]:
    digits = load_digits()
    large = np.kron(digits.images[:count] * 15.9, np.ones((6, 6))).astype(np.uint8)
    images = ImageSet.from_arrays(large)
    work = STEPS[step](images, digits.target[:count], seed)
    free = free_cores()
    start, cpu = time.perf_counter(), time.process_time()
    work()
    return {
        "seconds": time.perf_counter() - start,
        "cpu_seconds": time.process_time() - cpu,
        "free_cores": float(free),
    }


def _words(images: ImageSet, labels: Any, seed: int) -> Callable[[], object]:  # noqa: ARG001
    maps = filter_maps(images)[:]
    return lambda: VisualWords(min(1024, len(images)), random_state=seed).fit_transform(maps)


def _doubt(images: ImageSet, labels: Any, seed: int) -> Callable[[], object]:
    X = pool_maps(filter_maps(images))
    return lambda: cross_validated_proba(X, labels, 10, random_state=seed)


def _twins(images: ImageSet, labels: Any, seed: int) -> Callable[[], object]:  # noqa: ARG001
    return lambda: BarlowTwins(epochs=1, flips=False, device="cpu", random_state=seed).fit(images)


STEPS: Final[Mapping[str, Callable[[ImageSet, Any, int], Callable[[], object]]]] = {
    "VisualWords": _words,
    "cross_validated_proba": _doubt,
    "BarlowTwins": _twins,
}
