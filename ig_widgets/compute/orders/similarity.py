"""Order that places similar images next to each other (MLfix)."""

import operator
from typing import Final, Literal

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from ig_widgets.compute.orders.chains import COSINE, DOT, JACCARD, chain
from ig_widgets.compute.words.packing import as_packed

Metric = Literal["dot", "jaccard", "cosine"]
METRICS: Final[dict[Metric, int]] = {"dot": DOT, "jaccard": JACCARD, "cosine": COSINE}


def by_similarity(
    X: ArrayLike, start: int = 0, *, metric: Metric = "dot", groups: ArrayLike | None = None
) -> NDArray[np.intp]:
    """Order images as a chain: each image is followed by the most similar remaining one.

    Parameters
    ----------
    X
        Which words are in which image: array of shape (n_images, n_words), bool or uint8 of 0 and 1, or what
        `pack_words` made of it (uint64).
    start
        Position of the first image. With `groups` its group comes first, and each other group begins with its
        first image.
    metric
        The similarity of two images: "dot", the number of words in common; "jaccard", that number divided by
        how many words are in either; "cosine", divided by the root of the product of their numbers of words.
        With "dot" images of many words are visited early and those of few words pile up at the end.
    groups
        Array of shape (n_images,), such as labels: each group is a chain of its own. They follow each other
        as their first images do.

    Returns
    -------
    array of shape (n_images,), int
        Positions of all images. Where several are equally similar, the one with the lowest position follows.

    Raises
    ------
    ValueError
        If `X` is no such array, `start` is no position, `metric` is unknown or `groups` does not fit to `X`.

    Notes
    -----
    MLfix, "sort similar images next to each other". The paper's code starts from a random
    vector, uses scalar products only, and splits more than 7000 images into halves that are sorted on their
    own; here the chain is whole whatever the number of images. It takes n² / 2 comparisons of packed words,
    in some 2 n_words / 8 bytes of memory per image.

    Examples
    --------
    >>> X = [[1, 1, 0, 0], [0, 0, 1, 1], [1, 1, 1, 0], [0, 0, 0, 1]]
    >>> by_similarity(X)
    array([0, 2, 1, 3])
    """
    words = as_packed(X)
    if metric not in METRICS:
        raise ValueError(f"metric is {metric!r}; give one of {', '.join(map(repr, METRICS))}")
    start = operator.index(start)
    if len(words) == 0:
        return np.empty(0, np.intp)
    if not 0 <= start < len(words):
        raise ValueError(f"start is {start}, but there are {len(words)} images: give 0 to {len(words) - 1}")
    if groups is None:
        return chain(words, start, METRICS[metric]).astype(np.intp, copy=False)
    named = np.asarray(groups)
    if named.shape != (len(words),):
        raise ValueError(
            f"groups has shape {named.shape}; give one group for each of the {len(words)} images"
        )
    codes = pd.factorize(named, use_na_sentinel=False)[0]
    first = codes[start]
    members = [
        np.flatnonzero(codes == code) for code in [first, *np.delete(np.arange(codes.max() + 1), first)]
    ]
    begins = [int(np.searchsorted(members[0], start))] + [0] * (len(members) - 1)
    chains = [of[chain(words[of], begin, METRICS[metric])] for of, begin in zip(members, begins, strict=True)]
    return np.concatenate(chains)
