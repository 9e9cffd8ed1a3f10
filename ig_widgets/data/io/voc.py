"""Pascal VOC: one XML file per image."""

from __future__ import annotations

import re
import warnings
from decimal import Context, Decimal, InvalidOperation
from pathlib import Path
from typing import TYPE_CHECKING, Literal, TypeAlias
from xml.etree import ElementTree as ET

import defusedxml.ElementTree
from defusedxml.common import DefusedXmlException

from ig_widgets.data.io.image_names import ImageNames, files_for
from ig_widgets.data.io.image_sizes import Size, agreed_sizes
from ig_widgets.data.io.objects import Box, box_inside, objects_by_image, statements

if TYPE_CHECKING:
    from collections.abc import Iterable

    import pandas as pd

    from ig_widgets.data.images import ImageSet

Convention: TypeAlias = Literal["pascal", "exclusive"]

# sums of decimal numbers, where sums of floats would not come back exactly
_EXACT = Context(prec=60)
_MOST_PIXELS = 10**9
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
        A folder, searched for ``.xml`` files with its sub-folders; or one file; or several files.
    images
        The images that the files are about. ``<filename>`` is matched to their ids: as it is, without its
        suffix, then by the file name without folders. Each is decoded once for its size, which boxes must
        not leave. Without `images`, ``<filename>`` is the id and ``<size>`` the size.
    classes
        What an image without ``<object>`` is said not to show. Default: the names of all objects in the
        files.
    convention
        What the corners mean. "pascal": the first pixel is 1, and ``xmax`` is the last pixel inside, as in
        the devkit of Everingham et al. (2010), https://doi.org/10.1007/s11263-009-0275-4, and as in NEU-DET
        (all of its 4189 boxes lie in 1 … 200 of 200 pixels). "exclusive": the first pixel is 0, and ``xmax``
        is the first pixel outside, as in many tools that use the same file format.
    annotator, source
        The columns of the same name.

    Returns
    -------
    DataFrame
        Annotations in pixels: one row per object; for an image without objects, one row per class with
        ``present`` False. Objects keep the order of their files, files that of their sorted paths.

    Raises
    ------
    FileNotFoundError
        If there is no file.
    ValueError
        If a file is no VOC file, an object has no name or no proper box inside the image, ``<size>`` is not
        the size of the image, two files are about the same image, none is about one of `images`, or no class
        is known.

    Warns
    -----
    UserWarning
        If files are about images that are not among `images`; they are left out.
    UnreadableImageWarning
        If images cannot be read; their boxes are checked against ``<size>`` alone.
    """
    paths = _paths(where)
    names = None if images is None else ImageNames(images.ids)
    objects: dict[str, list[tuple[str, Box]]] = {}
    stated: dict[str, tuple[str, Size | None]] = {}
    sources: dict[str, Path] = {}
    labels: set[str] = set()
    strangers = []
    for path in paths:
        name, size, found = _read_file(path, _offset(convention))
        labels.update(label for label, _ in found)
        image = name if names is None else names.find(name)
        if image is None:
            strangers.append(name)
            continue
        if image in sources:
            raise ValueError(f"{sources[image]} and {path} are both about image {image!r}; keep one of them")
        sources[image] = path
        stated[image] = (f"the size in {path}", size)
        objects[image] = found
    if strangers:
        sentence = (
            f"{len(strangers)} of {len(paths)} VOC files are about images that are not in the set, "
            f"such as {strangers[0]!r}"
        )
        if not objects:
            raise ValueError(f"{sentence}; read the images from the folder that the annotations belong to")
        warnings.warn(f"{sentence}; they were left out", UserWarning, stacklevel=2)
    sizes = agreed_sizes(stated, images)
    inside = {
        image: [
            (label, box_inside(box, sizes[image], f"object {number} of {sources[image]}"))
            for number, (label, box) in enumerate(found, start=1)
        ]
        for image, found in objects.items()
    }
    return statements(
        inside, sorted(labels) if classes is None else classes, annotator=annotator, source=source
    )


def write_voc(
    annotations: pd.DataFrame, folder: str | Path, images: ImageSet, *, convention: Convention = "pascal"
) -> None:
    """Write Pascal VOC files, one per image that was looked at.

    Parameters
    ----------
    annotations
        Annotations. VOC files know boxes but no annotators: the boxes of all annotators are written. An image
        that somebody found free of defects, and nobody called defective, becomes a file without ``<object>``.
    folder
        Folder to write to; made where absent. ``lid/a.png`` goes to ``lid/a.xml``, with the id as
        ``<filename>``. Files of the same name are replaced, others stay.
    images
        The images, for their sizes.
    convention
        What the corners mean: see `read_voc`. `read_voc` with the same convention gives the same boxes back
        exactly.

    Raises
    ------
    ValueError
        If an annotated image is not among `images`, a box leaves its image, an id is no path inside a
        folder, two images would share a file, or a label holds characters that XML cannot.

    Warns
    -----
    UserWarning
        If statements were left out that VOC files cannot hold: skips, labels of whole images, boxes that
        hold nothing.
    """
    folder = Path(folder)
    offset = _offset(convention)
    objects = objects_by_image(annotations, images, form="Pascal VOC")
    # all trees first: what cannot be written is found before anything is
    trees = {image: _tree(image, found, images, offset) for image, found in objects.items()}
    for image, path in files_for(folder, objects, ".xml").items():
        path.parent.mkdir(parents=True, exist_ok=True)
        trees[image].write(path, encoding="utf-8", xml_declaration=True)


def _offset(convention: Convention) -> Decimal:
    if convention not in {"pascal", "exclusive"}:
        raise ValueError(f"convention is {convention!r}; it must be 'pascal' or 'exclusive'")
    return Decimal(1 if convention == "pascal" else 0)


def _paths(where: str | Path | Iterable[str | Path]) -> list[Path]:
    if not isinstance(where, str | Path):
        paths = [Path(path) for path in where]
    elif Path(where).is_dir():
        paths = sorted(Path(where).rglob("*.xml"))
    else:
        paths = [Path(where)]
    if not paths:
        raise FileNotFoundError(f"there is no .xml file in {where}; name the folder of the VOC annotations")
    return paths


def _read_file(path: Path, offset: Decimal) -> tuple[str, Size | None, list[tuple[str, Box]]]:
    try:
        root = defusedxml.ElementTree.parse(path).getroot()
    except DefusedXmlException as error:
        raise ValueError(
            f"{path} defines XML entities, which annotations never need; it was not read"
        ) from error
    except (ET.ParseError, ValueError, LookupError) as error:
        raise ValueError(
            f"{path} is no readable XML: {error}; it may be cut off or in another encoding"
        ) from error
    name = "" if root is None else (root.findtext("filename") or "").strip()
    if root is None or root.tag != "annotation" or not name:
        raise ValueError(f"{path} is no VOC file: it needs <annotation> around a <filename>")
    size = (
        (
            _number(root, "size/width", f"the image of {path}"),
            _number(root, "size/height", f"the image of {path}"),
        )
        if root.find("size") is not None
        else (Decimal(0), Decimal(0))
    )
    # some tools write a size of 0 when they do not know it
    limits = (float(size[0]), float(size[1])) if min(size) > 0 else None
    found = []
    for number, element in enumerate(root.findall("object"), start=1):
        where = f"object {number} of {path}"
        label = (element.findtext("name") or "").strip()
        if not label:
            raise ValueError(f"{where} has no <name>")
        x0, y0, x1, y1 = (
            _number(element, f"bndbox/{end}", where) for end in ("xmin", "ymin", "xmax", "ymax")
        )
        if min(x0, y0) <= offset - 1:
            raise ValueError(
                f"{where} starts at ({x0}, {y0}) but the first pixel is ({offset}, {offset}); "
                "if the writer of the file counts pixels from 0, read it with convention='exclusive'"
            )
        width, height = (
            _EXACT.add(_EXACT.subtract(end, start), offset) for start, end in ((x0, x1), (y0, y1))
        )
        x, y = (_EXACT.subtract(start, offset) for start in (x0, y0))
        found.append((label, (float(x), float(y), float(width), float(height))))
    return name, limits, found


def _number(element: ET.Element, tag: str, where: str) -> Decimal:
    text = element.findtext(tag)
    tags = f"<{tag.replace('/', '><')}>"
    if text is None:
        raise ValueError(f"{where} has no {tags}")
    try:
        number = Decimal(text.strip())
    except InvalidOperation:
        number = Decimal("NaN")
    if not number.is_finite() or number.copy_abs() > _MOST_PIXELS:
        raise ValueError(f"{where} has {text.strip()!r} as {tags}, which is no number of pixels")
    return number


def _tree(
    image: str, objects: list[tuple[str, Box]], images: ImageSet, offset: Decimal
) -> ET.ElementTree[ET.Element]:
    shape = images[images.position(image)].shape
    root = ET.Element("annotation")
    _add(root, "filename", image)
    size = _add(root, "size")
    for tag, length in (
        ("width", shape[1]),
        ("height", shape[0]),
        ("depth", shape[2] if len(shape) == 3 else 1),
    ):
        _add(size, tag, str(length))
    _add(root, "segmented", "0")
    for number, (label, box) in enumerate(objects, start=1):
        x, y, width, height = (
            Decimal(repr(length))
            for length in box_inside(box, (shape[1], shape[0]), f"box {number} of image {image!r}")
        )
        element = _add(root, "object")
        _add(element, "name", label)
        for tag, text in (("pose", "Unspecified"), ("truncated", "0"), ("difficult", "0")):
            _add(element, tag, text)
        corners = _add(element, "bndbox")
        for tag, start, length in (
            ("xmin", x, None),
            ("ymin", y, None),
            ("xmax", x, width),
            ("ymax", y, height),
        ):
            # x + width is exclusive: the last pixel inside is one less, and counted from 1 the same again
            end = _EXACT.add(start, offset) if length is None else _EXACT.add(start, length)
            _add(corners, tag, format(end.normalize(_EXACT), "f"))
    ET.indent(root)
    return ET.ElementTree(root)


def _add(parent: ET.Element, tag: str, text: str | None = None) -> ET.Element:
    if text is not None and (_NOT_IN_XML.search(text) or text != text.strip() or not text):
        raise ValueError(
            f"{text!r} cannot be written as the <{tag}> of a VOC file: XML carries no empty text, control "
            "characters or blanks at the ends; change it, or use write_csv"
        )
    element = ET.SubElement(parent, tag)
    element.text = text
    return element
