"""Similarity of images to patterns: how well each pattern is found in each image, and where."""

import warnings
from collections.abc import Sequence
from functools import cached_property
from typing import Any, Literal, NamedTuple, Self, get_args

import cv2
import numpy as np
from joblib import Parallel, delayed
from numpy.typing import NDArray
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.utils.validation import check_is_fitted

Search = Literal["full", "pyramid"]
Scores = Literal["centered", "uncentered"]
Oversized = Literal["zero", "shrink"]

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


class FlatPatternWarning(UserWarning):
    """A pattern has the same value everywhere, so it resembles nothing and scores 0."""


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


def match(
    image: NDArray[Any],
    pattern: NDArray[Any],
    *,
    search: Search = "full",
    scores: Scores = "centered",
    signed: bool = False,
) -> Match:
    """Find the place where an image resembles a pattern most.

    The score is the normalised cross-correlation (NCC) of the pattern with the image window of its size,

        NCC(x, y) = sum(I T) / sqrt(sum(I^2) sum(T^2)),

    and the result is the maximum of its absolute value over all places x = 0..W-w, y = 0..H-h.

    Parameters
    ----------
    image
        (H, W) or (H, W, 3), unsigned integers or floats. Equal channels are used as one. When only one
        of image and pattern is in colour, its luminance is used; when both are, the sums run over all
        three channels together.
    pattern
        (h, w) or (h, w, 3), likewise. One that is higher or wider than the image scores 0.
    search
        "full" looks everywhere; "pyramid" ranks places at a quarter of the resolution and looks at full
        resolution around the best of them, see `PatternMatcher`.
    scores
        "centered" subtracts the mean (of each channel) from window and pattern first: unchanged by
        brightness and contrast. "uncentered" is the formula as it stands: unchanged by contrast only.
    signed
        Take the maximum of NCC itself, not of its absolute value.

    Returns
    -------
    Match
        The score and the box of the best window. A window with no energy (constant when centered, black
        when uncentered) scores 0.

    Raises
    ------
    ValueError
        If an array has the wrong shape, is empty or is not finite, or a setting is unknown.
    TypeError
        If an array holds neither unsigned integers nor floats.

    Warns
    -----
    FlatPatternWarning
        If the pattern has the same value everywhere; it scores 0.

    Notes
    -----
    Heo et al., "Inspector Gadget: A Data Programming-based Labeling System for Industrial Images" (2020),
    section 5.1, writes the uncentered formula and leaves the last position x = W-w, y = H-h out; the
    published code centres and includes it. The default follows the code, "uncentered" the formula, and
    the last position is always included.

    Examples
    --------
    >>> image = np.zeros((40, 60), np.uint8)
    >>> image[10:14, 20:30] = 200
    >>> score, box = match(image, image[8:16, 18:32])
    >>> round(score, 6), box
    (1.0, (18, 8, 32, 16))
    """
    _check_settings(search=search, scores=scores)
    prepared = _Pattern(_checked(pattern, "the pattern"))
    if prepared.flat:
        _warn_flat(["the pattern"])
    return _Picture(_checked(image, "the image")).match(prepared, search, scores, signed=signed)


