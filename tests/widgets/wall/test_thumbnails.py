import threading

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ig_widgets.data.errors import ImageError
from ig_widgets.widgets.wall import thumbnails as module
from ig_widgets.widgets.wall.thumbnails import Thumbnails, sheet, thumbnail

PATIENCE_S = 20


class Sent:
    """What a wall hears from the kernel."""

    def __init__(self):
        self._more = threading.Condition()
        self.sheets = []

    def __call__(self, message, buffers):
        with self._more:
            self.sheets.append((message["news"]["sheet"], buffers[0]))
            self._more.notify_all()

    def items(self):
        return [item for told, _ in self.sheets for item in told["items"]]

    def problems(self):
        return dict(problem for told, _ in self.sheets for problem in told["problems"])

    def wait(self, enough):
        with self._more:
            assert self._more.wait_for(lambda: enough(self), PATIENCE_S), self.items()


def pictures(told, jpeg):
    """Cut a sheet into its thumbnails, by item."""
    picture = cv2.imdecode(np.frombuffer(jpeg, np.uint8), cv2.IMREAD_UNCHANGED)
    places = np.reshape(told["places"], (-1, 4))
    return {
        item: picture[y : y + h, x : x + w] for item, (x, y, w, h) in zip(told["items"], places, strict=True)
    }


def plain(item):
    """Make an image that tells which item it is."""
    return np.full((40 + item % 3, 60, 3), (item % 250, 100, 200), np.uint8)


@pytest.fixture
def sent():
    return Sent()


@pytest.fixture
def wall(sent):
    made = []

    def make(picture=plain, **how):
        made.append(Thumbnails(picture, sent, **how))
        return made[-1]

    yield make
    for one in made:
        one.close()


def wish(thumbnails, items, *, view="a", level=64, received=0):
    thumbnails.wish(view=view, level=level, items=items, received=received)


def test_every_wish_comes_once_with_its_own_picture(wall, sent):
    wish(wall(), range(200))
    sent.wait(lambda sent: len(sent.items()) >= 200)
    assert sorted(sent.items()) == list(range(200))
    for told, jpeg in sent.sheets:
        for item, pixels in pictures(told, jpeg).items():
            assert pixels.shape[:2] == plain(item).shape[:2]
            assert abs(int(pixels[20, 30, 2]) - item % 250) < 6  # blue, green, red


def test_a_new_place_comes_before_what_is_left_of_the_old_one(wall, sent):
    gate = threading.Event()

    def slow(item):
        gate.wait(PATIENCE_S)
        return plain(item)

    thumbnails = wall(slow, threads=1)
    wish(thumbnails, range(1000))
    wish(thumbnails, range(5000, 5100))
    gate.set()
    sent.wait(lambda sent: set(range(5000, 5100)) <= set(sent.items()))
    before = [item for item in sent.items() if item < 1000]
    assert len(before) <= 48  # what was in the making when the wish changed
    assert sent.items()[len(before) :] == list(range(5000, 5100))


def test_what_is_under_way_is_not_made_again(wall, sent, monkeypatch):
    monkeypatch.setattr(module, "_UNDER_WAY_S", 60)
    thumbnails = wall()
    wish(thumbnails, range(100))
    sent.wait(lambda sent: len(sent.items()) >= 100)
    wish(thumbnails, range(150))  # sent before any sheet has come
    sent.wait(lambda sent: len(sent.items()) >= 150)
    assert sorted(sent.items()) == list(range(150))


def test_what_has_come_and_was_dropped_is_made_again(wall, sent):
    thumbnails = wall()
    wish(thumbnails, range(10))
    sent.wait(lambda sent: len(sent.items()) >= 10)
    wish(thumbnails, [3], received=sent.sheets[-1][0]["serial"])
    sent.wait(lambda sent: len(sent.items()) >= 11)
    assert sent.items()[-1] == 3


def test_an_item_that_cannot_be_shown_is_told_of_and_the_others_come(wall, sent):
    def some(item):
        if item == 4:
            raise ImageError("four.png", "it is broken")
        if item == 5:
            raise RuntimeError("the caller's own trouble")
        return plain(item)

    wish(wall(some), range(10))
    sent.wait(lambda sent: len(sent.items()) + len(sent.problems()) >= 10)
    assert sorted(sent.items()) == [0, 1, 2, 3, 6, 7, 8, 9]
    assert "four.png" in sent.problems()[4]
    assert "the caller's own trouble" in sent.problems()[5]


def test_each_view_gets_what_it_wished(wall, sent):
    thumbnails = wall()
    wish(thumbnails, range(60), view="a")
    wish(thumbnails, range(30, 90), view="b", level=128)
    sent.wait(lambda sent: len(sent.items()) >= 120)
    for view, wanted in {"a": range(60), "b": range(30, 90)}.items():
        got = [item for told, _ in sent.sheets if told["view"] == view for item in told["items"]]
        assert sorted(got) == list(wanted)
        assert [told["serial"] for told, _ in sent.sheets if told["view"] == view] == sorted(
            told["serial"] for told, _ in sent.sheets if told["view"] == view
        )


