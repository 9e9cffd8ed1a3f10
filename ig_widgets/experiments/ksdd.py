"""Inspector Gadget on the Kolektor surface-defect data (Heo et al. 2020, Figure 9 and Table 4, KSDD)."""

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sklearn.model_selection import train_test_split

from ig_widgets.compute.labeler import WeakLabeler
from ig_widgets.compute.matching import PatternMatcher
from ig_widgets.compute.metrics import label_metrics
from ig_widgets.compute.patterns import crop_patterns, pattern_sources
from ig_widgets.data.formats.masks import read_masks
from ig_widgets.data.images import ImageSet
from ig_widgets.experiments.folders import data_folder
from ig_widgets.experiments.tables import Summary, settings_of, summary

SEEDS = 20
DEVELOPMENT_SIZE = 78  # of 399 images, as published


def run(data: Path, seeds: int = SEEDS) -> tuple[dict[str, Summary], dict[str, Any]]:
    """Label the images that are not in the development set, for several random development sets.

    A development set has 78 images, stratified, as the published one has. The patterns are the boxes around
    the masks of its cracks, matched at full resolution, and nothing is augmented: the row "none" of the
    paper's Table 4 (F1 0.415).

    Parameters
    ----------
    data
        The folder of data sets that holds ``ksdd``, or that folder: ``images/``, ``masks/`` and
        ``labels.csv`` with the columns ``file, label, split``.
    seeds
        Number of random splits, and of labelers for the published split.

    Returns
    -------
    metrics
        By row, what `summary` makes of `label_metrics` on the test images: ``random_splits``,
        ``published_split``, and for both what calling every image sound would give.
    settings
        What was run.

    Raises
    ------
    FileNotFoundError
        If the data are not there.
    """
    folder = data_folder(data, "ksdd", "KSDD", "images/, masks/ and labels.csv", landmark="labels.csv")
    images = ImageSet.from_folder(folder / "images")
    known = pd.read_csv(folder / "labels.csv").set_index("file").loc[list(images.ids)]
    y = (known["label"] == "crack").to_numpy().astype(np.int64)
    masks = read_masks(folder / "masks", images, label="crack", components=False, convention="published")
    patterns = crop_patterns(images, masks)
    sources = pattern_sources(patterns, images)
    X = PatternMatcher(patterns, search="full", n_jobs=2).fit_transform(images)

    splits = [_random_split(y, seed) for seed in range(seeds)]
    published = np.flatnonzero(known["split"] == "dev")
    metrics = {
        "random_splits": summary(_measure(X, y, sources, rows, seed) for seed, rows in enumerate(splits)),
        "random_splits_all_ok": summary(_all_ok(y, rows) for rows in splits),
        "published_split": summary(_measure(X, y, sources, published, seed) for seed in range(seeds)),
        "published_split_all_ok": summary([_all_ok(y, published)]),
    }
    settings = {
        "seeds": seeds,
        "images": len(images),
        "cracks": int(y.sum()),
        "development_size": len(splits[0]),
        "patterns": len(patterns),
        "search": "full",
        "labeler": settings_of(WeakLabeler()),
    }
    return metrics, settings


def _random_split(y: NDArray[np.int64], seed: int) -> NDArray[np.int64]:
    rows, _ = train_test_split(np.arange(len(y)), train_size=DEVELOPMENT_SIZE, stratify=y, random_state=seed)
    return np.sort(rows)


def _measure(
    X: NDArray[np.float64],
    y: NDArray[np.int64],
    sources: NDArray[np.int64],
    rows: NDArray[np.int64],
    seed: int,
) -> dict[str, float]:
    columns = np.isin(sources, rows)  # patterns come from the development set only
    labeler = WeakLabeler(random_state=seed, n_jobs=2)
    labeler.fit(X[np.ix_(rows, columns)], y[rows], sources=np.searchsorted(rows, sources[columns]))
    test = np.setdiff1d(np.arange(len(y)), rows)
    return label_metrics(y[test], labeler.predict_proba(X[np.ix_(test, columns)]))


def _all_ok(y: NDArray[np.int64], rows: NDArray[np.int64]) -> dict[str, float]:
    test = np.setdiff1d(np.arange(len(y)), rows)
    return label_metrics(y[test], np.tile([1.0, 0.0], (len(test), 1)))
