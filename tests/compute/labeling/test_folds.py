import numpy as np
import pytest

from ig_widgets.compute.labeling.folds import draw_folds, gather


def codes_of(*counts):
    return np.random.default_rng(0).permutation(np.repeat(np.arange(len(counts)), counts))


@pytest.mark.parametrize(
    ("counts", "number"),
    [((300, 90), 4), ((1000, 1000), 10), ((68, 10), 5), ((40, 39), 10), ((50, 5), 2), ((50, 40), 2)],
)
def test_there_are_as_many_folds_as_leave_20_of_every_class_or_else_2(counts, number):
    codes = codes_of(*counts)
    folds = draw_folds(codes, 20, 0)
    assert len(folds) == number
    np.testing.assert_array_equal(
        np.sort(np.concatenate([left_out for _, left_out in folds])), np.arange(len(codes))
    )
    for fitted, left_out in folds:
        assert set(fitted).isdisjoint(left_out)
        assert len(fitted) + len(left_out) == len(codes)
        assert np.bincount(codes[left_out]).min() >= 2


@pytest.mark.parametrize("counts", [(50, 3), (50, 2), (3, 2)])
def test_fewer_examples_are_halved_again_and_again(counts):
    codes = codes_of(*counts)
    folds = draw_folds(codes, 20, 0)
    assert len(folds) == 10
    for fitted, left_out in folds:
        assert set(fitted).isdisjoint(left_out)
        assert np.bincount(codes[left_out]).min() >= 1
        assert np.bincount(codes[fitted]).min() >= 1


def test_a_single_example_allows_no_fold():
    assert draw_folds(codes_of(50, 1), 20, 0) == []


def test_the_seed_decides():
    codes = codes_of(30, 20)
    first, same, other = (
        [left_out.tolist() for _, left_out in draw_folds(codes, 20, seed)] for seed in (0, 0, 1)
    )
    assert first == same != other


def test_probabilities_of_an_image_are_averaged_over_the_folds_that_left_it_out():
    rng = np.random.default_rng(0)
    folds = [(np.array([0, 4]), np.array([1, 2])), (np.array([1, 3]), np.array([2, 0]))]
    parts = [rng.random((2, 3)), rng.random((2, 3))]
    P = gather(parts, folds, 5)
    np.testing.assert_allclose(P[:3], [parts[1][1], parts[0][0], (parts[0][1] + parts[1][0]) / 2])
    assert np.isnan(P[3:]).all()
