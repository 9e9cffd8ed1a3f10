"""What people do in a widget, as its browser side tells it: say something, undo, redo."""

from collections.abc import Mapping
from collections.abc import Set as AbstractSet
from typing import Any

from ig_widgets.data.log.log import AnnotationLog


def is_elsewhere(gesture: Mapping[str, Any], images: AbstractSet[str], queue: str) -> bool:
    """Tell whether a gesture is for another widget than the one with these images.

    The browser keeps what was not saved for whichever widget comes next, and that may be one of other images.

    Parameters
    ----------
    gesture
        ``kind`` (say, undo or redo), ``action`` and ``image``; perhaps ``statements``; of an undo or redo
        ``queue`` or ``of``.
    images
        The ids of the widget's images.
    queue
        Names these images in their order: an undo is only for the widget in which the last thing was said.
    """
    said = {statement.get("image") for statement in gesture.get("statements", ())}
    if not {gesture["image"], *said} <= images:
        return True
    return "of" not in gesture and gesture.get("queue", queue) != queue


def carry_out(
    log: AnnotationLog,
    gesture: Mapping[str, Any],
    *,
    annotator: str,
    source: str,
    images: AbstractSet[str],
) -> list[str]:
    """Say, undo or redo what a gesture tells; returns the ids of the images that it was about."""
    if gesture["kind"] == "say":
        log.append(gesture["statements"], annotator=annotator, source=source, action=gesture["action"])
        return list(dict.fromkeys(statement["image"] for statement in gesture["statements"]))
    return take_back(log, gesture, annotator=annotator, source=source, images=images)


def take_back(
    log: AnnotationLog, gesture: Mapping[str, Any], *, annotator: str, source: str, images: AbstractSet[str]
) -> list[str]:
    """Undo or redo what a gesture tells; returns the ids of the images that it was about.

    An undo may name, as ``of``, the action that it takes back: one that had not been saved either.
    """
    action = gesture["action"]
    if "of" in gesture:
        touched = log.retract(gesture["of"], annotator, action=action)
        return [image for image in touched if image in images]
    step = log.undo if gesture["kind"] == "undo" else log.redo
    return step(annotator, source=source, images=images, action=action)
