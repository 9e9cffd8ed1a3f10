import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.utils.estimator_checks import parametrize_with_checks

from ig_widgets.compute.baselines.stumps import LabelingStumps
from ig_widgets.compute.baselines.votes import MajorityVote, MaxSimilarity


@parametrize_with_checks([MaxSimilarity(), MajorityVote()])
def test_they_keep_the_contract_of_scikit_learn(estimator, check):
    check(estimator)


def defects(counts=(40, 10), n_features=6, seed=0):
    """Images with a defect are more similar to some of the patterns."""
    rng = np.random.default_rng(seed)
    y = np.repeat([0, 1], counts)
    X = 0.4 + 0.1 * rng.random((len(y), n_features))
    X[y == 1] += 0.1 * rng.integers(0, 2, (counts[1], n_features))
    return X, y


@given(seed=st.integers(0, 999))
@settings(max_examples=20, deadline=None)
def test_as_many_labeled_images_reach_the_highest_similarity_as_are_defective(seed):
    X, y = defects(seed=seed)
    labeler = MaxSimilarity().fit(X, y)
    assert labeler.predict(X).sum() == y.sum()
    np.testing.assert_array_equal(labeler.predict(X) == 1, X.max(axis=1) > labeler.threshold_)


def test_probability_rises_with_the_highest_similarity_alone_and_is_one_half_at_the_threshold():
    X, y = defects()
    labeler = MaxSimilarity().fit(X, y)
    rows = np.full((3, 6), 0.1)
    rows[0, 2] = labeler.threshold_ - 0.01
    rows[1, 4] = labeler.threshold_
    rows[2, [0, 1, 2]] = labeler.threshold_ + 0.01
    low, half, high = labeler.predict_proba(rows)[:, 1]
    assert half == pytest.approx(0.5)
    assert low == pytest.approx(1 - high)
    assert low < half < high


def test_the_threshold_moves_with_the_scale_of_the_scores():
    X, y = defects()
    plain, scaled = MaxSimilarity().fit(X, y), MaxSimilarity().fit(100 * X - 7, y)
    assert scaled.threshold_ == pytest.approx(100 * plain.threshold_ - 7)
    np.testing.assert_allclose(scaled.predict_proba(100 * X - 7), plain.predict_proba(X))


def test_an_images_own_patterns_do_not_count_in_choosing_the_threshold():
    X, y = defects()
    pattern_rows = np.flatnonzero(y == 1)[:6]
    own = X.copy()
    own[pattern_rows, np.arange(6)] = 1.0
    honest = MaxSimilarity().fit(own, y, pattern_rows=pattern_rows)
    blank = X.copy()
    blank[pattern_rows, np.arange(6)] = 0.0
    assert honest.threshold_ == MaxSimilarity().fit(blank, y).threshold_
    assert MaxSimilarity().fit(own, y).threshold_ > honest.threshold_


def test_with_a_single_pattern_its_own_image_tells_nothing():
    labeler = MaxSimilarity().fit([[1.0], [0.2], [0.3], [0.6]], [1, 0, 0, 1], pattern_rows=[0])
    assert 0.3 < labeler.threshold_ < 0.6
    alone = MaxSimilarity().fit([[1.0], [1.0]], [1, 0], pattern_rows=[0])
    assert np.isfinite(alone.threshold_)


def test_three_classes_are_more_than_one_number_can_tell():
    with pytest.raises(ValueError, match=r"y has 3 classes.*use MajorityVote"):
        MaxSimilarity().fit([[0.1], [0.2], [0.3]], [0, 1, 2])


@pytest.mark.parametrize("n_classes", [2, 4])
def test_the_majority_equals_counting_one_by_one(n_classes):
    rng = np.random.default_rng(0)
    y = rng.integers(0, n_classes, 80)
    X = 0.2 * rng.random((80, 5)) + 0.1 * (np.arange(5) % n_classes == y[:, None])
    labeler = MajorityVote().fit(X, y)
    common = np.bincount(y)
    for row, votes, p in zip(
        X, LabelingStumps().fit(X, y).transform(X), labeler.predict_proba(X), strict=True
    ):
        counts = [sum(vote == k for vote in votes) for k in range(n_classes)]
        winner = max(range(n_classes), key=lambda k, counts=counts: (counts[k], common[k]))
        assert labeler.predict(row[None])[0] == winner
        np.testing.assert_allclose(
            p, [(c + m / 80) / (sum(counts) + 1) for c, m in zip(counts, common, strict=True)]
        )


def test_two_patterns_that_always_disagree_leave_the_common_class():
    y = np.array([0] * 6 + [1] * 4)
    X = np.column_stack([y, y]).astype(float)
    labeler = MajorityVote().fit(X, y)
    P = labeler.predict_proba([[1.0, 0.0], [0.0, 1.0]])
    np.testing.assert_allclose(P, [[1.6 / 3, 1.4 / 3]] * 2)


def test_where_all_abstain_the_shares_of_the_classes_remain():
    labeler = MajorityVote().fit(np.full((4, 2), 0.5), [0, 1, 1, 1])
    np.testing.assert_array_equal(labeler.predict_proba([[0.1, 0.9]]), [[0.25, 0.75]])
