import threading

import numpy as np
import pytest

from ig_widgets.widgets.stage.pages import Pages

PATIENCE_S = 20


class Counting:
    """Images that count how often each was decoded."""

    def __init__(self, n, side=20):
        self.decoded = [0] * n
        self.side = side
        self.read = threading.Event()

    def __len__(self):
        return len(self.decoded)

    def __getitem__(self, position):
        self.decoded[position] += 1
        self.read.set()
        if position == 3:
            raise ValueError("image 3 is broken")
        return np.full((self.side, self.side), position, np.uint8)


def end_of_preparing():
    """Wait until no page is made beforehand, which is to end by itself."""
    for thread in threading.enumerate():
        if thread.name == "ig_widgets-pages":
            thread.join(PATIENCE_S)
            assert not thread.is_alive()


def test_looking_twice_decodes_once():
    images = Counting(3)
    pages = Pages(images)
    assert pages.picture(1) is pages.picture(1)
    assert pages.image(1)[0, 0] == 1
    assert images.decoded == [0, 1, 0]


def test_the_next_image_is_made_ready():
    images = Counting(3)
    pages = Pages(images)
    pages.prepare(2)
    assert images.read.wait(10)
    end_of_preparing()
    pages.picture(2)
    assert images.decoded[2] == 1


def test_decoded_images_are_dropped_by_their_size_and_pictures_by_their_number():
    images = Counting(3)
    pages = Pages(images, kept_pixels=800, kept_pictures=2)
    for position in (0, 1, 2):
        pages.picture(position)
    assert list(pages._decoded) == [1, 2]
    assert list(pages._pictures) == [1, 2]


def test_an_image_larger_than_all_that_is_kept_is_still_shown():
    pages = Pages(Counting(2), kept_pixels=10)
    assert pages.image(0).shape == (20, 20)


def test_an_error_is_told_to_whoever_looks():
    pages = Pages(Counting(5))
    pages.prepare(3)
    with pytest.raises(ValueError, match="image 3 is broken"):
        pages.picture(3)


def test_pages_that_nobody_turns_have_no_thread():
    for _ in range(20):
        images = Counting(3)
        Pages(images).prepare(1)
        assert images.read.wait(PATIENCE_S)
    end_of_preparing()


class Slow(Counting):
    """Images whose reading waits for a gate."""

    def __init__(self, n):
        super().__init__(n)
        self.gate = threading.Event()

    def __getitem__(self, position):
        image = super().__getitem__(position)
        assert self.gate.wait(PATIENCE_S)
        return image


def test_of_pages_to_prepare_the_last_one_counts():
    images = Slow(10)
    pages = Pages(images)
    pages.prepare(1)
    assert images.read.wait(PATIENCE_S)
    for position in range(2, 9):
        pages.prepare(position)
    images.gate.set()
    end_of_preparing()
    assert images.decoded == [0, 1, 0, 0, 0, 0, 0, 0, 1, 0]


def test_what_was_in_the_making_when_all_was_forgotten_is_not_kept():
    images = Slow(10)
    pages = Pages(images)
    pages.prepare(1)
    assert images.read.wait(PATIENCE_S)
    pages.prepare(2)
    pages.forget()
    images.gate.set()
    end_of_preparing()
    assert not pages._decoded
    assert not pages._pictures
    assert images.decoded == [0, 1, 0, 0, 0, 0, 0, 0, 0, 0]
    pages.picture(1)
    assert list(pages._pictures) == [1]
