"""Division of the matcher's work into tasks of some images and patterns."""

from collections.abc import Generator, Iterable, Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ig_widgets.compute.matching.store.feature_session import FeatureSession
from ig_widgets.data.digests import array_digest
from ig_widgets.data.errors import ImageError
from ig_widgets.data.images import ImageSet
from ig_widgets.data.prefetch import ahead

_PIXELS = 2**23  # in a task: enough for a few of the largest images
_LOOKED_UP = 256  # images looked up in the store together


class Task(NamedTuple):
    """Some images, and the patterns to search in them; no digest, b"", for a file that is just changing."""

    rows: list[int]
    names: list[str]
    digests: list[bytes]
    images: list[NDArray[Any]]
    patterns: tuple[int, ...]


class _Wanted(NamedTuple):
    row: int
    image: NDArray[Any]
    digest: bytes
    patterns: tuple[int, ...]


def tasks(  # noqa: PLR0917
    images: Sequence[NDArray[Any]],
    names: Sequence[str],
    n_patterns: int,
    size: int,
    session: FeatureSession | None,
    X: NDArray[np.float64],
    boxes: NDArray[np.int32],
) -> Generator[Task]:
    """Divide the work; what a store knows is not work: it is put into the result.

    Parameters
    ----------
    images, names
        The images, read one by one in their order, and what to call them.
    n_patterns
        The number of patterns.
    size
        How many images to put into a task, if they are not large.
    session
        What is known already.
    X, boxes
        The result, filled in where it is known.

    Yields
    ------
    Task
        In the order of the images.
    """
    if session is None:
        everything = tuple(range(n_patterns))
        wanted: Iterable[_Wanted] = (_Wanted(i, image, b"", everything) for i, image in enumerate(images))
    else:
        wanted = _unknown(images, n_patterns, session, X, boxes)
    waiting: list[_Wanted] = []
    pixels = 0
    for one in wanted:
        if waiting and one.patterns != waiting[0].patterns:
            yield _task(waiting, names)
            waiting, pixels = [], 0
        waiting.append(one)
        pixels += np.size(one.image)
        if len(waiting) >= size or pixels >= _PIXELS:
            yield _task(waiting, names)
            waiting, pixels = [], 0
    if waiting:
        yield _task(waiting, names)


def _task(wanted: Sequence[_Wanted], names: Sequence[str]) -> Task:
    return Task(
        [one.row for one in wanted],
        [names[one.row] for one in wanted],
        [one.digest for one in wanted],
        [one.image for one in wanted],
        wanted[0].patterns,
    )


def _unknown(
    images: Sequence[NDArray[Any]],
    n_patterns: int,
    session: FeatureSession,
    X: NDArray[np.float64],
    boxes: NDArray[np.int32],
) -> Iterator[_Wanted]:
    """Read the images of which not everything is known; files are looked up without decoding them."""

    def look_up(rows: Sequence[int], digests: Sequence[bytes]) -> NDArray[np.bool_]:
        X[rows], boxes[rows], known = session.read(digests)
        return np.asarray(known.reshape(len(rows), -1, n_patterns).all(axis=1))

    if not isinstance(images, ImageSet) or any(images.path(i) is None for i in range(len(images))):
        for row, image in enumerate(images):
            digest = array_digest(image)
            known = look_up([row], [digest])[0]
            if not known.all():
                yield _Wanted(row, image, digest, tuple(np.flatnonzero(~known).tolist()))
        return

    def digest_of(row: int) -> bytes:
        try:
            return images.digest(row)
        except (ImageError, OSError):
            return b""  # reading it will fail again, and say why; or it will not, and there is no digest

    for start in range(0, len(images), _LOOKED_UP):
        rows = range(start, min(start + _LOOKED_UP, len(images)))
        digests = list(ahead(digest_of, rows))
        known = look_up(rows, digests)
        missing = np.flatnonzero(~known.all(axis=1))
        for k, image in zip(missing.tolist(), images[start + missing], strict=True):
            unchanged = digest_of(start + k) == digests[k]
            patterns = tuple(np.flatnonzero(~known[k]).tolist())
            yield _Wanted(start + k, image, digests[k] if unchanged else b"", patterns)
