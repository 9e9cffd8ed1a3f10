"""What widgets with a wall of thumbnails have in common."""

from collections.abc import Callable, Mapping

import anywidget

from ig_widgets.widgets.messages import Messages, Operation
from ig_widgets.widgets.thumbnails import Pixels, Thumbnails


class WallWidget(anywidget.AnyWidget):
    """A widget whose items are shown as thumbnails on a wall.

    Parameters
    ----------
    picture
        Gives an item's image: see `Thumbnails`.
    operations
        What else the browser may ask for, by name: see `Messages`.
    """

    def __init__(self, picture: Callable[[int], Pixels], operations: Mapping[str, Operation]) -> None:
        super().__init__()
        self._thumbnails = Thumbnails(picture, self.send)
        self._messages = Messages(
            self, {**self._thumbnails.operations, **operations, "bye": lambda: ({}, [])}
        )

    def close(self) -> None:
        """Take the widget off the page. What was said stays in the log."""
        if hasattr(self, "_thumbnails"):  # ipywidgets also closes a widget whose constructor has failed
            self._thumbnails.close()
        super().close()
