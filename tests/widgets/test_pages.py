import threading

import numpy as np
import pytest

from ig_widgets.widgets.pages import Pages


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
    pages.close()
    pages.picture(2)
    assert images.decoded[2] <= 2


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
