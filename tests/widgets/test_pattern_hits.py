import threading

import cv2
import numpy as np
import pytest

from ig_widgets.compute.matching.matcher import PatternMatcher
from ig_widgets.compute.matching.score_map import score_map
from ig_widgets.data.images import ImageSet
from ig_widgets.data.log.log import AnnotationLog
from ig_widgets.widgets.pattern_hits import PatternHits, heat_png

PATIENCE_S = 30


@pytest.fixture
def images():
    """Noise, in some of which the same cross is hidden."""
    rng = np.random.default_rng(0)
    arrays = [rng.integers(90, 130, (60, 80), np.uint8) for _ in range(5)]
    for i, (x, y) in {0: (10, 20), 2: (50, 30), 4: (33, 5)}.items():
        arrays[i][y : y + 12, x + 4 : x + 7] = 240
        arrays[i][y + 4 : y + 7, x : x + 12] = 240
    return ImageSet.from_arrays(arrays, ids=[f"{name}.png" for name in "abcde"])


@pytest.fixture
def log(tmp_path):
    with AnnotationLog(tmp_path / "annotations.db") as opened:
        yield opened


@pytest.fixture
def finder(images, log):
    def make(find=None, **settings):
        matcher = PatternMatcher([])
        found = find or (lambda pattern: matcher.hits(images, pattern, threshold=0.5))
        return PatternHits(images, ["cross", "dot"], find=found, log=log, annotator="ada", **settings)

    return make


@pytest.fixture
def look(ask):
    """Look for a box, and wait until everything was looked through."""

    def search(widget, position=0, box=(9, 19, 14, 14)):
        answer = ask(widget._layer, "look", position=position, box=list(box))[0]
        if "ok" in answer:
            for thread in threading.enumerate():
                if thread.name == "ig_widgets-hits":
                    thread.join(PATIENCE_S)
        return answer

    return search


def news(widget, name):
    sent = [
        data["content"]["news"] for _, data, _ in widget._layer.comm.sent if "news" in data.get("content", {})
    ]
    return [one[name] for one in sent if name in one]


def test_one_box_finds_its_like_in_all_images(finder, look, ask):
    widget = finder()
    look(widget)
    hits = widget.hits
    assert hits["image"].tolist()[0] == "a.png"
    assert sorted(hits["image"]) == ["a.png", "c.png", "e.png"]
    assert hits["score"].is_monotonic_decreasing
    assert news(widget, "searched")[-1] == {"search": 1, "first": 0, "done": True, "count": 3}
    told, (positions, scores, boxes) = ask(widget._layer, "hits", search=1, start=0)
    assert sorted(told["ok"]["images"]) == ["a.png", "c.png", "e.png"]
    assert sorted(np.frombuffer(positions, np.int32)) == [0, 2, 4]
    assert len(np.frombuffer(scores, np.float32)) == 3
    by_image = dict(
        zip(told["ok"]["images"], np.frombuffer(boxes, np.float32).reshape(-1, 4).tolist(), strict=True)
    )
    assert by_image == {"a.png": [9, 19, 14, 14], "c.png": [49, 29, 14, 14], "e.png": [32, 4, 14, 14]}


def test_hits_of_an_earlier_search_have_other_numbers_and_are_not_given_out(finder, look, ask):
    widget = finder()
    look(widget)
    look(widget, position=1, box=(0, 0, 20, 20))
    state = news(widget, "searched")[-1]
    assert (state["search"], state["first"]) == (2, 3)
    assert ask(widget._layer, "hits", search=1, start=0)[0]["ok"] == {"search": 2, "images": []}
    with pytest.raises(ValueError, match="a search that is over"):
        widget._crop(0)
    assert widget._crop(3).shape == (23, 23)


def test_a_search_can_be_stopped_and_keeps_what_it_found(finder, ask):
    first, gate = threading.Event(), threading.Event()

    def endless(pattern):
        tables = PatternMatcher([]).hits(endless.images, pattern, threshold=0.5)
        *_, table = tables
        while True:
            yield table
            first.set()
            gate.wait(PATIENCE_S)

    widget = finder(endless)
    endless.images = widget._images
    ask(widget._layer, "look", position=0, box=[9, 19, 14, 14])
    assert first.wait(PATIENCE_S)
    ask(widget._layer, "stop")
    gate.set()
    state = news(widget, "searched")[-1]
    assert (state["done"], state["stopped"], state["count"]) == (True, True, 3)


def test_a_search_that_fails_says_why(finder, look):
    def failing(_pattern):
        raise RuntimeError("no memory left")
        yield

    widget = finder(failing)
    look(widget)
    state = news(widget, "searched")[-1]
    assert state["error"]["message"] == "no memory left"
    assert "in failing" in state["error"]["details"]


def test_accepted_hits_are_boxes_and_rejected_ones_are_none(finder, look, ask):
    widget = finder()
    look(widget)
    rows = [
        {"key": f"k{i}", "label": "cross", "present": i != 1, **dict(hit)}
        for i, (_, hit) in enumerate(widget.hits.drop(columns="score").iterrows())
    ]
    gesture = {"kind": "say", "action": "g", "image": "a.png", "statements": rows}
    answer = ask(widget._layer, "act", gesture=gesture)[0]["ok"]
    assert sorted(answer["touched"]) == ["a.png", "c.png", "e.png"]
    said = widget.annotations
    assert said["present"].tolist() == [True, False, True]
    assert set(said["source"]) == {"PatternHits"}
    undo = {"kind": "undo", "action": "u", "image": "b.png", "queue": widget._viewer.queue}
    assert sorted(ask(widget._layer, "act", gesture=undo)[0]["ok"]["touched"]) == ["a.png", "c.png", "e.png"]
    assert widget.annotations.empty
    again = ask(finder()._layer, "hello")[0]["ok"]
    assert again["said"] == {"a.png": []}


def test_the_heat_map_is_drawn_over_its_image_only(finder, look, ask):
    widget = finder(heat_map=score_map)
    look(widget)
    ask(widget._layer, "show", position=2)
    ask(widget._layer, "heat", position=2, on=True)
    assert widget._viewer._painter._cover is not None
    ask(widget._layer, "heat", position=2, on=False)
    assert widget._viewer._painter._cover is None
    ask(widget._layer, "heat", position=0, on=True)
    assert widget._viewer._painter._cover is None


def test_high_scores_hide_the_image_more_than_low_ones():
    picture = cv2.imdecode(
        np.frombuffer(heat_png(np.array([[0, 0.2, 0.5, 1.0]])), np.uint8), cv2.IMREAD_UNCHANGED
    )
    alpha = picture[0, :, 3].tolist()
    assert alpha[:2] == [0, 0]
    assert 0 < alpha[2] < alpha[3] < 255


@pytest.mark.parametrize("box", [(70, 0, 20, 20), (-5, 0, 20, 20), (5, 5, 1, 20), (5, 50, 10, 20)])
def test_boxes_that_do_not_lie_in_the_image_are_refused(finder, look, box):
    assert "does not lie in the image" in look(finder(), box=box)["error"]["message"]


@pytest.mark.parametrize("position", [-1, 5, 10_000])
def test_images_that_are_not_listed_are_refused(finder, look, position):
    assert "there are 5" in look(finder(), position=position)["error"]["message"]
