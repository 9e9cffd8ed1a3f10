"""Augmentation by policies: image operations with random magnitudes."""

from collections.abc import Sequence
from os import PathLike
from typing import Literal, Self, get_args

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray
from sklearn.base import BaseEstimator
from sklearn.utils import check_random_state
from sklearn.utils.validation import check_is_fitted
from tqdm.auto import tqdm

from ig_widgets.compute.augmentation.operations import OPERATIONS, Fill
from ig_widgets.compute.augmentation.policy_samples import policy_samples
from ig_widgets.compute.augmentation.policy_search import draw_splits, score_triples
from ig_widgets.compute.labeling.folds import Fold
from ig_widgets.compute.matching.matcher import PatternMatcher
from ig_widgets.compute.matching.store.feature_store import FeatureStore
from ig_widgets.data.images import ImageSet
from ig_widgets.data.patterns import pattern_rows

_UNSEARCHED = ("ShearY", "TranslateX", "Rotate")
_CHUNK = 8  # images between two steps of the progress bar


class PolicyAugmenter(BaseEstimator):
    """Augment patterns by image operations, and optionally search for the operations that help most.

    Parameters
    ----------
    operations
        Names of `OPERATIONS`. None: ShearY, TranslateX and Rotate; with a search, all 18 compete, less those
        that change no pattern, as Color changes no gray one.
    magnitudes
        Samples of each pattern and operation, each with a magnitude drawn uniformly from its range.
        Operations without a magnitude give a single sample.
    operation_search
        "triples": `fit` compares all combinations of three operations on labeled images, and `transform`
        applies the best one. None: nothing is compared.
    composed
        Apply all operations to each sample, one after the other, instead of one. Not with a search: what the
        combinations could not share would have to be matched for each of them.
    fill
        What comes in where a pattern was moved away: "border", or "black" as in the published code, see
        `apply_operation`.
    repeats
        Random splits of the labeled images, over whose scores the search takes the mean.
    train_size
        Share of the labeled images that the search learns from in each split, between 0 and 1; the others
        judge.
    store
        A `FeatureStore` or its folder, for the similarities that the search computes: see `PatternMatcher`.
    n_jobs
        Tasks of matching at the same time: see `PatternMatcher`. The result does not depend on it.
    progress
        Show a progress bar while the search matches.
    random_state
        Seed of the magnitudes, of the places of Cutout and of the splits.

    Attributes
    ----------
    operations_ : tuple of str
        What `transform` applies.
    seed_ : int
        From which, with the id of the pattern and the operation, the seed of each sample is made.
    scores_ : DataFrame
        With a search, one row per combination, in the order of `operations`: ``operation_1, operation_2,
        operation_3, f1`` (mean over the splits, in [0, 1], higher is better; of two classes that of the one
        that comes last in sorted order), ``f1_sd``, ``rank``. Of equal ones the first is the better.
    dropped_ : DataFrame
        What the last `transform` made and did not return: ``parent, operation, magnitude, reason``; the
        reason is "too small" (less than 2 x 2 pixels), "flat" (the same value everywhere) or "identical" (to
        the pattern, or to a sample of it that came before).

    Notes
    -----
    Heo et al., "Inspector Gadget: A Data Programming-based Labeling System for Industrial Images" (2020),
    section 4.2. Each sample is one operation applied to one pattern, as in the published code, which has no
    search but a fixed choice of four. The paper says neither how the development set is split nor how often;
    with some ten defects, the best of 816 combinations on a single split is the luckiest one. We split in
    halves, 40 times, and use a labeler for which that takes seconds, see `score_triples`. Similarities are
    computed once per sample, centered ones by the pyramid (see `PatternMatcher`), which rank the operations
    whatever similarities are learned from in the end. A search with 10 patterns and 78 images of KSDD takes
    about a minute.

    The default is measured inside development sets of KSDD, four random draws of 78 images with 10 cracks:
    the mean F1 on held-out halves was 0.74 with it, the best of all combinations, 0.64 with the four
    operations of the published code (ShearY, TranslateY, AutoContrast, Sharpness), 0.61 with all 18, 0.57
    with the average combination and 0.51 without augmentation. Operations on values alone add little:
    centered similarity does not see brightness and contrast. ShearY alone brought average precision from
    0.66 to 0.76 with "border" and to 0.69 with "black" (six draws). The F1 of the best combination in
    ``scores_`` is optimistic, as that of any best of many.

    What a sample is made of depends on `random_state`, the pattern's id and the operation (all of them when
    `composed`), not on which other patterns there are: with the same integer, development sets that share
    patterns share their samples, and their similarities through `store`.

    Examples
    --------
    >>> patterns = ImageSet.from_arrays([np.arange(60, dtype=np.uint8).reshape(6, 10)], ids=["a.png#0"])
    >>> augmenter = PolicyAugmenter(["Flip", "Rotate"], magnitudes=2, random_state=0)
    >>> patterns += augmenter.fit_transform(patterns)
    >>> patterns.ids
    ('a.png#0', 'a.png#0/Flip', 'a.png#0/Rotate-0', 'a.png#0/Rotate-1')
    """

    def __init__(
        self,
        operations: Sequence[str] | None = None,
        *,
        magnitudes: int = 10,
        operation_search: Literal["triples"] | None = None,
        composed: bool = False,
        fill: Fill = "border",
        repeats: int = 40,
        train_size: float = 0.5,
        store: FeatureStore | str | PathLike[str] | None = None,
        n_jobs: int | None = None,
        progress: bool = False,
        random_state: int | np.random.RandomState | None = None,
    ) -> None:
        self.operations = operations
        self.magnitudes = magnitudes
        self.operation_search = operation_search
        self.composed = composed
        self.fill = fill
        self.repeats = repeats
        self.train_size = train_size
        self.store = store
        self.n_jobs = n_jobs
        self.progress = progress
        self.random_state = random_state

    def fit(self, patterns: ImageSet, images: ImageSet | None = None, y: ArrayLike | None = None) -> Self:
        """Validate the settings; with a search, find the best three operations.

        Parameters
        ----------
        patterns
            Patterns with provenance, as from `crop_patterns`. Not looked at without a search.
        images, y
            For a search: the development images, an `ImageSet` with the ids that the provenance names, and
            their n classes. Every value is a class: leave unlabeled images out. Images that cannot be read
            are left out.

        Returns
        -------
        PolicyAugmenter
            This augmenter.

        Raises
        ------
        ValueError
            If a setting is unknown or out of range, or the search lacks something: images and classes that
            fit together, the images that the patterns were cut from, two classes, three images with patterns
            of each class that has patterns.
        """
        operations = self._validate_operations()
        seed = int(check_random_state(self.random_state).randint(2**31 - 1))
        if self.operation_search is None:
            self.operations_, self.seed_ = operations, seed
            return self
        if images is None or y is None:
            raise ValueError(
                "operation_search needs the development images and their classes; call "
                "fit(patterns, images, y)"
            )
        labels = np.asarray(y)
        if labels.shape != (len(images),):
            raise ValueError(
                f"y has shape {labels.shape}, but there are {len(images)} images; give one class for each"
            )
        unknown = np.flatnonzero(pattern_rows(patterns, images) < 0)
        if len(unknown):
            raise ValueError(
                f"the image that pattern '{patterns.ids[unknown[0]]}' was cut from is not among the images, "
                "so its own pattern cannot be excluded; give all images that patterns were cut from"
            )
        splits = self._splits(labels, patterns, images, seed)  # which refuses too few before they are matched
        samples = self._samples(patterns, operations, seed)[0]
        everything = patterns + samples
        made = [] if samples.provenance is None else samples.provenance["operation"].to_list()
        candidates = [operation for operation in operations if operation in made]
        if len(candidates) < 3:
            raise ValueError(
                f"only {len(candidates)} of the operations ({', '.join(candidates)}) change these patterns; "
                "operation_search needs at least 3; add operations"
            )
        X = self._similarities(everything, images)
        readable = ~np.isnan(X).any(axis=1)
        if not readable.all():
            images, labels, X = images[readable], labels[readable], X[readable]
            splits = self._splits(labels, patterns, images, seed)
        self.scores_ = score_triples(
            X,
            labels,
            [None] * len(patterns) + made,
            pattern_rows(everything, images),
            candidates=candidates,
            splits=splits,
        )
        best = self.scores_[self.scores_["rank"] == 1]
        self.operations_ = tuple(best[["operation_1", "operation_2", "operation_3"]].iloc[0])
        self.seed_ = seed
        return self

    def transform(self, patterns: ImageSet) -> ImageSet:
        """Return augmented samples of patterns.

        Parameters
        ----------
        patterns
            Patterns, with or without provenance; those that cannot be read have no samples.

        Returns
        -------
        ImageSet
            The samples alone, pattern by pattern, in the order of ``operations_``. They are called
            ``"<id of the pattern>/<operation>-<number>"``, without a number where there is one only.
            ``provenance`` holds ``image, label, x, y, width, height`` of the pattern, its id as ``parent``,
            ``operation``, ``magnitude`` (NaN where there is none, or several) and ``seed``. Unless composed,
            ``apply_operation(pattern, operation, magnitude, fill=fill, seed=seed)`` makes the sample again.
        """
        check_is_fitted(self)
        samples, self.dropped_ = self._samples(patterns, self.operations_, self.seed_)
        return samples

    def fit_transform(
        self, patterns: ImageSet, images: ImageSet | None = None, y: ArrayLike | None = None
    ) -> ImageSet:
        """Fit, then transform."""
        return self.fit(patterns, images, y).transform(patterns)

    def _validate_operations(self) -> tuple[str, ...]:
        if self.operation_search not in (None, "triples"):
            raise ValueError(f"operation_search is {self.operation_search!r}; give None or 'triples'")
        if self.operation_search and self.composed:
            raise ValueError(
                "operation_search does not support composed=True; give operation_search or composed, not both"
            )
        if self.magnitudes < 1:
            raise ValueError(f"magnitudes is {self.magnitudes}; give 1 or more")
        if self.fill not in get_args(Fill):
            raise ValueError(f"fill is {self.fill!r}; choose one of {', '.join(get_args(Fill))}")
        if self.operations is None:
            return tuple(OPERATIONS) if self.operation_search else _UNSEARCHED
        operations = tuple(self.operations)
        unknown = [name for name in operations if name not in OPERATIONS]
        if unknown or len(set(operations)) < len(operations) or not operations:
            raise ValueError(
                f"operations is {self.operations!r}; give a list of some of these, each once: "
                f"{', '.join(OPERATIONS)}"
            )
        return operations

    def _samples(
        self, patterns: ImageSet, operations: tuple[str, ...], seed: int
    ) -> tuple[ImageSet, pd.DataFrame]:
        return policy_samples(
            patterns,
            operations,
            magnitudes=self.magnitudes,
            composed=self.composed,
            fill=self.fill,
            seed=seed,
        )

    def _splits(
        self, labels: NDArray[np.generic], patterns: ImageSet, images: ImageSet, seed: int
    ) -> list[Fold]:
        return draw_splits(
            labels,
            np.isin(np.arange(len(images)), pattern_rows(patterns, images)),
            train_size=self.train_size,
            repeats=self.repeats,
            random_state=seed,
        )

    def _similarities(self, patterns: ImageSet, images: ImageSet) -> NDArray[np.float64]:
        # a sample that was sheared may exceed every image
        matcher = PatternMatcher(patterns, oversized="shrink", store=self.store, n_jobs=self.n_jobs).fit()
        parts = []
        with tqdm(total=len(images), disable=not self.progress, unit="image") as bar:
            for start in range(0, len(images), _CHUNK):
                parts.append(matcher.transform(images[start : start + _CHUNK]))
                bar.update(len(parts[-1]))
        return np.concatenate(parts)
