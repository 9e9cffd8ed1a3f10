"""Validation of labels, and of the probabilities that a model gives for the same images."""

import numpy as np
from numpy.typing import ArrayLike, NDArray


def validate_labels(labels: ArrayLike, n: int, n_classes: int | None = None) -> NDArray[np.intp]:
    """Return labels as positions of classes, -1 for none.

    Raises
    ------
    ValueError
        If there are not `n`, they are no whole numbers, or one is below -1 or no column of the probabilities.
    """
    y = np.asarray(labels)
    if y.shape != (n,):
        raise ValueError(f"labels has shape {y.shape}; give one label for each of the {n} images")
    if y.size and not np.issubdtype(y.dtype, np.integer):
        raise ValueError(
            f"labels are {y.dtype}; give the position of each label's class, such as "
            "pandas.factorize(labels, sort=True)[0]"
        )
    wrong = np.flatnonzero((y < -1) | (y >= (np.inf if n_classes is None else n_classes)))
    if len(wrong):
        most = "" if n_classes is None else f" to {n_classes - 1}, a column of P"
        raise ValueError(f"label {wrong[0]} is {y[wrong[0]]}; labels are 0{most}, or -1 for none")
    return y.astype(np.intp)


def validate_probabilities(P: ArrayLike, labels: ArrayLike) -> tuple[NDArray[np.float64], NDArray[np.intp]]:
    """Return probabilities and labels that fit together; -1 where the probabilities are missing (NaN).

    Raises
    ------
    ValueError
        If `P` does not hold rows of probabilities, or the labels are not positions of its columns.
    """
    beliefs = np.asarray(P, dtype=np.float64)
    if beliefs.ndim != 2 or beliefs.shape[1] < 2:
        raise ValueError(
            f"P has shape {beliefs.shape}; give a row for each image, a column for each of 2 classes or more"
        )
    missing = np.asarray(np.isnan(beliefs).all(axis=1))
    beliefs = np.where(missing[:, None], 1 / beliefs.shape[1], beliefs)
    total = beliefs.sum(axis=1, keepdims=True)
    wrong = np.flatnonzero(np.any((beliefs < 0) | ~(np.abs(total - 1) < 1e-3), axis=1))
    if len(wrong):
        raise ValueError(
            f"row {wrong[0]} of P is {beliefs[wrong[0]]}; probabilities must be at least 0 and sum to 1"
        )
    y = validate_labels(labels, len(beliefs), beliefs.shape[1])
    return beliefs / total, np.where(missing, -1, y)
