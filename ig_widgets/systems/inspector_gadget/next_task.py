"""What is due next in Inspector Gadget's workflow, and why."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, TypeAlias

import numpy as np
import pandas as pd

from ig_widgets.data.annotations import BOX, without_denials
from ig_widgets.systems.system import Task

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from ig_widgets.compute.pipeline.pattern_labeler import PatternLabeler
    from ig_widgets.systems.inspector_gadget.project import Project
    from ig_widgets.systems.inspector_gadget.statements import Statements

Stage: TypeAlias = Literal["boxes", "reviews", "patterns", "labels"]

_SURE = 0.8  # what is believed with less probability, somebody should look at
_MOST_LABELS = 100  # in one widget: after that the machine knows more
_PLACE = ["image", "label", *BOX]


def next_task(
    project: Project,
    statements: Statements,
    learned: PatternLabeler | None,
    *,
    learned_revision: int | None,
    patterns_seen: bool,
) -> Task:
    """Tell what the project's annotator should do next.

    Boxes come first, until this annotator has found their share of the images with defects, and has seen
    those of their images in which others have drawn something; then the boxes that only one of several people
    drew; then, once something was learned, the patterns, until somebody has decided about one of them; then
    the images about which the machine is least sure. The sentence also lists the boxes that wait for other
    annotators.

    Parameters
    ----------
    project, statements
        What is fixed, and what was said.
    learned
        What was learned last, None before that.
    learned_revision
        The revision of the log that it was learned from.
    patterns_seen
        Whether anybody has decided about one of its patterns.
    """
    task = _boxes_task(project, statements)
    if task is not None:
        return task
    task = _reviews_task(project, statements)
    if task is None:
        if learned is None:
            task = _first_learning_task(project, statements)
        elif patterns_seen:
            task = _labels_task(project, statements, learned, learned_revision)
        else:
            task = _patterns_task(learned)
    return task._replace(why=task.why + _describe_missing(project, statements))


def task_for(
    stage: Stage, project: Project, statements: Statements, learned: PatternLabeler | None, n_candidates: int
) -> Task:
    """Return what there is to do in a stage, due or not.

    Parameters
    ----------
    stage
        "boxes", "reviews", "patterns" or "labels".
    project, statements, learned
        As for `next_task`.
    n_candidates
        Number of patterns, the dropped ones too.

    Raises
    ------
    ValueError
        If there is nothing to look at in this stage, or it is unknown.
    """
    orders: dict[str, Callable[[], NDArray[np.intp]]] = {
        "boxes": lambda: project.own_order,
        "reviews": lambda: _positions(project, statements.reviewed_boxes["image"]),
        "patterns": lambda: np.arange(n_candidates),
        "labels": lambda: _list_unsure(learned)[:_MOST_LABELS],
    }
    if stage not in orders:
        raise ValueError(f"stage is {stage!r}; choose one of {', '.join(orders)}")
    order = orders[stage]()
    if len(order) == 0:
        raise ValueError(f"there are no {stage} to look at yet")
    return Task(stage, "", order)


def _boxes_task(project: Project, statements: Statements) -> Task | None:
    mine = _rows_of(project.annotator, without_denials(statements.annotations))
    order = project.own_order
    ids = _ids(project, order)
    unseen = ~ids.isin(mine["image"])
    found = mine.loc[mine["present"].fillna(value=False) & mine["x"].notna(), "image"].nunique()
    if unseen.any() and found < project.goal:
        return Task(
            "boxes",
            f"Due now: boxes. {found} of {project.goal} images with defects are found, {(~unseen).sum()} of "
            f"{len(order)} images were looked at. Draw a box around each defect, or say that there is none.",
            order,
        )
    if project.n_views == 1 or not ids[unseen].isin(statements.waiting_boxes["image"]).any():
        return None
    # also those of them in which the others saw nothing, so that it cannot be told where there is something
    begun = order[unseen & ids.isin(statements.seen_by.index)]
    return Task(
        "boxes",
        f"Due now: boxes. Your annotations are still missing: others have seen these {len(begun)} images of "
        f"yours, and boxes in them count when {project.n_views} people have looked. Draw a box around each "
        "defect, or say that there is none.",
        begun,
    )


def _describe_missing(project: Project, statements: Statements) -> str:
    """Tell, after a space, whose annotations boxes wait for; nothing where there are none."""
    if project.n_views == 1 or statements.waiting_boxes.empty:
        return ""
    waiting = statements.waiting_boxes["image"]
    looked = without_denials(statements.annotations)
    lacking = []
    for name, order in project.assigned.items():
        ids = _ids(project, order)
        number = (ids.isin(waiting) & ~ids.isin(_rows_of(name, looked)["image"])).sum()
        if number:
            lacking.append(f"{name} ({number})")
    return (
        f" Annotations are still missing: {len(waiting)} boxes lie in {waiting.nunique()} images that fewer "
        f"than {project.n_views} annotators have seen so far, and are left out until others have looked: "
        f"{', '.join(lacking)}."
    )


def _reviews_task(project: Project, statements: Statements) -> Task | None:
    votes = statements.votes
    if len(project.team) == 1 and votes.empty and statements.annotations["annotator"].nunique() < 2:
        return None  # there is nothing to review, so boxes need not be merged
    left = statements.open_boxes.drop(index=statements.waiting_boxes.index)
    drew = set(_rows_of(project.annotator, statements.annotations).index)
    left = left[np.array([drew.isdisjoint(statements) for statements in left["statements"]], dtype=bool)]
    # who cannot tell says so in a comment: then it is for others
    told = pd.concat(
        [_rows_of(project.annotator, rows)[_PLACE] for rows in (votes, statements.comments)]
    ).drop_duplicates()
    left = left.merge(told, how="left", on=_PLACE, indicator="told")
    left = left[left["told"] == "left_only"]
    if left.empty:
        return None
    order = _positions(project, left["image"])
    return Task(
        "reviews",
        f"Due now: peer review. {len(left)} boxes in {len(order)} images were drawn by one of several "
        "annotators only, and count when others accept them. Comment on a box if you cannot tell.",
        order,
    )


def _patterns_task(learned: PatternLabeler) -> Task:
    drawn = learned.n_drawn_
    return Task(
        "patterns",
        f"Due now: the patterns. {drawn} were cut out and {len(learned.patterns_) - drawn} made of them, and "
        "nobody has looked at them. Drop what does not show a defect well, or keep one (K) to say that they "
        "are fine; then learn() again.",
        np.arange(len(learned.candidates_)),
    )


def _first_learning_task(project: Project, statements: Statements) -> Task:
    waits = project.n_views > 1 and not statements.waiting_boxes.empty and statements.accepted_boxes.empty
    why = (
        "Nothing is due for you, and there is nothing yet that learn() could learn from."
        if waits
        else "Nothing is due: call learn(). More boxes make it better, if you like to go on here."
    )
    return Task("labels", why, project.own_order)


def _labels_task(
    project: Project, statements: Statements, learned: PatternLabeler, learned_revision: int | None
) -> Task:
    unsure = _list_unsure(learned)
    shown = unsure[:_MOST_LABELS]
    if not _ids(project, shown).isin(statements.seen_by.index).all():
        part = f"these are the {len(shown)} least certain" if len(unsure) > len(shown) else "here they are"
        return Task(
            "labels",
            f"Due now: uncertain labels. Of {len(unsure)} images the machine is less than {_SURE:.0%} sure; "
            f"{part}. Draw boxes, or say that there is no defect; then learn() again.",
            shown,
        )
    why = (
        "Nothing is due: learn() knows everything that was said, and is sure of all other images."
        if statements.revision == learned_revision
        else "Nothing is due: call learn(), which does not know yet what was said since."
    )
    return Task("labels", why, project.own_order)


def _list_unsure(learned: PatternLabeler | None) -> NDArray[np.intp]:
    """Return the images that nobody judged and about which the machine is not sure, the least sure first."""
    if learned is None:
        return np.empty(0, np.intp)
    belief = np.nan_to_num(learned.P_, nan=1.0).max(axis=1)
    unsure = np.flatnonzero((learned.y_ < 0) & (belief < _SURE))
    return np.asarray(unsure[np.argsort(belief[unsure], kind="stable")])


def _rows_of(annotator: str, rows: pd.DataFrame) -> pd.DataFrame:
    return rows[rows["annotator"] == annotator]


def _ids(project: Project, positions: NDArray[np.intp]) -> pd.Index[str]:
    ids: pd.Index[str] = pd.Index([project.images.ids[position] for position in positions], dtype="str")
    return ids


def _positions(project: Project, images: pd.Series[str]) -> NDArray[np.intp]:
    return np.array(
        [project.images.position(str(image)) for image in images.drop_duplicates()], dtype=np.intp
    )
