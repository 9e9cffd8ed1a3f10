import pytest

from ig_widgets.data.log.log import AnnotationLog
from ig_widgets.widgets.shared.gestures import carry_out, is_elsewhere

OURS = frozenset({"a.png", "b.png"})


@pytest.fixture
def log(tmp_path):
    with AnnotationLog(tmp_path / "annotations.db") as opened:
        yield opened


def say(*images, action="one"):
    statements = [
        {"key": f"{action}-{i}", "image": image, "label": "crack"} for i, image in enumerate(images)
    ]
    return {"kind": "say", "action": action, "image": images[0], "statements": statements}


@pytest.fixture
def act(log):
    def done(gesture, annotator="ada"):
        return carry_out(log, gesture, annotator=annotator, source="test", images=OURS)

    return done


@pytest.mark.parametrize(
    ("gesture", "elsewhere"),
    [
        (say("a.png", "b.png"), False),
        (say("z.png"), True),
        (say("a.png", "z.png"), True),  # of many images at once some are not here
        ({"kind": "undo", "action": "u", "image": "a.png", "queue": "these"}, False),
        ({"kind": "undo", "action": "u", "image": "a.png", "queue": "others"}, True),
        ({"kind": "undo", "action": "u", "image": "a.png", "queue": "others", "of": "one"}, False),
        ({"kind": "undo", "action": "u", "image": "z.png", "queue": "these", "of": "one"}, True),
    ],
)
def test_what_is_for_another_widget_is_known_by_its_images_and_their_order(gesture, elsewhere):
    assert is_elsewhere(gesture, OURS, "these") == elsewhere


def test_what_is_said_undone_and_redone_is_in_the_log(act, log):
    assert act(say("b.png", "a.png")) == ["b.png", "a.png"]
    assert act({"kind": "undo", "action": "u", "image": "a.png"}) == ["b.png", "a.png"]
    assert log.annotations.empty
    assert act({"kind": "redo", "action": "r", "image": "a.png"}) == ["b.png", "a.png"]
    assert len(log.annotations) == 2


def test_an_undo_of_something_takes_back_that_and_nothing_else(act, log):
    act(say("a.png"))
    act(say("b.png", action="two"))
    assert act({"kind": "undo", "action": "u", "image": "a.png", "of": "one"}) == ["a.png"]
    assert log.annotations["image"].tolist() == ["b.png"]
    assert act({"kind": "undo", "action": "v", "image": "a.png", "of": "never came"}) == []
    assert log.annotations["image"].tolist() == ["b.png"]
    assert act({"kind": "redo", "action": "r", "image": "a.png", "of": "u"}) == ["a.png"]
    assert log.annotations["image"].tolist() == ["a.png", "b.png"]


def test_nobody_takes_back_what_somebody_else_said(act, log):
    act(say("a.png"))
    assert act({"kind": "undo", "action": "u", "image": "a.png", "of": "one"}, annotator="bo") == []
    assert len(log.annotations) == 1
