"""One random development set of an experiment, and what is measured with it."""

from collections.abc import Mapping
from functools import cached_property
from pathlib import Path
from typing import Any, Literal, TypeAlias

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from ig_widgets.compute.augmentation.gan import PatternGAN
from ig_widgets.compute.augmentation.policies import PolicyAugmenter
from ig_widgets.compute.detection.detector import PatternDetector
from ig_widgets.compute.labeling.labeler import WeakLabeler
from ig_widgets.compute.matching.matcher import PatternMatcher
from ig_widgets.compute.pipeline.augment import augment_patterns
from ig_widgets.compute.pipeline.crop import cut_patterns
from ig_widgets.compute.pipeline.pattern_labeler import PatternLabeler
from ig_widgets.data.images import ImageSet
from ig_widgets.experiments.parts.datasets import Dataset

_Ints: TypeAlias = NDArray[np.int64]


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
    n_augmented
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
        n_augmented: int,
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
        self.n_augmented = n_augmented
        self.search = search
        self.gan_epochs = gan_epochs
        self.y = dataset.y[rows]
        self.test = np.setdiff1d(np.arange(len(dataset.y)), rows)

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
        return cut_patterns(self.development, self.boxes, self.patterns_per_class, self.seed)

    @cached_property
    def policy(self) -> ImageSet:
        """Patterns made of the original ones by image operations."""
        # one seed for all splits: what is made of a pattern depends on nothing else, so it is matched once
        return self._augment(PolicyAugmenter(operation_search=self.search, store=self.store, random_state=0))

    @cached_property
    def gan(self) -> ImageSet:
        """Patterns made by a GAN for each class."""
        return self._augment(PatternGAN(epochs=self.gan_epochs))

    @cached_property
    def learned(self) -> PatternLabeler:
        """The whole pipeline, with all augmentations and the detector."""
        return self.label(self.policy, self.gan, detector=True)

    @property
    def detected(self) -> PatternLabeler:
        """A pipeline with a detector, which does not depend on patterns that are made."""
        return self.learned if "learned" in vars(self) else self._detected

    @cached_property
    def _detected(self) -> PatternLabeler:
        return self.label(detector=True)

    def label(self, *made: ImageSet, detector: bool = False, **changed: Any) -> PatternLabeler:
        """Label all images by the pipeline that people use.

        Parameters
        ----------
        *made
            The patterns that it uses beside the original ones, such as `policy` and `gan`, which are made
            once and whose similarities are shared through the store.
        detector
            Whether it has a detector.
        **changed
            Settings of the `WeakLabeler`, in place of those of this split.
        """
        y = np.full(len(self.dataset.y), -1)
        y[self.rows] = self.y
        labeler = PatternLabeler(
            augment=made,
            patterns_per_class=self.patterns_per_class,
            detector=PatternDetector(**self.detecting) if detector else False,
            labeler=self.labeler().set_params(**changed),
            search=PatternMatcher((), **self.matching),
            store=self.store,
            progress=False,
            random_state=self.seed,
        )
        return labeler.fit(self.dataset.images, y, self.boxes, classes=self.dataset.classes)

    def labeler(self) -> WeakLabeler:
        """Return a new labeler."""
        return WeakLabeler(random_state=self.seed, **self.labeling)

    def _augment(self, augmenter: PolicyAugmenter | PatternGAN) -> ImageSet:
        made, _ = augment_patterns(
            self.original,
            self.development,
            self.y,
            (augmenter,),
            n_augmented=self.n_augmented,
            random_state=self.seed,
        )
        return made
