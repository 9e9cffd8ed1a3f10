"""Whether matching a hundred thousand images is steady, modest, and survives being killed."""

import os
import signal
import tempfile
from collections.abc import Generator, Iterator, Sequence
from multiprocessing import get_context
from pathlib import Path
from time import perf_counter, sleep
from typing import TYPE_CHECKING, Any

import cv2
import numpy as np
from numpy.typing import NDArray

from ig_widgets.compute.matching.matcher import PatternMatcher
from ig_widgets.compute.matching.tasks import Task
from ig_widgets.experiments.parts.memory import bare_interpreter_mib, peak_mib
from ig_widgets.experiments.parts.tables import Summary, summary

if TYPE_CHECKING:
    from multiprocessing.sharedctypes import Synchronized

SEEDS = 1
N_IMAGES = 100_000
N_PATTERNS = 50
SIDE = 128
N_JOBS = 2


def run(seeds: int = SEEDS) -> tuple[dict[str, Summary], dict[str, Any]]:
    """Match images that are generated on the fly, twice: undisturbed, and killed half-way and started again.

    Parameters
    ----------
    seeds
        How often, each time with other images.

    Returns
    -------
    metrics
        ``undisturbed``: seconds, milliseconds per pair, the last tenth's time as a multiple of the first's,
        the longest and the shortest tenth's as multiples of the median, and the peak memory in MiB above that
        of a bare interpreter; ``killed``: the share of the work done twice, and the largest difference to the
        undisturbed result.
    settings
        What was matched.
    """
    runs = [measure(seed, N_IMAGES) for seed in range(seeds)]
    metrics = {name: summary(one[name] for one in runs) for name in runs[0]}
    settings = {"images": N_IMAGES, "patterns": N_PATTERNS, "side": SIDE, "n_jobs": N_JOBS, "runs": seeds}
    return metrics, settings


class _Noise(Sequence[NDArray[np.uint8]]):
    """Images of blurred noise with some of the patterns in them, made when asked for."""

    def __init__(self, seed: int, n_images: int) -> None:
        self._seed, self._n_images = seed, n_images
        rng = np.random.default_rng(seed)
        self.patterns = [_blurred(rng, *rng.integers(10, 60, 2)) for _ in range(N_PATTERNS)]

    def __len__(self) -> int:
        return self._n_images

    def __getitem__(self, i: Any) -> Any:
        if not 0 <= i < self._n_images:
            raise IndexError(i)
        rng = np.random.default_rng([self._seed, i])
        image = _blurred(rng, SIDE, SIDE)
        pattern = self.patterns[rng.integers(N_PATTERNS)]
        image[: len(pattern), : pattern.shape[1]] = pattern
        return image


def _blurred(rng: np.random.Generator, height: int, width: int) -> NDArray[np.uint8]:
    noise = rng.integers(0, 256, (height, width), dtype=np.uint8)
    blurred = cv2.GaussianBlur(noise, (0, 0), 2).astype(np.float32)
    image: NDArray[np.uint8] = np.clip(128 + 6 * (blurred - blurred.mean()), 0, 255).astype(np.uint8)
    return image


class _Watched(PatternMatcher):
    """A matcher that says how many images it has matched, and when."""

    def watch(self, counter: "Synchronized[int]") -> None:
        self.counter, self.times = counter, [(0, perf_counter())]

    def _results(self, work: Iterator[Task]) -> Generator[Any]:
        for result in super()._results(work):
            self.counter.value += len(result[0].rows)
            self.times.append((self.counter.value, perf_counter()))
            yield result


def _match(seed: int, n_images: int, store: Path, counter: "Synchronized[int]", answers: Any) -> None:
    images = _Noise(seed, n_images)
    matcher = _Watched(images.patterns, store=store, n_jobs=N_JOBS)
    matcher.fit().watch(counter)
    start = perf_counter()
    X = matcher.transform(images)
    seconds = perf_counter() - start
    counts, times = np.array(matcher.times).T
    at = np.interp(np.linspace(counts[0], counts[-1], 11), counts, times)
    np.save(store.with_suffix(".npy"), X)
    answers.put((seconds, np.diff(at), peak_mib()))


def measure(seed: int, n_images: int) -> dict[str, dict[str, float]]:
    """Match generated images undisturbed, and killed half-way and started again; see `run`."""
    context = get_context("spawn")
    with tempfile.TemporaryDirectory() as name:
        answers = context.SimpleQueue()

        def start(store: str) -> tuple[Any, Any]:
            counter = context.Value("q", 0)
            process = context.Process(
                target=_match, args=(seed, n_images, Path(name) / store, counter, answers)
            )
            process.start()
            return process, counter

        process, _ = start("undisturbed")
        process.join()
        seconds, tenths, peak = answers.get()

        process, first = start("killed")
        while first.value < n_images / 2:
            sleep(0.05)
        os.kill(process.pid, signal.SIGKILL)
        process.join()
        process, second = start("killed")
        process.join()
        answers.get()

        whole, resumed = (np.load(Path(name) / f"{store}.npy") for store in ("undisturbed", "killed"))
    return {
        "undisturbed": {
            "seconds": seconds,
            "milliseconds_per_pair": 1000 * seconds / whole.size,
            "last_to_first_tenth": float(tenths[-1] / tenths[0]),
            "longest_tenth": float(tenths.max() / np.median(tenths)),
            "shortest_tenth": float(tenths.min() / np.median(tenths)),
            "mib_above_interpreter": peak - bare_interpreter_mib(),
        },
        "killed": {
            "done_twice": (first.value + second.value - n_images) / n_images,
            "largest_difference": float(np.abs(whole - resumed).max()),
        },
    }
