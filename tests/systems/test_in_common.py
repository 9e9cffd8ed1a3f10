"""What every system promises; a new one needs its data here, and nothing else."""

import inspect

import numpy as np
import pandas as pd
import pytest

import ig_widgets
from ig_widgets.compute.labeling.labeler import WeakLabeler
from ig_widgets.data.images import ImageSet
from ig_widgets.data.log.log import AnnotationLog
from ig_widgets.reports.report import Report
from ig_widgets.systems.system import LabelsImages, ReviewsLabels, System, Task

BAR = {"label": "bar", "present": True, "x": 20, "y": 10, "width": 14, "height": 8}
SYSTEMS = {
    name: getattr(ig_widgets, name)
    for name in ig_widgets.__all__
    if getattr(getattr(ig_widgets, name), "__module__", "").startswith("ig_widgets.systems.")
}


@pytest.fixture
def log(tmp_path):
    with AnnotationLog(tmp_path / "annotations.db") as opened:
        yield opened


def noise(*, bars):
    arrays = [np.random.default_rng(i).normal(150, 8, (40, 50)) for i in range(12)]
    for array in arrays[::2] if bars else ():
        array[12:16, 22:32] -= 60
    return ImageSet.from_arrays([np.clip(array, 0, 255).astype(np.uint8) for array in arrays])


def of_boxes(log):
    said = [BAR if i % 2 == 0 else {"label": "bar", "present": False} for i in range(10)]
    log.append([{"image": str(i), **of} for i, of in enumerate(said)], annotator="me")
    return {
        "images": noise(bars=True),
        "classes": ["bar"],
        "target": 3,
        "augment": (),
        "detector": False,
        "labeler": WeakLabeler(hidden_layers=[(4,)], alpha=1.0, n_members=1),
        "progress": False,
    }


def of_labels(log):  # noqa: ARG001
    return {
        "images": noise(bars=True),
        "labels": ["bar", "ok"] * 6,
        "n_words": 8,
        "progress": False,
    }


ARGUMENTS = {"InspectorGadget": of_boxes, "MLfix": of_labels}


@pytest.fixture(params=SYSTEMS)
def made(request, log, wire):  # noqa: ARG001
    """A system and the arguments that it was made with."""
    given = {**ARGUMENTS[request.param](log), "log": log}
    return SYSTEMS[request.param](**given), given


def test_systems_are_found():
    assert SYSTEMS.keys() == ARGUMENTS.keys()


def test_arguments_come_back_as_attributes_of_their_names(made):
    system, given = made
    for name, parameter in inspect.signature(type(system)).parameters.items():
        value = getattr(system, name)
        assert value is given.get(name, parameter.default), name


def test_a_system_asks_and_learns_and_reports(made):
    system, _ = made
    assert isinstance(system.due, Task)
    for _ in range(2):  # before it learned, and after
        task = system.due
        assert isinstance(task.stage, str)
        assert task.why.endswith(".")
        assert len(task.why.split()) > 4
        assert len(np.unique(task.order)) == len(task.order) > 0
        assert system.ask()._session.hello()["note"] == task.why
        with pytest.raises(ValueError, match="'coffee'"):
            system.ask("coffee")
        assert isinstance(system.annotations, pd.DataFrame)
        assert {"image", "annotator", "label", "present"} <= set(system.annotations)
        assert system.learn() is system
    assert isinstance(system, System)
    assert isinstance(system, LabelsImages) != isinstance(system, ReviewsLabels)
    if isinstance(system, LabelsImages):
        assert isinstance(system.weak_labels, pd.DataFrame)
        assert system.weak_labels["image"].tolist() == list(system.images.ids)
    else:
        assert isinstance(system.corrected_labels, pd.Series)
        assert system.corrected_labels.tolist() == list(system.labels)
    assert isinstance(system.report(), Report)


def test_what_was_not_learned_is_not_there(made):
    system, _ = made
    for name in ("P_", "y_", "orders_", "suspected_", "words_", "clusters_"):
        assert not hasattr(system, name)
    system.learn()
    assert len(system.P_) == 12
