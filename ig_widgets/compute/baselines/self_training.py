"""Inspector Gadget's baseline: convolutional networks trained on the labeled images."""

import math
import warnings
from collections.abc import Generator, Iterator
from typing import Literal, NamedTuple, Self, TypeAlias

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.base import BaseEstimator, clone
from sklearn.utils import check_random_state
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import check_is_fitted

from ig_widgets.compute.labeling.folds import Fold, draw_folds, gather
from ig_widgets.compute.labeling.threshold import apply_threshold, break_even
from ig_widgets.compute.networks.cnn import ImageClassifier
from ig_widgets.compute.networks.prediction import PredictsFromProba
from ig_widgets.compute.networks.resizing import Images, network_size, resize_images, resize_in_batches
from ig_widgets.compute.networks.training import Record
from ig_widgets.data.errors import SelectionWarning

_Floats: TypeAlias = NDArray[np.float64]
_Ints: TypeAlias = NDArray[np.int64]


class _Examples(NamedTuple):
    """Labeled images at one size, their class codes, their rows among all n; and unlabeled images."""

    pixels: NDArray[np.uint8]
    codes: _Ints
    rows: _Ints
    n: int
    others: NDArray[np.uint8]


class SelfTrainer(PredictsFromProba, BaseEstimator):
    """Train networks on the labeled images, optionally also on confident predictions for the others.

    One network is trained for each fold of the labeled images, on the other folds. Together they label the
    rest.

    Parameters
    ----------
    classifier
        What is trained, anew for each fold and round; default: ``ImageClassifier()``.
    rounds
        How often a network is trained again with the unlabeled images that the one before was sure about,
        as if its answers were labels. 0 trains on the labeled images alone, which is what the paper calls
        self-learning.
    confidence
        The probability from which on a network is sure about an image.
    threshold
        Two classes: the networks' probability of ``classes_[1]`` above which that is the answer, or
        "calibrated"; the same as in `WeakLabeler`, so that the two can be compared.
    examples_per_fold
        Examples of every class that a fold should have; as in `WeakLabeler`, so the folds are the same.
    random_state
        Seed of the folds and of the networks; that of `classifier` is not used.

    Attributes
    ----------
    classes_ : ndarray of shape (n_classes,)
        The classes, sorted. The columns of `predict_proba` follow them.
    members_ : list of ImageClassifier
        The networks, one for each fold, whose probabilities are averaged.
    threshold_ : float
        The threshold in use, in (0, 1); NaN for more than two classes.
    oof_probabilities_ : ndarray of shape (n, n_classes)
        Probabilities of the labeled images by networks that did not see them; NaN in all other rows.
    added_ : list of int
        For each network, how many unlabeled images it was trained on in the end.

    Warns
    -----
    SelectionWarning
        If a class has a single example: there are no folds, a single network is trained, and a calibrated
        threshold is 0.5.

    Notes
    -----
    Heo et al. 2020 (Inspector Gadget), section 6.1: "self-learning baselines that train CNN models on the
    development set using cross validation and use them to label the rest of the images". How many folds there
    were, and which of the models labels the rest, is not said. The rounds are those of Yarowsky 1995
    (scikit-learn's `SelfTrainingClassifier`, which does not take images); each fold has rounds of its own, so
    that none of its answers comes from a network that saw the images left out.
    """

    def __init__(
        self,
        classifier: ImageClassifier | None = None,
        *,
        rounds: int = 0,
        confidence: float = 0.9,
        threshold: Literal["calibrated"] | float = "calibrated",
        examples_per_fold: int = 20,
        random_state: int | np.random.RandomState | None = None,
    ) -> None:
        self.classifier = classifier
        self.rounds = rounds
        self.confidence = confidence
        self.threshold = threshold
        self.examples_per_fold = examples_per_fold
        self.random_state = random_state

    def fit(self, images: Images, y: ArrayLike) -> Self:
        """Train the networks.

        Parameters
        ----------
        images
            As for `ImageClassifier`, labeled or not. Empty ones are left out.
        y
            (n,) their classes, two or more; where they are integers, -1 is for unlabeled images.

        Returns
        -------
        SelfTrainer
            This labeler.

        Raises
        ------
        FloatingPointError
            If training diverges.
        ValueError
            If a setting, an image or `y` is not as described.
        """
        for _ in self.training(images, y):
            pass
        return self

    def training(self, images: Images, y: ArrayLike) -> Iterator[Record]:
        """Train the networks in the caller's loop, which can show progress and must run to the end.

        Parameters
        ----------
        images, y
            As for `fit`.

        Yields
        ------
        dict of str to float
            ``member`` and ``round``, counted from 0, ``epoch``, counted from 1, and ``loss``.

        Raises
        ------
        FloatingPointError, ValueError
            As for `fit`.
        """
        self._check_settings()
        classifier = ImageClassifier() if self.classifier is None else clone(self.classifier)
        size = network_size(images) if classifier.size is None else classifier.size
        classifier.set_params(size=size)
        examples = self._examples(images, y, size)
        # one draw, so that a RandomState shared by several estimators moves on by the same amount every time
        seed = int(check_random_state(self.random_state).randint(2**31 - 1))
        folds = draw_folds(examples.codes, self.examples_per_fold, seed)
        if not folds:
            few = self.classes_[np.argmin(np.bincount(examples.codes))]
            warnings.warn(
                f"class '{few}' has a single example, so no network can be validated: a calibrated threshold "
                "is 0.5; label more examples of it",
                SelectionWarning,
                stacklevel=2,
            )
            folds = [(np.arange(len(examples.codes)), np.arange(0))]
        return self._learn(classifier, examples, folds, seed)

    def predict_proba(self, images: Images) -> _Floats:
        """Return the probability of every class.

        Parameters
        ----------
        images
            As for `fit`. They are asked for one after the other.

        Returns
        -------
        ndarray of shape (n, n_classes)
            In [0, 1], rows sum to 1, columns follow ``classes_``; NaN for empty images. With two classes,
            0.5 stands for ``threshold_``: the odds of the networks are divided by those of the threshold. Of
            a labeled image, most networks know the label: use ``oof_probabilities_`` for those.
        """
        check_is_fitted(self, "members_")
        P = np.full((len(images), len(self.classes_)), np.nan)
        for pixels, positions in resize_in_batches(images, self.members_[0].size_):
            P[positions] = np.mean([member.predict_proba(pixels) for member in self.members_], axis=0)
        return apply_threshold(P, self.threshold_)

    def _check_settings(self) -> None:
        if self.rounds < 0:
            raise ValueError(f"rounds is {self.rounds}; give 0 or more")
        if not 0 < self.confidence <= 1:
            raise ValueError(f"confidence is {self.confidence}; give a probability above 0")
        if self.examples_per_fold < 1:
            raise ValueError(f"examples_per_fold is {self.examples_per_fold}; give 1 or more")
        if self.threshold != "calibrated" and not (
            isinstance(self.threshold, float) and 0 < self.threshold < 1
        ):
            raise ValueError(
                f"threshold is {self.threshold!r}; give 'calibrated' or a number strictly between 0 and 1"
            )

    def _examples(self, images: Images, y: ArrayLike, size: tuple[int, int]) -> _Examples:
        """Set ``classes_`` and return the training data."""
        labels = np.asarray(y)
        if labels.shape != (len(images),):
            raise ValueError(
                f"y has shape {labels.shape}, but there are {len(images)} images; give (n,) classes"
            )
        pixels, positions = resize_images(images, size)
        labeled = labels[positions] != -1
        rows = positions[labeled]
        check_classification_targets(labels[rows])
        self.classes_, codes = np.unique(labels[rows], return_inverse=True)
        if len(self.classes_) < 2:
            raise ValueError(
                f"the readable labeled images have {len(self.classes_)} class; label images of another "
                "class, too"
            )
        return _Examples(pixels[labeled], codes, rows, len(labels), pixels[~labeled])

    def _learn(
        self, classifier: ImageClassifier, examples: _Examples, folds: list[Fold], seed: int
    ) -> Iterator[Record]:
        """Train a network for each fold, and calibrate."""
        members, added, parts = [], [], []
        for number, (fitted, left_out) in enumerate(folds):
            classifier.set_params(random_state=(seed + number) % 2**31)
            member, count = yield from self._member(classifier, examples, fitted, number)
            parts.append(member.predict_proba(examples.pixels[left_out]))
            members.append(member)
            added.append(count)
        self.members_, self.added_ = members, added
        P = gather(parts, folds, len(examples.codes))
        self.threshold_ = self._threshold(P, examples.codes)
        self.oof_probabilities_ = np.full((examples.n, len(self.classes_)), np.nan)
        self.oof_probabilities_[examples.rows] = apply_threshold(P, self.threshold_)

    def _member(
        self, classifier: ImageClassifier, examples: _Examples, fitted: _Ints, number: int
    ) -> Generator[Record, None, tuple[ImageClassifier, int]]:
        """Train a network for every round; return it and the number of unlabeled images added."""
        pixels, codes = examples.pixels[fitted], examples.codes[fitted]
        added = np.arange(0)
        for turn in range(self.rounds + 1):
            member = clone(classifier)
            for record in member.training(pixels, codes):
                yield {"member": number, "round": turn, **record}
            if turn == self.rounds:
                break
            P = member.predict_proba(examples.others)
            sure = np.flatnonzero(P.max(axis=1) >= self.confidence)
            if not sure.size:
                break
            added = sure
            pixels = np.concatenate([examples.pixels[fitted], examples.others[added]])
            codes = np.concatenate([examples.codes[fitted], P[added].argmax(axis=1)])
        return member, len(added)

    def _threshold(self, P: _Floats, codes: _Ints) -> float:
        if len(self.classes_) > 2:
            return math.nan
        if isinstance(self.threshold, str):
            judged = ~np.isnan(P[:, 1])
            return break_even(P[judged, 1], codes[judged] == 1)
        return float(self.threshold)
