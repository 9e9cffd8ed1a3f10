import json

import cv2
import numpy as np
import pytest

from ig_widgets.experiments import match_speed
from ig_widgets.experiments.__main__ import main
from ig_widgets.experiments.match_scale import measure
from ig_widgets.experiments.parts.memory import bare_interpreter_mib, peak_mib


@pytest.fixture
def small(tmp_path):
    """Sixteen images of 160 x 220 and nine patterns, laid out as KSDD is."""
    rng = np.random.default_rng(0)

    def write(name, shape):
        file = tmp_path / "ksdd" / f"{name}.png"
        file.parent.mkdir(parents=True, exist_ok=True)
        noise = cv2.GaussianBlur(rng.normal(size=shape), (0, 0), 3)
        cv2.imwrite(str(file), cv2.normalize(noise, None, 0, 255, cv2.NORM_MINMAX).astype(np.uint8))

    for i in range(16):
        write(f"images/{i:02}", (220, 160))
    for origin in ("original", "gan", "policy"):
        for i in range(3):
            write(f"patterns/{origin}/{i}", tuple(rng.integers(30, 60, 2)))
    return tmp_path


def test_match_speed_compares_the_ways(small, tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(match_speed, "N_JOBS", 1)
    file = tmp_path / "result.json"
    assert main(["match-speed", "--data", str(small), "--seeds", "1", "--json", str(file)]) == 0
    result = json.loads(file.read_text(encoding="utf-8"))
    metrics = {
        row: {name: value["median"] for name, value in values.items()}
        for row, values in result["metrics"].items()
    }
    assert {"pyramid", "full", "cv2_full", "cv2_pyramid"} <= set(metrics["milliseconds_per_pair"])
    assert metrics["full_against_cv2"]["largest"] < 1e-4
    assert metrics["full_against_cv2"]["same_place"] == 1
    assert metrics["pyramid_against_full"]["within_0.005"] > 0.9
    assert metrics["rounding"]["full"] < 1e-9
    assert all(value > 20 for value in metrics["peak_mib"].values())
    assert result["settings"]["patterns"] == 9
    assert "times_as_fast" in capsys.readouterr().out


def test_match_speed_without_data_gives_a_sentence(tmp_path, capsys):
    assert main(["match-speed", "--data", str(tmp_path)]) == 1
    assert "no KSDD data set" in capsys.readouterr().err


@pytest.mark.slow
def test_a_killed_run_of_match_scale_ends_as_the_undisturbed_one():
    found = measure(seed=0, n_images=600)
    assert found["killed"]["largest_difference"] == 0
    assert 0 <= found["killed"]["done_twice"] <= 1
    assert found["undisturbed"]["mib_above_interpreter"] < 2048


def test_memory_is_that_of_this_process_alone():
    before = peak_mib()
    block = np.ones(2**24)
    assert peak_mib() - before > 0.9 * block.nbytes / 2**20 or before > 1024
    assert 2 < bare_interpreter_mib() < 60
