import numpy as np
import pytest
from sklearn.tree import DecisionTreeClassifier
from sklearn.utils.estimator_checks import parametrize_with_checks

from ig_widgets.compute.baselines.stumps import LabelingStumps


@parametrize_with_checks([LabelingStumps()])
def test_it_keeps_the_contract_of_scikit_learn(estimator, check):
    check(estimator)


def planted(counts, n_features, seed=0):
    """Images of class k score higher for the patterns k, k + K, and so on."""
    rng = np.random.default_rng(seed)
    y = np.repeat(np.arange(len(counts)), counts)
    X = 0.4 + 0.1 * rng.standard_normal((len(y), n_features))
    X[np.arange(n_features) % len(counts) == y[:, None]] += 0.3
    return X, y


@pytest.mark.parametrize("counts", [(40, 10), (30, 20, 10)])
@pytest.mark.parametrize("min_share", [0.5, 0.75])
def test_votes_equal_the_leaves_of_balanced_trees(counts, min_share):
    X, y = planted(counts, 6)
    new = np.random.default_rng(1).random((50, 6))
    votes = LabelingStumps(min_share=min_share).fit(X, y).transform(new)
    for column in range(6):
        tree = DecisionTreeClassifier(max_depth=1, class_weight="balanced").fit(X[:, [column]], y)
        P = tree.predict_proba(new[:, [column]])
        slow = [p.argmax() if p.max() > min_share + 1e-9 else -1 for p in P]
        np.testing.assert_array_equal(votes[:, column], slow)


def test_with_many_classes_a_pattern_votes_for_its_own_and_abstains_elsewhere():
    X, y = planted((30,) * 6, 12)
    stumps = LabelingStumps().fit(X, y)
    np.testing.assert_array_equal(stumps.votes_[:, 1], np.arange(12) % 6)
    np.testing.assert_array_equal(stumps.votes_[:, 0], -1)


def test_votes_do_not_depend_on_how_common_a_class_is():
    X, y = planted((10, 10), 4)
    once = LabelingStumps().fit(X, y)
    repeated = np.concatenate([np.arange(20), *[np.flatnonzero(y == 0)] * 7])
    more = LabelingStumps().fit(X[repeated], y[repeated])
    np.testing.assert_array_equal(once.cuts_, more.cuts_)
    np.testing.assert_array_equal(once.votes_, more.votes_)


def test_a_feature_that_says_nothing_abstains():
    y = np.array([0, 0, 1, 1])
    X = np.column_stack([[0.5] * 4, [0.1, 0.9, 0.1, 0.9]])
    stumps = LabelingStumps().fit(X, y)
    np.testing.assert_array_equal(stumps.transform([[0.2, 0.2], [0.9, 0.9]]), -1)
