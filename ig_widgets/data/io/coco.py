"""COCO format: boxes of all images in one JSON file."""

from __future__ import annotations

import json
import warnings
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ig_widgets.data.io.image_names import ImageNames, report_unmatched
from ig_widgets.data.io.image_sizes import Size, reconcile_sizes
from ig_widgets.data.io.objects import Box, clip_box, collect_objects, list_classes, objects_to_annotations

if TYPE_CHECKING:
    from collections.abc import Iterable

    import pandas as pd

    from ig_widgets.data.images import ImageSet


def read_coco(
    file: str | Path, images: ImageSet | None = None, *, annotator: str = "coco", source: str = "coco"
) -> pd.DataFrame:
    """Read the boxes of a COCO file.

    Parameters
    ----------
    file
        JSON file with the lists ``images``, ``annotations`` and ``categories``
        (Lin et al. 2014, https://doi.org/10.1007/978-3-319-10602-1_48). Segmentations are not read.
    images
        The images that the file refers to. ``file_name`` is matched to their ids: as it is, without its
        suffix, then by the file name without folders. Each image is decoded once, to check the boxes against
        its size. Without `images`, ``file_name`` is the id, and the size is the one in the file, if any.
    annotator, source
        The columns of the same name.

    Returns
    -------
    DataFrame
        Annotations in pixels: one row per box, or, for an image without boxes, one row per category with
        ``present`` False. Images and boxes keep the order of the file.

    Raises
    ------
    ValueError
        If the file is not a COCO file, an id is missing, unknown or repeated, a box is invalid or extends
        beyond its image, the size in the file differs from that of the image, or the file refers to none of
        `images`.

    Warns
    -----
    UserWarning
        If crowd regions (``iscrowd`` 1: many objects in one box) or images that are not in `images` are left
        out.
    UnreadableImageWarning
        If images cannot be read; their boxes are checked against the size in the file only.
    """
    path = Path(file)
    content = _read_json(path)
    lists = {name: _get_list(content, name, path) for name in ("images", "annotations", "categories")}
    categories = _index_by_id(lists["categories"], "category", path)
    labels = {key: _get_text(entry, "name", f"category {key} of {path}") for key, entry in categories.items()}
    entries = _index_by_id(lists["images"], "image", path)
    ids = _match_images(entries, images, path)
    stated = {
        image: (f"the size of image {key!r} in {path}", _get_size(entries[key])) for key, image in ids.items()
    }
    sizes = reconcile_sizes(stated, images)
    objects: dict[str, list[tuple[str, Box]]] = {image: [] for image in ids.values()}
    crowds: list[Any] = []
    for number, entry in enumerate(lists["annotations"], start=1):
        where = f"annotation {number} of {path}"
        image_key = _get_reference(entry, "image_id", entries, where)
        category = _get_reference(entry, "category_id", labels, where)
        if image_key not in ids:
            continue
        if entry.get("iscrowd"):
            crowds.append(image_key)
        else:
            image = ids[image_key]
            objects[image].append((labels[category], _get_box(entry, sizes[image], where)))
    if crowds:
        warnings.warn(
            f"{len(crowds)} crowd regions of {path} are left out because they do not box single objects",
            UserWarning,
            stacklevel=2,
        )
    # an image with crowd regions only is not free of objects
    for key in crowds:
        if not objects.get(ids[key], True):
            del objects[ids[key]]
    return objects_to_annotations(objects, labels.values(), annotator=annotator, source=source)


def write_coco(
    annotations: pd.DataFrame, file: str | Path, images: ImageSet, *, classes: Iterable[str] | None = None
) -> None:
    """Write the annotated images and their boxes to a COCO file.

    Parameters
    ----------
    annotations
        Annotations. COCO files do not store annotators, so the boxes of all annotators are written. An image
        that an annotator found free of objects, and none found an object in, is listed without annotations.
    file
        JSON file to write; an existing file is replaced.
    images
        The images, for their sizes and their order. The id of an image is written as ``file_name``.
    classes
        The categories, numbered from 1. Default: the sorted labels of `annotations`.

    Raises
    ------
    ValueError
        If an annotated image is not in `images`, a box extends beyond its image, or a label is not in
        `classes`.

    Warns
    -----
    UserWarning
        If statements are left out because COCO files cannot store them: skips, labels of whole images and
        denied boxes.

    Notes
    -----
    `read_coco` returns exactly the same boxes.
    """
    objects = collect_objects(annotations, images, form="COCO")
    numbers = {label: number for number, label in enumerate(list_classes(annotations, classes), start=1)}
    entries: list[dict[str, Any]] = []
    boxes: list[dict[str, Any]] = []
    for image_number, (image, boxed) in enumerate(objects.items(), start=1):
        height, width = images[images.position(image)].shape[:2]
        entries.append({"id": image_number, "file_name": image, "width": int(width), "height": int(height)})
        for number, (label, box) in enumerate(boxed, start=1):
            inside = clip_box(box, (width, height), f"box {number} of image {image!r}")
            boxes.append(
                {
                    "id": len(boxes) + 1,
                    "image_id": image_number,
                    "category_id": numbers[label],
                    "bbox": [_shorten(length) for length in inside],
                    "area": _shorten(inside[2] * inside[3]),
                    "iscrowd": 0,
                }
            )
    categories = [{"id": number, "name": label} for label, number in numbers.items()]
    path = Path(file)
    path.parent.mkdir(parents=True, exist_ok=True)
    content = {"images": entries, "annotations": boxes, "categories": categories}
    path.write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")


