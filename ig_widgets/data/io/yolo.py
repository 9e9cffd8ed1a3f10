"""YOLO: one text file per image, one line per box."""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import TYPE_CHECKING

import yaml

from ig_widgets.data.io.image_names import ImageNames, files_for
from ig_widgets.data.io.image_sizes import Size, image_sizes, report_left_out
from ig_widgets.data.io.objects import Box, box_inside, classes_in, objects_by_image, statements

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    import pandas as pd

    from ig_widgets.data.images import ImageSet


def read_yolo(
    folder: str | Path,
    images: ImageSet,
    *,
    classes: Sequence[str] | None = None,
    annotator: str = "yolo",
    source: str = "yolo",
) -> pd.DataFrame:
    """Read YOLO label files.

    Parameters
    ----------
    folder
        Folder of a data set with a sub-folder ``labels``, or the folder of the label files itself.
        Sub-folders are searched.
    images
        The images that the files are about, also for their sizes. ``train/a.txt`` belongs to the image
        ``train/a.png``, or else to the only image called ``a``.
    classes
        The names of the classes 0, 1, …. Default: ``names`` in the ``data.yaml`` beside the label files or
        in one of the two folders above, or else the lines of the ``classes.txt`` beside them.
    annotator, source
        The columns of the same name.

    Returns
    -------
    DataFrame
        Annotations in pixels, rounded to a millionth of a pixel: one row per line; for an image with an empty
        file, one row per class with ``present`` False. An image without a file gets no row. Images keep their
        order.

    Raises
    ------
    FileNotFoundError
        If the names of the classes cannot be found.
    ValueError
        If a line is no box of a known class inside the image (polygons and confidences are not read), two
        files belong to one image, there is a file for none of the images, or none of these can be read.

    Warns
    -----
    UserWarning
        If files belong to no image of the set; they are left out.
    UnreadableImageWarning
        If images whose files have boxes cannot be read; their files are left out.
    """
    folder = Path(folder)
    root = folder / "labels" if (folder / "labels").is_dir() else folder
    names = _class_names(root) if classes is None else list(classes)
    files = _label_files(root, images)
    objects = {image: _objects(files[image], names) for image in images.ids if image in files}
    sizes, problems = image_sizes(images, [image for image, found in objects.items() if found])
    report_left_out(problems, len(files), "label files")
    boxes = {
        image: [(label, _in_pixels(box, sizes[image], where)) for label, box, where in found]
        for image, found in objects.items()
        if image not in problems
    }
    return statements(boxes, names, annotator=annotator, source=source)


def write_yolo(
    annotations: pd.DataFrame, folder: str | Path, images: ImageSet, *, classes: Iterable[str] | None = None
) -> None:
    """Write YOLO label files, one per image that was looked at.

    Parameters
    ----------
    annotations
        Annotations. YOLO files know boxes but no annotators: the boxes of all annotators are written.
        An image that somebody found free of defects, and nobody called defective, becomes an empty file.
    folder
        Folder of the data set; made where absent. The boxes of ``lid/a.png`` go to ``labels/lid/a.txt``, the
        names of the classes to ``data.yaml``, to which a training program wants the paths of its images
        added. Files of the same name are replaced, others stay.
    images
        The images, for their sizes.
    classes
        The names of the classes 0, 1, …. Default: the labels of `annotations`, sorted.

    Raises
    ------
    ValueError
        If an annotated image is not among `images`, a box leaves its image, a label is not in `classes`, an
        id is no path inside a folder, or two images would share a file.

    Warns
    -----
    UserWarning
        If statements were left out that YOLO files cannot hold: skips, labels of whole images, boxes that
        hold nothing.

    Notes
    -----
    Numbers have all their digits, so that `read_yolo` gives boxes back exactly that are multiples of a
    millionth of a pixel.
    """
    folder = Path(folder)
    objects = objects_by_image(annotations, images, form="YOLO")
    names = classes_in(annotations, classes)
    numbers = {label: number for number, label in enumerate(names)}
    texts = {}
    for image, found in objects.items():
        height, width = images[images.position(image)].shape[:2]
        lines = []
        for number, (label, box) in enumerate(found, start=1):
            x, y, w, h = box_inside(box, (width, height), f"box {number} of image {image!r}")
            fractions = ((x + w / 2) / width, (y + h / 2) / height, w / width, h / height)
            lines.append(" ".join([str(numbers[label]), *(repr(float(fraction)) for fraction in fractions)]))
        texts[image] = "".join(f"{line}\n" for line in lines)
    files = files_for(folder / "labels", objects, ".txt")
    folder.mkdir(parents=True, exist_ok=True)
    for image, path in files.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(texts[image], encoding="utf-8")
    named = yaml.safe_dump({"nc": len(names), "names": names}, allow_unicode=True, sort_keys=False)
    (folder / "data.yaml").write_text(named, encoding="utf-8")


