import numpy as np
import pytest

from ig_widgets.compute.labeling.examples import Examples
from ig_widgets.compute.labeling.fitting import Fitting
from ig_widgets.compute.labeling.folds import draw_folds
from ig_widgets.compute.labeling.learners import list_candidates

LEARNERS = ["network", "logistic", "boosting"]
FITTING = Fitting(standardize=True, self_match="keep", seed=0, n_jobs=None)


def candidate(learner, n_features, n_classes=2):
    (first, *_) = list_candidates(
        learner, (n_features, n_classes), hidden_layers=[(2,)], widest=64, alpha=1.0, max_iter=50
    )
    return first


def examples(n=30, n_features=6, seed=0):
    rng = np.random.default_rng(seed)
    codes = np.arange(n) % 3 // 2
    X = rng.uniform(0.2, 0.6, (n, n_features)) + 0.2 * codes[:, None]
    return Examples(X, codes, np.array([2, 2, 5, -1, 8, 11]))


@pytest.mark.parametrize("learner", LEARNERS)
def test_members_of_a_fold_know_neither_its_images_nor_their_patterns(learner):
    known = examples()
    folds = draw_folds(known.codes, 20, 0)
    fits = FITTING.fold_fits(candidate(learner, 6), known, folds, 2)
    for k, (fold, fit) in enumerate(zip(folds, fits, strict=True)):
        np.testing.assert_array_equal(fit.columns, [source not in fold[1] for source in known.pattern_rows])
        other = known.X.copy()
        other[fold[1]] = 1 - other[fold[1]]
        other[:, ~fit.columns] = 0.5
        again = FITTING.fold_fits(candidate(learner, 6), known._replace(X=other), folds, 2)[k]
        seen = known.X[np.ix_(fit.left_out, fit.columns)]
        np.testing.assert_array_equal(again.members.probabilities(seen), fit.P)


@pytest.mark.parametrize("learner", LEARNERS)
def test_where_seeds_make_no_difference_there_is_one_member(learner):
    known = examples()
    first = FITTING.members(candidate(learner, 6), known, 3)
    other = FITTING._replace(seed=1).members(candidate(learner, 6), known, 3)
    assert len(first.models) == len(other.models) == (1 if learner == "logistic" else 3)
    same = np.array_equal(first.probabilities(known.X), other.probabilities(known.X))
    assert same == (learner == "logistic")


def test_members_are_averaged():
    known = examples()
    members = FITTING.members(candidate("network", 6), known, 3)
    Z = (known.X - known.X.mean(axis=0)) / known.X.std(axis=0)
    slow = sum(model.predict_proba(Z) for model in members.models) / 3
    np.testing.assert_allclose(members.probabilities(known.X), slow)


def test_trials_are_single_members_of_every_candidate_and_fold():
    known = examples()
    folds = draw_folds(known.codes, 20, 0)
    candidates = [candidate("network", 6), candidate("logistic", 6)]
    trials = FITTING.trials(candidates, known, folds)
    for tried, of_candidate in zip(candidates, trials, strict=True):
        fits = FITTING.fold_fits(tried, known, folds, 1)
        for (P, ended), fit in zip(of_candidate, fits, strict=True):
            np.testing.assert_array_equal(P, fit.P)
            assert ended == (np.max(fit.members.models[0].n_iter_) < 50)


def test_a_fold_without_patterns_knows_only_how_common_a_class_is():
    known = examples()._replace(pattern_rows=np.full(6, 2))
    folds = draw_folds(known.codes, 20, 0)
    for (fitted, left_out), fit in zip(
        folds, FITTING.fold_fits(candidate("logistic", 6), known, folds, 1), strict=True
    ):
        assert (fit.members is None) == (2 in left_out)
        if fit.members is None:
            share = known.codes[fitted].mean()
            np.testing.assert_allclose(fit.P, np.tile([1 - share, share], (len(left_out), 1)))


def test_constant_features_are_not_blown_up():
    known = examples()
    known.X[:, 3] = 0.1
    members = FITTING.members(candidate("logistic", 6), known, 1)
    assert members.scale[3] == 1
    raw = FITTING._replace(standardize=False).members(candidate("logistic", 6), known, 1)
    np.testing.assert_array_equal(raw.mean, np.zeros(6))
    np.testing.assert_array_equal(raw.scale, np.ones(6))
