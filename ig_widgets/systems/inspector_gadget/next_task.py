"""What is due next in Inspector Gadget's workflow, and why."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, NamedTuple, TypeAlias

import numpy as np
import pandas as pd

from ig_widgets.data.annotations import BOX, without_denials
from ig_widgets.data.log.sources import PEER_REVIEW

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from ig_widgets.systems.inspector_gadget.gadget import InspectorGadget
    from ig_widgets.systems.inspector_gadget.statements import Said

Stage: TypeAlias = Literal["boxes", "reviews", "patterns", "labels"]

_SURE = 0.8  # what is believed with less probability, somebody should look at
_MOST_LABELS = 100  # in one widget: after that the machine knows more
_PLACE = ["image", "label", *BOX]


class Due(NamedTuple):
    """What somebody should do next."""

    stage: Stage
    """Draw boxes, review other people's, look through the patterns, or judge uncertain images."""

    why: str
    """In a sentence."""

    order: NDArray[np.intp]
    """Positions of images in the order in which they are due; of patterns where these are."""


def due(gadget: InspectorGadget) -> Due:
    """Tell what the gadget's annotator should do next.

    Boxes come first, until this annotator has found their share of the images with defects, and has seen
    those of their images in which others have drawn something; then the boxes that only one of several people
    drew; then, once something was learned, the patterns, until somebody has decided about one of them; then
    the images about which the machine is least sure. What waits for other people is said.
    """
    said = gadget.said
    now = _boxes(gadget, said)
    if now is None:
        now = _reviews(gadget, said) or _patterns(gadget) or _labels(gadget, said)
        now = now._replace(why=now.why + _missing(gadget, said))
    return now


def doing(gadget: InspectorGadget, stage: Stage) -> Due:
    """Return what there is to do in a stage, due or not."""
    steps: dict[str, Callable[[], Due]] = {
        "boxes": lambda: Due("boxes", "", gadget.assigned[gadget.annotator]),
        "reviews": lambda: Due("reviews", "", _positions(gadget, gadget.reviewed["image"])),
        "patterns": lambda: Due("patterns", "", np.arange(len(gadget.candidates))),
        "labels": lambda: Due("labels", "", _unsure(gadget)[:_MOST_LABELS]),
    }
    if stage not in steps:
        raise ValueError(f"stage is {stage!r}; choose one of {', '.join(steps)}")
    there = steps[stage]()
    if len(there.order) == 0:
        raise ValueError(f"there are no {stage} to look at yet")
    return there


def _boxes(gadget: InspectorGadget, said: Said) -> Due | None:
    mine = _of(gadget.annotator, without_denials(said.annotations))
    order = gadget.assigned[gadget.annotator]
    ids = _ids(gadget, order)
    unseen = ~ids.isin(mine["image"])
    found = mine.loc[mine["present"].fillna(value=False) & mine["x"].notna(), "image"].nunique()
    if unseen.any() and found < gadget.goal:
        return Due(
            "boxes",
            f"Due now: boxes. {found} of {gadget.goal} images with defects are found, {(~unseen).sum()} of "
            f"{len(order)} images were looked at. Draw a box around each defect, or say that there is none.",
            order,
        )
    if gadget.overlap == 1 or not ids[unseen].isin(said.waiting["image"]).any():
        return None
    # also those of them in which the others saw nothing, so that it cannot be told where there is something
    begun = order[unseen & ids.isin(said.seen_by.index)]
    return Due(
        "boxes",
        f"Due now: boxes. Your annotations are still missing: others have seen these {len(begun)} images of "
        f"yours, and boxes in them count when {gadget.overlap} people have looked. Draw a box around each "
        "defect, or say that there is none.",
        begun,
    )


def _missing(gadget: InspectorGadget, said: Said) -> str:
    """Tell, after a space, whose annotations boxes wait for; nothing where there are none."""
    if gadget.overlap == 1 or said.waiting.empty:
        return ""
    waiting = said.waiting["image"]
    looked = without_denials(said.annotations)
    lacking = []
    for name, order in gadget.assigned.items():
        ids = _ids(gadget, order)
        number = (ids.isin(waiting) & ~ids.isin(_of(name, looked)["image"])).sum()
        if number:
            lacking.append(f"{name} ({number})")
    return (
        f" Annotations are still missing: {len(waiting)} boxes lie in {waiting.nunique()} images that fewer "
        f"than {gadget.overlap} annotators have seen so far, and are left out until others have looked: "
        f"{', '.join(lacking)}."
    )


