"""What averaging and peer review are worth: Table 3 of Heo et al. 2020, on synthetic Product strips."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final, NamedTuple, TypeAlias

import numpy as np
import pandas as pd
from joblib import Parallel, delayed
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle
from numpy.typing import NDArray

from ig_widgets.compute.labeling.labeler import WeakLabeler
from ig_widgets.compute.labeling.metrics import label_metrics
from ig_widgets.compute.pipeline.match import match_patterns
from ig_widgets.compute.pipeline.pattern_labeler import PatternLabeler
from ig_widgets.data.annotations import BOX
from ig_widgets.data.examples.synthetic import Kind, strips
from ig_widgets.data.images import ImageSet
from ig_widgets.data.patterns import crop_patterns
from ig_widgets.experiments.parts import simulated_crowd
from ig_widgets.experiments.parts.result_cache import cached
from ig_widgets.experiments.parts.simulated_crowd import draw_and_review, facts, pattern_sets
from ig_widgets.experiments.parts.tables import settings_of

_Bools: TypeAlias = NDArray[np.bool_]
_Ints: TypeAlias = NDArray[np.int64]

SEEDS = 20
HIDDEN_LAYERS = tuple((2**n,) for n in range(1, 8))  # a third of the paper's grid: deeper ones take minutes
PUBLISHED: Final = (0.940, 0.952, 0.960, 0.616, 0.525, 0.605, 0.299, 0.543, 0.595)  # F1, in our order of rows


@dataclass(frozen=True)
class _Size:
    """How many strips there are, and how many of them people look at, as many as in Table 1."""

    strips: int  # the first of Table 1's, since the time grows with the square: two to five times the others
    development: int
    development_defective: int
    boxed: int  # on so many of them people draw, as many as there are published strips with boxes
    defect_rate: float | None = None  # None: that of Table 1


SIZES: Final[dict[Kind, _Size]] = {
    "scratch": _Size(340, 170, 76, 43),
    "bubble": _Size(520, 104, 10, 10),
    "stamping": _Size(436, 109, 15, 15),
}


class _Strips(NamedTuple):
    """n strips, p boxes on them, and which boxes become patterns in each variant."""

    images: ImageSet
    y: _Ints  # (n,) 1 where there is a defect
    boxes: pd.DataFrame
    sets: dict[str, list[_Bools]]  # (p,) each
    store: Path  # of the similarities of all strips to all boxes


def run(
    seeds: int = SEEDS,
    *,
    quick: bool = False,
    pictures: Path | None = None,
    keep: Path | None = None,
) -> tuple[dict[str, dict[str, float]], dict[str, Any]]:
    """Label strips by the patterns of single workers, by averaged ones, and by those of the whole workflow.

    Three simulated people draw boxes on the strips. Each sees a defect or misses it, moves every edge by some
    3 pixels, and now and then takes something else for a defect. "no_average" learns from the boxes of one of
    them, and its figures are means over the three. "no_peer_review" learns from the averages of boxes that
    overlap. "full" adds the boxes that nobody else drew, if most of three reviewers say they show a defect.

    How often a defect is missed is the one thing that is fitted, to the only published fact about the crowd:
    of the boxes that it left in the end, 26 % (scratch), 22 % (bubble) and 78 % (stamping) are such outliers.
    Scratches and bubbles then have as many averages and outliers on a strip as published, too. Stampings have
    a sixth: the published boxes are 3.9 on a strip, but synthetic strips have 1.4 stampings, and outliers are
    so large a part of few boxes only if each stamping is noticed by few. Averages are then so rare (13 were
    published, here there are one or two) that "no_peer_review" cannot be compared with the paper's.

    A development set has as many strips, and as many with defects, as the paper's, and the others are the
    test. People draw on as many of those with defects as published, and on the same share of those without.
    Its labels are true in all variants, which differ in their patterns alone: the published development sets
    have labels that did not come from the boxes, too.
    Nothing is augmented, as in the paper. A variant without any pattern calls every strip sound.

    Parameters
    ----------
    seeds
        Number of random development sets; the strips, and what people draw on them, stay the same.
    quick
        A few strips, a single network and one development set, to see that everything runs.
    pictures
        Folder for ``crowd_f1.png`` (all variants beside the paper's) and ``crowd_boxes.png`` (what becomes of
        boxes), made if it is not there.
    keep
        Folder that keeps the results of each development set, to go on after an interruption, see `cached`.

    Returns
    -------
    metrics
        By ``"<kind>/<variant>"``: median and range of F1 over the development sets, median average precision
        and number of patterns; of "no_average" also half the standard deviation of F1 over the workers, as in
        the paper (median).
    settings
        What was run, and what the crowd did.
    """
    sizes = _few() if quick else SIZES
    labeler = WeakLabeler(hidden_layers=HIDDEN_LAYERS[1:2] if quick else HIDDEN_LAYERS)
    n_runs = 1 if quick else seeds
    metrics: dict[str, dict[str, float]] = {}
    kinds: dict[str, dict[str, Any]] = {}
    examples = Figure(figsize=(11, 9), layout="constrained")
    examples.suptitle("blue: boxes of workers, orange: their averages")
    for (kind, size), axes in zip(sizes.items(), examples.subplots(len(sizes), 3), strict=True):
        rendered, truth = strips(kind, size.strips, defect_rate=size.defect_rate)
        images = ImageSet.from_arrays(list(rendered), ids=rendered.ids)  # else each is rendered many times
        boxes = draw_and_review(kind, images, truth)
        with TemporaryDirectory() as store:
            measured = _match(images, truth, boxes, Path(store))
            runs = Parallel(n_jobs=min(2, n_runs))(
                delayed(cached)(keep, about, partial(_measure, measured, size, labeler, seed))
                for seed in range(n_runs)
                for about in [{"kind": kind, **asdict(size), "seed": seed, **settings_of(labeler)}]
            )
        for variant in measured.sets:
            metrics[f"{kind}/{variant}"] = _row_summary(one[variant] for one in runs)
        kinds[kind] = asdict(size) | {"defective": int(measured.y.sum())} | facts(kind, boxes)
        if pictures is not None:
            _draw_boxes(axes, kind, images, boxes)
    if pictures is not None:
        pictures.mkdir(parents=True, exist_ok=True)
        examples.savefig(pictures / "crowd_boxes.png", dpi=120)
        _f1_figure(metrics).savefig(pictures / "crowd_f1.png", dpi=120)
    settings = {
        "seeds": n_runs,
        "quick": quick,
        "workers": len(simulated_crowd.WORKERS),
        "jitter_pixels": simulated_crowd.JITTER_PIXELS,
        "false_rate": simulated_crowd.FALSE_RATE,
        "reviewers": simulated_crowd.REVIEWERS,
        "review_error": simulated_crowd.REVIEW_ERROR,
        "kinds": kinds,
        "search": PatternLabeler().search,
        "labeler": settings_of(labeler),
    }
    return metrics, settings


def _few() -> dict[Kind, _Size]:
    return {
        kind: replace(size, strips=24, development=12, development_defective=5, boxed=4, defect_rate=0.4)
        for kind, size in SIZES.items()
    }


def _match(images: ImageSet, truth: pd.DataFrame, boxes: pd.DataFrame, store: Path) -> _Strips:
    """Measure how alike all strips are to all boxes, once for all development sets and variants."""
    match_patterns(images, crop_patterns(images, boxes), store=store, n_jobs=2)
    defective = truth.loc[truth["present"].astype(bool), "image"]
    y = np.isin(images.ids, defective.to_numpy(dtype=str)).astype(np.int64)
    return _Strips(images, y, boxes, pattern_sets(boxes), store)


def _measure(strips: _Strips, size: _Size, labeler: WeakLabeler, seed: int) -> dict[str, dict[str, float]]:
    rng = np.random.default_rng(seed)
    counts = size.development - size.development_defective, size.development_defective
    drawn = [rng.choice(np.flatnonzero(strips.y == k), n, replace=False) for k, n in enumerate(counts)]
    rows = np.sort(np.concatenate(drawn))
    share = size.boxed / size.development_defective
    boxed = np.concatenate([some[: round(share * len(some))] for some in drawn])
    # patterns come from the development set only
    there = strips.boxes["image"].isin(strips.images[boxed].ids).to_numpy()
    results = {}
    for variant, sets in strips.sets.items():
        each = [_label(strips, chosen & there, rows, labeler, seed) for chosen in sets]
        results[variant] = {name: float(np.mean([one[name] for one in each])) for name in each[0]}
        if len(each) > 1:
            results[variant]["f1_half_sd"] = float(np.std([one["f1"] for one in each], ddof=1)) / 2
    return results


def _label(strips: _Strips, chosen: _Bools, rows: _Ints, labeler: WeakLabeler, seed: int) -> dict[str, float]:
    """Measure what the pipeline that people use makes of some boxes and a development set."""
    test = np.setdiff1d(np.arange(len(strips.y)), rows)
    P = np.tile([1.0, 0.0], (len(test), 1))
    if chosen.any():
        y = np.full(len(strips.y), -1)
        y[rows] = strips.y[rows]
        pipeline = PatternLabeler(
            augment=(),
            detector=False,
            labeler=labeler,
            store=strips.store,
            progress=False,
            random_state=seed,
        )
        P = pipeline.fit(strips.images, y, strips.boxes[chosen], classes=["ok", "defect"]).P_[test]
    return label_metrics(strips.y[test], P) | {"patterns": float(chosen.sum())}


def _row_summary(runs: Iterable[Mapping[str, float]]) -> dict[str, float]:
    table = pd.DataFrame(list(runs))
    median = table.median()
    row = {
        "f1_median": float(median["f1"]),
        "f1_min": float(table["f1"].min()),
        "f1_max": float(table["f1"].max()),
        "ap_median": float(median["average_precision"]),
        "patterns_median": float(median["patterns"]),
        "seeds": len(table),
    }
    return row | ({"f1_half_sd_of_workers": float(median["f1_half_sd"])} if "f1_half_sd" in table else {})


def _draw_boxes(axes: Sequence[Axes], kind: Kind, images: ImageSet, boxes: pd.DataFrame) -> None:
    """Draw an average, an outlier that was kept and one that was not, with all other boxes there."""
    averaged = boxes["annotator"] == simulated_crowd.EVERYBODY
    chosen = {
        "average": averaged,
        "by one, kept": boxes["kept"],
        "by one, left out": boxes["outlier"] & ~boxes["kept"],
    }
    for ax, (title, rows) in zip(axes, chosen.items(), strict=True):
        ax.set(title=f"{kind}: {title}", xticks=[], yticks=[])
        if not rows.any():
            ax.set_axis_off()
            continue
        shown = boxes[rows].iloc[0]
        ax.imshow(images[images.position(shown["image"])], cmap="gray", vmin=64, vmax=192)
        there = boxes["image"] == shown["image"]
        for x, y, width, height, average in (
            boxes[[*BOX]].assign(average=averaged)[there].itertuples(index=False)
        ):
            color = "tab:orange" if average else "tab:cyan"
            ax.add_patch(Rectangle((x - 0.5, y - 0.5), width, height, fill=False, ec=color))
        ax.set_xlim(shown["x"] - 30, shown["x"] + shown["width"] + 30)
        ax.set_ylim(shown["y"] + shown["height"] + 30, shown["y"] - 30)


def _f1_figure(metrics: Mapping[str, Mapping[str, float]]) -> Figure:
    """Draw median and range of F1 of every row, and the paper's value."""
    figure = Figure(figsize=(9, 4), layout="constrained")
    ax = figure.subplots()
    table = pd.DataFrame(metrics).T
    ends = [table["f1_median"] - table["f1_min"], table["f1_max"] - table["f1_median"]]
    names = [name.replace("/", "\n") for name in metrics]
    ax.errorbar(names, table["f1_median"], yerr=ends, fmt="o", label="synthetic strips: median and range")
    ax.plot(names, PUBLISHED, "kx", label="paper, real strips")
    ax.tick_params(axis="x", labelsize="small")
    ax.set(ylabel="F1", ylim=(0, 1))
    ax.legend()
    return figure
