"""The browser's half of a widget."""

from collections.abc import Mapping
from typing import Any

import anywidget
import traitlets

from ig_widgets.widgets.shared.messages import Messages, Operation


class FrontEnd(anywidget.AnyWidget):
    """A script that asks the kernel for what it shows, and begins with the kernel's first answer.

    That answer, to ``hello``, travels with the state from the moment at which the widget is displayed: a
    kernel that runs another cell then may answer late.
    """

    _first = traitlets.Dict().tag(sync=True)
    _messages: Messages | None = None
    _greet: Operation | None = None

    def listen(self, operations: Mapping[str, Operation], greet: Operation) -> None:
        """Answer requests from now on.

        Parameters
        ----------
        operations
            What the browser may ask for, by name: see `Messages`.
        greet
            Returns what is answered to ``hello``; it has no other effect.
        """
        self._greet = greet
        self._messages = Messages(self, {"hello": greet, "bye": lambda: ({}, []), **operations})

    def prepare(self) -> None:
        """Put the first answer into the state."""
        self._first = self._first_answer()

    def get_state(self, key: Any = None, **options: Any) -> Any:
        """Return the state, with what is so now: a page that is reloaded asks for all of it."""
        state = super().get_state(key, **options)
        return state if key is not None or self._greet is None else {**state, "_first": self._first_answer()}

    def _first_answer(self) -> dict[str, Any]:
        if self._greet is None:
            return {}
        try:
            value, buffers = self._greet()
        except Exception:  # noqa: BLE001
            return {}  # the browser asks then, and shows what is wrong
        return {"value": value, "buffers": buffers}

    def _repr_mimebundle_(self, **options: Any) -> Any:
        self.prepare()
        return super()._repr_mimebundle_(**options)
