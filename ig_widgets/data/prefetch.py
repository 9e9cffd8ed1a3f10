"""A function applied to many items by threads, a few of them ahead of whoever takes the results."""

import os
from collections import deque
from collections.abc import Callable, Generator, Iterable
from concurrent.futures import Future, ThreadPoolExecutor
from itertools import islice
from typing import TypeVar

_WORKERS = min(4, os.cpu_count() or 1)

WINDOW = 2 * _WORKERS
"""Results, such as decoded images, that may wait for the consumer."""

Item = TypeVar("Item")
Result = TypeVar("Result")


def ahead(function: Callable[[Item], Result], items: Iterable[Item]) -> Generator[Result]:
    """Apply `function` in threads, results in order, at most a window of them ahead of the consumer."""
    items = iter(items)
    waiting: deque[Future[Result]] = deque()
    pool = ThreadPoolExecutor(_WORKERS, thread_name_prefix="ig_widgets-images")
    try:
        waiting.extend(pool.submit(function, item) for item in islice(items, WINDOW))
        while waiting:
            result = waiting.popleft().result()
            waiting.extend(pool.submit(function, item) for item in islice(items, 1))
            yield result
    finally:  # also when the consumer stops early
        pool.shutdown(cancel_futures=True)
