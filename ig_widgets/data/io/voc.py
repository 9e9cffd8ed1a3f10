"""Pascal VOC format: boxes in one XML file per image."""

from __future__ import annotations

import re
from decimal import Context, Decimal, InvalidOperation
from pathlib import Path
from typing import TYPE_CHECKING, Literal, TypeAlias
from xml.etree import ElementTree as ET

import defusedxml.ElementTree
from defusedxml.common import DefusedXmlException

from ig_widgets.data.io.image_names import ImageNames, choose_files, report_unmatched
from ig_widgets.data.io.image_sizes import Size, reconcile_sizes
from ig_widgets.data.io.objects import Box, clip_box, collect_objects, objects_to_annotations

if TYPE_CHECKING:
    from collections.abc import Iterable

    import pandas as pd

    from ig_widgets.data.images import ImageSet

Convention: TypeAlias = Literal["pascal", "exclusive"]

# decimal arithmetic, because boxes that are written as sums of floats could not be read back exactly
_EXACT = Context(prec=60)
_MAX_PIXELS = 10**9
_NOT_IN_XML = re.compile("[^\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def read_voc(
    where: str | Path | Iterable[str | Path],
    images: ImageSet | None = None,
    *,
    classes: Iterable[str] | None = None,
    convention: Convention = "pascal",
    annotator: str = "voc",
    source: str = "voc",
) -> pd.DataFrame:
    """Read Pascal VOC files.

    Parameters
    ----------
    where
        A folder that is searched for ``.xml`` files, with its subfolders; or one file; or several files.
    images
        The images that the files refer to. ``<filename>`` is matched to their ids: as it is, without its
        suffix, then by the file name without folders. Each image is decoded once, to check the boxes against
        its size. Without `images`, ``<filename>`` is the id and ``<size>`` the size.
    classes
        The classes that are absent from an image without ``<object>``. Default: the names of all objects in
        the files.
    convention
        Coordinates of the corners. "pascal": the first pixel is 1, and ``xmax`` is the last pixel inside, as
        in the devkit of Everingham et al. (2010), https://doi.org/10.1007/s11263-009-0275-4, and in NEU-DET
        (all of its 4189 boxes lie in 1 … 200 of 200 pixels). "exclusive": the first pixel is 0, and ``xmax``
        is the first pixel outside, as in many tools that use this file format.
    annotator, source
        The columns of the same name.

    Returns
    -------
    DataFrame
        Annotations in pixels: one row per object, or, for an image without objects, one row per class with
        ``present`` False. Files are in the order of their sorted paths, objects in the order of their file.

    Raises
    ------
    FileNotFoundError
        If there is no file.
    ValueError
        If a file is not a VOC file, an object has no name or an invalid box, a box extends beyond its image,
        ``<size>`` differs from the size of the image, two files refer to the same image, no file refers to
        one of `images`, or there are images without objects but no classes.

    Warns
    -----
    UserWarning
        If files refer to images that are not in `images`; they are left out.
    UnreadableImageWarning
        If images cannot be read; their boxes are checked against ``<size>`` only.
    """
    paths = _list_files(where)
    names = None if images is None else ImageNames(images.ids)
    objects: dict[str, list[tuple[str, Box]]] = {}
    stated: dict[str, tuple[str, Size | None]] = {}
    sources: dict[str, Path] = {}
    labels: set[str] = set()
    strangers = []
    for path in paths:
        name, size, boxed = _read_file(path, _first_pixel(convention))
        labels.update(label for label, _ in boxed)
        image = name if names is None else names.find(name)
        if image is None:
            strangers.append(name)
            continue
        if image in sources:
            raise ValueError(f"{sources[image]} and {path} both refer to image {image!r}; keep one of them")
        sources[image] = path
        stated[image] = (f"the size in {path}", size)
        objects[image] = boxed
    report_unmatched(
        f"{len(strangers)} of {len(paths)} VOC files", strangers, matched=bool(objects), stacklevel=3
    )
    sizes = reconcile_sizes(stated, images)
    inside = {
        image: [
            (label, clip_box(box, sizes[image], f"object {number} of {sources[image]}"))
            for number, (label, box) in enumerate(boxed, start=1)
        ]
        for image, boxed in objects.items()
    }
    return objects_to_annotations(
        inside, sorted(labels) if classes is None else classes, annotator=annotator, source=source
    )


def write_voc(
    annotations: pd.DataFrame, folder: str | Path, images: ImageSet, *, convention: Convention = "pascal"
) -> None:
    """Write Pascal VOC files, one per annotated image.

    Parameters
    ----------
    annotations
        Annotations. VOC files do not store annotators, so the boxes of all annotators are written. An image
        that an annotator found free of objects, and none found an object in, becomes a file without
        ``<object>``.
    folder
        Folder to write to; it is created if it does not exist. ``lid/a.png`` is written to ``lid/a.xml``,
        with the id as ``<filename>``. Existing files of the same name are replaced, others are kept.
    images
        The images, for their sizes.
    convention
        Coordinates of the corners, see `read_voc`. With the same convention, `read_voc` returns exactly the
        same boxes.

    Raises
    ------
    ValueError
        If an annotated image is not in `images`, a box extends beyond its image, an id is not a path inside a
        folder, two images would share a file, or a label has characters that XML cannot store.

    Warns
    -----
    UserWarning
        If statements are left out because VOC files cannot store them: skips, labels of whole images and
        denied boxes.
    """
    folder = Path(folder)
    offset = _first_pixel(convention)
    objects = collect_objects(annotations, images, form="Pascal VOC")
    # all trees first, so that an error occurs before anything is written
    trees = {image: _build_tree(image, boxed, images, offset) for image, boxed in objects.items()}
    for image, path in choose_files(folder, objects, ".xml").items():
        path.parent.mkdir(parents=True, exist_ok=True)
        trees[image].write(path, encoding="utf-8", xml_declaration=True)


