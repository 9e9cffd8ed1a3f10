"""The third step: images become their similarities to patterns (Heo et al. 2020, section 5.1)."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from sklearn.base import clone

from ig_widgets.compute.matching.matcher import PatternMatcher
from ig_widgets.data.patterns import pattern_rows

if TYPE_CHECKING:
    from os import PathLike

    from numpy.typing import NDArray

    from ig_widgets.compute.matching.search.image_search import Search
    from ig_widgets.compute.matching.store.feature_store import FeatureStore
    from ig_widgets.data.images import ImageSet


class Similarities(NamedTuple):
    """How well p features, one or two of each pattern, fit to n images, and where."""

    matcher: PatternMatcher
    """What matched, fitted to the patterns."""

    X: NDArray[np.float64]
    """(n, p) similarities; NaN in the rows of images that cannot be read."""

    places: NDArray[np.int32]
    """(n, p, 4) where each pattern fits best: x0, y0, x1, y1, ends exclusive."""


def match_patterns(
    images: ImageSet,
    patterns: ImageSet,
    *,
    search: Search | PatternMatcher = "pyramid",
    store: FeatureStore | str | PathLike[str] | None = None,
    n_jobs: int | None = None,
) -> Similarities:
    """Search for all patterns in all images.

    Parameters
    ----------
    images, patterns
        What is searched, and for what.
    search
        "pyramid" or "full", or a `PatternMatcher` with settings of its own.
    store, n_jobs
        Of the matcher, where it has none of its own.
    """
    if isinstance(search, PatternMatcher):
        matcher: PatternMatcher = clone(search)
    else:
        # a pattern that was sheared may exceed every image
        matcher = PatternMatcher((), search=search, oversized="shrink")
    matcher.set_params(
        patterns=patterns,
        store=store if matcher.store is None else matcher.store,
        n_jobs=n_jobs if matcher.n_jobs is None else matcher.n_jobs,
    )
    X, places = matcher.fit().locate(images)
    return Similarities(matcher, X, places)


def feature_sources(patterns: ImageSet, images: ImageSet, n_features: int) -> NDArray[np.int64]:
    """Return the row in `images` of the image that each feature's pattern was cut from, -1 for none."""
    sources = pattern_rows(patterns, images)
    return np.tile(
        sources, n_features // len(sources)
    )  # with two scores of each pattern there are twice as many
