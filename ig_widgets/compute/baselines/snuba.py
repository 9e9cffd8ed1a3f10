"""Snuba: heuristics generated from features, selected for accuracy and diversity, combined by a vote."""

from typing import Literal, Self

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray
from sklearn.base import BaseEstimator
from sklearn.utils import Tags, check_random_state

from ig_widgets.compute.baselines.snuba_pruner import Jaccard
from ig_widgets.compute.baselines.snuba_rounds import Rounds
from ig_widgets.compute.baselines.snuba_synthesizer import Model, combinations_up_to
from ig_widgets.compute.labeling.validation import validate_examples, validate_rows, validate_unlabeled
from ig_widgets.compute.networks.prediction import PredictsFromProba


class Snuba(PredictsFromProba, BaseEstimator):
    """Generate labeling heuristics from a few labeled rows and let them vote on the others.

    A small model is fitted to every combination of features (synthesizer). The best are kept, for being right
    on the labeled rows and for voting where the kept ones abstain (pruner). A generative model learns from
    their agreement on the unlabeled rows how far to trust each (verifier). The labeled rows of which it is
    not sure are what the next round of models is fitted to.

    Parameters
    ----------
    max_cardinality
        Most features that a heuristic looks at.
    model
        What a heuristic is: a decision "tree" as deep as it has features, a "logistic" regression, or
        nearest "neighbors", with scikit-learn's defaults.
    max_heuristics
        Most heuristics to keep.
    keep_first
        How many to keep in the first round; later rounds keep one each.
    jaccard
        How to compare on which unlabeled rows heuristics vote: as "sets" or, as the published code, by
        "counts".
    feedback
        When the verifier is not sure of a row: within 1/2 - m^(-3/2) of 0.5, with m heuristics ("code"), or
        with m + 1 for m ("paper").
    max_candidates
        Most combinations of features to try. 210 features have 22,155 combinations of up to two.
    random_state
        Seed of the trees, which choose at random between features that are equally good.
    n_jobs
        Processes that fit heuristics at the same time (joblib); the result does not depend on it.

    Attributes
    ----------
    classes_ : ndarray of shape (n_classes,)
        The classes, sorted.
    n_features_in_ : int
        Number of features.
    heuristics_ : DataFrame
        One row per kept heuristic, in the order of keeping: ``label`` (the class it votes for or against),
        ``columns`` (positions of its features), ``beta`` (how far from 0.5 its probability must be for a
        vote), ``f1`` (weighted over both classes, on the labeled rows, in [0, 1]), ``coverage`` (share of
        the unlabeled rows it votes on), ``fitted_to`` (number of labeled rows), ``weight`` (log odds of its
        vote).
    termination_condition_ : str or list of str
        Why no more were generated: "no vague points", "max_heuristics" or "no new heuristic". For more than
        two classes one of these per class.
    committees_ : list
        The heuristics with their weights: one committee for two classes, else one per class.

    Notes
    -----
    Varma and Ré 2018, "Snuba: Automating Weak Supervision to Label Training Data" (PVLDB 12(3)), which Heo et
    al. 2020, section 6.1, compare Inspector Gadget to. Where its paper and published code differ, we follow
    the code, except that of equally good values of beta the smallest is taken, coverages are compared as
    sets, and a heuristic that votes as one already kept, or never, is not new and is passed over. As in the
    code, only vague points feed the next round, not those labeled wrongly. Models are fitted to them alone,
    but beta and F1 come from all labeled rows.

    The method is for two classes. For more, a committee of its own separates each class from the rest, and
    its probabilities are divided by their sum.

    A round fits all combinations anew: with single features and trees it takes milliseconds, with two of 100
    features (5050 trees) several seconds per core, and there are at most 23 rounds.

    Examples
    --------
    >>> X = [[0.9, 0.8, 0.7], [0.8, 0.9, 0.8], [0.7, 0.8, 0.9], [0.1, 0.2, 0.3], [0.2, 0.1, 0.2]]
    >>> labeler = Snuba(random_state=0).fit(X, [1, 1, 1, 0, 0], X_unlabeled=[[0.8, 0.8, 0.1]])
    >>> labeler.predict([[0.8, 0.7, 0.8], [0.2, 0.3, 0.1]])
    array([1, 0])
    >>> labeler.heuristics_["columns"].to_list()  # on these rows, feature 1 votes as feature 0 does
    [(0,), (2,)]
    """

    def __init__(
        self,
        *,
        max_cardinality: int = 1,
        model: Model = "tree",
        max_heuristics: int = 25,
        keep_first: int = 3,
        jaccard: Jaccard = "sets",
        feedback: Literal["code", "paper"] = "code",
        max_candidates: int = 30_000,
        random_state: int | np.random.RandomState | None = None,
        n_jobs: int | None = None,
    ) -> None:
        self.max_cardinality = max_cardinality
        self.model = model
        self.max_heuristics = max_heuristics
        self.keep_first = keep_first
        self.jaccard = jaccard
        self.feedback = feedback
        self.max_candidates = max_candidates
        self.random_state = random_state
        self.n_jobs = n_jobs

    def __sklearn_tags__(self) -> Tags:  # noqa: D105  # scikit-learn documents it
        tags = super().__sklearn_tags__()
        tags.classifier_tags.poor_score = True  # a few cuts are not meant for any data
        return tags

    def fit(
        self,
        X: ArrayLike,
        y: ArrayLike,
        X_unlabeled: ArrayLike | None = None,
        pattern_rows: ArrayLike | None = None,
    ) -> Self:
        """Generate heuristics and learn their weights.

        Parameters
        ----------
        X
            (n, n_features) similarities of labeled images.
        y
            (n,) their classes, two or more.
        X_unlabeled
            (N, n_features) similarities of images to label, on which heuristics are compared and weighted.
            None: the labeled ones serve for this.
        pattern_rows
            (n_features,) as in `LabelingStumps.fit`.

        Returns
        -------
        Snuba
            This labeler.

        Raises
        ------
        ValueError
            If there are fewer than two classes, rows have missing values or do not fit together, there are
            more than `max_candidates` combinations of features, a setting is out of range, or
            `pattern_rows` does not fit `X`.
        """
        self.classes_, examples = validate_examples(self, X, y, pattern_rows)
        self._check_settings()
        unlabeled = validate_unlabeled(X_unlabeled, examples.X.shape[1])
        labeled = examples.without_self_matches()
        if not len(unlabeled):
            unlabeled = labeled
        candidates = combinations_up_to(labeled.shape[1], self.max_cardinality, self.max_candidates)
        rounds = Rounds(
            candidates,
            self.model,
            self.max_heuristics,
            self.keep_first,
            self.jaccard,
            self.feedback,
            seed=int(check_random_state(self.random_state).randint(2**31 - 1)),
            n_jobs=self.n_jobs,
        )
        binary = len(self.classes_) == 2
        against_rest = [1] if binary else range(len(self.classes_))
        self.committees_ = [rounds.committee(labeled, examples.codes == k, unlabeled) for k in against_rest]
        endings = [committee.ended for committee in self.committees_]
        self.termination_condition_ = endings[0] if binary else endings
        self.heuristics_ = pd.DataFrame(
            [
                {
                    "label": self.classes_[k],
                    "columns": heuristic.columns,
                    "beta": heuristic.beta,
                    "f1": heuristic.f1,
                    "coverage": heuristic.coverage,
                    "fitted_to": heuristic.fitted_to,
                    "weight": weight,
                }
                for k, committee in zip(against_rest, self.committees_, strict=True)
                for heuristic, weight in zip(committee.heuristics, committee.weights, strict=True)
            ],
            columns=["label", "columns", "beta", "f1", "coverage", "fitted_to", "weight"],
        )
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
            In [0, 1], rows sum to 1, columns follow ``classes_``. All the same where every heuristic
            abstains: 0.5 for two classes.

        Raises
        ------
        ValueError
            If a row of `X` has missing values.
        """
        rows = validate_rows(self, X)
        p = np.column_stack([committee.marginals(rows) for committee in self.committees_])
        if len(self.classes_) == 2:
            return np.column_stack([1 - p, p])
        return np.asarray(p / p.sum(axis=1, keepdims=True))

    def _check_settings(self) -> None:
        for name, known in (
            ("model", ("tree", "logistic", "neighbors")),
            ("jaccard", ("sets", "counts")),
            ("feedback", ("code", "paper")),
        ):
            if getattr(self, name) not in known:
                raise ValueError(f"{name} is {getattr(self, name)!r}; give one of {', '.join(known)}")
        for name in ("max_heuristics", "keep_first"):
            if getattr(self, name) < 1:
                raise ValueError(f"{name} is {getattr(self, name)}; at least 1 heuristic is needed")
