import json
import math

import numpy as np
import pytest

from ig_widgets.experiments import end_model
from ig_widgets.experiments.parts.methods import METHODS


def test_every_row_is_there_and_drawn(small_ksdd, small_neu, tmp_path):
    assert small_ksdd == small_neu  # one folder of data sets
    metrics, settings = end_model.run(small_ksdd, 1, quick=True, pictures=tmp_path / "pictures")
    rows = ["weak_labels", "dev_only", "dev_only_x2", "dev_and_weak", "tipping_point"]
    assert list(metrics) == [f"{name}/{row}" for name in ("ksdd", "neu") for row in rows]
    for row, measures in metrics.items():
        assert all(math.isfinite(value) for value in measures.values()), row
        assert measures["seeds"] == 1
        if "f1_median" in measures:
            assert 0 <= measures["f1_min"] <= measures["f1_median"] <= measures["f1_max"] <= 1
        else:
            assert 1 <= measures["min"] <= measures["median"] <= measures["max"] <= 2
    assert json.loads(json.dumps(settings))["neu"]["development"] == 4
    assert (tmp_path / "pictures" / "end_model.png").stat().st_size > 10_000


def test_true_labels_in_place_of_weak_ones_are_a_larger_development_set(small_ksdd, small_neu, monkeypatch):
    assert small_ksdd == small_neu
    there = []

    def truth(split):
        there.append((split.dataset, len(split.rows)))
        return np.eye(len(split.dataset.classes))[split.dataset.y[split.test]]

    monkeypatch.setitem(METHODS, "truth", truth)
    metrics, _ = end_model.run(small_ksdd, 2, quick=True, labels="truth")
    assert metrics["ksdd/weak_labels"]["f1_min"] == metrics["neu/weak_labels"]["f1_min"] == 1
    # in the quick form all unlabeled images of NEU double the development set
    assert metrics["neu/dev_and_weak"] == metrics["neu/dev_only_x2"]
    assert metrics["neu/tipping_point"]["not_reached"] == 0
    assert metrics["neu/dev_and_weak"] != metrics["neu/dev_only"]
    # and the test part is nowhere when weak labels are made
    for number, (dataset, development) in enumerate(there):
        case = end_model.QUICK["ksdd" if number < 2 else "neu"]
        each = 1 if number < 2 else 2
        assert development == each * case.development
        assert len(dataset.images) == len(dataset.y) == each * (case.development + case.unlabeled)
        assert set(dataset.boxes["image"]) <= set(dataset.images.ids)


def measured(*f1):
    return {
        row: {"f1": value}
        for row, value in zip(("dev_only", "dev_only_x2", "dev_only_x4", "dev_and_weak"), f1, strict=True)
    }


def test_where_no_size_is_enough_the_largest_counts():
    runs = [measured(0.2, 0.4, 0.8, 0.6), measured(0.4, 0.6, 0.7, 0.9), measured(0.3, 0.5, 0.6, 0.2)]
    row = end_model.tipping_row(runs, (1, 2, 4))
    assert row == {
        "of_medians": pytest.approx(3),  # 0.3, 0.5, 0.7 and 0.6
        "median": pytest.approx(3),
        "min": 1,
        "max": 4,
        "not_reached": 1,
        "seeds": 3,
    }
