"""Search for the places of one image that resemble patterns most."""

import math
from collections import OrderedDict
from collections.abc import Sequence
from threading import Lock
from typing import Any, Literal, NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray
from scipy import fft

from ig_widgets.compute.matching.search.arrays import ImageArrays, PlaceArrays
from ig_widgets.compute.matching.search.correlation import multiply_conjugates, turn
from ig_widgets.compute.matching.search.full_search import Scratch, full_search
from ig_widgets.compute.matching.search.prepared_image import Kind, PreparedImage
from ig_widgets.compute.matching.search.pyramid_search import Limits, pyramid_search
from ig_widgets.compute.matching.search.template_batch import TemplateBatch

Search = Literal["full", "pyramid"]

# The pyramid, chosen by measurement on KSDD (published patterns) and NEU (boxes of 20 to 200 px).
_CANDIDATES = 12  # at the lowest resolution, when one place is wanted
_KEPT = 3  # of them at full resolution
_MARGINS = (0.2, 0.05)  # what a score can gain, relatively, when the resolution doubles, and doubles again
_CANDIDATES_PER_PLACE = 16  # when several are wanted
_DOUBT = 8 * float(
    np.finfo(np.float32).eps
)  # of a product, in norms of image and pattern: 0.9 eps is the most seen
_TOLERANCE = 2e-5
_SPECTRA_BYTES = 2**28


class Place(NamedTuple):
    """A place of a pattern in an image: its score, with its sign, its top left corner and its size."""

    score: float
    y: int
    x: int
    height: int
    width: int


class Workspace:
    """Scratch memory of one thread, and the spectra of patterns, shared by all threads."""

    def __init__(self, spectra: "Spectra") -> None:
        self.spectra = spectra
        self._arrays: dict[str, NDArray[Any]] = {}

    def array(self, name: str, *shape: int) -> NDArray[Any]:
        """Return a float32 array of a shape, with whatever is in it."""
        size = math.prod(shape)
        if name not in self._arrays or self._arrays[name].size < size:
            self._arrays[name] = np.empty(size, np.float32)
        return self._arrays[name][:size].reshape(shape)


class Spectra:
    """The spectra of patterns, computed once while there is room."""

    def __init__(self) -> None:
        self._kept: OrderedDict[tuple[TemplateBatch, int, tuple[int, ...], bool], NDArray[Any]] = (
            OrderedDict()
        )
        self._bytes = 0
        self._lock = Lock()

    def __reduce__(self) -> tuple[type["Spectra"], tuple[()]]:
        """Travel to another process empty."""
        return (Spectra, ())

    def of(self, batch: TemplateBatch, factor: int, shape: tuple[int, ...], *, tall: bool) -> NDArray[Any]:
        """Return the spectra of a batch, see `TemplateBatch.spectra`."""
        key = (batch, factor, shape, tall)
        spectra = self._kept.get(key)
        if spectra is None:
            spectra = batch.spectra(factor, shape, tall=tall)
            with self._lock:
                if key not in self._kept:
                    self._kept[key] = spectra
                    self._bytes += spectra.nbytes
                while self._bytes > _SPECTRA_BYTES:
                    self._bytes -= self._kept.popitem(last=False)[1].nbytes
        return spectra


def search(
    image: PreparedImage,
    batch: TemplateBatch,
    kinds: Sequence[Kind],
    workspace: Workspace,
    *,
    full: bool,
    signed: bool,
    count: int = 1,
) -> list[list[list[Place]]]:
    """Find the best places of some patterns in an image.

    Parameters
    ----------
    image, batch
        As many channels in one as in the other.
    kinds
        Which scores.
    full
        Look everywhere at full resolution, with a certificate: places that rounding might have hidden are
        scored in float64 as well. Otherwise rank the places at the batch's factor, and refine the best ones
        level by level.
    signed
        Rank by the score itself, not by its absolute value.
    count
        How many places at most; two that are nearer than half a pattern in both directions count as one.

    Returns
    -------
    list of list of list of Place
        For each pattern and each kind the places, the best first; none if the pattern does not fit into the
        image. Scores are exact: computed in float64 at each place.
    """
    factor = 1 if full else batch.factor
    shape = image.transforms(factor).shape
    spectra = workspace.spectra.of(batch, factor, shape, tall=image.tall)
    products = _products(image, spectra, factor, batch, workspace)
    if factor == 1:
        of_kinds = [
            _search_fully(image, batch, kind, products, workspace, signed=signed, count=count)
            for kind in kinds
        ]
    else:
        of_kinds = [
            _search_pyramid(image, batch, kind, products, signed=signed, count=count) for kind in kinds
        ]
    return [list(places) for places in zip(*of_kinds, strict=True)]


