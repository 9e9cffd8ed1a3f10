"""What widgets with a wall of thumbnails have in common."""

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from ig_widgets.data.log.log import AnnotationLog
from ig_widgets.widgets.shared.front_end import FrontEnd
from ig_widgets.widgets.shared.messages import Operation
from ig_widgets.widgets.shared.session import Note, Session
from ig_widgets.widgets.wall.thumbnails import Pixels, Thumbnails


class WallWidget(FrontEnd):
    """A widget whose items are shown as thumbnails on a wall.

    Parameters
    ----------
    picture
        Returns an item's image: see `Thumbnails`.
    operations
        What else the browser may ask for, by name: see `Messages`.
    log, annotator, note, next_step
        See `Session`.
    on_close
        What is called when the widget is closed.
    """

    _on_close: tuple[Callable[[], None], ...] = ()  # ipywidgets also closes what no constructor has made

    def __init__(
        self,
        picture: Callable[[int], Pixels],
        operations: Mapping[str, Operation],
        *,
        log: AnnotationLog | None = None,
        annotator: str = "me",
        note: Note = "",
        next_step: str = "",
        on_close: Iterable[Callable[[], None]] = (),
    ) -> None:
        super().__init__()
        self._thumbnails = Thumbnails(picture, self.send)
        self._session = Session(
            self.send, log=log, annotator=annotator, note=note, done=self._done, next_step=next_step
        )
        self._on_close = (self._thumbnails.close, *on_close)
        self.listen({**self._thumbnails.operations, **operations}, self._hello)

    def close(self) -> None:
        """Take the widget off the page. What was said stays in the log."""
        for close in self._on_close:
            close()
        super().close()

    def _done(self) -> str | None:
        """Return what was done, once nothing is left to do; None before."""
        return None

    def _hello(self) -> tuple[dict[str, Any], list[bytes]]:
        """Return what the browser is told at first."""
        return self._session.hello(), []
