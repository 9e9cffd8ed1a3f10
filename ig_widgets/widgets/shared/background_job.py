"""Work that a button of a widget starts: on a thread, with progress, and a way to stop it."""

import threading
import traceback
from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Any, TypeAlias

from ig_widgets.data.images import ImageSet

if TYPE_CHECKING:
    from ig_widgets.widgets.shared.messages import Operation

More: TypeAlias = Callable[[int], ImageSet | Iterable[ImageSet | float]]
"""Makes so many images: all at once, or some at a time, with shares of the work in [0, 1] between them."""


class Production:
    """Runs functions that make more images, one at a time.

    Parameters
    ----------
    makers
        The functions, by name.
    receive
        Takes what was made.
    tell
        Sends news to all views of the widget: ``name, made, wanted, share``, and at the end ``done`` and
        perhaps ``error`` or ``stopped``.
    """

    def __init__(
        self,
        makers: Mapping[str, More],
        receive: Callable[[ImageSet], None],
        tell: Callable[[dict[str, Any]], None],
    ) -> None:
        self.operations: dict[str, Operation] = {"make": self.make, "stop": self.stop}
        self._makers = dict(makers)
        self._receive = receive
        self._tell = tell
        self._lock = threading.Lock()
        self._stopped = threading.Event()
        self.state: dict[str, Any] | None = None

    @property
    def names(self) -> list[str]:
        """What can be started."""
        return list(self._makers)

    def make(self, *, name: str, count: int) -> tuple[dict[str, Any], list[bytes]]:
        """Start to make more."""
        if name not in self._makers:
            raise ValueError(
                f"nothing is called {name!r} here; there is {', '.join(self._makers) or 'nothing'}"
            )
        if count < 1:
            raise ValueError(f"{count} were asked for; ask for 1 at least")
        with self._lock:
            if self.state is not None:
                raise RuntimeError(f"{self.state['name']} is still at work: wait for it, or stop it")
            self.state = {"name": name, "made": 0, "wanted": count, "share": None}
            self._stopped.clear()  # before anybody sees that there is something to stop
            self._tell(dict(self.state))
        threading.Thread(target=self._run, args=(name, count), name=f"ig_widgets-{name}", daemon=True).start()
        return {}, []

    def stop(self) -> tuple[dict[str, Any], list[bytes]]:
        """Stop at the next result; what was made stays."""
        self._stopped.set()
        return {}, []

    def close(self) -> None:
        """Stop, without waiting."""
        self._stopped.set()

    def _run(self, name: str, count: int) -> None:
        end: dict[str, Any] = {}
        try:
            made = self._makers[name](count)
            for some in [made] if isinstance(made, ImageSet) else made:
                self._step(some)
                if self._stopped.is_set():
                    end = {"stopped": True}
                    break
        except Exception as error:  # noqa: BLE001  # nobody sees it on this thread, in the browser they do
            end = {
                "error": {"message": str(error) or type(error).__name__, "details": traceback.format_exc()}
            }
        with self._lock:
            state = {**(self.state or {}), **end, "done": True}
            self.state = None
            self._tell(state)

    def _step(self, some: ImageSet | float) -> None:
        state = self.state
        if state is None:
            return
        if isinstance(some, ImageSet):
            self._receive(some)
            state["made"] += len(some)
        else:
            state["share"] = float(some)
        self._tell(dict(state))
