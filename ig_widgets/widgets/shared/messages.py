"""Answers to the browser: one for each request, errors included."""

import traceback
from collections.abc import Callable, Mapping
from typing import Any, TypeAlias

import ipywidgets

Operation: TypeAlias = Callable[..., tuple[dict[str, Any], list[bytes]]]
"""Takes the request's arguments as keywords; returns what the browser gets: JSON, then binary buffers."""


class Messages:
    """Dispatches a widget's requests ``{id, op, args}`` and answers ``{id, ok}`` or ``{id, error}``.

    A handler runs on the kernel's main thread or, with subshells (ipykernel 7), on a thread beside the one
    that runs the cell.

    Parameters
    ----------
    widget
        The widget whose browser side asks.
    operations
        What can be asked for, by name.
    """

    def __init__(self, widget: ipywidgets.Widget, operations: Mapping[str, Operation]) -> None:
        self._widget = widget
        self._operations = operations
        widget.on_msg(self._receive)

    def _receive(self, _widget: ipywidgets.Widget, content: Any, _buffers: Any) -> None:
        request = content.get("id")
        try:
            value, buffers = self._operations[content["op"]](**content["args"])
        # Also a Stop that was meant for a cell: nobody would see it here, in the browser they do.
        except (Exception, KeyboardInterrupt) as error:  # noqa: BLE001
            told = {"message": str(error) or type(error).__name__, "details": traceback.format_exc()}
            self._widget.send({"id": request, "error": told})
        else:
            self._widget.send({"id": request, "ok": value}, buffers)
