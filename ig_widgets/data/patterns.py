"""Patterns: the small images that people's boxes cut out of the large ones."""

from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from ig_widgets.data.annotations import BOX, drawn_boxes
from ig_widgets.data.images import ImageSet


def crop_patterns(images: ImageSet, boxes: pd.DataFrame) -> ImageSet:
    """Cut the boxes out of their images.

    Parameters
    ----------
    images
        The images that the boxes were drawn on.
    boxes
        One row per box with the columns ``image, label, x, y, width, height`` in pixels of the
        full-resolution image: annotations, or the result of `merge_boxes`, whose outliers are cut out
        like the rest unless the caller leaves them away. Rows without a box are about the whole image
        and are ignored, and so are rows whose ``present`` is False.

    Returns
    -------
    ImageSet
        One pattern per box, in the order of the rows, called ``"<image id>#<k>"`` where k counts the boxes
        of an image from 0. Its ``provenance`` has the columns ``image, label, x, y, width, height`` (the
        box as it was given) and ``parent, operation, magnitude, seed``, which are missing: nothing was
        augmented. Boxes on images that cannot be read are left out, with the warning of the images.

    Raises
    ------
    KeyError
        If a box is on an image that is not among the images.
    ValueError
        If a column is missing, or a box is incomplete, leaves its image or is less than 2 pixels wide or
        high.

    Notes
    -----
    The pattern is ``image[int(y):int(y + height), int(x):int(x + width)]``: the ends are computed from the
    exact box and then truncated, as in the published code of Inspector Gadget (Heo et al. 2020).
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
            continue  # it cannot be read: the pass has warned about it
        for row in map(int, rows):
            crops[row] = _cropped(image, sides[row], f"box {numbers[row]} of image '{image_id}'")
    kept = sorted(crops)
    return ImageSet.from_arrays(
        [crops[row] for row in kept],
        ids=[f"{provenance['image'][row]}#{numbers[row]}" for row in kept],
        provenance=provenance.iloc[kept].reset_index(drop=True),
    )


def pattern_rows(patterns: ImageSet, images: ImageSet) -> NDArray[np.int64]:
    """Positions of the images that patterns were cut from.

    Parameters
    ----------
    patterns
        Patterns with provenance, augmented ones included: they come from the image of their parent.
    images
        The images to look them up in.

    Returns
    -------
    int array of shape (n_patterns,)
        Position in ``images``, -1 where the source is unknown or not among them.
    """
    if patterns.provenance is None:
        return np.full(len(patterns), -1)
    positions = {image_id: position for position, image_id in enumerate(images.ids)}
    return np.array([positions.get(image, -1) for image in patterns.provenance["image"]], dtype=np.int64)


def _cropped(image: NDArray[Any], box: NDArray[np.float64], name: str) -> NDArray[Any]:
    left, top, right, bottom = box_ends(box, image.shape, name)
    return image[top:bottom, left:right].copy()


def box_ends(box: NDArray[np.float64], shape: tuple[int, ...], name: str) -> tuple[int, int, int, int]:
    """Return left, top, right and bottom of a box in whole pixels, ends exclusive.

    Parameters
    ----------
    box
        x, y, width and height.
    shape
        Of the image: height, width, and what may follow.
    name
        What to call the box in an error.

    Raises
    ------
    ValueError
        If it is incomplete, leaves the image, or is less than 2 pixels wide or high.
    """
    if not np.isfinite(box).all():
        raise ValueError(f"{name} is incomplete; give x, y, width and height, or none of them")
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
            raise ValueError(f"{name} starts at {axis} = {start}; boxes lie inside their image")
        if end > size:
            raise ValueError(
                f"{name} ends at {axis} = {end} but the image is {size} {side};"
                " boxes are in full-resolution pixels"
            )
        if end - start < 2:
            raise ValueError(f"{name} is {end - start} px {side}; a pattern needs at least 2 px on each side")
    return left, top, right, bottom
