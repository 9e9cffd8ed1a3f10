"""The best cut of every feature: depth-one trees for all columns of a table at once."""

from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

_Floats: TypeAlias = NDArray[np.float64]

_CLOSEST = np.float32(1e-7)  # scikit-learn's trees take nearer values for equal


def best_cuts(X: _Floats, codes: NDArray[np.int64], weights: _Floats) -> _Floats:
    """Find where to cut each feature in two so that both sides are as pure as possible (Gini).

    Parameters
    ----------
    X
        (n, n_features) similarities.
    codes
        (n,) classes, counted from 0.
    weights
        (n_classes,) weight of an example of each class.

    Returns
    -------
    ndarray of shape (n_features,)
        Halfway between two values of the feature, of the two equally good ones the lower. NaN where the
        feature has one value only. With weights of 1 it is the threshold of scikit-learn's
        ``DecisionTreeClassifier(max_depth=1)``, which works in single precision too.
    """
    order = X.argsort(axis=0, kind="stable")
    values = np.take_along_axis(X, order, axis=0).astype(np.float32)
    classes = np.diag(weights)[codes]  # (n, K)
    low = classes[order].cumsum(axis=0)[:-1]  # (n - 1, p, K) weight of each class up to each value
    high = classes.sum(axis=0) - low
    impurity = _gini(low) + _gini(high)
    impurity[values[1:] <= values[:-1] + _CLOSEST] = np.inf
    if not len(impurity):
        return np.full(X.shape[1], np.nan)
    best = impurity.argmin(axis=0)
    columns = np.arange(X.shape[1])
    below, above = values[best, columns].astype(np.float64), values[best + 1, columns].astype(np.float64)
    return np.where(np.isinf(impurity[best, columns]), np.nan, (below + above) / 2)


def above(X: _Floats, cuts: _Floats) -> NDArray[np.bool_]:
    """Whether each value lies above the cut of its feature, in the single precision it was made in."""
    return ~(X.astype(np.float32) <= cuts)


def _gini(weights: _Floats) -> _Floats:
    """Return the weight of examples times their Gini impurity, from the weight of each class (last axis)."""
    total = weights.sum(axis=-1)
    # in the order of scikit-learn's operations: in near ties the last bit decides, and should for the same
    return np.asarray(total * (1 - (weights**2).sum(axis=-1) / (total * total)))
