import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ig_widgets.compute.labeling.threshold import apply_threshold, break_even, choose_threshold

# all but the number before 1: a cut that tells these two apart would be 1, whose odds are not finite
values = st.floats(0, 1).filter(lambda value: value != math.nextafter(1, 0))
probabilities = st.lists(st.tuples(values, st.booleans()), min_size=2, max_size=30)


@given(probabilities)
def test_as_many_lie_above_the_cut_as_are_positive_or_as_near_as_equal_values_allow(pairs):
    p, positive = np.array([a for a, _ in pairs]), np.array([b for _, b in pairs])
    values = np.unique(p)
    possible = [np.sum(p >= value) - positive.sum() for value in values[1:]]
    above = np.sum(p >= break_even(p, positive)) - positive.sum()
    if possible:
        assert abs(above) <= min(map(abs, possible))


@pytest.mark.parametrize("low", [0.0, 1e-310, 0.5, 0.7])
def test_neighboring_numbers_are_told_apart(low):
    high = math.nextafter(low, 1)
    cut = break_even(np.array([low, high]), np.array([False, True]))
    assert low < cut <= high


def test_it_lies_in_the_middle_of_the_gap():
    cut = break_even(np.array([0.1, 0.3, 0.6, 0.8]), np.array([False, False, True, True]))
    assert cut == pytest.approx(0.45)


def test_without_two_values_it_is_one_half():
    assert break_even(np.full(3, 0.2), np.array([True, False, False])) == 0.5
    assert break_even(np.array([]), np.array([], dtype=bool)) == 0.5


@given(st.floats(0.001, 0.999), st.floats(0.001, 0.999))
def test_shifting_makes_the_threshold_one_half_and_keeps_the_order(p, threshold):
    P = np.array([[1 - threshold, threshold], [1 - p, p]])
    moved = apply_threshold(P, threshold)
    np.testing.assert_allclose(moved.sum(axis=1), 1)
    assert moved[0, 1] == pytest.approx(0.5)
    if abs(p - threshold) > 1e-9:
        assert (moved[1, 1] > 0.5) == (p > threshold)


def test_cuts_next_to_0_and_1_have_finite_odds():
    sure = np.array([0.0, 0.0, 5e-324])
    cut = break_even(sure, np.array([False, False, True]))
    assert np.isfinite(apply_threshold(np.column_stack([1 - sure, sure]), cut)).all()
    surest = np.array([1 - 2**-53, 1.0])
    assert break_even(surest, np.array([False, True])) < 1


def test_it_is_given_or_made_from_rows_without_nan_and_only_for_two_classes():
    P = np.array([[0.9, 0.1], [np.nan, np.nan], [0.7, 0.3], [0.2, 0.8]])
    codes = np.array([0, 1, 0, 1])
    assert choose_threshold(P, codes, 0.2) == 0.2
    assert choose_threshold(P, codes, "calibrated") == pytest.approx(0.55)
    assert choose_threshold(np.full((4, 2), np.nan), codes, "calibrated") == 0.5
    assert math.isnan(choose_threshold(np.full((4, 3), 1 / 3), codes, "calibrated"))
    np.testing.assert_array_equal(apply_threshold(P, math.nan), P)
