import math

import numpy as np
import pytest
from sklearn.metrics import f1_score
from sklearn.tree import DecisionTreeClassifier

from ig_widgets.compute.baselines.snuba_synthesizer import (
    BETAS,
    best_betas,
    candidate_probabilities,
    combinations_up_to,
    fit_heuristic,
    probability,
    votes_at,
    weighted_f1,
)


@pytest.mark.parametrize(("p", "c"), [(5, 1), (5, 3), (7, 2), (3, 9)])
def test_combinations_are_all_there_once(p, c):
    found = combinations_up_to(p, c, 100)
    assert len(found) == len(set(found)) == sum(math.comb(p, size) for size in range(1, min(c, p) + 1))
    assert all(tuple(sorted(set(columns))) == columns for columns in found)


@pytest.mark.parametrize(("cardinality", "number"), [(2, "22,155"), (3, "1,543,675")])
def test_too_many_combinations_are_refused_with_their_number(cardinality, number):
    with pytest.raises(ValueError, match=rf"210 features have {number} combinations of up to {cardinality}"):
        combinations_up_to(210, cardinality, 20_000)


def test_no_feature_at_all_is_refused():
    with pytest.raises(ValueError, match="max_cardinality is 0"):
        combinations_up_to(3, 0, 100)


@pytest.mark.parametrize("model", ["tree", "logistic", "neighbors"])
@pytest.mark.parametrize("n_jobs", [None, 2])
def test_all_candidates_at_once_equal_one_scikit_learn_model_each(model, n_jobs):
    rng = np.random.default_rng(0)
    X, rows = rng.random((40, 5)).round(2), rng.random((70, 5)).round(2)
    positive = X[:, 0] + 0.5 * rng.random(40) > 0.9
    candidates = combinations_up_to(5, 2, 100)
    together = candidate_probabilities(model, X, positive, candidates, rows, seed=3, n_jobs=n_jobs)
    for columns, p in zip(candidates, together.T, strict=True):
        single = fit_heuristic(model, X[:, columns], positive, 3)
        np.testing.assert_array_equal(p, single.predict_proba(rows[:, columns])[:, 1])


def test_a_tree_is_as_deep_as_it_has_features():
    X = np.random.default_rng(0).random((40, 2))
    tree = fit_heuristic("tree", X, X[:, 0] > X[:, 1], 0)
    assert isinstance(tree, DecisionTreeClassifier)
    assert tree.get_depth() == 2


@pytest.mark.parametrize("model", ["tree", "logistic", "neighbors"])
@pytest.mark.parametrize("positive", [True, False])
def test_a_feedback_of_one_class_or_few_rows_is_no_error(model, positive):
    X, rows = np.random.default_rng(0).random((2, 3)), np.zeros((4, 3))
    candidates = [(0,), (0, 1)]
    constant = candidate_probabilities(model, X, np.full(2, positive), candidates, rows, seed=0, n_jobs=None)
    np.testing.assert_array_equal(constant, float(positive))
    both = candidate_probabilities(model, X, np.array([True, False]), candidates, rows, seed=0, n_jobs=None)
    assert both.shape == (4, 2)


def test_the_weighted_f1_is_that_of_three_labels():
    rng = np.random.default_rng(0)
    positive = np.arange(30) < 11
    votes = rng.integers(-1, 2, (30, 20)).astype(np.int8)
    votes[:, 0] = 0
    slow = [
        f1_score(np.where(positive, 1, -1), column, average="weighted", zero_division=0) for column in votes.T
    ]
    np.testing.assert_allclose(weighted_f1(votes, positive), slow)


def test_beta_is_the_smallest_of_the_best_in_a_double_loop():
    rng = np.random.default_rng(0)
    positive = np.arange(40) < 12
    right = rng.random((40, 30)) < 0.8  # who is wrong is less sure of it
    p = 0.5 + np.where(right == positive[:, None], 1, -1) * rng.uniform(0.2, np.where(right, 0.5, 0.45))
    betas, f1 = best_betas(p, positive)
    for column, beta, best in zip(p.T, betas, f1, strict=True):
        scores = []
        for candidate in BETAS:
            votes = [1 if v >= 0.5 + candidate else -1 if v <= 0.5 - candidate else 0 for v in column]
            scores.append(f1_score(np.where(positive, 1, -1), votes, average="weighted", zero_division=0))
        assert best == pytest.approx(max(scores))
        assert beta == min(b for b, s in zip(BETAS, scores, strict=True) if s == pytest.approx(max(scores)))
    assert set(betas) <= set(BETAS)
    assert len(set(betas)) > 1


def test_the_ten_betas_are_published_and_a_sure_heuristic_takes_the_smallest():
    np.testing.assert_allclose(BETAS, [0.25 + 0.2 * k / 9 for k in range(10)])
    betas, f1 = best_betas(np.array([[1.0], [0.0]]), np.array([True, False]))
    assert betas[0] == 0.25
    assert f1[0] == 1


def test_votes_are_the_same_for_both_classes():
    p = np.linspace(0, 1, 181)[:, None]  # multiples of 1/180, which the betas are as well
    for beta in BETAS:
        np.testing.assert_array_equal(votes_at(p, beta), -votes_at(1 - p, beta))
        assert votes_at(np.array([0.5 + beta, 0.5 - beta, 0.5]), beta).tolist() == [1, -1, 0]


def test_probability_is_that_of_the_positive_class_whatever_was_seen():
    X = np.zeros((3, 1))
    for positive in (np.ones(3, dtype=bool), np.zeros(3, dtype=bool)):
        np.testing.assert_array_equal(probability(fit_heuristic("tree", X, positive, 0), X), positive)
