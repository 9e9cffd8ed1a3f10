"""One random development set of an experiment, and what is measured with it."""

from collections.abc import Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any, Literal, TypeAlias

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from ig_widgets.compute.augmentation.gan import PatternGAN
from ig_widgets.compute.augmentation.per_class import draw_per_class, generate_per_class
from ig_widgets.compute.augmentation.policies import PolicyAugmenter
from ig_widgets.compute.detection.detector import PatternDetector
from ig_widgets.compute.labeling.labeler import WeakLabeler
from ig_widgets.compute.matching.matcher import PatternMatcher
from ig_widgets.data.images import ImageSet
from ig_widgets.data.patterns import crop_patterns, pattern_rows
from ig_widgets.experiments.parts.datasets import Dataset

_Floats: TypeAlias = NDArray[np.float64]
_Ints: TypeAlias = NDArray[np.int64]

Origin = Literal["original", "policy", "gan"]


class Split:
    """A development set and what is measured with it, each thing when it is first asked for.

    Parameters
    ----------
    dataset
        Images, classes, boxes.
    rows
        The development set, sorted.
    seed
        Of everything that is random.
    store
        Folder in which splits share the similarities of images and patterns.
    matching
        Settings of the `PatternMatcher`.
    labeling
        Settings of the `WeakLabeler`.
    detecting
        Settings of the `PatternDetector`.
    patterns_per_class
        At most so many boxes of each class are cut out.
    augmented
        Patterns that each kind of augmentation adds, shared evenly among the classes of boxes.
    search
        "triples": the operations are searched for in this development set, as in the paper. None: the default
        ones.
    gan_epochs
        Of each class's GAN.
    """

    def __init__(
        self,
        dataset: Dataset,
        rows: _Ints,
        seed: int,
        *,
        store: Path,
        matching: Mapping[str, Any],
        labeling: Mapping[str, Any],
        detecting: Mapping[str, Any],
        patterns_per_class: int,
        augmented: int,
        search: Literal["triples"] | None,
        gan_epochs: int,
    ) -> None:
        self.dataset = dataset
        self.rows = rows
        self.seed = seed
        self.store = store
        self.matching = matching
        self.labeling = labeling
        self.detecting = detecting
        self.patterns_per_class = patterns_per_class
        self.augmented = augmented
        self.search = search
        self.gan_epochs = gan_epochs
        self.y = dataset.y[rows]
        self.test = np.setdiff1d(np.arange(len(dataset.y)), rows)
        self._matched: dict[Origin, tuple[_Floats, _Ints]] = {}

    @cached_property
    def development(self) -> ImageSet:
        """The images that people have judged."""
        return self.dataset.images[self.rows]

    @cached_property
    def boxes(self) -> pd.DataFrame:
        """All boxes on the development set."""
        return self.dataset.boxes[self.dataset.boxes["image"].isin(self.development.ids)]

    @cached_property
    def original(self) -> ImageSet:
        """The patterns that people drew."""
        shuffled = self.boxes.sample(frac=1, random_state=self.seed)
        some = shuffled.groupby("label").head(self.patterns_per_class)
        return crop_patterns(self.development, some.sort_index())

    @cached_property
    def policy(self) -> ImageSet:
        """Patterns made of the original ones by image operations."""
        # one seed for all splits: what is made of a pattern depends on nothing else, so it is matched once
        augmenter = PolicyAugmenter(operation_search=self.search, store=self.store, random_state=0)
        made = augmenter.fit(self.original, self.development, self.y).transform(self.original)
        return draw_per_class(made, self.augmented, self.seed)

    @cached_property
    def gan(self) -> ImageSet:
        """Patterns made by a GAN for each class."""
        return generate_per_class(
            self.original,
            self.augmented,
            gan=PatternGAN(epochs=self.gan_epochs),
            random_state=self.seed,
        )

    def similarities(self, origins: Sequence[Origin]) -> tuple[_Floats, _Ints]:
        """Return similarities of all images to patterns (n, p), and the development row of each pattern."""
        for origin in origins:
            if origin not in self._matched:
                patterns: ImageSet = getattr(self, origin)
                matcher = PatternMatcher(patterns, store=self.store, **self.matching)
                X = matcher.fit_transform(self.dataset.images)
                sources = pattern_rows(patterns, self.development)
                self._matched[origin] = X, np.tile(sources, X.shape[1] // len(sources))
        parts = [self._matched[origin] for origin in origins]
        return np.hstack([X for X, _ in parts]), np.concatenate([sources for _, sources in parts])

    def labeled(self, origins: Sequence[Origin]) -> tuple[_Floats, _Floats]:
        """Return what a labeler makes of them: of the development set out-of-fold, and of the others."""
        X, sources = self.similarities(origins)
        labeler = self.labeler().fit(X[self.rows], self.y, pattern_rows=sources)
        return labeler.oof_probabilities_, labeler.predict_proba(X[self.test])

    @cached_property
    def detected(self) -> tuple[_Floats, _Floats]:
        """What a detector sees: in the development set out-of-fold, and in the others."""
        detector = PatternDetector(random_state=self.seed, **self.detecting)
        inside = detector.fit_transform(self.development, self.boxes)
        return inside, detector.transform(self.dataset.images[self.test])

    def labeler(self) -> WeakLabeler:
        """Return a new labeler."""
        return WeakLabeler(random_state=self.seed, **self.labeling)
