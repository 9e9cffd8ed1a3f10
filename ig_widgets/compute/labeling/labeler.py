"""The weak labeler: from similarities to patterns to class probabilities."""

import warnings
from collections.abc import Sequence
from functools import partial
from typing import Literal, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.base import BaseEstimator
from sklearn.utils import check_random_state

from ig_widgets.compute.labeling.fitting import Fitting, Members
from ig_widgets.compute.labeling.folds import draw_folds, gather
from ig_widgets.compute.labeling.layers import hidden_layer_grid
from ig_widgets.compute.labeling.learners import HiddenLayers, Learner, list_candidates
from ig_widgets.compute.labeling.selection import selection_table
from ig_widgets.compute.labeling.temperature import apply_temperature, best_temperature
from ig_widgets.compute.labeling.threshold import apply_threshold, choose_threshold
from ig_widgets.compute.labeling.validation import validate_examples, validate_rows
from ig_widgets.compute.networks.prediction import PredictsFromProba
from ig_widgets.data.errors import SelectionWarning

__all__ = ["SelectionWarning", "WeakLabeler", "hidden_layer_grid"]


class WeakLabeler(PredictsFromProba, BaseEstimator):
    """Classify images by their similarities to patterns, with a small tuned network.

    Candidates are compared by cross-validation on the labeled images; the best one is fitted again on all of
    them.

    Parameters
    ----------
    learner
        The kind of the candidates: "network"; "logistic" regression, with balanced classes and independent
        of the seed; or "boosting", 100 trees with 2, 4 or 8 leaves that use a tenth of the features each.
    hidden_layers
        The networks to choose from. "paper": one to three hidden layers of equal width, widths 2, 4, ...,
        2^m with m = ceil(log2(n_features)). "code": the published code's three layers of widths 4, ..., 2^N,
        never increasing, with N the smallest integer for which 2^N > n_features. Or a list of tuples such as
        ``[(8,), (8, 8)]``.
    widest
        Largest width of "paper" and "code", 4 or more.
    alpha
        Strengths of the squared penalty on the weights (of trees: on the values of their leaves) to choose
        from, or a single one; 1 / C of a logistic regression. None: 1e-5 and 1 for networks, 1, 10 and 100
        for logistic regressions, 1 for trees. The published code has 1e-5 only.
    max_iter
        Maximum number of L-BFGS steps per network or logistic regression.
    n_members
        Number of networks with different initial weights whose probabilities are averaged in the final
        labeler. A logistic regression has one member.
    standardize
        Standardize every feature to mean 0 and variance 1 first.
    self_match
        How to treat the score of a labeled image for a pattern that was cut from it, which is about 1:
        "keep" it, or replace it by the "mean" of the column over the other images of the same class. Has an
        effect only if `fit` is given `pattern_rows`.
    threshold
        For two classes: the members' probability of ``classes_[1]`` above which it is predicted, between 0
        and 1. `predict_proba` is shifted so that the threshold becomes 0.5. "calibrated" chooses it from
        out-of-fold predictions so that as many labeled images are predicted to be ``classes_[1]`` as are.
        Not used for more classes.
    calibrate
        Scale the probabilities by the temperature that fits out-of-fold predictions best. No prediction
        changes.
    examples_per_fold
        Desired number of examples of every class in a fold of the cross-validation.
    random_state
        Seed of the folds and of the members.
    n_jobs
        Number of processes that fit candidates in parallel (joblib); the result does not depend on it.

    Attributes
    ----------
    classes_ : ndarray of shape (n_classes,)
        The classes, sorted. The columns of `predict_proba` follow them.
    n_features_in_ : int
        Number of features.
    hidden_layer_sizes_ : tuple of int or None
        Widths of the hidden layers of the chosen network; None for other learners.
    alpha_ : float
        Penalty of the chosen candidate.
    threshold_ : float
        The threshold in use, in (0, 1); NaN for more than two classes.
    temperature_ : float
        T of ``P ** (1 / T)``, which brings the probabilities of the members, after the threshold, to those
        returned; above 1 where the members are too sure. 1 if nothing can be judged, or is to be.
    scores_ : DataFrame
        One row per candidate. First what sets it apart: ``hidden_layer_sizes, alpha`` for networks, ``alpha``
        for logistic regressions, ``leaves, alpha`` for boosting. Then ``parameters`` (number of
        weights, or of leaves at most), ``f1`` (mean over the folds, in [0, 1], higher is better), ``f1_sd``
        (standard deviation over the folds), ``converged`` (share of its fits that ended before `max_iter`,
        NaN for trees), ``chosen``. With a single candidate, and where nothing can be validated, the scores
        are NaN.
    oof_probabilities_ : ndarray of shape (n, n_classes)
        Probabilities of the labeled images by members of the chosen form that saw neither the image nor a
        pattern cut from it. Threshold and temperature, one number each, were made from them. NaN where an
        image was never left out (repeated hold-out).
    fold_fits_ : list of FoldFit
        Those members: ``left_out`` (rows), ``columns`` (which features they know), ``members``, ``P``
        (what they say of the rows left out, before threshold and temperature).
    members_ : list of MLPClassifier, LogisticRegression or HistGradientBoostingClassifier
        The final models.
    n_iter_ : int
        Most steps, or trees, that one of them took.
    mean_, scale_ : ndarray of shape (n_features,)
        What standardizing subtracts and divides by.

    Warns
    -----
    SelectionWarning
        If a class has a single example: nothing can be validated, the candidate with the fewest weights is
        taken, the threshold is 0.5 and the temperature 1.

    See Also
    --------
    ig_widgets.compute.labeling.importance.pattern_importances : Which patterns the labeler needs.

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
    use, or the macro average for more classes. Ties go to the candidate with fewer parameters, then to the
    weaker penalty.

    We leave the paper in six points; its exact form is ``WeakLabeler(widest=512, alpha=1e-5, n_members=1,
    standardize=False, threshold=0.5, calibrate=False)``, where 512 is the published code's bound. The reasons
    are measured by cross-validation inside labeled images, 78 images with 10 cracks (KSDD, ten random draws)
    and 600 images of six classes (NEU):

    - Features are standardized: similarities to a pattern differ little in relation to their mean. Average
      precision rose from 0.62 to 0.69 on KSDD, macro F1 from 0.87 to 0.91 on NEU.
    - Members are averaged, since with tens of examples the initial weights decide more than the
      architecture: average precision rose from 0.67 with one to 0.69 with five on KSDD. Averaging the best
      candidates instead was no better.
    - Stronger penalties compete: with 1.0, macro F1 rose from 0.91 to 0.93 on NEU. On KSDD it was no better
      (0.70 and 0.66), so the choice is left to the folds.
    - The threshold is calibrated, and the probabilities with it: trained with its own pattern, a defect is
      certain by a margin that no new image reaches, so 0.5 finds few of them (recall 0.18 on KSDD, 0.63
      calibrated). The threshold of the highest F1 would do as well (F1 0.60 with both).
    - The temperature is calibrated too, since after the threshold networks are still too sure (median T of
      1.8 on KSDD, 1.4 on NEU).
    - Networks are at most 64 wide: with 310 columns of KSDD wider ones were never chosen, nor better with the
      480 of NEU, and they took fifteen times as long.

    Networks are the default because they are the paper's and no other learner was clearly better by
    cross-validation inside development sets of KSDD. Medians over 20 sets with the 10 drawn patterns: average
    precision 0.64 and F1 0.50; logistic regression 0.63 and 0.50; boosted trees 0.61 and 0.55. Over 8 sets
    with 300 patterns more, made by image operations: 0.77 and 0.70; logistic regression 0.81 and 0.70. It
    takes a thirtieth of the time.

    Own patterns are kept: with the mean in their place, average precision fell from 0.69 to 0.63 on KSDD (on
    NEU the two differ by 0.01). The score of 1 says to the network that similarity to any pattern is a sign
    of a defect, and separates the labeled images with small weights; without it the network finds large
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
        learner: Learner = "network",
        hidden_layers: HiddenLayers = "paper",
        widest: int = 64,
        alpha: float | Sequence[float] | None = None,
        max_iter: int = 400,
        n_members: int = 5,
        standardize: bool = True,
        self_match: Literal["keep", "mean"] = "keep",
        threshold: Literal["calibrated"] | float = "calibrated",
        calibrate: bool = True,
        examples_per_fold: int = 20,
        random_state: int | np.random.RandomState | None = None,
        n_jobs: int | None = None,
    ) -> None:
        self.learner = learner
        self.hidden_layers = hidden_layers
        self.widest = widest
        self.alpha = alpha
        self.max_iter = max_iter
        self.n_members = n_members
        self.standardize = standardize
        self.self_match = self_match
        self.threshold = threshold
        self.calibrate = calibrate
        self.examples_per_fold = examples_per_fold
        self.random_state = random_state
        self.n_jobs = n_jobs

    def fit(self, X: ArrayLike, y: ArrayLike, pattern_rows: ArrayLike | None = None) -> Self:
        """Choose a candidate and fit it.

        Parameters
        ----------
        X
            (n, n_features) similarities of labeled images.
        y
            (n,) their classes, two or more. Every value is a class: leave unlabeled rows out.
        pattern_rows
            (n_features,) the row of `X` of the image that each feature's pattern was cut from (or augmented
            from a pattern that was), -1 for other images, as from `ig_widgets.pattern_rows`. None: no pattern
            was cut from these images.

        Returns
        -------
        WeakLabeler
            This labeler.

        Raises
        ------
        ValueError
            If there are fewer than two classes, a row of `X` has missing values, a setting is out of range,
            or `pattern_rows` does not fit `X`.
        """
        self.classes_, examples = validate_examples(self, X, y, pattern_rows)
        self._check_settings()
        codes = examples.codes
        candidates = list_candidates(
            self.learner,
            (self.n_features_in_, len(self.classes_)),
            hidden_layers=self.hidden_layers,
            widest=self.widest,
            alpha=self.alpha,
            max_iter=self.max_iter,
        )
        # one draw, so that a RandomState shared by several estimators moves on by the same amount every time
        seed = int(check_random_state(self.random_state).randint(2**31 - 1))
        folds = draw_folds(codes, self.examples_per_fold, seed)
        if not folds:
            few = self.classes_[np.argmin(np.bincount(codes))]
            warnings.warn(
                f"class '{few}' has a single example, so no candidate can be validated: the smallest one is "
                "used, with a threshold of 0.5; label more examples of it",
                SelectionWarning,
                stacklevel=2,
            )
        fitting = Fitting(self.standardize, self.self_match, seed, self.n_jobs)
        trials = fitting.trials(candidates, examples, folds) if folds and len(candidates) > 1 else []
        threshold = partial(choose_threshold, codes=codes, given=self.threshold)
        self.scores_ = selection_table(candidates, trials, folds, codes, threshold)
        chosen = candidates[int(self.scores_["chosen"].argmax())]
        self.hidden_layer_sizes_ = chosen.settings.get("hidden_layer_sizes")
        self.alpha_ = chosen.settings["alpha"]
        self.fold_fits_ = fitting.fold_fits(chosen, examples, folds, self.n_members)
        P = np.full((len(codes), len(self.classes_)), np.nan)
        if folds:
            P = gather([fit.P for fit in self.fold_fits_], folds, len(codes))
        self.threshold_ = threshold(P)
        P = apply_threshold(P, self.threshold_)
        self.temperature_ = best_temperature(P, codes) if self.calibrate else 1.0
        self.oof_probabilities_ = apply_temperature(P, self.temperature_)
        self.members_, self.mean_, self.scale_ = fitting.members(chosen, examples, self.n_members)
        self.n_iter_ = max(int(np.max(member.n_iter_)) for member in self.members_)
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
            ``threshold_``: the odds that the members give are divided by those of the threshold. Then all
            are brought to ``temperature_``.

        Raises
        ------
        ValueError
            If a row of `X` has missing values, such as that of an image that cannot be read.
        """
        features = validate_rows(self, X)
        P = Members(self.members_, self.mean_, self.scale_).probabilities(features)
        return apply_temperature(apply_threshold(P, self.threshold_), self.temperature_)

    def _check_settings(self) -> None:
        if self.n_members < 1:
            raise ValueError(f"n_members is {self.n_members}; at least 1 is needed")
        if self.examples_per_fold < 1:
            raise ValueError(f"examples_per_fold is {self.examples_per_fold}; give 1 or more")
        if self.self_match not in ("keep", "mean"):
            raise ValueError(f"self_match is {self.self_match!r}; give 'keep' or 'mean'")
        if isinstance(self.threshold, str):
            if self.threshold != "calibrated":
                raise ValueError(
                    f"threshold is {self.threshold!r}; give 'calibrated' or a number between 0 and 1"
                )
        elif not 0 < self.threshold < 1:
            raise ValueError(f"threshold is {self.threshold}; it must lie strictly between 0 and 1")
