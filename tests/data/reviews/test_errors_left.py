import numpy as np
import pytest
from scipy.stats import beta

from ig_widgets.data.reviews.errors_left import choose_window, errors_left


def quantile(share, a, b):
    """The quantile of a Beta distribution by bisection of its distribution function."""
    low, high = 0.0, 1.0
    for _ in range(60):
        middle = (low + high) / 2
        if beta.cdf(middle, a, b) < share:
            low = middle
        else:
            high = middle
    return (low + high) / 2


@pytest.mark.parametrize(("k", "n"), [(1, 1), (1, 200), (3, 17), (40, 200), (199, 200), (0, 50), (30, 30)])
def test_the_interval_is_jeffreys(k, n):
    wrong = [True] * k + [False] * (n - k)
    left = errors_left(wrong, 1000, window=n, level=0.9)
    a, b = k + 0.5, n - k + 0.5
    assert left.low == pytest.approx(0 if k == 0 else 1000 * quantile(0.05, a, b), abs=1e-6)
    assert left.high == pytest.approx(1000 if k == n else 1000 * quantile(0.95, a, b), abs=1e-6)
    assert left.low <= left.expected <= left.high


def test_in_a_random_order_the_truth_is_in_the_interval_as_often_as_it_says():
    rng = np.random.default_rng(0)
    within, runs = 0, 400
    for _ in range(runs):
        wrong = rng.random(20_000) < 0.07
        left = errors_left(wrong[:500], 19_500, level=0.9)
        within += left.low <= wrong[500:].sum() <= left.high
    # 0.9 if what is left were infinitely many; three standard errors of a share over 400 runs are 0.045
    assert 0.84 < within / runs < 0.95


def test_only_the_last_count():
    assert errors_left([True] * 100 + [False] * 200, 50, window=200) == errors_left(
        [False] * 200, 50, window=200
    )
    assert errors_left([True, False, True], 50, window=2) == errors_left([False, True], 50)


@pytest.mark.parametrize(
    ("looked_at", "count"), [(0, 0), (1, 1), (20, 20), (30, 20), (41, 20), (60, 30), (1000, 200)]
)
def test_the_last_half_stands_for_what_is_left(looked_at, count):
    assert choose_window(looked_at) == count
    wrong = np.random.default_rng(looked_at).random(looked_at) < 0.3
    assert errors_left(wrong, 70) == errors_left(wrong[looked_at - count :], 70, window=max(count, 1))


def test_where_errors_come_first_the_first_do_not_count():
    wrong = [True] * 90 + [False] * 106
    assert errors_left(wrong, 1600).expected < 10
    assert errors_left(wrong, 1600, window=196).expected > 700


def test_nothing_is_known_at_first_and_nothing_is_left_at_the_end():
    assert errors_left([], 80) == (40, 0, 80)
    assert errors_left([True, False], 0) == (0, 0, 0)


def test_more_looks_make_the_interval_shorter():
    widths = [
        errors_left([True, False] * n, 100).high - errors_left([True, False] * n, 100).low for n in (2, 8, 32)
    ]
    assert widths == sorted(widths, reverse=True)


@pytest.mark.parametrize(
    ("how", "what"), [({"left": -1}, "left"), ({"window": 0}, "window"), ({"level": 1}, "level")]
)
def test_arguments_that_make_no_sense_are_refused(how, what):
    with pytest.raises(ValueError, match=f"^{what} is"):
        errors_left([True], **{"left": 5, **how})
