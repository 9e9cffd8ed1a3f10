from itertools import combinations

import cv2
import numpy as np
import pandas as pd
import pytest

from ig_widgets.data.images import ImageSet
from ig_widgets.reports.figures import heat_map_figure, importance_figure, search_figure


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


def shown_values(figure):
    return [float(ax.images[0].get_array().flat[0]) for ax in figure.axes if ax.images]


@pytest.mark.parametrize("shape", [(10, 40), (40, 10)])
def test_each_image_is_drawn_beside_its_map(shape):
    images = ImageSet.from_arrays([np.full(shape, value, np.uint8) for value in (10, 20, 30)])
    figure = heat_map_figure(
        images, [2, 0], lambda image: np.full(image.shape, image[0, 0] / 100, np.float32), ["c", "$a"]
    )
    assert shown_values(figure) == pytest.approx([30, 0.3, 10, 0.1])
    assert [cell.get_suptitle() for cell in figure.subfigs] == ["c", "$a"]
    figure.canvas.draw()  # a formula that is none would fail here


def test_an_image_that_is_gone_is_left_out(tmp_path):
    images = ImageSet.from_arrays([np.full((8, 8), 10, np.uint8)])
    cv2.imwrite(str(tmp_path / "b.png"), np.zeros((8, 8), np.uint8))
    both = images + ImageSet.from_folder(tmp_path)
    (tmp_path / "b.png").unlink()
    figure = heat_map_figure(both, [1, 0], lambda image: np.zeros(image.shape, np.float32), ["b", "a"])
    assert shown_values(figure) == [10, 0]
    assert figure.subfigs[0].get_suptitle() == "a"


def test_the_most_important_patterns_are_on_top_and_unknown_ones_missing():
    patterns = ImageSet.from_arrays(
        [np.full((4, 6), value, np.uint8) for value in (10, 20, 30, 40)], ids=["a", "b$", "c", "d"]
    )
    figure = importance_figure(patterns, np.array([0.1, 0.5, np.nan, -0.2]), n_patterns=2)
    assert shown_values(figure) == [20, 10]
    assert [bar.get_width() for ax in figure.axes for bar in ax.patches] == [0.5, 0.1]
    names = [label.get_text() for ax in figure.axes if ax.patches for label in ax.get_yticklabels()]
    assert names == [r"b\$", "a"]
    figure.canvas.draw()


def test_nothing_known_is_an_empty_figure():
    patterns = ImageSet.from_arrays([np.zeros((4, 6), np.uint8)])
    assert shown_values(importance_figure(patterns, np.array([np.nan]))) == []
