"""The boxed objects of an object-detection data set, as images with labels."""

from __future__ import annotations

import math
import warnings
from typing import TYPE_CHECKING, Any

import numpy as np

from ig_widgets.data.annotations import BOX, drawn_boxes
from ig_widgets.data.errors import ImageError, UnreadableImageWarning
from ig_widgets.data.image_sources import Source
from ig_widgets.data.images import ImageSet
from ig_widgets.data.io.objects import Box, box_inside
from ig_widgets.data.recent_images import RecentImages

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray


def labeled_crops(
    images: ImageSet, boxes: pd.DataFrame, *, margin: float = 0.0
) -> tuple[ImageSet, pd.Series[Any]]:
    """Take the boxed objects of images as images with labels, so that their labels can be reviewed.

    Nothing is read yet: a crop is cut out when it is needed. Images that were read last are kept, up to
    256 MB, so that a pass in the order of the boxes reads each image once where the boxes of an image follow
    each other, as those of `read_coco`, `read_voc` and `read_yolo` do. In another order an image may be read
    for each of its boxes.

    Parameters
    ----------
    images
        The images that the boxes are on.
    boxes
        One row per box with the columns ``image, label, x, y, width, height`` in pixels of the
        full-resolution image. Rows without a box are about the whole image and are left out, and so are rows
        whose ``present`` is False. The index must not repeat itself.
    margin
        What is shown around a box on each side, as a share of the longer side of the box; cut off at the
        border of the image.

    Returns
    -------
    crops : ImageSet
        One image per box, in the order of the rows, called ``"<image id>#<k>"`` where k counts the boxes of
        an image from 0: what was said about a crop is found again as long as the boxes of its image are the
        same, in the same order. To review some of them, take a part of the crops and of the labels rather
        than of the table. `ImageSet.provenance` has the columns ``image, label, x, y, width, height``.
    labels : Series of shape (n_crops,)
        The label of each crop, with the index of its row in `boxes` and the name "label", so that
        `SimilarityReview.apply_to` puts corrected labels into `boxes`.

    Raises
    ------
    KeyError
        If a box is on an image that is not among the images.
    ValueError
        If a column is missing, the index of `boxes` names a row twice, or `margin` is not 0 or more.

    Warns
    -----
    UnreadableImageWarning
        If boxes are on images that were left out of `images` because they cannot be read. Their crops are
        left out, and listed in the ``problems`` of the crops.

    Notes
    -----
    A crop holds all pixels that the box and its margin touch. A box that is incomplete, has no area or leaves
    its image by a pixel or more, and an image that cannot be read, stop nothing: the crop is unreadable, for
    a reason that names the box (`ImageSet.problems`).

    Examples
    --------
    >>> import pandas as pd
    >>> images = ImageSet.from_arrays([np.zeros((40, 60), np.uint8)], ids=["a.png"])
    >>> row = {"image": "a.png", "label": "cat", "x": 50, "y": 5, "width": 10, "height": 20}
    >>> crops, labels = labeled_crops(images, pd.DataFrame([row], index=[7]), margin=0.1)
    >>> crops.ids, crops[0].shape, labels.to_dict()
    (('a.png#0',), (24, 12), {7: 'cat'})
    """
    if not 0 <= margin < math.inf:
        raise ValueError(f"margin is {margin}; give a share of the longer side of a box, such as 0.1")
    if not boxes.index.is_unique:
        twice = boxes.index[boxes.index.duplicated()].tolist()[0]
        raise ValueError(
            f"the index of the boxes names the row {twice!r} twice, so that corrected labels could not be "
            "put back; use boxes = boxes.reset_index(drop=True) from here on"
        )
    drawn = drawn_boxes(boxes)
    names = drawn["image"].astype("str")
    ids = names + "#" + drawn.groupby(names, sort=False).cumcount().astype("str")
    reasons = _left_out(images, names)
    lost = names.isin(reasons).to_numpy()
    if lost.any():
        first = names[lost].iloc[0]
        warnings.warn(
            f"{lost.sum()} of {len(drawn)} boxes are left out because of their images, the first of them: "
            f"{reasons[first]}. See .problems of the crops for all",
            UnreadableImageWarning,
            stacklevel=2,
        )
    kept = drawn[~lost]
    recent = RecentImages(images)
    sides = kept[list(BOX)].to_numpy(np.float64).tolist()
    provenance = kept[["image", "label", *BOX]].astype({"image": "str", **dict.fromkeys(BOX, "float64")})
    crops = ImageSet(
        [
            _Crop(recent, images.position(name), (x, y, width, height), margin, id_)
            for name, id_, (x, y, width, height) in zip(names[~lost], ids[~lost], sides, strict=True)
        ],
        ids[~lost].tolist(),
        provenance=provenance.reset_index(drop=True),
        left_out=[(id_, reasons[name]) for name, id_ in zip(names[lost], ids[lost], strict=True)],
    )
    return crops, kept["label"].copy()


class _Crop(Source):
    """A box of an image, cut out when it is read."""

    __slots__ = ("box", "id_", "margin", "position", "recent")

    def __init__(self, recent: RecentImages, position: int, box: Box, margin: float, id_: str) -> None:
        super().__init__()
        self.recent = recent
        self.position = position
        self.box = box
        self.margin = margin
        self.id_ = id_

    def read(self) -> NDArray[np.uint8]:
        """Cut the crop out of its image; raises `ImageError` when that fails."""
        image_id, _, number = self.id_.rpartition("#")
        try:
            image = self.recent[self.position]
        except ImageError as error:
            raise ImageError(self.id_, f"image '{image_id}' cannot be read: {error.reason}") from error
        height, width = image.shape[:2]
        try:
            x, y, box_width, box_height = box_inside(
                self.box, (width, height), f"box {number} of image '{image_id}'"
            )
        except ValueError as error:
            raise ImageError(self.id_, f"{error}") from error
        extra = self.margin * max(box_width, box_height)
        left, right = _ends(x - extra, x + box_width + extra, width)
        top, bottom = _ends(y - extra, y + box_height + extra, height)
        crop = image[top:bottom, left:right].copy()  # a view would keep the whole image in memory
        crop.setflags(write=False)
        return crop


def _ends(start: float, end: float, size: int) -> tuple[int, int]:
    """Return the first pixel that a side touches and the one after the last, within the image."""
    # rounded first: ends that were computed may miss a whole pixel by the last digits
    first = min(max(math.floor(round(start, 6)), 0), size - 1)
    after = min(max(math.ceil(round(end, 6)), first + 1), size)
    return first, after


def _left_out(images: ImageSet, names: pd.Series[str]) -> dict[str, str]:
    """Return those of some images that were left out of the set because they cannot be read, and why.

    Raises
    ------
    KeyError
        If an image is neither in the set nor left out of it.
    """
    problems = images.problems
    missing = names[~names.isin(images.ids)]
    strangers = missing[~missing.isin(problems["image"])]
    if len(strangers):
        raise KeyError(
            f"the box at index {strangers.index.tolist()[0]!r} is on image {strangers.iloc[0]!r}, which is "
            f"not among these {len(images)} images ({len(strangers)} boxes are on such images); give the "
            "images that the boxes were drawn on, or leave these boxes out"
        )
    reasons = dict(zip(problems["image"], problems["reason"], strict=True))
    return {name: f"image '{name}' cannot be read: {reasons[name]}" for name in missing.unique()}
