"""The nearest neighbors of each image."""

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.neighbors import NearestNeighbors

from ig_widgets.compute.orders.chains import nearest_words
from ig_widgets.compute.threads import free_cores, threads
from ig_widgets.compute.words.packing import as_packed


def nearest(X: ArrayLike, k: int) -> NDArray[np.intp]:
    """Return the most similar images of each image.

    Parameters
    ----------
    X
        Words of images as for `by_similarity`, compared by their cosine; or floats of shape
        (n_images, n_features), compared by their distance.
    k
        How many, 1 or more; all others where there are fewer.

    Returns
    -------
    array of shape (n_images, min(k, n_images - 1)), int
        Positions of other images, the most similar ones first; ties of words by position, so for an image
        without words the first ones.

    Raises
    ------
    ValueError
        If `X` is no such array or has NaN, or `k` is below 1.
    """
    if k < 1:
        raise ValueError(f"k is {k}; give 1 or more")
    rows = np.asarray(X)
    k = min(k, max(len(rows) - 1, 0))
    if k == 0:
        return np.empty((len(rows), 0), np.intp)
    if np.issubdtype(rows.dtype, np.floating):
        if is_blank(rows).any():
            raise ValueError(
                f"row {np.argmax(is_blank(rows))} of X has NaN; leave out images that cannot be read"
            )
        with threads(free_cores()):
            found: NDArray[np.intp] = (
                NearestNeighbors(n_neighbors=k).fit(rows).kneighbors(return_distance=False)
            )
        return found
    return nearest_words(as_packed(rows), k).astype(np.intp, copy=False)


def is_blank(rows: NDArray[Any]) -> NDArray[np.bool_]:
    """Return which rows are blank, as for unreadable images: NaN in floats, no words in bits."""
    flat = rows.reshape(len(rows), -1)
    if np.issubdtype(flat.dtype, np.floating):
        return np.asarray(np.isnan(flat).any(axis=1))
    if flat.dtype in (np.bool_, np.uint64):
        return np.asarray(~flat.any(axis=1))
    return np.zeros(len(flat), dtype=bool)
