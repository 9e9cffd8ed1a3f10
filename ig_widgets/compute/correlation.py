"""Normalised cross-correlation of one image with one pattern, and the search for its maximum."""

from functools import cached_property
from typing import Any, Literal, NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

Search = Literal["full", "pyramid"]
Scores = Literal["centered", "uncentered"]

_LUMINANCE = np.array([0.299, 0.587, 0.114])  # ITU-R BT.601, what cv2 and Pillow use
_Region = tuple[int, int, int, int]  # top, left, bottom, right of a set of window corners
_NOWHERE = (-1, -1, -1, -1)
_FLAT = 1e-14  # of the image's energy: below it a window's energy is the rounding of the sums
_STRIP = 64  # rows normalised at a time: the float64 maps of one strip stay in the processor's cache

# The pyramid, chosen by measurement on KSDD (published patterns) and NEU (boxes of 20 to 200 px): 99.7 % and
# 99.5 % of the scores are within 0.005 of the full search.
_FACTORS = (4, 2)
_SMALLEST_SIDE = 4  # of a reduced pattern, in pixels
_SMALLEST_AREA = 200  # of a reduced pattern: 30 x 40 px reduced by 4 lost more than 0.005 in 8 % of the pairs
_CANDIDATES = 8


class Match(NamedTuple):
    """Where a pattern is found best in an image.

    Attributes
    ----------
    score
        Similarity at that place: in [0, 1], or in [-1, 1] when signed.
    box
        x0, y0, x1, y1 in pixels of the image, ends exclusive; four times -1 when there is no such place: the
        pattern is larger than the image or has the same value everywhere.
    """

    score: float
    box: tuple[int, int, int, int]


class Pattern:
    """A pattern with everything that does not depend on the image it is searched in.

    Parameters
    ----------
    pixels
        (h, w) or (h, w, 3), finite.
    """

    def __init__(self, pixels: NDArray[Any]) -> None:
        self.pixels = pixels
        self.height, self.width = pixels.shape[:2]
        self.means = pixels.mean(axis=(0, 1), dtype=np.float64)
        self.centred = pixels - self.means
        energy = np.square(self.centred).sum()
        brightness = self.height * self.width * np.square(self.means).sum()
        self.norm = {"centered": float(np.sqrt(energy)), "uncentered": float(np.sqrt(energy + brightness))}
        self.flat = bool((pixels == pixels[0, 0]).all())
        self._reduced: dict[int, NDArray[Any]] = {1: self.centred.astype(np.float32)}

    @cached_property
    def gray(self) -> "Pattern":
        """The luminance of a colour pattern; a gray one is its own."""
        return self if self.pixels.ndim == 2 else Pattern(self.pixels @ _LUMINANCE)

    @cached_property
    def factor(self) -> int:
        """The strongest reduction that leaves something to see."""
        for factor in _FACTORS:
            height, width = self.height / factor, self.width / factor
            if min(height, width) >= _SMALLEST_SIDE and height * width >= _SMALLEST_AREA:
                return factor
        return 1

    def reduced(self, factor: int) -> NDArray[Any]:
        """Return the centred pixels as means of the factor x factor blocks, float32."""
        if factor not in self._reduced:
            self._reduced[factor] = _reduced(self._reduced[1], factor)
        return self._reduced[factor]