def best(places: Sequence[Place], count: int, *, signed: bool) -> list[Place]:
    """Keep the best places of a pattern; of two nearer than half of it in both directions, the better one."""
    kept: list[Place] = []
    for place in sorted(places, key=lambda place: -(place.score if signed else abs(place.score))):
        if not any(
            2 * abs(place.y - other.y) < place.height and 2 * abs(place.x - other.x) < place.width
            for other in kept
        ):
            kept.append(place)
            if len(kept) == count:
                break
    return kept


def _products(
    image: PreparedImage, spectra: NDArray[Any], factor: int, batch: TemplateBatch, workspace: Workspace
) -> NDArray[Any]:
    """Correlate an image with some patterns; lines below the places of the smallest are left out.

    The inverse transform of the columns comes first, for it leaves lines that are no places and need no
    transform.
    """
    spectrum = image.transforms(factor).spectrum
    channels, frequencies, length = spectrum.shape
    side = image.width if image.tall else image.height
    smallest = int(batch.sizes[:, 1 if image.tall else 0].min())
    shape = (len(spectra), -(-max(1, side - smallest + 1) // factor), 2 * frequencies - 2)
    product = workspace.array("product", len(spectra), frequencies, length)
    multiply_conjugates(
        spectrum.reshape(channels, -1),
        spectra.reshape(len(spectra), channels, -1),
        product.reshape(len(spectra), -1),
    )
    columns = fft.ifft(product.view(np.complex64), axis=2, overwrite_x=True).view(np.float32)
    lines, products = workspace.array("lines", *shape), workspace.array("products", *shape)
    turn(columns, lines)
    cv2.dft(
        lines.reshape(-1, shape[2]),
        products.reshape(-1, shape[2]),
        flags=cv2.DFT_INVERSE | cv2.DFT_ROWS | cv2.DFT_SCALE | cv2.DFT_REAL_OUTPUT,
    )
    return products


def _search_pyramid(
    image: PreparedImage,
    batch: TemplateBatch,
    kind: Kind,
    products: NDArray[Any],
    *,
    signed: bool,
    count: int,
) -> list[list[Place]]:
    """Search the pyramid, given the correlations at its top."""
    limits = Limits(_CANDIDATES, _KEPT, _MARGINS)
    if count > 1:
        limits = Limits(_CANDIDATES_PER_PLACE * count, _CANDIDATES_PER_PLACE * count, (1e9, 1e9))
    found = _empty_places(len(batch.templates), limits.kept)
    pyramid_search(
        products,
        batch.factor,
        _image_arrays(image, batch.factor, kind),
        (image.level(2), image.level(1)),
        batch.arrays(kind),
        (batch.lines[2], batch.lines[1]),
        signed,
        limits,
        found,
    )
    return _places(batch, found, signed=signed, count=count)


def _search_fully(
    image: PreparedImage,
    batch: TemplateBatch,
    kind: Kind,
    products: NDArray[Any],
    workspace: Workspace,
    *,
    signed: bool,
    count: int,
) -> list[list[Place]]:
    """Search at full resolution, given the correlations."""
    templates = batch.arrays(kind)
    doubts = image.norm * batch.norms("centered")
    if kind == "uncentered":
        areas = batch.sizes[:, 0] * batch.sizes[:, 1]
        doubts = doubts + areas * np.abs(templates.means * image.means).sum(axis=1)
    windows, border = image.height * image.width, 2 * (image.height + image.width + 2)
    found = _empty_places(len(batch.templates), 1 if count == 1 else _CANDIDATES_PER_PLACE * count)
    full_search(
        products,
        _image_arrays(image, 1, kind),
        image.pixels,
        templates,
        _DOUBT * doubts / templates.norms,
        _TOLERANCE,
        signed,
        Scratch(
            workspace.array("inverse", windows),
            workspace.array("totals", windows * templates.means.shape[1]),
            workspace.array("strength", windows + border),
            workspace.array("bounds", windows + border),
        ),
        found,
    )
    return _places(batch, found, signed=signed, count=count)


def _image_arrays(image: PreparedImage, factor: int, kind: Kind) -> ImageArrays:
    sums, squares, *_ = image.transforms(factor)
    return ImageArrays(sums, squares, image.tall, image.means, image.flat(kind))


def _empty_places(patterns: int, count: int) -> PlaceArrays:
    ys, xs = np.empty((2, patterns, count), np.int64)
    return PlaceArrays(ys, xs, np.empty((patterns, count)), np.empty(patterns, np.int64))


def _places(batch: TemplateBatch, found: PlaceArrays, *, signed: bool, count: int) -> list[list[Place]]:
    """Return the places of each pattern, at most `count` of them."""
    places_of = []
    for template, n, *columns in zip(
        batch.templates,
        found.counts.tolist(),
        found.scores.tolist(),
        found.ys.tolist(),
        found.xs.tolist(),
        strict=True,
    ):
        places = [
            Place(score, y, x, template.height, template.width)
            for score, y, x in zip(*(column[:n] for column in columns), strict=True)
        ]
        places_of.append(places if len(places) < 2 else best(places, count, signed=signed))
    return places_of
