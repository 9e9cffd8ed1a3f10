"""What the widgets that show one large image have in common."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

import ipywidgets
import numpy as np

from ig_widgets.data.images import ImageSet
from ig_widgets.data.log.log import AnnotationLog
from ig_widgets.widgets.shared.classes import checked_classes
from ig_widgets.widgets.shared.front_end import FrontEnd
from ig_widgets.widgets.shared.gestures import carry_out, is_elsewhere
from ig_widgets.widgets.shared.messages import Operation
from ig_widgets.widgets.shared.session import Note, Session
from ig_widgets.widgets.stage.viewer import Viewer


class StageWidget(ipywidgets.Box):
    """An image that the kernel paints, below a layer of the browser's that takes the gestures.

    A subclass calls this constructor first, and says in `_told` what there is to say about an image.

    Parameters
    ----------
    images
        What is shown.
    classes
        Names of what can be said about them.
    order
        Positions in `images` in the order in which they are shown, without repeats; default: all of them.
    script
        The browser's part, a file that ends in ``.js``; its style sheet lies beside it.
    source
        The source of the statements: see `ig_widgets.data.log.sources`.
    operations
        What else the browser may ask for, by name: see `Messages`.
    log, annotator, note, next_step
        See `Session`.
    on_close
        What is called when the widget is closed.

    Raises
    ------
    ValueError
        If there are no images or no classes, a class is named twice, or `order` is not a list of positions.
    """

    _on_close: tuple[Callable[[], None], ...] = ()  # ipywidgets also closes what no constructor has made

    def __init__(
        self,
        images: ImageSet,
        classes: Sequence[str],
        order: Sequence[int] | np.ndarray | None,
        *,
        script: Path,
        source: str,
        operations: Mapping[str, Operation] | None = None,
        log: AnnotationLog | None = None,
        annotator: str = "me",
        note: Note = "",
        next_step: str = "",
        on_close: Iterable[Callable[[], None]] = (),
    ) -> None:
        self._images = images if order is None else images[np.asarray(order)]
        if len(self._images) == 0:
            raise ValueError("there are no images to show; give at least one")
        self._ids = frozenset(self._images.ids)
        self._classes = checked_classes(classes)
        self._source = source
        self._layer = _layer_class(script)()
        self._session = Session(
            self._broadcast,
            log=log,
            annotator=annotator,
            note=note,
            done=self._done,
            next_step=next_step,
        )
        self._viewer = Viewer(self._images, self._told, self._broadcast)
        self._on_close = (self._viewer.close, self._layer.close, *on_close)
        super().__init__([self._viewer.canvas, self._layer])
        self.add_class("ig-stack")
        self.add_class(f"ig-{script.stem.replace('_', '-')}")
        own: dict[str, Operation] = {"act": self._act, "hello": self._open}
        self._layer.listen({**self._viewer.operations, **(operations or {}), **own}, self._greet)

    @property
    def canvas(self) -> Any:
        """The ipycanvas below the boxes."""
        return self._viewer.canvas

    def close(self) -> None:
        """Take the widget off the page. What was said stays in the log."""
        for close in self._on_close:
            close()
        super().close()

    def _broadcast(self, message: dict[str, Any], buffers: list[bytes] | None = None) -> None:
        """Send a message to all views."""
        self._layer.send(message, buffers)

    def _told(self, position: int) -> dict[str, Any]:
        """Return what there is to say about the image at a position: ``page`` and more."""
        return {"page": self._viewer.page(position)}

    def _facts(self) -> tuple[dict[str, Any], list[bytes]]:
        """Return what the browser is told at first besides, and pictures for it."""
        return {}, []

    def _done(self) -> str | None:
        """Return what was done, once nothing is left to do; None before."""
        return None

    def _answer(self, gesture: Mapping[str, Any], touched: Sequence[str]) -> dict[str, Any]:
        """Return what a gesture has changed, for its view and all others."""
        return self._told(self._images.position(touched[0] if touched else gesture["image"]))

    def _act(self, *, gesture: Mapping[str, Any]) -> tuple[dict[str, Any], list[bytes]]:
        if is_elsewhere(gesture, self._ids, self._viewer.queue):
            return {"elsewhere": True}, []
        touched = carry_out(
            self._session.log,
            gesture,
            annotator=self._session.annotator,
            source=self._source,
            images=self._ids,
        )
        told = self._answer(gesture, touched)
        self._broadcast({"news": {**told, "turned": False}})
        self._session.refresh()
        return {**told, "touched": touched}, []

    def _greet(self) -> tuple[dict[str, Any], list[bytes]]:
        """Return what each view has to know first."""
        facts, pictures = self._facts()
        return {
            **self._told(self._viewer.position),
            "canvas": self._viewer.model,
            "queue": self._viewer.queue,
            "classes": self._classes,
            "images": len(self._images),
            **facts,
            **self._session.hello(),
        }, pictures

    def _open(self) -> tuple[dict[str, Any], list[bytes]]:
        self._viewer.paint()
        return self._greet()

    def _repr_mimebundle_(self, **options: Any) -> Any:
        # now, since a kernel that runs another cell next may answer late
        self._viewer.paint()
        self._layer.prepare()
        return super()._repr_mimebundle_(**options)


@cache
def _layer_class(script: Path) -> type[FrontEnd]:
    """Return the class of a browser's part: anywidget tells style sheets apart by the names of classes."""
    files = {"_esm": script, "_css": script.with_suffix(".css")}
    return type(script.stem, (FrontEnd,), {**files, "__module__": __name__})
