import numpy as np
import pytest

from ig_widgets.compute.orders.loss import by_loss


def test_the_highest_loss_comes_first_and_none_last():
    losses = np.random.default_rng(0).random(30)
    losses[[4, 9]] = np.nan
    order = by_loss(losses)
    assert sorted(order.tolist()) == list(range(30))
    assert order[-2:].tolist() == [4, 9]
    assert (np.diff(losses[order[:-2]]) <= 0).all()


def test_ties_are_in_the_order_of_the_positions():
    assert by_loss([1, 2, 1, 2]).tolist() == [1, 3, 0, 2]


def test_a_table_of_losses_is_refused():
    with pytest.raises(ValueError, match="2 dimensions"):
        by_loss([[1.0]])
