import base64

import numpy as np
import pytest
from sqlalchemy import event

from ig_widgets.data.images import ImageSet
from ig_widgets.data.log.log import AnnotationLog
from ig_widgets.systems.inspector_gadget.gadget import InspectorGadget
from ig_widgets.widgets.box_annotator import BoxAnnotator
from ig_widgets.widgets.pattern_gallery import PatternGallery
from ig_widgets.widgets.peer_review import PeerReview

BOX = {"label": "bar", "present": True, "y": 10, "width": 14, "height": 8}
NONE = {"label": "bar", "present": False}
PLACE = ["image", "label", "x", "y", "width", "height"]


@pytest.fixture
def images():
    """24 images of noise, the even ones with a dark bar."""
    arrays = []
    for i in range(24):
        image = np.random.default_rng(i).normal(150, 8, (50, 60))
        if i % 2 == 0:
            image[12:16, 7 + i : 17 + i] -= 60
        arrays.append(np.clip(image, 0, 255).astype(np.uint8))
    return ImageSet.from_arrays(arrays, ids=[f"{i:02}.png" for i in range(24)])


@pytest.fixture
def log(tmp_path):
    with AnnotationLog(tmp_path / "annotations.db") as opened:
        yield opened


@pytest.fixture
def gadget(images, log):
    def make(annotator="ada", **settings):
        defaults = {"target": 4, "detector": False, "progress": False, "n_augmented": 10}
        return InspectorGadget(images, ["bar"], log=log, annotator=annotator, **{**defaults, **settings})

    return make


def say(log, annotator, *positions, **said):
    """Say the truth about some images, or something else."""
    for position in positions:
        truth = {**BOX, "x": 5 + position} if position % 2 == 0 else NONE
        log.append([{"image": f"{position:02}.png", **(said or truth)}], annotator=annotator)


def annotate(gadget, log):
    """Say the truth about what is due, until no boxes are."""
    while gadget.due.stage == "boxes":
        seen = set(log.current(annotator=gadget.annotator)["image"])
        say(log, gadget.annotator, next(p for p in gadget.due.order if f"{p:02}.png" not in seen))


def look_through(gadget, log, place=0, **verdict):
    """Keep a pattern in a gallery."""
    row = gadget.candidates.provenance.iloc[place]
    said = {"image": gadget.candidates.ids[place], "verdict": True, "label": "bar", **verdict}
    box = {name: float(row[name]) for name in ("x", "y", "width", "height")}
    log.append([{**said, **box}], annotator=gadget.annotator, source="PatternGallery")


def vote(log, annotator, box, *, accept=True):
    """Vote on a row of `InspectorGadget.reviewed`."""
    log.append([{**box[PLACE], "verdict": accept}], annotator=annotator, source="PeerReview")


def names(positions):
    return [f"{position:02}.png" for position in positions]


@pytest.fixture
def shown(ask):
    """Tell what a widget that was asked for shows: its class, its images, the goal and the note."""

    def look(gadget, stage=None):
        widget = gadget.ask(stage)
        told = ask(widget._layer, "hello")[0]["ok"]
        ids = [
            ask(widget._layer, "show", position=i)[0]["ok"]["page"]["image"]
            for i in range(told["progress"]["images"])
        ]
        return type(widget), ids, told["progress"].get("goal"), told["note"]

    return look


def test_boxes_are_due_until_there_are_enough_images_with_defects(gadget, log, shown):
    ada = gadget()
    assert ada.due.stage == "boxes"
    assert ada.due.why.startswith("Due now: boxes. 0 of 4 images with defects are found, 0 of 24 images")
    assert ada.due.order.tolist() == ada.order.tolist()
    assert shown(ada) == (BoxAnnotator, names(ada.order), 4, ada.due.why)
    annotate(ada, log)
    found = log.annotations.query("present")["image"]
    assert len(found) == 4
    assert log.annotations["image"].iloc[-1] == found.iloc[-1]  # the last one was the fourth
    assert (
        ada.due.why == "Nothing is due: call learn(). More boxes make it better, if you like to go on here."
    )


def test_what_was_learned_from_is_looked_through_once(gadget, log):
    ada = gadget()
    annotate(ada, log)
    ada.learn()
    made = len(ada.learned_.patterns_) - 4
    assert ada.due.stage == "patterns"
    assert ada.due.why.startswith(
        f"Due now: the patterns. 4 were cut out and {made} made of them, and nobody"
    )
    gallery = ada.ask()
    assert isinstance(gallery, PatternGallery)
    assert gallery.patterns.ids == ada.learned_.patterns_.ids
    look_through(ada, log)
    assert ada.due.stage == "labels"


