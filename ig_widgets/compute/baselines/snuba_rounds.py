"""Snuba's rounds for one class against the rest: synthesize, prune, verify, repeat on vague points."""

from typing import Any, Literal, NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

from ig_widgets.compute.baselines.snuba_pruner import Jaccard, best_first
from ig_widgets.compute.baselines.snuba_synthesizer import (
    Columns,
    Model,
    best_betas,
    candidate_probabilities,
    fit_heuristic,
    probability,
    votes_at,
)
from ig_widgets.compute.baselines.snuba_verifier import learn_weights, marginals, vague_within

_Floats: TypeAlias = NDArray[np.float64]
_Bools: TypeAlias = NDArray[np.bool_]
_Votes: TypeAlias = NDArray[np.int8]


class Heuristic(NamedTuple):
    """A small model that votes or abstains; the fields are explained at ``Snuba.heuristics_``."""

    columns: Columns
    fitted: Any  # a scikit-learn classifier
    beta: float
    f1: float
    coverage: float
    fitted_to: int

    def votes(self, X: _Floats) -> _Votes:
        """Return a vote -1, 0 or +1 for each row."""
        return votes_at(probability(self.fitted, X[:, self.columns]), self.beta)


class Committee(NamedTuple):
    """Heuristics, their weights, and why generation ended."""

    heuristics: list[Heuristic]
    weights: _Floats
    ended: str

    def marginals(self, X: _Floats) -> _Floats:
        """Return the probability of the class for each row."""
        votes = [heuristic.votes(X) for heuristic in self.heuristics]
        return marginals(np.column_stack([np.empty((len(X), 0)), *votes]), self.weights)


class Rounds(NamedTuple):
    """The settings of `Snuba` that the rounds need."""

    candidates: list[Columns]
    model: Model
    max_heuristics: int
    keep_first: int
    jaccard: Jaccard
    feedback: Literal["code", "paper"]
    seed: int
    n_jobs: int | None

    def committee(self, X: _Floats, positive: _Bools, unlabeled: _Floats) -> Committee:
        """Find heuristics that separate positive rows from the others."""
        n = len(X)
        rows = np.concatenate([X, unlabeled])
        heuristics: list[Heuristic] = []
        weights = np.empty(0)
        votes = np.empty((len(rows), 0), dtype=np.int8)  # of the kept heuristics, labeled rows first
        vague = np.ones(n, dtype=bool)
        while vague.any():
            found, ballots = self._round(X, positive, rows, vague, votes)
            if not found:
                return Committee(heuristics, weights, "no new heuristic")
            heuristics += found
            votes = np.column_stack([votes, ballots])
            weights = learn_weights(votes[n:])
            if len(heuristics) == self.max_heuristics:
                return Committee(heuristics, weights, "max_heuristics")
            within = vague_within(len(heuristics), self.feedback)
            vague = np.abs(marginals(votes[:n], weights) - 0.5) <= within
        return Committee(heuristics, weights, "no vague points")

    def _round(
        self, X: _Floats, positive: _Bools, rows: _Floats, vague: _Bools, kept: _Votes
    ) -> tuple[list[Heuristic], _Votes]:
        """Return new heuristics, fitted to the vague rows of X, and their votes on all rows."""
        n = len(X)
        p = candidate_probabilities(
            self.model,
            X[vague],
            positive[vague],
            self.candidates,
            rows,
            seed=self.seed,
            n_jobs=self.n_jobs,
        )
        betas, f1 = best_betas(p[:n], positive)
        votes = votes_at(p, betas)
        known = {column.tobytes() for column in kept.T} | {bytes(len(rows))}  # never voting is not new
        wanted = 1 if kept.shape[1] else min(self.keep_first, self.max_heuristics)
        chosen: list[int] = []
        for candidate in best_first(votes[:n], votes[n:], positive, kept[n:], self.jaccard):
            ballot = votes[:, candidate].tobytes()
            if ballot not in known and len(chosen) < wanted:
                known.add(ballot)
                chosen.append(int(candidate))
        found = [
            Heuristic(
                columns=self.candidates[candidate],
                fitted=fit_heuristic(
                    self.model, X[vague][:, self.candidates[candidate]], positive[vague], self.seed
                ),
                beta=float(betas[candidate]),
                f1=float(f1[candidate]),
                coverage=float(np.mean(votes[n:, candidate] != 0)),
                fitted_to=int(vague.sum()),
            )
            for candidate in chosen
        ]
        return found, votes[:, chosen]
