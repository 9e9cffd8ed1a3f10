import numpy as np
import pytest

from ig_widgets.compute.labeling.metrics import label_metrics


def test_two_classes_are_measured_by_counting():
    y = np.array([1, 1, 1, 0, 0, 0, 0, 0])
    p = np.array([0.9, 0.8, 0.2, 0.7, 0.3, 0.1, 0.1, 0.1])
    measured = label_metrics(y, np.column_stack([1 - p, p]))
    assert measured["precision"] == pytest.approx(2 / 3)
    assert measured["recall"] == pytest.approx(2 / 3)
    assert measured["f1"] == pytest.approx(2 / 3)
    assert measured["accuracy"] == pytest.approx(6 / 8)
    pairs = [(a > b) + (a == b) / 2 for a in p[y == 1] for b in p[y == 0]]
    assert measured["roc_auc"] == pytest.approx(np.mean(pairs))
    assert measured["average_precision"] == pytest.approx((1 + 1 + 3 / 5) / 3)


def test_more_classes_count_the_same_however_rare_they_are():
    y = np.array([0] * 8 + [1, 2])
    P = np.eye(3)[[0] * 8 + [1, 0]]
    measured = label_metrics(y, P)
    assert measured["recall"] == pytest.approx((1 + 1 + 0) / 3)
    assert measured["f1"] == pytest.approx((16 / 17 + 1 + 0) / 3)


def test_undefined_measures_are_0_and_undefined_rankings_nan():
    measured = label_metrics([0, 0, 0], np.tile([0.9, 0.1], (3, 1)))
    assert measured["precision"] == measured["recall"] == measured["f1"] == 0
    assert measured["accuracy"] == 1
    assert np.isnan(measured["roc_auc"])
    assert np.isnan(measured["average_precision"])


def test_shapes_that_do_not_fit_are_named():
    with pytest.raises(ValueError, match=r"\(2,\) and P of shape \(3, 2\)"):
        label_metrics([0, 1], np.zeros((3, 2)))
