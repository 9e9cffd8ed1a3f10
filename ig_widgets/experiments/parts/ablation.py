"""Many development sets, many methods: the part that the experiments share."""

from collections.abc import Mapping, Sequence
from functools import partial
from importlib.util import find_spec
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, TypeAlias

import numpy as np
from joblib import Parallel, delayed
from matplotlib.figure import Figure
from numpy.typing import NDArray
from tqdm import tqdm

from ig_widgets.compute.threads import threads
from ig_widgets.experiments.parts.datasets import Dataset
from ig_widgets.experiments.parts.methods import Method, measured
from ig_widgets.experiments.parts.result_cache import cached
from ig_widgets.experiments.parts.splits import Split

_Rows: TypeAlias = NDArray[np.int64]


def compare(
    dataset: Dataset,
    developments: Sequence[_Rows],
    methods: Mapping[str, Method],
    *,
    processes: int,
    seeds: Sequence[int] | None = None,
    keep: Path | None = None,
    **settings: Any,
) -> dict[str, list[dict[str, float]]]:
    """Label what is outside each development set by each method.

    Parameters
    ----------
    dataset
        Images, classes, boxes.
    developments
        The rows of each development set.
    methods
        By name, some of `METHODS` or others.
    processes
        Development sets at the same time, one thread each.
    seeds
        Of each development set; None: its position.
    keep
        Folder that keeps the figures of each development set and method, see `cached`.
    **settings
        Of each `Split`.

    Returns
    -------
    dict of str to list of dict
        By method, `label_metrics` for each development set.

    Raises
    ------
    ImportError
        If a method needs a package that is not there.
    """
    if "snorkel" in methods and find_spec("snorkel") is None:  # else it would be missed after hours
        raise ImportError("the row 'snorkel' needs its package: pip install 'ig_widgets[snorkel]'")
    with TemporaryDirectory() as store:
        tasks = (
            delayed(_measured)(
                Split(dataset, rows, seed, store=Path(store), **settings),
                methods,
                keep,
                {"images": dataset.images.ids, "rows": rows, "seed": seed, **settings},
            )
            for seed, rows in zip(seeds or range(len(developments)), developments, strict=True)
        )
        made = Parallel(n_jobs=processes, return_as="generator")(tasks)
        runs = list(tqdm(made, total=len(developments), desc="development sets", disable=None))
    return {name: [run[name] for run in runs] for name in methods}


def draw_rows(metrics: Mapping[str, Mapping[str, float]], title: str, file: Path) -> None:
    """Save a picture of the rows of a table: median and range of F1."""
    names = list(metrics)[::-1]
    median = np.array([metrics[name]["f1_median"] for name in names])
    reach = np.abs([[metrics[name][key] for name in names] for key in ("f1_min", "f1_max")] - median)
    figure = Figure(figsize=(7, 0.6 + 0.35 * len(names)), layout="constrained")
    axes = figure.subplots()
    axes.errorbar(median, names, xerr=reach, fmt="o", capsize=3)
    axes.set(xlim=(0, 1), xlabel="F1: median and range", title=title)
    axes.grid(axis="x", alpha=0.3)
    file.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(file)


@threads(1)  # other development sets have the other cores
def _measured(
    split: Split, methods: Mapping[str, Method], keep: Path | None, facts: Mapping[str, Any]
) -> dict[str, dict[str, float]]:
    return {
        name: cached(
            keep,
            {**facts, "method": name, **getattr(method, "keywords", {})},  # of a partial function
            partial(measured, split, method),
        )
        for name, method in methods.items()
    }
