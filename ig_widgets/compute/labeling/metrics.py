"""Quality of labels where the truth is known."""

import numpy as np
from numpy.typing import ArrayLike
from sklearn.metrics import (
    accuracy_score,
    average_precision_score,
    precision_recall_fscore_support,
    roc_auc_score,
)


def label_metrics(y: ArrayLike, P: ArrayLike) -> dict[str, float]:
    """Compare probabilities with the true classes.

    Parameters
    ----------
    y
        (n,) true classes as columns of `P`.
    P
        (n, n_classes) probabilities, two classes or more. The label of an image is its most probable class.

    Returns
    -------
    dict of str to float
        ``precision, recall, f1, accuracy, roc_auc, average_precision``, each in [0, 1], higher is better. Two
        classes: about class 1. More: the mean over the classes, each against the rest. Precision, recall and
        F1 = 2PR / (P + R) are 0 where they are undefined; the last two are NaN where a class has no example
        or is the only one.

    Raises
    ------
    ValueError
        If the shapes do not fit together.

    Examples
    --------
    >>> label_metrics([0, 0, 1], [[0.9, 0.1], [0.4, 0.6], [0.2, 0.8]])["precision"]
    0.5
    """
    truth, probabilities = np.asarray(y), np.asarray(P, dtype=np.float64)
    if probabilities.ndim != 2 or probabilities.shape[1] < 2 or truth.shape != probabilities.shape[:1]:
        raise ValueError(
            f"y of shape {truth.shape} and P of shape {probabilities.shape} do not match; give (n,) and "
            "(n, n_classes) with 2 classes or more"
        )
    classes = range(probabilities.shape[1])
    labels = probabilities.argmax(axis=1)
    judged = [1] if len(classes) == 2 else list(classes)
    precision, recall, f1, _ = precision_recall_fscore_support(truth, labels, labels=judged, zero_division=0)
    ranked = all(0 < np.sum(truth == k) < len(truth) for k in judged)
    one_each = [(truth == k, probabilities[:, k]) for k in judged] if ranked else []
    return {
        "precision": float(np.mean(precision)),
        "recall": float(np.mean(recall)),
        "f1": float(np.mean(f1)),
        "accuracy": float(accuracy_score(truth, labels)),
        "roc_auc": float(np.mean([roc_auc_score(is_k, p) for is_k, p in one_each])) if ranked else np.nan,
        "average_precision": (
            float(np.mean([average_precision_score(is_k, p) for is_k, p in one_each])) if ranked else np.nan
        ),
    }
