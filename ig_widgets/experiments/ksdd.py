"""Inspector Gadget on the Kolektor surface-defect data (Heo et al. 2020, Table 4 and Figure 9, KSDD)."""

from pathlib import Path
from typing import Any, Final

from ig_widgets.experiments.parts.ablation import compare, draw_rows
from ig_widgets.experiments.parts.datasets import (
    KSDD_DEVELOPMENT_SIZE,
    load_ksdd,
    of_each_class,
    part,
    stratified,
)
from ig_widgets.experiments.parts.methods import BASELINES, PIPELINE
from ig_widgets.experiments.parts.tables import row_summary

SEEDS = 20
METHODS = {**PIPELINE, **BASELINES}
SETTINGS: Final[dict[str, Any]] = {
    "matching": {"oversized": "shrink"},  # a pattern that was sheared may exceed every image
    "labeling": {},
    "detecting": {},
    "patterns_per_class": 1000,
    "n_augmented": 100,
    "search": "triples",
    "gan_epochs": 1000,
}
QUICK: Final[dict[str, Any]] = {
    "matching": {},
    "labeling": {"hidden_layers": [(4,)], "alpha": 1.0, "n_members": 1},
    "detecting": {"n_members": 2, "epochs": 1, "scale": 0.25},
    "patterns_per_class": 3,
    "n_augmented": 6,
    "search": None,
    "gan_epochs": 2,
}


def run(
    data: Path,
    seeds: int = SEEDS,
    *,
    quick: bool = False,
    pictures: Path | None = None,
    keep: Path | None = None,
) -> tuple[dict[str, dict[str, float]], dict[str, Any]]:
    """Label the images that are not in the development set, for several random development sets.

    A development set has 78 images, stratified, as the published one has. The patterns are the boxes around
    the masks of its cracks; each augmentation adds 100, the policy after the paper's search in this
    development set.

    Parameters
    ----------
    data
        The folder of data sets: see `load_ksdd`.
    seeds
        Number of random development sets.
    quick
        One development set, a few images and little training, to see that everything runs.
    pictures
        Folder for a picture of the rows.
    keep
        Folder that keeps the results of each development set, to go on after an interruption, see `cached`.

    Returns
    -------
    metrics
        By method, see `METHODS`, what `row_summary` makes of `label_metrics` on the other images.
    settings
        What was run.

    Raises
    ------
    FileNotFoundError
        If the data are not there.
    """
    dataset, _ = load_ksdd(data)
    size = KSDD_DEVELOPMENT_SIZE
    if quick:
        dataset, size = part(dataset, of_each_class(dataset.y, 12, seed=0)), 12
    seeds, settings = (1, QUICK) if quick else (seeds, SETTINGS)
    developments = [stratified(dataset.y, size, seed) for seed in range(seeds)]
    runs = compare(dataset, developments, METHODS, processes=1 if quick else 2, keep=keep, **settings)
    metrics = {name: row_summary(of) for name, of in runs.items()}
    if pictures is not None:
        draw_rows(metrics, f"KSDD, {size} images labeled", pictures / "ksdd.png")
    counts = {"images": len(dataset.y), "cracks": int(dataset.y.sum()), "development_size": size}
    return metrics, {"seeds": seeds, **counts, **settings}
