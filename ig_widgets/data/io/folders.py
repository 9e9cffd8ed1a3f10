"""Class folders: writing of labeled images into one folder per class."""

from __future__ import annotations

import warnings
from functools import partial
from io import BytesIO
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from PIL import Image

from ig_widgets.data.decoding import EXTENSIONS
from ig_widgets.data.errors import ImageError, UnreadableImageWarning
from ig_widgets.data.io.portable_names import find_name_problem, fold_name, make_portable
from ig_widgets.data.label_text import label_text
from ig_widgets.data.prefetch import ahead

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

    from ig_widgets.data.images import ImageSet

_UNLABELED = "it has no label"
_ENDINGS = {  # by the first bytes, for files without the extension of an image format
    b"\xff\xd8": ".jpg",
    b"\x89P": ".png",
    b"BM": ".bmp",
    b"II": ".tif",
    b"MM": ".tif",
    b"RI": ".webp",
}


def write_folders(images: ImageSet, labels: ArrayLike, folder: str | Path) -> pd.DataFrame:
    """Write images into one folder per class, as training programs expect them.

    `ImageSet.from_folder` and `folder_labels` read the images and labels back, and so do the data sets of
    torchvision and Keras.

    Parameters
    ----------
    images
        n images. Each is decoded once, to make sure that it can be read.
    labels
        The label of each image, missing for unlabeled images: a Series (its index is ignored) or anything
        that can be converted to one. The text of a label is the name of its folder: 3 and 3.0 become "3".
    folder
        Folder to write to. It is created with its parents if it does not exist; otherwise it must be empty.

    Returns
    -------
    DataFrame of n rows
        ``image`` (the id), ``label`` (as text), ``file`` (relative to `folder` with forward slashes, which is
        the id that `ImageSet.from_folder` assigns; missing if the image was not written) and ``reason`` (why
        it was not written, missing otherwise).

    Raises
    ------
    FileExistsError
        If `folder` is not empty, or is a file.
    ValueError
        If the number of labels is not n, all labels are missing, or a label cannot be the name of a folder on
        every operating system.

    Warns
    -----
    UserWarning
        If images have no label; they are left out.
    UnreadableImageWarning
        If images cannot be read; they are left out.

    Notes
    -----
    Image files are copied byte for byte, metadata included; images in memory are written as PNG files. The
    name of a file is the part of the image id after the last slash, with the extension of the source file or
    ``.png``. If an earlier image of the class has the same name, ignoring case, "~2" (or "~3" …) is inserted
    before the extension. Characters that some operating system forbids become ``_``.

    Examples
    --------
    >>> from tempfile import TemporaryDirectory
    >>> from ig_widgets.data.images import ImageSet
    >>> images = ImageSet.from_arrays(np.zeros((2, 4, 6), np.uint8), ids=["x/1", "y/1"])
    >>> with TemporaryDirectory() as folder:
    ...     write_folders(images, ["cat", "cat"], folder)["file"].tolist()
    ['cat/1.png', 'cat/1~2.png']
    """
    classes = _name_folders(labels, len(images))
    root = _create_empty_folder(Path(folder))
    rows: list[int] = np.flatnonzero(classes.notna()).tolist()
    files: list[str | None] = [None] * len(images)
    reasons: list[str | None] = [_UNLABELED] * len(images)
    taken: dict[str, int] = {}
    for row, content in zip(rows, ahead(partial(_read_content, images), rows), strict=True):
        if isinstance(content, ImageError):
            reasons[row] = content.reason
            continue
        pixels, ending = content
        file = _choose_file(classes[row], images.ids[row], ending, taken)
        path = root / file
        path.parent.mkdir(exist_ok=True)
        with path.open("xb") as target:  # never overwrites a file or follows a link
            target.write(pixels)
        files[row], reasons[row] = file, None
    _warn_left_out(images.ids, reasons)
    return pd.DataFrame(
        {"image": list(images.ids), "label": classes, "file": files, "reason": reasons}
    ).astype("str")


def _name_folders(labels: ArrayLike, count: int) -> pd.Series[str]:
    """Return the name of the folder of each image, missing for unlabeled images."""
    given: pd.Series[Any] = pd.Series(labels).reset_index(drop=True)
    if len(given) != count:
        raise ValueError(f"there are {len(given)} labels for {count} images; give one label per image")
    codes, distinct = pd.factorize(given)
    if len(distinct) == 0:
        raise ValueError(f"none of the {count} images has a label; give at least one label")
    owners: dict[str, Any] = {}
    for value in list(distinct):
        text = label_text(value)
        problem = find_name_problem(text)
        if problem:
            raise ValueError(
                f"the label {text!r} cannot be the name of a folder because it {problem}; rename it, as in "
                "labels.replace({…})"
            )
        if fold_name(text) in owners:
            raise ValueError(
                f"the labels {owners[fold_name(text)]!r} and {value!r} would share a folder on systems that "
                "ignore case; rename one of them, as in labels.replace({…})"
            )
        owners[fold_name(text)] = value
    texts = [*map(label_text, owners.values()), None]
    return pd.Series([texts[code] for code in codes], dtype="str")  # -1, missing, is the last


def _create_empty_folder(folder: Path) -> Path:
    if folder.exists() and not folder.is_dir():
        raise FileExistsError(f"'{folder}' is a file; give a folder that does not exist yet")
    if folder.is_dir() and any(folder.iterdir()):
        raise FileExistsError(
            f"folder '{folder}' is not empty, and its files could be confused with these images; give a "
            "folder that does not exist yet, or empty this one"
        )
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def _read_content(images: ImageSet, row: int) -> tuple[bytes, str] | ImageError:
    """Return the bytes of an image file and its extension, or the error if the image cannot be read."""
    try:
        pixels = images[row]
    except ImageError as error:
        return error
    path = images.path(row)
    if path is None:
        buffer = BytesIO()
        Image.fromarray(pixels).save(buffer, "PNG")
        return buffer.getvalue(), ".png"
    try:
        content = path.read_bytes()
    except OSError as error:
        return ImageError(path, f"the operating system reports {error.strerror!r}; check the disk")
    is_known = path.suffix.lower() in EXTENSIONS
    return content, path.suffix if is_known else _ENDINGS.get(content[:2], "")


def _choose_file(label: str, image_id: str, ending: str, taken: dict[str, int]) -> str:
    """Choose a file name that is not taken yet, and record it as taken."""
    name = PurePosixPath(image_id).name
    file = f"{label}/{make_portable(name, ending)}"
    first = fold_name(file)
    while fold_name(file) in taken:
        taken[first] += 1
        file = f"{label}/{make_portable(name, ending, taken[first])}"
    taken[fold_name(file)] = 1
    return file


def _warn_left_out(ids: tuple[str, ...], reasons: list[str | None]) -> None:
    unlabeled = reasons.count(_UNLABELED)
    if unlabeled:
        warnings.warn(
            f"{unlabeled} of {len(ids)} images have no label and are left out; the first is "
            f"'{ids[reasons.index(_UNLABELED)]}'. The column 'reason' lists all of them",
            UserWarning,
            stacklevel=3,
        )
    unread = [row for row, reason in enumerate(reasons) if reason not in {None, _UNLABELED}]
    if unread:
        warnings.warn(
            f"{len(unread)} of {len(ids)} images cannot be read and are left out; the first is "
            f"'{ids[unread[0]]}': {reasons[unread[0]]}. The column 'reason' lists all of them",
            UnreadableImageWarning,
            stacklevel=3,
        )