def test_the_least_certain_images_come_first(gadget, log, shown):
    ada = gadget()
    annotate(ada, log)
    ada.learn()
    look_through(ada, log)
    believed = np.full((24, 2), 0.95)
    open_ = np.flatnonzero(ada.y_ < 0)[:3]
    believed[open_] = [[0.3, 0.7], [0.52, 0.48], [0.6, 0.4]]
    ada.learned_.P_ = believed
    order = [open_[1], open_[2], open_[0]]
    assert ada.due.order.tolist() == order
    assert "Of 3 images the machine is less than 80% sure" in ada.due.why
    assert shown(ada) == (BoxAnnotator, names(order), None, ada.due.why)
    say(log, "ada", *open_[:2])
    assert ada.due.why.startswith("Due now: uncertain labels.")
    say(log, "ada", open_[2])
    assert ada.due.why == "Nothing is due: call learn(), which does not know yet what was said since."


def test_what_one_of_two_drew_is_reviewed_by_who_did_not(gadget, log, shown):
    people = ["ada", "bo"]
    ada, bo = (gadget(name, annotators=people) for name in people)
    for person in people:
        say(log, person, *range(24))
    say(log, "ada", 1, **BOX, x=40)
    assert ada.due.stage == "labels"  # it is her own
    assert bo.due.stage == "reviews"
    assert bo.due.why.startswith("Due now: peer review. 1 boxes in 1 images were drawn by one of several")
    assert shown(bo) == (PeerReview, ["01.png"], None, bo.due.why)
    box = bo.reviewed.query("outlier").iloc[0]
    assert box[PLACE].tolist() == ["01.png", "bar", 40, 10, 14, 8]
    vote(log, "ada", box)
    assert bo.due.stage == "reviews"  # nobody decides about their own box
    assert bo.reviewed["accepted"].isna().all()
    vote(log, "bo", box)
    assert bo.due.stage == "labels"
    assert bo.reviewed.query("outlier")["accepted"].tolist() == [True]
    assert "01.png" in set(bo.candidates.provenance["image"])


@pytest.mark.parametrize(("verdict", "learned"), [(None, False), (True, True), (False, False)])
def test_what_reviewers_accept_is_learned_from(gadget, log, verdict, learned):
    for person in ("ada", "bo"):
        say(log, person, *range(12))
    say(log, "ada", 1, **BOX, x=30)
    ada = gadget(annotators=["ada", "bo"])
    if verdict is not None:
        vote(log, "cy", ada.reviewed.query("outlier").iloc[0], accept=verdict)
        ada.learn()
    else:
        with pytest.warns(UserWarning, match="1 of 7 boxes were drawn by one of several annotators only"):
            ada.learn()
    assert ada.learned_.n_drawn_ == 6 + learned
    assert ("01.png" in set(ada.learned_.patterns_.provenance["image"])) == learned
    if verdict is not None:
        assert ada.classes_[ada.y_[1]] == ("bar" if learned else "ok")


