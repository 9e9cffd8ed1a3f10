import numpy as np
import pytest

from ig_widgets.compute.crowd.boxes import merge_boxes
from ig_widgets.compute.crowd.reviews import reviewed_boxes
from ig_widgets.data.images import ImageSet
from ig_widgets.data.log.log import AnnotationLog
from ig_widgets.widgets.peer_review import PeerReview

IDS = ["a.png", "b.png", "c.png"]


def box(x, **other):
    return {"label": "crack", "present": True, "x": x, "y": 5.0, "width": 12.0, "height": 10.0, **other}


@pytest.fixture
def images():
    return ImageSet.from_arrays([np.full((40, 60), 50 * i, np.uint8) for i in range(3)], ids=IDS)


@pytest.fixture
def log(tmp_path):
    with AnnotationLog(tmp_path / "annotations.db") as opened:
        opened.append([{"image": "a.png", **box(3)}, {"image": "a.png", **box(40)}], annotator="ann")
        opened.append(
            [{"image": "a.png", **box(6)}, {"image": "b.png", "label": "crack", "present": False}],
            annotator="bo",
        )
        opened.append([{"image": "b.png", **box(20, label="stain")}], annotator="ann")
        yield opened


@pytest.fixture
def review(images, log):
    def make(annotator="cy", **settings):
        def boxes(image):
            merged = merge_boxes(log.current(image))
            return reviewed_boxes(merged, log.verdicts(image, source="PeerReview"))

        return PeerReview(images, ["crack", "stain"], boxes=boxes, log=log, annotator=annotator, **settings)

    return make


@pytest.fixture
def page(ask):
    def show(widget, position):
        return ask(widget._layer, "show", position=position)[0]["ok"]["page"]

    return show


@pytest.fixture
def vote(ask, page):
    """Vote on boxes of an image, by their place in the list."""

    def act(widget, position, *votes, action="v1"):
        shown = page(widget, position)
        statements = [
            {
                "key": f"{action}-{place}",
                "image": IDS[position],
                **{name: shown["proposals"][place][name] for name in ("label", "x", "y", "width", "height")},
                "verdict": accepted,
            }
            for place, accepted in votes
        ]
        gesture = {"kind": "say", "action": action, "image": IDS[position], "statements": statements}
        return ask(widget._layer, "act", gesture=gesture)[0]["ok"]

    return act


def test_boxes_are_shown_merged_with_who_drew_what(review, page):
    shown = page(review(), 0)
    merged, lone = shown["proposals"]
    assert (merged["x"], merged["annotators"], merged["outlier"]) == (4.5, "ann, bo", False)
    assert [(member["annotator"], member["x"]) for member in merged["members"]] == [("ann", 3), ("bo", 6)]
    assert (lone["annotators"], lone["outlier"], lone["mine"]) == ("ann", True, None)
    assert page(review(), 1)["whole"] == [{"annotator": "bo", "label": "crack", "present": False}]


def test_votes_are_verdicts_in_the_log_and_no_annotations(review, vote, log):
    widget = review()
    answer = vote(widget, 0, (0, True), (1, False))
    assert [one["votes"] for one in answer["page"]["proposals"]] == [[1, 0], [0, 1]]
    assert [one["accepted"] for one in answer["page"]["proposals"]] == [True, False]
    assert len(log.annotations) == 5
    said = widget.verdicts
    assert said[["image", "annotator", "present", "source"]].to_numpy().tolist() == [
        ["a.png", "cy", True, "PeerReview"],
        ["a.png", "cy", False, "PeerReview"],
    ]


def test_the_next_review_begins_where_something_is_left(review, vote, ask):
    widget = review()
    assert vote(widget, 0, (0, True), (1, False))["progress"] == {
        "images": 3,
        "done": 2,
        "boxes": 1,
        "next": 1,
    }
    assert ask(review()._layer, "hello")[0]["ok"]["page"]["position"] == 1
    assert ask(review("di")._layer, "hello")[0]["ok"]["page"]["position"] == 0


def test_reviewers_see_each_others_votes_unless_the_review_is_blind(review, vote, page):
    vote(review(), 0, (0, True))
    seen = page(review("di"), 0)["proposals"][0]
    assert (seen["votes"], seen["mine"]) == ([1, 0], None)
    blind = page(review("di", blind=True), 0)["proposals"][0]
    assert (blind["votes"], blind["accepted"], blind["annotators"]) == (None, None, "")
    assert {member["annotator"] for member in blind["members"]} == {"somebody"}


