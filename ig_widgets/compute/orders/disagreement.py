"""Order by the disagreement of annotators, the highest first."""

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import entr


def by_disagreement(votes: ArrayLike) -> NDArray[np.intp]:
    """Order images by how much annotators disagree about them, the most first.

    Parameters
    ----------
    votes
        Array of shape (n_images, n_annotators), int: the class that each annotator gave each image, -1 where
        an annotator gave no label.

    Returns
    -------
    array of shape (n_images,), int
        Positions of all images by the entropy of the votes, the highest first; of those with the same, the
        one with more votes first; then in the order of the positions. Images without votes are last.

    Raises
    ------
    ValueError
        If `votes` is no such array.

    Examples
    --------
    >>> by_disagreement([[0, 0, -1], [0, 1, -1], [1, 1, 0], [-1, -1, -1], [1, 1, 1]])
    array([1, 2, 4, 0, 3])
    """
    said = np.asarray(votes)
    if said.ndim != 2 or not np.issubdtype(said.dtype, np.integer):
        raise ValueError(
            f"votes is {said.dtype} of shape {said.shape}; give the class of each image (row) by each "
            "annotator (column) as a whole number, -1 for none"
        )
    if (said < -1).any():
        raise ValueError(f"votes holds {said.min()}; classes are 0 or more, -1 is none")
    classes = np.unique(said[said >= 0])
    counts = np.array([(said == label).sum(axis=1) for label in classes]).T.reshape(len(said), len(classes))
    total = counts.sum(axis=1)
    shares = counts / np.maximum(total, 1)[:, None]
    entropy = np.round(entr(shares).sum(axis=1), 12)  # sums in another order are ties all the same
    return np.lexsort((-total, -entropy))
