"""Snuba's verifier: weights of heuristics learned from their agreement, without labels."""

import math
from typing import Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit, logit

_Floats: TypeAlias = NDArray[np.float64]
_Votes: TypeAlias = NDArray[np.int8]

# the published code's settings
_STEPS = 1000
_RATE = 1e-3
_MOMENTUM = 0.05
_PENALTY = 1e-6
_LASSO_SHARE = 0.5
_TOLERANCE = 1e-6
_LARGEST_LOGIT = 10.0


def learn_weights(votes: _Votes) -> _Floats:
    """Learn the weight of each heuristic from the votes alone.

    The model is naive Bayes in log odds: P(y = +1 | votes) = sigmoid(votes · w). Each step computes how often
    a heuristic would be right if the model were, and moves its weight towards the logit of that accuracy.

    Parameters
    ----------
    votes
        (n, m) votes -1, +1, or 0 for an abstention.

    Returns
    -------
    ndarray of shape (m,)
        Weights in log odds; they start at 1.

    Notes
    -----
    The published code of Snuba, which takes it from Snorkel 0.4: steps are weighted by the number of votes of
    a heuristic over all votes, with a rate of 1e-3, 1000 steps and an elastic net of 1e-6. So a weight goes
    about 1/m of the way: with tens of heuristics, the result is close to an unweighted vote.
    """
    signs = votes.astype(np.float64)
    voted = np.abs(signs).sum(axis=0)  # (m,)
    weights = np.ones(votes.shape[1])
    if not voted.any():
        return weights
    step = np.zeros_like(weights)
    for number in range(_STEPS):
        p = expit(signs @ weights)  # (n,)
        right = 0.5 + 0.5 * (signs.T @ (2 * p - 1)) / np.maximum(voted, 1)  # (m,) expected accuracy
        target = np.clip(logit(right), -_LARGEST_LOGIT, _LARGEST_LOGIT)
        slope = voted / voted.sum() * (weights - target)
        step = (1 - _MOMENTUM) * slope + _MOMENTUM * step
        if number >= 10 and np.linalg.norm(step) < _TOLERANCE * np.linalg.norm(weights):
            break
        moved = weights - _RATE * step
        shrunk = np.sign(moved) * np.maximum(np.abs(moved) - _PENALTY, 0)
        weights = shrunk / (1 + (1 - _LASSO_SHARE) * _PENALTY)
    return weights


def marginals(votes: _Votes, weights: _Floats) -> _Floats:
    """Return the probability of +1 for each row of votes (n, m): in [0, 1], and 0.5 where all abstain."""
    return np.asarray(expit(votes @ weights))


def vague_within(n_heuristics: int, rule: Literal["code", "paper"]) -> float:
    """Return the distance from 0.5 up to which a probability is vague: 1/2 - m^(-3/2), or (m + 1).

    It grows with the number of heuristics m. The published code has m, for which a single heuristic leaves
    nothing vague (the distance is negative); the paper has m + 1.
    """
    m = n_heuristics if rule == "code" else n_heuristics + 1
    return 0.5 - 1 / (m * math.sqrt(m))
