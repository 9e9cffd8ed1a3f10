"""Interactive search of one pattern in all images."""

from collections import OrderedDict
from collections.abc import Iterator, Sequence
from contextlib import closing
from functools import partial
from threading import Lock
from time import monotonic
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from tqdm.auto import tqdm

from ig_widgets.compute.matching.search.channels import Color, as_channels
from ig_widgets.compute.matching.search.engine import Engine
from ig_widgets.compute.matching.search.image_search import Place
from ig_widgets.compute.matching.search.template_batch import TemplateBatch
from ig_widgets.compute.matching.search.tiles import TiledImage
from ig_widgets.data.digests import array_digest
from ig_widgets.data.errors import ImageError
from ig_widgets.data.images import ImageSet
from ig_widgets.data.prefetch import ahead

_CACHE_BYTES = 2**30
_SECONDS = 0.2  # between two tables
_LARGEST = 512  # a side of a pattern for which a large image is prepared at least
_COLUMNS = ("image", "score", "x", "y", "width", "height")


class TiledImageCache:
    """Images prepared for searching, up to a number of bytes; found again by content.

    Every search goes through all images in the same order, so what was not used for longest is just what
    comes next. When the memory is full, only images that the last search did not use make room.
    """

    def __init__(self, max_bytes: int = _CACHE_BYTES) -> None:
        self._max_bytes = max_bytes
        self._kept: OrderedDict[tuple[bytes, Color], _Kept] = OrderedDict()  # the last used is the last
        self._bytes = 0
        self._search = 0
        self._lock = Lock()

    def __reduce__(self) -> tuple[type["TiledImageCache"], tuple[int]]:
        """Travel to another process empty."""
        return (TiledImageCache, (self._max_bytes,))

    def begin(self) -> None:
        """Say that another search begins."""
        with self._lock:
            self._search += 1

    def get(self, digest: bytes, color: Color, largest: tuple[int, int]) -> TiledImage | None:
        """Return an image if it is there and patterns may be as large as this."""
        with self._lock:
            kept = self._kept.get((digest, color))
        return kept.image if kept is not None and kept.image.holds(largest) else None

    def keep(self, digest: bytes, color: Color, image: TiledImage) -> None:
        """Keep an image that has just been used, if there is room."""
        key = (digest, color)
        new = _Kept(image, image.nbytes, self._search)
        with self._lock:
            if key in self._kept and self._kept[key].image is image and self._kept[key].nbytes == new.nbytes:
                self._kept[key] = new
                self._kept.move_to_end(key)
                return
            if key in self._kept:
                self._bytes -= self._kept.pop(key).nbytes
            while self._bytes + new.nbytes > self._max_bytes:
                oldest = next(iter(self._kept), None)
                if oldest is None or self._kept[oldest].search >= self._search - 1:
                    return
                self._bytes -= self._kept.pop(oldest).nbytes
            self._kept[key] = new
            self._bytes += new.nbytes


class _Kept(NamedTuple):
    image: TiledImage
    nbytes: int
    search: int


def find_hits(
    engine: Engine,
    images: Sequence[NDArray[Any]],
    names: Sequence[str],
    cache: TiledImageCache,
    *,
    color: Color,
    count: int,
    threshold: float,
    progress: bool,
) -> Iterator[pd.DataFrame]:
    """Do what `PatternMatcher.hits` says, for the first pattern and kind of score of an engine."""
    cache.begin()
    batch = TemplateBatch(engine.templates[:1])
    search = partial(_search, engine, batch, images, names, cache, color=color, count=count)
    rows: list[tuple[Any, ...]] = []
    shown = monotonic()
    results = ahead(search, range(len(images)))
    with tqdm(total=len(images), disable=not progress, unit="image") as bar, closing(results):
        for i, places in results:
            bar.update()
            for score, y, x, height, width in places:
                strength = score if engine.signed else abs(score)
                if strength >= threshold:
                    rows.append((names[i], strength, x, y, width, height))
            if monotonic() - shown > _SECONDS:
                yield _table(rows)
                shown = monotonic()
    yield _table(rows)


def _search(  # noqa: PLR0917
    engine: Engine,
    batch: TemplateBatch,
    images: Sequence[NDArray[Any]],
    names: Sequence[str],
    cache: TiledImageCache,
    i: int,
    *,
    color: Color,
    count: int,
) -> tuple[int, list[Place]]:
    template = engine.templates[0]
    if template.flat:
        return i, []
    try:
        digest = images.digest(i) if isinstance(images, ImageSet) else array_digest(images[i])
        image = cache.get(digest, color, engine.largest)
    except (ImageError, OSError):
        digest, image = b"", None  # reading the image will fail, too, and make a note of it
    if image is None:
        # a set of one says what is wrong with an image that cannot be read
        array = next(iter(images[i : i + 1])) if isinstance(images, ImageSet) else images[i]
        if np.size(array) == 0:
            return i, []
        largest = (max(_LARGEST, template.height), max(_LARGEST, template.width))
        image = TiledImage(as_channels(array, f"image {names[i]!r}", color), largest)
    if engine.shrink and not template.fits(image.height, image.width):
        batch = TemplateBatch([template.shrink_to_fit(image.height, image.width)])
    places = engine.places(image, batch, engine.workspace(), count=count)[0][0]
    cache.keep(digest, color, image)
    return i, places


def _table(rows: Sequence[tuple[Any, ...]]) -> pd.DataFrame:
    table = pd.DataFrame(rows, columns=list(_COLUMNS))
    return table.sort_values("score", ascending=False, kind="stable", ignore_index=True)
