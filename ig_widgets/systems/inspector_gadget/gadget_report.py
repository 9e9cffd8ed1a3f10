"""The report of Inspector Gadget."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from ig_widgets.compute.labeling.importance import pattern_importances
from ig_widgets.compute.labeling.metrics import label_metrics
from ig_widgets.data.patterns import pattern_rows
from ig_widgets.reports.agreement import agreement_report
from ig_widgets.reports.figures import (
    confusion,
    heat_map_figure,
    importance_figure,
    score_histogram,
    search_figure,
    top_matches,
)
from ig_widgets.reports.report import Report

if TYPE_CHECKING:
    from collections.abc import Iterator

    import pandas as pd
    from matplotlib.figure import Figure
    from numpy.typing import NDArray

    from ig_widgets.compute.pipeline.pattern_labeler import PatternLabeler
    from ig_widgets.systems.inspector_gadget.project import Project

_SHOWN = 6  # images that the detector is shown at work on


def gadget_report(
    project: Project, learned: PatternLabeler, *, labels: pd.Series[str], annotations: pd.DataFrame
) -> Report:
    """Show what was learned, in a table of facts and in pictures.

    Parameters
    ----------
    project
        What is fixed.
    learned
        What was learned.
    labels
        The weak label of each image.
    annotations
        What everybody said; with several annotators `agreement_report` is part of this report.
    """
    facts, figures = _facts(project, learned, labels), dict(_figures(project, learned))
    if len(project.team) > 1:
        agreement = agreement_report(annotations)
        facts |= agreement.facts
        figures |= agreement.figures
    return Report("Inspector Gadget: " + ", ".join(project.defects), facts, figures)


def _facts(project: Project, learned: PatternLabeler, labels: pd.Series[str]) -> dict[str, object]:
    counts = labels.value_counts()
    labeler = learned.labeler_
    facts: dict[str, object] = {
        "images": len(project.images),
        "unreadable": len(project.images.problems),
        "development set": len(learned.development_),
        "patterns drawn": learned.n_drawn_,
        "patterns made of them": len(learned.patterns_) - learned.n_drawn_,
        "labeler": labeler.learner
        if labeler.hidden_layer_sizes_ is None
        else f"layers {labeler.hidden_layer_sizes_}",
        "detector": "none" if learned.detector_ is None else f"{len(learned.detector_.members_)} networks",
        **{f"labeled {label}": int(counts.get(label, 0)) for label in project.all_classes},
    }
    if len(learned.judged_):
        y, P = _judged(learned)
        known = (learned.stacked_ or labeler).classes_
        measured = label_metrics(np.searchsorted(known, y), P[:, known])
        facts |= {f"{name}, by cross-validation": f"{value:.3f}" for name, value in measured.items()}
    return facts


def _figures(project: Project, learned: PatternLabeler) -> Iterator[tuple[str, Figure]]:
    images, classes, drawn = project.images, project.all_classes, slice(learned.n_drawn_)
    X, patterns = learned.X_[:, drawn], learned.patterns_[drawn]
    yield "Best matches of each pattern", top_matches(images, patterns, X, learned.places_[:, drawn])
    yield (
        "Highest similarity of each image",
        score_histogram(X, learned.y_, classes, pattern_rows(patterns, images)),
    )
    if learned.augmenter_ is not None and learned.augmenter_.operation_search is not None:
        yield "The search for operations", search_figure(learned.augmenter_.scores_)
    if len(learned.judged_):
        importances = pattern_importances(
            learned.labeler_,
            learned.X_[learned.development_],
            learned.y_[learned.development_],
            random_state=learned.random_state,
        )
        yield "Patterns that the labeler needs most", importance_figure(learned.patterns_, importances)
    surest = _find_surest_defects(project, learned)
    if learned.detector_ is not None and len(surest):
        detector = learned.detector_
        captions = [
            f"{images.ids[k]}: {classes[p.argmax()]} {p.max():.2f}"
            for k, p in zip(surest, learned.P_[surest], strict=True)
        ]
        yield (
            "What the detector sees in images that nobody has judged",
            heat_map_figure(images, surest, lambda image: detector.heat_maps(image).max(axis=0), captions),
        )
    if len(learned.judged_):
        y, P = _judged(learned)
        yield "Development set, by cross-validation", confusion(y, P.argmax(axis=1), classes)


def _judged(learned: PatternLabeler) -> tuple[NDArray[np.intp], NDArray[np.float64]]:
    """Return the classes and the out-of-fold probabilities of the examples that could be judged."""
    return learned.y_[learned.judged_], learned.P_[learned.judged_]


def _find_surest_defects(project: Project, learned: PatternLabeler) -> list[int]:
    """Return the images that nobody has judged and that are most probably defective."""
    defective = learned.P_[:, -len(project.defects) :].max(axis=1)
    unseen = np.flatnonzero((learned.y_ < 0) & ~np.isnan(defective))
    surest = unseen[np.argsort(-defective[unseen], kind="stable")]
    return [int(position) for position in surest[:_SHOWN]]
