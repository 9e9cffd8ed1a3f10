"""How long the parts of the path take on this machine."""

import tempfile
from collections.abc import Callable
from pathlib import Path
from time import perf_counter
from typing import Any

import numpy as np

from ig_widgets.compute.matching.matcher import PatternMatcher
from ig_widgets.data.examples.synthetic import write_strips
from ig_widgets.data.images import ImageSet
from ig_widgets.data.log.log import AnnotationLog
from ig_widgets.data.patterns import crop_patterns
from ig_widgets.experiments.parts.tables import Summary, summary
from ig_widgets.widgets.shared.jpegs import overview

SEEDS = 5
N_IMAGES = 40
N_PATTERNS = 10
N_STATEMENTS = 200


def run(seeds: int = SEEDS) -> tuple[dict[str, Summary], dict[str, Any]]:
    """Time each part on generated strips of 162 x 2702 pixels, one thread of ours.

    Parameters
    ----------
    seeds
        How often everything is timed; each time with other images.

    Returns
    -------
    metrics
        ``milliseconds``: of decoding an image, making its overview, matching one pattern with one image (full
        and pyramid search) and appending one statement.
    settings
        What was timed.
    """
    settings = {"images": N_IMAGES, "patterns": N_PATTERNS, "statements": N_STATEMENTS, "repeats": seeds}
    return {"milliseconds": summary(_times(seed) for seed in range(seeds))}, settings


def _times(seed: int) -> dict[str, float]:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        truth = write_strips(folder / "images", "scratch", N_IMAGES, random_state=seed)
        images = ImageSet.from_folder(folder / "images")
        patterns = crop_patterns(images, truth)[:N_PATTERNS]
        decoded = list(images)
        pairs = len(images) * len(patterns)
        said = {"image": "a", "label": "crack", "present": True, "x": 1, "y": 2, "width": 30, "height": 40}
        with AnnotationLog(folder / "annotations.db") as log:

            def append() -> None:
                for _ in range(N_STATEMENTS):
                    log.append([said], annotator="ada")

            return {
                "decode": _milliseconds(lambda: [images[i] for i in range(len(images))]) / len(images),
                "overview": _milliseconds(lambda: [overview(image) for image in decoded]) / len(images),
                "full": _milliseconds(lambda: _match(patterns, decoded, "full")) / pairs,
                "pyramid": _milliseconds(lambda: _match(patterns, decoded, "pyramid")) / pairs,
                "append": _milliseconds(append) / N_STATEMENTS,
            }


def _match(patterns: ImageSet, images: list[np.ndarray], search: Any) -> None:
    PatternMatcher(patterns, search=search).fit_transform(images)


def _milliseconds(work: Callable[[], object]) -> float:
    start = perf_counter()
    work()
    return 1000 * (perf_counter() - start)
