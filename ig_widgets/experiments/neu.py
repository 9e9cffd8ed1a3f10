"""Inspector Gadget on the NEU surface defects (Heo et al. 2020, Figure 9, NEU)."""

from pathlib import Path
from typing import Any, Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from ig_widgets.compute.labeler import WeakLabeler
from ig_widgets.compute.matching import PatternMatcher
from ig_widgets.compute.metrics import label_metrics
from ig_widgets.compute.patterns import crop_patterns, pattern_sources
from ig_widgets.data.formats.voc import read_voc
from ig_widgets.data.images import ImageSet
from ig_widgets.experiments.folders import data_folder
from ig_widgets.experiments.tables import Summary, settings_of, summary

SEEDS = 5
DEVELOPMENT_SIZE = 100  # images per class, as published
PATTERNS_PER_CLASS = 40
SEARCH: Final = "full"  # the pyramid gains nothing on images of 200 x 200
# Not the published absolute value: in steel a dark spot is no bright one. Decided by cross-validation inside
# the development sets: median macro F1 0.958 signed, 0.939 absolute, 0.951 both side by side.
SIGNED = True
HIDDEN_LAYERS = tuple((2**n,) for n in range(1, 8))  # a third of the paper's grid: deeper ones take minutes


def run(
    data: Path, seeds: int = SEEDS, patterns_per_class: int = PATTERNS_PER_CLASS
) -> tuple[dict[str, Summary], dict[str, Any]]:
    """Tell the six kinds of defect apart, for several random development sets.

    A development set has 100 images per class, and the others are the test. The patterns are some of the
    boxes that were drawn in it, the same number for each class: the first ones in an order that is random but
    the same for every split, so that splits share patterns and less has to be matched.

    Parameters
    ----------
    data
        The folder of data sets that holds ``neu_det``, or that folder: ``images/``, where the class is the
        file name before the last ``_``, and ``annotations_voc/``.
    seeds
        Number of random splits.
    patterns_per_class
        Number of patterns of each class, drawn at random.

    Returns
    -------
    metrics
        By row, what `summary` makes of `label_metrics` on the test images: ``random_splits``, and what
        calling every image the same would give.
    settings
        What was run.

    Raises
    ------
    FileNotFoundError
        If the data are not there.
    """
    folder = data_folder(data, "neu_det", "NEU", "images/ and annotations_voc/", landmark="annotations_voc")
    images = ImageSet.from_folder(folder / "images")
    classes, y = np.unique([name.rpartition("_")[0] for name in images.ids], return_inverse=True)
    boxes = read_voc(folder / "annotations_voc", images)
    position = boxes["image"].map(images.position).to_numpy()

    splits = [_random_split(y, seed) for seed in range(seeds)]
    shuffled = np.random.default_rng(0).permutation(len(boxes))
    drawn = [_first_boxes(shuffled, position, y, rows, patterns_per_class) for rows in splits]
    needed = np.unique(np.concatenate(drawn))
    patterns = crop_patterns(images, boxes.iloc[needed])
    sources = pattern_sources(patterns, images)
    X = PatternMatcher(patterns, search=SEARCH, signed=SIGNED, n_jobs=2).fit_transform(images)

    metrics = {
        "random_splits": summary(
            _measure(X[:, np.searchsorted(needed, own)], y, sources[np.searchsorted(needed, own)], rows, seed)
            for seed, (rows, own) in enumerate(zip(splits, drawn, strict=True))
        ),
        "all_one_class": summary(_all_one_class(y, rows) for rows in splits),
    }
    settings = {
        "seeds": seeds,
        "images": len(images),
        "classes": classes.tolist(),
        "development_size": len(splits[0]),
        "patterns_per_class": patterns_per_class,
        "patterns_matched": len(needed),
        "search": SEARCH,
        "signed": SIGNED,
        "labeler": settings_of(WeakLabeler(hidden_layers=HIDDEN_LAYERS)),
    }
    return metrics, settings


def _random_split(y: NDArray[np.int64], seed: int) -> NDArray[np.int64]:
    shuffled = pd.Series(np.random.default_rng(seed).permutation(len(y)))
    return np.sort(shuffled.groupby(y[shuffled]).head(DEVELOPMENT_SIZE).to_numpy())


def _first_boxes(
    shuffled: NDArray[np.int64],
    position: NDArray[np.int64],
    y: NDArray[np.int64],
    rows: NDArray[np.int64],
    per_class: int,
) -> NDArray[np.int64]:
    """Return positions of boxes on the images of these rows, as many for each class of image."""
    available = shuffled[np.isin(position[shuffled], rows)]
    return np.sort(pd.Series(available).groupby(y[position[available]]).head(per_class).to_numpy())


def _measure(
    X: NDArray[np.float64],
    y: NDArray[np.int64],
    sources: NDArray[np.int64],
    rows: NDArray[np.int64],
    seed: int,
) -> dict[str, float]:
    labeler = WeakLabeler(hidden_layers=HIDDEN_LAYERS, random_state=seed, n_jobs=2)
    labeler.fit(X[rows], y[rows], sources=np.searchsorted(rows, sources))
    test = np.setdiff1d(np.arange(len(y)), rows)
    return label_metrics(y[test], labeler.predict_proba(X[test]))


def _all_one_class(y: NDArray[np.int64], rows: NDArray[np.int64]) -> dict[str, float]:
    test = np.setdiff1d(np.arange(len(y)), rows)
    same = np.zeros((len(test), y.max() + 1))
    same[:, np.bincount(y[rows]).argmax()] = 1.0
    return label_metrics(y[test], same)
