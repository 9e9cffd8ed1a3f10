import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ig_widgets.experiments.parts.tipping import tipping_point

SIZES = [78, 156, 312]
THOUSANDTHS = st.integers(0, 1000).map(lambda n: n / 1000)


@pytest.mark.parametrize(
    ("f1", "point"),
    [(0.45, 1.0), (0.5, 1.0), (0.55, 1.5), (0.6, 2.0), (0.7, 3.0), (0.8, 4.0), (0.81, math.inf)],
)
def test_between_sizes_f1_is_a_straight_line(f1, point):
    assert tipping_point(SIZES, [0.5, 0.6, 0.8], f1) == pytest.approx(point)


def test_the_first_crossing_counts():
    assert tipping_point([1, 2, 3, 4], [0.5, 0.7, 0.4, 0.9], 0.6) == pytest.approx(1.5)


@given(
    steps=st.lists(st.integers(1, 50), min_size=2, max_size=5),
    f1=st.lists(THOUSANDTHS, min_size=5, max_size=5),
    wanted=THOUSANDTHS,
)
def test_at_the_point_the_line_has_the_f1_asked_for(steps, f1, wanted):
    sizes, curve = np.cumsum(steps), np.array(f1[: len(steps)])
    point = tipping_point(sizes, curve, wanted)
    if point == 1:
        assert curve[0] >= wanted
    elif math.isinf(point):
        assert curve.max() < wanted
    else:
        assert np.interp(point * sizes[0], sizes, curve) == pytest.approx(wanted, abs=1e-6)


@pytest.mark.parametrize(
    ("sizes", "f1", "with_weak", "message"),
    [
        ([1, 2], [0.5], 0.6, "do not fit"),
        ([], [], 0.6, "do not fit"),
        ([1, 1], [0.5, 0.6], 0.6, "positive and increasing"),
        ([0, 1], [0.5, 0.6], 0.6, "positive and increasing"),
        ([1, 2], [0.5, math.nan], 0.6, "missing"),
        ([1, 2], [0.5, 0.6], math.nan, "missing"),
    ],
)
def test_what_is_no_curve_is_refused(sizes, f1, with_weak, message):
    with pytest.raises(ValueError, match=message):
        tipping_point(sizes, f1, with_weak)
