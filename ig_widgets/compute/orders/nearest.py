"""The most similar images of each image."""

from typing import Any

import numpy as np
from numba import njit
from numpy.typing import ArrayLike, NDArray
from sklearn.neighbors import NearestNeighbors

from ig_widgets.compute.orders.chains import in_common
from ig_widgets.compute.words.packing import packed


def nearest(X: ArrayLike, k: int) -> NDArray[np.intp]:
    """Find the images that are most similar to each image.

    Parameters
    ----------
    X
        Words of images as for `order_by_similarity`, compared by their cosine; or floats of shape
        (n_images, n_features), compared by their distance.
    k
        How many, 1 or more; all others where there are fewer.

    Returns
    -------
    array of shape (n_images, min(k, n_images - 1)), int
        Positions of other images, the most similar ones first; ties of words by position.

    Raises
    ------
    ValueError
        If `X` is no such array or `k` is below 1.
    """
    if k < 1:
        raise ValueError(f"k is {k}; give 1 or more")
    rows = np.asarray(X)
    k = min(k, max(len(rows) - 1, 0))
    if k == 0:
        return np.empty((len(rows), 0), np.intp)
    if np.issubdtype(rows.dtype, np.floating):
        found: NDArray[np.intp] = NearestNeighbors(n_neighbors=k).fit(rows).kneighbors(return_distance=False)
        return found
    return _nearest(packed(rows), k).astype(np.intp, copy=False)


@njit(nogil=True, cache=True)
def _nearest(words: NDArray[Any], k: int) -> NDArray[Any]:
    n = len(words)
    sizes = np.array([max(1, in_common(one, one)) for one in words])
    found = np.empty((n, k), np.int64)
    scores = np.empty(k)
    for i in range(n):
        count = 0
        for j in range(n):
            if j == i:
                continue
            common = float(in_common(words[i], words[j]))
            score = common * common / sizes[j]
            if count == k and score <= scores[k - 1]:
                continue
            at = min(count, k - 1)
            while at > 0 and score > scores[at - 1]:
                scores[at] = scores[at - 1]
                found[i, at] = found[i, at - 1]
                at -= 1
            scores[at] = score
            found[i, at] = j
            count = min(count + 1, k)
    return found
