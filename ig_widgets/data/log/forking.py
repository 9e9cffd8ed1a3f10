"""Closing of database connections before the process forks.

A child process that uses an SQLite connection of its parent, or opens one while the parent's is open, assumes
file locks that it does not hold: its writes can be lost when the parent closes the file.
See "How To Corrupt An SQLite Database File", section 2.6, sqlite.org/howtocorrupt.html.
"""

import os
import threading
import weakref
from collections.abc import Callable
from typing import Self


class ForkGate:
    """A context that a fork never interrupts.

    A fork waits until no thread is inside the context, calls `close` and keeps threads out until it is over.

    Parameters
    ----------
    close
        Called in the parent just before a fork, while no thread is inside.
    """

    def __init__(self, close: Callable[[], None]) -> None:
        self._close = close
        self._inside = 0
        self._changed = threading.Condition()
        _GATES.add(self)

    def __enter__(self) -> Self:
        """Enter; waits while the process forks."""
        with self._changed:
            self._inside += 1
        return self

    def __exit__(self, *_error: object) -> None:
        """Leave."""
        with self._changed:
            self._inside -= 1
            self._changed.notify_all()

    def _shut(self) -> None:
        self._changed.acquire()
        self._changed.wait_for(lambda: self._inside == 0)
        self._close()

    def _open(self) -> None:
        self._changed.release()


_GATES: weakref.WeakSet[ForkGate] = weakref.WeakSet()
_FORK = threading.Lock()
_shut_gates: list[ForkGate] = []


def _before_fork() -> None:
    _FORK.acquire()
    for gate in list(_GATES):
        gate._shut()  # noqa: SLF001 - the class and the hooks are one thing
        _shut_gates.append(gate)


def _after_fork() -> None:
    while _shut_gates:
        _shut_gates.pop()._open()  # noqa: SLF001
    _FORK.release()


if hasattr(os, "register_at_fork"):  # Windows does not fork
    os.register_at_fork(before=_before_fork, after_in_parent=_after_fork, after_in_child=_after_fork)