def _first_pixel(convention: Convention) -> Decimal:
    if convention not in {"pascal", "exclusive"}:
        raise ValueError(f"convention is {convention!r}; it must be 'pascal' or 'exclusive'")
    return Decimal(1 if convention == "pascal" else 0)


def _list_files(where: str | Path | Iterable[str | Path]) -> list[Path]:
    if not isinstance(where, str | Path):
        paths = [Path(path) for path in where]
    elif Path(where).is_dir():
        paths = sorted(Path(where).rglob("*.xml"))
    else:
        paths = [Path(where)]
    if not paths:
        raise FileNotFoundError(f"there is no .xml file in {where}; give the folder of the VOC annotations")
    return paths


def _read_file(path: Path, offset: Decimal) -> tuple[str, Size | None, list[tuple[str, Box]]]:
    try:
        root = defusedxml.ElementTree.parse(path).getroot()
    except DefusedXmlException as error:
        raise ValueError(
            f"{path} defines XML entities, which are not read for safety; remove them from the file"
        ) from error
    except (ET.ParseError, ValueError, LookupError) as error:
        raise ValueError(
            f"{path} is not valid XML: {error}; check whether it is truncated or in another encoding"
        ) from error
    name = "" if root is None else (root.findtext("filename") or "").strip()
    if root is None or root.tag != "annotation" or not name:
        raise ValueError(f"{path} is not a VOC file: it must have a <filename> inside <annotation>")
    size = (
        (
            _parse_number(root, "size/width", f"the image of {path}"),
            _parse_number(root, "size/height", f"the image of {path}"),
        )
        if root.find("size") is not None
        else (Decimal(0), Decimal(0))
    )
    # some tools write 0 for an unknown size
    limits = (float(size[0]), float(size[1])) if min(size) > 0 else None
    objects = []
    for number, element in enumerate(root.findall("object"), start=1):
        where = f"object {number} of {path}"
        label = (element.findtext("name") or "").strip()
        if not label:
            raise ValueError(f"{where} has no <name>; add its label")
        x0, y0, x1, y1 = (
            _parse_number(element, f"bndbox/{end}", where) for end in ("xmin", "ymin", "xmax", "ymax")
        )
        if min(x0, y0) <= offset - 1:
            raise ValueError(
                f"{where} starts at ({x0}, {y0}) but the first pixel is ({offset}, {offset}); "
                "if the file counts pixels from 0, read it with convention='exclusive'"
            )
        width, height = (
            _EXACT.add(_EXACT.subtract(end, start), offset) for start, end in ((x0, x1), (y0, y1))
        )
        x, y = (_EXACT.subtract(start, offset) for start in (x0, y0))
        objects.append((label, (float(x), float(y), float(width), float(height))))
    return name, limits, objects


def _parse_number(element: ET.Element, tag: str, where: str) -> Decimal:
    text = element.findtext(tag)
    tags = f"<{tag.replace('/', '><')}>"
    if text is None:
        raise ValueError(f"{where} has no {tags}; add the number of pixels")
    try:
        number = Decimal(text.strip())
    except InvalidOperation:
        number = Decimal("NaN")
    if not number.is_finite() or number.copy_abs() > _MAX_PIXELS:
        raise ValueError(f"{where} has {text.strip()!r} as {tags}; it must be a number of pixels")
    return number


def _build_tree(
    image: str, objects: list[tuple[str, Box]], images: ImageSet, offset: Decimal
) -> ET.ElementTree[ET.Element]:
    shape = images[images.position(image)].shape
    root = ET.Element("annotation")
    _add_element(root, "filename", image)
    size = _add_element(root, "size")
    for tag, length in (
        ("width", shape[1]),
        ("height", shape[0]),
        ("depth", shape[2] if len(shape) == 3 else 1),
    ):
        _add_element(size, tag, str(length))
    _add_element(root, "segmented", "0")
    for number, (label, box) in enumerate(objects, start=1):
        x, y, width, height = (
            Decimal(repr(length))
            for length in clip_box(box, (shape[1], shape[0]), f"box {number} of image {image!r}")
        )
        element = _add_element(root, "object")
        _add_element(element, "name", label)
        for tag, text in (("pose", "Unspecified"), ("truncated", "0"), ("difficult", "0")):
            _add_element(element, tag, text)
        corners = _add_element(element, "bndbox")
        for tag, start, length in (
            ("xmin", x, None),
            ("ymin", y, None),
            ("xmax", x, width),
            ("ymax", y, height),
        ):
            # x + width is exclusive, so the last pixel inside is one less; counting from 1 adds one again
            end = _EXACT.add(start, offset) if length is None else _EXACT.add(start, length)
            _add_element(corners, tag, format(end.normalize(_EXACT), "f"))
    ET.indent(root)
    return ET.ElementTree(root)


def _add_element(parent: ET.Element, tag: str, text: str | None = None) -> ET.Element:
    if text is not None and (_NOT_IN_XML.search(text) or text != text.strip() or not text):
        raise ValueError(
            f"{text!r} cannot be written as the <{tag}> of a VOC file: XML cannot store empty text, control "
            "characters or leading and trailing spaces; change it, or use write_csv"
        )
    element = ET.SubElement(parent, tag)
    element.text = text
    return element
