"""What the pipeline is given to learn from: settled boxes and labels, by what people said."""

from typing import NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from ig_widgets.compute.pipeline.examples import check_two_classes
from ig_widgets.data.labels import labels_of
from ig_widgets.systems.inspector_gadget.decisions import PatternDecisions, relabel_reviewed
from ig_widgets.systems.inspector_gadget.project import Project, check_classes
from ig_widgets.systems.inspector_gadget.statements import Statements


class Examples(NamedTuple):
    """The examples in a project's images."""

    y: NDArray[np.intp]
    """(n_images,) classes as positions in `Project.all_classes`, -1 where nobody has said."""

    boxes: pd.DataFrame
    """The accepted boxes, with the classes that galleries gave them."""

    settled: NDArray[np.bool_]
    """(n_images,) of which images it is known where the defects are, and where not."""

    decisions: PatternDecisions
    """Which patterns were dropped."""

    left_out: list[str]
    """A sentence for each kind of box that was left out."""


def gather_examples(project: Project, statements: Statements) -> Examples:
    """Gather what can be learned from.

    Raises
    ------
    ValueError
        If no box was drawn or accepted yet, all patterns were dropped, all annotated images are of one class,
        or a class has a name that cannot be used.
    """
    check_classes(project)
    images, classes, none = project.images, project.all_classes, project.negative_class
    decisions = PatternDecisions(statements.verdicts)
    reviewed = statements.reviewed_boxes
    renamed = decisions.rename(reviewed)
    ours = renamed["label"].isin(project.defects)  # not renamed to what only another project knows
    changed = ours & (renamed["accepted"].notna() | (renamed["label"] != reviewed["label"]))
    # what reviewers accepted counts, whoever drew it
    drawn = renamed[ours & renamed["accepted"].fillna(value=True)]
    if drawn.empty:
        raise ValueError(
            f"there is no box of {' or '.join(project.defects)} to learn from: draw some in gadget.ask()"
        )
    undecided = drawn.index.isin(statements.open_boxes.index)
    boxes, left_out = drawn[~undecided], _describe_left_out(project, statements, drawn)
    if boxes.empty:
        raise ValueError("; ".join(left_out))

    unclear = set(drawn.loc[undecided, "image"])
    y = labels_of(images, statements.annotations, classes, none=none)
    judged = set(reviewed.loc[changed, "image"]) - unclear
    y = relabel_reviewed(y, images, classes, boxes, judged, none=none)
    check_two_classes(classes, y, remedy="go on in gadget.ask(), and press N where there is no defect")
    dropped = decisions.drops_boxes(boxes)
    if dropped.all():
        raise ValueError(
            "all patterns were dropped in the gallery: keep some in gadget.ask('patterns'), or draw more "
            "boxes"
        )
    unclear |= set(boxes.loc[dropped, "image"])
    ids = np.array(images.ids)
    clean = (y == 0) & (none is not None)
    boxed = np.isin(ids, boxes["image"].to_numpy(dtype=str))
    settled = (clean | boxed) & ~np.isin(ids, list(unclear))
    return Examples(y, boxes, settled, decisions, left_out)


def _describe_left_out(project: Project, statements: Statements, drawn: pd.DataFrame) -> list[str]:
    """Return a sentence for the boxes that wait for annotators, and one for those that wait for reviewers."""
    undecided, waiting = (
        drawn.index.isin(boxes.index) for boxes in (statements.open_boxes, statements.waiting_boxes)
    )
    counts = {
        f"in images that fewer than {project.n_views} annotators have seen so far and are left out: let the "
        "others annotate in gadget.ask()": waiting.sum(),
        "by one of several annotators only and are left out: let others judge them in "
        "gadget.ask('reviews')": (undecided & ~waiting).sum(),
    }
    return [f"{number} of {len(drawn)} boxes were drawn {how}" for how, number in counts.items() if number]
