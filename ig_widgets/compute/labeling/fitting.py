"""Fitting the members of a weak labeler, to all labeled images or to those of a fold."""

import warnings
from collections.abc import Sequence
from itertools import product
from typing import Any, Literal, NamedTuple, TypeAlias

import numpy as np
from joblib import Parallel, delayed
from numpy.typing import NDArray
from sklearn.base import clone
from sklearn.exceptions import ConvergenceWarning

from ig_widgets.compute.labeling.examples import Examples
from ig_widgets.compute.labeling.folds import Fold
from ig_widgets.compute.labeling.learners import Candidate
from ig_widgets.compute.threads import threads

_Floats: TypeAlias = NDArray[np.float64]
_Trial: TypeAlias = tuple[_Floats, float]


# Threads lose more than they bring on matrices this small, where one waits for the other: with two, networks
# took 30 times longer to fit, and trees 1000 times longer to judge 16 images.


class Members(NamedTuple):
    """Fitted models, with the mean and scale that standardize their features."""

    models: list[Any]
    mean: _Floats  # (p,)
    scale: _Floats  # (p,)

    def probabilities(self, X: _Floats) -> _Floats:
        """Return the mean probabilities of the models, (n, n_classes)."""
        Z = (X - self.mean) / self.scale
        with threads(1):
            return np.asarray(np.mean([model.predict_proba(Z) for model in self.models], axis=0))


class FoldFit(NamedTuple):
    """Members that saw neither the images left out nor a pattern cut from one of them."""

    left_out: NDArray[np.int64]  # (n_left_out,) rows
    columns: NDArray[np.bool_]  # (n_features,) of the patterns that they know
    members: Members | None  # None where every pattern comes from this fold
    P: _Floats  # (n_left_out, n_classes)


class Fitting(NamedTuple):
    """Settings and methods for fitting candidates."""

    standardize: bool
    self_match: Literal["keep", "mean"]
    seed: int
    n_jobs: int | None

    def members(self, candidate: Candidate, examples: Examples, count: int, number: int = 0) -> Members:
        """Fit members to all examples, one if the seed makes no difference; `number` offsets the seeds."""
        X = examples.X if self.self_match == "keep" else examples.without_self_matches()
        mean, scale = _moments(X) if self.standardize else (np.zeros(X.shape[1]), np.ones(X.shape[1]))
        seeds = np.random.SeedSequence(self.seed + number).generate_state(count if candidate.seeded else 1)
        models = [clone(candidate.model).set_params(random_state=int(seed)) for seed in seeds]
        with warnings.catch_warnings(), threads(1):
            warnings.simplefilter("ignore", ConvergenceWarning)  # max_iter is the early stopping of the paper
            for model in models:
                model.fit((X - mean) / scale, examples.codes)
        return Members(models, mean, scale)

    def fold_fits(
        self, candidate: Candidate, examples: Examples, folds: Sequence[Fold], count: int
    ) -> list[FoldFit]:
        """Fit members for every fold."""
        fits = Parallel(n_jobs=self.n_jobs)(
            delayed(self._fold_fit)(candidate, examples, fold, count, number)
            for number, fold in enumerate(folds)
        )
        return list(fits)

    def trials(
        self, candidates: Sequence[Candidate], examples: Examples, folds: Sequence[Fold]
    ) -> list[list[_Trial]]:
        """Return, for each candidate and fold, the probabilities of the images left out, and `convergence`.

        There is one model in each, as in the paper: members would multiply the longest part.
        """
        trials = Parallel(n_jobs=self.n_jobs)(
            delayed(self._trial)(candidate, examples, fold, number)
            for candidate, (number, fold) in product(candidates, enumerate(folds))
        )
        return [trials[i : i + len(folds)] for i in range(0, len(trials), len(folds))]

    def _trial(self, candidate: Candidate, examples: Examples, fold: Fold, number: int) -> _Trial:
        fit = self._fold_fit(candidate, examples, fold, 1, number)
        return fit.P, candidate.convergence(fit.members.models[0]) if fit.members else 1.0

    def _fold_fit(
        self, candidate: Candidate, examples: Examples, fold: Fold, count: int, number: int
    ) -> FoldFit:
        fitted, left_out = fold
        columns = ~np.isin(examples.pattern_rows, left_out)
        part = examples.part(fitted, columns)
        if not columns.any():  # all we know is how common a class is
            share = np.bincount(part.codes) / len(fitted)
            return FoldFit(left_out, columns, None, np.tile(share, (len(left_out), 1)))
        members = self.members(candidate, part, count, number)
        P = members.probabilities(examples.X[np.ix_(left_out, columns)])
        return FoldFit(left_out, columns, members, P)


def _moments(X: _Floats) -> tuple[_Floats, _Floats]:
    spread = X.std(axis=0)
    # rounding leaves a constant column with a spread of about 1e-17 times its value
    return X.mean(axis=0), np.where(spread > 1e-12 * np.abs(X).max(axis=0), spread, 1.0)
