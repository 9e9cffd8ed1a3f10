import re
import sys
from functools import partial

import pandas as pd
import pytest

from ig_widgets.experiments import demo
from ig_widgets.systems.inspector_gadget.gadget import InspectorGadget


def test_an_earlier_demo_is_replaced_and_nothing_else(tmp_path):
    beside = tmp_path / "beside.txt"
    beside.write_text("mine")
    demo.clear(tmp_path / "demo")
    (tmp_path / "demo" / "weak_labels.csv").write_text("old")
    demo.clear(tmp_path / "demo")
    assert [path.name for path in (tmp_path / "demo").iterdir()] == [".ig_widgets-demo"]
    assert beside.read_text() == "mine"


def test_a_folder_with_other_files_is_refused_and_left_alone(tmp_path):
    (tmp_path / "thesis.tex").write_text("years of work")
    with pytest.raises(SystemExit, match="holds other files: name a new folder with --out"):
        demo.clear(tmp_path)
    assert (tmp_path / "thesis.tex").read_text() == "years of work"


@pytest.mark.slow
def test_the_demo_labels_better_than_the_majority_class(tmp_path, monkeypatch, capsys):
    out = tmp_path / "demo"
    monkeypatch.setattr(sys, "argv", ["demo", "--out", str(out)])
    # the whole of it, with what takes the most time, is `make demo`
    monkeypatch.setattr(demo, "InspectorGadget", partial(InspectorGadget, detector=False, progress=False))
    monkeypatch.setattr(demo, "N_IMAGES", 60)
    monkeypatch.setattr(demo, "N_DEFECTIVE", 8)
    demo.main()
    printed = capsys.readouterr().out
    weak, majority = (float(value) for value in re.findall(r"F1 of the .* (0\.\d+|1\.0+)", printed))
    assert weak > majority + 0.3
    labels = pd.read_csv(out / "weak_labels.csv")
    assert len(labels) == 60
    assert labels["label"].isin(["ok", demo.KIND]).all()
    assert "data:image/png;base64," in (out / "report.html").read_text(encoding="utf-8")
