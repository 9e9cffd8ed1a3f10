import math

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from ig_widgets.compute.networks import training
from ig_widgets.compute.networks.training import ShuffledBatches, TorchRandomness, train, until_patience


def fail(drawn):
    drawn.append(torch.rand(3))
    raise KeyError


def losses(*values):
    return [{"epoch": epoch, "loss": value} for epoch, value in enumerate(values, 1)]


def test_a_record_holds_the_mean_over_the_batches_of_its_epoch():
    values = iter([1.0, 2.0, 6.0, 4.0, 4.0, 7.0])
    records = list(train(lambda _: {"loss": next(values), "one": 1}, range(3), epochs=2))
    assert records == [{"epoch": 1, "loss": 3.0, "one": 1.0}, {"epoch": 2, "loss": 5.0, "one": 1.0}]
    assert all(
        type(value) is float for record in records for name, value in record.items() if name != "epoch"
    )


def test_every_epoch_goes_through_the_batches_anew_and_in_order():
    seen = []
    list(train(lambda batch: {"seen": seen.append(batch) or 0}, ["a", "b"], epochs=2))
    assert seen == ["a", "b", "a", "b"]


def test_nothing_is_learned_before_the_first_record_is_asked_for_nor_after_the_loop_is_left():
    seen = []
    records = train(lambda batch: {"seen": seen.append(batch) or 0}, [1, 2], epochs=5)
    assert seen == []
    for record in records:
        if record["epoch"] == 2:
            break
    assert seen == [1, 2, 1, 2]


def test_no_epochs_are_no_records():
    assert list(train(lambda _: {"loss": 0.0}, [1], epochs=0)) == []


def test_what_cannot_be_trained_is_refused_with_a_sentence():
    with pytest.raises(ValueError, match="epochs is -1; give 0 or more"):
        list(train(lambda _: {"loss": 0.0}, [1], epochs=-1))
    with pytest.raises(ValueError, match="there is no batch to train on"):
        list(train(lambda _: {"loss": 0.0}, [], epochs=1))
    with pytest.raises(ValueError, match="there is no batch to train on"):
        list(train(lambda _: {"loss": 0.0}, ShuffledBatches(0, 4), epochs=1))


@pytest.mark.parametrize("bad", [math.nan, math.inf, -math.inf])
def test_a_training_that_diverges_stops_in_that_epoch_and_says_what_diverged(bad):
    values = iter([1.0, bad])
    records = train(lambda _: {"ok": 0.0, "loss": next(values)}, [1], epochs=9)
    assert next(records)["loss"] == 1.0
    with pytest.raises(FloatingPointError, match=r"loss is -?(nan|inf) in epoch 2.*smaller learning rate"):
        next(records)


@given(st.lists(st.integers(0, 4), max_size=20), st.integers(1, 4))
def test_patience_ends_where_the_best_of_the_past_is_that_old(values, patience):
    kept = [record["loss"] for record in until_patience(losses(*values), "loss", patience)]
    ends = [
        epoch
        for epoch in range(1, len(values) + 1)
        if epoch - 1 - values[:epoch].index(min(values[:epoch])) >= patience
    ]
    assert kept == values[: ends[0] if ends else len(values)]


def test_patience_asks_for_no_record_after_the_last_one_it_gives():
    given_out = []
    source = (given_out.append(record) or record for record in losses(1.0, 2.0, 3.0, 0.0))
    assert len(list(until_patience(source, "loss", 2))) == 3
    assert len(given_out) == 3


@given(n=st.integers(0, 40), size=st.integers(1, 12), seed=st.integers(0, 99))
def test_an_epoch_meets_every_example_once_in_batches_of_the_size_asked_for(n, size, seed):
    batches = list(ShuffledBatches(n, size, random_state=seed))
    assert sorted(np.concatenate([[], *batches]).tolist()) == list(range(n))
    lengths = [len(batch) for batch in batches]
    assert all(length == size for length in lengths[:-1])
    if n > 1 and size > 1:
        assert 2 <= lengths[-1] <= size + 1
    elif n:
        assert lengths[-1] == 1


def test_orders_differ_between_epochs_and_seeds_and_repeat_with_the_seed():
    def epochs(seed):
        batches = ShuffledBatches(50, 50, random_state=seed)
        return [next(iter(batches)).tolist() for _ in range(3)]

    assert epochs(0) == epochs(0)
    assert len({tuple(order) for order in [*epochs(0), *epochs(1)]}) == 6


def test_an_order_is_drawn_when_an_epoch_begins_and_not_while_it_is_gone_through():
    one, other = ShuffledBatches(9, 3), ShuffledBatches(9, 3)
    iter(one)  # an epoch that nobody goes through
    list(other)
    np.testing.assert_array_equal(np.concatenate(list(one)), np.concatenate(list(other)))


def test_torch_draws_from_a_stream_of_its_own_that_goes_on_where_it_was_left():
    with TorchRandomness(3)():
        whole = torch.rand(6)
    randomness = TorchRandomness(3)
    with randomness():
        first = torch.rand(2)
    torch.rand(5)  # somebody else
    with randomness():
        rest = torch.rand(4)
    assert torch.equal(torch.cat([first, rest]), whole)


def test_what_others_draw_is_not_disturbed_even_by_an_error_inside():
    torch.manual_seed(0)
    expected = torch.rand(4)
    torch.manual_seed(0)
    first = torch.rand(2)
    randomness = TorchRandomness(7)
    with pytest.raises(KeyError), randomness():
        fail([])
    assert torch.equal(torch.cat([first, torch.rand(2)]), expected)


def test_an_error_inside_does_not_make_the_stream_repeat_itself():
    randomness = TorchRandomness(7)
    drawn = []
    with pytest.raises(KeyError), randomness():
        fail(drawn)
    with randomness():
        drawn.append(torch.rand(3))
    with TorchRandomness(7)():
        assert torch.equal(torch.cat(drawn), torch.rand(6))


@pytest.mark.parametrize(("pixels", "n_threads"), [(0, 1), (199_999, 1), (200_000, 2), (10**9, 3)])
def test_the_size_of_a_batch_says_how_many_threads_learn_from_it(monkeypatch, pixels, n_threads):
    monkeypatch.setattr(training, "usable_cores", lambda: 3)
    before = torch.get_num_threads()
    torch.set_num_threads(8)
    try:
        records = list(
            train(lambda _: {"threads": torch.get_num_threads()}, [0], epochs=2, pixels=pixels),
        )
        assert [record["threads"] for record in records] == [n_threads] * 2
        assert torch.get_num_threads() == 8
    finally:
        torch.set_num_threads(before)


def test_between_two_epochs_the_threads_are_the_caller_s():
    before = torch.get_num_threads()
    for _ in train(lambda _: {"loss": 0.0}, [0], epochs=2):
        assert torch.get_num_threads() == before