def test_patterns_that_were_dropped_are_not_learned_from_until_their_box_changes(gadget, log, ask):
    ada = gadget()
    annotate(ada, log)
    ada.learn()
    gallery = ada.ask()
    first, made = gallery.patterns.ids[0], gallery.patterns.ids[-1]
    rows = np.zeros(8 * -(-len(gallery.patterns) // 8), np.uint8)
    rows[[0, len(gallery.patterns) - 1]] = 1
    items = base64.b64encode(np.packbits(rows, bitorder="little")).decode()
    hello = ask(gallery, "hello")[0]["ok"]
    about = {"rows": hello["rows"], "count": hello["count"], "items": items}
    ask(gallery, "act", gesture={"kind": "judge", "action": "g", "present": False, **about})
    ada.learn()
    assert first not in ada.learned_.patterns_.ids
    assert made not in ada.learned_.patterns_.ids
    assert ada.learned_.n_drawn_ == 3
    assert first in ada.candidates.ids  # and can be taken back
    assert ada.due.stage == "labels"
    # another box gets the name of the first one: it is another pattern
    image = first.split("#")[0]
    log.append([{"image": image, **BOX, "x": 2, "y": 2}], annotator="ada")
    ada.learn()
    assert first in ada.learned_.patterns_.ids
    assert f"{image}#1" not in ada.learned_.patterns_.ids


def test_a_pattern_with_another_class_is_learned_as_that(images, log):
    ada = InspectorGadget(
        images,
        ["bar", "dash"],
        log=log,
        target=6,
        detector=False,
        progress=False,
        n_augmented=10,
        annotator="ada",
    )
    annotate(ada, log)
    dashes = [{"image": images.ids[i], **BOX, "label": "dash", "x": 5} for i in ada.order[-2:]]
    log.append(dashes, annotator="ada")
    ada.learn()
    place = ada.candidates.provenance["label"].tolist().index("bar")
    image = ada.candidates.provenance["image"][place]
    assert ada.classes_[ada.y_[images.position(image)]] == "bar"
    look_through(ada, log, place, label="dash")
    ada.learn()
    assert ada.classes_[ada.y_[images.position(image)]] == "dash"
    assert ada.learned_.patterns_.provenance["label"][place] == "dash"


def test_when_all_patterns_were_dropped_some_can_be_taken_back(gadget, log):
    ada = gadget()
    annotate(ada, log)
    boxes = ada.reviewed[PLACE].to_dict("records")
    told = [{**box, "image": box["image"] + "#0", "verdict": False} for box in boxes]
    log.append(told, annotator="ada", source="PatternGallery")
    with pytest.raises(ValueError, match="all patterns were dropped"):
        ada.learn()
    gallery = ada.ask("patterns")
    assert len(gallery.patterns) == 4
    assert len(gallery.kept) == 0
    look_through(ada, log)
    assert ada.ask("patterns").kept.ids == gallery.patterns.ids[:1]


def test_stages_can_be_asked_for_when_they_are_not_due(gadget, log, shown):
    ada = gadget()
    for stage in ("reviews", "patterns", "labels"):
        with pytest.raises(ValueError, match=f"there are no {stage} to look at yet"):
            ada.ask(stage)
    with pytest.raises(ValueError, match="choose one of boxes, reviews, patterns, labels"):
        ada.ask("coffee")
    annotate(ada, log)
    assert ada.due.stage == "labels"
    assert shown(ada, "boxes") == (BoxAnnotator, names(ada.order), 4, "")
    kind, ids, _, note = shown(ada, "reviews")
    assert (kind, sorted(ids), note) == (PeerReview, sorted(log.annotations.query("present")["image"]), "")
    gallery = ada.ask("patterns")
    assert isinstance(gallery, PatternGallery)
    assert len(gallery.patterns) == 4
    ada.learn()
    ada.learned_.P_ = np.full((24, 2), 0.5)
    assert shown(ada, "labels") == (BoxAnnotator, names(np.flatnonzero(ada.y_ < 0)), None, "")


def test_the_log_is_read_once_for_all_questions_until_something_is_said(gadget, log):
    ada = gadget(annotators=["ada", "bo"])
    say(log, "ada", *range(24))
    say(log, "bo", *range(24))
    say(log, "bo", 1, **BOX, x=30)
    asked = []
    event.listen(
        log._engine, "before_cursor_execute", lambda *args: asked.append("statements.comment" in args[2])
    )
    assert ada.due.stage == "reviews"
    assert sum(asked) == 1
    assert len(ada.reviewed) == 13
    assert len(ada.annotations) == 49
    assert sum(asked) == 1
    for table in (ada.reviewed, ada.annotations):
        table["label"] = "changed by the caller"
    assert set(ada.reviewed["label"]) == set(ada.annotations["label"]) == {"bar"}
    vote(log, "ada", ada.reviewed.query("outlier").iloc[0])
    asked.clear()
    assert ada.due.stage == "labels"
    assert sum(asked) == 1


def test_who_fills_in_what_others_found_has_no_goal(gadget, log, shown):
    ada = gadget(annotators=["ada", "bo"])
    say(log, "ada", *range(1, 24))
    say(log, "bo", *range(24))
    assert ada.due.stage == "boxes"
    assert shown(ada) == (BoxAnnotator, ["00.png"], None, ada.due.why)


def test_what_is_fixed_cannot_be_set(gadget):
    ada = gadget()
    for name in ("images", "classes", "annotator", "annotators", "overlap", "rule", "min_votes", "target"):
        with pytest.raises(AttributeError):
            setattr(ada, name, None)


def test_warnings_point_to_the_line_that_learns(gadget, log):
    for person in ("ada", "bo"):
        say(log, person, *range(12))
    say(log, "ada", 12)
    with pytest.warns(UserWarning, match="1 of 7 boxes") as caught:
        gadget(annotators=["ada", "bo"]).learn()
    assert [warning.filename for warning in caught] == [__file__]
