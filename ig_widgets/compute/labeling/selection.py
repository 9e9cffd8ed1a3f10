"""Selection of the candidate that a weak labeler uses."""

from collections.abc import Callable, Sequence
from typing import TypeAlias

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sklearn.metrics import f1_score

from ig_widgets.compute.labeling.folds import Fold, gather
from ig_widgets.compute.labeling.learners import Candidate
from ig_widgets.compute.labeling.threshold import apply_threshold

_Floats: TypeAlias = NDArray[np.float64]
_Ints: TypeAlias = NDArray[np.int64]


def selection_table(
    candidates: Sequence[Candidate],
    trials: Sequence[Sequence[tuple[_Floats, float]]],
    folds: Sequence[Fold],
    codes: _Ints,
    threshold: Callable[[_Floats], float],
) -> pd.DataFrame:
    """Return one row per candidate, see ``WeakLabeler.scores_``; without trials the smallest is chosen.

    Parameters
    ----------
    candidates
        What there is to choose from.
    trials
        `Fitting.trials` of them; empty if nothing was or could be compared.
    folds
        Those of the trials.
    codes
        (n,) position of each image's class.
    threshold
        What makes the threshold of one candidate from its probabilities of all images.
    """
    table = pd.DataFrame(
        [{**candidate.settings, "parameters": candidate.parameters} for candidate in candidates]
    )
    table[["f1", "f1_sd", "converged"]] = np.nan
    for row, of_candidate in enumerate(trials):
        parts = [P for P, _ in of_candidate]
        cut = threshold(gather(parts, folds, len(codes)))
        f1 = [
            _f1(codes[left_out], apply_threshold(P, cut))
            for P, (_, left_out) in zip(parts, folds, strict=True)
        ]
        ended = np.mean([ended for _, ended in of_candidate])
        table.loc[row, ["f1", "f1_sd", "converged"]] = np.mean(f1), np.std(f1), ended
    # rounding, so that the last bit of a mean does not decide a tie
    ranks = np.lexsort((table["alpha"], table["parameters"], -table["f1"].fillna(0).round(12)))
    table["chosen"] = np.arange(len(table)) == ranks[0]
    return table


def _f1(codes: _Ints, P: _Floats) -> float:
    n_classes = P.shape[1]
    average = "binary" if n_classes == 2 else "macro"
    return float(f1_score(codes, P.argmax(axis=1), labels=range(n_classes), average=average, zero_division=0))
