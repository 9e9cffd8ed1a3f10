"""Snuba's pruner: selects accurate heuristics that vote where the others abstain."""

from typing import Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

_Votes: TypeAlias = NDArray[np.int8]

Jaccard: TypeAlias = Literal["sets", "counts"]


def overlap(candidates: _Votes, kept: _Votes, jaccard: Jaccard) -> NDArray[np.float64]:
    """Return how much each candidate votes where the kept heuristics do (Jaccard index).

    Parameters
    ----------
    candidates
        (n, m) votes on unlabeled rows, 0 for an abstention.
    kept
        (n, k) votes of the kept heuristics.
    jaccard
        "sets": rows that both vote on over rows that any votes on. "counts": the sums of the smaller and of
        the larger number of votes on each row, as in the published code, where several kept heuristics have
        many and no candidate can overlap much.

    Returns
    -------
    ndarray of shape (m,)
        In [0, 1]; 1 where neither votes at all.
    """
    votes = (kept != 0).sum(axis=1)[:, None]  # (n, 1)
    if jaccard == "sets":
        votes = np.minimum(votes, 1)
    voted = candidates != 0
    both, any_ = np.minimum(voted, votes).sum(axis=0), np.maximum(voted, votes).sum(axis=0)
    return np.asarray(np.divide(both, any_, out=np.ones(len(any_)), where=any_ > 0))


def best_first(
    labeled: _Votes, unlabeled: _Votes, positive: NDArray[np.bool_], kept: _Votes, jaccard: Jaccard
) -> NDArray[np.int64]:
    """Order candidates by half their F1 and half the distance of their votes from the kept heuristics'.

    Parameters
    ----------
    labeled, unlabeled
        (n, m) and (N, m) votes of the candidates.
    positive
        (n,) classes of the labeled rows.
    kept
        (N, k) votes of the kept heuristics on the unlabeled rows; with none, all distances are the same.
    jaccard
        As in `overlap`.

    Returns
    -------
    int ndarray of shape (m,)
        Positions, best first; ties keep their order.

    Notes
    -----
    The F1 is the micro average with abstentions as wrong answers, as in the published code: the share of
    labeled rows that are voted on rightly. Common classes count the more.
    """
    right = (labeled == np.where(positive, 1, -1)[:, None]).mean(axis=0)
    distance = 1 - overlap(unlabeled, kept, jaccard) if kept.shape[1] else np.ones(len(right))
    # rounding, so that the last bit of a sum does not decide a tie
    return np.argsort(-(0.5 * right + 0.5 * distance).round(12), kind="stable")
