"""One image of a queue at a time, painted on a canvas, for widgets in which people look closely."""

import hashlib
import threading
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from ig_widgets.data.errors import ImageError
from ig_widgets.data.images import ImageSet
from ig_widgets.widgets.shared.jpegs import detail
from ig_widgets.widgets.stage.pages import Pages
from ig_widgets.widgets.stage.painter import Painter

if TYPE_CHECKING:
    from ig_widgets.widgets.shared.messages import Operation


class Viewer:
    """Turns the pages of a widget; all its views show the same one, since they show the same canvas.

    Parameters
    ----------
    images
        What is shown.
    tell
        Gives what the widget has to say about the image at a position: ``page`` and more.
    send
        Sends a message to all views of the widget.
    position
        Where it begins.

    Attributes
    ----------
    operations : dict
        What the browser may ask for: see `Messages`.
    queue : str
        Names the images of this widget: what was said in another one's is not for it.
    canvas : ipycanvas.MultiCanvas
        The picture, and a layer for drawings above it: see `Painter`.
    position : int
        Which image is shown.
    lock : threading.RLock
        Held while a page is turned: handlers may run beside each other.
    """

    def __init__(
        self,
        images: ImageSet,
        tell: Callable[[int], dict[str, Any]],
        send: Callable[[dict[str, Any]], None],
        position: int = 0,
    ) -> None:
        self.operations: dict[str, Operation] = {"show": self._show, "detail": self._detail, "bye": self._bye}
        self.queue = hashlib.sha256("\n".join(images.ids).encode()).hexdigest()
        self.position = position
        self.lock = threading.RLock()
        self._images = images
        self._tell = tell
        self._send = send
        self._pages = Pages(images)
        self._painter = Painter()

    @property
    def canvas(self) -> Any:
        """The picture, and a layer for drawings above it."""
        return self._painter.canvas

    @property
    def model(self) -> str:
        """The name by which the browser finds the model that draws the picture."""
        return self._painter.model

    def show(self, position: int) -> dict[str, Any]:
        """Paint an image, and tell all views what there is to say about it."""
        with self.lock:
            told = self._tell(position)
            painted = self._paint(position, told["page"])
            self.position = position
            # under the lock: two turns are told in their order
            self._send({"news": {**told, "turned": True}})
        self._pages.prepare(position + 1)
        return {**told, "painted": painted}

    def paint(self) -> None:
        """Paint the image that is shown, and make the next one ready."""
        with self.lock:
            self._paint(self.position, self.page(self.position))
        self._pages.prepare(self.position + 1)

    def image(self, position: int) -> NDArray[np.uint8]:
        """Return an image, which may be at hand; raises what reading it raises."""
        return self._pages.image(position)

    def cover(self, position: int, png: bytes | None) -> None:
        """Draw a picture over the image at a position, if that is the one that is shown."""
        with self.lock:
            if position == self.position:
                self._painter.cover(png)

    def page(self, position: int) -> dict[str, Any]:
        """Return what the stage needs to know about an image."""
        page = {"position": position, "image": self._images.ids[position]}
        try:
            picture = self._pages.picture(position)
        except ImageError as error:
            return {**page, "width": 0, "height": 0, "reduction": 1, "problem": str(error)}
        height, width = picture.full_size
        return {**page, "width": width, "height": height, "reduction": picture.reduction, "problem": None}

    def close(self) -> None:
        """Give back the memory, and what the browser holds."""
        self._pages.forget()
        self._painter.close()

    def _paint(self, position: int, page: Mapping[str, Any]) -> bool:
        return self._painter.show(None if page["problem"] else self._pages.picture(position))

    def _show(self, *, position: int) -> tuple[dict[str, Any], list[bytes]]:
        self.check(position)
        return self.show(position), []

    def _detail(
        self, *, position: int, x: int, y: int, width: int, height: int, reduction: float
    ) -> tuple[dict[str, Any], list[bytes]]:
        self.check(position)
        return {}, [detail(self._pages.image(position), (x, y, width, height), reduction).jpeg]

    def _bye(self) -> tuple[dict[str, Any], list[bytes]]:
        """Give memory back when a view is closed: ipywidgets keeps the widget of every cell that ever ran."""
        self._pages.forget()
        return {}, []

    def check(self, position: int) -> None:
        """Refuse a position where there is no image."""
        if not 0 <= position < len(self._images):
            raise ValueError(f"there is no image {position}; there are {len(self._images)}")
