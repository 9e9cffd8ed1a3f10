"""Folders: one for each class, with the images of the class in it."""

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
from ig_widgets.data.io.portable_names import name_problem, portable_name, same_name
from ig_widgets.data.label_text import label_text
from ig_widgets.data.prefetch import ahead

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

    from ig_widgets.data.images import ImageSet

_UNLABELED = "it has no label"
_ENDINGS = {  # by the first bytes, for files whose names do not tell what they are
    b"\xff\xd8": ".jpg",
    b"\x89P": ".png",
    b"BM": ".bmp",
    b"II": ".tif",
    b"MM": ".tif",
    b"RI": ".webp",
}


def write_folders(images: ImageSet, labels: ArrayLike, folder: str | Path) -> pd.DataFrame:
    """Write images into one folder for each class, as training programs read them.

    `ImageSet.from_folder` and `folder_labels` read images and labels back, and so do the data sets of
    torchvision and Keras.

    Parameters
    ----------
    images
        n images. Every one is decoded once, to be sure that it can be read.
    labels
        The label of each image, missing where it has none: a Series, whose index plays no part, or anything
        that makes one. What they are called are the names of the folders: 3 and 3.0 are "3".
    folder
        Folder to write to; made where absent, with the folders above it. If it is there it must be empty.

    Returns
    -------
    DataFrame of n rows
        ``image`` (the id), ``label`` (as text), ``file`` (relative to `folder` with forward slashes: the id
        that `ImageSet.from_folder` will give it; missing where none was written) and ``reason`` (why none
        was written, missing otherwise).

    Raises
    ------
    FileExistsError
        If `folder` is not empty, or is a file.
    ValueError
        If there is not one label for each image, none has a label, or a label cannot be the name of a folder
        on every system.

    Warns
    -----
    UserWarning
        If images have no label; they are left out.
    UnreadableImageWarning
        If images cannot be read; they are left out.

    Notes
    -----
    The file of an image is copied byte for byte, with whatever is known of its making; an image that is no
    file becomes a PNG file. Files are called like the id behind its last slash, with the ending of the file
    they are copied from, or ``.png``. If an earlier image of the class has the name already, "~2" (or "~3" …)
    stands before the ending; upper and lower case count as the same. Characters that some system does not
    allow become ``_``.

    Examples
    --------
    >>> from tempfile import TemporaryDirectory
    >>> from ig_widgets.data.images import ImageSet
    >>> images = ImageSet.from_arrays(np.zeros((2, 4, 6), np.uint8), ids=["x/1", "y/1"])
    >>> with TemporaryDirectory() as folder:
    ...     write_folders(images, ["cat", "cat"], folder)["file"].tolist()
    ['cat/1.png', 'cat/1~2.png']
    """
    classes = _classes(labels, len(images))
    root = _empty(Path(folder))
    rows: list[int] = np.flatnonzero(classes.notna()).tolist()
    files: list[str | None] = [None] * len(images)
    reasons: list[str | None] = [_UNLABELED] * len(images)
    taken: dict[str, int] = {}
    for row, content in zip(rows, ahead(partial(_content, images), rows), strict=True):
        if isinstance(content, ImageError):
            reasons[row] = content.reason
            continue
        pixels, ending = content
        file = _free(classes[row], images.ids[row], ending, taken)
        path = root / file
        path.parent.mkdir(exist_ok=True)
        with path.open("xb") as written:  # never over another file, nor through a link
            written.write(pixels)
        files[row], reasons[row] = file, None
    _report(images.ids, reasons)
    return pd.DataFrame(
        {"image": list(images.ids), "label": classes, "file": files, "reason": reasons}
    ).astype("str")


def _classes(labels: ArrayLike, count: int) -> pd.Series[str]:
    """Return the folder of each image, missing where it has no label."""
    given: pd.Series[Any] = pd.Series(labels).reset_index(drop=True)
    if len(given) != count:
        raise ValueError(f"there are {len(given)} labels for {count} images; give one for each image")
    codes, distinct = pd.factorize(given)
    if len(distinct) == 0:
        raise ValueError(f"none of the {count} images has a label, so there is nothing to write")
    owners: dict[str, Any] = {}
    for value in list(distinct):
        text = label_text(value)
        problem = name_problem(text)
        if problem:
            raise ValueError(
                f"the label {text!r} cannot be the name of a folder: it {problem}; rename it, as in "
                "labels.replace({…})"
            )
        if same_name(text) in owners:
            raise ValueError(
                f"the labels {owners[same_name(text)]!r} and {value!r} would share a folder, where upper and "
                "lower case are the same; rename one of them, as in labels.replace({…})"
            )
        owners[same_name(text)] = value
    texts = [*map(label_text, owners.values()), None]
    return pd.Series([texts[code] for code in codes], dtype="str")  # -1, missing, is the last


def _empty(folder: Path) -> Path:
    if folder.exists() and not folder.is_dir():
        raise FileExistsError(f"'{folder}' is a file; give the name of a folder that is not there yet")
    if folder.is_dir() and any(folder.iterdir()):
        raise FileExistsError(
            f"the folder '{folder}' is not empty, and what is in it could be mixed up with these images; "
            "give a folder that is not there yet, or empty this one"
        )
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def _content(images: ImageSet, row: int) -> tuple[bytes, str] | ImageError:
    """Return the bytes of an image's file and the ending of its name, or why there are none."""
    try:
        pixels = images[row]
    except ImageError as error:
        return error
    path = images.path(row)
    if path is None:
        made = BytesIO()
        Image.fromarray(pixels).save(made, "PNG")
        return made.getvalue(), ".png"
    try:
        content = path.read_bytes()
    except OSError as error:
        return ImageError(path, f"the system does not hand it out ({error.strerror}); check the disc")
    known = path.suffix.lower() in EXTENSIONS
    return content, path.suffix if known else _ENDINGS.get(content[:2], "")


def _free(label: str, image_id: str, ending: str, taken: dict[str, int]) -> str:
    """Return a file that no image has yet, and count it as taken."""
    name = PurePosixPath(image_id).name
    file = f"{label}/{portable_name(name, ending)}"
    first = same_name(file)
    while same_name(file) in taken:
        taken[first] += 1
        file = f"{label}/{portable_name(name, ending, taken[first])}"
    taken[same_name(file)] = 1
    return file


def _report(ids: tuple[str, ...], reasons: list[str | None]) -> None:
    unlabeled = reasons.count(_UNLABELED)
    if unlabeled:
        warnings.warn(
            f"{unlabeled} of {len(ids)} images have no label and were left out, the first being "
            f"'{ids[reasons.index(_UNLABELED)]}'; the column 'reason' tells them all",
            UserWarning,
            stacklevel=3,
        )
    unread = [row for row, reason in enumerate(reasons) if reason not in {None, _UNLABELED}]
    if unread:
        warnings.warn(
            f"{len(unread)} of {len(ids)} images cannot be read and were left out, the first being "
            f"'{ids[unread[0]]}': {reasons[unread[0]]}. The column 'reason' tells them all",
            UnreadableImageWarning,
            stacklevel=3,
        )