class PatternMatcher(TransformerMixin, BaseEstimator):
    """Turn images into their similarities to patterns, one feature per pattern.

    Parameters
    ----------
    patterns
        Sequence of arrays (h, w) or (h, w, 3), for instance the `ImageSet` made by `crop_patterns`.
    search
        "pyramid" ranks the places of an image at reduced resolution (a quarter, or half for patterns too
        small for that) and computes the exact score at full resolution around the best of them. It can
        only miss the best place, never exceed its score: on KSDD and NEU more than 99 % of the scores are
        within 0.005 of those of "full", which looks everywhere and takes about five times as long on large
        images. The paper describes a pyramid without its settings; the published code has none.
    scores
        "centered" (the published code) or "uncentered" (the paper's formula), see `match`.
    signed
        Score by the maximum of the correlation instead of its absolute value.
    oversized
        What to do with a pattern that is higher or wider than an image: "zero" scores 0 without a box,
        "shrink" reduces the pattern, keeping its shape, until it fits.
    n_jobs
        Images matched at the same time, in threads (joblib); the result does not depend on it.

    Attributes
    ----------
    patterns_
        The prepared patterns.
    feature_names_
        Name of each pattern: its id in an `ImageSet`, else "pattern0", "pattern1", and so on.

    Examples
    --------
    >>> image = np.zeros((40, 60), np.uint8)
    >>> image[10:14, 20:30] = 200
    >>> PatternMatcher([image[8:16, 18:32]]).fit_transform([image, np.zeros_like(image)])
    array([[1.],
           [0.]])
    """

    def __init__(
        self,
        patterns: Sequence[NDArray[Any]],
        *,
        search: Search = "pyramid",
        scores: Scores = "centered",
        signed: bool = False,
        oversized: Oversized = "zero",
        n_jobs: int | None = None,
    ) -> None:
        self.patterns = patterns
        self.search = search
        self.scores = scores
        self.signed = signed
        self.oversized = oversized
        self.n_jobs = n_jobs

    def fit(self, X: Sequence[NDArray[Any]] | None = None, y: object = None) -> Self:  # noqa: ARG002
        """Prepare the patterns; nothing is learned from images.

        Parameters
        ----------
        X, y
            Ignored, present for scikit-learn.

        Returns
        -------
        PatternMatcher
            This matcher.

        Raises
        ------
        ValueError
            If there is no pattern, one has the wrong shape, is empty or is not finite, or a setting is
            unknown.
        TypeError
            If a pattern holds neither unsigned integers nor floats.

        Warns
        -----
        FlatPatternWarning
            Once, naming the patterns that have the same value everywhere; they score 0.
        """
        _check_settings(search=self.search, scores=self.scores, oversized=self.oversized)
        if len(self.patterns) == 0:
            raise ValueError("there is no pattern to match: draw or load at least one")
        self.feature_names_ = _names(self.patterns, "pattern")
        self.patterns_ = [
            _Pattern(_checked(pattern, f"pattern {name!r}"))
            for name, pattern in zip(self.feature_names_, self.patterns, strict=True)
        ]
        flat = [
            f"pattern {name!r}"
            for name, pattern in zip(self.feature_names_, self.patterns_, strict=True)
            if pattern.flat
        ]
        if flat:
            _warn_flat(flat)
        return self

    def transform(self, X: Sequence[NDArray[Any]]) -> NDArray[np.float64]:
        """Score every image against every pattern.

        Parameters
        ----------
        X
            Images (H, W) or (H, W, 3). An empty array stands for an image that could not be read.

        Returns
        -------
        array of shape (n_images, n_patterns)
            Similarities in [0, 1], or [-1, 1] when signed; NaN in the rows of empty images.
        """
        return self.locate(X)[0]

    def locate(self, images: Sequence[NDArray[Any]]) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
        """Score every image against every pattern, and say where each is found.

        Each image is decoded once, and only a few are in memory at a time.

        Parameters
        ----------
        images
            As in `transform`.

        Returns
        -------
        X : array of shape (n_images, n_patterns)
            As from `transform`.
        boxes : int array of shape (n_images, n_patterns, 4)
            x0, y0, x1, y1 in pixels of each image, ends exclusive; -1 where there is none (an empty image, a
            flat pattern, or a pattern larger than the image when ``oversized="zero"``).

        Raises
        ------
        ValueError, TypeError
            If an image has the wrong shape or kind of numbers; the message names it.
        """
        check_is_fitted(self)
        n, p = len(images), len(self.patterns_)
        names = _names(images, "image")
        X = np.full((n, p), np.nan)
        boxes = np.full((n, p, 4), -1)
        rows = Parallel(n_jobs=self.n_jobs, backend="threading", return_as="generator")(
            delayed(self._match_all)(image, name) for image, name in zip(images, names, strict=True)
        )
        for i, row in enumerate(rows):
            for j, (score, box) in enumerate(row):
                X[i, j] = score
                boxes[i, j] = box
        return X, boxes

    def get_feature_names_out(self, input_features: object = None) -> NDArray[np.object_]:  # noqa: ARG002
        """Names of the columns of `transform`'s result: those of the patterns."""
        check_is_fitted(self)
        return np.asarray(self.feature_names_, dtype=object)

    def _match_all(self, image: NDArray[Any], name: str) -> list[Match]:
        if np.size(image) == 0:
            return []
        picture = _Picture(_checked(image, f"image {name!r}"))
        return [
            picture.match(
                picture.shrunk(pattern) if self.oversized == "shrink" else pattern,
                self.search,
                self.scores,
                signed=self.signed,
            )
            for pattern in self.patterns_
        ]


