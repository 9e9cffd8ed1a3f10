"""YOLO format: boxes in one text file per image, one per line."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import yaml

from ig_widgets.data.io.image_names import ImageNames, choose_files, report_unmatched
from ig_widgets.data.io.image_sizes import Size, measure_images, warn_left_out
from ig_widgets.data.io.objects import Box, clip_box, collect_objects, list_classes, objects_to_annotations

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
        Folder of a data set with a subfolder ``labels``, or the folder of the label files itself. Subfolders
        are searched.
    images
        The images that the files refer to, and their sizes. ``train/a.txt`` belongs to the image
        ``train/a.png``, or else to the only image named ``a``.
    classes
        The names of the classes 0, 1, …. Default: ``names`` in the ``data.yaml`` beside the label files or
        in one of the two parent folders, or else the lines of the ``classes.txt`` beside them.
    annotator, source
        The columns of the same name.

    Returns
    -------
    DataFrame
        Annotations in pixels, rounded to a millionth of a pixel: one row per line, or, for an image with an
        empty file, one row per class with ``present`` False. An image without a file gets no row. Images keep
        their order.

    Raises
    ------
    FileNotFoundError
        If the names of the classes cannot be found.
    ValueError
        If a line is not a box of a known class inside the image (polygons and confidences are not supported),
        two files belong to one image, no file belongs to an image, or none of these images can be read.

    Warns
    -----
    UserWarning
        If files match no image of the set; they are left out.
    UnreadableImageWarning
        If images with boxes cannot be read; their files are left out.
    """
    folder = Path(folder)
    root = folder / "labels" if (folder / "labels").is_dir() else folder
    names = _read_class_names(root) if classes is None else list(classes)
    files = _find_label_files(root, images)
    objects = {image: _read_objects(files[image], names) for image in images.ids if image in files}
    sizes, problems = measure_images(images, [image for image, boxed in objects.items() if boxed])
    warn_left_out(problems, len(files), "label files")
    boxes = {
        image: [(label, _to_pixels(box, sizes[image], where)) for label, box, where in boxed]
        for image, boxed in objects.items()
        if image not in problems
    }
    return objects_to_annotations(boxes, names, annotator=annotator, source=source)


def write_yolo(
    annotations: pd.DataFrame, folder: str | Path, images: ImageSet, *, classes: Iterable[str] | None = None
) -> None:
    """Write YOLO label files, one per annotated image.

    Parameters
    ----------
    annotations
        Annotations. YOLO files do not store annotators, so the boxes of all annotators are written. An image
        that an annotator found free of objects, and none found an object in, becomes an empty file.
    folder
        Folder of the data set; it is created if it does not exist. The boxes of ``lid/a.png`` are written to
        ``labels/lid/a.txt`` and the names of the classes to ``data.yaml``, to which training programs need
        the paths of the images added. Existing files of the same name are replaced, others are kept.
    images
        The images, for their sizes.
    classes
        The names of the classes 0, 1, …. Default: the sorted labels of `annotations`.

    Raises
    ------
    ValueError
        If an annotated image is not in `images`, a box extends beyond its image, a label is not in `classes`,
        an id is not a path inside a folder, or two images would share a file.

    Warns
    -----
    UserWarning
        If statements are left out because YOLO files cannot store them: skips, labels of whole images and
        denied boxes.

    Notes
    -----
    Numbers are written with all digits, so `read_yolo` returns exactly the same boxes if they are multiples
    of a millionth of a pixel.
    """
    folder = Path(folder)
    objects = collect_objects(annotations, images, form="YOLO")
    names = list_classes(annotations, classes)
    numbers = {label: number for number, label in enumerate(names)}
    texts = {}
    for image, boxed in objects.items():
        height, width = images[images.position(image)].shape[:2]
        lines = []
        for number, (label, box) in enumerate(boxed, start=1):
            x, y, w, h = clip_box(box, (width, height), f"box {number} of image {image!r}")
            fractions = ((x + w / 2) / width, (y + h / 2) / height, w / width, h / height)
            lines.append(" ".join([str(numbers[label]), *(repr(float(fraction)) for fraction in fractions)]))
        texts[image] = "".join(f"{line}\n" for line in lines)
    files = choose_files(folder / "labels", objects, ".txt")
    folder.mkdir(parents=True, exist_ok=True)
    for image, path in files.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(texts[image], encoding="utf-8")
    data = yaml.safe_dump({"nc": len(names), "names": names}, allow_unicode=True, sort_keys=False)
    (folder / "data.yaml").write_text(data, encoding="utf-8")


