import pickle
import threading
import weakref
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from ig_widgets.data.images import ImageSet
from ig_widgets.data.recent_images import RecentImages

BYTES = 20  # of one image


class Watched(np.ndarray):
    """An array that can be referred to weakly: it lives as long as any view of it."""


class Counted:
    """A lazy sequence that counts how often each array is asked for, and watches them."""

    def __init__(self, n=10):
        self.n = n
        self.asked = []
        self.alive = weakref.WeakValueDictionary()

    def __len__(self):
        return self.n

    def __getitem__(self, i):
        self.asked.append(i)
        array = Watched((4, BYTES // 4), np.uint8)
        array[...] = i
        self.alive[i] = array
        return array


def test_an_image_is_read_once_while_it_is_kept():
    lazy = Counted()
    recent = RecentImages(ImageSet.from_arrays(lazy), max_bytes=3 * BYTES)
    assert [recent[i][0, 0] for i in (0, 1, 2, 0, 1, 2, 2)] == [0, 1, 2, 0, 1, 2, 2]
    assert lazy.asked == [0, 1, 2]


def test_what_was_asked_for_longest_ago_goes_first():
    lazy = Counted()
    recent = RecentImages(ImageSet.from_arrays(lazy), max_bytes=2 * BYTES)
    for i in (0, 1, 0, 2):
        recent[i]
    assert sorted(lazy.alive) == [0, 2]
    recent[0]
    recent[1]
    assert lazy.asked == [0, 1, 2, 1]


@pytest.mark.parametrize("most", [0, BYTES - 1, 2 * BYTES, 5 * BYTES + 3])
def test_no_more_bytes_are_kept_than_allowed_but_the_last_image_is(most):
    lazy = Counted(200)
    recent = RecentImages(ImageSet.from_arrays(lazy), max_bytes=most)
    for i in np.random.default_rng(0).integers(0, 200, 500).tolist():
        assert recent[i][0, 0] == i
        assert i in lazy.alive
        assert len(lazy.alive) <= max(1, most // BYTES)


class Slow(Counted):
    """A sequence whose arrays take until they are let go."""

    def __init__(self):
        super().__init__()
        self.begun, self.let_go = threading.Event(), threading.Event()

    def __getitem__(self, i):
        self.begun.set()
        assert self.let_go.wait(20)
        return super().__getitem__(i)


def test_who_asks_while_another_thread_reads_waits_for_that_thread():
    lazy = Slow()
    recent = RecentImages(ImageSet.from_arrays(lazy))
    with ThreadPoolExecutor(8) as pool:
        asked = [pool.submit(recent.__getitem__, 3) for _ in range(8)]
        assert lazy.begun.wait(20)
        lazy.let_go.set()
        images = [future.result(20) for future in asked]
    assert lazy.asked == [3]
    assert all(image is images[0] for image in images)


def test_many_threads_get_the_right_images_and_keep_no_more_than_allowed():
    lazy = Counted(50)
    recent = RecentImages(ImageSet.from_arrays(lazy), max_bytes=3 * BYTES)
    wanted = np.random.default_rng(0).integers(0, 50, 4000).tolist()
    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(lambda i: int(recent[i][0, 0]), wanted)) == wanted
    assert len(lazy.alive) <= 3


def test_a_failure_is_not_remembered():
    class Late(Counted):
        def __getitem__(self, i):
            if not self.asked:
                self.asked.append(i)
                raise OSError("not there yet")
            return super().__getitem__(i)

    recent = RecentImages(ImageSet.from_arrays(Late()))
    with pytest.raises(OSError, match="not there yet"):
        recent[1]
    assert recent[1][0, 0] == 1


def test_another_process_gets_the_images_and_not_what_is_kept():
    images = ImageSet.from_arrays(np.arange(40, dtype=np.uint8).reshape(2, 4, 5))
    recent = RecentImages(images, max_bytes=7)
    recent[1]
    sent = pickle.loads(pickle.dumps(recent))  # noqa: S301  # joblib's processes do this; nothing is stored
    np.testing.assert_array_equal(sent[1], images[1])
    assert sent._max_bytes == 7
