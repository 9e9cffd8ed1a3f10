"""The fourth step: a labeler turns features into class probabilities (Heo et al. 2020, section 5.2)."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from ig_widgets.compute.pipeline.seeds import clone_seeded
from ig_widgets.data.errors import SelectionWarning

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from ig_widgets.compute.labeling.labeler import WeakLabeler


class Labels(NamedTuple):
    """What a labeler makes of n images of K classes."""

    labeler: WeakLabeler
    """Fitted."""

    P: NDArray[np.float64]
    """(n, K) probabilities, out-of-fold in the rows of `judged`; 0 for a class without examples, NaN in the
    rows of images that cannot be read."""

    judged: NDArray[np.intp]
    """Rows of the examples that cross-validation judged."""


def fit_labeler(
    labeler: WeakLabeler,
    X: NDArray[np.float64],
    y: NDArray[np.intp],
    rows: NDArray[np.intp],
    *,
    n_classes: int,
    sources: NDArray[np.int64] | None = None,
    random_state: int = 0,
) -> Labels:
    """Fit a labeler to some images, and label all of them.

    Parameters
    ----------
    labeler
        Its settings.
    X
        (n, p) features; NaN in the rows of images that cannot be read.
    y
        (n,) classes, 0 to `n_classes` - 1.
    rows
        The examples: rows of `X` and `y`.
    n_classes
        K.
    sources
        (p,) the position in `rows` of the image that each feature's pattern was cut from: see
        `WeakLabeler.fit`.
    random_state
        Seed, unless the labeler has one of its own.
    """
    fitted = clone_seeded(labeler, random_state)
    with warnings.catch_warnings():
        # it knows classes by their numbers only: the pipeline warns by their names
        warnings.simplefilter("ignore", SelectionWarning)
        fitted.fit(X[rows], y[rows], pattern_rows=sources)
    P = predict_readable(fitted, X, n_classes)
    # with very few examples some images are never left out of a fold
    judged = ~np.isnan(fitted.oof_probabilities_).any(axis=1)
    P[np.ix_(rows[judged], fitted.classes_)] = fitted.oof_probabilities_[judged]
    return Labels(fitted, P, rows[judged])


def predict_readable(labeler: WeakLabeler, X: NDArray[np.float64], n_classes: int) -> NDArray[np.float64]:
    """Return (n, n_classes) probabilities, 0 for a class that the labeler does not know, NaN where X is."""
    readable = ~np.isnan(X).any(axis=1)
    P = np.full((len(X), n_classes), np.nan)
    P[readable] = 0.0
    P[np.ix_(readable, labeler.classes_)] = labeler.predict_proba(X[readable])
    return P
