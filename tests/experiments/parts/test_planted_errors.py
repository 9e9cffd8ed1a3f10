import numpy as np
import pytest

from ig_widgets.experiments.parts.planted_errors import followed, odd_ones_out, share_found, with_errors

Y = np.random.default_rng(0).integers(0, 6, 6000)


@pytest.mark.parametrize("kind", ["uniform", "class_dependent"])
@pytest.mark.parametrize("rate", [0.0, 0.05, 0.2])
def test_as_many_labels_are_wrong_as_were_asked_for(kind, rate):
    labels = with_errors(Y, 6, rate, kind, seed=1)
    assert np.count_nonzero(labels != Y) == round(rate * 6000)
    assert labels.min() >= 0
    assert labels.max() < 6
    assert np.array_equal(labels, with_errors(Y, 6, rate, kind, seed=1))


def test_uniform_errors_are_of_all_kinds_and_the_others_of_one_kind_for_each_class():
    labels = with_errors(Y, 6, 0.2, "uniform", seed=2)
    pairs = {(int(a), int(b)) for a, b in zip(Y, labels, strict=True) if a != b}
    assert len(pairs) == 30
    labels = with_errors(Y, 6, 0.2, "class_dependent", seed=2)
    wrong = labels != Y
    assert np.array_equal(labels[wrong], (Y[wrong] + 1) % 6)
    even = np.count_nonzero(wrong & (Y % 2 == 0))
    assert 2.2 < even / np.count_nonzero(wrong & (Y % 2 == 1)) < 3.2


def test_the_share_found_rises_to_one_in_any_order():
    wrong = np.array([False, True, False, True])
    assert share_found(np.array([1, 0, 3, 2]), wrong).tolist() == [0.5, 0.5, 1, 1]
    assert share_found(np.array([0, 1]), np.array([False, False])).tolist() == [0, 0]


def test_what_stands_out_in_a_row_is_looked_at():
    labels = np.array([0, 0, 1, 0, 2, 2, 0])
    looked = odd_ones_out(np.array([0, 1, 2, 3, 4, 5, 6]), labels, 4)
    assert looked.tolist() == [2, 6]
    assert odd_ones_out(np.empty(0, np.intp), labels, 4).tolist() == []


def test_around_what_is_wrong_is_looked_further():
    wrong = np.array([False, True, True, True, True, False, False, False, True, True])
    order = np.arange(10)
    # the first of each row of four; 4 is wrong: back to 0, which is right, and on to 5; 8 is: 7, and the end
    assert followed(order, wrong, 4).tolist() == [0, 4, 3, 2, 1, 5, 8, 7, 9]
    assert followed(order[::-1], wrong, 20).tolist() == [9, 8, 7]
    assert followed(order, ~wrong & False, 4).tolist() == [0, 4, 8]
    assert followed(np.empty(0, np.intp), wrong, 4).tolist() == []


def test_who_follows_finds_errors_that_lie_together_with_fewer_looks():
    wrong = np.zeros(10_000, bool)
    wrong[3000:3500] = True
    together = followed(np.arange(10_000), wrong, 10)
    assert np.count_nonzero(wrong[together]) == 500
    apart = followed(np.random.default_rng(0).permutation(10_000), wrong, 10)
    assert np.mean(wrong[together]) > 5 * np.mean(wrong[apart])
