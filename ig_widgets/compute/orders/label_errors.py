"""Order by how likely a label is wrong, by confident learning (cleanlab)."""

from typing import Literal, get_args

import numpy as np
from cleanlab.filter import find_label_issues
from cleanlab.rank import get_label_quality_scores
from numpy.typing import ArrayLike, NDArray

from ig_widgets.compute.orders.ascending import ascending_order
from ig_widgets.compute.orders.validation import validate_probabilities

Method = Literal["self_confidence", "normalized_margin", "confident_learning"]


def by_label_error(
    P: ArrayLike, labels: ArrayLike, *, method: Method = "self_confidence"
) -> NDArray[np.intp]:
    """Order images by how likely their labels are wrong, the most suspicious first.

    Parameters
    ----------
    P
        Array of shape (n_images, n_classes): probabilities by a model that has not learned from the image
        itself, as by ``sklearn.model_selection.cross_val_predict(..., method="predict_proba")``.
    labels
        Array of shape (n_images,): the label of each image as a column of `P`; -1 for none.
    method
        "self_confidence": by the probability of the label; "normalized_margin": by that minus the highest
        probability of another class; "confident_learning": those first that confident learning counts as
        errors, and the others behind them, each by the margin. Of few errors the first brings more to the
        front in the experiment `review-errors`; of many of the same kind (20 %), the others do.

    Returns
    -------
    array of shape (n_images,), int
        Positions of all images, those without label last. Ties are in the order of the positions.

    Raises
    ------
    ValueError
        If `P` or `labels` is no such array, or the method is unknown.

    Notes
    -----
    Northcutt, Jiang & Chuang, "Confident Learning: Estimating Uncertainty in Dataset Labels", 2021, by their
    library cleanlab.

    Examples
    --------
    >>> by_label_error([[0.9, 0.1], [0.8, 0.2], [0.3, 0.7]], [0, 1, 1])
    array([1, 2, 0])
    """
    if method not in get_args(Method):
        raise ValueError(f"method is {method!r}; give one of {', '.join(map(repr, get_args(Method)))}")
    beliefs, y = validate_probabilities(P, labels)
    labeled = y >= 0
    scores = np.zeros(len(y))
    if labeled.any():
        known, of = y[labeled], beliefs[labeled]
        by = "self_confidence" if method == "self_confidence" else "normalized_margin"
        scores[labeled] = get_label_quality_scores(known, of, method=by)
        if method == "confident_learning":
            scores[labeled] -= 2.0 * _issues(known, of)  # margins are within [0, 1]
    return ascending_order(scores, labeled)


def _issues(labels: NDArray[np.intp], P: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Find label errors by confident learning, among the classes that are in use.

    What P gives the others is left out, unlike in cleanlab: nobody can have meant a class that is not there.
    """
    used, codes = np.unique(labels, return_inverse=True)
    if len(used) < 2:
        return np.zeros(len(labels), bool)
    of = P[:, used] / np.maximum(P[:, used].sum(axis=1, keepdims=True), np.finfo(float).tiny)
    return np.asarray(find_label_issues(codes, of, n_jobs=1))
