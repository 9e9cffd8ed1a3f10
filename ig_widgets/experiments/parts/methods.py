"""The rows of the tables: ways to label the images outside a development set."""

from collections.abc import Callable, Mapping
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from ig_widgets.compute.baselines.label_model import SnorkelLabelModel
from ig_widgets.compute.baselines.snuba import Snuba
from ig_widgets.compute.baselines.votes import MajorityVote, MaxSimilarity
from ig_widgets.compute.labeling.metrics import label_metrics
from ig_widgets.compute.labeling.stacking import log_odds
from ig_widgets.experiments.parts.splits import Origin, Split

_Floats: TypeAlias = NDArray[np.float64]
Method: TypeAlias = Callable[[Split], _Floats]

_BOTH: tuple[Origin, ...] = ("original", "policy", "gan")


def measured(split: Split, method: Method) -> dict[str, float]:
    """Return `label_metrics` of the images outside the development set."""
    return label_metrics(split.dataset.y[split.test], method(split))


def _matching(*origins: Origin) -> Method:
    return lambda split: split.labeled(origins)[1]


def _detector(split: Split) -> _Floats:
    inside, outside = split.detected
    return split.labeler().fit(inside, split.y).predict_proba(outside)


def _learned(split: Split) -> _Floats:
    """Similarities to all patterns, and the detector beside what a labeler makes of them."""
    inside, outside = (
        np.hstack([log_odds(P), seen]) for P, seen in zip(split.labeled(_BOTH), split.detected, strict=True)
    )
    return split.labeler().fit(inside, split.y).predict_proba(outside)


def _baseline(make: Callable[[int], Any]) -> Method:
    def probabilities(split: Split) -> _Floats:
        X, sources = split.similarities(_BOTH)
        inside, outside = X[split.rows], X[split.test]
        fitted = make(split.seed).fit(inside, split.y, X_unlabeled=outside, pattern_rows=sources)
        return np.asarray(fitted.predict_proba(outside))

    return probabilities


def _one_class(split: Split) -> _Floats:
    counts = np.bincount(split.y)
    return np.tile((counts == counts.max()).astype(np.float64), (len(split.test), 1))


PIPELINE: Mapping[str, Method] = {
    "none": _matching("original"),
    "policy": _matching("original", "policy"),
    "gan": _matching("original", "gan"),
    "both": _matching(*_BOTH),
    "learned": _learned,
    "detector": _detector,
}
"""Table 4 of the paper, and the detector: with all that is above it ("learned"), and alone."""

BASELINES: Mapping[str, Method] = {
    "snuba": _baseline(lambda seed: Snuba(random_state=seed)),
    "snorkel": _baseline(lambda seed: SnorkelLabelModel(random_state=seed)),
    "majority_vote": _baseline(lambda _: MajorityVote()),
    "max_similarity": _baseline(lambda _: MaxSimilarity()),
    "one_class": _one_class,
}
"""All learn from the same columns as "both"."""

METHODS: Mapping[str, Method] = {**PIPELINE, **BASELINES}
"""All rows."""
