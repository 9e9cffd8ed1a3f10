"""Class-balanced augmentation: equally many generated patterns of each class."""

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sklearn.base import clone

from ig_widgets.compute.augmentation.gan import PatternGAN
from ig_widgets.data.images import ImageSet

_STEPS = 4000  # after which a GAN's patterns no longer get better, however many patterns there are


def draw_per_class(patterns: ImageSet, n: int, random_state: int = 0) -> ImageSet:
    """Draw equally many patterns of each class at random.

    Parameters
    ----------
    patterns
        Patterns; those without provenance are all of one class.
    n
        How many, 0 or more: each of K classes gets n / K, rounded down, or all that it has.
    random_state
        Seed.

    Returns
    -------
    ImageSet
        The patterns drawn, in the order that they had.
    """
    labels = pd.Series(_labels(patterns))
    if labels.empty:
        return patterns
    shuffled = labels.sample(frac=1, random_state=random_state)
    drawn = shuffled.groupby(shuffled).head(n // labels.nunique())
    return patterns[np.sort(drawn.index.to_numpy())]


def generate_per_class(
    patterns: ImageSet,
    n: int,
    *,
    gan: PatternGAN | None = None,
    random_state: int = 0,
    watch: Callable[[Iterator[Any], str], Iterator[Any]] = lambda records, _: records,
) -> ImageSet:
    """Train one GAN per class and generate equally many patterns with each.

    Parameters
    ----------
    patterns
        Patterns; those without provenance are all of one class. A class with a single one is left out: there
        is nothing between it and others to be found.
    n
        How many to make, 0 or more: each of K classes gets n / K, rounded down.
    gan
        Settings of each GAN, which makes no more than 4000 steps; its own seed is not used. Default:
        ``PatternGAN()``.
    random_state
        Seed.
    watch
        Goes through the records of a training, given them and the class: a progress bar, for instance.

    Returns
    -------
    ImageSet
        The patterns made; see `PatternGAN` for their provenance.
    """
    gan = PatternGAN() if gan is None else gan
    labels = _labels(patterns)
    kinds, counts = np.unique(labels, return_counts=True)
    made = patterns[:0]
    for kind, count in zip(kinds, counts, strict=True):
        if count < 2 or n < len(kinds):
            continue
        enough = -(-_STEPS // -(-count // gan.batch_size))
        of_kind = clone(gan).set_params(epochs=min(gan.epochs, enough), random_state=random_state)
        for _ in watch(of_kind.training(patterns[labels == kind]), str(kind)):
            pass
        made += of_kind.sample(n // len(kinds))
    return made


def _labels(patterns: ImageSet) -> NDArray[np.str_]:
    if patterns.provenance is None:
        return np.full(len(patterns), "")
    return patterns.provenance["label"].to_numpy(dtype=np.str_, na_value="")
