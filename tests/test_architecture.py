import subprocess
import sys
from pathlib import Path

import pytest

import ig_widgets

REPO = Path(__file__).resolve().parents[1]


def loaded_by(statement):
    """Names of the modules that a fresh interpreter has loaded after a statement."""
    code = f"import sys; {statement}; print(*sys.modules)"
    return set(
        subprocess.run(
            [sys.executable, "-c", code], capture_output=True, text=True, check=True
        ).stdout.split()
    )


@pytest.mark.parametrize("name", ig_widgets.__all__)
def test_every_public_name_is_there_and_documented(name):
    assert getattr(ig_widgets, name).__doc__


def test_an_unknown_name_is_an_attribute_error():
    with pytest.raises(AttributeError, match="Widgetry"):
        ig_widgets.Widgetry  # noqa: B018


def test_importing_the_package_loads_nothing_heavy():
    assert not {"numpy", "pandas", "cv2", "sklearn", "ipywidgets"} & loaded_by("import ig_widgets")


@pytest.mark.parametrize("module", ["crowd.boxes", "labeling.labeler", "matching.matcher"])
def test_compute_loads_no_widget_module(module):
    loaded = loaded_by(f"import ig_widgets.compute.{module}")
    assert not {"ipywidgets", "anywidget", "ipycanvas", "IPython", "ig_widgets.widgets"} & loaded


def test_widgets_load_no_learning_library():
    assert not {"torch", "sklearn", "ig_widgets.compute"} & loaded_by(
        "import ig_widgets.widgets.box_annotator"
    )


def test_the_import_contract_holds():
    command = [str(Path(sys.executable).with_name("lint-imports"))]
    finished = subprocess.run(command, cwd=REPO, capture_output=True, text=True, check=False)
    assert finished.returncode == 0, finished.stdout
