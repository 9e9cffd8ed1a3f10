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

    from matplotlib.figure import Figure

    from ig_widgets.systems.inspector_gadget.gadget import InspectorGadget

_SHOWN = 6  # images that the detector is shown at work on


def inspection(gadget: InspectorGadget) -> Report:
    """Return the report of a gadget that has learned."""
    title = "Inspector Gadget: " + ", ".join(gadget.defects)
    facts, figures = _facts(gadget), dict(_figures(gadget))
    if len(gadget.annotators) > 1:
        agreement = agreement_report(gadget.annotations)
        facts |= agreement.facts
        figures |= agreement.figures
    return Report(title, facts, figures)


def _facts(gadget: InspectorGadget) -> dict[str, object]:
    counts = gadget.weak_labels["label"].value_counts()
    facts: dict[str, object] = {
        "images": len(gadget.images),
        "unreadable": len(gadget.images.problems),
        "development set": len(gadget.development_),
        "patterns drawn": gadget.drawn_,
        "patterns made of them": len(gadget.patterns_) - gadget.drawn_,
        "labeler": gadget.labeler_.learner
        if gadget.labeler_.hidden_layer_sizes_ is None
        else f"layers {gadget.labeler_.hidden_layer_sizes_}",
        "detector": "none" if gadget.detector_ is None else f"{len(gadget.detector_.members_)} networks",
        **{f"labeled {label}": int(counts.get(label, 0)) for label in gadget.classes},
    }
    if len(gadget.judged_):
        said, P = gadget.y_[gadget.judged_], gadget.P_[gadget.judged_]
        found = (gadget.stacked_ or gadget.labeler_).classes_
        measured = label_metrics(np.searchsorted(found, said), P[:, found])
        facts |= {f"{name}, by cross-validation": f"{value:.3f}" for name, value in measured.items()}
    return facts


def _figures(gadget: InspectorGadget) -> Iterator[tuple[str, Figure]]:
    drawn = slice(gadget.drawn_)
    X, patterns = gadget.X_[:, drawn], gadget.patterns_[drawn]
    yield (
        "Best matches of each pattern",
        top_matches(gadget.images, patterns, X, gadget.boxes_[:, drawn]),
    )
    yield (
        "Highest similarity of each image",
        score_histogram(X, gadget.y_, gadget.classes, pattern_rows(patterns, gadget.images)),
    )
    if gadget.augmenter_ is not None and gadget.augmenter_.search is not None:
        yield "The search for operations", search_figure(gadget.augmenter_.scores_)
    if len(gadget.judged_):
        importances = pattern_importances(
            gadget.labeler_,
            gadget.X_[gadget.development_],
            gadget.y_[gadget.development_],
            random_state=gadget.random_state,
        )
        yield "Patterns that the labeler needs most", importance_figure(gadget.patterns_, importances)
    surest = _surest(gadget)
    if gadget.detector_ is not None and len(surest):
        detector = gadget.detector_
        P = gadget.P_[surest]
        captions = [
            f"{gadget.images.ids[k]}: {gadget.classes[p.argmax()]} {p.max():.2f}"
            for k, p in zip(surest, P, strict=True)
        ]
        yield (
            "What the detector sees in images that nobody has judged",
            heat_map_figure(
                gadget.images, surest, lambda image: detector.heat_maps(image).max(axis=0), captions
            ),
        )
    if len(gadget.judged_):
        said, P = gadget.y_[gadget.judged_], gadget.P_[gadget.judged_]
        yield (
            "Development set, by cross-validation",
            confusion(said, P.argmax(axis=1), gadget.classes),
        )


def _surest(gadget: InspectorGadget) -> list[int]:
    """Return the images that nobody has judged and that are most probably defective."""
    defective = gadget.P_[:, len(gadget.classes) - len(gadget.defects) :].max(axis=1)
    unseen = np.flatnonzero((gadget.y_ < 0) & ~np.isnan(defective))
    surest = unseen[np.argsort(-defective[unseen], kind="stable")]
    return [int(position) for position in surest[:_SHOWN]]
