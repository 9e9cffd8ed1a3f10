"""Thumbnails for a wall of items, made on threads: the newest place that people look at comes first."""

import itertools
import time
from collections import OrderedDict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from threading import Lock, Thread
from typing import TYPE_CHECKING, Any

import cv2
import numpy as np
from numpy.typing import NDArray

from ig_widgets.data.errors import ImageError
from ig_widgets.widgets.shared.picture_memory import looked_at

if TYPE_CHECKING:
    from ig_widgets.widgets.shared.messages import Operation

LEVELS = (64, 128, 256, 512)
"""The longest sides of thumbnails, in pixels. The browser's half is wall/thumbnails.ts."""

_QUALITY = 85
_SHEET_PIXELS = 600_000  # as noise in color, the worst case, this is a message of less than 1 MB
_SHEET_ITEMS = 48  # few enough to be there soon
_SHEET_WIDTH = 1024
_MOST_WISHES = 10_000
_MOST_VIEWS = 8
_MOMENT_S = 0.25
_UNDER_WAY_S = 2.0  # after that a sheet that nobody confirmed counts as lost

Pixels = NDArray[np.uint8]


@dataclass
class _View:
    """What one view of a widget waits for."""

    level: int = 0
    wishes: list[int] = field(default_factory=list)
    making: set[int] = field(default_factory=set)
    sent: dict[int, tuple[float, list[int]]] = field(default_factory=dict)
    serial: int = 0


