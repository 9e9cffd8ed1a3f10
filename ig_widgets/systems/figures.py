"""Figures of what was learned."""

import pandas as pd
from matplotlib.figure import Figure

_OPERATIONS = ["operation_1", "operation_2", "operation_3"]


def search_figure(scores: pd.DataFrame, *, n_best: int = 10) -> Figure:
    """Draw the result of a search for the best three operations.

    Parameters
    ----------
    scores
        ``scores_`` of a `PolicyAugmenter`.
    n_best
        How many combinations are drawn.

    Returns
    -------
    Figure
        Left, for each operation the mean F1 of the combinations it is in, the best on top; a line at the
        mean of all. Right, the best combinations with the standard deviation of their F1 over the splits.
    """
    operations = pd.unique(scores[_OPERATIONS].to_numpy().ravel())
    means = pd.Series(
        {name: scores.loc[(scores[_OPERATIONS] == name).any(axis=1), "f1"].mean() for name in operations}
    ).sort_values(kind="stable")
    best = scores.sort_values("rank")[:n_best][::-1]  # drawn from below
    height = 1 + 0.22 * max(len(means), len(best))
    figure = Figure(figsize=(11, height), layout="constrained")
    left, right = figure.subplots(1, 2, width_ratios=(2, 3))
    left.plot(means, means.index, "o")
    left.axvline(scores["f1"].mean(), c="gray", lw=1, ls=":")
    left.set(xlabel="mean F1 of its combinations")
    right.errorbar(best["f1"], best[_OPERATIONS].agg(", ".join, axis=1), xerr=best["f1_sd"], fmt="o")
    right.set(xlabel="F1 on held-out images", title=f"best of {len(scores)} combinations")
    return figure
