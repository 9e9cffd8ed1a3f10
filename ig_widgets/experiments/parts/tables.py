"""Several runs of an experiment, summed up and printed."""

from collections.abc import Iterable, Mapping, Sequence
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


def row_summary(runs: Sequence[Mapping[str, float]]) -> dict[str, float]:
    """Return what a table of the paper tells about one way to label, over several development sets.

    Parameters
    ----------
    runs
        `label_metrics` of each run.

    Returns
    -------
    dict of str to float
        ``f1_median, f1_min, f1_max``; ``ap_median``, of the average precision; ``seeds``, the number of runs.

    Examples
    --------
    >>> row_summary([{"f1": 0.5, "average_precision": 0.7}, {"f1": 0.7, "average_precision": 0.8}])
    {'f1_median': 0.6, 'f1_min': 0.5, 'f1_max': 0.7, 'ap_median': 0.75, 'seeds': 2}
    """
    f1 = [run["f1"] for run in runs]
    return {
        "f1_median": float(np.median(f1)),
        "f1_min": float(min(f1)),
        "f1_max": float(max(f1)),
        "ap_median": float(np.median([run["average_precision"] for run in runs])),
        "seeds": len(runs),
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


def table(metrics: Mapping[str, Mapping[str, Any]]) -> str:
    """Return the text of a table with one line per row of `metrics` and one column per measure.

    Parameters
    ----------
    metrics
        By name of the row, what `summary` or `row_summary` returns.

    Returns
    -------
    str
        Each number, or median and range of each measure, with three decimals (more for small numbers); a new
        head where the measures change.
    """
    wide = max(len(row) for row in metrics)
    lines: list[str] = []
    head = ""
    for row, values in metrics.items():
        columns = [max(20 if isinstance(of, Mapping) else 6, len(name) + 1) for name, of in values.items()]
        heads = [measure.rjust(column) for measure, column in zip(values, columns, strict=True)]
        if head != (head := " ".join([" " * wide, *heads])):
            lines.append(head)
        cells = [_cell(of).rjust(column) for of, column in zip(values.values(), columns, strict=True)]
        lines.append(" ".join([row.ljust(wide), *cells]))
    return "\n".join(lines)


def _cell(of: float | Mapping[str, float]) -> str:
    if isinstance(of, Mapping):
        return f"{_short(of['median'])} ({_short(of['min'])}-{_short(of['max'])})"
    return str(of) if isinstance(of, int) else _short(of)


def _short(number: float) -> str:
    return f"{number:.3f}" if number == 0 or abs(number) >= 0.01 else f"{number:.3g}"
