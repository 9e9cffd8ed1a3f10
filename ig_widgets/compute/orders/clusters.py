"""Clusters of images that look alike."""

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.cluster import MiniBatchKMeans
from sklearn.decomposition import PCA
from sklearn.metrics import pairwise_distances
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from ig_widgets.compute.threads import free_cores, threads

_DIMENSIONS = 50
_IN_A_CLUSTER = 100  # images, on average: a few screens of thumbnails
_MOST = 100
_EQUAL = 1e-3  # of the largest distance: closer centers are the same


def image_clusters(X: ArrayLike, n_clusters: int | None = None, *, random_state: int = 0) -> NDArray[np.intp]:
    """Put images that look alike into the same cluster.

    Parameters
    ----------
    X
        (n_images, n_features) numbers that describe images, as from `pool_maps`. Rows with NaN are left out.
    n_clusters
        How many clusters; default: one for each 100 images, 2 at least and 100 at most. There may be fewer,
        where images are equal.
    random_state
        Seed of k-means.

    Returns
    -------
    array of shape (n_images,), int
        The number of each image's cluster, the largest cluster being 0; -1 for images that have NaN.

    Raises
    ------
    ValueError
        If `X` is no table of numbers, or `n_clusters` is below 1.

    Notes
    -----
    K-means of mini-batches, on the 50 first principal components of standardized features.

    Examples
    --------
    >>> image_clusters([[0.0], [5.0], [0.1], [np.nan], [5.1], [0.2]], 2)
    array([ 0,  1,  0, -1,  1,  0])
    """
    features = np.asarray(X, dtype=np.float32)
    if features.ndim != 2:
        raise ValueError(f"X has shape {features.shape}; give a row of numbers for each image")
    if n_clusters is not None and n_clusters < 1:
        raise ValueError(f"n_clusters is {n_clusters}; give 1 or more")
    clusters = np.full(len(features), -1)
    known = np.flatnonzero(np.isfinite(features).all(axis=1))
    rows = features[known]
    rows = rows[:, np.ptp(rows, axis=0) > 0] if len(rows) else rows
    if rows.size == 0:  # there are none, or all are equal
        clusters[known] = 0
        return clusters
    count = min(_MOST, max(2, len(known) // _IN_A_CLUSTER)) if n_clusters is None else n_clusters
    scaled = make_pipeline(StandardScaler(), PCA(min(_DIMENSIONS, *rows.shape), random_state=random_state))
    means = MiniBatchKMeans(min(count, len(known)), n_init=3, random_state=random_state)
    with threads(free_cores()):
        means.fit(scaled.fit_transform(rows))
    found = _first_of_equals(means.cluster_centers_)[means.labels_]
    _, codes, sizes = np.unique(found, return_inverse=True, return_counts=True)
    rank = np.argsort(np.argsort(-sizes, kind="stable"))
    clusters[known] = rank[codes]
    return clusters


def _first_of_equals(centers: NDArray[np.float32]) -> NDArray[np.intp]:
    """Return the first center that is where each one is: where images are equal, centers coincide."""
    apart = pairwise_distances(centers)
    return np.asarray((apart <= _EQUAL * max(1.0, float(apart.max()))).argmax(axis=1))
