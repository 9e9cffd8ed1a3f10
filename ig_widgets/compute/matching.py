"""Similarity of images to patterns: how well each pattern is found in each image, and where."""

import warnings
from collections.abc import Sequence
from typing import Any, Literal, Self, get_args

import numpy as np
from joblib import Parallel, delayed
from numpy.typing import NDArray
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.utils.validation import check_is_fitted

from ig_widgets.compute.correlation import Match, Pattern, Picture, Scores, Search

__all__ = ["FlatPatternWarning", "Match", "Oversized", "PatternMatcher", "Scores", "Search", "match"]

Oversized = Literal["zero", "shrink"]


class FlatPatternWarning(UserWarning):
    """A pattern has the same value everywhere, so it resembles nothing and scores 0."""


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
    prepared = Pattern(_checked(pattern, "the pattern"))
    if prepared.flat:
        _warn_flat(["the pattern"])
    return Picture(_checked(image, "the image")).match(prepared, search, scores, signed=signed)


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
            Pattern(_checked(pattern, f"pattern {name!r}"))
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
        picture = Picture(_checked(image, f"image {name!r}"))
        return [
            picture.match(
                picture.shrunk(pattern) if self.oversized == "shrink" else pattern,
                self.search,
                self.scores,
                signed=self.signed,
            )
            for pattern in self.patterns_
        ]


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
