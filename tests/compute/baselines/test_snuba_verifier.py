import math

import numpy as np
import pytest

from ig_widgets.compute.baselines.snuba_verifier import learn_weights, marginals, vague_within


def slow_weights(votes):
    """The published model, one vote at a time."""
    n, m = votes.shape
    w, g = [1.0] * m, [0.0] * m
    counts = [sum(abs(votes[i, j]) for i in range(n)) for j in range(m)]
    for step in range(1000):
        p = [1 / (1 + math.exp(-sum(votes[i, j] * w[j] for j in range(m)))) for i in range(n)]
        for j in range(m):
            right = sum(p[i] if votes[i, j] > 0 else 1 - p[i] for i in range(n) if votes[i, j])
            if counts[j]:
                share = right / counts[j]
                target = 10.0 if share >= 1 else max(-10, min(10, math.log(share / (1 - share))))
            else:
                target = 0.0
            g[j] = 0.95 * counts[j] / sum(counts) * (w[j] - target) + 0.05 * g[j]
        if step >= 10 and math.hypot(*g) < 1e-6 * math.hypot(*w):
            break
        w = [a - 1e-3 * b for a, b in zip(w, g, strict=True)]
        w = [math.copysign(max(abs(a) - 1e-6, 0), a) / (1 + 0.5e-6) for a in w]
    return w


@pytest.mark.parametrize("m", [1, 3, 6])
def test_weights_equal_those_of_the_loops(m):
    rng = np.random.default_rng(m)
    y = np.where(np.arange(15) < 6, 1, -1)[:, None]
    votes = (y * np.where(rng.random((15, m)) < 0.8, 1, -1) * (rng.random((15, m)) < 0.7)).astype(np.int8)
    np.testing.assert_allclose(learn_weights(votes), slow_weights(votes), atol=1e-9)


def test_heuristics_that_agree_are_trusted_more_than_one_that_disagrees():
    rng = np.random.default_rng(0)
    y = np.where(rng.random(300) < 0.5, 1, -1)[:, None]
    votes = (y * np.where(rng.random((300, 4)) < [0.9, 0.9, 0.9, 0.5], 1, -1)).astype(np.int8)
    weights = learn_weights(votes)
    assert weights[3] < weights[:3].min()


def test_two_that_always_disagree_leave_every_row_at_one_half():
    votes = np.array([[1, -1], [-1, 1], [1, -1]], dtype=np.int8)
    weights = learn_weights(votes)
    np.testing.assert_allclose(marginals(votes, weights), 0.5)
    assert np.isfinite(weights).all()


def test_without_any_vote_weights_stay_where_they_start():
    np.testing.assert_array_equal(learn_weights(np.zeros((5, 3), dtype=np.int8)), 1)


def test_one_that_never_votes_does_not_disturb_the_others():
    votes = np.array([[1, 0, 1], [-1, 0, 1], [1, 0, -1], [-1, 0, -1]], dtype=np.int8)
    np.testing.assert_allclose(learn_weights(votes)[[0, 2]], learn_weights(votes[:, [0, 2]]))


def test_swapping_the_classes_swaps_the_probabilities():
    votes = np.random.default_rng(0).integers(-1, 2, (30, 5)).astype(np.int8)
    weights = learn_weights(votes)
    np.testing.assert_allclose(learn_weights(-votes), weights)
    np.testing.assert_allclose(marginals(-votes, weights), 1 - marginals(votes, weights))


def test_marginals_are_probabilities_and_one_half_where_all_abstain():
    p = marginals(np.array([[0, 0], [1, 1], [-1, -1]], dtype=np.int8), np.array([400.0, 400.0]))
    np.testing.assert_array_equal(p, [0.5, 1, 0])


@pytest.mark.parametrize(
    ("m", "code", "paper"), [(1, -0.5, 0.14645), (3, 0.30755, 0.375), (25, 0.492, 0.49246)]
)
def test_what_is_vague_grows_with_the_number_of_heuristics(m, code, paper):
    assert vague_within(m, "code") == pytest.approx(code, abs=1e-5)
    assert vague_within(m, "paper") == pytest.approx(paper, abs=1e-5)
