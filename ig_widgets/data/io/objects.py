"""The boxed objects of each image: all that VOC, COCO and YOLO files can hold of annotations."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING, TypeAlias

import numpy as np

from ig_widgets.data.annotations import BOX, COLUMNS, annotations_frame

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    import pandas as pd

    from ig_widgets.data.images import ImageSet

Box: TypeAlias = tuple[float, float, float, float]
"""x, y, width, height in pixels of the full-resolution image; ``x + width`` is exclusive."""


def box_inside(box: Iterable[float], size: tuple[float, float] | None, where: str) -> Box:
    """Check that a box has an area and lies inside its image.

    Parameters
    ----------
    box
        x, y, width, height in pixels.
    size
        Width and height of the image in pixels; None where they are not known.
    where
        The subject of the error sentence, such as ``"object 2 of 'a.xml'"``.

    Returns
    -------
    tuple of float
        The box. What sticks out by less than one pixel is the rounding of the tool that wrote it, and is cut
        off.

    Raises
    ------
    ValueError
        If a number is not finite, a side is not positive, or the box leaves the image by a pixel or more.

    Examples
    --------
    >>> box_inside((10, 20, 30.004, 5), (40, 100), "object 1 of 'a.xml'")
    (10.0, 20.0, 30.0, 5.0)
    """
    x, y, width, height = (float(number) for number in box)
    if not np.isfinite([x, y, width, height]).all():
        raise ValueError(f"{where} has the box {(x, y, width, height)}; all four numbers must be finite")
    if width <= 0 or height <= 0:
        raise ValueError(
            f"{where} is {width:g} wide and {height:g} high; a box needs a positive width and height"
        )
    x, width = _side_inside(x, width, None if size is None else size[0], where, ("x", "wide"))
    y, height = _side_inside(y, height, None if size is None else size[1], where, ("y", "high"))
    return x, y, width, height


def _side_inside(
    start: float, length: float, limit: float | None, where: str, words: tuple[str, str]
) -> tuple[float, float]:
    axis, extent = words
    end = start + length
    if start <= -1 or end <= 0:
        raise ValueError(
            f"{where} starts at {axis} = {start:g}, outside the image; boxes are in full-resolution pixels, "
            "the first of which starts at 0"
        )
    if limit is not None and (end >= limit + 1 or start >= limit):
        raise ValueError(
            f"{where} ends at {axis} = {end:g} but the image is {limit:g} {extent}; "
            "boxes are in full-resolution pixels"
        )
    if start < 0:
        start, length = 0.0, end
    if limit is not None and end > limit:
        length = limit - start
    return start, length


def statements(
    objects: Mapping[str, Sequence[tuple[str, Box]]], classes: Iterable[str], *, annotator: str, source: str
) -> pd.DataFrame:
    """Make annotations out of the objects of each image.

    Parameters
    ----------
    objects
        Image id -> its objects as (label, box). An image without objects was looked at and has none.
    classes
        What an image without objects is said not to show.
    annotator, source
        The columns of the same name.

    Returns
    -------
    DataFrame
        Annotations: one row per object; for an image without objects one row per class with ``present``
        False.

    Raises
    ------
    ValueError
        If there are images without objects but no classes.
    """
    absent = [(label, None) for label in classes]
    if not absent and not all(objects.values()):
        raise ValueError(
            "no class is known, so neither is what the images without objects do not show; name the classes, "
            "as in classes=['crack'] (in a COCO file: its categories)"
        )
    said = {"annotator": annotator, "source": source}
    return annotations_frame(
        {"image": image, "label": label, "present": box is not None, **said}
        | ({} if box is None else dict(zip(BOX, box, strict=True)))
        for image, found in objects.items()
        for label, box in (found or absent)
    )


def objects_by_image(
    annotations: pd.DataFrame, images: ImageSet, *, form: str
) -> dict[str, list[tuple[str, Box]]]:
    """Collect what a file of boxes can hold out of annotations.

    Parameters
    ----------
    annotations
        Annotations. The boxes of all annotators are taken; merge them first where that is not wanted.
    images
        The images that the annotations are about.
    form
        Name of the format, for the warning.

    Returns
    -------
    dict
        Image id -> its objects as (label, box): the images in the order of `images`, the objects in that of
        `annotations`. An image that somebody found free of defects, and nobody called defective, has an empty
        list. Images of which only skips, labels without a box or refused boxes are known are left out.

    Raises
    ------
    ValueError
        If a column is missing, an image is not among `images`, or a present box has no label or only a part
        of its four numbers.

    Warns
    -----
    UserWarning
        If statements had to be left out: skips, labels of whole images, boxes said to hold nothing.
    """
    missing = [name for name in COLUMNS if name not in annotations.columns]
    if missing:
        raise ValueError(f"the annotations have no column {missing[0]!r}; make them with annotations_frame")
    boxes = annotations[list(BOX)].notna()
    boxed = boxes.all(axis=1)
    skip = annotations["present"].isna()
    yes = annotations["present"].fillna(value=False).astype(bool)
    for broken, why in (
        (~annotations["image"].isin(images.ids), "is about an image that is not among the images given"),
        (boxes.any(axis=1) & ~boxed, "has only a part of its box: x, y, width and height go together"),
        (yes & annotations["label"].isna(), "says that something is present but has no label"),
    ):
        if broken.any():
            first = annotations[broken].iloc[0]
            raise ValueError(f"the annotation at index {first.name} (image {first['image']!r}) {why}")
    whole = yes & ~boxed
    losses = {
        "skips": skip,
        "labels of whole images": whole,
        "boxes said to hold nothing": ~skip & ~yes & boxed,
    }
    _warn_of_losses({what: int(rows.sum()) for what, rows in losses.items()}, form)
    # an image with a label but no box shows something: without the label its file would say the opposite
    free = ~skip & ~yes & ~boxed & ~annotations["image"].isin(annotations.loc[whole, "image"])
    kept = set(annotations.loc[(yes & boxed) | free, "image"])
    objects: dict[str, list[tuple[str, Box]]] = {image: [] for image in images.ids if image in kept}
    for image, label, *box in annotations.loc[yes & boxed, ["image", "label", *BOX]].itertuples(index=False):
        x, y, width, height = (float(length) for length in box)
        objects[image].append((label, (x, y, width, height)))
    return objects


def classes_in(annotations: pd.DataFrame, classes: Iterable[str] | None) -> list[str]:
    """List the classes of annotations in the order in which a file numbers them.

    Parameters
    ----------
    annotations
        Annotations.
    classes
        The order that the caller wants; None for the sorted labels of `annotations`, also of those that are
        not present.

    Returns
    -------
    list of str
        The classes.

    Raises
    ------
    ValueError
        If there is no class, a class is given twice, or a label is not among `classes`.
    """
    labels = sorted(set(annotations["label"].dropna()))
    if classes is None:
        if not labels:
            raise ValueError("the annotations name no class; name the classes, as in classes=['crack']")
        return labels
    listed = list(classes)
    twice = [name for name in listed if listed.count(name) > 1]
    unknown = [label for label in labels if label not in listed]
    if twice:
        raise ValueError(f"class {twice[0]!r} is given twice")
    if unknown:
        raise ValueError(
            f"the label {unknown[0]!r} is not among the classes {', '.join(map(repr, listed))}; add it"
        )
    return listed


def _warn_of_losses(counts: Mapping[str, int], form: str) -> None:
    if any(counts.values()):
        listed = ", ".join(f"{what} ({count})" for what, count in counts.items() if count)
        warnings.warn(
            f"{form} holds boxes only, so some statements were left out: {listed}; "
            "write_csv keeps everything",
            UserWarning,
            stacklevel=4,
        )
