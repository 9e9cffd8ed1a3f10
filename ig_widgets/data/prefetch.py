"""Prefetching: a function is applied to items in threads, a few results ahead of the consumer."""

import os
from collections import deque
from collections.abc import Callable, Generator, Iterable
from concurrent.futures import Future, ThreadPoolExecutor
from itertools import islice
from typing import TypeVar

_WORKERS = min(4, os.cpu_count() or 1)

WINDOW = 2 * _WORKERS
"""Maximum number of results, such as decoded images, that wait for the consumer."""

Item = TypeVar("Item")
Result = TypeVar("Result")


def ahead(function: Callable[[Item], Result], items: Iterable[Item]) -> Generator[Result]:
    """Apply `function` to `items` in threads and yield the results in order, at most `WINDOW` ahead."""
    items = iter(items)
    waiting: deque[Future[Result]] = deque()
    pool = ThreadPoolExecutor(_WORKERS, thread_name_prefix="ig_widgets-images")
    try:
        waiting.extend(pool.submit(function, item) for item in islice(items, WINDOW))
        while waiting:
            result = waiting.popleft().result()
            waiting.extend(pool.submit(function, item) for item in islice(items, 1))
            yield result
    finally:  # also if the consumer stops early
        pool.shutdown(cancel_futures=True)
