import numpy as np
import pytest

from ig_widgets.compute.networks.targets import validate_targets


def test_labels_become_certain_probabilities_of_sorted_classes():
    classes, P = validate_targets(["ok", "crack", "ok"], 3)
    assert classes.tolist() == ["crack", "ok"]
    assert P.tolist() == [[0, 1], [1, 0], [0, 1]]


def test_probabilities_stay_as_they_are_and_rows_may_be_missing():
    given = np.array([[0.2, 0.3, 0.5], [np.nan] * 3])
    classes, P = validate_targets(given, 2)
    assert classes.tolist() == [0, 1, 2]
    np.testing.assert_array_equal(P, given)


@pytest.mark.parametrize(
    ("targets", "message"),
    [
        ([0, 1], r"shape \(2,\), but there are 3 images"),
        (np.zeros((3, 2, 2)), r"shape \(3, 2, 2\)"),
        ([1, 1, 1], "fewer than 2 classes"),
        (np.ones((3, 1)), "fewer than 2 classes"),
        ([0.1, 0.25, 0.3], "Unknown label type"),
        ([[0.5, 0.5], [0.7, 0.5], [1, 0]], r"row 1 of the targets is \[0.7, 0.5\]"),
        ([[0.5, 0.5], [0, 1], [1.5, -0.5]], "row 2 of the targets"),
    ],
)
def test_what_is_no_target_is_refused(targets, message):
    with pytest.raises(ValueError, match=message):
        validate_targets(targets, 3)
