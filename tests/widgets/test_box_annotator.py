import numpy as np
import pytest

from ig_widgets.data.images import ImageSet
from ig_widgets.data.log.log import AnnotationLog
from ig_widgets.widgets.box_annotator import BoxAnnotator

IDS = ["a.png", "b.png", "c.png"]
BOX = {"label": "crack", "present": True, "x": 3, "y": 4, "width": 10, "height": 12}


@pytest.fixture
def images():
    return ImageSet.from_arrays([np.full((40, 60), 50 * i, np.uint8) for i in range(3)], ids=IDS)


@pytest.fixture
def log(tmp_path):
    with AnnotationLog(tmp_path / "annotations.db") as opened:
        yield opened


@pytest.fixture
def say(ask):
    """Say something as the browser does."""

    def gesture(annotator, image, *statements, kind="say", action=None):
        named = [{"key": f"{image}-{i}-{action}", "image": image, **row} for i, row in enumerate(statements)]
        action = action or f"{image}-{len(named)}-{kind}"
        told = {"kind": kind, "action": action, "image": image, "statements": named}
        answer, _ = ask(annotator._layer, "act", gesture=told)
        return answer["ok"]

    return gesture


def test_what_is_said_is_in_the_log_when_it_is_acknowledged(images, log, say):
    annotator = BoxAnnotator(images, ["crack"], log=log, annotator="ada")
    answer = say(annotator, "a.png", BOX)
    counts = {"images": 3, "seen": 1, "defective": 1, "boxes": 1, "classes": [1], "next": 1, "goal": None}
    assert answer["progress"] == counts
    (row,) = log.annotations.to_dict("records")
    assert (row["image"], row["annotator"], row["source"]) == ("a.png", "ada", "BoxAnnotator")
    assert [row[name] for name in ("x", "y", "width", "height")] == [3, 4, 10, 12]
    assert annotator.annotations.equals(log.annotations)


def test_a_gesture_sent_twice_is_saved_once(images, log, say):
    annotator = BoxAnnotator(images, ["crack"], log=log)
    for _ in range(2):
        say(annotator, "a.png", BOX, action="g1")
    assert len(log.annotations) == 1


def test_an_undo_sent_twice_is_done_once(images, log, say):
    annotator = BoxAnnotator(images, ["crack"], log=log)
    say(annotator, "a.png", BOX, action="g1")
    say(annotator, "b.png", BOX, action="g2")
    for _ in range(2):
        answer = say(annotator, "b.png", kind="undo", action="g3")
        assert answer["touched"] == ["b.png"]
    assert log.annotations["image"].tolist() == ["a.png"]
    answer = say(annotator, "b.png", kind="redo", action="g4")
    assert [box["x"] for box in answer["page"]["boxes"]] == [3]


def test_what_is_about_other_images_is_left_for_another_widget(images, log, say, ask):
    annotator = BoxAnnotator(images, ["crack"], [0, 1], log=log)
    say(annotator, "a.png", BOX)
    assert say(annotator, "c.png", BOX) == {"elsewhere": True}
    other = BoxAnnotator(images, ["crack"], [0], log=log)
    hello, _ = ask(other._layer, "hello")
    undo = {"kind": "undo", "action": "u", "image": "a.png", "queue": hello["ok"]["queue"]}
    answer, _ = ask(annotator._layer, "act", gesture=undo)
    assert answer["ok"] == {"elsewhere": True}
    assert log.annotations["image"].tolist() == ["a.png"]


def test_all_views_hear_of_a_turned_page_and_of_what_was_said(images, log, say, ask):
    annotator = BoxAnnotator(images, ["crack"], log=log)
    say(annotator, "a.png", BOX)
    ask(annotator._layer, "show", position=2)
    news = [
        data["content"]["news"]
        for _, data, _ in annotator._layer.comm.sent
        if "news" in data.get("content", {})
    ]
    assert [(told["page"]["image"], told["turned"]) for told in news] == [("a.png", False), ("c.png", True)]


