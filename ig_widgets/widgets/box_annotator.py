"""The widget in which people draw boxes."""

import hashlib
import threading
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import anywidget
import ipywidgets
import numpy as np
import pandas as pd

from ig_widgets.data.annotations import BOX
from ig_widgets.data.decoding import ImageError
from ig_widgets.data.images import ImageSet
from ig_widgets.data.log import AnnotationLog
from ig_widgets.widgets.messages import Messages
from ig_widgets.widgets.pages import Pages
from ig_widgets.widgets.painter import Painter
from ig_widgets.widgets.pictures import detail, overview

_STATIC = Path(__file__).parent / "static"
_SOURCE = "BoxAnnotator"
_EXAMPLE_PIXELS = 240


class _PointerLayer(anywidget.AnyWidget):
    """The browser's part: gestures, keys, tools and the boxes themselves, above the kernel's canvas."""

    _esm = _STATIC / "box_annotator.js"
    _css = _STATIC / "box_annotator.css"


class BoxAnnotator(ipywidgets.Box):
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
    ) -> None:
        self._classes = _checked_classes(classes)
        self._images = images if order is None else images[np.asarray(order)]
        if len(self._images) == 0:
            raise ValueError("there are no images to annotate")
        unknown = sorted(set(examples or {}) - set(self._classes))
        if unknown:
            known = ", ".join(self._classes)
            raise ValueError(f"examples has the class {unknown[0]!r}; the classes are {known}")
        self._ids = frozenset(self._images.ids)
        self._queue = hashlib.sha256("\n".join(self._images.ids).encode()).hexdigest()
        self._log = log if log is not None else AnnotationLog()
        self._annotator = annotator
        self._goal = goal
        self._guidelines = guidelines
        self._examples = dict(examples or {})
        self._lock = threading.RLock()
        self._pages = Pages(self._images)
        self._painter = Painter()
        self._progress = _Progress(self._images.ids, self.annotations)
        first = self._progress.first_unseen()
        self._position = 0 if first is None else first
        self._layer = _PointerLayer()
        self._messages = Messages(
            self._layer,
            {
                "hello": self._hello,
                "show": self._show,
                "detail": self._detail,
                "act": self._act,
                "bye": self._bye,
            },
        )
        super().__init__([self._painter.canvas, self._layer])
        self.add_class("ig-box-annotator")

    @property
    def annotations(self) -> pd.DataFrame:
        """What this annotator has said about these images, in force now."""
        said = self._log.current(annotator=self._annotator)
        return said[said["image"].isin(self._ids)]

    @property
    def canvas(self) -> Any:
        """The ipycanvas below the boxes; draw on its layer 1."""
        return self._painter.canvas

    def close(self) -> None:
        """Take the widget off the page. What was said stays in the log."""
        # ipywidgets also closes a widget whose constructor has failed
        for part in ("_pages", "_painter", "_layer"):
            if hasattr(self, part):
                getattr(self, part).close()
        super().close()

    def _hello(self) -> tuple[dict[str, Any], list[bytes]]:
        crops = [(label, crop) for label, some in self._examples.items() for crop in some]
        about = {
            **self._shown(self._position),
            "canvas": self._painter.model,
            "queue": self._queue,
            "classes": self._classes,
            "guidelines": self._guidelines,
            "examples": [label for label, _ in crops],
            "log": self._log.id,
            "logName": self._log.where,
            "annotator": self._annotator,
        }
        return about, [overview(np.asarray(crop), _EXAMPLE_PIXELS).jpeg for _, crop in crops]

    def _show(self, *, position: int) -> tuple[dict[str, Any], list[bytes]]:
        self._check(position)
        return self._shown(position), []

    def _detail(
        self, *, position: int, x: int, y: int, width: int, height: int, reduction: float
    ) -> tuple[dict[str, Any], list[bytes]]:
        self._check(position)
        return {}, [detail(self._pages.image(position), (x, y, width, height), reduction).jpeg]

    def _act(self, *, gesture: Mapping[str, Any]) -> tuple[dict[str, Any], list[bytes]]:
        kind, action, image = gesture["kind"], gesture["action"], gesture["image"]
        # The browser keeps what was not saved for whichever widget comes next: it may be one of other images.
        if image not in self._ids or gesture.get("queue", self._queue) != self._queue:
            return {"elsewhere": True}, []
        if kind == "say":
            self._log.append(gesture["statements"], annotator=self._annotator, source=_SOURCE, action=action)
            touched = [image]
        else:
            take_back = self._log.undo if kind == "undo" else self._log.redo
            touched = take_back(self._annotator, source=_SOURCE, images=self._ids, action=action)
        told = self._told(self._images.position(touched[0] if touched else image))
        self._layer.send({"news": {**told, "turned": False}})
        return {**told, "touched": touched}, []

    def _bye(self) -> tuple[dict[str, Any], list[bytes]]:
        """Give memory back when a view is closed: ipywidgets keeps the widget of every cell that ever ran."""
        self._pages.forget()
        return {}, []

    def _check(self, position: int) -> None:
        if not 0 <= position < len(self._images):
            raise ValueError(f"there is no image {position}; there are {len(self._images)}")

    def _shown(self, position: int) -> dict[str, Any]:
        """Paint an image, and tell what was said about it: all views, since they show the same canvas."""
        with self._lock:
            told = self._told(position)
            painted = self._painter.show(None if told["page"]["problem"] else self._pages.picture(position))
            self._position = position
        self._layer.send({"news": {**told, "turned": True}})
        self._pages.prepare(position + 1)
        return {**told, "painted": painted}

    def _told(self, position: int) -> dict[str, Any]:
        image = self._images.ids[position]
        with self._lock:
            said = self._log.current(image, self._annotator)
            self._progress.update(image, said)
            progress = {**self._progress.counts(), "goal": self._goal}
        page = {"position": position, "image": image, **self._size(position), **_rows(said)}
        return {"page": page, "progress": progress}

    def _size(self, position: int) -> dict[str, Any]:
        try:
            picture = self._pages.picture(position)
        except ImageError as error:
            return {"width": 0, "height": 0, "reduction": 1, "problem": str(error)}
        height, width = picture.full_size
        return {"width": width, "height": height, "reduction": picture.reduction, "problem": None}


class _Progress:
    """Which images of a queue were looked at, and in which something was found."""

    def __init__(self, ids: Sequence[str], said: pd.DataFrame) -> None:
        self._ids = ids
        self._boxes: dict[str, int] = {}
        self._defective: set[str] = set()
        for image, some in said.groupby("image"):
            self.update(str(image), some)

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
    # that there is nothing in a box is a reviewer's statement, not a box of the annotator's
    drawn = said[boxed & said["present"].fillna(value=False)]
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


def _checked_classes(classes: Sequence[str]) -> list[str]:
    listed = [classes] if isinstance(classes, str) else list(classes)
    if not listed:
        raise ValueError("there are no classes: name at least one, e.g. classes=['crack']")
    for position, label in enumerate(listed):
        if not isinstance(label, str) or not label:
            raise ValueError(f"class {position} is {label!r}; a class is a text that is not empty")
        if label in listed[:position]:
            raise ValueError(f"the class {label!r} is named twice")
    return listed
