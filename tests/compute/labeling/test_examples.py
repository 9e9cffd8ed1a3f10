import numpy as np
import pytest

from ig_widgets.compute.labeling.examples import Examples


@pytest.fixture
def examples():
    X = np.arange(20.0).reshape(5, 4)
    return Examples(X, np.array([0, 1, 1, 0, 1]), np.array([1, -1, 4, 3]))


def test_a_part_knows_its_sources_by_their_new_rows(examples):
    part = examples.part(np.array([3, 1, 2]), np.array([True, True, False, True]))
    np.testing.assert_array_equal(part.X, examples.X[[3, 1, 2]][:, [0, 1, 3]])
    np.testing.assert_array_equal(part.codes, [0, 1, 1])
    np.testing.assert_array_equal(part.pattern_rows, [1, -1, 0])


def test_sources_that_are_not_in_the_part_are_nobodys(examples):
    part = examples.part(np.array([0]), np.ones(4, dtype=bool))
    np.testing.assert_array_equal(part.pattern_rows, np.full(4, -1))


def test_own_scores_are_replaced_by_the_mean_of_the_others_of_the_class(examples):
    replaced = examples.without_self_matches()
    expected = examples.X.copy()
    expected[1, 0] = (expected[2, 0] + expected[4, 0]) / 2
    expected[4, 2] = (examples.X[1, 2] + examples.X[2, 2]) / 2
    expected[3, 3] = examples.X[0, 3]
    np.testing.assert_array_equal(replaced, expected)


def test_the_only_image_of_a_class_keeps_its_score():
    alone = Examples(np.array([[0.1], [1.0]]), np.array([0, 1]), np.array([1]))
    np.testing.assert_array_equal(alone.without_self_matches(), alone.X)
