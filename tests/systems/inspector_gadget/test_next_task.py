import numpy as np
import pytest

from ig_widgets.compute.pipeline.pattern_labeler import PatternLabeler
from ig_widgets.data.images import ImageSet
from ig_widgets.systems.inspector_gadget.next_task import next_task, task_for
from ig_widgets.systems.inspector_gadget.project import Project

NONE = {"label": "bar", "present": False}
MORE = "Nothing is due: call learn(). More boxes make it better, if you like to go on here."


def bar(x, **changed):
    return {"label": "bar", "present": True, "x": x, "y": 10, "width": 14, "height": 8, **changed}


def names(positions):
    return [f"{position:02}.png" for position in positions]


def learned(y, P, n_drawn=4, n_made=3, n_dropped=0):
    """A labeler as if it had learned this."""
    labeler = PatternLabeler()
    labeler.y_, labeler.P_ = np.asarray(y), np.asarray(P)
    labeler.n_drawn_ = n_drawn
    labeler.patterns_ = range(n_drawn + n_made)
    labeler.candidates_ = range(n_drawn + n_made + n_dropped)
    return labeler


def due(project, talk, labeler=None, *, revision=None, seen=False):
    return next_task(project, talk.about(project), labeler, learned_revision=revision, patterns_seen=seen)


def annotate(project, talk):
    """Say the truth about what is due, until no boxes are."""
    for _ in range(100):
        task = due(project, talk)
        if task.stage != "boxes":
            return
        seen = {row["image"] for row in talk.said if row["annotator"] == project.annotator}
        talk.say(project.annotator, next(p for p in task.order if f"{p:02}.png" not in seen))


def test_boxes_are_due_until_there_are_enough_images_with_defects(project, talk):
    ada = project()
    task = due(ada, talk)
    assert task.stage == "boxes"
    assert task.why.startswith("Due now: boxes. 0 of 4 images with defects are found, 0 of 24 images")
    assert task.order.tolist() == ada.order.tolist()
    annotate(ada, talk)
    found = [row["image"] for row in talk.said if row["present"]]
    assert len(found) == 4
    assert talk.said[-1]["image"] == found[-1]  # the last one was the fourth
    assert due(ada, talk).why == MORE


def test_boxes_are_due_no_more_when_all_images_were_seen(project, talk):
    ada = project(target=13)  # there are 12
    talk.say("ada", *ada.order[:-1])
    assert due(ada, talk).why.startswith("Due now: boxes.")
    talk.say("ada", ada.order[-1])
    assert due(ada, talk).why == MORE


@pytest.mark.parametrize(
    ("numbers", "sentence"),
    [
        ((4, 3, 0), "Due now: the patterns. 4 were cut out and 3 made of them, and nobody has looked"),
        ((2, 0, 1), "Due now: the patterns. 2 were cut out and 0 made of them, and nobody has looked"),
    ],
)
def test_what_was_learned_from_is_looked_through_once(project, talk, numbers, sentence):
    ada = project()
    annotate(ada, talk)
    labeler = learned(np.full(24, -1), np.full((24, 2), 0.5), *numbers)
    task = due(ada, talk, labeler)
    assert task.stage == "patterns"
    assert task.why.startswith(sentence)
    assert len(task.order) == sum(numbers)
    assert due(ada, talk, labeler, seen=True).stage == "labels"


def test_the_least_certain_images_come_first(project, talk):
    ada = project()
    annotate(ada, talk)
    y = np.full(24, 1)
    unseen = [
        position for position in range(24) if f"{position:02}.png" not in {row["image"] for row in talk.said}
    ]
    y[unseen] = -1
    P = np.full((24, 2), 0.95)
    first = unseen[:3]
    P[first] = [[0.3, 0.7], [0.52, 0.48], [0.6, 0.4]]
    P[unseen[3]] = np.nan  # it cannot be read
    labeler, revision = learned(y, P), talk.about(ada).revision
    task = due(ada, talk, labeler, revision=revision, seen=True)
    assert task.order.tolist() == [first[1], first[2], first[0]]
    assert "Of 3 images the machine is less than 80% sure; here they are" in task.why
    talk.say("ada", *first[:2])
    assert due(ada, talk, labeler, revision=revision, seen=True).why.startswith("Due now: uncertain labels.")
    talk.say("ada", first[2])
    why = due(ada, talk, labeler, revision=revision, seen=True).why
    assert why == "Nothing is due: call learn(), which does not know yet what was said since."


def test_nothing_is_due_when_all_was_learned_and_is_sure(project, talk):
    ada = project()
    annotate(ada, talk)
    labeler = learned(np.full(24, -1), np.full((24, 2), 0.95))
    task = due(ada, talk, labeler, revision=talk.about(ada).revision, seen=True)
    assert (
        task.why == "Nothing is due: learn() knows everything that was said, and is sure of all other images."
    )
    assert task.order.tolist() == ada.order.tolist()


