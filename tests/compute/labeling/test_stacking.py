import numpy as np
import pytest

from ig_widgets.compute.labeling.stacking import log_odds


def test_two_classes_give_one_column_and_the_logistic_function_gives_them_back():
    p = np.linspace(0.001, 0.999, 41)
    odds = log_odds(np.column_stack([1 - p, p]))
    assert odds.shape == (41, 1)
    np.testing.assert_allclose(1 / (1 + np.exp(-odds[:, 0])), p)


def test_more_classes_give_a_column_each_against_the_rest():
    P = np.random.default_rng(0).dirichlet(np.ones(4), 20)
    np.testing.assert_allclose(1 / (1 + np.exp(-log_odds(P))), P, atol=1e-3)


@pytest.mark.parametrize("P", [[[0, 1], [1, 0]], [[0, 1, 0], [1, 0, 0]]])
def test_certainty_stays_finite(P):
    assert np.isfinite(log_odds(np.array(P, dtype=float))).all()


def test_what_is_not_known_stays_so():
    assert np.isnan(log_odds(np.array([[np.nan, np.nan], [0.5, 0.5]]))).tolist() == [[True], [False]]
