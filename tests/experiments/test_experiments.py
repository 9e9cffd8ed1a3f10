import json
from functools import partial

import numpy as np
import pytest
from sklearn.metrics import f1_score

from ig_widgets.compute.matching.matcher import match
from ig_widgets.data.patterns import crop_patterns
from ig_widgets.experiments import ksdd, neu
from ig_widgets.experiments.__main__ import main
from ig_widgets.experiments.parts.ablation import compare
from ig_widgets.experiments.parts.datasets import load_ksdd, stratified
from ig_widgets.experiments.parts.methods import METHODS
from ig_widgets.experiments.parts.tables import row_summary, summary, table

ROW = ["f1_median", "f1_min", "f1_max", "ap_median", "seeds"]


def written(file, rows):
    result = json.loads(file.read_text(encoding="utf-8"))
    assert list(result) == ["experiment", "metrics", "settings"]
    assert list(result["metrics"]) == list(rows)
    for row in result["metrics"].values():
        assert list(row) == ROW
        assert 0 <= row["f1_min"] <= row["f1_median"] <= row["f1_max"] <= 1
        assert 0 < row["ap_median"] <= 1
        assert row["seeds"] == result["settings"]["seeds"] == 1
    return result


def quickly(name, data, tmp_path):
    file, pictures = tmp_path / "result.json", tmp_path / "pictures"
    assert main([name, "--data", str(data), "--quick", "--json", str(file), "--pictures", str(pictures)]) == 0
    assert (pictures / f"{name}.png").stat().st_size > 5000
    return written(file, {"ksdd": ksdd, "neu": neu}[name].METHODS)


def test_ksdd_writes_its_rows_and_beats_calling_everything_sound(small_ksdd, tmp_path, capsys):
    result = quickly("ksdd", small_ksdd, tmp_path)
    assert result["experiment"] == "ksdd"
    assert (result["settings"]["cracks"], result["settings"]["development_size"]) == (12, 12)
    assert result["metrics"]["one_class"]["f1_max"] == 0
    assert result["metrics"]["both"]["f1_median"] > 0.8
    assert "max_similarity" in capsys.readouterr().out


def test_neu_writes_its_rows_and_accepts_the_folder_of_the_set_itself(small_neu, tmp_path, capsys):
    result = quickly("neu", small_neu / "neu_det", tmp_path)
    assert result["settings"]["classes"] == ["cross", "dark_square"]
    assert result["metrics"]["both"]["f1_median"] > 0.8
    assert "one_class" in capsys.readouterr().out


def first_column(split, *, offset):
    """Call what resembles the first pattern by more than an offset a crack."""
    p = split.label().X_[split.test, 0] - offset + 0.5
    return np.column_stack([1 - p, p])


def test_methods_are_measured_outside_each_development_set_with_any_number_of_processes(small_ksdd):
    dataset, _ = load_ksdd(small_ksdd)
    developments = [stratified(dataset.y, size, size) for size in (12, 18, 24)]
    methods = {
        "truth": lambda split: np.eye(2)[split.dataset.y[split.test]],
        "first_column": partial(first_column, offset=0.5),
        "none": METHODS["none"],
    }
    serial, parallel = (
        compare(dataset, developments, methods, processes=processes, **ksdd.QUICK) for processes in (1, 2)
    )
    assert serial == parallel
    assert [run["f1"] for run in serial["truth"]] == [1, 1, 1]
    for seed, (rows, run) in enumerate(zip(developments, serial["first_column"], strict=True)):
        # the pattern that comes first: of some drawn by the seed, that of the image that comes first
        boxes = dataset.boxes[dataset.boxes["image"].isin(dataset.images[rows].ids)]
        some = boxes.sample(frac=1, random_state=seed)[: ksdd.QUICK["patterns_per_class"]].sort_index()
        pattern = crop_patterns(dataset.images, some)[0]
        found = [
            match(image, pattern, search="pyramid").score > 0.5
            for row, image in enumerate(dataset.images)
            if row not in rows
        ]
        assert run["f1"] == f1_score(np.delete(dataset.y, rows), found)


