"""What the widgets that show one large image have in common."""

from collections.abc import Mapping
from typing import Any

import anywidget
import ipywidgets

from ig_widgets.data.log.log import AnnotationLog
from ig_widgets.widgets.stage.viewer import Viewer


class StageWidget(ipywidgets.Box):
    """An image that the kernel paints, below a layer of the browser's that takes the gestures.

    Parameters
    ----------
    name
        The class of the widget in style sheets.
    """

    # made before the constructor below is called
    _viewer: Viewer
    _layer: anywidget.AnyWidget
    _classes: list[str]
    _log: AnnotationLog
    _annotator: str
    _note: str

    def __init__(self, name: str) -> None:
        super().__init__([self._viewer.canvas, self._layer])
        self.add_class("ig-stack")
        self.add_class(name)

    @property
    def canvas(self) -> Any:
        """The ipycanvas below the boxes."""
        return self._viewer.canvas

    def close(self) -> None:
        """Take the widget off the page. What was said stays in the log."""
        # ipywidgets also closes a widget whose constructor has failed
        for part in ("_viewer", "_layer"):
            if hasattr(self, part):
                getattr(self, part).close()
        super().close()

    def _shown(self) -> Mapping[str, Any]:
        """Return what each view has to know first."""
        return {
            **self._viewer.show(self._viewer.position),
            "canvas": self._viewer.model,
            "queue": self._viewer.queue,
            "classes": self._classes,
            "log": self._log.id,
            "logName": self._log.where,
            "annotator": self._annotator,
            "note": self._note,
        }
