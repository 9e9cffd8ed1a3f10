"""Conversion between annotations and boxed objects per image, the content of VOC, COCO and YOLO files."""

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


def clip_box(box: Iterable[float], size: tuple[float, float] | None, where: str) -> Box:
    """Check that a box has an area and lies inside its image, and clip rounding errors.

    Parameters
    ----------
    box
        x, y, width, height in pixels.
    size
        Width and height of the image in pixels; None if unknown.
    where
        The subject of error messages, such as ``"object 2 of 'a.xml'"``.

    Returns
    -------
    tuple of float
        The box, clipped to the image. It may extend beyond the image by less than one pixel, since the tools
        that write boxes round them.

    Raises
    ------
    ValueError
        If a number is not finite, a side is not positive, or the box extends beyond the image by a pixel or
        more.

    Examples
    --------
    >>> clip_box((10, 20, 30.004, 5), (40, 100), "object 1 of 'a.xml'")
    (10.0, 20.0, 30.0, 5.0)
    """
    x, y, width, height = (float(number) for number in box)
    if not np.isfinite([x, y, width, height]).all():
        raise ValueError(f"{where} has the box {(x, y, width, height)}; all four numbers must be finite")
    if width <= 0 or height <= 0:
        raise ValueError(f"{where} is {width:g} wide and {height:g} high; both must be positive")
    x, width = _clip_side(x, width, None if size is None else size[0], where, ("x", "wide"))
    y, height = _clip_side(y, height, None if size is None else size[1], where, ("y", "high"))
    return x, y, width, height


def _clip_side(
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


def objects_to_annotations(
    objects: Mapping[str, Sequence[tuple[str, Box]]], classes: Iterable[str], *, annotator: str, source: str
) -> pd.DataFrame:
    """Convert the objects of each image to annotations.

    Parameters
    ----------
    objects
        Image id -> its objects as (label, box); an empty list for an annotated image without objects.
    classes
        The classes that are absent from an image without objects.
    annotator, source
        The columns of the same name.

    Returns
    -------
    DataFrame
        Annotations: one row per object, or, for an image without objects, one row per class with ``present``
        False.

    Raises
    ------
    ValueError
        If there are images without objects but no classes.
    """
    absent = [(label, None) for label in classes]
    if not absent and not all(objects.values()):
        raise ValueError(
            "no classes are given, so images without objects cannot be annotated; name the classes, as in "
            "classes=['crack'] (in a COCO file: its categories)"
        )
    origin = {"annotator": annotator, "source": source}
    return annotations_frame(
        {"image": image, "label": label, "present": box is not None, **origin}
        | ({} if box is None else dict(zip(BOX, box, strict=True)))
        for image, present in objects.items()
        for label, box in (present or absent)
    )


def collect_objects(
    annotations: pd.DataFrame, images: ImageSet, *, form: str
) -> dict[str, list[tuple[str, Box]]]:
    """Collect the objects in annotations, which is all that a file of boxes can store.

    Parameters
    ----------
    annotations
        Annotations. The boxes of all annotators are collected; to avoid duplicates, merge them first.
    images
        The images that the annotations refer to.
    form
        Name of the file format, for the warning.

    Returns
    -------
    dict
        Image id -> its objects as (label, box): images in the order of `images`, objects in the order of
        `annotations`. An image that an annotator found free of objects, and none found an object in, has an
        empty list. Images with nothing but skips, labels without a box or denied boxes are left out.

    Raises
    ------
    ValueError
        If a column is missing, an image is not in `images`, a box is incomplete, or something is present
        without a label.

    Warns
    -----
    UserWarning
        If statements are left out: skips, labels of whole images and denied boxes.
    """
    missing = [name for name in COLUMNS if name not in annotations.columns]
    if missing:
        raise ValueError(
            f"the annotations lack the column {missing[0]!r}; create them with annotations_frame"
        )
    boxes = annotations[list(BOX)].notna()
    boxed = boxes.all(axis=1)
    skip = annotations["present"].isna()
    yes = annotations["present"].fillna(value=False).astype(bool)
    for broken, problem in (
        (~annotations["image"].isin(images.ids), "refers to an image that is not in images; add the image"),
        (boxes.any(axis=1) & ~boxed, "has an incomplete box; give all of x, y, width and height"),
        (yes & annotations["label"].isna(), "is present but has no label; give the label"),
    ):
        if broken.any():
            first = annotations[broken].iloc[0]
            raise ValueError(f"the annotation at index {first.name} (image {first['image']!r}) {problem}")
    whole = yes & ~boxed
    losses = {
        "skips": skip,
        "labels of whole images": whole,
        "denied boxes": ~skip & ~yes & boxed,
    }
    _warn_about_losses({what: int(rows.sum()) for what, rows in losses.items()}, form)
    # an image with a label but no box is not free of objects: without the label its file would say so
    free = ~skip & ~yes & ~boxed & ~annotations["image"].isin(annotations.loc[whole, "image"])
    kept = set(annotations.loc[(yes & boxed) | free, "image"])
    objects: dict[str, list[tuple[str, Box]]] = {image: [] for image in images.ids if image in kept}
    for image, label, *box in annotations.loc[yes & boxed, ["image", "label", *BOX]].itertuples(index=False):
        x, y, width, height = (float(length) for length in box)
        objects[image].append((label, (x, y, width, height)))
    return objects


def list_classes(annotations: pd.DataFrame, classes: Iterable[str] | None) -> list[str]:
    """List the classes of annotations in the order in which a file numbers them.

    Parameters
    ----------
    annotations
        Annotations.
    classes
        The classes in the desired order; None for the sorted labels of `annotations`, absent ones included.

    Returns
    -------
    list of str
        The classes.

    Raises
    ------
    ValueError
        If there are no classes, a class is given twice, or a label is not in `classes`.
    """
    labels = sorted(set(annotations["label"].dropna()))
    if classes is None:
        if not labels:
            raise ValueError("the annotations have no labels; name the classes, as in classes=['crack']")
        return labels
    names = list(classes)
    twice = [name for name in names if names.count(name) > 1]
    unknown = [label for label in labels if label not in names]
    if twice:
        raise ValueError(f"class {twice[0]!r} is given twice; give each class once")
    if unknown:
        raise ValueError(f"the label {unknown[0]!r} is not in classes {', '.join(map(repr, names))}; add it")
    return names


def _warn_about_losses(counts: Mapping[str, int], form: str) -> None:
    if any(counts.values()):
        losses = ", ".join(f"{what} ({count})" for what, count in counts.items() if count)
        warnings.warn(
            f"{form} files store boxes only, so some statements are left out: {losses}; "
            "write_csv keeps everything",
            UserWarning,
            stacklevel=4,
        )
