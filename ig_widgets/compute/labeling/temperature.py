"""Calibration of probabilities by one temperature."""

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize_scalar
from scipy.special import log_softmax, softmax

_COLDEST, _HOTTEST = 1e-2, 1e3


def best_temperature(P: NDArray[np.float64], codes: NDArray[np.int64]) -> float:
    """Return the temperature at which probabilities fit best to the classes.

    Parameters
    ----------
    P
        (n, n_classes) probabilities by models that had not seen the images; rows of NaN are left away.
    codes
        (n,) position of each image's class.

    Returns
    -------
    float
        Between 0.01 and 1000; above 1, the models were too sure. 1 if no row is left, or no other is better.

    Notes
    -----
    Temperature scaling is Guo et al. 2017, "On Calibration of Modern Neural Networks", section 4.2. The loss
    is the cross entropy with the targets of Platt 1999, "Probabilistic Outputs for Support Vector Machines",
    (N + 1) / (N + 2) for a class with N images in place of 1: ten images that are all right do not show that
    the next one cannot be wrong.
    """
    judged = ~np.isnan(P).any(axis=1)
    if not judged.any():
        return 1.0
    logs, own = _logs(P[judged]), codes[judged]
    share = (np.bincount(own) + 1) / (np.bincount(own) + 2)  # (n_classes,)
    targets = np.repeat((1 - share[own]) / (P.shape[1] - 1), P.shape[1]).reshape(logs.shape)
    targets[np.arange(len(own)), own] = share[own]

    def loss(log_temperature: float) -> float:
        return float(-np.sum(targets * log_softmax(logs / np.exp(log_temperature), axis=1)))

    # convex in 1 / temperature, so there is one minimum
    best = minimize_scalar(loss, bounds=np.log([_COLDEST, _HOTTEST]), method="bounded")
    return float(np.exp(best.x)) if best.fun < loss(0.0) else 1.0


def apply_temperature(P: NDArray[np.float64], temperature: float) -> NDArray[np.float64]:
    """Return ``P ** (1 / temperature)``, rows again with the sum 1: what was the most probable remains so.

    Unless the temperature is 1, probabilities below 2e-16 are taken for that.
    """
    return P if temperature == 1 else np.asarray(softmax(_logs(P) / temperature, axis=1))


def _logs(P: NDArray[np.float64]) -> NDArray[np.float64]:
    # a saturated network gives 0 where 1 - p is rounded, and 1e-300 elsewhere: both say "surely not", no more
    return np.asarray(np.log(np.maximum(P, np.finfo(float).eps)))
