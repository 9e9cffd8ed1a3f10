"""How fast matching is beside loops over `cv2.matchTemplate`, how close, and how its cost grows."""

import os
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path
from time import perf_counter
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from ig_widgets.compute.matching.matcher import PatternMatcher
from ig_widgets.compute.networks.devices import on_cuda
from ig_widgets.data.images import ImageSet
from ig_widgets.experiments.parts.folders import data_folder
from ig_widgets.experiments.parts.memory import peak_mib
from ig_widgets.experiments.parts.tables import Summary, summary

SEEDS = 5
N_IMAGES = 16
N_JOBS = 2

_Images = Sequence[NDArray[Any]]
_Found = tuple[NDArray[np.float64], NDArray[np.int64]]
"""Scores (n_images, n_patterns) and top left corners x, y (n_images, n_patterns, 2)."""
_Way = Callable[[_Images], _Found]


def run(data: Path, seeds: int = SEEDS) -> tuple[dict[str, Summary], dict[str, Any]]:
    """Match the published patterns with KSDD images in several ways.

    Images are decoded and patterns are prepared before the clock runs; what depends on an image (reductions,
    transforms) is timed. The ways take turns on the same images.

    Parameters
    ----------
    data
        The folder of data sets, or the one of KSDD: images/, patterns/original, gan and policy, labels.csv.
    seeds
        How many runs, each with other images.

    Returns
    -------
    metrics
        ``milliseconds_per_pair`` of each way; ``times_as_fast`` as the loops over cv2; ``full_against_cv2``,
        ``pyramid_against_full`` and others: the largest difference of scores, its 99th percentile, the share
        within 0.005 and the share of pairs found at the same place (1 px); ``rounding``: the largest
        difference of a score to the one computed in float64 at its place; ``by_images``, ``by_patterns`` and
        ``by_pixels``: milliseconds per pair of the pyramid search; ``peak_mib``: memory of a process that
        does nothing else.
    settings
        What was timed.

    Raises
    ------
    FileNotFoundError
        If the data are not there.
    """
    folder = data_folder(data, "ksdd", "KSDD", "images/, patterns/ and labels.csv", landmark="patterns")
    images = ImageSet.from_folder(folder / "images")
    grays = _patterns(folder)
    ways = _ways(grays)
    for way in ways.values():
        way([images[0]])  # compiles, and prepares the patterns
    runs = [_compare(ways, _some(images, seed), grays, turn=seed) for seed in range(seeds)]
    metrics = {name: summary(one[name] for one in runs) for name in runs[0]}
    metrics |= _growth(grays, _some(images, 0), seeds)
    metrics["peak_mib"] = summary([{name: _in_a_process_of_its_own(folder, name) for name in ways}])
    settings = {
        "images": N_IMAGES,
        "patterns": len(grays),
        "runs": seeds,
        "n_jobs": N_JOBS,
        "cores": os.cpu_count(),
        "cv2": cv2.__version__,
        "cv2_threads": cv2.getNumThreads(),
    }
    return metrics, settings


def _patterns(folder: Path) -> list[NDArray[Any]]:
    origins = ("original", "gan", "policy")
    patterns = [p for origin in origins for p in ImageSet.from_folder(folder / "patterns" / origin)]
    return [cv2.cvtColor(p, cv2.COLOR_RGB2GRAY) if p.ndim == 3 else p for p in patterns]


def _in_a_process_of_its_own(folder: Path, way: str) -> float:
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
        return pool.submit(_peak_mib, folder, way).result()


def _peak_mib(folder: Path, way: str) -> float:
    _ways(_patterns(folder))[way](_some(ImageSet.from_folder(folder / "images"), 0))
    return peak_mib()


def _some(images: ImageSet, seed: int) -> list[NDArray[Any]]:
    chosen = np.random.default_rng(seed).choice(len(images), N_IMAGES, replace=False)
    return list(images[np.sort(chosen)])


def _ways(
    patterns: _Images,
) -> dict[str, _Way]:
    matchers = {
        "pyramid": PatternMatcher(patterns, device="cpu", n_jobs=N_JOBS),
        "pyramid_1_job": PatternMatcher(patterns, device="cpu"),
        "full": PatternMatcher(patterns, search="full", device="cpu", n_jobs=N_JOBS),
        "full_1_job": PatternMatcher(patterns, search="full", device="cpu"),
    }
    if on_cuda("auto"):
        matchers["cuda"] = PatternMatcher(patterns, device="cuda")
    small = [_quarter(pattern) for pattern in patterns]
    return {
        **{name: _located(matcher.fit()) for name, matcher in matchers.items()},
        "cv2_full": lambda images: _each(images, lambda image: [_best(image, p) for p in patterns]),
        "cv2_pyramid": lambda images: _each(images, lambda image: _cv2_pyramid(image, patterns, small)),
    }


def _located(matcher: PatternMatcher) -> _Way:
    def locate(images: _Images) -> _Found:
        X, boxes = matcher.locate(images)
        return X, boxes[:, :, :2].astype(np.int64)

    return locate


def _each(
    images: _Images,
    match: Callable[[NDArray[Any]], list[tuple[float, int, int]]],
) -> _Found:
    found = np.array([match(image) for image in images])
    return found[:, :, 0], found[:, :, 1:].astype(np.int64)


