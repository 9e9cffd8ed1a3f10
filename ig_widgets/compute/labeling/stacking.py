"""Stacking: one model's probabilities as features of the next."""

import numpy as np
from numpy.typing import ArrayLike, NDArray

_SUREST = 1e-3  # beyond it probabilities of small networks tell nothing any more


def log_odds(P: ArrayLike) -> NDArray[np.float64]:
    """Turn probabilities into columns that a labeler can learn from.

    Beside the columns of a `PatternDetector`, the many similarities to patterns would drown them; what a
    labeler makes of the similarities, out-of-fold, stands for them in one column for each class.

    Parameters
    ----------
    P
        (n, n_classes) probabilities of images; those of images that are to be learned from must be
        out-of-fold, as ``WeakLabeler.oof_probabilities_`` are.

    Returns
    -------
    float array of shape (n, 1) for two classes, else (n, n_classes)
        log(p / (1 - p)) of ``classes_[1]``, or of each class, between -6.9 and 6.9 (p between 0.001 and
        0.999); NaN where P is.

    Examples
    --------
    >>> log_odds([[0.5, 0.5], [1.0, 0.0]]).round(2)
    array([[ 0.  ],
           [-6.91]])
    """
    probabilities = np.asarray(P, dtype=np.float64)
    if probabilities.shape[1] == 2:
        probabilities = probabilities[:, 1:]
    sure = np.clip(probabilities, _SUREST, 1 - _SUREST)
    return np.asarray(np.log(sure / (1 - sure)))
