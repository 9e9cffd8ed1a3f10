"""The rows of the tables: ways to label the images outside a development set."""

from collections.abc import Callable, Mapping
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from ig_widgets.compute.baselines.label_model import SnorkelLabelModel
from ig_widgets.compute.baselines.snuba import Snuba
from ig_widgets.compute.baselines.votes import MajorityVote, MaxSimilarity
from ig_widgets.compute.labeling.metrics import label_metrics
from ig_widgets.compute.pipeline.label import fit_labeler
from ig_widgets.experiments.parts.splits import Split

_Floats: TypeAlias = NDArray[np.float64]
Method: TypeAlias = Callable[[Split], _Floats]


def measured(split: Split, method: Method) -> dict[str, float]:
    """Return `label_metrics` of the images outside the development set."""
    return label_metrics(split.dataset.y[split.test], method(split))


def _none(split: Split) -> _Floats:
    return _outside(split, split.label().P_)


def _policy(split: Split) -> _Floats:
    return _outside(split, split.label(split.policy).P_)


def _gan(split: Split) -> _Floats:
    return _outside(split, split.label(split.gan).P_)


def _both(split: Split) -> _Floats:
    return _outside(split, split.learned.similarity_P_)


def _learned(split: Split) -> _Floats:
    return _outside(split, split.learned.P_)


def _detector(split: Split) -> _Floats:
    """Label by what the detector sees, out-of-fold in the development set, and by nothing else."""
    detected = split.detected
    if detected.detector_X_ is None:
        raise ValueError("the development set has too few boxes for a detector; make it larger")
    labels = fit_labeler(
        split.labeler(),
        detected.detector_X_,
        detected.y_,
        detected.development_,
        n_classes=len(detected.classes_),
    )
    return _outside(split, labels.P)


def _outside(split: Split, P: _Floats) -> _Floats:
    return P[split.test]


def _baseline(make: Callable[[int], Any]) -> Method:
    def probabilities(split: Split) -> _Floats:
        learned = split.learned
        inside, outside = learned.X_[learned.development_], learned.X_[split.test]
        fitted = make(split.seed).fit(inside, split.y, X_unlabeled=outside, pattern_rows=learned.sources_)
        return np.asarray(fitted.predict_proba(outside))

    return probabilities


def _one_class(split: Split) -> _Floats:
    counts = np.bincount(split.y)
    return np.tile((counts == counts.max()).astype(np.float64), (len(split.test), 1))


PIPELINE: Mapping[str, Method] = {
    "none": _none,
    "policy": _policy,
    "gan": _gan,
    "both": _both,
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
