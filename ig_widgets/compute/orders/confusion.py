"""Order by the cells of a confusion matrix."""

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ig_widgets.compute.orders.validation import validate_probabilities


def by_confusion(P: ArrayLike, labels: ArrayLike) -> NDArray[np.intp]:
    """Order images by the cells of the confusion matrix, those with most images off the diagonal first.

    So images stand together that have the same label and that a model takes for the same other class, as the
    traffic signs of the MLfix study do ("other-sign" taken for "no entry").

    Parameters
    ----------
    P
        Array of shape (n_images, n_classes): probabilities, best of a model that has not learned from the
        image itself.
    labels
        Array of shape (n_images,): the label of each image as a column of `P`; -1 for none.

    Returns
    -------
    array of shape (n_images,), int
        Positions of all images: the cells in which prediction and label differ, the fullest first, then those
        in which they agree, then images without label. Within a cell the predictions with the highest
        probability come first, on the diagonal those with the lowest. Ties are in the order of the positions,
        cells with equally many images in the order of label and prediction.

    Raises
    ------
    ValueError
        If `P` or `labels` is no such array.

    Examples
    --------
    >>> by_confusion([[0.9, 0.1], [0.4, 0.6], [0.3, 0.7], [0.6, 0.4]], [0, 0, 0, 1])
    array([2, 1, 3, 0])
    """
    beliefs, y = validate_probabilities(P, labels)
    predicted = beliefs.argmax(axis=1)
    highest = beliefs[np.arange(len(y)), predicted]
    cell = y * beliefs.shape[1] + predicted
    counts = np.bincount(np.maximum(cell, 0), minlength=beliefs.shape[1] ** 2)
    right = y == predicted
    kind = np.where(y < 0, 2, np.where(right, 1, 0))
    return np.lexsort((np.where(right, highest, -highest), cell, -counts[np.maximum(cell, 0)], kind))
