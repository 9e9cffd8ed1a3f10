"""Several runs of an experiment, summed up and printed."""

from collections.abc import Iterable, Mapping
from typing import Any, TypeAlias

import numpy as np
from sklearn.base import BaseEstimator

Summary: TypeAlias = dict[str, dict[str, float]]
"""Of each measure: median, min and max over the runs."""


def summary(runs: Iterable[Mapping[str, float]]) -> Summary:
    """Return the median and range of each measure over the runs.

    Parameters
    ----------
    runs
        The measures of each run, by name; the same names in all of them.

    Returns
    -------
    dict of str to dict of str to float
        By measure: ``median``, ``min`` and ``max``.

    Examples
    --------
    >>> summary([{"f1": 0.5}, {"f1": 0.7}, {"f1": 0.75}])
    {'f1': {'median': 0.7, 'min': 0.5, 'max': 0.75}}
    """
    listed = list(runs)
    return {
        name: {
            "median": float(np.median([run[name] for run in listed])),
            "min": float(min(run[name] for run in listed)),
            "max": float(max(run[name] for run in listed)),
        }
        for name in listed[0]
    }


def settings_of(estimator: BaseEstimator) -> dict[str, Any]:
    """Return the parameters of an estimator that bear on its result and can be written as JSON.

    Parameters
    ----------
    estimator
        An estimator of scikit-learn's kind.

    Returns
    -------
    dict
        By name of the parameter; without ``n_jobs``, and without the ``random_state`` that differs by run.
    """
    return {
        name: value
        for name, value in estimator.get_params().items()
        if name not in ("n_jobs", "random_state")
    }


def table(metrics: Mapping[str, Summary]) -> str:
    """Return the text of a table with one line per row of `metrics` and one column per measure.

    Parameters
    ----------
    metrics
        By name of the row, what `summary` returns.

    Returns
    -------
    str
        Median and range of each measure, with three decimals.
    """
    measures = list(next(iter(metrics.values())))
    wide = max(len(row) for row in metrics)
    head = " ".join([" " * wide, *(f"{measure:>20}" for measure in measures)])
    lines = [
        " ".join(
            [
                f"{row:<{wide}}",
                *(
                    f"{of['median']:.3f} ({of['min']:.3f}-{of['max']:.3f})".rjust(20)
                    for of in values.values()
                ),
            ]
        )
        for row, values in metrics.items()
    ]
    return "\n".join([head, *lines, "median (lowest-highest) over the runs"])
