"""Snorkel's label model on the votes of patterns: accuracies learned from agreement."""

import random
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Literal, Self, TypeAlias

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import softmax
from sklearn.base import BaseEstimator
from sklearn.utils import check_random_state

from ig_widgets.compute.baselines.stumps import ABSTAIN, LabelingStumps
from ig_widgets.compute.labeling.validation import validate_examples, validate_rows, validate_unlabeled
from ig_widgets.compute.networks.prediction import PredictsFromProba
from ig_widgets.compute.networks.training import TorchRandomness

_Floats: TypeAlias = NDArray[np.float64]

_FEWEST_FUNCTIONS = 3


class SnorkelLabelModel(PredictsFromProba, BaseEstimator):
    """Combine the votes of `LabelingStumps` with the label model of the ``snorkel`` package.

    Needs the package: ``pip install "ig_widgets[snorkel]"``.

    Parameters
    ----------
    min_share
        What a class must have of one side of a labeling function's cut for a vote, see `LabelingStumps`.
    class_balance
        How common the model takes the classes to be: as among the "labeled" images, or "uniform".
    n_epochs
        Steps of gradient descent; snorkel's default is 100, its tutorials take 500.
    learning_rate
        Size of the steps. None: snorkel's 0.01 for up to ten labeling functions, and in inverse proportion
        to their number beyond. With 0.01 its loss diverges from about 60 functions on.
    random_state
        Seed of the initial parameters.

    Attributes
    ----------
    classes_ : ndarray of shape (n_classes,)
        The classes, sorted.
    n_features_in_ : int
        Number of features.
    stumps_ : LabelingStumps
        The labeling functions.
    functions_ : int ndarray of shape (m,)
        The features whose labeling functions are in the model: those that ever vote.
    conditional_probabilities_ : ndarray of shape (m, n_classes + 1, n_classes)
        For each of them how probable an abstention (first row) or a vote for each class is, given the true
        class (columns).
    class_shares_ : ndarray of shape (n_classes,)
        The class balance in use.

    Notes
    -----
    Ratner et al. 2019, "Training Complex Models with Multi-Task Weak Supervision" (AAAI), as implemented in
    snorkel 0.10: labeling functions are taken for independent given the class, and their accuracies follow
    from the rates at which they agree, on labeled and unlabeled images alike; labels serve for the cuts of
    the functions and the class balance only. That needs three functions or more. Functions made from
    patterns that are augmented from one another are far from independent, and the probabilities too close to
    0 and 1 for it.

    The probabilities are computed from ``conditional_probabilities_`` in logarithms: snorkel's own
    ``predict_proba`` multiplies them, which underflows with hundreds of functions.
    """

    def __init__(
        self,
        *,
        min_share: float = 0.5,
        class_balance: Literal["labeled", "uniform"] = "labeled",
        n_epochs: int = 500,
        learning_rate: float | None = None,
        random_state: int | np.random.RandomState | None = None,
    ) -> None:
        self.min_share = min_share
        self.class_balance = class_balance
        self.n_epochs = n_epochs
        self.learning_rate = learning_rate
        self.random_state = random_state

    def fit(
        self,
        X: ArrayLike,
        y: ArrayLike,
        X_unlabeled: ArrayLike | None = None,
        pattern_rows: ArrayLike | None = None,
    ) -> Self:
        """Choose the labeling functions and learn their accuracies.

        Parameters
        ----------
        X
            (n, n_features) similarities of labeled images.
        y
            (n,) their classes, two or more.
        X_unlabeled
            (N, n_features) similarities of images to label, whose votes are learned from as well.
        pattern_rows
            (n_features,) as in `LabelingStumps.fit`.

        Returns
        -------
        SnorkelLabelModel
            This labeler.

        Raises
        ------
        ImportError
            If the package is missing.
        ValueError
            If fewer than three labeling functions ever vote, there are fewer than two classes, rows have
            missing values or do not fit together, a setting is out of range, or `pattern_rows` does not fit
            `X`.
        """
        self.classes_, examples = validate_examples(self, X, y, pattern_rows)
        if self.class_balance not in ("labeled", "uniform"):
            raise ValueError(f"class_balance is {self.class_balance!r}; give 'labeled' or 'uniform'")
        unlabeled = validate_unlabeled(X_unlabeled, examples.X.shape[1])
        n_classes = len(self.classes_)
        self.class_shares_ = (
            np.bincount(examples.codes) / len(examples.codes)
            if self.class_balance == "labeled"
            else np.full(n_classes, 1 / n_classes)
        )
        self.stumps_ = LabelingStumps(min_share=self.min_share)
        self.stumps_.fit(examples.X, examples.codes, examples.pattern_rows)
        votes = self.stumps_.transform(np.concatenate([examples.without_self_matches(), unlabeled]))
        self.functions_ = np.flatnonzero((votes != ABSTAIN).any(axis=0))
        m = len(self.functions_)
        if m < _FEWEST_FUNCTIONS:
            raise ValueError(
                f"{m} of {votes.shape[1]} features make a labeling function that ever votes, but estimating "
                f"accuracies from agreement needs {_FEWEST_FUNCTIONS} or more; add patterns, or use "
                "MajorityVote"
            )
        seed = int(check_random_state(self.random_state).randint(2**31 - 1))
        rate = 0.01 * min(1, 10 / m) if self.learning_rate is None else self.learning_rate
        self.conditional_probabilities_ = _conditional_probabilities(
            votes[:, self.functions_], self.class_shares_, n_epochs=self.n_epochs, lr=rate, seed=seed
        )
        return self

    def predict_proba(self, X: ArrayLike) -> NDArray[np.float64]:
        """Return the probability of every class given the votes.

        Parameters
        ----------
        X
            (n, n_features) similarities.

        Returns
        -------
        ndarray of shape (n, n_classes)
            In [0, 1], rows sum to 1, columns follow ``classes_``. Where every labeling function abstains,
            ``class_shares_``: an abstention carries no information, as in snorkel.

        Raises
        ------
        ValueError
            If a row of `X` has missing values.
        """
        rows = validate_rows(self, X)
        votes = self.stumps_.transform(rows)[:, self.functions_]
        table = np.log(self.conditional_probabilities_[:, 1:])  # (m, K votes, K classes)
        table = np.concatenate([np.zeros_like(table[:, :1]), table], axis=1)
        evidence = table[np.arange(votes.shape[1]), votes - ABSTAIN].sum(axis=1)  # (n, m, K) -> (n, K)
        return np.asarray(softmax(evidence + np.log(self.class_shares_), axis=1))


def _conditional_probabilities(
    votes: NDArray[np.int64], class_shares: _Floats, *, n_epochs: int, lr: float, seed: int
) -> _Floats:
    with _own_randomness(seed):
        try:
            from snorkel.labeling.model import LabelModel  # noqa: PLC0415  # an optional extra
        except ImportError as error:
            raise ImportError(
                f"SnorkelLabelModel needs the package snorkel, which cannot be imported ({error}); "
                "install it with: pip install 'ig_widgets[snorkel]'"
            ) from error
        model = LabelModel(cardinality=len(class_shares), verbose=False)
        model.fit(
            votes,
            class_balance=class_shares.tolist(),
            n_epochs=n_epochs,
            lr=lr,
            seed=seed,
            progress_bar=False,
        )
    return np.asarray(model.get_conditional_probs(), dtype=np.float64)


@contextmanager
def _own_randomness(seed: int) -> Iterator[None]:
    """Keep snorkel, which seeds all global generators and draws from one when imported, from doing harm."""
    python, legacy = random.getstate(), np.random.get_state()  # noqa: NPY002  # the one it seeds
    try:
        with TorchRandomness(seed)():
            yield
    finally:
        random.setstate(python)
        np.random.set_state(legacy)  # noqa: NPY002
