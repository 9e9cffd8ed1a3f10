from ig_widgets.compute.orders.random import by_random


def test_a_seed_is_an_order_of_all_positions():
    order = by_random(100, random_state=3).tolist()
    assert sorted(order) == list(range(100))
    assert by_random(100, random_state=3).tolist() == order
    assert by_random(100, random_state=4).tolist() != order
