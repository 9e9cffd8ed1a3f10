"""Image sizes: comparison of the sizes in annotation files with those of the images."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING, TypeAlias

from ig_widgets.data.errors import UnreadableImageWarning

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from ig_widgets.data.images import ImageSet

Size: TypeAlias = tuple[float, float]
"""Width and height in pixels."""


def measure_images(images: ImageSet, ids: Collection[str]) -> tuple[dict[str, Size], dict[str, str]]:
    """Decode images once to determine their sizes.

    Parameters
    ----------
    images
        The set that contains the images, or left them out as unreadable.
    ids
        Ids of the images to decode.

    Returns
    -------
    sizes : dict
        Image id -> width and height in pixels, in the order of `images`.
    problems : dict
        Image id -> a sentence that explains why the image cannot be read.
    """
    requested = set(ids)
    part = images[[image in requested for image in images.ids]]
    sizes: dict[str, Size] = {
        image: (pixels.shape[1], pixels.shape[0])
        for image, pixels in zip(part.ids, part, strict=True)
        if pixels.size
    }
    unreadable = images.problems
    reasons = dict(zip(unreadable["image"], unreadable["reason"], strict=True))
    problems = {
        image: f"image {image!r} cannot be read: {reasons[image]}" for image in ids if image not in sizes
    }
    return sizes, problems


def check_size(stated: Size, real: Size, name: str) -> None:
    """Check that annotations were made for an image of this size.

    Parameters
    ----------
    stated, real
        Width and height in pixels, according to the annotations and of the image.
    name
        The subject of the error message, such as ``"mask 'a.png'"``.

    Raises
    ------
    ValueError
        If the sizes differ.

    Examples
    --------
    >>> check_size((30, 20), (20, 30), "mask 'a.png'")
    Traceback (most recent call last):
        ...
    ValueError: mask 'a.png' is 30 x 20 but its image is 20 x 30: one of them is rotated by 90 degrees; \
rotate it, or correct its EXIF orientation
    """
    if stated == real:
        return
    sizes = f"{name} is {stated[0]:.9g} x {stated[1]:.9g} but its image is {real[0]:.9g} x {real[1]:.9g}"
    if stated == real[::-1]:
        raise ValueError(
            f"{sizes}: one of them is rotated by 90 degrees; rotate it, or correct its EXIF orientation"
        )
    raise ValueError(f"{sizes}; use the image that was annotated, in its full resolution")


def reconcile_sizes(
    stated: Mapping[str, tuple[str, Size | None]], images: ImageSet | None
) -> dict[str, Size | None]:
    """Compare the sizes that an annotation file states with those of the images.

    Parameters
    ----------
    stated
        Image id -> the name of its size for error messages, such as ``"the size in a.xml"``, and the width
        and height in pixels, or None if the file does not state them.
    images
        The images; None if there is nothing to compare with.

    Returns
    -------
    dict
        Image id -> width and height in pixels of the image, or as stated if the image cannot be read.

    Raises
    ------
    ValueError
        If a stated size differs from that of the image.

    Warns
    -----
    UnreadableImageWarning
        If images cannot be read.
    """
    checked = {image: size for image, (_, size) in stated.items()}
    if images is None:
        return checked
    sizes, problems = measure_images(images, stated)
    for image, real in sizes.items():
        name, size = stated[image]
        if size is not None:
            check_size(size, real, name)
        checked[image] = real
    if problems:
        warnings.warn(
            "\n".join([f"{len(problems)} of {len(stated)} sizes cannot be checked:", *problems.values()]),
            UnreadableImageWarning,
            stacklevel=3,
        )
    return checked


def warn_left_out(problems: Mapping[str, str], count: int, what: str) -> None:
    """Warn about annotation files that are left out because they or their images cannot be read.

    Parameters
    ----------
    problems
        Image id -> a sentence that says what cannot be read and why.
    count
        Number of annotation files, one per image.
    what
        Their name, such as "masks".

    Raises
    ------
    ValueError
        If all files are left out.

    Warns
    -----
    UnreadableImageWarning
        If some files are left out.
    """
    if not problems:
        return
    if len(problems) == count:
        raise ValueError(f"none of the {count} {what} can be used: {next(iter(problems.values()))}")
    warnings.warn(
        "\n".join([f"{len(problems)} of {count} {what} are left out:", *problems.values()]),
        UnreadableImageWarning,
        stacklevel=3,
    )