def _best(image: NDArray[Any], pattern: NDArray[Any]) -> tuple[float, int, int]:
    low, high, (x_low, y_low), (x_high, y_high) = cv2.minMaxLoc(
        cv2.matchTemplate(image, pattern, cv2.TM_CCOEFF_NORMED)
    )
    return (high, x_high, y_high) if high > -low else (-low, x_low, y_low)


def _quarter(image: NDArray[Any]) -> NDArray[Any]:
    size = (max(1, round(image.shape[1] / 4)), max(1, round(image.shape[0] / 4)))
    quarter: NDArray[Any] = cv2.resize(image, size, interpolation=cv2.INTER_AREA)
    return quarter


def _cv2_pyramid(image: NDArray[Any], patterns: _Images, small: _Images) -> list[tuple[float, int, int]]:
    """Find three candidates at a quarter of the resolution, and the best place within 6 px of each."""
    reduced = _quarter(image)
    found = []
    for pattern, little in zip(patterns, small, strict=True):
        (height, width), reach = pattern.shape, 6
        scores = np.abs(cv2.matchTemplate(reduced, little, cv2.TM_CCOEFF_NORMED))
        best = (-1.0, 0, 0)
        for _ in range(3):
            _, _, _, (x, y) = cv2.minMaxLoc(scores)
            scores[max(0, y - 2) : y + 3, max(0, x - 2) : x + 3] = -1
            left = min(max(0, 4 * x - reach), image.shape[1] - width)
            top = min(max(0, 4 * y - reach), image.shape[0] - height)
            window = image[top : 4 * y + reach + height, left : 4 * x + reach + width]
            score, x, y = _best(window, pattern)
            best = max(best, (score, left + x, top + y))
        found.append(best)
    return found


def _compare(
    ways: dict[str, _Way],
    images: _Images,
    patterns: _Images,
    *,
    turn: int,
) -> dict[str, dict[str, float]]:
    """Time all ways on the same images, another one first in each turn, and compare what they find."""
    names = list(ways)
    milliseconds, found = {}, {}
    for name in names[turn % len(names) :] + names[: turn % len(names)]:
        start = perf_counter()
        found[name] = ways[name](images)
        milliseconds[name] = 1000 * (perf_counter() - start) / found[name][0].size
    milliseconds = {name: milliseconds[name] for name in names}
    ratios = {
        f"{ours}_to_{theirs}": milliseconds[theirs] / milliseconds[ours]
        for theirs in ("cv2_full", "cv2_pyramid")
        for ours in names
        if not ours.startswith("cv2")
    }
    compared = {
        "full_against_cv2": _agreement(found["full"], found["cv2_full"]),
        "pyramid_against_full": _agreement(found["pyramid"], found["full"]),
        "cv2_pyramid_against_cv2": _agreement(found["cv2_pyramid"], found["cv2_full"]),
        "rounding": {
            name: _rounding(found[name], images, patterns) for name in ("full", "pyramid", "cv2_full")
        },
    }
    if "cuda" in found:
        compared["cuda_against_full"] = _agreement(found["cuda"], found["full"])
    return {"milliseconds_per_pair": milliseconds, "times_as_fast": ratios, **compared}


def _agreement(ours: _Found, theirs: _Found) -> dict[str, float]:
    differences = np.abs(ours[0] - theirs[0])
    return {
        "largest": float(differences.max()),
        "percentile_99": float(np.percentile(differences, 99)),
        "within_0.005": float(np.mean(differences <= 0.005)),
        "same_place": float(np.mean(np.abs(ours[1] - theirs[1]).max(axis=2) <= 1)),
    }


def _rounding(found: _Found, images: _Images, patterns: _Images) -> float:
    """Largest difference between a score and the correlation at its place, computed in float64."""
    off = [0.0]
    for image, scores, corners in zip(images, *found, strict=True):
        for pattern, score, (x, y) in zip(patterns, scores, corners, strict=True):
            window = image[y : y + pattern.shape[0], x : x + pattern.shape[1]].astype(np.float64).ravel()
            off.append(abs(score - abs(np.corrcoef(window, pattern.ravel())[0, 1])))
    return max(off)


def _growth(patterns: _Images, images: _Images, runs: int) -> dict[str, Summary]:
    """Time the pyramid search on fewer and more images, patterns and pixels."""
    inputs: dict[str, dict[str, tuple[list[NDArray[Any]], list[NDArray[Any]]]]] = {
        "by_images": {f"{n}_images": ([*images, *images][:n], [*patterns]) for n in (4, 16, 32)},
        "by_patterns": {
            f"{n}_patterns": ([*images], [*patterns[:: max(1, len(patterns) // n)]][:n])
            for n in (10, 42, 210)
        },
        "by_pixels": {
            f"{zoom}_zoom": (_zoomed(images, zoom), _zoomed(patterns, zoom)) for zoom in (0.5, 1, 2)
        },
    }
    return {
        row: summary({name: _timed(*given) for name, given in columns.items()} for _ in range(runs))
        for row, columns in inputs.items()
    }


def _timed(images: _Images, patterns: _Images) -> float:
    matcher = PatternMatcher(patterns, device="cpu", n_jobs=N_JOBS).fit()
    matcher.transform(images[:1])
    start = perf_counter()
    matcher.transform(images)
    return 1000 * (perf_counter() - start) / (len(images) * len(patterns))


def _zoomed(arrays: _Images, zoom: float) -> list[NDArray[Any]]:
    return [cv2.resize(array, None, fx=zoom, fy=zoom, interpolation=cv2.INTER_AREA) for array in arrays]
