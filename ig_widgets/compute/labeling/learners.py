"""Candidates of a weak labeler: networks, logistic regressions or boosted trees."""

from collections.abc import Sequence
from typing import Any, Literal, NamedTuple

import numpy as np
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.neural_network import MLPClassifier

from ig_widgets.compute.labeling.layers import count_weights, hidden_layer_grid

Learner = Literal["network", "logistic", "boosting"]
HiddenLayers = Literal["paper", "code"] | Sequence[tuple[int, ...]]

PENALTIES: dict[str, tuple[float, ...]] = {
    "network": (1e-5, 1.0),
    "logistic": (1.0, 10.0, 100.0),
    "boosting": (1.0,),
}

_LEAVES = (2, 4, 8)  # per tree; scikit-learn's 31 are meant for thousands of rows


class Candidate(NamedTuple):
    """One way to learn."""

    settings: dict[str, Any]  # as they stand in the table of the candidates
    parameters: int  # how many numbers it learns, at most
    model: Any  # a classifier of scikit-learn that is not fitted
    seeded: bool  # whether two of them with different seeds differ

    def convergence(self, model: Any) -> float:
        """Return 1 if a fitted copy had ended before its limit on the steps, else 0; NaN for trees."""
        if isinstance(model, HistGradientBoostingClassifier):
            return np.nan
        return float(np.max(model.n_iter_) < model.max_iter)


def list_candidates(
    learner: Learner,
    shape: tuple[int, int],
    *,
    hidden_layers: HiddenLayers,
    widest: int,
    alpha: float | Sequence[float] | None,
    max_iter: int,
) -> list[Candidate]:
    """Return what is compared for this number of features and classes, see `WeakLabeler`.

    Raises
    ------
    ValueError
        If the learner or the grid is unknown, a penalty is negative, or nothing is left to choose from.
    """
    if learner not in PENALTIES:
        raise ValueError(f"learner is {learner!r}; give 'network', 'logistic' or 'boosting'")
    given = PENALTIES[learner] if alpha is None else alpha
    alphas = [float(penalty) for penalty in np.atleast_1d(np.asarray(given, dtype=float))]
    if not alphas or (learner == "network" and len(hidden_layers) == 0):
        raise ValueError(
            "there is nothing to choose from; give at least one value each for hidden_layers and alpha"
        )
    if min(alphas) < 0:
        raise ValueError(f"alpha is {min(alphas)}; give 0 or more")
    if learner == "logistic":
        return [_logistic(shape, penalty, max_iter) for penalty in alphas]
    if learner == "boosting":
        return [_boosting(shape, leaves, penalty) for leaves in _LEAVES for penalty in alphas]
    if isinstance(hidden_layers, str):
        layers = hidden_layer_grid(shape[0], hidden_layers, widest)
    else:
        layers = [tuple(int(width) for width in widths) for widths in hidden_layers]
    return [_network(shape, widths, penalty, max_iter) for widths in layers for penalty in alphas]


def _network(shape: tuple[int, int], widths: tuple[int, ...], alpha: float, max_iter: int) -> Candidate:
    return Candidate(
        {"hidden_layer_sizes": widths, "alpha": alpha},
        count_weights(shape[0], widths, shape[1]),
        MLPClassifier(widths, solver="lbfgs", alpha=alpha, max_iter=max_iter),
        seeded=True,
    )


def _logistic(shape: tuple[int, int], alpha: float, max_iter: int) -> Candidate:
    return Candidate(
        {"alpha": alpha},
        count_weights(shape[0], (), shape[1]),
        # C weighs the errors against the penalty, alpha the penalty against the errors
        LogisticRegression(C=1 / alpha if alpha else np.inf, class_weight="balanced", max_iter=max_iter),
        seeded=False,
    )


def _boosting(shape: tuple[int, int], leaves: int, alpha: float) -> Candidate:
    trees = 100
    return Candidate(
        {"leaves": leaves, "alpha": alpha},
        trees * leaves * (1 if shape[1] == 2 else shape[1]),
        HistGradientBoostingClassifier(
            max_iter=trees,
            max_leaf_nodes=leaves,
            max_features=0.1,  # a tenth of the patterns at a time, so that the best does not speak alone
            min_samples_leaf=3,  # of ten defects a fold leaves eight to learn from
            l2_regularization=alpha,
            early_stopping=False,
        ),
        seeded=True,
    )
