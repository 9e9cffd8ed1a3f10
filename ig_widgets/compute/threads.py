"""How many threads a step of the computation gets: as many as there are cores that nobody else uses."""

import os
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import psutil
from joblib import cpu_count
from threadpoolctl import ThreadpoolController  # type: ignore[import-untyped]

_WINDOW = 0.05  # seconds: shorter ones hold too few of the kernel's ticks
_STALE = 5.0  # seconds: with a window for each 5 s at most, looking costs 1 % of the time or less
_GROUP_USE = (  # what all processes of a container have used, and in which part of a second it is counted
    (Path("/sys/fs/cgroup/cpu.stat"), 1e-6),
    (Path("/sys/fs/cgroup/cpuacct/cpuacct.usage"), 1e-9),
)


def usable_cores() -> int:
    """Count the cores that this process may use: by affinity, the container's quota and joblib's limit."""
    return int(cpu_count())


def free_cores() -> int:
    """Count the cores that neither other processes nor other steps of this one use now.

    Returns
    -------
    int
        From 1 to `usable_cores`. Inside `threads` it is the number of threads given there. What this process
        uses itself does not count, except for the steps that run in other threads.

    Notes
    -----
    It looks at what has happened since the last call, if that was in the last 5 seconds, and otherwise waits
    for 50 ms. A step of many batches asks before each of them, since neighbors come and go.
    """
    if _given.threads:
        return _given.threads
    return max(1, _meter.free() - _running.total())


@contextmanager
def threads(n: int) -> Iterator[int]:
    """Limit the threads of everything that the calling thread computes.

    Torch and OpenMP (scikit-learn) start at most `n` threads each, and BLAS one: its sums depend on the
    number of threads, so that results would depend on the machine, and on matrices as small as ours threads
    lose more than they bring. Limits are never raised, neither by a nested step, which shares the threads of
    the outer one, nor above what ``OMP_NUM_THREADS`` or ``torch.set_num_threads`` says. Steps may overlap in
    several threads; what was set before is back when the last of them ends.

    Parameters
    ----------
    n
        How many threads, 1 or more, such as `free_cores` gives. Where the result depends on the number of
        threads, as when networks are trained, it must not depend on how busy the machine is.

    Yields
    ------
    int
        How many the step got.

    Notes
    -----
    OpenBLAS 0.3.30 lets only that thread change its number of threads which was the first to do so: a step in
    another thread leaves BLAS as it is.
    """
    outer = _given.threads
    if outer and n >= outer:
        yield outer
        return
    before = _running.enter(n)
    _given.threads = n
    try:
        yield n
    finally:
        _given.threads = outer
        _running.leave(n, before, outer)


class _Given(threading.local):
    """How many threads the step in this thread has; 0 outside of steps."""

    threads = 0


class _Sample(NamedTuple):
    """How much time has passed, in seconds from some moment on."""

    at: float
    idle: float  # of the cores that this process may run on, all together
    total: float
    own: float  # what this process has used
    group: float | None  # what the container has used; None where it has no quota


class _Meter:
    """Tell from the times of the cores how many of them other processes leave free."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._last: _Sample | None = None
        self._free = 1

    def free(self) -> int:
        with self._lock:
            now = time.monotonic()
            if self._last is not None and now - self._last.at < _WINDOW:
                return self._free
            if self._last is None or now - self._last.at > _STALE:
                self._last = _sample()
                time.sleep(_WINDOW)
            last, self._last = self._last, _sample()
            self._free = _free_between(last, self._last, usable_cores())
            return self._free


def _sample() -> _Sample:
    every = psutil.cpu_times(percpu=True)
    allowed = os.sched_getaffinity(0) if sys.platform == "linux" else range(len(every))
    cores = [times for core, times in enumerate(every) if core in allowed]
    idle = sum(times.idle + getattr(times, "iowait", 0.0) for times in cores)
    limited = usable_cores() < len(cores)
    total = sum(map(sum, cores))
    return _Sample(time.monotonic(), idle, total, time.process_time(), _group_use() if limited else None)


def _group_use() -> float | None:
    for path, unit in _GROUP_USE:
        if path.is_file():
            words = path.read_text(encoding="ascii").split()
            return int(words[-1] if len(words) == 1 else words[words.index("usage_usec") + 1]) * unit
    return None


def _free_between(first: _Sample, last: _Sample, usable: int) -> int:
    """Return how many of the usable cores others left free between two samples."""
    seconds, total = last.at - first.at, last.total - first.total
    if total <= 0:  # a system that does not tell
        return usable
    own = (last.own - first.own) / seconds
    free = (last.idle - first.idle) / seconds + own
    if first.group is not None and last.group is not None:
        free = min(free, usable + own - (last.group - first.group) / seconds)
    return max(1, min(usable, round(free)))


class _Running:
    """The steps that run now, and what was set before the first of them."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._steps: list[int] = []
        self._blas: dict[str, tuple[Any, int]] = {}
        self._torch: int | None = None
        self._controller: Any = None
        self._modules = 0

    def total(self) -> int:
        return sum(self._steps)

    def enter(self, n: int) -> list[tuple[Any, int]]:
        """Set the limits of a step; return OpenMP's libraries with what is to be set again in this thread."""
        torch = sys.modules.get("torch")
        if torch is not None and not hasattr(torch, "get_num_threads"):  # another thread is importing it
            torch = None
        before = []
        with self._lock:
            if torch is not None:
                # a new thread takes over what another one has set last, at the first question: ask now
                current = torch.get_num_threads()
                self._torch = current if self._torch is None else self._torch
            for library in self._libraries():
                current = library.num_threads
                if current is None:
                    continue
                if library.user_api == "openmp":  # of each thread
                    before.append((library, current))
                    library.set_num_threads(min(n, current))
                elif library.filepath not in self._blas:  # of the process
                    self._blas[library.filepath] = library, current
                    library.set_num_threads(1)
            if torch is not None and self._torch is not None:
                torch.set_num_threads(min(n, self._torch))
            self._steps.append(n)
        return before

    def leave(self, n: int, before: list[tuple[Any, int]], outer: int) -> None:
        """Put back what was set before a step, which is nested in one of `outer` threads if that is not 0."""
        with self._lock:
            self._steps.remove(n)
            for library, threads_before in before:
                library.set_num_threads(threads_before)
            if self._torch is not None:  # last, since it is also for threads that start later
                sys.modules["torch"].set_num_threads(min(outer, self._torch) if outer else self._torch)
            if not self._steps:
                for library, threads_before in self._blas.values():
                    library.set_num_threads(threads_before)
                self._blas.clear()
                self._torch = None

    def _libraries(self) -> list[Any]:
        if self._modules != len(sys.modules):  # libraries come with modules; to look for them takes 2 ms
            self._controller, self._modules = ThreadpoolController(), len(sys.modules)
        libraries: list[Any] = self._controller.lib_controllers
        return libraries


_given = _Given()
_meter = _Meter()
_running = _Running()
