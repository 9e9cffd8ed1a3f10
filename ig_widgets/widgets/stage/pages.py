"""Decoded images and their pictures, a few at a time, the next one made ready beforehand."""

from collections import OrderedDict
from collections.abc import Callable, Sequence
from contextlib import suppress
from threading import RLock, Thread
from typing import TypeVar

import numpy as np

from ig_widgets.widgets.shared.jpegs import Picture, overview
from ig_widgets.widgets.shared.picture_memory import looked_at

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
        self._forgotten = 0  # how often
        self._next: int | None = None
        self._preparing = False

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
        """Make an overview beforehand, on another thread; a position outside the queue is ignored.

        What was asked for and not begun is no longer made. The thread ends when there is nothing to do.
        """
        if not 0 <= position < len(self._images):
            return
        with self._lock:
            self._next = position
            if self._preparing:
                return
            self._preparing = True
        Thread(target=self._prepare, name="ig_widgets-pages", daemon=True).start()

    def forget(self) -> None:
        """Give back the memory; what is asked for again is made again."""
        with self._lock:
            self._forgotten += 1
            self._next = None
            self._decoded.clear()
            self._pictures.clear()

    def _prepare(self) -> None:
        while True:
            with self._lock:
                position, self._next = self._next, None
                if position is None:
                    self._preparing = False
                    return
            with suppress(Exception):  # it is not lost: whoever looks at this image gets it then
                self.picture(position)

    def _kept(
        self, kept: OrderedDict[int, Item], position: int, make: Callable[[], Item], full: Callable[[], bool]
    ) -> Item:
        looked_at(self)
        with self._lock:
            if position in kept:
                kept.move_to_end(position)
                return kept[position]
            forgotten = self._forgotten
        made = make()
        with self._lock:
            if forgotten == self._forgotten:  # else nobody looks any more
                kept[position] = made
            while len(kept) > 1 and full():
                kept.popitem(last=False)
        return made
