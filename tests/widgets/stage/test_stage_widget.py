import time

import numpy as np
import pytest

from ig_widgets.data.images import ImageSet
from ig_widgets.data.log.log import AnnotationLog
from ig_widgets.widgets.stage.stage_widget import StageWidget

IDS = ["a.png", "b.png", "c.png"]


class Plain(StageWidget):
    """What a base does without a word from its subclass."""

    def __init__(self, folder, images, classes=("crack",), order=None, **settings):
        super().__init__(images, classes, order, script=folder / "plain.js", source="Plain", **settings)


@pytest.fixture
def images():
    return ImageSet.from_arrays([np.full((40, 60), 50 * i, np.uint8) for i in range(3)], ids=IDS)


@pytest.fixture
def log(tmp_path):
    with AnnotationLog(tmp_path / "annotations.db") as opened:
        yield opened


@pytest.fixture
def plain(tmp_path, images, log):
    for ending in ("js", "css"):
        (tmp_path / f"plain.{ending}").write_text("")

    def make(**settings):
        return Plain(tmp_path, images, **{"log": log, **settings})

    return make


def say(image, action="g"):
    statement = {"key": f"{action}-1", "image": image, "label": "crack", "present": True}
    return {"kind": "say", "action": action, "image": image, "statements": [statement]}


def news(widget):
    return [
        data["content"]["news"] for _, data, _ in widget._layer.comm.sent if "news" in data.get("content", {})
    ]


def test_the_browser_is_told_the_page_the_classes_and_who_says_things_where(plain, ask, log):
    told = ask(plain(order=[2, 0], annotator="ada", note="look")._layer, "hello")[0]["ok"]
    assert (told["page"]["image"], told["images"], told["classes"]) == ("c.png", 2, ["crack"])
    assert (told["log"], told["annotator"], told["note"], told["end"]) == (log.id, "ada", "look", None)


def test_what_is_said_is_in_the_log_and_every_view_hears_of_it(plain, ask, log):
    widget = plain(annotator="ada")
    answer = ask(widget._layer, "act", gesture=say("b.png"))[0]["ok"]
    assert (answer["touched"], answer["page"]["image"]) == (["b.png"], "b.png")
    assert log.annotations[["image", "annotator", "source"]].to_numpy().tolist() == [
        ["b.png", "ada", "Plain"]
    ]
    assert [(one["page"]["image"], one["turned"]) for one in news(widget)] == [("b.png", False)]


def test_what_is_about_other_images_is_left_for_another_widget(plain, ask, log):
    assert ask(plain(order=[0])._layer, "act", gesture=say("b.png"))[0]["ok"] == {"elsewhere": True}
    assert log.annotations.empty


def test_the_note_counts_on_after_a_statement(plain, ask, log):
    widget = plain(note=lambda: f"{3 - len(log.annotations)} are left")
    assert ask(widget._layer, "hello")[0]["ok"]["note"] == "3 are left"
    ask(widget._layer, "act", gesture=say("b.png"))
    wait_for(lambda: any("facts" in one for one in news(widget)))
    assert [one["facts"]["note"] for one in news(widget) if "facts" in one] == ["2 are left"]


def test_the_page_travels_with_the_state_and_is_painted_when_the_widget_is_displayed(plain, ask):
    widget = plain()
    widget._repr_mimebundle_()
    first = widget._layer._first
    assert first["value"]["page"]["width"] == 60
    assert widget.canvas.width == 60
    assert ask(widget._layer, "hello")[0]["ok"] == first["value"]  # nothing that is newer


def test_style_sheets_of_two_widgets_have_names_of_their_own(plain, tmp_path, images, log):
    for ending in ("js", "css"):
        (tmp_path / f"other.{ending}").write_text("")
    other = StageWidget(images, ["crack"], None, script=tmp_path / "other.js", source="Other", log=log)
    assert other._layer._anywidget_id != plain()._layer._anywidget_id
    assert plain()._layer._anywidget_id == plain()._layer._anywidget_id
    assert "ig-other" in other._dom_classes


@pytest.mark.parametrize(
    ("wrong", "error", "sentence"),
    [
        ({"order": []}, ValueError, "there are no images to show"),
        ({"order": [3]}, IndexError, "3"),
        ({"classes": []}, ValueError, "there are no classes"),
        ({"classes": [0, 1]}, ValueError, "class 0 is 0"),  # an order in the place of the classes
        ({"anotator": "ada"}, TypeError, "anotator"),
    ],
)
def test_what_cannot_be_is_refused_and_nothing_is_left_to_close(plain, wrong, error, sentence):
    with pytest.raises(error, match=sentence):
        plain(**wrong)


def test_a_widget_that_is_closed_gives_back_what_it_holds(plain):
    closed = []
    widget = plain(on_close=[lambda: closed.append("own")])
    widget.close()
    assert closed == ["own"]
    assert widget._layer.comm is None


def wait_for(happens):
    end = time.monotonic() + 20
    while not happens():
        assert time.monotonic() < end
        time.sleep(0.01)