def _class_names(root: Path) -> list[str]:
    for path in (folder / "data.yaml" for folder in (root, *root.resolve().parents[:2])):
        if path.is_file():
            return _names_in_yaml(path)
    path = root / "classes.txt"
    if path.is_file():
        return [line.strip() for line in _text(path).splitlines() if line.strip()]
    raise FileNotFoundError(
        f"there is no data.yaml in or above {root} and no classes.txt in it; name the classes, as in "
        "read_yolo(…, classes=['crack'])"
    )


def _names_in_yaml(path: Path) -> list[str]:
    try:
        content = yaml.safe_load(_text(path))
    except (yaml.YAMLError, RecursionError) as error:
        raise ValueError(f"{path} is no YAML: {error}") from error
    names = content.get("names") if isinstance(content, dict) else None
    if isinstance(names, dict) and sorted(names, key=str) == sorted(range(len(names)), key=str):
        names = [names[number] for number in range(len(names))]
    if not isinstance(names, list) or not names:
        raise ValueError(
            f"{path} needs the names of the classes under 'names': a list, or 0: …, 1: … without gaps"
        )
    for number, name in enumerate(names):
        if isinstance(name, bool) or not isinstance(name, str | int):
            raise ValueError(  # noqa: TRY004  # the file is wrong, not the argument
                f"class {number} in {path} is {name!r} to YAML, not a name; put the name into quotes"
            )
    return [str(name) for name in names]


def _label_files(root: Path, images: ImageSet) -> dict[str, Path]:
    names = ImageNames(images.ids)
    files: dict[str, Path] = {}
    strangers = []
    no_labels = None if names.find("classes") else root / "classes.txt"
    paths = [path for path in sorted(root.rglob("*.txt")) if path != no_labels]
    for path in paths:
        image = names.find(path.relative_to(root).as_posix().removesuffix(".txt"))
        if image is None:
            strangers.append(path)
        elif image in files:
            raise ValueError(f"{files[image]} and {path} both belong to image {image!r}; keep one of them")
        else:
            files[image] = path
    if not files:
        raise ValueError(
            f"none of the {len(paths)} .txt files in {root} is named like one of the {len(images)} images"
        )
    if strangers:
        warnings.warn(
            f"{len(strangers)} of {len(paths)} label files belong to no image of the set, such as "
            f"{strangers[0]}; they were left out",
            UserWarning,
            stacklevel=3,
        )
    return files


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        raise ValueError(f"{path} is no text in UTF-8: {error}") from error


def _objects(path: Path, names: list[str]) -> list[tuple[str, Box, str]]:
    """Read label, box in fractions of the image (center and sides) and the name of each line."""
    objects = []
    for number, line in enumerate(_text(path).splitlines(), start=1):
        if line.strip():
            where = f"line {number} of {path}"
            objects.append((*_object(line.split(), names, where), where))
    return objects


def _object(words: list[str], names: list[str], where: str) -> tuple[str, Box]:
    if len(words) != 5:
        raise ValueError(
            f"{where} has {len(words)} numbers; a box has five: class, center x, center y, width, height"
        )
    try:
        number, (x, y, width, height) = int(words[0]), (float(word) for word in words[1:])
    except ValueError:
        raise ValueError(
            f"{where} is {' '.join(words)!r}; it needs the whole number of a class and four numbers"
        ) from None
    if not 0 <= number < len(names):
        raise ValueError(f"{where} is of class {number} but there are the classes 0 to {len(names) - 1}")
    if not all(0 <= fraction <= 1 for fraction in (x, y, width, height)):
        raise ValueError(
            f"{where} has {' '.join(words[1:])} as box; all must be fractions of the image, from 0 to 1"
        )
    return names[number], (x, y, width, height)


def _in_pixels(fractions: Box, size: Size, where: str) -> Box:
    x, y, width, height = fractions
    pixels = ((x - width / 2) * size[0], (y - height / 2) * size[1], width * size[0], height * size[1])
    # the digits behind are those of the division, not of the box; adding 0 makes -0 plain
    return box_inside((round(length, 6) + 0.0 for length in pixels), size, where)
