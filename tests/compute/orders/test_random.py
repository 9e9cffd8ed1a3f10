from ig_widgets.compute.orders.random import order_by_random


def test_a_seed_is_an_order_of_all_positions():
    order = order_by_random(100, random_state=3).tolist()
    assert sorted(order) == list(range(100))
    assert order_by_random(100, random_state=3).tolist() == order
    assert order_by_random(100, random_state=4).tolist() != order
