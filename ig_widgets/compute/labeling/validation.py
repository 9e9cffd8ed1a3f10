"""Validation of the data that labelers are fitted to or predict for."""

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.base import BaseEstimator
from sklearn.utils import check_array
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import check_is_fitted, validate_data

from ig_widgets.compute.labeling.examples import Examples


def validate_examples(
    estimator: BaseEstimator, X: ArrayLike, y: ArrayLike, pattern_rows: ArrayLike | None
) -> tuple[NDArray[Any], Examples]:
    """Return the sorted classes and the labeled rows.

    Raises
    ------
    ValueError
        If there are fewer than two classes, a row has missing values, or `pattern_rows` does not fit `X`.
    """
    features, labels = validate_data(estimator, X, y, dtype=np.float64, ensure_all_finite="allow-nan")
    check_no_missing(features, "X")
    check_classification_targets(labels)
    classes, codes = np.unique(labels, return_inverse=True)
    if len(classes) < 2:
        raise ValueError(
            f"{type(estimator).__name__} needs examples of at least 2 classes, but y has 1 class, "
            f"'{classes[0]}': label images of another class as well"
        )
    return classes, Examples(features, codes, validate_pattern_rows(pattern_rows, features.shape))


def validate_rows(estimator: BaseEstimator, X: ArrayLike) -> NDArray[np.float64]:
    """Return rows for an estimator that is fitted.

    Raises
    ------
    ValueError
        If a row has missing values, or another number of features than those it was fitted to.
    """
    check_is_fitted(estimator)
    features = validate_data(estimator, X, dtype=np.float64, reset=False, ensure_all_finite="allow-nan")
    check_no_missing(features, "X")
    return np.asarray(features)


def validate_unlabeled(X_unlabeled: ArrayLike | None, n_features: int) -> NDArray[np.float64]:
    """Return the unlabeled rows, none for None.

    Raises
    ------
    ValueError
        If a row has missing values, or not `n_features` features.
    """
    if X_unlabeled is None:
        return np.empty((0, n_features))
    rows = check_array(X_unlabeled, dtype=np.float64, ensure_all_finite="allow-nan", input_name="X_unlabeled")
    if rows.shape[1] != n_features:
        raise ValueError(
            f"X_unlabeled has {rows.shape[1]} features, but X has {n_features}; give the same features"
        )
    check_no_missing(rows, "X_unlabeled")
    return np.asarray(rows)


def check_no_missing(rows: NDArray[np.float64], name: str) -> None:
    """Raise a ValueError that lists the rows with missing values, if there are any."""
    broken = np.flatnonzero(np.isnan(rows).any(axis=1))
    if len(broken):
        some = ", ".join(map(str, broken[:5])) + (", …" if len(broken) > 5 else "")
        raise ValueError(
            f"{name} has missing values (NaN) in row {some}, as for images that cannot be read; "
            "leave these rows out"
        )


def validate_pattern_rows(pattern_rows: ArrayLike | None, shape: tuple[int, int]) -> NDArray[np.int64]:
    """Return the row of X (n, n_features) that each feature's pattern was cut from, -1 for all if None.

    Raises
    ------
    ValueError
        If there is not one integer from -1 to n - 1 for each feature.
    """
    n, n_features = shape
    if pattern_rows is None:
        return np.full(n_features, -1)
    given = np.asarray(pattern_rows)
    if given.shape != (n_features,):
        raise ValueError(
            f"pattern_rows has shape {given.shape}, but X has {n_features} features; give a row of X for "
            "each feature"
        )
    if not np.issubdtype(given.dtype, np.integer):
        raise ValueError(f"pattern_rows holds {given.dtype} values; give integers: rows of X, or -1")
    if given.min() < -1 or given.max() >= n:
        raise ValueError(
            f"pattern_rows reaches from {given.min()} to {given.max()}, but X has the rows 0 to {n - 1}; "
            "give -1 for a pattern that was not cut from one of these images"
        )
    return given.astype(np.int64)
