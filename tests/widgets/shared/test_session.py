import threading

import pytest

from ig_widgets.data.log.log import AnnotationLog
from ig_widgets.widgets.shared.session import Session


@pytest.fixture
def log(tmp_path):
    with AnnotationLog(tmp_path / "a.db") as opened:
        yield opened


def test_the_browser_is_told_who_says_things_where_they_go_and_what_is_due(log):
    session = Session(print, log=log, annotator="ada", note="ten are left", next_step="gadget.learn()")
    assert session.hello() == {
        "log": log.id,
        "logName": log.where,
        "annotator": "ada",
        "note": "ten are left",
        "end": None,
    }


def test_views_are_told_only_what_has_changed(log):
    sent, done = [], [None]
    session = Session(sent.append, log=log, note="due", done=lambda: done[0], next_step="gadget.learn()")
    session.hello()
    session.refresh()
    assert sent == []
    done[0] = "all 3 images looked at"
    for _ in range(2):
        session.refresh()
    end = {"done": "all 3 images looked at", "next": "gadget.learn()"}
    assert sent == [{"news": {"facts": {"note": "due", "end": end}}}]


def test_a_note_that_counts_is_alive_and_many_changes_make_one_message(log):
    left, told, begun, go_on = [3], threading.Event(), threading.Event(), threading.Event()
    sent = []

    def note():
        begun.set()
        assert go_on.wait(10)
        return f"{left[0]} are left"

    def send(message):
        sent.append(message["news"]["facts"]["note"])
        told.set()

    go_on.set()
    session = Session(send, log=log, note=note)
    session.hello()
    go_on.clear()
    begun.clear()
    for _ in range(3):  # the first is under way, the others are told together
        left[0] -= 1
        session.refresh()
        assert begun.wait(10)
    go_on.set()
    assert told.wait(10)
    assert sent == ["0 are left"]


def test_a_note_that_fails_later_leaves_the_one_before(log):
    notes = iter(["two are left"])
    session = Session(pytest.fail, log=log, note=lambda: next(notes))
    assert session.hello()["note"] == "two are left"
    session.refresh()
    for thread in threading.enumerate():
        if thread.name == "ig_widgets-note":
            thread.join(10)
