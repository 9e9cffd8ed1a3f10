import numpy as np
import pytest

from ig_widgets.compute.orders.nearest import nearest
from ig_widgets.compute.words.packing import pack_words


def slow_nearest(X, k):
    found = []
    for i, one in enumerate(X):
        cosines = [(one & other).sum() ** 2 / max(1, other.sum()) for other in X]
        others = [j for j in range(len(X)) if j != i]
        found.append(sorted(others, key=lambda j: (-cosines[j], j))[:k])
    return found


@pytest.mark.parametrize("k", [1, 5, 39, 100])
def test_words_are_compared_by_their_cosine(k):
    X = np.random.default_rng(0).random((40, 90)) < 0.2
    assert nearest(X, k).tolist() == slow_nearest(X, k)
    assert nearest(pack_words(X), k).tolist() == slow_nearest(X, k)


def test_numbers_are_compared_by_their_distance():
    X = np.random.default_rng(1).normal(size=(30, 3))
    distances = np.linalg.norm(X[:, None] - X, axis=2)
    np.fill_diagonal(distances, np.inf)
    assert nearest(X, 4).tolist() == np.argsort(distances, axis=1)[:, :4].tolist()


def test_the_only_image_has_no_neighbors():
    assert nearest(np.ones((1, 5), bool), 3).shape == (1, 0)
    with pytest.raises(ValueError, match="k is 0"):
        nearest(np.ones((2, 5), bool), 0)
