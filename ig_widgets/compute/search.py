"""The search for the places where an image resembles patterns most."""

import math
from collections import OrderedDict
from collections.abc import Sequence
from threading import Lock
from typing import Any, Literal, NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray
from scipy import fft

from ig_widgets.compute.blocks import Block
from ig_widgets.compute.correlation import (
    certify,
    exact_score,
    multiply_conjugates,
    peaks,
    row_maxima,
    strengths,
    turn,
    upper_bounds,
)
from ig_widgets.compute.descent import descend
from ig_widgets.compute.pictures import Kind, Picture
from ig_widgets.compute.templates import Template

Search = Literal["full", "pyramid"]

# The pyramid, chosen by measurement on KSDD (published patterns) and NEU (boxes of 20 to 200 px).
_CANDIDATES = 8  # at the lowest resolution, when one place is wanted
_KEPT = 2  # of them at full resolution
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
        self._kept: OrderedDict[tuple[Block, int, tuple[int, ...], bool], NDArray[Any]] = OrderedDict()
        self._bytes = 0
        self._lock = Lock()

    def __reduce__(self) -> tuple[type["Spectra"], tuple[()]]:
        """Travel to another process empty."""
        return (Spectra, ())

    def of(self, block: Block, factor: int, shape: tuple[int, ...], *, tall: bool) -> NDArray[Any]:
        """Return the spectra of a block, see `Block.spectra`."""
        key = (block, factor, shape, tall)
        spectra = self._kept.get(key)
        if spectra is None:
            spectra = block.spectra(factor, shape, tall=tall)
            with self._lock:
                if key not in self._kept:
                    self._kept[key] = spectra
                    self._bytes += spectra.nbytes
                while self._bytes > _SPECTRA_BYTES:
                    self._bytes -= self._kept.popitem(last=False)[1].nbytes
        return spectra


def search(
    picture: Picture,
    block: Block,
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
    picture, block
        As many channels in one as in the other.
    kinds
        Which scores.
    full
        Look everywhere at full resolution, with a certificate: places that rounding might have hidden are
        scored in float64 as well. Otherwise rank the places at the block's factor, and refine the best ones
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
    factor = 1 if full else block.factor
    shape = picture.transforms(factor).shape
    spectra = workspace.spectra.of(block, factor, shape, tall=picture.tall)
    if factor == 1:
        return [
            _everywhere(picture, template, spectra[j : j + 1], kinds, workspace, signed=signed, count=count)
            for j, template in enumerate(block.templates)
        ]
    products = _products(
        picture, spectra, factor, (block.sizes[:, 0].min(), block.sizes[:, 1].min()), workspace
    )
    found = [_descended(picture, block, kind, products, signed=signed, count=count) for kind in kinds]
    return [list(of_kinds) for of_kinds in zip(*found, strict=True)]


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
    picture: Picture, spectra: NDArray[Any], factor: int, smallest: tuple[int, int], workspace: Workspace
) -> NDArray[Any]:
    """Correlate an image with some patterns; lines below the places of the smallest are left out.

    The inverse transform of the columns comes first, for it leaves lines that are no places and need no
    transform.
    """
    spectrum = picture.transforms(factor).spectrum
    channels, frequencies, length = spectrum.shape
    sides = (picture.height, picture.width)
    places = [-(-max(1, side - small + 1) // factor) for side, small in zip(sides, smallest, strict=True)]
    shape = (len(spectra), places[1] if picture.tall else places[0], 2 * frequencies - 2)
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


def _descended(
    picture: Picture, block: Block, kind: Kind, products: NDArray[Any], *, signed: bool, count: int
) -> list[list[Place]]:
    """Search the pyramid, given the correlations at its top."""
    candidates, kept, margins = _CANDIDATES, _KEPT, _MARGINS
    if count > 1:
        candidates = kept = _CANDIDATES_PER_PLACE * count
        margins = (np.inf, np.inf)
    sizes = block.sizes
    sums, squares, *_ = picture.transforms(block.factor)
    ys, xs = np.empty((2, len(sizes), kept), np.int64)
    scores, counts = np.empty(ys.shape), np.empty(len(sizes), np.int64)
    descend(
        products,
        block.factor,
        picture.tall,
        (sums, squares),
        picture.level(2),
        picture.level(1),
        block.lines[2],
        block.lines[1],
        block.centred,
        sizes,
        block.norms(kind),
        block.means(kind),
        picture.means,
        picture.flat(kind),
        signed,
        candidates,
        kept,
        margins,
        ys,
        xs,
        scores,
        counts,
    )
    found = []
    for j, template in enumerate(block.templates):
        n = min(int(counts[j]), count) if count == 1 else int(counts[j])
        places = [
            Place(score, y, x, template.height, template.width)
            for score, y, x in zip(
                scores[j, :n].tolist(), ys[j, :n].tolist(), xs[j, :n].tolist(), strict=True
            )
        ]
        found.append(best(places, count, signed=signed))
    return found


def _everywhere(
    picture: Picture,
    template: Template,
    spectrum: NDArray[Any],
    kinds: Sequence[Kind],
    workspace: Workspace,
    *,
    signed: bool,
    count: int,
) -> list[list[Place]]:
    """Search at full resolution."""
    if template.height > picture.height or template.width > picture.width:
        return [[] for _ in kinds]
    products = _products(picture, spectrum, 1, (template.height, template.width), workspace)[0]
    found = []
    for kind in kinds:
        norm, flat, area = template.norms[kind], picture.flat(kind), template.height * template.width
        doubt = picture.norm * template.norms["centered"] / norm
        means = weights = np.empty(0)
        constant = 0.0
        if kind == "uncentered":
            means, weights = template.means, template.means / norm
            constant = area * float(np.dot(picture.means, weights))
            doubt += area * float(np.abs(picture.means * weights).sum())
        inverse, totals = picture.norms(template.height, template.width, kind)
        rows, columns = inverse.shape
        strength = workspace.array("strength", rows + 2, columns + 2)
        highest = workspace.array("highest", rows)
        strengths(products, inverse, totals, weights, constant, 1 / norm, signed, strength)
        row_maxima(strength, highest)
        pixels, pattern = picture.lying(picture.pixels), picture.lying(template.centred)
        if count == 1:
            y = int(highest.argmax())
            x = int(strength[y + 1].argmax()) - 1
            bounds = workspace.array("bounds", *strength.shape)
            upper_bounds(strength, inverse, _DOUBT * doubt, bounds)
            row_maxima(bounds, highest)
            scored = [certify(bounds, highest, _TOLERANCE, signed, pixels, pattern, norm, means, flat, y, x)]
        else:
            ys, xs = np.empty((2, _CANDIDATES_PER_PLACE * count), np.int64)
            values = np.empty(len(ys), np.float32)
            left = peaks(strength, highest, ys, xs, values)
            scored = [
                (exact_score(pixels, y, x, pattern, norm, means, flat), y, x)
                for y, x in zip(ys[:left].tolist(), xs[:left].tolist(), strict=True)
            ]
        places = [
            Place(score, *((x, y) if picture.tall else (y, x)), template.height, template.width)
            for score, y, x in scored
        ]
        found.append(best(places, count, signed=signed))
    return found
