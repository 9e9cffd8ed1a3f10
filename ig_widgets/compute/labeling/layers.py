"""Hidden-layer sizes of the networks that the weak labeler compares."""

import math
from collections.abc import Iterator
from itertools import combinations_with_replacement, pairwise
from typing import Literal


def hidden_layer_grid(
    n_features: int, grid: Literal["paper", "code"] = "paper", widest: int = 512
) -> list[tuple[int, ...]]:
    """Return the hidden layers that are compared for this number of features.

    Parameters
    ----------
    n_features
        Number of features, 1 or more.
    grid
        "paper" or "code", see `WeakLabeler`.
    widest
        Largest width, 4 or more.

    Returns
    -------
    list of tuple of int
        Widths of the hidden layers of each candidate: for 10 features 12 candidates of the paper and 10 of
        the code; for 110 features 21 and 56; for 210 features 24 and 84.

    Raises
    ------
    ValueError
        If the grid is unknown, or `widest` is less than 4, the smallest width of "code".

    Examples
    --------
    >>> hidden_layer_grid(4)
    [(2,), (4,), (2, 2), (4, 4), (2, 2, 2), (4, 4, 4)]
    """
    if widest < 4:
        raise ValueError(f"widest is {widest}; give 4 or more")
    if grid == "paper":
        exponents = range(1, max(1, math.ceil(math.log2(n_features))) + 1)
        widths = [2**n for n in exponents if 2**n <= widest]
        return [(width,) * depth for depth in (1, 2, 3) for width in widths]
    if grid == "code":
        largest = max(2, n_features.bit_length())  # 2^N > n_features is the number of binary digits
        widths = [2**n for n in range(largest, 1, -1) if 2**n <= widest]
        return list(combinations_with_replacement(widths, 3))
    raise ValueError(f"hidden_layers is {grid!r}; give 'paper', 'code' or a list of tuples of widths")


def count_weights(n_features: int, hidden: tuple[int, ...], n_classes: int) -> int:
    """Return the number of weights, biases included, of a network with these hidden layers."""
    return sum((a + 1) * b for a, b in pairwise(_layer_sizes(n_features, hidden, n_classes)))


def _layer_sizes(n_features: int, hidden: tuple[int, ...], n_classes: int) -> Iterator[int]:
    yield n_features
    yield from hidden
    yield 1 if n_classes == 2 else n_classes  # two classes share one output
