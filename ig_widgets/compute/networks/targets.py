"""Validation of the targets of a network: classes, or probabilities of classes."""

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.utils.multiclass import check_classification_targets


def validate_targets(targets: ArrayLike, n: int) -> tuple[NDArray[Any], NDArray[np.float64]]:
    """Return the classes, and the probability of each for every image.

    Parameters
    ----------
    targets
        (n,) classes, whose values are sorted; or (n, n_classes) probabilities, whose classes are 0 to
        n_classes - 1. A row of probabilities may be missing (NaN). Beside two other classes or more, -1 is
        refused: it stands for images without a label.
    n
        Number of images.

    Raises
    ------
    ValueError
        If there is not one target per image, there are fewer than two classes, or a row is no distribution.
    """
    given = np.asarray(targets)
    if given.ndim not in (1, 2) or len(given) != n:
        raise ValueError(
            f"targets have shape {given.shape}, but there are {n} images; give (n,) classes or "
            "(n, n_classes) probabilities"
        )
    if given.ndim == 1:
        check_classification_targets(given)
        classes, codes = np.unique(given, return_inverse=True)
        if classes.dtype.kind in "if" and -1 in classes and len(classes) > 2:
            raise ValueError(
                "a target is -1, which stands for an unlabeled image; leave unlabeled images out"
            )
        P = np.eye(len(classes))[codes]
    else:
        classes, P = np.arange(given.shape[1]), given.astype(np.float64)
        distributions = (P >= 0).all(axis=1) & np.isclose(P.sum(axis=1), 1, atol=1e-3)
        wrong = np.flatnonzero(~distributions & ~np.isnan(P).any(axis=1))
        if len(wrong):
            raise ValueError(
                f"row {wrong[0]} of the targets is {P[wrong[0]].tolist()}; probabilities are at least 0 and "
                "sum to 1"
            )
    if len(classes) < 2:
        raise ValueError("the targets have fewer than 2 classes; give images of another class as well")
    return classes, P
