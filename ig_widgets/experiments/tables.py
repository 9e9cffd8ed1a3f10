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
        Median and range of each measure, with three decimals (more for small numbers); a new head where the
        measures change.
    """
    wide = max(len(row) for row in metrics)
    lines: list[str] = []
    head = ""
    for row, values in metrics.items():
        columns = [max(20, len(measure) + 1) for measure in values]
        heads = [measure.rjust(column) for measure, column in zip(values, columns, strict=True)]
        if head != (head := " ".join([" " * wide, *heads])):
            lines.append(head)
        cells = [
            f"{_short(of['median'])} ({_short(of['min'])}-{_short(of['max'])})".rjust(column)
            for of, column in zip(values.values(), columns, strict=True)
        ]
        lines.append(" ".join([row.ljust(wide), *cells]))
    return "\n".join([*lines, "median (lowest-highest) over the runs"])


def _short(number: float) -> str:
    return f"{number:.3f}" if number == 0 or abs(number) >= 0.01 else f"{number:.3g}"
