"""Pictures of F1 against a number that an experiment varies."""

from collections.abc import Collection, Mapping, Sequence

import numpy as np
from matplotlib.axes import Axes

Curve = Mapping[int, Mapping[str, float]]
"""By the number that varies, what `row_summary` returns."""


def draw_curves(
    axes: Axes, names: Sequence[str], curves: Mapping[str, Curve], dotted: Collection[str] = ()
) -> None:
    """Draw median and range of F1.

    Parameters
    ----------
    axes
        Where to.
    names
        Of the curves in all pictures side by side, ten at most: each has its color, drawn here or not.
    curves
        Some of these.
    dotted
        Names of those drawn as dotted lines.
    """
    numbers = sorted({number for curve in curves.values() for number in curve})
    apart = 0.006 * (numbers[-1] - numbers[0])
    for name, curve in curves.items():
        k = names.index(name)
        median = np.array([row["f1_median"] for row in curve.values()])
        reach = np.abs([[row[key] for row in curve.values()] for key in ("f1_min", "f1_max")] - median)
        # side by side, so that no range hides another
        places = np.array(list(curve)) + apart * (k - (len(names) - 1) / 2)
        bars = axes.errorbar(places, median, yerr=reach, c=f"C{k}", elinewidth=0.8, capsize=2, label=name)
        bars[0].set(marker="o", ms=4, ls=":" if name in dotted else "-")
    axes.set(ylim=(-0.02, 1.02), ylabel="F1: median and range", xticks=numbers)
    axes.grid(alpha=0.3)
