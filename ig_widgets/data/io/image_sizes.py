"""Sizes of images: what annotation files say about them against what the images have."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING, TypeAlias

from ig_widgets.data.errors import UnreadableImageWarning

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from ig_widgets.data.images import ImageSet

Size: TypeAlias = tuple[float, float]
"""Width and height in pixels."""


def image_sizes(images: ImageSet, ids: Collection[str]) -> tuple[dict[str, Size], dict[str, str]]:
    """Decode images, each once, for their sizes.

    Parameters
    ----------
    images
        The set that the images are in, or were left out of because they cannot be read.
    ids
        Ids of the images wanted.

    Returns
    -------
    sizes : dict
        Image id -> width and height in pixels, in the order of `images`.
    problems : dict
        Image id -> a sentence on why the image cannot be read.
    """
    wanted = set(ids)
    part = images[[image in wanted for image in images.ids]]
    sizes: dict[str, Size] = {
        image: (pixels.shape[1], pixels.shape[0])
        for image, pixels in zip(part.ids, part, strict=True)
        if pixels.size
    }
    listed = images.problems
    reasons = dict(zip(listed["image"], listed["reason"], strict=True))
    problems = {
        image: f"image {image!r} cannot be read: {reasons[image]}" for image in ids if image not in sizes
    }
    return sizes, problems


def check_size(stated: Size, real: Size, name: str) -> None:
    """Check that annotations were made for an image of this size.

    Parameters
    ----------
    stated, real
        Width and height in pixels: what the annotations say, and what the image has.
    name
        The subject of the error sentence, such as ``"mask 'a.png'"``.

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


def agreed_sizes(
    stated: Mapping[str, tuple[str, Size | None]], images: ImageSet | None
) -> dict[str, Size | None]:
    """Compare the sizes that a file of annotations states with those of the images.

    Parameters
    ----------
    stated
        Image id -> the name of its size for the error sentence, such as ``"the size in a.xml"``, and the
        width and height in pixels, None where the file states none.
    images
        The images; None where there is nothing to compare with.

    Returns
    -------
    dict
        Image id -> width and height in pixels: of the image itself, of an unreadable one as stated.

    Raises
    ------
    ValueError
        If a stated size is not that of the image.

    Warns
    -----
    UnreadableImageWarning
        If images cannot be read.
    """
    agreed = {image: size for image, (_, size) in stated.items()}
    if images is None:
        return agreed
    sizes, problems = image_sizes(images, stated)
    for image, real in sizes.items():
        name, size = stated[image]
        if size is not None:
            check_size(size, real, name)
        agreed[image] = real
    if problems:
        warnings.warn(
            "\n".join([f"{len(problems)} of {len(stated)} sizes could not be checked:", *problems.values()]),
            UnreadableImageWarning,
            stacklevel=3,
        )
    return agreed


def report_left_out(problems: Mapping[str, str], count: int, what: str) -> None:
    """Tell which files of annotations were left out because something cannot be read.

    Parameters
    ----------
    problems
        Image id -> a sentence on what cannot be read and why.
    count
        Number of files of annotations, one per image.
    what
        Their name, such as "masks".

    Raises
    ------
    ValueError
        If all were left out.

    Warns
    -----
    UnreadableImageWarning
        If some were left out.
    """
    if not problems:
        return
    if len(problems) == count:
        raise ValueError(f"none of the {count} {what} can be used: {next(iter(problems.values()))}")
    warnings.warn(
        "\n".join([f"{len(problems)} of {count} {what} were left out:", *problems.values()]),
        UnreadableImageWarning,
        stacklevel=3,
    )
