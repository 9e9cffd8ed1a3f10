from itertools import combinations

import pandas as pd
import pytest

from ig_widgets.systems.figures import search_figure


@pytest.fixture
def scores():
    triples = list(combinations(["Flip", "Rotate", "ShearX", "ShearY"], 3))
    table = pd.DataFrame(triples, columns=["operation_1", "operation_2", "operation_3"])
    return table.assign(f1=[0.5, 0.8, 0.6, 0.6], f1_sd=[0.1, 0.2, 0.3, 0.4], rank=[4, 1, 2, 3])


def points(ax):
    (line,) = [line for line in ax.lines if line.get_marker() == "o"]
    names = [label.get_text() for label in ax.get_yticklabels()]
    return dict(zip(names, line.get_xdata(), strict=True))


def test_each_operation_has_the_mean_of_its_combinations_and_the_best_is_on_top(scores):
    left, _ = search_figure(scores).axes
    shown = points(left)
    assert shown == pytest.approx({"ShearX": 1.7 / 3, "Rotate": 1.9 / 3, "Flip": 1.9 / 3, "ShearY": 2 / 3})
    assert list(shown.values()) == sorted(shown.values())


def test_the_best_combinations_are_drawn_with_their_spread(scores):
    _, right = search_figure(scores, n_best=3).axes
    assert list(points(right).items()) == [
        ("Rotate, ShearX, ShearY", 0.6),
        ("Flip, ShearX, ShearY", 0.6),
        ("Flip, Rotate, ShearY", 0.8),
    ]
    (bars,) = right.collections
    widths = [float(x1 - x0) for (x0, _), (x1, _) in bars.get_segments()]
    assert widths == pytest.approx([0.8, 0.6, 0.4])


def test_it_can_be_drawn(scores, tmp_path):
    search_figure(scores).savefig(tmp_path / "search.png")
    assert (tmp_path / "search.png").stat().st_size > 1000
