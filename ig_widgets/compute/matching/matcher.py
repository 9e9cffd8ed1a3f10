"""Similarities of images to patterns by normalized cross-correlation."""

import warnings
from collections.abc import Generator, Iterator, Sequence
from contextlib import ExitStack, closing, nullcontext
from hashlib import blake2b
from os import PathLike
from typing import TYPE_CHECKING, Any, Literal, NamedTuple, Self, get_args

import numpy as np
import pandas as pd
from joblib import Parallel, delayed, effective_n_jobs
from numpy.typing import NDArray
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.utils.validation import check_is_fitted

from ig_widgets.compute.matching.hits import TiledImageCache, find_hits
from ig_widgets.compute.matching.search.channels import Color, as_channels
from ig_widgets.compute.matching.search.engine import Engine, Oversized
from ig_widgets.compute.matching.search.image_search import Search
from ig_widgets.compute.matching.search.prepared_image import Kind
from ig_widgets.compute.matching.search.templates import Template
from ig_widgets.compute.matching.store.feature_session import FeatureSession
from ig_widgets.compute.matching.store.feature_store import FeatureStore
from ig_widgets.compute.matching.tasks import Task, tasks
from ig_widgets.compute.networks.devices import Device, on_cuda
from ig_widgets.data.digests import array_digest
from ig_widgets.data.errors import FlatPatternWarning

if TYPE_CHECKING:
    from ig_widgets.compute.matching.cuda.tensor_engine import TensorEngine

__all__ = ["FlatPatternWarning", "Match", "Oversized", "PatternMatcher", "Scores", "Search", "match"]

Scores = Literal["centered", "uncentered", "both"]

_RESULTS = (
    1  # goes up when scores change by more than rounding: what a feature store holds is then computed anew
)


_Result = tuple[Task, NDArray[np.float64], NDArray[np.int32]]


_IMAGES = 32  # in a task at most
_PAIRS = 4096  # of images and patterns in a task at most


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
    scores: Kind = "centered",
    signed: bool = False,
    color: Color = "channels",
) -> Match:
    """Find the place where an image resembles a pattern most.

    The score is the normalized cross-correlation (NCC) of the pattern with the image window of its size,

        NCC(x, y) = sum(I T) / sqrt(sum(I^2) sum(T^2)),

    and the result is the maximum of its absolute value over all places x = 0..W-w, y = 0..H-h.

    Parameters
    ----------
    image
        (H, W) or (H, W, 3), unsigned integers or floats. Equal channels are used as one.
    pattern
        (h, w) or (h, w, 3), likewise. One that is higher or wider than the image scores 0.
    search
        "full" looks everywhere; "pyramid" ranks places at a quarter of the resolution and follows the best of
        them up to full resolution, see `PatternMatcher`.
    scores
        "centered" subtracts the mean (of each channel) from window and pattern first: unchanged by
        brightness and contrast. "uncentered" is the formula as it stands: unchanged by contrast only.
    signed
        Take the maximum of NCC itself, not of its absolute value.
    color
        When both are in color: "channels" sums over all three channels together, "luminance" compares their
        luminance. When only one of them is, luminance is compared.

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
    published code centers and includes it. The default follows the code, "uncentered" the formula, and
    the last position is always included.

    Examples
    --------
    >>> image = np.zeros((40, 60), np.uint8)
    >>> image[10:14, 20:30] = 200
    >>> score, box = match(image, image[8:16, 18:32])
    >>> round(score, 6), box
    (1.0, (18, 8, 32, 16))
    """
    _check_choices(search=(search, Search), scores=(scores, Kind), color=(color, Color))
    template = Template(as_channels(pattern, "the pattern", color))
    if template.flat:
        _warn_flat(["the pattern"])
    engine = Engine([template], [scores], search=search, signed=signed, oversized="zero")
    found, boxes = engine.match([as_channels(image, "the image", color)])
    x0, y0, x1, y1 = boxes[0, 0, 0].tolist()
    return Match(float(found[0, 0, 0]), (x0, y0, x1, y1))


