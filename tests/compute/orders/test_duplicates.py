import numpy as np
import pytest

from ig_widgets.compute.orders.duplicates import order_duplicates_first


def test_copies_stand_together_in_front_and_all_else_stays_in_order():
    rng = np.random.default_rng(0)
    X = rng.integers(0, 20, (30, 1))
    order = rng.permutation(30)
    moved = order_duplicates_first(order, X)
    assert sorted(moved.tolist()) == list(range(30))
    values = [int(X[i, 0]) for i in moved]
    several = [value for value in values if values.count(value) > 1]
    assert values[: len(several)] == several
    assert all(values[k] in values[:k][-1:] or values[k] not in values[:k] for k in range(len(several)))
    single = [i for i in order if values.count(int(X[i, 0])) == 1]
    assert moved[len(several) :].tolist() == single


def test_only_copies_that_are_shown_count():
    assert order_duplicates_first([2, 0], [[1], [1], [2]]).tolist() == [2, 0]
    assert order_duplicates_first([], [[1], [1]]).tolist() == []


@pytest.mark.parametrize("order", [[0, 0], [3], [-1]])
def test_what_is_no_order_is_refused(order):
    with pytest.raises(ValueError, match="order"):
        order_duplicates_first(order, [[1], [2], [3]])
