from collections import Counter
from itertools import pairwise
from math import log2

import numpy as np
import pytest

from ig_widgets.compute.orders.disagreement import by_disagreement


def slow_entropy(votes):
    counts = Counter(vote for vote in votes if vote >= 0)
    total = sum(counts.values())
    return sum(-count / total * log2(count / total) for count in counts.values())


def test_the_highest_entropy_of_votes_comes_first():
    votes = np.random.default_rng(0).integers(-1, 3, (100, 5))
    order = by_disagreement(votes)
    assert sorted(order.tolist()) == list(range(100))
    entropies = [slow_entropy(votes[i]) for i in order]
    assert all(a >= b - 1e-9 for a, b in pairwise(entropies))


def test_of_equal_disagreement_more_votes_come_first_and_none_last():
    votes = [[-1, -1, -1, -1], [0, 1, -1, -1], [1, 0, 1, 0], [2, 2, -1, -1]]
    assert by_disagreement(votes).tolist() == [2, 1, 3, 0]
    assert by_disagreement(np.full((3, 2), -1)).tolist() == [0, 1, 2]


@pytest.mark.parametrize("votes", [[0, 1], [[0.5]], [[-2]]])
def test_what_are_no_votes_is_refused(votes):
    with pytest.raises(ValueError, match="votes"):
        by_disagreement(votes)
