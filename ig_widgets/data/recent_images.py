"""A least-recently-used cache of decoded images."""

from __future__ import annotations

from collections import OrderedDict
from concurrent.futures import Future
from threading import Lock
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from ig_widgets.data.images import ImageSet

    Image = NDArray[np.uint8]

_MAX_BYTES = 256 * 2**20


class RecentImages:
    """A thread-safe cache of the images of a set that were requested most recently.

    Threads that request the same image at the same time read it once.

    Parameters
    ----------
    images
        The images.
    max_bytes
        Size of the cache. The most recent image is kept whatever its size; images that are being read do not
        count.
    """

    def __init__(self, images: ImageSet, max_bytes: int = _MAX_BYTES) -> None:
        self._images = images
        self._max_bytes = max_bytes
        self._bytes = 0
        self._readings: OrderedDict[int, Future[Image]] = OrderedDict()
        self._lock = Lock()

    def __reduce__(self) -> tuple[type[RecentImages], tuple[ImageSet, int]]:
        """Pickle the images but not the cache: each process has its own."""
        return RecentImages, (self._images, self._max_bytes)

    def __getitem__(self, position: int) -> Image:
        """Return an image, waiting for another thread if that is already reading it.

        Raises
        ------
        ImageError
            If the image cannot be read. Failures are not cached: the next request tries again.
        """
        with self._lock:
            reading = self._readings.get(position)
            if reading is not None:
                self._readings.move_to_end(position)
            else:
                mine = self._readings[position] = Future()
        if reading is not None:
            return reading.result()
        try:
            image = self._images[position]
        except BaseException as error:
            with self._lock:
                del self._readings[position]
            mine.set_exception(error)
            raise
        with self._lock:
            mine.set_result(image)
            self._bytes += image.nbytes
            self._evict(position)
        return image

    def _evict(self, last: int) -> None:
        """Evict the least recently requested images until the cache is within its limit."""
        for position in list(self._readings):
            if self._bytes <= self._max_bytes:
                return
            if position != last and self._readings[position].done():
                self._bytes -= self._readings.pop(position).result().nbytes