def test_thumbnails_that_are_kept_are_bounded_and_save_the_second_look(wall, sent):
    looks = []

    def counted(item):
        looks.append(item)
        return np.full((64, 64), item % 250, np.uint8)

    thumbnails = wall(counted, threads=1, kept_bytes=100 * 64 * 64)
    wish(thumbnails, range(300))
    sent.wait(lambda sent: len(sent.items()) >= 300)
    last = sent.sheets[-1][0]["serial"]
    wish(thumbnails, range(250, 300), received=last)
    sent.wait(lambda sent: len(sent.items()) >= 350)
    assert len(looks) == 300
    wish(thumbnails, range(50), received=sent.sheets[-1][0]["serial"])
    sent.wait(lambda sent: len(sent.items()) >= 400)
    assert len(looks) == 350


def at_work():
    return [thread for thread in threading.enumerate() if thread.name == "ig_widgets-thumbnails"]


@pytest.mark.parametrize("close", [True, False])
def test_walls_that_have_all_they_wished_for_have_no_threads(wall, sent, close):
    for number in range(1, 21):
        thumbnails = wall(threads=3)
        wish(thumbnails, range(60))
        sent.wait(lambda sent, number=number: len(sent.items()) >= 60 * number)
        if close:
            thumbnails.close()
    for thread in at_work():
        thread.join(PATIENCE_S)
    assert at_work() == []


def test_a_wall_makes_no_more_than_so_many_at_once_and_begins_again(wall, sent):
    gate, most = threading.Event(), []

    def slow(item):
        gate.wait(PATIENCE_S)
        most.append(len(at_work()))
        return plain(item)

    thumbnails = wall(slow, threads=3)
    for start in range(5):
        wish(thumbnails, range(start, 300))
    gate.set()
    sent.wait(lambda sent: len(sent.items()) >= 300 - 4)
    assert max(most) <= 3
    for thread in at_work():
        thread.join(PATIENCE_S)
    wish(thumbnails, [1000], received=sent.sheets[-1][0]["serial"])
    sent.wait(lambda sent: 1000 in sent.items())


def test_a_wall_that_is_closed_makes_nothing_more(wall):
    gate, made = threading.Event(), []

    def slow(item):
        made.append(item)
        gate.wait(PATIENCE_S)
        return plain(item)

    thumbnails = wall(slow, threads=1)
    wish(thumbnails, range(1000))
    thumbnails.close()
    gate.set()
    for thread in at_work():
        thread.join(PATIENCE_S)
    assert at_work() == []
    assert len(made) <= 48  # what was in the making
    assert not thumbnails._kept


@pytest.mark.parametrize(
    ("how", "sentence"),
    [({"level": 100}, "the levels are"), ({"items": range(20_000)}, "ask for 10000 at most")],
)
def test_wishes_that_no_wall_has_are_refused(wall, how, sentence):
    with pytest.raises(ValueError, match=sentence):
        wish(wall(), **{"items": [1], **how})


@settings(deadline=None)
@given(st.lists(st.tuples(st.integers(1, 512), st.integers(1, 512)), min_size=1, max_size=30))
def test_thumbnails_of_any_size_lie_beside_each_other(sizes):
    jpeg, places = sheet([np.full(size, 128, np.uint8) for size in sizes])
    picture = cv2.imdecode(np.frombuffer(jpeg, np.uint8), cv2.IMREAD_UNCHANGED)
    taken = np.zeros(picture.shape[:2], int)
    for (height, width), (x, y, w, h) in zip(sizes, np.reshape(places, (-1, 4)), strict=True):
        assert (w, h) == (width, height)
        assert x + w <= picture.shape[1]
        assert y + h <= picture.shape[0]
        taken[y : y + h, x : x + w] += 1
    assert taken.max() == 1


def test_a_sheet_of_noise_is_a_message_below_a_megabyte(wall, sent):
    noise = np.random.default_rng(0)

    def noisy(_item):
        return noise.integers(0, 256, (600, 600, 3), np.uint8)

    for level in (64, 128, 256, 512):
        sent.sheets.clear()
        wish(wall(noisy, threads=1), range(48), level=level)
        sent.wait(lambda sent: len(sent.items()) >= 48)
        assert max(len(jpeg) for _, jpeg in sent.sheets) < 1_000_000


@settings(deadline=None)
@given(st.integers(1, 3000), st.integers(1, 3000), st.sampled_from([64, 128, 256, 512]))
def test_a_thumbnail_keeps_the_shape_and_enlarges_nothing(height, width, level):
    made = thumbnail(np.zeros((height, width), np.uint8), level)
    if max(height, width) <= level:
        assert made.shape == (height, width)
    else:
        assert max(made.shape) == level
        assert abs(made.shape[0] - height * level / max(height, width)) <= 1