class Picture:
    """An image with everything that its patterns share: means, integral images, reductions.

    Parameters
    ----------
    pixels
        (H, W) or (H, W, 3), finite.
    """

    def __init__(self, pixels: NDArray[Any]) -> None:
        self.pixels = pixels
        self.height, self.width = pixels.shape[:2]
        means = pixels.mean(axis=(0, 1), dtype=np.float64)
        # whole numbers stay whole, so the integral images of integer pixels are exact
        self.means = np.round(means) if pixels.dtype.kind == "u" else means
        # float32 holds the differences of 16-bit numbers exactly
        precision = np.float32 if pixels.dtype.kind == "u" else np.float64
        centred = np.subtract(pixels, self.means, dtype=precision).astype(np.float32, copy=False)
        sums, squares = cv2.integral2(centred, sdepth=cv2.CV_64F, sqdepth=cv2.CV_64F)
        self._integrals = {1: (sums, _over_channels(squares))}
        self._reduced: dict[int, NDArray[Any]] = {1: centred}

    @cached_property
    def gray(self) -> "Picture":
        """The luminance of a colour picture; a gray one is its own."""
        return self if self.pixels.ndim == 2 else Picture(self.pixels @ _LUMINANCE)

    def reduced(self, factor: int) -> NDArray[Any]:
        """Return the centred pixels as means of the factor x factor blocks, float32."""
        if factor not in self._reduced:
            self._reduced[factor] = _reduced(self._reduced[1], factor)
        return self._reduced[factor]

    def integrals(self, factor: int) -> tuple[NDArray[Any], NDArray[Any]]:
        """Integral images of the values and of their squares, at every factor-th pixel."""
        if factor not in self._integrals:
            rows = np.minimum(np.arange(0, self.height + factor, factor), self.height)
            columns = np.minimum(np.arange(0, self.width + factor, factor), self.width)
            sums, squares = self._integrals[1]
            self._integrals[factor] = (sums[rows][:, columns], squares[rows][:, columns])
        return self._integrals[factor]

    def shrunk(self, pattern: Pattern) -> Pattern:
        """Return a pattern reduced until it fits into this image, its shape kept; one that fits as it is."""
        scale = min(self.height / pattern.height, self.width / pattern.width)
        if scale >= 1:
            return pattern
        size = (max(1, int(pattern.width * scale)), max(1, int(pattern.height * scale)))
        return Pattern(cv2.resize(pattern.pixels, size, interpolation=cv2.INTER_AREA))

    def match(self, pattern: Pattern, search: Search, scores: Scores, *, signed: bool) -> Match:
        """Return the best place of a pattern, as the function `match` of `compute.matching` has it."""
        if pattern.flat or pattern.height > self.height or pattern.width > self.width:
            return Match(0.0, _NOWHERE)
        if self.pixels.ndim != pattern.pixels.ndim:
            return self.gray.match(pattern.gray, search, scores, signed=signed)
        best = (-np.inf, 0, 0)
        for expected, region in self._regions(pattern, search, scores, signed=signed):
            # the exact score is up to a tenth and 0.02 above the one at reduced resolution (KSDD and NEU)
            if expected + 0.1 * abs(expected) + 0.02 < best[0]:
                break
            best = max(
                best, self._best_in(region, pattern, scores, signed=signed), key=lambda found: found[0]
            )
        _, y, x = best
        score = self._score_at(y, x, pattern, scores)
        return Match(score if signed else abs(score), (x, y, x + pattern.width, y + pattern.height))

    def _regions(
        self, pattern: Pattern, search: Search, scores: Scores, *, signed: bool
    ) -> list[tuple[float, _Region]]:
        """Where to look at full resolution, and the score to expect there, the best first."""
        bottom, right = self.height - pattern.height + 1, self.width - pattern.width + 1
        factor = pattern.factor
        reach = 2 * factor
        if search == "full" or factor == 1 or bottom * right <= _CANDIDATES * (2 * reach + 1) ** 2:
            return [(np.inf, (0, 0, bottom, right))]
        correlation = cv2.matchTemplate(self.reduced(factor), pattern.reduced(factor), cv2.TM_CCORR)
        correlation = correlation[: -(-bottom // factor), : -(-right // factor)] * factor**2
        expected = self._normalised(correlation, 0, 0, pattern, scores, factor=factor)
        if not signed:
            expected = np.abs(expected)
        peaks = np.flatnonzero(expected == cv2.dilate(expected, np.ones((3, 3), np.uint8)))
        peaks = peaks[np.argsort(-expected.ravel()[peaks], kind="stable")[:_CANDIDATES]]
        regions: list[tuple[float, _Region]] = []
        for peak in peaks.tolist():
            y, x = (factor * step for step in divmod(peak, expected.shape[1]))
            region = (
                max(0, y - reach),
                max(0, x - reach),
                min(bottom, y + reach + 1),
                min(right, x + reach + 1),
            )
            regions.append((float(expected.ravel()[peak]), region))
        return regions

    def _best_in(
        self, region: _Region, pattern: Pattern, scores: Scores, *, signed: bool
    ) -> tuple[float, int, int]:
        """Score, y and x of the best window whose top left corner lies in a region."""
        top, left, bottom, right = region
        pixels = self._reduced[1][top : bottom + pattern.height - 1, left : right + pattern.width - 1]
        correlation = cv2.matchTemplate(pixels, pattern.reduced(1), cv2.TM_CCORR)
        best = (-np.inf, 0, 0)
        for start in range(top, bottom, _STRIP):
            strip = correlation[start - top : start - top + _STRIP]
            strengths = self._normalised(strip, start, left, pattern, scores)
            low, high, low_at, high_at = cv2.minMaxLoc(strengths)
            # on a tie the negative side wins, as in the published code
            score, (x, y) = (high, high_at) if signed or high > -low else (-low, low_at)
            if score > best[0]:
                best = (score, start + y, left + x)
        return best

    def _normalised(
        self,
        correlation: NDArray[Any],
        top: int,
        left: int,
        pattern: Pattern,
        scores: Scores,
        *,
        factor: int = 1,
    ) -> NDArray[Any]:
        """Divide the correlations of a block of windows by the norms of the windows and of the pattern.

        The norms are those of the pixels at full resolution also when the correlations are not: what the
        reduction took away cannot match, so leaving it out would overrate the noisy windows.
        """
        area = pattern.height * pattern.width
        height, width = round(pattern.height / factor), round(pattern.width / factor)
        block = (top, left, *correlation.shape)
        sums, energies = (_window_sums(table, block, height, width) for table in self.integrals(factor))
        if factor > 1:
            scale = area / (height * width * factor**2)
            sums *= scale
            energies *= scale
        if scores == "centered":
            energies -= _over_channels(sums * sums) / area
            products = correlation
        else:
            energies += np.dot(sums, 2 * self.means) + area * np.dot(self.means, self.means)
            products = correlation + np.dot(sums, pattern.means) + area * np.dot(self.means, pattern.means)
        energies[energies <= self._flat(scores)] = np.inf
        normalised: NDArray[Any] = products / (np.sqrt(energies) * pattern.norm[scores])
        return normalised

    def _flat(self, scores: Scores) -> float:
        energy = self._integrals[1][1][-1, -1]
        if scores == "uncentered":
            energy += self.height * self.width * np.dot(self.means, self.means)
        return float(_FLAT * energy)

    def _score_at(self, y: int, x: int, pattern: Pattern, scores: Scores) -> float:
        """Score of one window in float64, so that both searches give the same number at the same place."""
        window = self._reduced[1][y : y + pattern.height, x : x + pattern.width].astype(np.float64)
        template = pattern.centred
        if scores == "centered":
            window -= window.mean(axis=(0, 1))
        else:
            window += self.means
            template = template + pattern.means
        # summed by numpy, not by BLAS, whose threads stall one another on vectors this short
        energy = np.square(window).sum()
        if energy <= self._flat(scores):
            return 0.0
        return float(np.clip((window * template).sum() / (np.sqrt(energy) * pattern.norm[scores]), -1, 1))


def _window_sums(
    integral: NDArray[Any], block: tuple[int, int, int, int], height: int, width: int
) -> NDArray[Any]:
    """Sum over the windows of a size whose corners fill a block: its top, left, rows and columns."""
    top, left, rows, columns = block
    upper, lower = slice(top, top + rows), slice(top + height, top + height + rows)
    near, far = slice(left, left + columns), slice(left + width, left + width + columns)
    total: NDArray[Any] = integral[lower, far] - integral[upper, far]
    total -= integral[lower, near]
    total += integral[upper, near]
    return total


def _reduced(pixels: NDArray[Any], factor: int) -> NDArray[Any]:
    """Means of the factor x factor blocks; blocks that stick out are filled up with zeros."""
    height, width = pixels.shape[:2]
    rows, columns = -(-height // factor), -(-width // factor)
    padded = cv2.copyMakeBorder(
        pixels, 0, rows * factor - height, 0, columns * factor - width, cv2.BORDER_CONSTANT, value=0
    )
    return cv2.resize(padded, (columns, rows), interpolation=cv2.INTER_AREA)


def _over_channels(values: NDArray[Any]) -> NDArray[Any]:
    return values if values.ndim == 2 else values.sum(axis=2)
