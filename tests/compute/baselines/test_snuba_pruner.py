import numpy as np
import pytest
from sklearn.metrics import f1_score

from ig_widgets.compute.baselines.snuba_pruner import best_first, overlap

RNG = np.random.default_rng(0)
CANDIDATES = RNG.integers(-1, 2, (25, 12)).astype(np.int8)
KEPT = RNG.integers(-1, 2, (25, 3)).astype(np.int8) * RNG.integers(0, 2, (25, 3), dtype=np.int8)


def test_overlap_of_sets_is_the_jaccard_index():
    kept = {row for row in range(25) if any(KEPT[row])}
    for column, found in zip(CANDIDATES.T, overlap(CANDIDATES, KEPT, "sets"), strict=True):
        voted = {row for row in range(25) if column[row]}
        assert found == pytest.approx(len(voted & kept) / len(voted | kept))


def test_overlap_of_counts_is_that_of_the_published_code():
    for column, found in zip(CANDIDATES.T, overlap(CANDIDATES, KEPT, "counts"), strict=True):
        both = any_ = 0
        for row in range(25):
            counts = abs(column[row]), sum(abs(vote) for vote in KEPT[row])
            both, any_ = both + min(counts), any_ + max(counts)
        assert found == pytest.approx(both / any_)


@pytest.mark.parametrize("jaccard", ["sets", "counts"])
def test_overlap_is_1_with_itself_and_0_with_its_complement(jaccard):
    voted = np.array([[1, 0], [-1, 0], [0, 1], [0, -1]], dtype=np.int8)
    np.testing.assert_array_equal(overlap(voted, voted[:, :1], jaccard), [1, 0])
    nothing = np.zeros((4, 1), dtype=np.int8)
    np.testing.assert_array_equal(overlap(nothing, nothing, jaccard), 1)


@pytest.mark.parametrize("jaccard", ["sets", "counts"])
def test_the_order_is_by_half_micro_f1_and_half_distance(jaccard):
    positive = np.arange(20) < 6
    labeled = RNG.integers(-1, 2, (20, 12)).astype(np.int8)
    truth = np.where(positive, 1, -1)
    f1 = np.array([f1_score(truth, votes, average="micro") for votes in labeled.T])
    score = 0.5 * f1 + 0.5 * (1 - overlap(CANDIDATES, KEPT, jaccard))
    order = best_first(labeled, CANDIDATES, positive, KEPT, jaccard)
    assert sorted(order) == list(range(12))
    assert (np.diff(score[order]) <= 1e-12).all()


def test_without_kept_heuristics_only_being_right_counts_and_ties_keep_their_order():
    labeled = np.array([[0, 1, -1, 1], [0, -1, 1, -1]], dtype=np.int8)
    order = best_first(labeled, labeled, np.array([True, False]), labeled[:, :0], "sets")
    np.testing.assert_array_equal(order, [1, 3, 0, 2])
