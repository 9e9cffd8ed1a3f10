"""Labeling functions made from similarities: each pattern votes for a class or abstains."""

from typing import Self

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.base import BaseEstimator, OneToOneFeatureMixin, TransformerMixin
from sklearn.utils import Tags

from ig_widgets.compute.baselines.cuts import above, best_cuts
from ig_widgets.compute.labeling.validation import validate_examples, validate_rows

ABSTAIN = -1


class LabelingStumps(OneToOneFeatureMixin, TransformerMixin, BaseEstimator):
    """Turn every feature into a labeling function with one cut and a vote on each side of it.

    A side votes for the class that has more than `min_share` of it, where every class weighs the same in
    total however many examples it has; otherwise it abstains. So a pattern of one of six defects votes for
    it where the image is similar, and says nothing where it is not; with two classes, it usually says that
    the image is sound there.

    Parameters
    ----------
    min_share
        The share that a class must exceed, at least 0.5 and below 1.

    Attributes
    ----------
    classes_ : ndarray of shape (n_classes,)
        The classes, sorted.
    n_features_in_ : int
        Number of features, which is that of the labeling functions.
    cuts_ : ndarray of shape (n_features,)
        Where each feature is cut; NaN where it is constant on the labeled images.
    votes_ : int ndarray of shape (n_features, 2)
        What is voted up to the cut and above it: a position in ``classes_``, or -1 to abstain.

    Notes
    -----
    The cuts are those of class-balanced depth-one trees (Gini). The papers do not say how labeling
    functions for Snorkel would be made from similarities: this is our choice.

    Examples
    --------
    >>> X = [[0.9, 0.5], [0.8, 0.5], [0.2, 0.5], [0.1, 0.5]]
    >>> stumps = LabelingStumps().fit(X, ["crack", "crack", "ok", "ok"])
    >>> stumps.transform([[0.7, 0.5], [0.3, 0.5]])
    array([[ 0, -1],
           [ 1, -1]])
    """

    def __init__(self, *, min_share: float = 0.5) -> None:
        self.min_share = min_share

    def __sklearn_tags__(self) -> Tags:  # noqa: D105  # scikit-learn documents it
        tags = super().__sklearn_tags__()
        tags.target_tags.required = True
        tags.transformer_tags.preserves_dtype = []  # votes are integers
        return tags

    def fit(self, X: ArrayLike, y: ArrayLike, pattern_rows: ArrayLike | None = None) -> Self:
        """Choose the cut and the votes of every feature.

        Parameters
        ----------
        X
            (n, n_features) similarities of labeled images.
        y
            (n,) their classes, two or more.
        pattern_rows
            (n_features,) as in `WeakLabeler.fit`. An image's score for its own pattern, about 1, is replaced
            by the mean of its class, since a cut would separate it from all others.

        Returns
        -------
        LabelingStumps
            This estimator.

        Raises
        ------
        ValueError
            If there are fewer than two classes, a row of `X` has missing values, `min_share` is out of
            range, or `pattern_rows` does not fit `X`.
        """
        self.classes_, examples = validate_examples(self, X, y, pattern_rows)
        if not 0.5 <= self.min_share < 1:
            raise ValueError(f"min_share is {self.min_share}; give a share from 0.5 to below 1")
        scores, codes = examples.without_self_matches(), examples.codes
        weights = 1 / np.bincount(codes)
        self.cuts_ = best_cuts(scores, codes, weights)
        classes = np.diag(weights)[codes]  # (n, K)
        high = above(scores, self.cuts_)
        sides = np.stack([(~high).T @ classes, high.T @ classes], axis=1)  # (p, 2, K)
        # a constant feature has nothing below its cut; rounding must not turn one half into a majority
        shares = sides / np.maximum(sides.sum(axis=2, keepdims=True), np.finfo(float).tiny)
        decided = shares.max(axis=2) > self.min_share + 1e-9
        self.votes_ = np.where(decided, shares.argmax(axis=2), ABSTAIN)
        self.votes_[np.isnan(self.cuts_)] = ABSTAIN
        return self

    def transform(self, X: ArrayLike) -> NDArray[np.int64]:
        """Return the votes.

        Parameters
        ----------
        X
            (n, n_features) similarities.

        Returns
        -------
        int ndarray of shape (n, n_features)
            Positions in ``classes_``, -1 where a labeling function abstains.

        Raises
        ------
        ValueError
            If a row of `X` has missing values.
        """
        high = above(validate_rows(self, X), self.cuts_).astype(np.int64)
        return np.asarray(self.votes_[np.arange(high.shape[1]), high])
