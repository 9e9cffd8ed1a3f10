import numpy as np
import pandas as pd
import pytest

from ig_widgets.data.images import ImageSet
from ig_widgets.widgets.wall.arrangements import checked_grouping, checked_neighbors, checked_orders


@pytest.fixture
def images():
    return ImageSet.from_arrays(np.zeros((5, 2, 2), np.uint8), ids=["v", "w", "x", "y", "z"])


def shown(orders):
    return {name: order.tolist() for name, order in orders.items()}


def test_the_given_order_comes_first_then_the_others(images):
    orders = checked_orders(images, [4, 0], {"all": np.arange(5), "last": pd.Series([-1])})
    assert shown(orders) == {"given order": [4, 0], "all": [0, 1, 2, 3, 4], "last": [4]}
    assert list(orders) == ["given order", "all", "last"]
    assert shown(checked_orders(images, None, {"mine": [1]})) == {"mine": [1]}
    assert shown(checked_orders(images, None, {})) == {"as they are": [0, 1, 2, 3, 4]}


@pytest.mark.parametrize(
    ("order", "why"),
    [
        ([0, 5], "is no list of positions: position 5 is out of range for a set of 5 images"),
        ([1, 1], "is no list of positions: position 1 occurs more than once"),
        ([0.5], "is no list of positions"),
        ([[0, 1]], "is no list of positions"),
        ([], "is empty"),
    ],
)
def test_orders_that_are_no_positions_are_refused(images, order, why):
    with pytest.raises(ValueError, match=f"the order 'mine' {why}"):
        checked_orders(images, None, {"mine": order})


@pytest.mark.parametrize(
    ("values", "codes", "names"),
    [
        (["b", "a", None, "b", "a"], [1, 0, 2, 1, 0], ["a", "b", "none"]),
        ([7, 7, 10, 2, 2], [1, 1, 2, 0, 0], ["2", "7", "10", "none"]),
        (pd.Series([1.0, np.nan, 1.0, 3.0, 3.0], index=[5, 4, 3, 2, 1]), [0, 2, 0, 1, 1], ["1", "3", "none"]),
    ],
)
def test_groups_are_sorted_and_missing_names_are_the_last(values, codes, names):
    found, called = checked_grouping("g", values, 5)
    assert (found.tolist(), called) == (codes, names)


def test_groups_that_do_not_fit_are_refused():
    with pytest.raises(ValueError, match=r"groups\['g'\] has 2 names for 5 images"):
        checked_grouping("g", [1, 2], 5)
    with pytest.raises(ValueError, match="5001 different names"):
        checked_grouping("g", np.arange(5001), 5001)
    for name in ("label", "none"):
        with pytest.raises(ValueError, match="which every review has already"):
            checked_grouping(name, [1] * 5, 5)


def test_neighbors_are_a_function_of_a_position():
    table = np.array([[1, 2], [0, 2], [0, 1]])
    for neighbors in (table, table.tolist(), lambda item: table[item]):
        assert np.asarray(checked_neighbors(neighbors, 3)(1)).tolist() == [0, 2]
    assert checked_neighbors(None, 3) is None


@pytest.mark.parametrize("table", [np.zeros((3, 2)), np.zeros((2, 2), int), np.zeros(3, int)])
def test_neighbors_that_are_no_positions_are_refused(table):
    with pytest.raises(ValueError, match="give positions as an array of shape"):
        checked_neighbors(table, 3)