def _read_json(path: Path) -> dict[str, Any]:
    try:
        content = json.loads(path.read_text(encoding="utf-8-sig"))
    except json.JSONDecodeError as error:
        raise ValueError(
            f"{path} is not valid JSON: line {error.lineno}, column {error.colno}: {error.msg}; check "
            "whether it is truncated"
        ) from error
    except (ValueError, RecursionError) as error:
        raise ValueError(f"{path} cannot be read as JSON in UTF-8: {error}") from error
    if not isinstance(content, dict):
        raise ValueError(  # noqa: TRY004  # the file is wrong, not the argument
            f"{path} is not a COCO file: its JSON is a {type(content).__name__}; give a file with an object"
        )
    return content


def _get_list(content: dict[str, Any], name: str, path: Path) -> list[dict[str, Any]]:
    entries = content.get(name)
    if not isinstance(entries, list) or not all(isinstance(entry, dict) for entry in entries):
        raise ValueError(f"{path} is not a COCO file of boxes: it must have a list of objects in {name!r}")
    return entries


def _index_by_id(entries: list[dict[str, Any]], what: str, path: Path) -> dict[int | str, dict[str, Any]]:
    indexed: dict[int | str, dict[str, Any]] = {}
    for number, entry in enumerate(entries, start=1):
        key = entry.get("id")
        if not isinstance(key, int | str) or key in indexed:
            raise ValueError(f"{what} {number} of {path} has the id {key!r}; it must have a unique number")
        indexed[key] = entry
    return indexed


def _match_images(
    entries: dict[int | str, dict[str, Any]], images: ImageSet | None, path: Path
) -> dict[int | str, str]:
    names = None if images is None else ImageNames(images.ids)
    ids: dict[int | str, str] = {}
    owners: dict[str, int | str] = {}
    strangers = []
    for key, entry in entries.items():
        name = _get_text(entry, "file_name", f"image {key} of {path}")
        image = name if names is None else names.find(name)
        if image is None:
            strangers.append(name)
        elif image in owners:
            raise ValueError(
                f"images {owners[image]!r} and {key!r} of {path} both have the name {image!r}; remove one"
            )
        else:
            ids[key] = image
            owners[image] = key
    report_unmatched(f"{len(strangers)} images of {path}", strangers, matched=bool(ids), stacklevel=4)
    return ids


def _get_text(entry: dict[str, Any], key: str, where: str) -> str:
    text = entry.get(key)
    if not isinstance(text, str) or not text:
        raise ValueError(f"{where} has {text!r} as {key!r}; it must be a non-empty string")
    return text


def _get_reference(entry: dict[str, Any], key: str, known: dict[int | str, Any], where: str) -> int | str:
    value = entry.get(key)
    if not isinstance(value, int | str) or value not in known:
        raise ValueError(f"{where} has the {key} {value!r}; it must be an id that the file defines")
    return value


def _get_size(image: dict[str, Any]) -> Size | None:
    width: Any = image.get("width")
    height: Any = image.get("height")
    known = all(_is_number(length) and length > 0 for length in (width, height))
    return (float(width), float(height)) if known else None


def _get_box(entry: dict[str, Any], size: Size | None, where: str) -> Box:
    box = entry.get("bbox")
    if not isinstance(box, list) or len(box) != 4 or not all(_is_number(length) for length in box):
        raise ValueError(f"{where} has the bbox {box!r}; it must be four numbers: x, y, width, height")
    return clip_box(box, size, where)


def _is_number(value: object) -> bool:
    # JSON allows integers that are too large for a float
    return isinstance(value, int | float) and not isinstance(value, bool) and not abs(value) > 10**300


def _shorten(length: float) -> float:
    return int(length) if length == int(length) else length