def test_what_one_of_two_drew_is_reviewed_by_who_did_not(project, talk):
    ada, bo = (project(name, annotators=["ada", "bo"]) for name in ("ada", "bo"))
    for person in ("ada", "bo"):
        talk.say(person, *range(24))
    talk.say("ada", 1, **bar(40))
    assert due(ada, talk).stage == "labels"  # it is her own
    task = due(bo, talk)
    assert (task.stage, names(task.order)) == ("reviews", ["01.png"])
    assert task.why.startswith("Due now: peer review. 1 boxes in 1 images were drawn by one of several")
    talk.vote("ada", 1, 40)
    assert due(bo, talk).stage == "reviews"  # nobody decides about their own box
    assert talk.about(bo).reviewed_boxes["accepted"].isna().all()
    talk.vote("bo", 1, 40)
    assert due(bo, talk).stage == "labels"
    assert talk.about(bo).reviewed_boxes.query("outlier")["accepted"].tolist() == [True]
    assert "01.png" in set(talk.about(bo).accepted_boxes["image"])


def test_who_cannot_tell_leaves_a_box_to_others(project, talk):
    people = ["ada", "bo", "cy"]
    for person in people:
        talk.say(person, *range(24), **NONE)
    talk.say("ada", 0, **bar(30))
    bo, cy = project("bo", annotators=people), project("cy", annotators=people)
    assert due(bo, talk).stage == due(cy, talk).stage == "reviews"
    talk.comment("bo", 0, 31)  # another box
    assert due(bo, talk).stage == "reviews"
    talk.comment("bo", 0, 30)
    assert due(bo, talk).stage == "labels"
    assert due(cy, talk).stage == "reviews"


def test_who_has_voted_is_not_asked_again_while_others_are(project, talk):
    people = ["ada", "bo", "cy"]
    for person in people:
        talk.say(person, *range(24), **NONE)
    talk.say("ada", 0, **bar(30))
    bo, cy = (project(name, annotators=people, min_votes=2) for name in ("bo", "cy"))
    talk.vote("bo", 0, 30)
    assert talk.about(bo).reviewed_boxes["accepted"].isna().all()
    assert due(bo, talk).stage == "labels"
    assert due(cy, talk).stage == "reviews"
    talk.vote("cy", 0, 30)
    assert talk.about(cy).reviewed_boxes["accepted"].tolist() == [True]
    assert due(cy, talk).stage == "labels"


def test_boxes_that_one_of_two_has_seen_wait_for_the_other(project, talk):
    ada, bo = (project(name, annotators=["ada", "bo"]) for name in ("ada", "bo"))
    annotate(ada, talk)
    boxes = talk.about(ada).reviewed_boxes
    assert boxes[["outlier", "seen_by"]].drop_duplicates().to_numpy().tolist() == [[True, 1]]
    assert due(ada, talk).stage == "labels"
    assert due(ada, talk).why == (
        "Nothing is due for you, and there is nothing yet that learn() could learn from. "
        "Annotations are still missing: 4 boxes lie in 4 images that fewer than 2 annotators have seen so "
        "far, and are left out until others have looked: bo (4)."
    )
    talk.say("bo", int(boxes["image"].iloc[0][:2]))
    assert due(ada, talk).why.startswith("Nothing is due: call learn(). More boxes make it better")
    assert "3 boxes lie in 3 images" in due(ada, talk).why
    annotate(bo, talk)
    boxes = talk.about(ada).reviewed_boxes
    assert boxes[["outlier", "seen_by"]].drop_duplicates().to_numpy().tolist() == [[False, 2]]
    assert due(ada, talk).why == MORE


def test_who_has_found_enough_is_asked_for_what_others_found_later(project, talk):
    ada, bo = (project(name, annotators=["ada", "bo"]) for name in ("ada", "bo"))
    annotate(ada, talk)
    begun, end = len(talk.said), len(talk.said) + 6
    missed = next(row["image"] for row in talk.said if row["present"])
    talk.say("bo", *(p for p in ada.order[:end] if f"{p:02}.png" != missed))
    talk.say("bo", int(missed[:2]), **NONE)
    later = names(ada.order[begun:end])
    found = {row["image"] for row in talk.said if row["annotator"] == "bo" and row["present"]} & set(later)
    task = due(ada, talk)
    assert task.stage == "boxes"
    assert task.why.startswith("Due now: boxes. Your annotations are still missing")
    # also those in which bo saw nothing: in which bo has drawn cannot be told
    assert 0 < len(found) < len(later)
    assert names(task.order) == later
    task = due(bo, talk)
    assert (task.stage, names(task.order)) == ("reviews", [missed])
    assert f"{len(found)} boxes lie in {len(found)} images" in task.why
    assert task.why.endswith(f"ada ({len(found)}).")
    annotate(ada, talk)
    assert "missing" not in due(bo, talk).why
    assert found <= {row["image"] for row in talk.said if row["annotator"] == "ada"}


