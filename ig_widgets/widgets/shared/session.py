"""Who says something in a widget, where that goes, and what is due."""

import threading
from collections.abc import Callable
from contextlib import suppress
from typing import Any, TypeAlias

from ig_widgets.data.log.log import AnnotationLog

Note: TypeAlias = str | Callable[[], str]
"""A sentence, or a function that returns one and is called again after each change."""


class Session:
    """What every widget knows besides its items: the log, the annotator, what is due and whether it is done.

    Parameters
    ----------
    send
        Sends a message to all views of the widget.
    log
        Where statements go; default: the file ``annotations.db`` in the working folder.
    annotator
        Name of the person who uses the widget.
    note
        What is due and why. A function is called on a thread of its own after each change.
    done
        Returns what was done, once nothing is left to do; None before.
    next_step
        Line of code to run when everything is done.
    """

    def __init__(
        self,
        send: Callable[[dict[str, Any]], None],
        *,
        log: AnnotationLog | None = None,
        annotator: str = "me",
        note: Note = "",
        done: Callable[[], str | None] = lambda: None,
        next_step: str = "",
    ) -> None:
        self.log = log if log is not None else AnnotationLog()
        self.annotator = annotator
        self._send = send
        self._note = note
        self._done = done
        self._next_step = next_step
        self._lock = threading.Lock()
        self._told: dict[str, Any] | None = None
        self._changed = False
        self._telling = False

    def hello(self) -> dict[str, Any]:
        """Return what the browser is told at first."""
        self._told = facts = self._facts()
        named = {"log": self.log.id, "logName": self.log.where, "annotator": self.annotator}
        return {**named, **facts}

    def refresh(self) -> None:
        """Tell all views what is due now, where that has changed; as long as there is no view, nobody."""
        if self._told is None:
            return None
        if not callable(self._note):
            return self._tell()
        with self._lock:
            self._changed = True
            if not self._telling:
                self._telling = True
                threading.Thread(target=self._keep_telling, name="ig_widgets-note", daemon=True).start()
        return None

    def _facts(self) -> dict[str, Any]:
        done = self._done()
        return {
            "note": self._note() if callable(self._note) else self._note,
            "end": None if done is None else {"done": done, "next": self._next_step},
        }

    def _tell(self) -> None:
        facts = self._facts()
        if facts != self._told:
            self._told = facts
            self._send({"news": {"facts": facts}})

    def _keep_telling(self) -> None:
        """Tell what is due until nothing has changed meanwhile: many changes make one message."""
        while True:
            with self._lock:
                if not self._changed:
                    self._telling = False
                    return
                self._changed = False
            with suppress(Exception):  # the note before stays: what was said is saved, whatever is due
                self._tell()
