"""What Inspector Gadget makes of what people have said."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING, Any, Literal, NamedTuple, TypeAlias

import numpy as np
from sklearn.base import clone
from tqdm.auto import tqdm

from ig_widgets.compute.augmentation.gan import PatternGAN
from ig_widgets.compute.augmentation.per_class import draw_per_class, generate_per_class
from ig_widgets.compute.augmentation.policies import PolicyAugmenter
from ig_widgets.compute.detection.detector import PatternDetector
from ig_widgets.compute.labeling.labeler import WeakLabeler
from ig_widgets.compute.labeling.stacking import log_odds
from ig_widgets.compute.matching.matcher import PatternMatcher
from ig_widgets.data.annotations import BOX
from ig_widgets.data.errors import SelectionWarning
from ig_widgets.data.labels import labels_of
from ig_widgets.data.patterns import crop_patterns, pattern_rows
from ig_widgets.systems.inspector_gadget.decisions import PatternDecisions, standing_labels

if TYPE_CHECKING:
    from collections.abc import Iterator

    import pandas as pd
    from numpy.typing import NDArray

    from ig_widgets.data.images import ImageSet
    from ig_widgets.systems.inspector_gadget.gadget import InspectorGadget
    from ig_widgets.systems.inspector_gadget.statements import Said

Augmentation: TypeAlias = Literal["policy", "search", "gan"] | PolicyAugmenter | PatternGAN

_TO_CALLER = 4  # of `learn`, from the functions that `learned` calls


class Learned(NamedTuple):
    """What was learned from one revision of the log: with "_" at their ends, attributes of the gadget."""

    candidates: ImageSet
    """The patterns that were cut out, then those made of them, also those that were dropped."""

    patterns: ImageSet
    drawn: int
    augmenter: PolicyAugmenter | None
    matcher: PatternMatcher
    labeler: WeakLabeler
    detector: PatternDetector | None
    stacked: WeakLabeler | None
    X: NDArray[np.float64]
    boxes: NDArray[np.int32]
    y: NDArray[np.intp]
    development: NDArray[np.intp]
    judged: NDArray[np.intp]
    P: NDArray[np.float64]
    revision: int


def learned(gadget: InspectorGadget) -> Learned:
    """Augment, match, detect, fit and label: see `InspectorGadget.learn`. The gadget stays as it is."""
    _check_classes(gadget)
    said, images, classes = gadget.said, gadget.images, gadget.classes
    decisions = PatternDecisions(said.verdicts)
    y = labels_of(images, said.annotations, classes, none=gadget.none)
    boxes, lone, judged_images = _standing(gadget, said, decisions)
    y = standing_labels(y, images, classes, boxes, judged_images - lone, none=gadget.none)
    _check_found(classes, y)

    cut = crop_patterns(images, boxes)
    if len(cut) == 0:
        raise ValueError("no image with a box can be read: see gadget.images.problems")
    kept = cut[~decisions.dropped(cut)]
    if len(kept) == 0:
        raise ValueError(
            "all patterns were dropped in the gallery: keep some in gadget.ask('patterns'), or draw more "
            "boxes"
        )
    made, augmenter = _made(gadget, kept, y)
    patterns = kept + made[~decisions.dropped(made)]
    matcher = PatternMatcher(
        patterns,
        search=gadget.search,
        oversized="shrink",  # a pattern that was sheared may exceed every image
        store=gadget.store,
        n_jobs=gadget.n_jobs,
    ).fit()
    X, places = matcher.locate(images)

    readable = ~np.isnan(X).any(axis=1)
    development = np.flatnonzero((y >= 0) & readable)
    if len(development) < np.count_nonzero(y >= 0):
        _check_found(classes, y[development])
    labeler = _fitted(gadget, X, y, development, pattern_rows(patterns, images[development]))
    P, judged = _believed(labeler, X, development, len(classes))
    no_pattern = decisions.dropped_boxes(boxes)
    unclear = lone | set(boxes.loc[no_pattern, "image"])
    shown = _shown(gadget, development, y, boxes, unclear)
    detector, stacked = _detector(gadget, boxes, shown, y[judged]), None
    if detector is not None:
        seen = detector.transform(images)
        seen[shown] = detector.out_of_fold(images[shown])
        features = np.hstack([log_odds(P[:, labeler.classes_]), seen])
        stacked = _fitted(gadget, features, y, judged)
        P, judged = _believed(stacked, features, judged, len(classes))
    return Learned(
        candidates=cut + made,
        patterns=patterns,
        drawn=len(kept),
        augmenter=augmenter,
        matcher=matcher,
        labeler=labeler,
        detector=detector,
        stacked=stacked,
        X=X,
        boxes=places,
        y=y,
        development=development,
        judged=judged,
        P=P,
        revision=said.revision,
    )


def _standing(
    gadget: InspectorGadget, said: Said, decisions: PatternDecisions
) -> tuple[pd.DataFrame, set[str], set[str]]:
    """Return the boxes that stand; the images with boxes nobody judged, and with boxes somebody did."""
    reviewed = said.reviewed
    merged = decisions.renamed(reviewed)
    changed = merged["accepted"].notna() | (merged["label"] != reviewed["label"])
    ours = merged["label"].isin(gadget.defects)  # not renamed to what only another project knows
    changed &= ours
    merged = merged[ours]
    merged = merged[merged["accepted"].fillna(value=True)]
    if merged.empty:
        raise ValueError(
            f"there is no box of {' or '.join(gadget.defects)} to learn from: draw some in gadget.ask()"
        )
    # what reviewers accepted stands, whoever drew it
    open_, waiting = (merged.index.isin(some.index) for some in (said.open, said.waiting))
    left_out = {
        f"in images that fewer than {gadget.overlap} annotators have seen so far and are left out: let the "
        "others annotate in gadget.ask()": waiting.sum(),
        "by one of several annotators only and are left out: let others judge them in "
        "gadget.ask('reviews')": (open_ & ~waiting).sum(),
    }
    sentences = [
        f"{number} of {len(merged)} boxes were drawn {how}" for how, number in left_out.items() if number
    ]
    kept = merged[~open_]
    if kept.empty:
        raise ValueError("; ".join(sentences))
    for sentence in sentences:
        warnings.warn(sentence, stacklevel=_TO_CALLER)
    return kept, set(merged.loc[open_, "image"]), set(reviewed.loc[changed, "image"])


def _made(
    gadget: InspectorGadget, cut: ImageSet, y: NDArray[np.intp]
) -> tuple[ImageSet, PolicyAugmenter | None]:
    """Return the patterns that are made of those that were cut out, and what made them by operations."""
    settings: dict[str, Any] = {"store": gadget.store, "n_jobs": gadget.n_jobs, "progress": gadget.progress}
    named = {
        "policy": PolicyAugmenter(**settings),
        "search": PolicyAugmenter(operation_search="triples", **settings),
        "gan": PatternGAN(),
    }
    ways = [named.get(way) if isinstance(way, str) else way for way in gadget.augment]
    unknown = [
        given
        for given, way in zip(gadget.augment, ways, strict=True)
        if not isinstance(way, PolicyAugmenter | PatternGAN)
    ]
    if unknown:
        raise ValueError(
            f"augment holds {unknown[0]!r}; give a tuple of 'policy' or 'search', and 'gan', or a "
            "PolicyAugmenter and a PatternGAN"
        )
    patterns, augmenter, seed = cut, None, gadget.random_state
    known = np.flatnonzero(y >= 0)
    for way in ways:
        if isinstance(way, PatternGAN):
            patterns += generate_per_class(
                cut,
                gadget.augmented,
                gan=way,
                random_state=seed,
                watch=lambda records, name: _watch(gadget, records, name),
            )
        elif isinstance(way, PolicyAugmenter):
            augmenter = clone(way).set_params(random_state=seed)
            made = augmenter.fit(cut, gadget.images[known], y[known]).transform(cut)
            patterns += draw_per_class(made, gadget.augmented, seed)
    return patterns[len(cut) :], augmenter


def _shown(
    gadget: InspectorGadget,
    development: NDArray[np.intp],
    y: NDArray[np.intp],
    boxes: pd.DataFrame,
    unclear: set[str],
) -> NDArray[np.intp]:
    """Return those of a development set of which it is known where the defects are, and where not.

    That is unclear where a box waits for others, or where somebody dropped the pattern of one.
    """
    ids = np.array(gadget.images[development].ids)
    clean = (y[development] == 0) & (gadget.none is not None)
    boxed = np.isin(ids, boxes["image"].to_numpy(dtype=str))
    return np.asarray(development[(clean | boxed) & ~np.isin(ids, list(unclear))])


def _detector(
    gadget: InspectorGadget, boxes: pd.DataFrame, shown: NDArray[np.intp], judged_y: NDArray[np.intp]
) -> PatternDetector | None:
    """Return a detector that has learned, or None where there is too little to learn from."""
    if not gadget.detector:
        return None
    images = gadget.images[shown]
    known = boxes[boxes["image"].isin(images.ids)]
    lacking = (
        "boxes on 2 images at least"
        if known["image"].nunique() < 2
        else "2 annotated images of each class"
        if len(np.unique(judged_y)) < 2
        else None
    )
    if lacking:
        warnings.warn(
            f"there is too little for a detector, which needs {lacking}: this learns from similarities only; "
            "annotate more",
            stacklevel=_TO_CALLER,
        )
        return None
    detector = (
        PatternDetector(n_jobs=gadget.n_jobs, random_state=gadget.random_state)
        if gadget.detector is True
        else clone(gadget.detector)
    )
    for _ in _watch(gadget, detector.training(images, known), "detector", detector.epochs):
        pass
    return detector


def _fitted(
    gadget: InspectorGadget,
    X: NDArray[np.float64],
    y: NDArray[np.intp],
    rows: NDArray[np.intp],
    sources: NDArray[np.int64] | None = None,
) -> WeakLabeler:
    given = WeakLabeler(n_jobs=gadget.n_jobs) if gadget.labeler is None else gadget.labeler
    labeler: WeakLabeler = clone(given).set_params(random_state=gadget.random_state)
    with warnings.catch_warnings():
        # it knows classes by their numbers only: _check_found has said it by name
        warnings.simplefilter("ignore", SelectionWarning)
        labeler.fit(X[rows], y[rows], pattern_rows=sources)
    return labeler


def _believed(
    labeler: WeakLabeler, X: NDArray[np.float64], rows: NDArray[np.intp], n_classes: int
) -> tuple[NDArray[np.float64], NDArray[np.intp]]:
    """Return probabilities, out-of-fold for the rows that could be judged, and these rows."""
    readable = ~np.isnan(X).any(axis=1)
    P = np.full((len(X), n_classes), np.nan)
    P[readable] = 0.0
    P[np.ix_(readable, labeler.classes_)] = labeler.predict_proba(X[readable])
    # with very few examples some images are never left out of a fold
    judged = ~np.isnan(labeler.oof_probabilities_).any(axis=1)
    P[np.ix_(rows[judged], labeler.classes_)] = labeler.oof_probabilities_[judged]
    return P, rows[judged]


def _watch(
    gadget: InspectorGadget, records: Iterator[Any], name: str, total: int | None = None
) -> Iterator[Any]:
    return iter(tqdm(records, desc=name, total=total, disable=not gadget.progress))


def _check_classes(gadget: InspectorGadget) -> None:
    reserved = {"image", "pattern", "score", "annotated", *BOX}
    for position, label in enumerate(gadget.classes):
        if not isinstance(label, str) or not label or label in reserved or label in gadget.classes[:position]:
            raise ValueError(
                f"{label!r} cannot be the name of a class here: give each class a name of its own, other "
                f"than {', '.join(sorted(reserved))}"
            )
    if not gadget.defects:
        raise ValueError("there are no classes: name at least one defect, e.g. ['crack']")


def _check_found(classes: list[str], y: NDArray[np.intp]) -> None:
    counts = np.bincount(y[y >= 0], minlength=len(classes))
    if (counts > 0).sum() < 2:
        only = classes[counts.argmax()] if counts.any() else "none"
        raise ValueError(
            f"all {counts.sum()} annotated images are of one class ({only}), so there is nothing to tell "
            "apart: go on in gadget.ask(), and press N where there is no defect"
        )
    for label, count in zip(classes, counts, strict=True):
        if count < 2:
            warnings.warn(
                f"there {'is one example' if count else 'is no example'} of {label!r}: annotate more, or its "
                "labels are worth little",
                stacklevel=_TO_CALLER,
            )
