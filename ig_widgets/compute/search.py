"""The search for the places where an image resembles a pattern most."""

import math
from collections import OrderedDict
from collections.abc import Sequence
from threading import Lock
from typing import Any, Literal, NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from ig_widgets.compute.correlation import (
    certify,
    exact_score,
    multiply_conjugate,
    peaks,
    row_maxima,
    strengths,
    upper_bounds,
)
from ig_widgets.compute.pictures import Kind, Picture
from ig_widgets.compute.refinement import STRIDE, refine
from ig_widgets.compute.templates import Template

Search = Literal["full", "pyramid"]

# The pyramid, chosen by measurement on KSDD (published patterns) and NEU (boxes of 20 to 200 px).
_CANDIDATES = 8  # at the lowest resolution, when one place is wanted
_CANDIDATES_PER_PLACE = 16  # when several are
_KEPT = 2  # of them at full resolution
_MARGINS = {2: 0.2, 1: 0.05}  # what a score can gain, relatively, when the resolution doubles
_DOUBT = 8 * float(
    np.finfo(np.float32).eps
)  # of a product, in norms of image and pattern: five times the largest seen
_TOLERANCE = 2e-5
_SPECTRA_BYTES = 2**28
_NONE = np.empty(0)


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
        self._kept: OrderedDict[tuple[Template, int, tuple[int, ...], bool], NDArray[Any]] = OrderedDict()
        self._bytes = 0
        self._lock = Lock()

    def __reduce__(self) -> tuple[type["Spectra"], tuple[()]]:
        """Travel to another process empty."""
        return (Spectra, ())

    def of(self, template: Template, factor: int, shape: tuple[int, ...], *, tall: bool) -> NDArray[Any]:
        """Return the spectrum of a pattern, see `Template.spectrum`."""
        key = (template, factor, shape, tall)
        spectrum = self._kept.get(key)
        if spectrum is None:
            spectrum = template.spectrum(factor, shape, tall=tall)
            with self._lock:
                if key not in self._kept:
                    self._kept[key] = spectrum
                    self._bytes += spectrum.nbytes
                while self._bytes > _SPECTRA_BYTES:
                    self._bytes -= self._kept.popitem(last=False)[1].nbytes
        return spectrum


def search(
    picture: Picture,
    template: Template,
    kinds: Sequence[Kind],
    workspace: Workspace,
    *,
    full: bool,
    signed: bool,
    count: int = 1,
) -> list[list[Place]]:
    """Find the best places of a pattern that is not flat and fits into the image.

    Parameters
    ----------
    picture, template
        As many channels in one as in the other.
    kinds
        Which scores.
    full
        Look everywhere at full resolution, with a certificate: places that rounding might have hidden are
        scored in float64 as well. Otherwise rank the places at the pattern's `Template.factor`, and refine
        the best ones level by level.
    signed
        Rank by the score itself, not by its absolute value.
    count
        How many places at most; two that are nearer than half a pattern in both directions count as one.

    Returns
    -------
    list of list of Place
        For each kind at least one, the best first. Scores are exact: computed in float64 at each place.
    """
    factor = 1 if full else template.factor
    spectrum = picture.transforms(factor).spectrum
    shape = spectrum.shape[1:]
    product, products = workspace.array("product", *shape), workspace.array("products", *shape)
    multiply_conjugate(spectrum, workspace.spectra.of(template, factor, shape, tall=picture.tall), product)
    cv2.dft(product, products, flags=cv2.DFT_INVERSE | cv2.DFT_SCALE)
    return [
        _Search(picture, template, kind, workspace, signed=signed).places(products, factor, count)
        for kind in kinds
    ]


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


