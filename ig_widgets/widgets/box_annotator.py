"""The widget in which people draw boxes."""

from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from ig_widgets.data.annotations import BOX, without_denials
from ig_widgets.data.images import ImageSet
from ig_widgets.data.log.log import AnnotationLog
from ig_widgets.data.log.sources import BOX_ANNOTATOR
from ig_widgets.widgets.shared.jpegs import overview
from ig_widgets.widgets.shared.session import Note
from ig_widgets.widgets.stage.stage_widget import StageWidget

_SCRIPT = Path(__file__).parent / "static" / "box_annotator.js"
_EXAMPLE_PIXELS = 240


class BoxAnnotator(StageWidget):
    """Draw boxes around what matters, or say that there is nothing, image after image.

    Every box and every verdict is a statement in the log, on disk before the widget says "saved". Press ``?``
    in the widget for its keys. An annotator sees only what they said themselves.

    Parameters
    ----------
    images
        What to look at.
    classes
        Names of what can be drawn; the first ten have a number key.
    order
        Positions in `images` in the order in which they are shown, without repeats; default: all of them.
    log
        Where statements go; default: the file ``annotations.db`` in the working folder.
    annotator
        Who is drawing.
    goal
        How many images with a box are wanted; the panel shows how far one is, and says when it is enough.
    guidelines
        What people should know, shown beside the image.
    examples
        Crops to show for each class: "what a crack looks like". Small images, (h, w) or (h, w, 3) uint8.
    note
        A sentence to show above everything, such as why this is due; or a function that returns one and is
        called again, on a thread of its own, after each change.
    next_step
        What the widget tells people to run when every image was looked at, or the goal is reached.

    Attributes
    ----------
    annotations : DataFrame
        What this annotator has said about these images, in force now.
    canvas : ipycanvas.MultiCanvas
        The picture (layer 0), and a layer for drawings of your own (layer 1) in pixels of the full-resolution
        image; it is cleared when another image is shown.

    Raises
    ------
    ValueError
        If there are no images or no classes, a class is named twice, or `order` is not a list of positions.

    Notes
    -----
    "No defect" says for each class that it is not present; a skip is a statement without label. Both are
    about the whole image, so their boxes are missing values.
    """

    def __init__(
        self,
        images: ImageSet,
        classes: Sequence[str],
        order: Sequence[int] | np.ndarray | None = None,
        *,
        log: AnnotationLog | None = None,
        annotator: str = "me",
        goal: int | None = None,
        guidelines: str = "",
        examples: Mapping[str, Sequence[np.ndarray]] | None = None,
        note: Note = "",
        next_step: str = "annotator.annotations",
    ) -> None:
        super().__init__(
            images,
            classes,
            order,
            script=_SCRIPT,
            source=BOX_ANNOTATOR,
            log=log,
            annotator=annotator,
            note=note,
            next_step=next_step,
        )
        unknown = sorted(set(examples or {}) - set(self._classes))
        if unknown:
            known = ", ".join(self._classes)
            raise ValueError(f"examples has the class {unknown[0]!r}; the classes are {known}")
        self._goal = goal
        self._guidelines = guidelines
        self._examples = dict(examples or {})
        self._progress = _Progress(self._images.ids, self._classes, without_denials(self.annotations))
        self._viewer.position = self._progress.first_unseen() or 0

    @property
    def annotations(self) -> pd.DataFrame:
        """What this annotator has said about these images, in force now."""
        said = self._session.log.current(annotator=self._session.annotator)
        return said[said["image"].isin(self._ids)]

    def _facts(self) -> tuple[dict[str, Any], list[bytes]]:
        crops = [(label, crop) for label, some in self._examples.items() for crop in some]
        told = {"guidelines": self._guidelines, "examples": [label for label, _ in crops]}
        return told, [overview(np.asarray(crop), _EXAMPLE_PIXELS).jpeg for _, crop in crops]

    def _done(self) -> str | None:
        counts = self._progress.counts()
        found = f"{counts['defective']} with defects, {_number(counts['boxes'], 'box', 'boxes')}"
        if counts["next"] is None:
            return f"All {_number(counts['images'], 'image', 'images')} looked at: {found}."
        if self._goal is not None and counts["defective"] >= self._goal:
            looked_at = f"{counts['seen']} of {counts['images']} images looked at"
            return f"As many images with defects as wanted: {looked_at}, {found}."
        return None

    def _told(self, position: int) -> dict[str, Any]:
        image = self._images.ids[position]
        with self._viewer.lock:
            said = without_denials(self._session.log.current(image, self._session.annotator))
            self._progress.update(image, said)
            progress = {**self._progress.counts(), "goal": self._goal}
        return {"page": {**self._viewer.page(position), **_rows(said)}, "progress": progress}


class _Progress:
    """Which images of a queue were looked at, and in which something was found."""

    def __init__(self, ids: Sequence[str], classes: Sequence[str], said: pd.DataFrame) -> None:
        self._ids = ids
        self._classes = classes
        self._boxes: dict[str, Counter[str]] = {}  # of each image that was looked at, by class
        self._defective: set[str] = set()
        for image, rows in said.groupby("image"):
            self.update(str(image), rows)

    def update(self, image: str, said: pd.DataFrame) -> None:
        if said.empty:
            self._boxes.pop(image, None)
            self._defective.discard(image)
        else:
            self._boxes[image] = Counter(said.loc[said["x"].notna(), "label"])
            self._defective.discard(image)
            if said["present"].fillna(value=False).any():
                self._defective.add(image)

    def first_unseen(self) -> int | None:
        return next((i for i, image in enumerate(self._ids) if image not in self._boxes), None)

    def counts(self) -> dict[str, Any]:
        return {
            "images": len(self._ids),
            "seen": len(self._boxes),
            "defective": len(self._defective),
            "boxes": sum(boxes.total() for boxes in self._boxes.values()),
            "classes": [sum(boxes[name] for boxes in self._boxes.values()) for name in self._classes],
            "next": self.first_unseen(),
        }


def _rows(said: pd.DataFrame) -> dict[str, Any]:
    """Split statements about one image into its boxes and what was said about it as a whole."""
    boxed = said["x"].notna()
    drawn = said[boxed]
    boxes = [
        {"key": key, "label": str(row["label"]), **{name: float(row[name]) for name in BOX}}
        for key, row in drawn.iterrows()
    ]
    verdicts = [
        {
            "key": key,
            "label": None if pd.isna(row["label"]) else row["label"],
            "present": None if pd.isna(row["present"]) else bool(row["present"]),
        }
        for key, row in said[~boxed].iterrows()
    ]
    return {"boxes": boxes, "verdicts": verdicts}


def _number(count: int, one: str, more: str) -> str:
    return f"{count} {one if count == 1 else more}"