def test_a_box_is_not_reviewed_before_all_have_looked(project, talk):
    people = ["ada", "bo", "cy"]
    ada, bo, cy = (project(name, annotators=people, overlap=3) for name in people)
    for person in ("ada", "bo"):
        talk.say(person, *range(24))
    talk.say("cy", *range(24)[1:])
    talk.say("ada", 0, **bar(40))
    talk.say("bo", 1, **bar(40))
    # cy has seen image 1, but not yet image 0, where two agree on one box and one drew another
    outliers = talk.about(ada).reviewed_boxes.query("outlier")
    assert outliers[["image", "seen_by"]].to_numpy().tolist() == [["00.png", 2], ["01.png", 3]]
    assert due(ada, talk)[0] == "reviews"
    assert names(due(ada, talk).order) == ["01.png"]
    assert due(bo, talk).stage == "labels"
    assert due(bo, talk).why.endswith("until others have looked: cy (1).")
    assert (due(cy, talk).stage, names(due(cy, talk).order)) == ("boxes", ["00.png"])
    talk.say("cy", 0)
    assert (due(bo, talk).stage, names(due(bo, talk).order)) == ("reviews", ["00.png"])
    assert (due(cy, talk).stage, names(due(cy, talk).order)) == ("reviews", ["00.png", "01.png"])


@pytest.mark.parametrize(
    ("said", "stage", "seen_by"),
    [
        ({"label": None}, "reviews", 2),  # who skipped an image has seen it
        (bar(40, present=False), "boxes", 1),  # who only denied a box, among the hits of a pattern, has not
    ],
)
def test_what_counts_as_having_seen_an_image(project, talk, said, stage, seen_by):
    ada, bo = (project(name, annotators=["ada", "bo"]) for name in ("ada", "bo"))
    talk.say("ada", *range(24))
    talk.say("bo", *range(1, 24))
    assert (due(bo, talk).stage, names(due(bo, talk).order)) == ("boxes", ["00.png"])
    talk.say("bo", 0, **said)
    assert (due(bo, talk).stage, names(due(bo, talk).order)) == (stage, ["00.png"])
    assert talk.about(bo).reviewed_boxes.query("outlier")["seen_by"].tolist() == [seen_by]
    assert ("missing" in due(ada, talk).why) == (seen_by == 1)


def test_where_each_image_is_seen_by_one_nothing_waits(project, talk):
    ada, bo = (project(name, annotators=["ada", "bo"], overlap=1) for name in ("ada", "bo"))
    annotate(ada, talk)
    assert not talk.about(ada).reviewed_boxes["outlier"].any()
    assert due(ada, talk).why == MORE
    assert due(bo, talk).why.startswith("Due now: boxes. 0 of 2 images")


def test_other_rules_decide_otherwise(project, talk):
    people = ["ada", "bo"]
    for person in people:
        talk.say(person, *range(24))
    talk.say("bo", 1, **bar(30))
    talk.vote("ada", 1, 30)
    for min_votes, accepted in ((1, [False]), (2, [True])):
        boxes = talk.about(project(annotators=people, min_votes=min_votes)).reviewed_boxes
        assert boxes.query("outlier")["accepted"].isna().tolist() == accepted


def test_a_stage_has_its_task_due_or_not(project, talk):
    ada = project()
    talk.say("ada", *range(6))
    y = np.r_[np.ones(6, int), np.full(18, -1)]
    labeler = learned(y, np.full((24, 2), 0.5))
    expected = {
        "boxes": ada.order.tolist(),
        "reviews": [0, 2, 4],
        "patterns": list(range(7)),
        "labels": list(range(6, 24)),
    }
    for stage, order in expected.items():
        task = task_for(stage, ada, talk.about(ada), labeler, 7)
        assert (task.stage, task.why, task.order.tolist()) == (stage, "", order)


@pytest.mark.parametrize(
    ("stage", "sentence"),
    [
        ("reviews", "there are no reviews to look at yet"),
        ("patterns", "there are no patterns to look at yet"),
        ("labels", "there are no labels to look at yet"),
        ("coffee", "stage is 'coffee'; choose one of boxes, reviews, patterns, labels"),
    ],
)
def test_a_stage_with_nothing_in_it_is_refused(project, talk, stage, sentence):
    ada = project()
    with pytest.raises(ValueError, match=sentence):
        task_for(stage, ada, talk.about(ada), None, 0)


def test_at_most_a_hundred_uncertain_images_are_shown(talk):
    images = ImageSet.from_arrays([np.zeros((9, 9), np.uint8)] * 150)
    many = Project(images=images, classes=["bar"], target=0)
    task = due(many, talk, learned(np.full(150, -1), np.full((150, 2), 0.5)), seen=True)
    assert len(task.order) == 100
    assert "Of 150 images the machine is less than 80% sure; these are the 100 least certain." in task.why
