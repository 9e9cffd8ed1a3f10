import json
import math

import cv2
import numpy as np
import pandas as pd
import pytest

from ig_widgets.experiments.__main__ import main
from ig_widgets.experiments.neu import PATTERNS_PER_CLASS
from ig_widgets.experiments.tables import summary, table

MEASURES = {"precision", "recall", "f1", "accuracy", "roc_auc", "average_precision"}


def written(file):
    result = json.loads(file.read_text(encoding="utf-8"))
    assert set(result) == {"experiment", "metrics", "settings"}
    for row in result["metrics"].values():
        assert set(row) == MEASURES
        for values in row.values():
            assert values["min"] <= values["median"] <= values["max"]
            assert all(math.isfinite(value) for value in values.values())
    return result


@pytest.fixture
def small_ksdd(tmp_path):
    """100 images of 60 x 40, 20 of them with a dark bar."""
    rng = np.random.default_rng(0)
    for name in ("images", "masks"):
        (tmp_path / "ksdd" / name).mkdir(parents=True)
    rows = []
    for i in range(100):
        image = rng.integers(150, 190, (60, 40)).astype(np.uint8)
        if i < 20:
            x, y = rng.integers(2, 18), rng.integers(2, 48)
            image[y : y + 4, x : x + 18] -= 60
            mask = np.zeros_like(image)
            mask[y - 2 : y + 7, x - 2 : x + 21] = 255
            cv2.imwrite(str(tmp_path / "ksdd" / "masks" / f"{i:03}.png"), mask)
        cv2.imwrite(str(tmp_path / "ksdd" / "images" / f"{i:03}.jpg"), image)
        rows.append((i, f"{i:03}.jpg", "crack" if i < 20 else "ok", "dev" if i % 4 else "test"))
    columns = ["id", "file", "label", "split"]
    pd.DataFrame(rows, columns=columns).to_csv(tmp_path / "ksdd" / "labels.csv", index=False)
    return tmp_path


@pytest.fixture
def small_neu(tmp_path):
    """Two classes of 104 images of 40 x 40: bright crosses and dark squares, each with its box."""
    rng = np.random.default_rng(0)
    for name in ("images", "annotations_voc"):
        (tmp_path / name).mkdir()
    for kind in ("cross", "dark_square"):
        for i in range(104):
            image = rng.integers(100, 140, (40, 40)).astype(np.uint8)
            x, y = rng.integers(1, 28, 2)
            if kind == "cross":
                image[y + 4 : y + 6, x : x + 10] += 80
                image[y : y + 10, x + 4 : x + 6] = 215
            else:
                image[y + 2 : y + 8, x + 2 : x + 8] -= 80
            cv2.imwrite(str(tmp_path / "images" / f"{kind}_{i}.jpg"), image)
            (tmp_path / "annotations_voc" / f"{kind}_{i}.xml").write_text(
                f"<annotation><filename>{kind}_{i}.jpg</filename>"
                "<size><width>40</width><height>40</height><depth>1</depth></size>"
                f"<object><name>{kind}</name><bndbox><xmin>{x + 1}</xmin><ymin>{y + 1}</ymin>"
                f"<xmax>{x + 10}</xmax><ymax>{y + 10}</ymax></bndbox></object></annotation>",
                encoding="utf-8",
            )
    return tmp_path


def test_ksdd_writes_its_figures_and_beats_calling_everything_sound(small_ksdd, tmp_path, capsys):
    file = tmp_path / "result.json"
    assert main(["ksdd", "--data", str(small_ksdd), "--seeds", "1", "--json", str(file)]) == 0
    result = written(file)
    assert result["experiment"] == "ksdd"
    assert set(result["metrics"]) == {
        "random_splits",
        "random_splits_all_ok",
        "published_split",
        "published_split_all_ok",
    }
    assert result["metrics"]["random_splits_all_ok"]["f1"]["max"] == 0
    assert result["metrics"]["random_splits"]["f1"]["median"] > 0.5
    assert result["settings"]["seeds"] == 1
    assert result["settings"]["patterns"] == 20
    assert "random_splits" in capsys.readouterr().out


def test_neu_writes_its_figures_and_accepts_the_folder_of_the_set_itself(small_neu, tmp_path, capsys):
    file = tmp_path / "result.json"
    assert main(["neu", "--data", str(small_neu), "--seeds", "1", "--json", str(file)]) == 0
    result = written(file)
    assert result["settings"]["classes"] == ["cross", "dark_square"]
    assert result["settings"]["patterns_matched"] == 2 * PATTERNS_PER_CLASS
    assert result["metrics"]["random_splits"]["f1"]["median"] > 0.8
    assert "all_one_class" in capsys.readouterr().out


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


@pytest.mark.slow
def test_real_cracks_are_found(data_dir, tmp_path, capsys):
    file = tmp_path / "result.json"
    assert main(["ksdd", "--data", str(data_dir), "--seeds", "3", "--json", str(file)]) == 0
    found = written(file)["metrics"]
    assert found["random_splits"]["f1"]["median"] >= 0.5
    assert found["random_splits"]["roc_auc"]["median"] >= 0.8
    assert "random_splits" in capsys.readouterr().out
