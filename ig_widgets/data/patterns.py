"""Patterns: small images, cropped from the boxes that annotators drew."""

from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from ig_widgets.data.annotations import BOX, drawn_boxes
from ig_widgets.data.images import ImageSet


def crop_patterns(images: ImageSet, boxes: pd.DataFrame) -> ImageSet:
    """Crop the boxes out of their images.

    Parameters
    ----------
    images
        The images that the boxes were drawn on.
    boxes
        One row per box with the columns ``image, label, x, y, width, height`` in pixels of the
        full-resolution image: annotations, or the result of `merge_boxes`, whose outliers are cropped like
        the rest unless the caller drops them. Rows without a box (statements about the whole image) and
        rows whose ``present`` is False are ignored.

    Returns
    -------
    ImageSet
        One pattern per box, in the order of the rows. The id is ``"<image id>#<k>"``, where k counts the
        boxes of an image from 0. Its ``provenance`` has the columns ``image, label, x, y, width, height``
        (the box as given) and ``parent, operation, magnitude, seed``, which are missing because the patterns
        are not augmented. Boxes on images that cannot be read are left out with an `UnreadableImageWarning`.

    Raises
    ------
    KeyError
        If a box refers to an image that is not in `images`.
    ValueError
        If a column is missing, or a box is incomplete, extends beyond its image, or is less than 2 pixels
        wide or high.

    Notes
    -----
    The pattern is ``image[int(y):int(y + height), int(x):int(x + width)]``: the ends of the exact box are
    truncated, as in the published code of Inspector Gadget (Heo et al. 2020).
    """
    drawn = drawn_boxes(boxes)
    provenance = pd.DataFrame(
        {
            "image": drawn["image"].astype("str"),
            "label": drawn["label"].astype("str"),
            **{name: drawn[name].astype("float64") for name in BOX},
            "parent": pd.Series(pd.NA, index=drawn.index, dtype="str"),
            "operation": pd.Series(pd.NA, index=drawn.index, dtype="str"),
            "magnitude": np.nan,
            "seed": pd.Series(pd.NA, index=drawn.index, dtype="Int64"),
        }
    ).reset_index(drop=True)
    numbers = provenance.groupby("image").cumcount().to_list()
    sides = provenance[list(BOX)].to_numpy()  # (n, 4)
    crops: dict[int, NDArray[Any]] = {}
    by_image = provenance.groupby("image", sort=False).indices
    boxed = images[[images.position(str(image_id)) for image_id in by_image]]
    for (image_id, rows), image in zip(by_image.items(), boxed, strict=True):
        if image.size == 0:
            continue  # unreadable; the iteration has warned about it
        for row in map(int, rows):
            crops[row] = _crop(image, sides[row], f"box {numbers[row]} of image '{image_id}'")
    kept = sorted(crops)
    return ImageSet.from_arrays(
        [crops[row] for row in kept],
        ids=[f"{provenance['image'][row]}#{numbers[row]}" for row in kept],
        provenance=provenance.iloc[kept].reset_index(drop=True),
    )


def pattern_rows(patterns: ImageSet, images: ImageSet) -> NDArray[np.int64]:
    """Find the images that patterns were cropped from.

    Parameters
    ----------
    patterns
        Patterns with provenance. Augmented patterns come from the image of their parent.
    images
        The images to look up.

    Returns
    -------
    int array of shape (n_patterns,)
        Position in ``images``; -1 where the image is unknown or not in ``images``.
    """
    if patterns.provenance is None:
        return np.full(len(patterns), -1)
    positions = {image_id: position for position, image_id in enumerate(images.ids)}
    return np.array([positions.get(image, -1) for image in patterns.provenance["image"]], dtype=np.int64)


def _crop(image: NDArray[Any], box: NDArray[np.float64], name: str) -> NDArray[Any]:
    left, top, right, bottom = box_ends(box, image.shape, name)
    return image[top:bottom, left:right].copy()


def box_ends(box: NDArray[np.float64], shape: tuple[int, ...], name: str) -> tuple[int, int, int, int]:
    """Return left, top, right and bottom of a box in whole pixels, ends exclusive.

    Parameters
    ----------
    box
        x, y, width and height.
    shape
        Shape of the image: height, width, and possibly channels.
    name
        The name of the box in error messages.

    Raises
    ------
    ValueError
        If the box is incomplete, extends beyond the image, or is less than 2 pixels wide or high.
    """
    if not np.isfinite(box).all():
        raise ValueError(f"{name} is incomplete; give all of x, y, width and height, or none of them")
    x, y, box_width, box_height = box.tolist()
    height, width = shape[:2]
    left, top = int(x), int(y)
    # rounded first: the mean end 369 of a merged box may be stored as 368.99999999999994
    right, bottom = int(round(x + box_width, 6)), int(round(y + box_height, 6))
    for axis, start, end, size, side in (
        ("x", left, right, width, "wide"),
        ("y", top, bottom, height, "high"),
    ):
        if start < 0:
            raise ValueError(f"{name} starts at {axis} = {start}; boxes must lie inside their image")
        if end > size:
            raise ValueError(
                f"{name} ends at {axis} = {end} but the image is {size} {side};"
                " boxes are in full-resolution pixels"
            )
        if end - start < 2:
            raise ValueError(f"{name} is {end - start} px {side}; a pattern needs at least 2 px on each side")
    return left, top, right, bottom
