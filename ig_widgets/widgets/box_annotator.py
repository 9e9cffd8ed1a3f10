"""The widget in which people draw boxes."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import anywidget
import numpy as np
import pandas as pd

from ig_widgets.data.annotations import BOX, without_denials
from ig_widgets.data.images import ImageSet
from ig_widgets.data.log.log import AnnotationLog
from ig_widgets.widgets.shared.classes import checked_classes
from ig_widgets.widgets.shared.gestures import carry_out, is_elsewhere
from ig_widgets.widgets.shared.jpegs import overview
from ig_widgets.widgets.shared.messages import Messages
from ig_widgets.widgets.stage.stage_widget import StageWidget
from ig_widgets.widgets.stage.viewer import Viewer

_STATIC = Path(__file__).parent / "static"
_SOURCE = "BoxAnnotator"
_EXAMPLE_PIXELS = 240


class _PointerLayer(anywidget.AnyWidget):
    """The browser's part: gestures, keys, tools and the boxes themselves, above the kernel's canvas."""

    _esm = _STATIC / "box_annotator.js"
    _css = _STATIC / "box_annotator.css"


class BoxAnnotator(StageWidget):
    """Draw boxes around what matters, or say that there is nothing, image after image.

    Every box and every verdict is a statement in the log, on disk before the widget says "saved". Press ``?``
    in the widget for its keys. An annotator sees only what they said themselves.

    Parameters
    ----------
    images
        What to look at.
    order
        Positions in `images` in the order in which they are shown, without repeats; default: all of them.
    classes
        Names of what can be drawn; the first ten have a number key.
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
        A sentence to show above everything, such as why this is due.

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
        order: Sequence[int] | np.ndarray | None = None,
        *,
        classes: Sequence[str],
        log: AnnotationLog | None = None,
        annotator: str = "me",
        goal: int | None = None,
        guidelines: str = "",
        examples: Mapping[str, Sequence[np.ndarray]] | None = None,
        note: str = "",
    ) -> None:
        self._classes = checked_classes(classes)
        self._images = images if order is None else images[np.asarray(order)]
        if len(self._images) == 0:
            raise ValueError("there are no images to annotate")
        unknown = sorted(set(examples or {}) - set(self._classes))
        if unknown:
            known = ", ".join(self._classes)
            raise ValueError(f"examples has the class {unknown[0]!r}; the classes are {known}")
        self._ids = frozenset(self._images.ids)
        self._log = log if log is not None else AnnotationLog()
        self._annotator = annotator
        self._note = note
        self._goal = goal
        self._guidelines = guidelines
        self._examples = dict(examples or {})
        self._progress = _Progress(self._images.ids, without_denials(self.annotations))
        self._layer = _PointerLayer()
        self._viewer = Viewer(self._images, self._told, self._layer.send, self._progress.first_unseen() or 0)
        self._messages = Messages(
            self._layer, {**self._viewer.operations, "hello": self._hello, "act": self._act}
        )
        super().__init__("ig-box-annotator")

    @property
    def annotations(self) -> pd.DataFrame:
        """What this annotator has said about these images, in force now."""
        said = self._log.current(annotator=self._annotator)
        return said[said["image"].isin(self._ids)]

    def _hello(self) -> tuple[dict[str, Any], list[bytes]]:
        crops = [(label, crop) for label, some in self._examples.items() for crop in some]
        about = {
            **self._shown(),
            "guidelines": self._guidelines,
            "examples": [label for label, _ in crops],
        }
        return about, [overview(np.asarray(crop), _EXAMPLE_PIXELS).jpeg for _, crop in crops]

    def _act(self, *, gesture: Mapping[str, Any]) -> tuple[dict[str, Any], list[bytes]]:
        if is_elsewhere(gesture, self._ids, self._viewer.queue):
            return {"elsewhere": True}, []
        touched = carry_out(self._log, gesture, annotator=self._annotator, source=_SOURCE, images=self._ids)
        told = self._told(self._images.position(touched[0] if touched else gesture["image"]))
        self._layer.send({"news": {**told, "turned": False}})
        return {**told, "touched": touched}, []

    def _told(self, position: int) -> dict[str, Any]:
        image = self._images.ids[position]
        with self._viewer.lock:
            said = without_denials(self._log.current(image, self._annotator))
            self._progress.update(image, said)
            progress = {**self._progress.counts(), "goal": self._goal}
        return {"page": {**self._viewer.page(position), **_rows(said)}, "progress": progress}


class _Progress:
    """Which images of a queue were looked at, and in which something was found."""

    def __init__(self, ids: Sequence[str], said: pd.DataFrame) -> None:
        self._ids = ids
        boxes = said["x"].notna().groupby(said["image"]).sum()
        self._boxes = {str(image): int(number) for image, number in boxes.items()}
        self._defective = set(said.loc[said["present"].fillna(value=False), "image"])

    def update(self, image: str, said: pd.DataFrame) -> None:
        if said.empty:
            self._boxes.pop(image, None)
            self._defective.discard(image)
        else:
            self._boxes[image] = int(said["x"].notna().sum())
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
            "boxes": sum(self._boxes.values()),
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
