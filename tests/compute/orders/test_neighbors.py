import numpy as np
import pytest

from ig_widgets.compute.orders.neighbors import by_neighbors


def slow_scores(X, labels, k):
    scores = []
    for i in range(len(X)):
        distances = np.linalg.norm(X - X[i], axis=1)
        distances[[i, *np.flatnonzero(labels < 0)]] = np.inf
        found = np.argsort(distances, kind="stable")[:k]
        weights = {j: 1 / rank for rank, j in enumerate(found, 1)}
        total = sum(weights.values())
        alike = sum(weight for j, weight in weights.items() if labels[j] == labels[i])
        scores.append(alike / total if total else 1.0)
    return np.round(scores, 12)


def test_the_order_is_that_of_the_definition():
    rng = np.random.default_rng(0)
    X = rng.normal(size=(60, 2))
    labels = rng.integers(-1, 2, 60)
    order = by_neighbors(X, labels, k=5)
    scores = slow_scores(X, labels, 5)
    labeled = [i for i in range(60) if labels[i] >= 0]
    expected = sorted(labeled, key=lambda i: (scores[i], i)) + [i for i in range(60) if labels[i] < 0]
    assert order.tolist() == expected


def test_wrong_labels_among_similar_images_come_first():
    rng = np.random.default_rng(1)
    truth = np.repeat([0, 1, 2], 50)
    X = rng.random((150, 120)) < np.where(np.arange(120) // 40 == truth[:, None], 0.6, 0.05)
    labels = truth.copy()
    wrong = rng.choice(150, 8, replace=False)
    labels[wrong] = (labels[wrong] + 1) % 3
    assert set(by_neighbors(X, labels)[:8].tolist()) == set(wrong.tolist())


def test_labels_must_fit():
    with pytest.raises(ValueError, match="one label for each of the 2 images"):
        by_neighbors([[0.0], [1.0]], [0])


def test_images_that_say_nothing_are_last_and_no_neighbors():
    rng = np.random.default_rng(2)
    X = rng.random((40, 60)) < 0.3
    labels = np.zeros(40, int)
    labels[7] = 1
    X[[7, 9]] = False
    assert by_neighbors(X, labels)[-2:].tolist() == [7, 9]
    numbers = rng.normal(size=(40, 3))
    numbers[[7, 9]] = np.nan
    assert by_neighbors(numbers, labels)[-2:].tolist() == [7, 9]


def test_a_few_labels_among_many_images_are_compared_with_each_other():
    rng = np.random.default_rng(3)
    y = rng.integers(0, 2, 500)
    X = rng.normal(size=(500, 2)) + 8 * y[:, None]
    labels = np.where(np.arange(500) < 40, y, -1)
    labels[:4] = 1 - labels[:4]
    assert set(by_neighbors(X, labels, k=5)[:4].tolist()) == {0, 1, 2, 3}