class PatternMatcher(TransformerMixin, BaseEstimator):
    """Transform images to their similarities to patterns, one feature per pattern.

    Parameters
    ----------
    patterns
        Sequence of arrays (h, w) or (h, w, 3), for instance the `ImageSet` made by `crop_patterns`.
    search
        "pyramid" ranks the places of an image at reduced resolution (a quarter, or half for patterns too
        small for that), follows the best of them up to full resolution and gives the exact score there. It
        can only miss the best place, never exceed its score: on KSDD more than 99.5 % of the scores are
        within 0.005 of those of "full", at a tenth of the time or less. "full" looks everywhere, and its
        score is within 1e-4 of the true maximum also where rounding errors are large (faint texture beside
        strong).
        The paper describes a pyramid without its settings; the published code has none.
    scores
        "centered" (the published code) or "uncentered" (the paper's formula), see `match`; "both" gives two
        features per pattern, first all centered ones.
    signed
        Score by the maximum of the correlation instead of its absolute value.
    color
        Of images and patterns with three different channels: "channels" sums over them, "luminance" compares
        their luminance, three times as fast. When only one of the two is in color, luminance is compared.
    oversized
        What to do with a pattern that is higher or wider than an image: "zero" scores 0 without a box,
        "shrink" reduces the pattern, keeping its shape, until it fits.
    device
        "cuda" searches everywhere at full resolution on the GPU (whatever `search` says), with the scores of
        "full" within 1e-4; "cpu" does not; "auto" does where there is a GPU.
    store
        A `FeatureStore`, or its folder: similarities found there are not computed again, new ones are added
        while they are made. See `FeatureStore`.
    n_jobs
        Tasks at the same time (joblib), in threads unless `joblib.parallel_config` names another backend
        that can return a generator, such as "loky" or "dask"; there each process prepares the patterns for
        itself. The result does not depend on it. Not used on a GPU.

    Attributes
    ----------
    templates_
        The prepared patterns.
    feature_names_
        Name of each pattern: its id in an `ImageSet`, else "pattern0", "pattern1", and so on.

    Notes
    -----
    Memory holds a few images at a time, whatever their number, and 24 bytes for each image, pattern and kind
    of score of the result. An image that is being searched takes about 8 bytes per pixel and channel, and 29
    in the full search; one with more than four million pixels is searched in overlapping parts.

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
        color: Color = "channels",
        oversized: Oversized = "zero",
        device: Device = "auto",
        store: FeatureStore | str | PathLike[str] | None = None,
        n_jobs: int | None = None,
    ) -> None:
        self.patterns = patterns
        self.search = search
        self.scores = scores
        self.signed = signed
        self.color = color
        self.oversized = oversized
        self.device = device
        self.store = store
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
        RuntimeError
            If `device` is "cuda" and there is no GPU that torch can use.

        Warns
        -----
        FlatPatternWarning
            Once, naming the patterns that have the same value everywhere; they score 0.
        """
        self._check_settings()
        if len(self.patterns) == 0:
            raise ValueError("there is no pattern to match: draw or load at least one")
        self.feature_names_ = _names(self.patterns, "pattern")
        arrays = [
            as_channels(pattern, f"pattern {name!r}", self.color)
            for name, pattern in zip(self.feature_names_, self.patterns, strict=True)
        ]
        self.templates_ = [Template(array) for array in arrays]
        flat = [
            f"pattern {name!r}"
            for name, template in zip(self.feature_names_, self.templates_, strict=True)
            if template.flat
        ]
        if flat:
            _warn_flat(flat)
        # what a later set_params changes counts from the next fit on
        self._engine, self._color = self._engine_for(self.templates_), self.color
        self._cuda = on_cuda(self.device)
        return self

    def transform(self, X: Sequence[NDArray[Any]]) -> NDArray[np.float64]:
        """Score every image against every pattern.

        Parameters
        ----------
        X
            Images (H, W) or (H, W, 3). An empty array stands for an image that could not be read.

        Returns
        -------
        array of shape (n_images, n_features)
            Similarities in [0, 1], or [-1, 1] when signed; NaN in the rows of empty images.
        """
        return self.locate(X)[0]

    def locate(self, images: Sequence[NDArray[Any]]) -> tuple[NDArray[np.float64], NDArray[np.int32]]:
        """Score every image against every pattern, and return where each is found.

        Each image is decoded once, and only a few are in memory at a time.

        Parameters
        ----------
        images
            As in `transform`.

        Returns
        -------
        X : array of shape (n_images, n_features)
            As from `transform`.
        boxes : int32 array of shape (n_images, n_features, 4)
            x0, y0, x1, y1 in pixels of each image, ends exclusive; -1 where there is none (an empty image, a
            flat pattern, or a pattern larger than the image when ``oversized="zero"``).

        Raises
        ------
        ValueError, TypeError
            If an image has the wrong shape or kind of numbers; the message names it.
        OSError
            If the feature store cannot be written to.

        Warns
        -----
        DamagedFeaturesWarning
            If a file of the feature store cannot be used; what it held is computed again.
        """
        check_is_fitted(self)
        features = len(self._engine.kinds) * len(self.templates_)
        X = np.full((len(images), features), np.nan)
        boxes = np.full((len(images), features, 4), -1, np.int32)
        session = self._session()
        with session or nullcontext(), ExitStack() as stack:
            names, size = _names(images, "image"), self._task_size(len(images))
            work = tasks(images, names, len(self.templates_), size, session, X, boxes)
            stack.enter_context(closing(work))
            for task, scores, places in stack.enter_context(closing(self._results(work))):
                columns = self._columns(task.patterns)
                here = np.ix_(task.rows, columns)
                X[here] = scores.reshape(len(task.rows), -1)
                boxes[here] = places.reshape(len(task.rows), -1, 4)
                if session is not None:
                    read = [
                        k
                        for k, row in enumerate(task.rows)
                        if task.digests[k] and not np.isnan(X[row, columns]).any()
                    ]
                    there = np.ix_([task.rows[k] for k in read], columns)
                    session.add([task.digests[k] for k in read], columns, X[there], boxes[there])
        return X, boxes

    def hits(
        self,
        images: Sequence[NDArray[Any]],
        pattern: NDArray[Any],
        *,
        per_image: int = 1,
        threshold: float = 0,
        progress: bool = False,
    ) -> Iterator[pd.DataFrame]:
        """Search one pattern in all images, and yield the hits while the search goes on.

        Uses the matcher's settings (of both scores the centered one) but not its patterns, and no store; it
        need not be fitted. Images that
        were searched lately are kept in memory, prepared, up to 1 GiB: drawing one box after the other is
        then a matter of seconds. Always on the processor, in a few threads.

        Parameters
        ----------
        images
            As in `transform`. Images that cannot be read have no hits.
        pattern
            (h, w) or (h, w, 3).
        per_image
            How many places to report in an image at most; two that are nearer than half a pattern in both
            directions count as one. The 16 highest places for each of them are looked at, so a restless image
            may show fewer than it has.
        threshold
            Leave out what scores less.
        progress
            Show a progress bar.

        Yields
        ------
        DataFrame
            All hits so far, the best first: ``image`` (its id), ``score``, ``x``, ``y``, ``width`` and
            ``height`` in pixels; a few times a second, and at the end. To cancel, stop asking (``break``) or
            call ``close()``.

        Raises
        ------
        ValueError, TypeError
            As from `match`.

        Warns
        -----
        FlatPatternWarning
            If the pattern has the same value everywhere; it has no hits.

        Examples
        --------
        >>> image = np.zeros((40, 60), np.uint8)
        >>> image[10:14, 20:30] = 200
        >>> images = [np.zeros_like(image), image]
        >>> *_, found = PatternMatcher([]).hits(images, image[8:16, 18:32], threshold=0.5)
        >>> found
            image  score   x  y  width  height
        0  image1    1.0  18  8     14       8
        """
        self._check_settings()
        if per_image < 1:
            raise ValueError(f"per_image is {per_image}; ask for at least one place")
        template = Template(as_channels(pattern, "the pattern", self.color))
        if template.flat:
            _warn_flat(["the pattern"])
        cache = self.__dict__.setdefault("_tiled_images", TiledImageCache())
        return find_hits(
            self._engine_for([template]),
            images,
            _names(images, "image"),
            cache,
            color=self.color,
            count=per_image,
            threshold=threshold,
            progress=progress,
        )

    def get_feature_names_out(self, input_features: object = None) -> NDArray[np.object_]:  # noqa: ARG002
        """Names of the columns of `transform`'s result: those of the patterns, twice for both scores."""
        check_is_fitted(self)
        names = self.feature_names_
        if len(self._engine.kinds) > 1:
            names = [f"{name} ({kind})" for kind in self._engine.kinds for name in names]
        return np.asarray(names, dtype=object)

    def _check_settings(self) -> None:
        _check_choices(
            search=(self.search, Search),
            scores=(self.scores, Scores),
            color=(self.color, Color),
            oversized=(self.oversized, Oversized),
            device=(self.device, Device),
        )

    def _engine_for(self, templates: Sequence[Template]) -> Engine:
        kinds: tuple[Kind, ...] = get_args(Kind) if self.scores == "both" else (self.scores,)
        return Engine(templates, kinds, search=self.search, signed=self.signed, oversized=self.oversized)

    def _results(self, work: Iterator[Task]) -> Generator[_Result]:
        if self._cuda:
            from ig_widgets.compute.matching.cuda.tensor_engine import TensorEngine  # noqa: PLC0415  # loads torch

            engine = TensorEngine(self._engine, "cuda")
            yield from (_run(engine, task, self._color) for task in work)
            return
        failures: list[Exception] = []
        stopped = False

        def calls() -> Iterator[Any]:
            try:
                for task in work:
                    if stopped:
                        return
                    yield delayed(_attempt)(self._engine, task, self._color)
            except Exception as error:  # noqa: BLE001  # joblib would give up threads that are still at work
                failures.append(error)

        results = Parallel(n_jobs=self.n_jobs, prefer="threads", return_as="generator")(calls())
        try:
            for result in results:
                if isinstance(result, Exception):
                    raise result
                yield result
        finally:
            stopped = True
            for _ in results:  # no thread outlives this
                pass
        if failures:
            raise failures[0]

    def _task_size(self, n_images: int) -> int:
        """How many images make a task: enough for its overhead not to count, few enough to share them out."""
        if self._cuda:
            return _IMAGES
        share = -(-n_images // int(effective_n_jobs(self.n_jobs)))
        return max(1, min(_IMAGES, _PAIRS // len(self.templates_), share))

    def _columns(self, patterns: Sequence[int]) -> list[int]:
        """Columns of the result that belong to some of the patterns."""
        p = len(self.templates_)
        return [k * p + j for k in range(len(self._engine.kinds)) for j in patterns]

    def _session(self) -> FeatureSession | None:
        if self.store is None:
            return None
        store = self.store if isinstance(self.store, FeatureStore) else FeatureStore(self.store)
        parameters = {
            "results": _RESULTS,
            "search": "full" if self._cuda or self._engine.full else "pyramid",
            "signed": self._engine.signed,
            "color": self._color,
            "oversized": "shrink" if self._engine.shrink else "zero",
        }
        digests = [array_digest(template.pixels) for template in self.templates_]
        return store.open(
            parameters,
            [
                blake2b(digest, digest_size=16, key=kind.encode()).digest()
                for kind in self._engine.kinds
                for digest in digests
            ],
        )


def _attempt(engine: Engine, task: Task, color: Color) -> _Result | Exception:
    try:
        return _run(engine, task, color)
    except Exception as error:  # noqa: BLE001  # raised where the results are taken
        return error


def _run(engine: "Engine | TensorEngine", task: Task, color: Color) -> _Result:
    images = (
        as_channels(image, f"image {name!r}", color) if np.size(image) else np.empty((1, 0, 0), np.uint8)
        for image, name in zip(task.images, task.names, strict=True)
    )
    scores, boxes = engine.match(images, task.patterns)
    return task._replace(images=[]), scores, boxes


def _names(arrays: Sequence[NDArray[Any]], kind: str) -> list[str]:
    return list(getattr(arrays, "ids", (f"{kind}{i}" for i in range(len(arrays)))))


def _check_choices(**settings: tuple[str, Any]) -> None:
    for name, (value, choices) in settings.items():
        if value not in get_args(choices):
            raise ValueError(f"{name} is {value!r}; choose one of {', '.join(get_args(choices))}")


def _warn_flat(names: list[str]) -> None:
    subject = f"{', '.join(names)} has" if len(names) == 1 else f"{', '.join(names)} have"
    warnings.warn(
        f"{subject} the same value everywhere: it resembles nothing and scores 0 in every image",
        FlatPatternWarning,
        stacklevel=3,
    )
