"""The simplest labelers on similarities to patterns: the highest similarity, and a majority vote."""

from typing import Self

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import expit, logit
from sklearn.base import BaseEstimator
from sklearn.utils import Tags

from ig_widgets.compute.baselines.stumps import LabelingStumps
from ig_widgets.compute.labeling.threshold import break_even
from ig_widgets.compute.labeling.validation import validate_examples, validate_rows
from ig_widgets.compute.networks.prediction import PredictsFromProba


class MaxSimilarity(PredictsFromProba, BaseEstimator):
    """Call an image defective if it is similar enough to any pattern.

    Attributes
    ----------
    classes_ : ndarray of shape (2,)
        The classes, sorted. The second is the one of images above the threshold: `labels_of` counts defects
        from 1.
    n_features_in_ : int
        Number of features.
    threshold_ : float
        The highest similarity of an image from which on it is ``classes_[1]``: as many labeled images
        reach it as are of this class, so that precision is recall there. An image's own patterns do not
        count if `fit` is given `pattern_rows`.
    spread_ : float
        Standard deviation of the labeled images' highest similarities, 1 where they are equal.

    Examples
    --------
    >>> X = [[0.9, 0.3], [0.2, 0.8], [0.3, 0.2], [0.1, 0.4]]
    >>> labeler = MaxSimilarity().fit(X, [1, 1, 0, 0])
    >>> labeler.predict([[0.1, 0.7], [0.2, 0.5]])
    array([1, 0])
    """

    def __sklearn_tags__(self) -> Tags:  # noqa: D105  # scikit-learn documents it
        tags = super().__sklearn_tags__()
        tags.classifier_tags.multi_class = False
        tags.classifier_tags.poor_score = True  # it knows one direction of one number only
        return tags

    def fit(
        self,
        X: ArrayLike,
        y: ArrayLike,
        X_unlabeled: ArrayLike | None = None,  # noqa: ARG002  # the baselines are called alike
        pattern_rows: ArrayLike | None = None,
    ) -> Self:
        """Choose the threshold.

        Parameters
        ----------
        X
            (n, n_features) similarities of labeled images.
        y
            (n,) their classes, two.
        X_unlabeled
            Not used.
        pattern_rows
            (n_features,) as in `WeakLabeler.fit`.

        Returns
        -------
        MaxSimilarity
            This labeler.

        Raises
        ------
        ValueError
            If there are not two classes, a row of `X` has missing values, or `pattern_rows` does not fit `X`.
        """
        self.classes_, examples = validate_examples(self, X, y, pattern_rows)
        if len(self.classes_) > 2:
            raise ValueError(
                "Only binary classification is supported. The type of the target is multiclass. "
                f"y has {len(self.classes_)} classes: one threshold cannot separate them; use MajorityVote"
            )
        others = examples.X.copy()
        own = np.flatnonzero(examples.pattern_rows >= 0)
        others[examples.pattern_rows[own], own] = -np.inf
        highest = others.max(axis=1)
        judged = np.isfinite(highest)  # an image with no patterns but its own tells nothing
        known, defective = highest[judged], examples.codes[judged] == 1
        center, spread = (known.mean(), known.std()) if len(known) else (examples.X.max(axis=1).mean(), 0.0)
        self.spread_ = float(spread) or 1.0
        # break_even works on probabilities, and only their order matters
        cut = break_even(expit((known - center) / self.spread_), defective)
        self.threshold_ = float(center + self.spread_ * logit(cut))
        return self

    def predict_proba(self, X: ArrayLike) -> NDArray[np.float64]:
        """Return how far each image is from the threshold, as a number between 0 and 1.

        Parameters
        ----------
        X
            (n, n_features) similarities.

        Returns
        -------
        ndarray of shape (n, 2)
            The logistic function of the distance in units of ``spread_``; rows sum to 1. Not calibrated: it
            rises with the highest similarity and is 0.5 at the threshold.

        Raises
        ------
        ValueError
            If a row of `X` has missing values.
        """
        distance = (validate_rows(self, X).max(axis=1) - self.threshold_) / self.spread_
        return np.column_stack([expit(-distance), expit(distance)])


class MajorityVote(PredictsFromProba, BaseEstimator):
    """Label images by a majority vote of the patterns, see `LabelingStumps`.

    Parameters
    ----------
    min_share
        What a class must have of one side of a labeling function's cut for a vote, see `LabelingStumps`.

    Attributes
    ----------
    classes_ : ndarray of shape (n_classes,)
        The classes, sorted.
    n_features_in_ : int
        Number of features.
    stumps_ : LabelingStumps
        The labeling functions.
    class_shares_ : ndarray of shape (n_classes,)
        How common each class is among the labeled images.

    Examples
    --------
    >>> X = [[0.9, 0.8, 0.1], [0.8, 0.9, 0.3], [0.1, 0.2, 0.2], [0.3, 0.1, 0.1]]
    >>> labeler = MajorityVote().fit(X, [1, 1, 0, 0])
    >>> labeler.predict([[0.7, 0.7, 0.1], [0.2, 0.2, 0.3]])
    array([1, 0])
    """

    def __init__(self, *, min_share: float = 0.5) -> None:
        self.min_share = min_share

    def __sklearn_tags__(self) -> Tags:  # noqa: D105  # scikit-learn documents it
        tags = super().__sklearn_tags__()
        tags.classifier_tags.poor_score = True  # with few features, few classes get a vote
        return tags

    def fit(
        self,
        X: ArrayLike,
        y: ArrayLike,
        X_unlabeled: ArrayLike | None = None,  # noqa: ARG002  # the baselines are called alike
        pattern_rows: ArrayLike | None = None,
    ) -> Self:
        """Choose the labeling functions.

        Parameters
        ----------
        X
            (n, n_features) similarities of labeled images.
        y
            (n,) their classes, two or more.
        X_unlabeled
            Not used.
        pattern_rows
            (n_features,) as in `LabelingStumps.fit`.

        Returns
        -------
        MajorityVote
            This labeler.

        Raises
        ------
        ValueError
            As `LabelingStumps.fit`.
        """
        self.classes_, examples = validate_examples(self, X, y, pattern_rows)
        self.stumps_ = LabelingStumps(min_share=self.min_share)
        self.stumps_.fit(examples.X, examples.codes, examples.pattern_rows)
        self.class_shares_ = np.bincount(examples.codes) / len(examples.codes)
        return self

    def predict_proba(self, X: ArrayLike) -> NDArray[np.float64]:
        """Return the share of the votes that each class has.

        Parameters
        ----------
        X
            (n, n_features) similarities.

        Returns
        -------
        ndarray of shape (n, n_classes)
            In [0, 1], rows sum to 1, columns follow ``classes_``. One vote is divided among the classes as
            common as they are: it settles ties, and is all there is where every pattern abstains.

        Raises
        ------
        ValueError
            If a row of `X` has missing values.
        """
        rows = validate_rows(self, X)
        votes = self.stumps_.transform(rows)
        counts = np.stack([(votes == k).sum(axis=1) for k in range(len(self.classes_))], axis=1)
        counts = counts + self.class_shares_
        return np.asarray(counts / counts.sum(axis=1, keepdims=True))
