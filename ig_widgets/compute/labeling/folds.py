"""Folds of the weak labeler's cross-validation, and out-of-fold probabilities."""

from collections.abc import Sequence
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray
from sklearn.model_selection import StratifiedKFold, StratifiedShuffleSplit

Fold: TypeAlias = tuple[NDArray[np.int64], NDArray[np.int64]]

_MOST_FOLDS = 10
_HOLD_OUTS = 10


def draw_folds(codes: NDArray[np.int64], examples_per_fold: int, seed: int) -> list[Fold]:
    """Return rows to fit and rows to judge for every fold; none if a class has a single example."""
    fewest = int(np.bincount(codes).min())
    if fewest < 2:
        return []
    k = min(fewest // examples_per_fold, _MOST_FOLDS)
    if k < 2:
        k = min(fewest // 2, _MOST_FOLDS)
    splitter = (
        StratifiedKFold(k, shuffle=True, random_state=seed)
        if k >= 2
        else StratifiedShuffleSplit(_HOLD_OUTS, test_size=len(codes) // 2, random_state=seed)
    )
    return list(splitter.split(np.zeros((len(codes), 1)), codes))


def gather(parts: Sequence[NDArray[np.float64]], folds: Sequence[Fold], n: int) -> NDArray[np.float64]:
    """Return the mean probability of each image over the folds that left it out, NaN where none did."""
    total = np.zeros((n, parts[0].shape[1]))
    times = np.zeros((n, 1))
    for P, (_, left_out) in zip(parts, folds, strict=True):
        total[left_out] += P
        times[left_out] += 1
    return np.divide(total, times, out=np.full_like(total, np.nan), where=times > 0)