class _Pattern:
    """A pattern with everything that does not depend on the image it is searched in."""

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
    def gray(self) -> "_Pattern":
        return self if self.pixels.ndim == 2 else _Pattern(self.pixels @ _LUMINANCE)

    @cached_property
    def factor(self) -> int:
        """The strongest reduction that leaves something to see."""
        for factor in _FACTORS:
            height, width = self.height / factor, self.width / factor
            if min(height, width) >= _SMALLEST_SIDE and height * width >= _SMALLEST_AREA:
                return factor
        return 1

    def reduced(self, factor: int) -> NDArray[Any]:
        if factor not in self._reduced:
            self._reduced[factor] = _reduced(self._reduced[1], factor)
        return self._reduced[factor]


class _Picture:
    """An image with everything that its patterns share: means, integral images, reductions."""

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
    def gray(self) -> "_Picture":
        return self if self.pixels.ndim == 2 else _Picture(self.pixels @ _LUMINANCE)

    def reduced(self, factor: int) -> NDArray[Any]:
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

    def shrunk(self, pattern: _Pattern) -> _Pattern:
        scale = min(self.height / pattern.height, self.width / pattern.width)
        if scale >= 1:
            return pattern
        size = (max(1, int(pattern.width * scale)), max(1, int(pattern.height * scale)))
        return _Pattern(cv2.resize(pattern.pixels, size, interpolation=cv2.INTER_AREA))

    def match(self, pattern: _Pattern, search: Search, scores: Scores, *, signed: bool) -> Match:
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
        self, pattern: _Pattern, search: Search, scores: Scores, *, signed: bool
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
        self, region: _Region, pattern: _Pattern, scores: Scores, *, signed: bool
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
        pattern: _Pattern,
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

    def _score_at(self, y: int, x: int, pattern: _Pattern, scores: Scores) -> float:
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


def _checked(array: NDArray[Any], name: str) -> NDArray[Any]:
    array = np.asarray(array)
    if array.ndim not in (2, 3) or (array.ndim == 3 and array.shape[2] != 3) or array.size == 0:
        raise ValueError(
            f"{name} has shape {array.shape}; give (height, width) or (height, width, 3), not empty"
        )
    if array.dtype.kind not in "uf":
        raise TypeError(f"{name} holds {array.dtype}; give unsigned integers (uint8, uint16) or floats")
    if array.dtype not in (np.uint8, np.uint16):
        array = array.astype(np.float64)
        if not np.isfinite(array).all():
            raise ValueError(f"{name} holds NaN or infinite values; replace them first")
    if array.ndim == 3 and (array == array[:, :, :1]).all():
        return array[:, :, 0]
    return array


def _names(arrays: Sequence[NDArray[Any]], kind: str) -> list[str]:
    return list(getattr(arrays, "ids", (f"{kind}{i}" for i in range(len(arrays)))))


def _check_settings(**settings: str) -> None:
    choices = {"search": get_args(Search), "scores": get_args(Scores), "oversized": get_args(Oversized)}
    for name, value in settings.items():
        if value not in choices[name]:
            raise ValueError(f"{name} is {value!r}; choose one of {', '.join(choices[name])}")


def _warn_flat(names: list[str]) -> None:
    subject = f"{', '.join(names)} has" if len(names) == 1 else f"{', '.join(names)} have"
    warnings.warn(
        f"{subject} the same value everywhere: it resembles nothing and scores 0 in every image",
        FlatPatternWarning,
        stacklevel=3,
    )
