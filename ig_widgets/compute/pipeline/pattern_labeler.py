"""From boxes on a few images to weak labels of all of them."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING, Self

import numpy as np
from sklearn.base import BaseEstimator
from sklearn.utils.validation import check_is_fitted

from ig_widgets.compute.labeling.labeler import WeakLabeler
from ig_widgets.compute.labeling.stacking import log_odds
from ig_widgets.compute.pipeline.augment import augment_patterns, check_augmentations
from ig_widgets.compute.pipeline.crop import cut_patterns
from ig_widgets.compute.pipeline.detect import detect_patterns, lacks_for_detector
from ig_widgets.compute.pipeline.examples import check_two_classes, describe_rare_classes, settled_rows
from ig_widgets.compute.pipeline.label import fit_labeler, predict_readable
from ig_widgets.compute.pipeline.match import feature_sources, match_patterns

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from os import PathLike

    import pandas as pd
    from numpy.typing import ArrayLike, NDArray

    from ig_widgets.compute.detection.detector import PatternDetector
    from ig_widgets.compute.matching.matcher import PatternMatcher
    from ig_widgets.compute.matching.search.image_search import Search
    from ig_widgets.compute.matching.store.feature_store import FeatureStore
    from ig_widgets.compute.pipeline.augment import Augmentation
    from ig_widgets.compute.pipeline.label import Labels
    from ig_widgets.data.images import ImageSet


class PatternLabeler(BaseEstimator):
    """Label images by the patterns that people boxed in a few of them.

    The boxes are cut out as patterns, and more patterns are made of these. Similarities to every image become
    features, and a small neural network makes labels of them. A detector that learns what is in the boxes
    adds what it sees.

    Parameters
    ----------
    augment
        What makes more patterns: "policy", image operations (`PolicyAugmenter`); "search", the three
        operations that serve these examples best, as in the paper, which takes minutes; "gan" (`PatternGAN`),
        which takes minutes as well; any of them, or none. Instead of its name, a `PolicyAugmenter` or
        `PatternGAN` with settings of its own; or patterns that were made before, an `ImageSet`.
    n_augmented
        Number of patterns that each of these adds, the same for each class (the paper: 100 to 500). Patterns
        that were made before are all taken.
    patterns_per_class
        Number of boxes of each class that become patterns, drawn at random where there are more; None: all.
        The detector learns from all boxes.
    detector
        Whether to train a `PatternDetector`; or one with settings of its own.
    labeler
        The settings of the labelers; default: ``WeakLabeler(n_jobs=n_jobs)``.
    search
        "pyramid", or "full" for the exact and slow search; or a `PatternMatcher` with settings of its own,
        whose patterns are replaced.
    store
        A `FeatureStore` or its folder: only patterns and images that are new are searched.
    n_jobs
        Number of tasks at the same time; parts with settings of their own keep theirs.
    progress
        Show bars while `fit` trains.
    random_state
        Seed of everything random. A part that has a ``random_state`` of its own keeps it.

    Attributes
    ----------
    classes_ : list of str
        What the columns of P stand for.
    candidates_ : ImageSet
        The patterns that were cut out, then those made of them, with provenance; also the dropped ones.
    patterns_ : ImageSet
        Those that were not dropped: the columns of X.
    n_drawn_ : int
        Number of these that were cut out; they come first.
    augmenter_ : PolicyAugmenter or None
        What made patterns by image operations; after a search with its ``scores_``.
    matcher_ : PatternMatcher
    X_ : float array of shape (n_images, n_features)
        Similarities to the patterns; NaN in the rows of images that cannot be read.
    places_ : int array of shape (n_images, n_features, 4)
        Where each pattern fits best: x0, y0, x1, y1, ends exclusive.
    sources_ : int array of shape (n_features,)
        The position in ``development_`` of the image that each feature's pattern was cut from, -1 for none.
    y_ : int array of shape (n_images,)
        The given classes, as positions in ``classes_``; -1 where there is none.
    development_ : int array
        Positions of the images that were learned from: labeled and readable.
    labeler_ : WeakLabeler
        It knows the similarities only.
    similarity_P_ : float array of shape (n_images, n_classes)
        What `labeler_` makes of the similarities, out-of-fold like ``P_``.
    detector_ : PatternDetector or None
    detector_rows_ : int array
        Positions of the images that the detector learned from.
    detector_X_ : float array of shape (n_images, n_detector_features) or None
        What the detector sees, out-of-fold in ``detector_rows_``; NaN in the rows of images that cannot be
        read.
    stacked_ : WeakLabeler or None
        Where there is a detector: it decides, from what `labeler_` believes (its `log_odds`) and from what
        the detector sees.
    judged_ : int array
        Positions of the examples that cross-validation could judge.
    P_ : float array of shape (n_images, n_classes)
        Probabilities of the classes. In the rows ``judged_`` they are out-of-fold: of a labeler that had not
        seen the image, nor the patterns cut from it. 0 for a class without examples; NaN in the rows of
        images that cannot be read.

    Notes
    -----
    Heo et al., "Inspector Gadget: A Data Programming-based Labeling System for Industrial Images", PVLDB
    14(1), 2020: patterns from boxes (section 3), augmentation by GAN and by policy (section 4), similarities
    and labeler (section 5). The detector is not in the paper; with ``detector=False, augment=("search",
    "gan")`` and the paper's form of the `WeakLabeler` this is the paper's pipeline. A pattern that a GAN made
    has something of several images; in cross-validation it is left out with the one that it resembles most,
    so what is out-of-fold is slightly too good with a GAN.

    The labeler that decides beside a detector learns from the judged examples only, since of the others there
    are no out-of-fold probabilities.

    Examples
    --------
    ::

        labeler = PatternLabeler(augment=("policy",)).fit(images, y, boxes, classes=["ok", "crack"])
        labels = labeler.P_.argmax(axis=1)
        P = labeler.predict_proba(new_images)
    """

    def __init__(
        self,
        augment: Sequence[Augmentation] = ("policy",),
        *,
        n_augmented: int = 100,
        patterns_per_class: int | None = None,
        detector: PatternDetector | bool = True,
        labeler: WeakLabeler | None = None,
        search: Search | PatternMatcher = "pyramid",
        store: FeatureStore | str | PathLike[str] | None = None,
        n_jobs: int | None = None,
        progress: bool = True,
        random_state: int = 0,
    ) -> None:
        self.augment = augment
        self.n_augmented = n_augmented
        self.patterns_per_class = patterns_per_class
        self.detector = detector
        self.labeler = labeler
        self.search = search
        self.store = store
        self.n_jobs = n_jobs
        self.progress = progress
        self.random_state = random_state

    def fit(
        self,
        images: ImageSet,
        y: ArrayLike,
        boxes: pd.DataFrame,
        *,
        classes: Sequence[str] | None = None,
        detector_rows: ArrayLike | None = None,
        dropped: Callable[[ImageSet], NDArray[np.bool_]] | None = None,
        tell: Callable[[str], object] | None = None,
    ) -> Self:
        """Crop, augment, match, label; then detect, and label again.

        Parameters
        ----------
        images
            n images, labeled or not.
        y
            (n,) classes from 0; -1 for images without a label.
        boxes
            The boxes on labeled images: ``image, label, x, y, width, height``, see `crop_patterns`.
        classes
            The names of all classes, those without examples too; default: the numbers from 0 to the largest
            in `y`.
        detector_rows
            (n,) bool, the images of which it is known where the defects are, and where not: the detector
            learns from those of them that are labeled. Default: the images with boxes, and those of the
            classes of which no image has a box.
        dropped
            Tells of each pattern, cut out or made, whether it was dropped; default: none was.
        tell
            Called with the sentence of each warning, in place of issuing it.

        Returns
        -------
        PatternLabeler
            This labeler.

        Raises
        ------
        ValueError
            If there is no readable image with a box, less than two classes, no pattern that was not dropped,
            or a setting that is unknown or out of range.

        Warns
        -----
        UserWarning
            If a class has less than two examples, or there is too little for a detector; then the
            similarities decide alone.
        """
        sentences: list[str] = []
        try:
            self._fit(
                images,
                np.asarray(y, dtype=np.intp),
                boxes,
                classes=classes,
                detector_rows=detector_rows,
                dropped=dropped,
                tell=sentences.append if tell is None else tell,
            )
        finally:
            for sentence in sentences:
                warnings.warn(sentence, stacklevel=2)
        return self

    def predict_proba(self, images: ImageSet) -> NDArray[np.float64]:
        """Return the probability of every class in images, those learned from or others.

        Parameters
        ----------
        images
            n images. For those that were learned from, ``P_`` has probabilities that are out-of-fold.

        Returns
        -------
        float array of shape (n, n_classes)
            In [0, 1], rows sum to 1, columns follow ``classes_``; NaN for images that cannot be read.
        """
        check_is_fitted(self, "P_")
        X = self.matcher_.transform(images)
        P = predict_readable(self.labeler_, X, len(self.classes_))
        if self.detector_ is None or self.stacked_ is None:
            return P
        features = _stack(P, self.labeler_, self.detector_.transform(images))
        return predict_readable(self.stacked_, features, len(self.classes_))

    def _fit(
        self,
        images: ImageSet,
        y: NDArray[np.intp],
        boxes: pd.DataFrame,
        *,
        classes: Sequence[str] | None,
        detector_rows: ArrayLike | None,
        dropped: Callable[[ImageSet], NDArray[np.bool_]] | None,
        tell: Callable[[str], object],
    ) -> None:
        names = [str(k) for k in range(y.max(initial=0) + 1)] if classes is None else list(classes)
        _check_rows(images, y, names)
        check_augmentations(self.augment)
        check_two_classes(names, y, remedy="label images of another class too")
        for sentence in describe_rare_classes(names, y):
            tell(sentence)

        cut = cut_patterns(images, boxes, self.patterns_per_class, self.random_state)
        drawn = _keep(cut, dropped)
        if len(drawn) == 0:
            raise ValueError("all patterns were dropped: keep some, or draw more boxes")
        labeled = np.flatnonzero(y >= 0)
        made, self.augmenter_ = augment_patterns(
            drawn,
            images[labeled],
            y[labeled],
            self.augment,
            n_augmented=self.n_augmented,
            store=self.store,
            n_jobs=self.n_jobs,
            progress=self.progress,
            random_state=self.random_state,
        )
        self.classes_, self.y_, self.n_drawn_ = names, y, len(drawn)
        self.candidates_ = cut + made
        self.patterns_ = drawn + _keep(made, dropped)
        self.matcher_, self.X_, self.places_ = match_patterns(
            images, self.patterns_, search=self.search, store=self.store, n_jobs=self.n_jobs
        )

        readable = ~np.isnan(self.X_).any(axis=1)
        self.development_ = np.flatnonzero((y >= 0) & readable)
        if len(self.development_) < len(labeled):
            check_two_classes(names, y[self.development_], remedy="label images of another class too")
            for sentence in describe_rare_classes(names, y[self.development_]):
                tell(sentence)
        self.sources_ = feature_sources(self.patterns_, images[self.development_], self.X_.shape[1])
        self.labeler_, self.similarity_P_, self.judged_ = self._label(
            self.X_, self.development_, self.sources_
        )
        self.P_ = self.similarity_P_

        self.detector_: PatternDetector | None = None
        self.detector_X_: NDArray[np.float64] | None = None
        self.stacked_: WeakLabeler | None = None
        settled = settled_rows(images.ids, y, boxes) if detector_rows is None else np.asarray(detector_rows)
        self.detector_rows_ = self.development_[settled[self.development_]]
        if not self.detector:
            return
        lacking = lacks_for_detector(images, boxes, self.detector_rows_, y[self.judged_])
        if lacking is not None:
            tell(
                f"there is too little for a detector, which needs {lacking}: this learns from similarities "
                "only; annotate more"
            )
            return
        self.detector_, self.detector_X_ = detect_patterns(
            images,
            boxes,
            self.detector_rows_,
            detector=None if self.detector is True else self.detector,
            n_jobs=self.n_jobs,
            progress=self.progress,
            random_state=self.random_state,
        )
        features = _stack(self.similarity_P_, self.labeler_, self.detector_X_)
        self.stacked_, self.P_, self.judged_ = self._label(features, self.judged_)

    def _label(
        self, X: NDArray[np.float64], rows: NDArray[np.intp], sources: NDArray[np.int64] | None = None
    ) -> Labels:
        return fit_labeler(
            WeakLabeler(n_jobs=self.n_jobs) if self.labeler is None else self.labeler,
            X,
            self.y_,
            rows,
            n_classes=len(self.classes_),
            sources=sources,
            random_state=self.random_state,
        )


def _keep(patterns: ImageSet, dropped: Callable[[ImageSet], NDArray[np.bool_]] | None) -> ImageSet:
    return patterns if dropped is None else patterns[~np.asarray(dropped(patterns), dtype=bool)]


def _stack(
    P: NDArray[np.float64], labeler: WeakLabeler, detector_X: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Return the features of the labeler that decides: what the first believes beside what is detected."""
    return np.hstack([log_odds(P[:, labeler.classes_]), detector_X])


def _check_rows(images: ImageSet, y: NDArray[np.intp], classes: Sequence[str]) -> None:
    if y.shape != (len(images),):
        raise ValueError(
            f"y has shape {y.shape} but there are {len(images)} images; give one class each, -1 for none"
        )
    if y.max(initial=-1) >= len(classes) or y.min(initial=0) < -1:
        raise ValueError(
            f"y holds values from {y.min()} to {y.max()}; give positions in {list(classes)}, -1 for none"
        )
