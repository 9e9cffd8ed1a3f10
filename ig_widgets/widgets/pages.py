"""Decoded images and their pictures, a few at a time, the next one made ready beforehand."""

from collections import OrderedDict
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from threading import RLock
from typing import TypeVar

import numpy as np

from ig_widgets.widgets.pictures import Picture, overview

Item = TypeVar("Item")


class Pages:
    """The images of a queue, by their position in it.

    Parameters
    ----------
    images
        What is shown, (H, W) or (H, W, 3) uint8 each.
    kept_pixels
        How many values of decoded images are kept, enough for the large one that is looked at and the next;
        the newest image is kept however large it is.
    kept_pictures
        How many encoded pictures are kept.
    """

    def __init__(
        self, images: Sequence[np.ndarray], *, kept_pixels: int = 400_000_000, kept_pictures: int = 16
    ) -> None:
        self._images = images
        self._kept_pixels = kept_pixels
        self._kept_pictures = kept_pictures
        self._decoded: OrderedDict[int, np.ndarray] = OrderedDict()
        self._pictures: OrderedDict[int, Picture] = OrderedDict()
        self._lock = RLock()
        self._ahead = ThreadPoolExecutor(1, thread_name_prefix="ig_widgets-pages")

    def image(self, position: int) -> np.ndarray:
        """Return a decoded image; raises what decoding raises."""
        return self._kept(
            self._decoded,
            position,
            lambda: self._images[position],
            lambda: sum(image.size for image in self._decoded.values()) > self._kept_pixels,
        )

    def picture(self, position: int) -> Picture:
        """Return the overview of an image; raises what decoding raises."""
        return self._kept(
            self._pictures,
            position,
            lambda: overview(self.image(position)),
            lambda: len(self._pictures) > self._kept_pictures,
        )

    def prepare(self, position: int) -> None:
        """Make an overview beforehand, on another thread; a position outside the queue is ignored."""
        if 0 <= position < len(self._images):
            # An error is not lost: whoever looks at this image gets it then.
            self._ahead.submit(self.picture, position)

    def forget(self) -> None:
        """Give back the memory; what is asked for again is made again."""
        with self._lock:
            self._decoded.clear()
            self._pictures.clear()

    def close(self) -> None:
        """End the thread, and give back the memory."""
        self.forget()
        self._ahead.shutdown(wait=False, cancel_futures=True)

    def _kept(
        self, kept: OrderedDict[int, Item], position: int, make: Callable[[], Item], full: Callable[[], bool]
    ) -> Item:
        with self._lock:
            if position in kept:
                kept.move_to_end(position)
                return kept[position]
        made = make()
        with self._lock:
            kept[position] = made
            while len(kept) > 1 and full():
                kept.popitem(last=False)
        return made
