import numpy as np
import pytest

from ig_widgets.systems.inspector_gadget.examples import gather_examples
from ig_widgets.systems.inspector_gadget.project import Project


def bar(x, **changed):
    return {"label": "bar", "present": True, "x": x, "y": 10, "width": 14, "height": 8, **changed}


def gather(project, talk):
    return gather_examples(project, talk.about(project))


def test_one_annotator_settles_all_they_looked_at(project, talk):
    talk.say("ada", *range(6))
    examples = gather(project(), talk)
    assert examples.y.tolist() == [1, 0, 1, 0, 1, 0] + [-1] * 18
    assert examples.boxes["image"].tolist() == ["00.png", "02.png", "04.png"]
    assert np.flatnonzero(examples.settled).tolist() == list(range(6))
    assert examples.left_out == []


def test_boxes_that_wait_are_left_out_until_others_have_looked(project, talk):
    ada = project(annotators=["ada", "bo"])
    for person in ("ada", "bo"):
        talk.say(person, *range(12))
    talk.say("ada", 12)
    examples = gather(ada, talk)
    assert len(examples.boxes) == 6
    assert not examples.settled[12]
    (sentence,) = examples.left_out
    assert sentence.startswith("1 of 7 boxes were drawn in images that fewer than 2 annotators have seen")
    talk.say("bo", 12)
    examples = gather(ada, talk)
    assert (len(examples.boxes), examples.left_out) == (7, [])
    assert examples.settled[12]


@pytest.mark.parametrize(
    ("verdict", "n_boxes", "label"),
    [(None, 6, None), (True, 7, 1), (False, 6, 0)],
)
def test_an_outlier_counts_as_reviewers_decide(project, talk, verdict, n_boxes, label):
    for person in ("ada", "bo"):
        talk.say(person, *range(12))
    talk.said = [row for row in talk.said if (row["annotator"], row["image"]) != ("ada", "01.png")]
    talk.say("ada", 1, **bar(30))
    if verdict is not None:
        talk.vote("cy", 1, 30, accept=verdict)
    examples = gather(project(annotators=["ada", "bo"]), talk)
    assert len(examples.boxes) == n_boxes
    assert examples.settled[1] == (verdict is not None)
    if verdict is not None:
        assert examples.y[1] == label
        assert examples.left_out == []
    else:
        assert examples.left_out[0].startswith("1 of 7 boxes were drawn by one of several annotators only")


def test_a_dropped_pattern_leaves_it_open_where_the_defects_are(project, talk):
    talk.say("ada", *range(6))
    talk.decide("ada", 0, 5, keep=False)
    examples = gather(project(), talk)
    assert len(examples.boxes) == 3  # the pipeline asks about each pattern
    assert examples.decisions.drops_boxes(examples.boxes).tolist() == [True, False, False]
    assert np.flatnonzero(examples.settled).tolist() == [1, 2, 3, 4, 5]


@pytest.mark.parametrize("label", ["stain", "of another project"])
def test_a_box_takes_the_class_of_its_pattern(blank_images, talk, label):
    made = Project(images=blank_images, classes=["bar", "stain"], annotator="ada")
    talk.say("ada", *range(6))
    talk.decide("ada", 0, 5, keep=True, label=label)
    examples = gather(made, talk)
    if label == "stain":
        assert examples.boxes["label"].tolist() == ["stain", "bar", "bar"]
        assert examples.y[:3].tolist() == [2, 0, 1]
    else:
        assert examples.boxes["label"].tolist() == ["bar", "bar"]


@pytest.mark.parametrize(
    ("said", "sentence"),
    [
        ([], r"there is no box of bar to learn from: draw some in gadget\.ask\(\)"),
        ([1, 3], r"there is no box of bar to learn from"),
        ([0, 2], r"all 2 annotated images are of one class \(bar\).*go on in gadget\.ask\(\), and press N"),
    ],
)
def test_too_little_to_learn_from_is_said(project, talk, said, sentence):
    talk.say("ada", *said)
    with pytest.raises(ValueError, match=sentence):
        gather(project(), talk)


def test_that_all_patterns_were_dropped_is_said(project, talk):
    talk.say("ada", 0, 1)
    talk.decide("ada", 0, 5, keep=False)
    with pytest.raises(ValueError, match=r"all patterns were dropped in the gallery: keep some in gadget"):
        gather(project(), talk)
