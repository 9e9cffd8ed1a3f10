"""Compiled kernels for chains of similar images."""

from typing import Any

import numpy as np
from llvmlite import ir
from numba import njit, types
from numba.extending import intrinsic
from numpy.typing import NDArray

DOT, JACCARD, COSINE = 0, 1, 2

_GONE = 8  # the ones that are taken are thrown out when they are an eighth of all


@intrinsic
def _ones(typing: Any, number: Any) -> Any:  # noqa: ARG001 (numba's protocol)
    """Count the bits of a uint64 that are 1, for which processors have an instruction."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:  # noqa: ARG001
        count = builder.module.declare_intrinsic("llvm.ctpop", [ir.IntType(64)])
        return builder.call(count, arguments)

    return types.int64(types.uint64), generate


@njit(nogil=True, cache=True)
def in_common(one: NDArray[Any], other: NDArray[Any]) -> int:
    """Count the words that two images have in common, both packed."""
    count = 0
    for k in range(len(one)):
        count += _ones(one[k] & other[k])  # type: ignore[call-arg]  # numba gives the first argument
    return count


@njit(nogil=True, cache=True)
def _compare(common: int, size: int, other: int, metric: int) -> tuple[int, int]:
    """Return the similarity of two images as a fraction, from their words in common and the numbers of words.

    Fractions are comparable for one first image: that of the cosine is its square times `size`.
    """
    above, under = common, 1
    if metric == JACCARD:
        under = size + other - common
    elif metric == COSINE:
        above, under = common * common, other
    if under == 0:  # an image without words: like one that has none either, and unlike all others
        above, under = int(size == 0), 1
    return above, under


@njit(nogil=True, cache=True)
def _close_up(left: NDArray[Any], names: NDArray[Any], sizes: NDArray[Any], taken: NDArray[Any]) -> int:
    """Move what is not taken to the front, and return how many these are."""
    count = 0
    for i in range(len(taken)):
        if not taken[i]:
            left[count] = left[i]
            names[count] = names[i]
            sizes[count] = sizes[i]
            count += 1
    taken[:count] = False
    return count


@njit(nogil=True, cache=True)
def chain(words: NDArray[Any], start: int, metric: int) -> NDArray[Any]:
    """Go from image to image, always on to the most similar one of what is left.

    Similarities are compared as fractions of whole numbers, so that ties are ties.

    Parameters
    ----------
    words
        (n, columns): packed words.
    start
        The first image.
    metric
        `DOT`, `JACCARD` or `COSINE`.

    Returns
    -------
    array of shape (n,), int64
        The images in the order of the visit. Of images that are equally similar the first is taken.
    """
    n = len(words)
    order = np.empty(n, np.int64)
    left = words.copy()  # what is left, in order, and some that are taken
    names = np.arange(n)
    sizes = np.array([in_common(one, one) for one in words])
    taken = np.zeros(n, np.bool_)
    count, gone, at = n, 0, start
    here = np.empty_like(words[0])
    for step in range(n):
        order[step] = names[at]
        here[:] = left[at]
        size = sizes[at]
        taken[at] = True
        gone += 1
        if gone * _GONE > count:
            count = _close_up(left[:count], names, sizes, taken[:count])
            gone = 0
        best, best_under = -1, 1
        for i in range(count):
            if not taken[i]:
                above, under = _compare(in_common(here, left[i]), size, sizes[i], metric)
                if above * best_under > best * under:
                    at, best, best_under = i, above, under
    return order


@njit(nogil=True, cache=True)
def nearest_words(words: NDArray[Any], k: int) -> NDArray[Any]:
    """Return the `k` images whose words are most similar by their cosine, for each of (n, columns) words."""
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
