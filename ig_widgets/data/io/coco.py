"""COCO: one JSON file for all images."""

from __future__ import annotations

import json
import warnings
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ig_widgets.data.io.image_names import ImageNames
from ig_widgets.data.io.image_sizes import Size, agreed_sizes
from ig_widgets.data.io.objects import Box, box_inside, classes_in, objects_by_image, statements

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
        The images that the file is about. ``file_name`` is matched to their ids: as it is, without its
        suffix, then by the file name without folders. Each is decoded once for its size, which boxes must
        not leave. Without `images`, ``file_name`` is the id and the size is that in the file, if any.
    annotator, source
        The columns of the same name.

    Returns
    -------
    DataFrame
        Annotations in pixels: one row per box; for an image without boxes, one row per category with
        ``present`` False. Images and boxes keep the order of the file.

    Raises
    ------
    ValueError
        If the file is no COCO file, an id is missing, unknown or given twice, a box is no proper box inside
        its image, the size in the file is not that of the image, or the file is about none of `images`.

    Warns
    -----
    UserWarning
        If there are crowd regions (``iscrowd`` 1: many objects in one box), which are left out, or images
        that are not among `images`.
    UnreadableImageWarning
        If images cannot be read; their boxes are checked against the size in the file alone.
    """
    path = Path(file)
    content = _json(path)
    listed = {name: _list(content, name, path) for name in ("images", "annotations", "categories")}
    categories = _by_id(listed["categories"], "category", path)
    labels = {key: _text(entry, "name", f"category {key} of {path}") for key, entry in categories.items()}
    entries = _by_id(listed["images"], "image", path)
    ids = _image_ids(entries, images, path)
    stated = {
        image: (f"the size of image {key!r} in {path}", _size(entries[key])) for key, image in ids.items()
    }
    sizes = agreed_sizes(stated, images)
    objects: dict[str, list[tuple[str, Box]]] = {image: [] for image in ids.values()}
    crowds: list[Any] = []
    for number, entry in enumerate(listed["annotations"], start=1):
        where = f"annotation {number} of {path}"
        image_key = _reference(entry, "image_id", entries, where)
        category = _reference(entry, "category_id", labels, where)
        if image_key not in ids:
            continue
        if entry.get("iscrowd"):
            crowds.append(image_key)
        else:
            image = ids[image_key]
            objects[image].append((labels[category], _box(entry, sizes[image], where)))
    if crowds:
        warnings.warn(
            f"{len(crowds)} crowd regions of {path} were left out: they are not boxes of single objects",
            UserWarning,
            stacklevel=2,
        )
    # an image of which only crowds are known is not free of objects
    for key in crowds:
        if not objects.get(ids[key], True):
            del objects[ids[key]]
    return statements(objects, labels.values(), annotator=annotator, source=source)


def write_coco(
    annotations: pd.DataFrame, file: str | Path, images: ImageSet, *, classes: Iterable[str] | None = None
) -> None:
    """Write a COCO file with the images that were looked at.

    Parameters
    ----------
    annotations
        Annotations. COCO files know boxes but no annotators: the boxes of all annotators are written. An
        image that somebody found free of defects, and nobody called defective, is listed without annotations.
    file
        JSON file to write; replaced where it exists.
    images
        The images, for their sizes and their order. An id is written as ``file_name``.
    classes
        The categories, numbered from 1. Default: the labels of `annotations`, sorted.

    Raises
    ------
    ValueError
        If an annotated image is not among `images`, a box leaves its image, or a label is not in `classes`.

    Warns
    -----
    UserWarning
        If statements were left out that COCO files cannot hold: skips, labels of whole images, boxes that
        hold nothing.

    Notes
    -----
    `read_coco` gives the same boxes back exactly.
    """
    objects = objects_by_image(annotations, images, form="COCO")
    numbers = {label: number for number, label in enumerate(classes_in(annotations, classes), start=1)}
    listed: list[dict[str, Any]] = []
    boxes: list[dict[str, Any]] = []
    for image_number, (image, found) in enumerate(objects.items(), start=1):
        height, width = images[images.position(image)].shape[:2]
        listed.append({"id": image_number, "file_name": image, "width": int(width), "height": int(height)})
        for number, (label, box) in enumerate(found, start=1):
            inside = box_inside(box, (width, height), f"box {number} of image {image!r}")
            boxes.append(
                {
                    "id": len(boxes) + 1,
                    "image_id": image_number,
                    "category_id": numbers[label],
                    "bbox": [_shortest(length) for length in inside],
                    "area": _shortest(inside[2] * inside[3]),
                    "iscrowd": 0,
                }
            )
    categories = [{"id": number, "name": label} for label, number in numbers.items()]
    path = Path(file)
    path.parent.mkdir(parents=True, exist_ok=True)
    content = {"images": listed, "annotations": boxes, "categories": categories}
    path.write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")


def _json(path: Path) -> dict[str, Any]:
    try:
        content = json.loads(path.read_text(encoding="utf-8-sig"))
    except json.JSONDecodeError as error:
        raise ValueError(
            f"{path} is no JSON: line {error.lineno}, column {error.colno}: {error.msg}; it may be cut off"
        ) from error
    except (ValueError, RecursionError) as error:
        raise ValueError(f"{path} cannot be read as JSON in UTF-8: {error}") from error
    if not isinstance(content, dict):
        raise ValueError(  # noqa: TRY004  # the file is wrong, not the argument
            f"{path} is no COCO file: its JSON is a {type(content).__name__}, not an object"
        )
    return content


def _list(content: dict[str, Any], name: str, path: Path) -> list[dict[str, Any]]:
    entries = content.get(name)
    if not isinstance(entries, list) or not all(isinstance(entry, dict) for entry in entries):
        raise ValueError(f"{path} is no COCO file for boxes: it needs a list of objects under {name!r}")
    return entries


def _by_id(entries: list[dict[str, Any]], what: str, path: Path) -> dict[int | str, dict[str, Any]]:
    found: dict[int | str, dict[str, Any]] = {}
    for number, entry in enumerate(entries, start=1):
        key = entry.get("id")
        if not isinstance(key, int | str) or key in found:
            raise ValueError(f"{what} {number} of {path} has the id {key!r}; it needs a number of its own")
        found[key] = entry
    return found


def _image_ids(
    entries: dict[int | str, dict[str, Any]], images: ImageSet | None, path: Path
) -> dict[int | str, str]:
    names = None if images is None else ImageNames(images.ids)
    ids: dict[int | str, str] = {}
    owners: dict[str, int | str] = {}
    strangers = []
    for key, entry in entries.items():
        name = _text(entry, "file_name", f"image {key} of {path}")
        image = name if names is None else names.find(name)
        if image is None:
            strangers.append(name)
        elif image in owners:
            raise ValueError(f"images {owners[image]!r} and {key!r} of {path} are both called {image!r}")
        else:
            ids[key] = image
            owners[image] = key
    if strangers:
        sentence = f"{len(strangers)} images of {path} are not in the set, such as {strangers[0]!r}"
        if not ids:
            raise ValueError(f"{sentence}; read the images from the folder that the annotations belong to")
        warnings.warn(f"{sentence}; they were left out", UserWarning, stacklevel=3)
    return ids


def _text(entry: dict[str, Any], key: str, where: str) -> str:
    text = entry.get(key)
    if not isinstance(text, str) or not text:
        raise ValueError(f"{where} has {text!r} as {key!r}; it needs a text")
    return text


def _reference(entry: dict[str, Any], key: str, known: dict[int | str, Any], where: str) -> int | str:
    value = entry.get(key)
    if not isinstance(value, int | str) or value not in known:
        raise ValueError(f"{where} has the {key} {value!r}, which the file does not define")
    return value


def _size(image: dict[str, Any]) -> Size | None:
    width: Any = image.get("width")
    height: Any = image.get("height")
    known = all(_is_number(length) and length > 0 for length in (width, height))
    return (float(width), float(height)) if known else None


def _box(entry: dict[str, Any], size: Size | None, where: str) -> Box:
    box = entry.get("bbox")
    if not isinstance(box, list) or len(box) != 4 or not all(_is_number(length) for length in box):
        raise ValueError(f"{where} has the bbox {box!r}; it needs four numbers: x, y, width, height")
    return box_inside(box, size, where)


def _is_number(value: object) -> bool:
    # JSON allows whole numbers that are too large for a float
    return isinstance(value, int | float) and not isinstance(value, bool) and not abs(value) > 10**300


def _shortest(length: float) -> float:
    return int(length) if length == int(length) else length
