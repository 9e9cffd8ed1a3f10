"""The images that were read last, kept for what is cut out of them next."""

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

_MOST_BYTES = 256 * 2**20


class RecentImages:
    """Images that are read once as long as they are asked for again soon, from however many threads.

    Parameters
    ----------
    images
        The images.
    most_bytes
        Images of so many bytes are kept, those that were asked for last. The last one is kept whatever its
        size; beside these are only the images that are being read.
    """

    def __init__(self, images: ImageSet, most_bytes: int = _MOST_BYTES) -> None:
        self._images = images
        self._most_bytes = most_bytes
        self._bytes = 0
        self._readings: OrderedDict[int, Future[Image]] = OrderedDict()
        self._lock = Lock()

    def __reduce__(self) -> tuple[type[RecentImages], tuple[ImageSet, int]]:
        """Send the images to another process, which keeps its own."""
        return RecentImages, (self._images, self._most_bytes)

    def __getitem__(self, position: int) -> Image:
        """Return an image; who asks while another thread reads it waits for that thread.

        Raises
        ------
        ImageError
            If it cannot be read. That is not remembered: the next one to ask tries again.
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
            self._forget(position)
        return image

    def _forget(self, last: int) -> None:
        """Forget images while there are too many bytes, the one asked for longest ago first."""
        for position in list(self._readings):
            if self._bytes <= self._most_bytes:
                return
            if position != last and self._readings[position].done():
                self._bytes -= self._readings.pop(position).result().nbytes
