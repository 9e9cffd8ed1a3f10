"""What widgets with a wall of thumbnails have in common."""

from collections.abc import Callable, Iterable, Mapping
from typing import Any

import anywidget
import numpy as np
from numpy.typing import NDArray

from ig_widgets.data.log.log import AnnotationLog
from ig_widgets.widgets.shared.messages import Messages, Operation
from ig_widgets.widgets.wall.thumbnails import Pixels, Thumbnails

CHUNK = 50_000
"""Rows in one message: with twenty bytes for each it is as large as a message may be."""


def introduced(log: AnnotationLog, annotator: str, note: str) -> dict[str, str]:
    """Return what the browser is told at first about who says things, and where they go."""
    return {"log": log.id, "logName": log.where, "annotator": annotator, "note": note}


def part_of(columns: Iterable[NDArray[Any]], start: int) -> list[bytes]:
    """Return the rows of columns from `start` on, at most `CHUNK`, a buffer for each column."""
    return [np.ascontiguousarray(column[start : start + CHUNK]).tobytes() for column in columns]


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
