import json

import numpy as np
import pytest

from ig_widgets.experiments import dev_size, ksdd
from ig_widgets.experiments.dev_size import BASELINES, CNNS, OURS
from ig_widgets.experiments.parts.datasets import load_ksdd, stratified


def test_the_quick_form_writes_all_rows_and_a_picture(small_ksdd, small_neu, tmp_path):
    assert small_ksdd == small_neu  # one folder of data sets
    metrics, settings = dev_size.run(small_ksdd, quick=True, pictures=tmp_path / "new")
    methods = [*OURS, *BASELINES, *CNNS]
    expected = [
        f"{name}/{size}/{method}"
        for name in ("ksdd", "neu")
        for size in settings[name]["sizes"]
        for method in methods
        if (name, method) != ("neu", "max_similarity")
    ]
    assert list(metrics) == expected
    for row in metrics.values():
        assert list(row) == ["f1_median", "f1_min", "f1_max", "ap_median", "seeds"]
        assert 0 <= row["f1_min"] <= row["f1_median"] <= row["f1_max"] <= 1
    json.dumps([metrics, settings])
    assert (tmp_path / "new" / "dev_size.png").stat().st_size > 5000


def test_one_data_set_can_be_run_alone(small_neu, tmp_path, monkeypatch):
    monkeypatch.setattr(dev_size, "OURS", ("none",))
    monkeypatch.setattr(dev_size, "BASELINES", ())
    monkeypatch.setattr(dev_size, "CNNS", {})
    metrics, _ = dev_size.run(small_neu, quick=True, pictures=tmp_path / "new", sets=("neu",))
    assert list(metrics) == ["neu/4/none"]
    assert (tmp_path / "new" / "dev_size.png").exists()


def test_rows_are_summed_up_by_the_size_that_they_were_measured_at(small_ksdd):
    dataset, _ = load_ksdd(small_ksdd)
    study = dev_size._Study(dataset, stratified, (6, 12, 30), ksdd.METHODS, ksdd.QUICK, (32, 32))
    seeds = []

    def right_from_12_on(split):
        seeds.append(split.seed)
        truth = np.eye(2)[split.dataset.y[split.test]]
        return truth if len(split.rows) >= 12 else 1 - truth

    rows = dev_size._measured(study, {"right": right_from_12_on}, 2, quick=True, keep=None)
    assert {size: row["f1_median"] for size, row in rows["right"].items()} == {6: 0, 12: 1, 30: 1}
    assert all(row["seeds"] == 2 for row in rows["right"].values())
    assert seeds == [0, 1] * 3


def test_development_sets_of_the_full_form_hold_five_cracks_at_least(data_dir):
    cracks = dev_size._ksdd(data_dir, quick=False)
    assert [
        cracks.dataset.y[cracks.draw(cracks.dataset.y, size, 0)].sum() for size in cracks.sizes
    ] == pytest.approx([5, 10, 20], abs=1)
    steel = dev_size._neu(data_dir, quick=False)
    for size in steel.sizes:
        drawn = steel.draw(steel.dataset.y, size, 0)
        assert np.bincount(steel.dataset.y[drawn]).tolist() == 6 * [size]
