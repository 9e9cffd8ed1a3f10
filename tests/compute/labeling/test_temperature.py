import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import softmax

from ig_widgets.compute.labeling.temperature import apply_temperature, best_temperature


def beliefs(n, n_classes, seed=0, *, sureness=1.0):
    """Probabilities that come true, drawn from, and then made surer than they should be."""
    rng = np.random.default_rng(seed)
    P = softmax(1.5 * rng.standard_normal((n, n_classes)), axis=1)
    codes = np.array([rng.choice(n_classes, p=p) for p in P])
    return softmax(sureness * np.log(P), axis=1), codes


@pytest.mark.parametrize("n_classes", [2, 4])
@pytest.mark.parametrize("sureness", [0.4, 1.0, 5.0])
def test_what_was_made_too_sure_by_a_factor_is_cooled_by_that_factor(n_classes, sureness):
    P, codes = beliefs(4000, n_classes, sureness=sureness)
    assert best_temperature(P, codes) == pytest.approx(sureness, rel=0.1)


@pytest.mark.parametrize("n_classes", [2, 3])
def test_no_temperature_of_a_fine_grid_has_a_lower_cross_entropy(n_classes):
    P, codes = beliefs(30, n_classes, seed=1, sureness=3.0)
    counts = np.bincount(codes)
    grid = np.geomspace(0.3, 100, 2001)
    losses = np.zeros(len(grid))
    for i, temperature in enumerate(grid):
        for p, k in zip(P ** (1 / temperature), codes, strict=True):
            own = (counts[k] + 1) / (counts[k] + 2)
            for j in range(n_classes):
                target = own if j == k else (1 - own) / (n_classes - 1)
                losses[i] -= target * np.log(p[j] / p.sum())
    assert best_temperature(P, codes) == pytest.approx(grid[losses.argmin()], rel=0.005)


@given(
    weights=st.lists(st.lists(st.floats(0, 1), min_size=3, max_size=3), min_size=1, max_size=8),
    temperature=st.floats(0.05, 1000),
)
@settings(deadline=None)
def test_the_most_probable_stays_the_most_probable(weights, temperature):
    P = (np.array(weights) + 0.01) / (np.array(weights) + 0.01).sum(axis=1, keepdims=True)
    T = apply_temperature(P, temperature)
    np.testing.assert_allclose(T.sum(axis=1), 1)
    chosen = T[np.arange(len(T)), P.argmax(axis=1)]
    np.testing.assert_array_equal(chosen, T.max(axis=1))


def test_one_half_stays_one_half_and_temperature_1_changes_nothing():
    P = np.array([[0.5, 0.5], [0.2, 0.8], [1.0, 0.0]])
    np.testing.assert_array_equal(apply_temperature(P, 7.0)[0], [0.5, 0.5])
    np.testing.assert_array_equal(apply_temperature(P, 1.0), P)
    np.testing.assert_allclose(apply_temperature(P, 2.0)[1, 1], 0.8**0.5 / (0.8**0.5 + 0.2**0.5))


def test_rows_of_nan_are_neither_used_nor_filled():
    P, codes = beliefs(40, 2, sureness=3.0)
    some = P.copy()
    some[::2] = np.nan
    assert best_temperature(some, codes) == best_temperature(P[1::2], codes[1::2])
    np.testing.assert_array_equal(np.isnan(apply_temperature(some, 2.0)), np.isnan(some))


def test_where_nothing_can_be_judged_or_gained_the_temperature_is_1():
    codes = np.array([0, 1, 1])
    assert best_temperature(np.full((3, 2), np.nan), codes) == 1
    assert best_temperature(np.full((3, 2), 0.5), codes) == 1


def test_few_images_that_are_all_right_do_not_make_it_certain():
    P = np.array([[0.9, 0.1]] * 10 + [[0.1, 0.9]] * 10)
    codes = np.repeat([0, 1], 10)
    # Platt's target for ten images is 11 / 12
    assert apply_temperature(P, best_temperature(P, codes)).max() == pytest.approx(11 / 12, abs=1e-3)


def test_certainty_that_was_wrong_is_taken_back():
    P = np.array([[1.0, 0.0]] * 20 + [[0.0, 1.0]] * 20)
    codes = np.repeat([0, 1], 20)
    codes[[0, -1]] = [1, 0]
    T = apply_temperature(P, best_temperature(P, codes))
    assert np.isfinite(T).all()
    assert 0.8 < T.max() < 0.97