def test_a_label_of_the_whole_image_counts_as_found_and_is_no_box(images, log, ask):
    log.append([{"image": "a.png", "label": "crack", "present": True}], annotator="me")
    hello, _ = ask(BoxAnnotator(images, ["crack"], log=log)._layer, "hello")
    assert hello["ok"]["progress"]["defective"] == 1
    hello, _ = ask(BoxAnnotator(images, ["crack"], [0], log=log)._layer, "hello")
    assert hello["ok"]["page"]["boxes"] == []


def test_a_closed_view_gives_its_memory_back_and_another_goes_on(images, log, ask):
    annotator = BoxAnnotator(images, ["crack"], log=log)
    ask(annotator._layer, "hello")
    ask(annotator._layer, "bye")
    assert not annotator._viewer._pages._decoded
    answer, _ = ask(annotator._layer, "show", position=1)
    assert answer["ok"]["page"]["width"] == 60


def test_nothing_to_undo_touches_nothing(images, log, say):
    log.append([{"image": "a.png", **BOX}], annotator="me", source="elsewhere")
    answer = say(BoxAnnotator(images, ["crack"], log=log), "a.png", kind="undo")
    assert answer["touched"] == []
    assert len(log.annotations) == 1


def test_the_queue_goes_on_where_nothing_was_said_yet(images, log, ask):
    log.append([{"image": "c.png", **BOX}], annotator="ada")
    annotator = BoxAnnotator(images, ["crack"], [2, 0, 1], log=log, annotator="ada")
    hello, _ = ask(annotator._layer, "hello")
    assert hello["ok"]["page"]["image"] == "a.png"
    assert hello["ok"]["progress"]["seen"] == 1


def test_an_annotator_sees_only_what_they_said_themselves(images, log, ask):
    log.append([{"image": "a.png", **BOX}], annotator="bob")
    annotator = BoxAnnotator(images, ["crack"], log=log, annotator="ada")
    hello, _ = ask(annotator._layer, "hello")
    assert hello["ok"]["page"]["boxes"] == []
    assert annotator.annotations.empty


def test_what_was_said_about_other_images_is_not_ours(images, log):
    log.append([{"image": "z.png", **BOX}], annotator="me")
    assert BoxAnnotator(images, ["crack"], log=log).annotations.empty


def test_examples_come_as_pictures_of_their_class(images, log, ask):
    crops = [np.zeros((5, 9), np.uint8), np.zeros((6, 9, 3), np.uint8)]
    annotator = BoxAnnotator(images, ["crack", "dent"], log=log, examples={"dent": crops})
    hello, buffers = ask(annotator._layer, "hello")
    assert hello["ok"]["examples"] == ["dent", "dent"]
    assert all(bytes(buffer).startswith(b"\xff\xd8") for buffer in buffers)


def test_only_listed_images_can_be_asked_for(images, log, ask):
    annotator = BoxAnnotator(images, ["crack"], [0, 1], log=log)
    answer, _ = ask(annotator._layer, "show", position=2)
    assert answer["error"]["message"] == "there is no image 2; there are 2"
    answer, _ = ask(annotator._layer, "detail", position=-1, x=0, y=0, width=5, height=5, reduction=1)
    assert answer["error"]["message"] == "there is no image -1; there are 2"


def test_an_unreadable_image_is_a_page_with_its_problem(tmp_path, log, ask):
    file = tmp_path / "broken.bmp"
    ImageSet.from_arrays([np.zeros((4, 4), np.uint8)])
    import cv2

    cv2.imwrite(str(file), np.zeros((30, 30), np.uint8))
    images = ImageSet.from_files([file])
    file.write_bytes(b"no longer an image")
    answer, _ = ask(BoxAnnotator(images, ["crack"], log=log)._layer, "hello")
    assert "broken.bmp" in answer["ok"]["page"]["problem"]


@pytest.mark.parametrize(
    ("wrong", "sentence"),
    [
        ({"classes": []}, "there are no classes: name at least one"),
        ({"classes": ["a", "a"]}, "the class 'a' is named twice"),
        ({"classes": ["a", ""]}, "class 1 is ''"),
        ({"order": []}, "there are no images to show"),
        ({"examples": {"b": []}}, "examples has the class 'b'; the classes are crack"),
    ],
)
def test_what_cannot_be_is_refused(images, log, wrong, sentence):
    with pytest.raises(ValueError, match=sentence):
        BoxAnnotator(images, **{"classes": ["crack"], "log": log, **wrong})