class _Search:
    """What one kind of score needs; see `correlation.strengths` and `refinement.refine`."""

    def __init__(
        self, picture: Picture, template: Template, kind: Kind, workspace: Workspace, *, signed: bool
    ) -> None:
        self.picture, self.template, self.kind, self.workspace, self.signed = (
            picture,
            template,
            kind,
            workspace,
            signed,
        )
        self.norm = template.norms[kind]
        self.area = template.height * template.width
        self.origin = self.weights = self.means = _NONE
        self.constant = self.blur = 0.0
        if kind == "uncentered":
            self.origin, self.means = picture.means, template.means
            self.weights = template.means / self.norm
            self.constant = self.area * float(np.dot(self.origin, self.weights))
            self.blur = self.area * float(np.abs(self.origin * self.weights).sum())

    def places(self, products: NDArray[Any], factor: int, count: int) -> list[Place]:
        """Find the best places, given the correlations at a reduction."""
        template, picture = self.template, self.picture
        inverse, totals = picture.norms(factor, template.height, template.width, self.kind)
        rows, columns = inverse.shape
        strength = self.workspace.array("strength", rows + 2, columns + 2)
        highest = self.workspace.array("highest", rows)
        strengths(
            products,
            inverse,
            totals,
            self.weights,
            self.constant,
            factor**2 / self.norm,
            self.signed,
            strength,
        )
        row_maxima(strength, highest)
        if factor == 1 and count == 1:
            return [self._certified(strength, highest, inverse)]
        candidates = _CANDIDATES if count == 1 else _CANDIDATES_PER_PLACE * count
        ys, xs = np.empty(candidates, np.int64), np.empty(candidates, np.int64)
        values = np.empty(candidates, np.float32)
        left = peaks(strength, highest, ys, xs, values)
        if picture.tall:
            ys, xs = xs, ys
        while factor > 1:
            factor //= 2
            left = self._refined(factor, ys, xs, values, left, count)
        wanted = 1 if count == 1 else left
        places = [
            Place(self._exact(y, x), y, x, template.height, template.width)
            for y, x in zip(ys[:wanted].tolist(), xs[:wanted].tolist(), strict=True)
        ]
        return best(places, count, signed=self.signed)

    def _certified(self, strength: NDArray[Any], highest: NDArray[Any], inverse: NDArray[Any]) -> Place:
        picture, template = self.picture, self.template
        y = int(highest.argmax())
        x = int(strength[y + 1].argmax()) - 1
        bounds = self.workspace.array("bounds", *strength.shape)
        doubt = _DOUBT * (picture.norm * template.norms["centered"] / self.norm + self.blur)
        upper_bounds(strength, inverse, doubt, bounds)
        row_maxima(bounds, highest)
        score, y, x = certify(
            bounds,
            highest,
            _TOLERANCE,
            self.signed,
            picture.lying(picture.pixels),
            picture.lying(template.centred),
            self.norm,
            self.means,
            picture.flat(self.kind),
            y,
            x,
        )
        if picture.tall:
            y, x = x, y
        return Place(score, y, x, template.height, template.width)

    def _refined(  # noqa: PLR0917
        self, factor: int, ys: NDArray[Any], xs: NDArray[Any], values: NDArray[Any], left: int, count: int
    ) -> int:
        picture, template = self.picture, self.template
        level = picture.level(factor)
        h, w = template.levels[factor].shape[1:]
        patch = (h + STRIDE) * (w + STRIDE) + STRIDE
        ends = [
            min(-(-(whole - part + 1) // factor), reduced - reduced_part + 1)
            for whole, part, reduced, reduced_part in (
                (picture.height, template.height, level.values.shape[1], h),
                (picture.width, template.width, level.values.shape[2], w),
            )
        ]
        return int(
            refine(
                level.values,
                level.squares,
                level.means,
                template.lines[factor],
                (h, w),
                self.area,
                factor**2 / self.norm,
                self.origin,
                self.weights,
                self.constant,
                self.signed,
                (ends[0], ends[1]),
                _MARGINS[factor] if count == 1 else np.inf,
                ys,
                xs,
                values,
                min(left, _KEPT) if factor == 1 and count == 1 else left,
                self.workspace.array("patch", len(level.values) * patch),
                self.workspace.array("squares", patch),
            )
        )

    def _exact(self, y: int, x: int) -> float:
        picture = self.picture
        return float(
            exact_score(
                picture.pixels, y, x, self.template.centred, self.norm, self.means, picture.flat(self.kind)
            )
        )
