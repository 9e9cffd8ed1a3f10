import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.tree import DecisionTreeClassifier

from ig_widgets.compute.baselines.cuts import above, best_cuts


def impurity(column, codes, weights, cut):
    """Weighted Gini impurity of the two sides, one example at a time."""
    total = 0.0
    for side in (column <= cut, column > cut):
        of_class = [sum(weights[k] for inside, k in zip(side, codes, strict=True) if inside and k == c)
                    for c in range(len(weights))]  # fmt: skip
        total += sum(of_class) - sum(w**2 for w in of_class) / sum(of_class)
    return total


@given(seed=st.integers(0, 10_000), n=st.integers(2, 60), decimals=st.sampled_from([1, 2, 16]))
@settings(max_examples=150, deadline=None)
def test_cuts_equal_those_of_scikit_learns_depth_one_trees(seed, n, decimals):
    rng = np.random.default_rng(seed)
    X = rng.random((n, 4)).round(decimals)
    codes = rng.integers(0, 3, n)
    codes[:2] = 0, 1
    cuts = best_cuts(X, codes, np.ones(3))
    for column, cut in enumerate(cuts):
        tree = DecisionTreeClassifier(max_depth=1).fit(X[:, [column]], codes).tree_
        if tree.node_count == 1:
            assert np.isnan(cut)
        else:
            assert cut == tree.threshold[0]


@given(seed=st.integers(0, 10_000), n=st.integers(3, 30))
@settings(max_examples=30, deadline=None)
def test_with_weights_no_other_cut_is_purer(seed, n):
    rng = np.random.default_rng(seed)
    column = rng.random(n).round(2).astype(np.float32)
    codes = np.r_[0, 1, rng.integers(0, 2, n - 2)]
    weights = 1 / np.bincount(codes)
    (cut,) = best_cuts(column[:, None].astype(float), codes, weights)
    values = np.unique(column)
    if len(values) == 1:
        assert np.isnan(cut)
    else:
        best = min(impurity(column, codes, weights, v) for v in values[:-1])
        assert impurity(column, codes, weights, cut) == pytest.approx(best)


def test_of_two_equally_good_cuts_the_lower_is_taken():
    (cut,) = best_cuts(np.array([[0.0], [0.25], [0.5], [0.75]]), np.array([1, 0, 0, 1]), np.ones(2))
    assert cut == 0.125


def test_a_constant_feature_and_a_single_row_have_no_cut():
    codes = np.array([0, 1, 1])
    assert np.isnan(best_cuts(np.full((3, 1), 0.4), codes, np.ones(2))).all()
    assert np.isnan(best_cuts(np.array([[0.4], [0.4 + 5e-8], [0.4 + 9e-8]]), codes, np.ones(2))).all()
    assert np.isnan(best_cuts(np.zeros((1, 2)), codes[:1], np.ones(2))).all()


def test_a_value_on_the_cut_is_not_above_it():
    X = np.array([[0.1], [0.3]])
    cuts = best_cuts(X, np.array([0, 1]), np.ones(2))
    np.testing.assert_array_equal(above(np.array([[0.1], cuts, [0.3]]), cuts)[:, 0], [False, False, True])