def _reviews(gadget: InspectorGadget, said: Said) -> Due | None:
    votes = said.verdicts[said.verdicts["source"] == PEER_REVIEW]
    if len(gadget.annotators) == 1 and votes.empty and said.annotations["annotator"].nunique() < 2:
        return None  # there is nothing to review, so boxes need not be merged
    left = said.open.drop(index=said.waiting.index)
    drew = set(_of(gadget.annotator, said.annotations).index)
    left = left[np.array([drew.isdisjoint(members) for members in left["members"]], dtype=bool)]
    # who cannot tell says so in a comment: then it is for others
    told = pd.concat([_of(gadget.annotator, votes)[_PLACE], _of(gadget.annotator, said.comments)[_PLACE]])
    left = left.merge(told.drop_duplicates(), how="left", on=_PLACE, indicator="told")
    left = left[left["told"] == "left_only"]
    if left.empty:
        return None
    order = _positions(gadget, left["image"])
    return Due(
        "reviews",
        f"Due now: peer review. {len(left)} boxes in {len(order)} images were drawn by one of several "
        "annotators only, and count when others accept them. Comment on a box if you cannot tell.",
        order,
    )


def _patterns(gadget: InspectorGadget) -> Due | None:
    if not hasattr(gadget, "P_") or gadget.gallery_seen():
        return None
    made = len(gadget.patterns_) - gadget.drawn_
    return Due(
        "patterns",
        f"Due now: the patterns. {gadget.drawn_} were cut out and {made} made of them, and nobody has looked "
        "at them. Drop what does not show a defect well, or keep one (K) to say that they are fine; then "
        "learn() again.",
        np.arange(len(gadget.candidates)),
    )


def _labels(gadget: InspectorGadget, said: Said) -> Due:
    order = gadget.assigned[gadget.annotator]
    if not hasattr(gadget, "P_"):
        if gadget.overlap > 1 and not said.waiting.empty and said.standing.empty:
            why = "Nothing is due for you, and there is nothing yet that learn() could learn from."
        else:
            why = "Nothing is due: call learn(). More boxes make it better, if you like to go on here."
        return Due("labels", why, order)
    unsure = _unsure(gadget)
    shown = unsure[:_MOST_LABELS]
    if not _ids(gadget, shown).isin(said.seen_by.index).all():
        part = f"these are the {len(shown)} least certain" if len(unsure) > len(shown) else "here they are"
        return Due(
            "labels",
            f"Due now: uncertain labels. Of {len(unsure)} images the machine is less than {_SURE:.0%} sure; "
            f"{part}. Draw boxes, or say that there is no defect; then learn() again.",
            shown,
        )
    if said.revision != gadget.revision_:
        return Due(
            "labels", "Nothing is due: call learn(), which does not know yet what was said since.", order
        )
    why = "Nothing is due: learn() knows everything that was said, and is sure of all other images."
    return Due("labels", why, order)


def _unsure(gadget: InspectorGadget) -> NDArray[np.intp]:
    """Return the images that nobody judged and about which the machine is not sure, the least sure first."""
    if not hasattr(gadget, "P_"):
        return np.empty(0, np.intp)
    belief = np.nan_to_num(gadget.P_, nan=1.0).max(axis=1)
    unsure = np.flatnonzero((gadget.y_ < 0) & (belief < _SURE))
    return np.asarray(unsure[np.argsort(belief[unsure], kind="stable")])


def _of(annotator: str, rows: pd.DataFrame) -> pd.DataFrame:
    return rows[rows["annotator"] == annotator]


def _ids(gadget: InspectorGadget, positions: NDArray[np.intp]) -> pd.Index[str]:
    ids: pd.Index[str] = pd.Index([gadget.images.ids[position] for position in positions], dtype="str")
    return ids


def _positions(gadget: InspectorGadget, images: pd.Series[str]) -> NDArray[np.intp]:
    return np.array([gadget.images.position(str(image)) for image in images.drop_duplicates()], dtype=np.intp)
