"""Search for the three operations whose patterns label held-out images best."""

import math
from collections.abc import Sequence
from itertools import combinations

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from ig_widgets.compute.labeling.examples import Examples
from ig_widgets.compute.labeling.folds import Fold
from ig_widgets.compute.threads import threads

_PENALTY = 3.0  # 1 and 10 rank combinations nearly as networks do, 0.1 does not


def draw_splits(
    y: NDArray[np.generic],
    patterned: NDArray[np.bool_],
    *,
    train_size: float,
    repeats: int,
    random_state: int,
) -> list[Fold]:
    """Split development images at random into training and validation images.

    Parameters
    ----------
    y
        (n,) classes.
    patterned
        (n,) whether patterns were cut from the image. Both parts get their share of such images of each
        class, and of the others.
    train_size
        Share of images to learn from, between 0 and 1. Numbers are rounded up, but at least two images with
        patterns of a class are learned from, and at least one is left to judge by.
    repeats
        How many splits.
    random_state
        Seed.

    Returns
    -------
    list of (train, held_out)
        Sorted rows.

    Raises
    ------
    ValueError
        If a setting is out of range, there is one class only, or a class is too small for this.
    """
    if not 0 < train_size < 1:
        raise ValueError(f"train_size is {train_size}; it must lie strictly between 0 and 1")
    if repeats < 1:
        raise ValueError(f"repeats is {repeats}; at least 1 split is needed")
    classes, codes = np.unique(y, return_inverse=True)
    if len(classes) < 2:
        raise ValueError("all development images belong to one class; add images of another class")
    for k, name in enumerate(classes):
        count = int(np.count_nonzero(patterned & (codes == k)))
        if 0 < count < 3:
            raise ValueError(
                f"class '{name}' has {count} image{'s' * (count > 1)} with patterns, but the search needs 3: "
                "two to learn from and one to judge by; annotate more, or leave the search out"
            )
        if count == 0 and np.count_nonzero(codes == k) < 2:
            raise ValueError(
                f"class '{name}' has one image, but the search needs 2: one to learn from and one to judge "
                "by; annotate more, or leave the search out"
            )
    rng = np.random.default_rng(random_state)
    strata = 2 * codes + patterned
    splits = []
    for _ in range(repeats):
        train = []
        for stratum in np.unique(strata):
            rows = rng.permutation(np.flatnonzero(strata == stratum))
            train.append(rows[: min(max(math.ceil(train_size * len(rows)), 2), len(rows) - 1)])
        learned = np.sort(np.concatenate(train))
        splits.append((learned, np.setdiff1d(np.arange(len(codes)), learned)))
    return splits


def score_triples(
    X: NDArray[np.float64],
    y: NDArray[np.generic],
    operations: Sequence[str | None],
    pattern_rows: NDArray[np.int64],
    *,
    candidates: Sequence[str],
    splits: Sequence[Fold],
) -> pd.DataFrame:
    """Score every combination of three operations by the F1 of a labeler on held-out images.

    Parameters
    ----------
    X
        (n, p) similarities of the development images to patterns, drawn and augmented.
    y
        (n,) classes.
    operations
        (p,) what made each pattern; None for the drawn ones, which are always used.
    pattern_rows
        (p,) row of the image that the pattern was cut from, -1 where it is none of these. Patterns of
        held-out images are left out.
    candidates
        Names of operations, 3 or more.
    splits
        Rows to learn from and rows to judge by, several times.

    Returns
    -------
    DataFrame
        One row per combination, in the order of the candidates: ``operation_1, operation_2, operation_3``;
        ``f1``, mean over the splits, in [0, 1], higher is better; ``f1_sd``, standard deviation over the
        splits; ``rank``, 1 for the best. Of equal ones the first has the better rank.

    Notes
    -----
    The labeler is a ridge classifier: least squares with a penalty on the weights, on standardized features,
    classes balanced, and on ±1 for each class. For two classes as many held-out images are called the second
    class as there are, as with the calibrated threshold of `WeakLabeler`, so its F1 is both precision and
    recall; for more, the largest output decides and F1 is the macro average. The similarities of images to
    their own patterns, about 1, stay as they are, as in `WeakLabeler`.

    It depends on the features through inner products of images alone, and those of a combination are sums
    of those of its parts: 816 combinations take a twentieth of a second per split where the smallest networks
    take 16 seconds, and time is better spent on more splits. Inside four random development sets of KSDD, its
    means over 8 splits correlated at 0.95 to 0.99 over combinations with those of a network with one hidden
    layer of 8, and means over 20 splits each with those over 20 others at 0.94 and more.
    """
    examples = Examples(X, np.unique(y, return_inverse=True)[1], pattern_rows)
    number = {None: 0} | {name: k for k, name in enumerate(candidates, start=1)}
    groups = np.array([number[name] for name in operations])
    triples = list(combinations(candidates, 3))
    chosen = [[0, *(number[name] for name in triple)] for triple in triples]
    with threads(1):  # threads lose on matrices this small
        f1 = np.array([_score_split(examples, groups, chosen, split) for split in splits])
    table = pd.DataFrame(triples, columns=["operation_1", "operation_2", "operation_3"])
    # rounded, so that the order of a sum makes no difference between equal ones
    table["f1"], table["f1_sd"] = f1.mean(axis=0).round(12), f1.std(axis=0)
    table["rank"] = table["f1"].rank(ascending=False, method="first").astype(int)
    return table


def _score_split(
    examples: Examples, groups: NDArray[np.int64], chosen: list[list[int]], split: Fold
) -> list[float]:
    """Return the F1 with each choice of groups of columns."""
    X, codes, pattern_rows = examples
    train, held_out = split
    mean, spread = X[train].mean(axis=0), X[train].std(axis=0)
    Z = (X - mean) / np.where(spread > 1e-12 * np.abs(X).max(axis=0), spread, 1.0)
    allowed = ~np.isin(pattern_rows, held_out)
    parts = [Z[:, allowed & (groups == group)] for group in range(1 + max(map(max, chosen)))]
    inner = np.stack([part @ part[train].T for part in parts])  # (n_groups, n, n_train)
    sizes = np.array([part.shape[1] for part in parts])
    targets = np.where(codes[train, None] == np.arange(codes.max() + 1), 1.0, -1.0)  # (n_train, K)
    shares = np.bincount(codes[train]) / len(train)
    penalty = np.diag(_PENALTY * len(shares) * shares[codes[train]])  # less for what is rare
    scores = []
    for groups_chosen in chosen:
        K = inner[groups_chosen].sum(axis=0) / max(sizes[groups_chosen].sum(), 1) + 1  # 1: the constant
        outputs = K[held_out] @ np.linalg.solve(K[train] + penalty, targets)
        scores.append(_f1(codes[held_out], outputs))
    return scores


def _f1(codes: NDArray[np.int64], outputs: NDArray[np.float64]) -> float:
    """Return the F1 of class 1 of two, with as many called so as are, or the macro average of more."""
    n_classes = outputs.shape[1]
    decided = outputs.argmax(axis=1)
    if n_classes == 2:
        decided = np.zeros_like(codes)
        decided[np.argsort(-outputs[:, 1], kind="stable")[: codes.sum()]] = 1
    hits = np.bincount(codes[decided == codes], minlength=n_classes)
    f1 = 2 * hits / (np.bincount(codes, minlength=n_classes) + np.bincount(decided, minlength=n_classes))
    return float(f1[1] if n_classes == 2 else f1.mean())
