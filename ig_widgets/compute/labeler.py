"""The weak labeler: from similarities to patterns to class probabilities."""

import math
import warnings
from collections.abc import Sequence
from typing import Any, Literal, Self, TypeAlias

import numpy as np
import pandas as pd
from joblib import Parallel, delayed
from numpy.typing import ArrayLike, NDArray
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.exceptions import ConvergenceWarning
from sklearn.metrics import f1_score
from sklearn.neural_network import MLPClassifier
from sklearn.utils import check_random_state
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import check_is_fitted, validate_data
from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]

from ig_widgets.compute.examples import Examples, checked_sources
from ig_widgets.compute.folds import Fold, draw_folds, gathered
from ig_widgets.compute.layers import count_weights, hidden_layer_grid
from ig_widgets.compute.threshold import break_even, shifted

__all__ = ["SelectionWarning", "WeakLabeler", "hidden_layer_grid"]

_Floats: TypeAlias = NDArray[np.float64]
_Ints: TypeAlias = NDArray[np.int64]
_Layers: TypeAlias = tuple[int, ...]


class SelectionWarning(UserWarning):
    """A class has too few examples to compare networks on examples they were not fitted to."""


class WeakLabeler(ClassifierMixin, BaseEstimator):
    """Learn the classes of images from their similarities to patterns, with a small tuned network.

    Every candidate network is fitted on some of the labelled images and judged on the others; the best one is
    fitted again on all of them.

    Parameters
    ----------
    hidden_layers
        The networks to choose from. "paper": one to three hidden layers of equal width, widths 2, 4, ...,
        2^m with m = ceil(log2(n_features)). "code": the published code's three layers of widths 4, ..., 2^N,
        never increasing, with N the smallest integer for which 2^N > n_features. Or a list of tuples such as
        ``[(8,), (8, 8)]``. Widths of "paper" and "code" stop at 512.
    alpha
        Strengths of the squared penalty on the weights to choose from, or a single one. The published code
        has 1e-5 only.
    max_iter
        Most steps of L-BFGS per network.
    members
        Networks with different initial weights whose probabilities are averaged in the final labeler.
    standardize
        Bring every feature to mean 0 and variance 1 first.
    self_match
        What to fit a labelled image with in the columns of patterns that were cut from it, where it scores
        about 1: "keep" this score, or replace it by the "mean" of the column over the other images of the
        same class. Matters only where `fit` is told the `sources`.
    threshold
        Two classes: the networks' probability of ``classes_[1]`` above which that is the answer, between 0
        and 1. `predict_proba` is shifted so that it becomes 0.5. "calibrated" takes it from predictions for
        labelled images by networks that were not fitted to them, so that as many images are called
        ``classes_[1]`` as are. More classes: not used.
    examples_per_fold
        Examples of every class that a fold of the cross-validation should have.
    random_state
        Seed of the folds and of the initial weights.
    n_jobs
        Processes that fit candidates at the same time (joblib); the result does not depend on it.

    Attributes
    ----------
    classes_ : ndarray of shape (n_classes,)
        The classes, sorted. The columns of `predict_proba` follow them.
    n_features_in_ : int
        Number of features.
    hidden_layer_sizes_ : tuple of int
        Widths of the hidden layers of the chosen network.
    alpha_ : float
        Penalty of the chosen network.
    threshold_ : float
        The threshold in use, in (0, 1); NaN for more than two classes.
    scores_ : DataFrame
        One row per candidate: ``hidden_layer_sizes, alpha, parameters`` (number of weights), ``f1`` (mean
        over the folds, in [0, 1], higher is better), ``f1_sd`` (standard deviation over the folds),
        ``converged`` (share of its fits that ended before `max_iter`), ``chosen``. With a single candidate,
        and where nothing can be validated, the scores are NaN.
    oof_probabilities_ : ndarray of shape (n, n_classes)
        Probabilities of the labelled images by networks of the chosen form that saw neither the image nor a
        pattern cut from it. NaN where an image was never left out (repeated hold-out).
    members_ : list of MLPClassifier
        The final networks.
    n_iter_ : int
        Most steps that one of them took.
    mean_, scale_ : ndarray of shape (n_features,)
        What standardising subtracts and divides by.

    Warns
    -----
    SelectionWarning
        If a class has a single example: nothing can be validated, the network with the fewest weights is
        taken and the threshold is 0.5.

    Notes
    -----
    The frame is that of Inspector Gadget (Heo et al. 2020, "Inspector Gadget: A Data Programming-based
    Labeling System for Industrial Images", sections 5.2, 6.1 and 6.5), with scikit-learn's MLPClassifier and
    L-BFGS. The paper varies "the number of nodes per hidden layer", which we read as one number for all
    layers. Its learning rate of 1e-5 has no meaning for L-BFGS: its code passes 1e-5 as
    ``alpha``, and so do we. Its early stopping is the limit on the steps: L-BFGS has no other here, so a
    network that stops there is no cause for a warning and is counted in ``scores_``.

    Folds are stratified and shuffled. Their number is the largest that leaves `examples_per_fold` examples of
    every class in a fold (paper), at most 10; where that is less than 2, the largest that leaves 2 of every
    class; where that is less than 2 too, ten random halves. The published code compares candidates on the
    data they were fitted to when there are few defects; we never do. Patterns cut from an image of the
    validation fold are left out of the columns. A fold's F1 is that of ``classes_[1]`` at the threshold in
    use, or the macro average for more classes. Ties go to the network with fewer weights, then to the weaker
    penalty.

    We leave the paper in four points; its exact form is ``WeakLabeler(alpha=1e-5, members=1,
    standardize=False, threshold=0.5)``. The reasons are measured by cross-validation inside labelled images,
    78 images with 10 cracks (KSDD, ten random draws) and 600 images of six classes (NEU):

    - Features are standardised: similarities to a pattern differ little in relation to their mean. Average
      precision rose from 0.62 to 0.69 on KSDD, macro F1 from 0.87 to 0.91 on NEU.
    - Members are averaged, since with tens of examples the initial weights decide more than the
      architecture: average precision rose from 0.67 with one to 0.69 with five on KSDD. Averaging the best
      candidates instead was no better.
    - Stronger penalties compete: with 1.0, macro F1 rose from 0.91 to 0.93 on NEU. On KSDD it was no better
      (0.70 and 0.66), so the choice is left to the folds.
    - The threshold is calibrated, and the probabilities with it: trained with its own pattern, a defect is
      certain by a margin that no new image reaches, so 0.5 finds few of them (recall 0.18 on KSDD, 0.63
      calibrated). The threshold of the highest F1 would do as well (F1 0.60 with both).

    Own patterns are kept: with the mean in their place, average precision fell from 0.69 to 0.63 on KSDD (on
    NEU the two differ by 0.01). The score of 1 says to the network that similarity to any pattern is a sign
    of a defect, and separates the labelled images with small weights; without it the network finds large
    ones that do not carry over.

    Examples
    --------
    >>> X = [[0.9, 0.1], [0.8, 0.2], [0.9, 0.3], [0.7, 0.1], [0.2, 0.1], [0.1, 0.3], [0.3, 0.2], [0.2, 0.2]]
    >>> labeler = WeakLabeler(random_state=0).fit(X, [1, 1, 1, 1, 0, 0, 0, 0])
    >>> labeler.predict([[0.85, 0.2], [0.15, 0.2]])
    array([1, 0])
    """

    def __init__(
        self,
        *,
        hidden_layers: Literal["paper", "code"] | Sequence[tuple[int, ...]] = "paper",
        alpha: float | Sequence[float] = (1e-5, 1.0),
        max_iter: int = 400,
        members: int = 5,
        standardize: bool = True,
        self_match: Literal["keep", "mean"] = "keep",
        threshold: Literal["calibrated"] | float = "calibrated",
        examples_per_fold: int = 20,
        random_state: int | np.random.RandomState | None = None,
        n_jobs: int | None = None,
    ) -> None:
        self.hidden_layers = hidden_layers
        self.alpha = alpha
        self.max_iter = max_iter
        self.members = members
        self.standardize = standardize
        self.self_match = self_match
        self.threshold = threshold
        self.examples_per_fold = examples_per_fold
        self.random_state = random_state
        self.n_jobs = n_jobs

    def fit(self, X: ArrayLike, y: ArrayLike, sources: ArrayLike | None = None) -> Self:
        """Choose a network and fit it.

        Parameters
        ----------
        X
            (n, n_features) similarities of labelled images.
        y
            (n,) their classes, two or more. Every value is a class: leave unlabelled rows out.
        sources
            (n_features,) the row of `X` whose image the feature's pattern was cut from (or augmented from a
            pattern that was), -1 where it is none of them, as `pattern_sources` tells. None: no pattern was
            cut from these images.

        Returns
        -------
        WeakLabeler
            This labeler.

        Raises
        ------
        ValueError
            If there are fewer than two classes, a row of `X` has missing values, a setting is out of range,
            or `sources` does not fit to `X`.
        """
        features, labels = validate_data(self, X, y, dtype=np.float64, ensure_all_finite="allow-nan")
        _check_whole(features)
        check_classification_targets(labels)
        self.classes_, codes = np.unique(labels, return_inverse=True)
        if len(self.classes_) < 2:
            raise ValueError(
                f"a labeler needs examples of at least 2 classes, but y has 1 class, '{self.classes_[0]}': "
                "label images of another class as well"
            )
        self._check_settings()
        examples = Examples(features, codes, checked_sources(sources, features.shape))
        candidates = self._candidates(features.shape[1])
        # one draw, so that a RandomState shared by several estimators moves on by the same amount every time
        seed = int(check_random_state(self.random_state).randint(2**31 - 1))
        folds = draw_folds(codes, self.examples_per_fold, seed)
        if not folds:
            few = self.classes_[np.argmin(np.bincount(codes))]
            warnings.warn(
                f"class '{few}' has a single example, so no network can be validated: the smallest one was "
                "taken and the threshold is 0.5; label more examples of it",
                SelectionWarning,
                stacklevel=2,
            )
        chosen = self._select(examples, candidates, folds, seed)
        self.hidden_layer_sizes_, self.alpha_ = candidates[chosen]
        P = self._out_of_fold(examples, candidates[chosen], folds, seed)
        self.threshold_ = self._threshold(P, codes)
        self.oof_probabilities_ = shifted(P, self.threshold_)
        self.mean_, self.scale_, self.members_ = self._networks(
            examples, candidates[chosen], seed, self.members
        )
        self.n_iter_ = max(member.n_iter_ for member in self.members_)
        return self

    def predict_proba(self, X: ArrayLike) -> NDArray[np.float64]:
        """Return the probability of every class.

        Parameters
        ----------
        X
            (n, n_features) similarities.

        Returns
        -------
        ndarray of shape (n, n_classes)
            In [0, 1], rows sum to 1, columns follow ``classes_``. With two classes, 0.5 stands for
            ``threshold_``: the odds of the networks are divided by those of the threshold.

        Raises
        ------
        ValueError
            If a row of `X` has missing values, such as that of an image that cannot be read.
        """
        check_is_fitted(self)
        features = validate_data(self, X, dtype=np.float64, reset=False, ensure_all_finite="allow-nan")
        _check_whole(features)
        P = _mean_probabilities(self.members_, (features - self.mean_) / self.scale_)
        return shifted(P, self.threshold_)

    def predict(self, X: ArrayLike) -> NDArray[Any]:
        """Return the most probable class of every image.

        Parameters
        ----------
        X
            (n, n_features) similarities.

        Returns
        -------
        ndarray of shape (n,)
            Elements of ``classes_``.

        Raises
        ------
        ValueError
            If a row of `X` has missing values.
        """
        P = self.predict_proba(X)
        return np.asarray(self.classes_[P.argmax(axis=1)])

    def _check_settings(self) -> None:
        if self.members < 1:
            raise ValueError(f"members is {self.members}; at least 1 network is needed")
        if self.examples_per_fold < 1:
            raise ValueError(f"examples_per_fold is {self.examples_per_fold}; give 1 or more")
        if self.self_match not in ("keep", "mean"):
            raise ValueError(f"self_match is {self.self_match!r}; give 'keep' or 'mean'")
        if isinstance(self.threshold, str):
            if self.threshold != "calibrated":
                raise ValueError(
                    f"threshold is {self.threshold!r}; give 'calibrated' or a number from 0 to 1"
                )
        elif not 0 < self.threshold < 1:
            raise ValueError(
                f"threshold is {self.threshold}; give a probability between 0 and 1, not one of them"
            )

    def _candidates(self, n_features: int) -> list[tuple[_Layers, float]]:
        """Return the networks to compare, of each the hidden layers and the penalty."""
        alphas = [float(alpha) for alpha in np.atleast_1d(np.asarray(self.alpha, dtype=float))]
        if isinstance(self.hidden_layers, str):
            layers = hidden_layer_grid(n_features, self.hidden_layers)
        else:
            layers = [tuple(int(width) for width in widths) for widths in self.hidden_layers]
        if not layers or not alphas:
            raise ValueError(
                "there is no network to choose from; give hidden_layers and alpha at least one each"
            )
        return [(widths, alpha) for widths in layers for alpha in alphas]

    def _select(
        self,
        examples: Examples,
        candidates: list[tuple[_Layers, float]],
        folds: list[Fold],
        seed: int,
    ) -> int:
        """Fill ``scores_`` and return the position of the best candidate."""
        n_features, n_classes = examples.X.shape[1], len(self.classes_)
        table = pd.DataFrame(
            {
                "hidden_layer_sizes": pd.Series([widths for widths, _ in candidates], dtype="object"),
                "alpha": [alpha for _, alpha in candidates],
                "parameters": [count_weights(n_features, widths, n_classes) for widths, _ in candidates],
                "f1": np.nan,
                "f1_sd": np.nan,
                "converged": np.nan,
            }
        )
        if folds and len(candidates) > 1:
            # one network per candidate and fold, as in the paper: members would multiply the longest part
            fits = Parallel(n_jobs=self.n_jobs)(
                delayed(self._one_fold)(examples, candidate, fold, seed + number, members=1)
                for candidate in candidates
                for number, fold in enumerate(folds)
            )
            by_candidate = [fits[i : i + len(folds)] for i in range(0, len(fits), len(folds))]
            f1 = np.array([self._fold_f1([P for P, _ in part], examples, folds) for part in by_candidate])
            table["f1"], table["f1_sd"] = f1.mean(axis=1), f1.std(axis=1)
            table["converged"] = [np.mean([converged for _, converged in part]) for part in by_candidate]
        # rounding, so that the last bit of a mean does not decide a tie
        ranks = np.lexsort((table["alpha"], table["parameters"], -table["f1"].fillna(0).round(12)))
        table["chosen"] = np.arange(len(table)) == ranks[0]
        self.scores_ = table
        return int(ranks[0])

    def _fold_f1(self, parts: list[_Floats], examples: Examples, folds: list[Fold]) -> list[float]:
        """Return the F1 of each fold, at the threshold that all of them together give."""
        codes = examples.codes
        threshold = self._threshold(gathered(parts, folds, len(codes)), codes)
        return [
            _f1(codes[left_out], shifted(P, threshold).argmax(axis=1), P.shape[1])
            for P, (_, left_out) in zip(parts, folds, strict=True)
        ]

    def _out_of_fold(
        self, examples: Examples, chosen: tuple[_Layers, float], folds: list[Fold], seed: int
    ) -> _Floats:
        if not folds:
            return np.full((len(examples.codes), len(self.classes_)), np.nan)
        fits = Parallel(n_jobs=self.n_jobs)(
            delayed(self._one_fold)(examples, chosen, fold, seed + number, members=self.members)
            for number, fold in enumerate(folds)
        )
        return gathered([P for P, _ in fits], folds, len(examples.codes))

    def _one_fold(
        self,
        examples: Examples,
        candidate: tuple[_Layers, float],
        fold: Fold,
        seed: int,
        *,
        members: int,
    ) -> tuple[_Floats, bool]:
        """Return the probabilities of the images left out, and whether every fit converged."""
        fitted, left_out = fold
        columns = ~np.isin(examples.sources, left_out)
        part = examples.part(fitted, columns)
        if not columns.any():  # every pattern comes from this fold: all we know is how common a class is
            share = np.bincount(part.codes, minlength=len(self.classes_)) / len(fitted)
            return np.tile(share, (len(left_out), 1)), True
        mean, scale, networks = self._networks(part, candidate, seed, members)
        P = _mean_probabilities(networks, (examples.X[np.ix_(left_out, columns)] - mean) / scale)
        return P, all(network.n_iter_ < self.max_iter for network in networks)

    def _networks(
        self, examples: Examples, candidate: tuple[_Layers, float], seed: int, members: int
    ) -> tuple[_Floats, _Floats, list[MLPClassifier]]:
        """Return the mean and scale of the features, and networks fitted to them so standardised."""
        X = examples.X if self.self_match == "keep" else examples.without_self_matches()
        mean, scale = _moments(X) if self.standardize else (np.zeros(X.shape[1]), np.ones(X.shape[1]))
        widths, alpha = candidate
        networks = [
            MLPClassifier(
                widths, solver="lbfgs", alpha=alpha, max_iter=self.max_iter, random_state=int(member_seed)
            )
            for member_seed in np.random.SeedSequence(seed).generate_state(members)
        ]
        # BLAS threads lose more than they bring on matrices this small: fits took 30 times longer with two
        with warnings.catch_warnings(), threadpool_limits(limits=1, user_api="blas"):
            warnings.simplefilter("ignore", ConvergenceWarning)  # max_iter is the early stopping of the paper
            for network in networks:
                network.fit((X - mean) / scale, examples.codes)
        return mean, scale, networks

    def _threshold(self, P: _Floats, codes: _Ints) -> float:
        if P.shape[1] > 2:
            return math.nan
        if isinstance(self.threshold, str):
            judged = ~np.isnan(P[:, 1])
            return break_even(P[judged, 1], codes[judged] == 1)
        return float(self.threshold)


def _check_whole(rows: _Floats) -> None:
    broken = np.flatnonzero(np.isnan(rows).any(axis=1))
    if len(broken):
        some = ", ".join(map(str, broken[:5])) + (", …" if len(broken) > 5 else "")
        raise ValueError(
            f"X has missing values (NaN) in row {some}, as for images that cannot be read; "
            "leave these rows out"
        )


def _moments(X: _Floats) -> tuple[_Floats, _Floats]:
    spread = X.std(axis=0)
    # rounding leaves a constant column with a spread of about 1e-17 times its value
    return X.mean(axis=0), np.where(spread > 1e-12 * np.abs(X).max(axis=0), spread, 1.0)


def _mean_probabilities(networks: list[MLPClassifier], Z: _Floats) -> _Floats:
    return np.asarray(np.mean([network.predict_proba(Z) for network in networks], axis=0))


def _f1(codes: _Ints, decided: NDArray[np.intp], n_classes: int) -> float:
    average = "binary" if n_classes == 2 else "macro"
    return float(f1_score(codes, decided, labels=range(n_classes), average=average, zero_division=0))