def test_comments_are_shown_with_the_box_that_they_are_about(review, page, ask):
    widget = review()
    place = {name: page(widget, 0)["proposals"][1][name] for name in ("label", "x", "y", "width", "height")}
    hostile = "<script>alert(1)</script>\u202e" + "x" * 10_000
    statements = [
        {"key": "c1", "image": "a.png", **place, "comment": hostile},
        {"key": "c2", "image": "a.png", "comment": "blurred"},
    ]
    gesture = {"kind": "say", "action": "c", "image": "a.png", "statements": statements}
    ask(widget._layer, "act", gesture=gesture)
    shown = page(review("di"), 0)
    assert [one["text"] for one in shown["proposals"][1]["remarks"]] == [hostile]
    assert [(one["annotator"], one["text"]) for one in shown["remarks"]] == [("cy", "blurred")]
    assert shown["proposals"][0]["remarks"] == []


def test_undo_is_the_reviewers_own(review, vote, page, ask):
    widget, other = review(), review("di")
    vote(widget, 0, (0, True), action="v1")
    vote(other, 0, (0, False), action="v2")
    gesture = {"kind": "undo", "action": "u", "image": "a.png", "queue": widget._viewer.queue}
    assert ask(widget._layer, "act", gesture=gesture)[0]["ok"]["touched"] == ["a.png"]
    assert page(widget, 0)["proposals"][0]["votes"] == [0, 1]


def test_a_box_of_a_reviewer_is_voted_on_by_the_others(review, page, ask):
    widget = review()
    own = {"key": "o", "image": "c.png", "label": "stain", "x": 7, "y": 8, "width": 9, "height": 10}
    gesture = {
        "kind": "say",
        "action": "o",
        "image": "c.png",
        "statements": [{**own, "verdict": True, "proposed": True}],
    }
    ask(widget._layer, "act", gesture=gesture)
    (seen,) = page(review("di"), 2)["proposals"]
    assert (seen["label"], seen["x"], seen["annotators"], seen["votes"]) == ("stain", 7, "cy", [1, 0])


def test_who_drew_a_box_does_not_judge_it(review, page, ask):
    shown = page(review("ann"), 0)
    assert [one["yours"] for one in shown["proposals"]] == [True, True]
    assert ask(review("ann")._layer, "hello")[0]["ok"]["progress"]["boxes"] == 0
    assert [one["yours"] for one in page(review("cy"), 0)["proposals"]] == [False, False]


def test_a_thread_stays_with_its_box_when_the_merged_box_moves(review, page, ask, log):
    widget = review()
    place = {name: page(widget, 0)["proposals"][0][name] for name in ("label", "x", "y", "width", "height")}
    statements = [{"key": "c1", "image": "a.png", **place, "comment": "a hair?"}]
    gesture = {"kind": "say", "action": "c", "image": "a.png", "statements": statements}
    ask(widget._layer, "act", gesture=gesture)
    log.append([{"image": "a.png", **box(9)}], annotator="di")
    shown = page(widget, 0)
    assert shown["proposals"][0]["x"] != place["x"]
    assert [one["text"] for one in shown["proposals"][0]["remarks"]] == ["a hair?"]
    assert shown["remarks"] == []


def test_statements_about_images_that_are_not_listed_are_not_taken(review, ask, log):
    statement = {"key": "k", "image": "elsewhere.png", "comment": "?"}
    gesture = {"kind": "say", "action": "z", "image": "a.png", "statements": [statement]}
    assert ask(review()._layer, "act", gesture=gesture)[0]["ok"] == {"elsewhere": True}
    assert log.comments().empty


def test_what_is_about_other_images_is_left_for_their_review(review, ask):
    statement = {"key": "k", "image": "z.png", "comment": "?"}
    gesture = {"kind": "say", "action": "z", "image": "z.png", "statements": [statement]}
    assert ask(review()._layer, "act", gesture=gesture)[0]["ok"] == {"elsewhere": True}


def test_arguments_that_make_no_sense_are_refused(images, log):
    def boxes(image):
        return reviewed_boxes(merge_boxes(log.current(image)), log.verdicts(image))

    with pytest.raises(ValueError, match="no images"):
        PeerReview(images[:0], classes=["crack"], boxes=boxes, log=log)
    with pytest.raises(ValueError, match="no classes"):
        PeerReview(images, classes=[], boxes=boxes, log=log)
