"""Order by how much labels differ from those of similar images."""

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ig_widgets.compute.orders.ascending import ascending_order
from ig_widgets.compute.orders.nearest import is_blank, nearest
from ig_widgets.compute.orders.validation import validate_labels
from ig_widgets.compute.words.packing import as_packed


def by_neighbors(X: ArrayLike, labels: ArrayLike, *, k: int = 10) -> NDArray[np.intp]:
    """Order images by how many of the most similar images have another label, the most first.

    No model is needed for this. The `i`-th most similar image counts ``1 / i``.

    Parameters
    ----------
    X
        Words of images as for `by_similarity`, or floats of shape (n_images, n_features).
    labels
        Array of shape (n_images,), int: the class of each image, -1 for none. Images without label, without
        words or with NaN do not count as neighbors.
    k
        How many similar images are looked at.

    Returns
    -------
    array of shape (n_images,), int
        Positions of all images, those without label, without words or with NaN last. Ties are in the order
        of the positions.

    Raises
    ------
    ValueError
        If `X` or `labels` is no such array, or `k` is below 1.

    Examples
    --------
    >>> by_neighbors([[0.0], [0.1], [0.3], [5.0], [5.1], [0.25]], [0, 0, 1, 1, 1, 0], k=1)
    array([2, 5, 0, 1, 3, 4])
    """
    rows = np.asarray(X)
    y = validate_labels(labels, len(rows))
    rows = rows if np.issubdtype(rows.dtype, np.floating) else as_packed(rows)
    known = (y >= 0) & ~is_blank(rows)
    found = nearest(rows[known], k)
    weights = 1 / np.arange(1, found.shape[1] + 1)
    alike = (weights * (y[known][found] == y[known][:, None])).sum(axis=1)
    share = np.ones(len(y))
    share[known] = alike / weights.sum() if len(weights) else 1.0
    return ascending_order(np.round(share, 12), known)
