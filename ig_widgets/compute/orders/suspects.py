"""Cross-validated probabilities of a quick model, which reveal wrong labels."""

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.base import BaseEstimator, clone
from sklearn.decomposition import PCA
from sklearn.ensemble import VotingClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import KFold, StratifiedKFold
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from ig_widgets.compute.orders.validation import validate_labels
from ig_widgets.compute.threads import free_cores, threads

_DIMENSIONS = 100
_NEIGHBORS = 15
_SHRINKAGE = 0.01  # strong: among the labels are wrong ones


def cross_validated_proba(
    X: ArrayLike,
    labels: ArrayLike,
    n_classes: int,
    *,
    model: BaseEstimator | None = None,
    folds: int = 5,
    random_state: int = 0,
) -> NDArray[np.float64]:
    """Return out-of-fold class probabilities of each image by a quick model.

    Parameters
    ----------
    X
        (n_images, n_features) numbers that describe images, as from `pool_maps`. Rows with NaN are left out.
    labels
        (n_images,) int: the class of each image, -1 for none. These are predicted by a model that has learned
        from all others.
    n_classes
        How many classes there are, 2 or more.
    model
        A classifier with ``predict_proba``; default: the mean of logistic regression and of the 15 nearest
        neighbors (a tenth of less than 150 images), both on 100 principal components. Where labels are wrong
        the two err in different places, and their mean ranks wrong labels better than either.
    folds
        Into how many parts the labeled images are split, 2 or more; each is predicted by a model of the
        others.
    random_state
        Seed of the split and of the default model.

    Returns
    -------
    array of shape (n_images, n_classes), float64
        Rows sum to 1; NaN for images that have NaN.

    Raises
    ------
    ValueError
        If there are fewer than two classes among the labels, fewer labeled images than folds, the labels do
        not fit to `X`, or `X` holds packed words.
    """
    features = np.asarray(X)
    if features.ndim != 2 or features.dtype == np.uint64:
        raise ValueError(
            f"X is {features.dtype} of shape {features.shape}; give a row of numbers for each image, as "
            "pool_maps returns, or words as unpack_words returns them"
        )
    y = validate_labels(labels, len(features), n_classes)
    whole = np.isfinite(features).all(axis=1)
    known = np.flatnonzero(whole & (y >= 0))
    counts = np.bincount(y[known], minlength=n_classes)
    if np.count_nonzero(counts) < 2 or not 2 <= folds <= len(known):
        raise ValueError(
            f"{len(known)} images can be read and have a label, of {np.count_nonzero(counts)} classes; with "
            f"folds={folds}, give 2 folds or more, at least as many images as folds, and 2 classes"
        )
    P = np.full((len(features), n_classes), np.nan)
    enough = counts[counts > 0].min() >= folds
    split = (StratifiedKFold if enough else KFold)(folds, shuffle=True, random_state=random_state)
    parts = [(known[rest], known[part]) for rest, part in split.split(known, y[known])]
    for rest, part in [*parts, (known, np.flatnonzero(whole & (y < 0)))]:
        if len(part):
            one = _quick_model(len(rest), features.shape[1], random_state) if model is None else clone(model)
            with threads(free_cores()):
                P[part] = _proba(one, features[rest], y[rest], features[part], n_classes)
    return P


def _proba(
    model: BaseEstimator, X: NDArray[Any], y: NDArray[np.intp], asked: NDArray[Any], n_classes: int
) -> NDArray[np.float64]:
    P = np.zeros((len(asked), n_classes))
    if len(np.unique(y)) == 1:
        P[:, y[0]] = 1
        return P
    model.fit(X, y)
    P[:, model.classes_] = model.predict_proba(asked)
    return P


def _quick_model(count: int, n_features: int, seed: int) -> BaseEstimator:
    dimensions = max(1, min(_DIMENSIONS, count // 2, n_features))
    regression = make_pipeline(StandardScaler(), LogisticRegression(C=_SHRINKAGE, max_iter=500))
    neighbors = KNeighborsClassifier(max(1, min(_NEIGHBORS, count // 10)), weights="distance")
    return make_pipeline(
        StandardScaler(),
        PCA(dimensions, random_state=seed),
        VotingClassifier([("regression", regression), ("neighbors", neighbors)], voting="soft"),
    )
