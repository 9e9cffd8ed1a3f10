"""Snuba's synthesizer: a small model for every combination of features, with a threshold to abstain."""

import math
from collections.abc import Sequence
from itertools import chain, combinations
from typing import Any, Literal, TypeAlias

import numpy as np
from joblib import Parallel, delayed
from numpy.typing import NDArray
from sklearn.dummy import DummyClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.neighbors import KNeighborsClassifier
from sklearn.tree import DecisionTreeClassifier

from ig_widgets.compute.baselines.cuts import above, best_cuts
from ig_widgets.compute.threads import threads

Model: TypeAlias = Literal["tree", "logistic", "neighbors"]
Columns: TypeAlias = tuple[int, ...]
_Floats: TypeAlias = NDArray[np.float64]
_Bools: TypeAlias = NDArray[np.bool_]
_Votes: TypeAlias = NDArray[np.int8]

BETAS = np.linspace(0.25, 0.45, 10)


def combinations_up_to(n_features: int, cardinality: int, most: int) -> list[Columns]:
    """Return every choice of 1 to `cardinality` features, the small ones first.

    Raises
    ------
    ValueError
        If there are more than `most`, or `cardinality` is less than 1.
    """
    if cardinality < 1:
        raise ValueError(f"max_cardinality is {cardinality}; a heuristic needs at least 1 feature")
    sizes = range(1, min(cardinality, n_features) + 1)
    number = sum(math.comb(n_features, size) for size in sizes)
    if number > most:
        raise ValueError(
            f"{n_features} features have {number:,} combinations of up to {cardinality}, more than "
            f"max_candidates = {most:,}; lower max_cardinality, leave features out, or raise max_candidates"
        )
    return list(chain.from_iterable(combinations(range(n_features), size) for size in sizes))


def fit_heuristic(model: Model, X: _Floats, positive: _Bools, seed: int) -> Any:
    """Return scikit-learn's classifier of this kind fitted to (n, c) rows; a tree is c levels deep."""
    if positive.all() or not positive.any():
        return DummyClassifier().fit(X, positive)
    if model == "tree":
        return DecisionTreeClassifier(max_depth=X.shape[1], random_state=seed).fit(X, positive)
    if model == "logistic":
        return LogisticRegression().fit(X, positive)
    return KNeighborsClassifier(min(5, len(X)), algorithm="kd_tree").fit(X, positive)


def probability(fitted: Any, X: _Floats) -> _Floats:
    """Return what a fitted heuristic gives each row for the probability of the positive class."""
    # a model that has seen one class has one column
    return np.asarray(fitted.predict_proba(X)[:, fitted.classes_].sum(axis=1))


def candidate_probabilities(
    model: Model,
    X: _Floats,
    positive: _Bools,
    candidates: Sequence[Columns],
    rows: _Floats,
    *,
    seed: int,
    n_jobs: int | None,
) -> _Floats:
    """Fit a heuristic to each combination of features and apply it to `rows`.

    Returns
    -------
    ndarray of shape (len(rows), len(candidates))
        Probabilities of the positive class.
    """
    # trees of one feature are cut all at once, several hundred times faster than one by one
    singles = [columns for columns in candidates if len(columns) == 1] if model == "tree" else []
    features = [column for (column,) in singles]
    fitted = Parallel(n_jobs=n_jobs)(
        delayed(_fit_and_apply)(model, X[:, columns], positive, rows[:, columns], seed)
        for columns in candidates[len(singles) :]
    )
    return np.column_stack([_stump_probabilities(X[:, features], positive, rows[:, features]), *fitted])


def votes_at(p: _Floats, beta: float | _Floats) -> _Votes:
    """Return +1 for probabilities from 0.5 + beta on, -1 up to 0.5 - beta, and 0, an abstention, between."""
    # the tolerance: 0.95 is 0.45 above 0.5 and 0.05 as much below, whatever the last bit says
    return np.where(np.abs(p - 0.5) >= beta - 1e-12, np.sign(p - 0.5), 0).astype(np.int8)


def weighted_f1(votes: _Votes, positive: _Bools) -> _Floats:
    """Return the mean of both classes' F1, weighted by how common they are, for each column of votes."""
    f1 = np.zeros(votes.shape[1])
    for sign, truth in ((1, positive), (-1, ~positive)):
        said = votes == sign
        f1 += truth.mean() * 2 * said[truth].sum(axis=0) / np.maximum(said.sum(axis=0) + truth.sum(), 1)
    return f1


def best_betas(p: _Floats, positive: _Bools) -> tuple[_Floats, _Floats]:
    """Choose when each heuristic abstains.

    Parameters
    ----------
    p
        (n, m) probabilities of labeled rows.
    positive
        (n,) their classes.

    Returns
    -------
    betas, f1
        (m,) of the ten values from 0.25 to 0.45 the one with the highest weighted F1, of equals the smallest
        (the published code takes the largest), and this F1.
    """
    f1 = np.stack([weighted_f1(votes_at(p, beta), positive) for beta in BETAS])  # (10, m)
    best = f1.round(12).argmax(axis=0)
    return BETAS[best], f1[best, np.arange(f1.shape[1])]


@threads(1)  # matrices are small, and other candidates are fitted beside these
def _fit_and_apply(model: Model, X: _Floats, positive: _Bools, rows: _Floats, seed: int) -> _Floats:
    return probability(fit_heuristic(model, X, positive, seed), rows)


def _stump_probabilities(X: _Floats, positive: _Bools, rows: _Floats) -> _Floats:
    cuts = best_cuts(X, positive.astype(np.int64), np.ones(2))
    high = above(X, cuts)
    shares = [
        (side & positive[:, None]).sum(axis=0) / np.maximum(side.sum(axis=0), 1) for side in (~high, high)
    ]
    return np.asarray(np.where(above(rows, cuts), shares[1], shares[0]))
