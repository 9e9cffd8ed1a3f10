import numpy as np
import pytest

from ig_widgets.compute.orders.duplicates import duplicates_first


def test_copies_stand_together_in_front_and_all_else_stays_in_order():
    rng = np.random.default_rng(0)
    X = rng.integers(0, 20, (30, 1))
    order = rng.permutation(30)
    moved = duplicates_first(order, X)
    assert sorted(moved.tolist()) == list(range(30))
    values = [int(X[i, 0]) for i in moved]
    several = [value for value in values if values.count(value) > 1]
    assert values[: len(several)] == several
    assert all(values[k] in values[:k][-1:] or values[k] not in values[:k] for k in range(len(several)))
    single = [i for i in order if values.count(int(X[i, 0])) == 1]
    assert moved[len(several) :].tolist() == single


def test_images_that_say_nothing_are_copies_of_nothing_and_black_ones_are():
    words = np.array([[True, False], [False, False], [True, False], [False, False]])
    assert duplicates_first([1, 3, 0, 2], words).tolist() == [0, 2, 1, 3]
    numbers = np.array([[np.nan], [0.0], [np.nan], [-0.0]])
    assert duplicates_first([0, 2, 1, 3], numbers).tolist() == [1, 3, 0, 2]
    black = np.zeros((2, 4, 4), np.uint8)
    assert duplicates_first([2, 1, 0], np.concatenate([black, black[:1] + 1])).tolist() == [1, 0, 2]
    assert duplicates_first([0, 1, 2], np.array(["a", "b", "a"])).tolist() == [0, 2, 1]


def test_only_copies_that_are_shown_count():
    assert duplicates_first([2, 0], [[1], [1], [2]]).tolist() == [2, 0]
    assert duplicates_first([], [[1], [1]]).tolist() == []


@pytest.mark.parametrize("order", [[0, 0], [3], [-1], [0.5]])
def test_what_is_no_order_is_refused(order):
    with pytest.raises(ValueError, match="order"):
        duplicates_first(order, [[1], [2], [3]])
