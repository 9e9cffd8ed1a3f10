"""What the kernel draws below the annotator: the picture, and whatever the user draws over it."""

import threading

import ipycanvas
import ipywidgets

from ig_widgets.widgets.shared.jpegs import Picture

_DRAWING = threading.RLock()
"""Held while drawing: `hold_canvas` and its cache of commands are shared by all canvases of the process."""


class Painter:
    """Keeps one picture on an ipycanvas.

    Attributes
    ----------
    canvas : ipycanvas.MultiCanvas
        Layer 0 is the picture. Layer 1 is free for drawings: its coordinates are pixels of the image in full
        resolution, and it is cleared when another picture is shown.
    """

    def __init__(self) -> None:
        self.canvas = ipycanvas.MultiCanvas(2, width=1, height=1)
        self._shown: Picture | None = None
        self._images: list[ipywidgets.Image] = []
        self._cover: ipywidgets.Image | None = None
        # a page that was reloaded gets an empty canvas
        self.canvas.on_client_ready(self._draw)

    @property
    def model(self) -> str:
        """The name by which the browser finds the model that draws the picture."""
        return f"IPY_MODEL_{self.canvas[0].model_id}"

    def show(self, picture: Picture | None) -> bool:
        """Show a picture, or nothing; tells whether there is something new to see."""
        with _DRAWING:
            if picture is self._shown:
                return False
            self._shown = picture
            self._uncover()
            if picture is not None:
                self.canvas.width, self.canvas.height = picture.width, picture.height
                self._images.append(ipywidgets.Image(value=picture.jpeg, format="jpeg"))
            self._draw()
            # the one before may still be on its way to the browser; older ones are done with
            for old in self._images[:-2]:
                old.close()
            del self._images[:-2]
            return picture is not None

    def cover(self, png: bytes | None) -> None:
        """Draw a picture over the whole image, on layer 1, in place of the one before; None: nothing."""
        with _DRAWING:
            self._uncover()
            if png is not None:
                self._cover = ipywidgets.Image(value=png, format="png")
            self._draw()

    def _uncover(self) -> None:
        if self._cover is not None:
            self._cover.close()
            self._cover = None

    def close(self) -> None:
        """Give back what the browser holds."""
        self._uncover()
        for image in self._images:
            image.close()
        self.canvas.close()

    def _draw(self) -> None:
        # Layer 1 comes first: ipycanvas does not name the layer again when it is the one drawn on last, and a
        # reloaded page has forgotten which one that was.
        with _DRAWING, ipycanvas.hold_canvas():
            drawings, below = self.canvas[1], self.canvas[0]
            drawings.clear()
            drawings.reset_transform()
            below.clear()
            if self._shown is not None:
                drawings.scale(self._shown.reduction, self._shown.reduction)
                if self._cover is not None:
                    height, width = self._shown.full_size
                    drawings.draw_image(self._cover, 0, 0, width, height)
                below.draw_image(self._images[-1], 0, 0)