class Thumbnails:
    """Answers the wishes of a wall.

    Parameters
    ----------
    picture
        Gives an item's image, (H, W) or (H, W, 3) uint8; called from several threads. What it raises as
        `ImageError` is shown in place of the item.
    send
        Sends a message, JSON and buffers, to all views of the widget.
    threads
        How many thumbnails are made at once. A thread ends when there is nothing to do.
    kept_bytes
        How many bytes of thumbnails are kept for who comes back.

    Attributes
    ----------
    operations : dict
        What the browser may ask for: see `Messages`.
    """

    def __init__(
        self,
        picture: Callable[[int], Pixels],
        send: Callable[[dict[str, Any], list[bytes]], None],
        *,
        threads: int = 2,
        kept_bytes: int = 64_000_000,
    ) -> None:
        self.operations: dict[str, Operation] = {"wish": self.wish, "unwish": self.unwish}
        self._picture = picture
        self._send = send
        self._threads = threads
        self._kept_bytes = kept_bytes
        self._kept: OrderedDict[tuple[int, int], Pixels] = OrderedDict()
        self._bytes = 0
        self._views: OrderedDict[str, _View] = OrderedDict()
        self._lock = Lock()
        self._working = 0

    def wish(
        self, *, view: str, level: int, items: Sequence[int], received: int
    ) -> tuple[dict[str, Any], list[bytes]]:
        """Note what a view looks at, in place of what it looked at before; sheets come as they are made.

        Parameters
        ----------
        view
            A name of the view's own.
        level
            The longest side of thumbnails in pixels, one of `LEVELS`.
        items
            Numbers of items, the most wanted first.
        received
            The number of the last sheet that has come: what is under way is not made again.
        """
        if level not in LEVELS:
            raise ValueError(f"level is {level}; the levels are {', '.join(map(str, LEVELS))}")
        if len(items) > _MOST_WISHES:
            raise ValueError(
                f"{len(items)} thumbnails were asked for at once; ask for {_MOST_WISHES} at most"
            )
        now = time.monotonic()
        looked_at(self)
        with self._lock:
            waiting = self._views.setdefault(view, _View())
            self._views.move_to_end(view)
            while len(self._views) > _MOST_VIEWS:
                self._views.popitem(last=False)  # of pages that were closed without a word
            if level != waiting.level:
                # what is under way is too small, or larger than it need be
                waiting.level, waiting.sent, waiting.making = level, {}, set()
            waiting.sent = {
                serial: (at, some)
                for serial, (at, some) in waiting.sent.items()
                if serial > received and now - at < _UNDER_WAY_S
            }
            coming = waiting.making.union(*(some for _, some in waiting.sent.values()))
            waiting.wishes = [item for item in reversed(items) if item not in coming]  # the last is next
            idle = self._threads - self._working
            self._working += idle
        for _ in range(idle):
            Thread(target=self._work, name="ig_widgets-thumbnails", daemon=True).start()
        return {}, []

    def unwish(self, *, view: str) -> tuple[dict[str, Any], list[bytes]]:
        """Forget a view that was closed; with the last one, the thumbnails too."""
        with self._lock:
            self._views.pop(view, None)
            closed = not self._views
        if closed:
            self.forget()
        return {}, []

    def forget(self) -> None:
        """Give back the memory; what is wished for again is made again."""
        with self._lock:
            self._kept.clear()
            self._bytes = 0

    def close(self) -> None:
        """Make nothing more, and give back the memory."""
        with self._lock:
            self._views.clear()
        self.forget()

    def _work(self) -> None:
        while (task := self._next()) is not None:
            name, view, level, items = task
            try:
                self._make(name, view, level, items)
            except BaseException:
                with self._lock:
                    self._working -= 1
                raise
            finally:
                with self._lock:
                    view.making.difference_update(items)

    def _next(self) -> tuple[str, _View, int, list[int]] | None:
        """Take some wishes off the list of the view that wished last; None ends the worker that asks."""
        with self._lock:
            for name in reversed(self._views):
                view = self._views[name]
                if view.wishes:
                    number = max(1, min(_SHEET_ITEMS, _SHEET_PIXELS // view.level**2))
                    items = view.wishes[-number:][::-1]
                    del view.wishes[-number:]
                    view.making.update(items)
                    return name, view, view.level, items
            self._working -= 1
        return None

    def first_sheet(self, items: Iterable[int], *, level: int = 128) -> tuple[dict[str, Any], bytes]:
        """Return a sheet that no view has wished for: of the items that can be read in a moment."""
        until = time.monotonic() + _MOMENT_S
        return self._sheet(itertools.takewhile(lambda _: time.monotonic() < until, items), level)

    def _make(self, name: str, view: _View, level: int, items: Sequence[int]) -> None:
        made, picture = self._sheet(items, level)
        with self._lock:
            view.serial += 1
            if level == view.level:
                view.sent[view.serial] = (time.monotonic(), made["items"])
            # under the lock, so that the numbers arrive in their order
            self._send({"news": {"sheet": {"view": name, "serial": view.serial, **made}}}, [picture])

    def _sheet(self, items: Iterable[int], level: int) -> tuple[dict[str, Any], bytes]:
        """Return what is told about a sheet, and the sheet."""
        made, problems = [], []
        for item in items:
            try:
                made.append((item, self._thumbnail(item, level)))
            # also what the caller's own images raise: one bad item stops no other
            except Exception as error:  # noqa: BLE001
                why = str(error) if isinstance(error, ImageError) else f"{type(error).__name__}: {error}"
                problems.append((item, why))
        picture, places = sheet([thumbnail for _, thumbnail in made])
        shown = [item for item, _ in made]
        return {"level": level, "items": shown, "places": places, "problems": problems}, picture

    def _thumbnail(self, item: int, level: int) -> Pixels:
        with self._lock:
            if (item, level) in self._kept:
                self._kept.move_to_end((item, level))
                return self._kept[item, level]
        made = thumbnail(self._picture(item), level)
        with self._lock:
            if self._views and (item, level) not in self._kept:
                self._kept[item, level] = made
                self._bytes += made.nbytes
            while self._bytes > self._kept_bytes and len(self._kept) > 1:
                self._bytes -= self._kept.popitem(last=False)[1].nbytes
        return made


def thumbnail(image: Pixels, level: int) -> Pixels:
    """Reduce an image until its longest side is `level` pixels; a smaller one stays as it is."""
    height, width = image.shape[:2]
    reduction = level / max(height, width)
    if reduction >= 1:
        return image.copy()  # of a crop: the image that it is a part of can go
    size = (max(1, round(width * reduction)), max(1, round(height * reduction)))
    return np.asarray(cv2.resize(image, size, interpolation=cv2.INTER_AREA), dtype=np.uint8)


def sheet(thumbnails: Iterable[Pixels]) -> tuple[bytes, list[int]]:
    """Put thumbnails into one picture, in rows from the left to the right.

    Returns
    -------
    jpeg : bytes
        The picture, gray if all of them are; empty where there is none.
    places : list of int
        x, y, width and height of each, one after the other.
    """
    listed = list(thumbnails)
    if not listed:
        return b"", []
    width = max(_SHEET_WIDTH, *(one.shape[1] for one in listed))
    places: list[int] = []
    x = y = below = 0
    for one in listed:
        h, w = one.shape[:2]
        if x + w > width:
            x, y, below = 0, y + below, 0
        places += [x, y, w, h]
        x += w
        below = max(below, h)
    used = max(places[i] + places[i + 2] for i in range(0, len(places), 4))
    gray = all(one.ndim == 2 for one in listed)
    picture = np.zeros((y + below, used) if gray else (y + below, used, 3), np.uint8)
    for i, one in enumerate(listed):
        x, y, w, h = places[4 * i : 4 * i + 4]
        pixels = one if gray or one.ndim == 3 else cv2.cvtColor(one, cv2.COLOR_GRAY2RGB)
        picture[y : y + h, x : x + w] = pixels
    bgr = picture if gray else cv2.cvtColor(picture, cv2.COLOR_RGB2BGR)
    _, jpeg = cv2.imencode(".jpg", bgr, [cv2.IMWRITE_JPEG_QUALITY, _QUALITY])
    return jpeg.tobytes(), places
