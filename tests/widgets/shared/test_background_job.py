import threading

import numpy as np
import pytest

from ig_widgets.data.images import ImageSet
from ig_widgets.widgets.shared.background_job import Production

PATIENCE_S = 20


def some(count):
    return ImageSet.from_arrays([np.zeros((4, 4), np.uint8)] * count)


class Heard:
    def __init__(self):
        self.states = []
        self.done = threading.Event()

    def __call__(self, state):
        self.states.append(state)
        if state.get("done"):
            self.done.set()

    def end(self):
        assert self.done.wait(PATIENCE_S)
        return self.states[-1]


@pytest.fixture
def heard():
    return Heard()


@pytest.fixture
def received():
    return []


def test_what_is_made_at_once_is_received(heard, received):
    production = Production({"copies": some}, received.append, heard)
    production.make(name="copies", count=7)
    assert heard.end() == {"name": "copies", "made": 7, "wanted": 7, "share": None, "done": True}
    assert [len(made) for made in received] == [7]
    assert production.state is None


def test_what_is_made_bit_by_bit_tells_how_far_it_is(heard, received):
    def gan(count):
        yield 0.25
        yield some(2)
        yield 0.75
        yield some(count - 2)

    Production({"GAN": gan}, received.append, heard).make(name="GAN", count=5)
    heard.end()
    assert [(state["made"], state["share"]) for state in heard.states] == [
        (0, None),
        (0, 0.25),
        (2, 0.25),
        (2, 0.75),
        (5, 0.75),
        (5, 0.75),
    ]


def test_stop_keeps_what_was_made(heard, received):
    production = None
    first = threading.Event()

    def endless(_count):
        while True:
            yield some(1)
            first.set()

    production = Production({"endless": endless}, received.append, heard)
    production.make(name="endless", count=100)
    assert first.wait(PATIENCE_S)
    production.stop()
    assert heard.end()["stopped"]
    assert len(received) == heard.end()["made"] >= 1
    production.make(name="endless", count=1)  # and it can begin again
    heard.done.clear()
    production.stop()
    assert heard.end()["done"]


def test_what_was_made_when_stop_was_pressed_is_kept(heard, received):
    begun, gate = threading.Event(), threading.Event()

    def slow(count):
        begun.set()
        assert gate.wait(PATIENCE_S)
        return some(count)

    production = Production({"slow": slow}, received.append, heard)
    production.make(name="slow", count=3)
    assert begun.wait(PATIENCE_S)
    production.stop()
    gate.set()
    assert heard.end()["made"] == 3
    assert [len(made) for made in received] == [3]


def test_only_one_is_at_work(heard, received):
    gate = threading.Event()

    def waiting(count):
        assert gate.wait(PATIENCE_S)
        return some(count)

    production = Production({"slow": waiting}, received.append, heard)
    production.make(name="slow", count=1)
    with pytest.raises(RuntimeError, match="slow is still at work"):
        production.make(name="slow", count=1)
    gate.set()
    heard.end()


def test_a_failure_is_told_with_its_details_and_what_was_made_stays(heard, received):
    def failing(_count):
        yield some(3)
        raise ValueError("too few patterns")

    Production({"GAN": failing}, received.append, heard).make(name="GAN", count=9)
    end = heard.end()
    assert end["error"]["message"] == "too few patterns"
    assert "in failing" in end["error"]["details"]
    assert [len(made) for made in received] == [3]


@pytest.mark.parametrize(("name", "count"), [("nobody", 3), ("copies", 0)])
def test_what_cannot_be_made_is_refused(heard, received, name, count):
    with pytest.raises(ValueError, match=r"nobody|0 were asked for"):
        Production({"copies": some}, received.append, heard).make(name=name, count=count)