def _read_class_names(root: Path) -> list[str]:
    for path in (folder / "data.yaml" for folder in (root, *root.resolve().parents[:2])):
        if path.is_file():
            return _read_yaml_names(path)
    path = root / "classes.txt"
    if path.is_file():
        return [line.strip() for line in _read_text(path).splitlines() if line.strip()]
    raise FileNotFoundError(
        f"there is no data.yaml in or above {root} and no classes.txt in it; give the names of the classes, "
        "as in read_yolo(…, classes=['crack'])"
    )


def _read_yaml_names(path: Path) -> list[str]:
    try:
        content = yaml.safe_load(_read_text(path))
    except (yaml.YAMLError, RecursionError) as error:
        raise ValueError(f"{path} is not valid YAML: {error}; correct it, or give classes") from error
    names = content.get("names") if isinstance(content, dict) else None
    if isinstance(names, dict) and sorted(names, key=str) == sorted(range(len(names)), key=str):
        names = [names[number] for number in range(len(names))]
    if not isinstance(names, list) or not names:
        raise ValueError(
            f"{path} lacks the names of the classes; add them under 'names', as a list or as 0: …, 1: … "
            "without gaps"
        )
    for number, name in enumerate(names):
        if isinstance(name, bool) or not isinstance(name, str | int):
            raise ValueError(  # noqa: TRY004  # the file is wrong, not the argument
                f"class {number} in {path} is the YAML value {name!r}, not a name; put the name in quotes"
            )
    return [str(name) for name in names]


def _find_label_files(root: Path, images: ImageSet) -> dict[str, Path]:
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
            f"none of the {len(paths)} .txt files in {root} has the name of one of the {len(images)} images; "
            "create the ImageSet from the folder that the label files belong to"
        )
    report_unmatched(f"{len(strangers)} of {len(paths)} label files", strangers, matched=True, stacklevel=4)
    return files


def _read_text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        raise ValueError(f"{path} is not UTF-8 text: {error}; save it as UTF-8") from error


def _read_objects(path: Path, names: list[str]) -> list[tuple[str, Box, str]]:
    """Read the label, the box in fractions of the image (center and sides) and the name of each line."""
    objects = []
    for number, line in enumerate(_read_text(path).splitlines(), start=1):
        if line.strip():
            where = f"line {number} of {path}"
            objects.append((*_parse_object(line.split(), names, where), where))
    return objects


def _parse_object(words: list[str], names: list[str], where: str) -> tuple[str, Box]:
    if len(words) != 5:
        raise ValueError(
            f"{where} has {len(words)} numbers; it must have five: class, center x, center y, width, height"
        )
    try:
        number, (x, y, width, height) = int(words[0]), (float(word) for word in words[1:])
    except ValueError:
        raise ValueError(
            f"{where} is {' '.join(words)!r}; it must be the integer of a class and four numbers"
        ) from None
    if not 0 <= number < len(names):
        raise ValueError(f"{where} has class {number}; it must be one of the classes 0 to {len(names) - 1}")
    if not all(0 <= fraction <= 1 for fraction in (x, y, width, height)):
        raise ValueError(
            f"{where} has the box {' '.join(words[1:])}; all numbers must be fractions of the image, from 0 "
            "to 1"
        )
    return names[number], (x, y, width, height)


def _to_pixels(fractions: Box, size: Size, where: str) -> Box:
    x, y, width, height = fractions
    pixels = ((x - width / 2) * size[0], (y - height / 2) * size[1], width * size[0], height * size[1])
    # further digits come from the division, not from the box; adding 0.0 turns -0.0 into 0.0
    return clip_box((round(length, 6) + 0.0 for length in pixels), size, where)
