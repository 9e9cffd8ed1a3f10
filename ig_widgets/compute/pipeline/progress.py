"""Progress bars of a pipeline's training."""

from collections.abc import Iterator
from typing import Any

from tqdm.auto import tqdm


def show_progress(
    records: Iterator[Any], name: str, total: int | None = None, *, shown: bool
) -> Iterator[Any]:
    """Return the records of a training, with a bar that advances as they are taken."""
    return iter(tqdm(records, desc=name, total=total, disable=not shown))