def test_what_was_measured_before_an_interruption_is_not_measured_again(small_ksdd, tmp_path):
    dataset, _ = load_ksdd(small_ksdd)
    developments = [stratified(dataset.y, 12, seed) for seed in range(2)]
    measured = []

    def answer(split, *, first_until):
        measured.append(split.seed)
        if len(measured) == 2:
            raise KeyboardInterrupt
        return np.eye(2)[(split.test >= first_until).astype(int)]

    def compared(first_until):
        methods = {"answer": partial(answer, first_until=first_until)}
        return compare(dataset, developments, methods, processes=1, keep=tmp_path / "kept", **ksdd.QUICK)

    with pytest.raises(KeyboardInterrupt):
        compared(20)
    finished = compared(20)
    assert measured == [0, 1, 1]
    assert compared(20) == finished
    assert measured == [0, 1, 1]
    assert compared(30) != finished  # another setting of the method
    assert measured == [0, 1, 1, 0, 1]


def test_only_long_experiments_keep_what_is_done(tmp_path, capsys):
    with pytest.raises(SystemExit):
        main(["errors", "--data", str(tmp_path), "--keep", str(tmp_path)])
    assert "no option --keep" in capsys.readouterr().err


def test_an_unknown_name_lists_the_known_ones(capsys):
    with pytest.raises(SystemExit):
        main(["kssd", "--data", "."])
    error = capsys.readouterr().err
    assert "ksdd" in error
    assert "neu" in error


@pytest.mark.parametrize(("name", "sentence"), [("ksdd", "no KSDD data set"), ("neu", "no NEU data set")])
def test_missing_data_give_a_sentence(name, sentence, tmp_path, capsys):
    assert main([name, "--data", str(tmp_path)]) == 1
    assert sentence in capsys.readouterr().err


def test_no_seed_is_refused(tmp_path, capsys):
    with pytest.raises(SystemExit):
        main(["ksdd", "--data", str(tmp_path), "--seeds", "0"])
    assert "at least 1" in capsys.readouterr().err


def test_a_summary_is_median_and_range_whatever_the_order():
    runs = [{"f1": value} for value in (0.9, 0.1, 0.4, 0.6)]
    assert summary(runs) == summary(runs[::-1]) == {"f1": {"median": 0.5, "min": 0.1, "max": 0.9}}
    assert "0.500 (0.100-0.900)" in table({"row": summary(runs)})


def test_a_row_is_median_and_range_whatever_the_order():
    runs = [{"f1": value, "average_precision": value / 2} for value in (0.9, 0.1, 0.4, 0.6)]
    row = dict(zip(ROW, (0.5, 0.1, 0.9, 0.25, 4), strict=True))
    assert row_summary(runs) == row_summary(runs[::-1]) == row
    assert table({"none": row}).splitlines()[1].split() == ["none", "0.500", "0.100", "0.900", "0.250", "4"]


@pytest.mark.slow
@pytest.mark.parametrize("name", ["ksdd", "neu"])
def test_real_images_go_through(name, data_dir, tmp_path, capsys):
    quickly(name, data_dir, tmp_path)
    assert "learned" in capsys.readouterr().out


@pytest.mark.slow
def test_real_cracks_are_found_by_the_patterns_alone(data_dir):
    dataset, _ = load_ksdd(data_dir)
    developments = [stratified(dataset.y, 78, seed) for seed in range(3)]
    settings = {**ksdd.SETTINGS, "labeling": {"hidden_layers": [(4,), (8, 8)]}}
    runs = compare(dataset, developments, {"none": METHODS["none"]}, processes=2, **settings)
    assert np.median([run["f1"] for run in runs["none"]]) >= 0.4
    assert np.median([run["average_precision"] for run in runs["none"]]) >= 0.5
