"""Memory of widgets: those that were looked at last keep their pictures, the others give theirs back."""

import weakref
from threading import Lock
from typing import Protocol

_KEPT = 4
"""So many keep their pictures; ipywidgets keeps the widget of every cell that ever ran."""

_recent: list["weakref.ref[Forgetful]"] = []
_lock = Lock()


class Forgetful(Protocol):
    """Keeps pictures that it can make again."""

    def forget(self) -> None:
        """Give back the memory; what is asked for again is made again."""


def looked_at(owner: Forgetful) -> None:
    """Note that somebody looks at what an owner keeps; who was looked at longest ago forgets.

    Call it without holding a lock that `forget` of another owner needs.
    """
    with _lock:
        others = [one for one in _recent if one() is not None and one() is not owner]
        _recent[:] = [*others, weakref.ref(owner)]
        passed = [one() for one in _recent[:-_KEPT]]
        del _recent[:-_KEPT]
    for one in passed:
        if one is not None:
            one.forget()
