"""Crops of the boxed objects of an object-detection data set, with their labels."""

from __future__ import annotations

import math
import warnings
from typing import TYPE_CHECKING, Any

import numpy as np

from ig_widgets.data.annotations import BOX, drawn_boxes
from ig_widgets.data.errors import ImageError, UnreadableImageWarning
from ig_widgets.data.image_sources import ImageSource
from ig_widgets.data.images import ImageSet
from ig_widgets.data.io.objects import Box, clip_box
from ig_widgets.data.recent_images import RecentImages

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray


def labeled_crops(
    images: ImageSet, boxes: pd.DataFrame, *, margin: float = 0.0
) -> tuple[ImageSet, pd.Series[Any]]:
    """Crop boxed objects out of images, so that their labels can be reviewed like those of whole images.

    Crops are lazy: each is cut out when it is needed. The images read most recently are cached, up to 256 MB.
    One pass over the crops reads each image once if the boxes of an image are adjacent rows, as they are
    in the result of `read_coco`, `read_voc` and `read_yolo`; in another order, an image may be read once per
    box.

    Parameters
    ----------
    images
        The images that the boxes refer to.
    boxes
        One row per box with the columns ``image, label, x, y, width, height`` in pixels of the
        full-resolution image. Rows without a box (statements about the whole image) and rows whose
        ``present`` is False are ignored. The index must be unique.
    margin
        Width of the surroundings to include on each side, as a fraction of the longer side of the box;
        clipped at the border of the image.

    Returns
    -------
    crops : ImageSet
        One image per box, in the order of the rows. The id is ``"<image id>#<k>"``, where k counts the boxes
        of an image from 0, so statements about a crop are found again as long as its image has the same boxes
        in the same order. To review only some of them, index the crops and the labels, not `boxes`.
        `ImageSet.provenance` has the columns ``image, label, x, y, width, height``.
    labels : Series of shape (n_crops,)
        The label of each crop, named "label", with the index of its row in `boxes`, so that
        `SimilarityReview.apply_to` can write corrected labels into `boxes`.

    Raises
    ------
    KeyError
        If a box refers to an image that is not in `images`.
    ValueError
        If a column is missing, the index of `boxes` is not unique, or `margin` is negative or not finite.

    Warns
    -----
    UnreadableImageWarning
        If boxes refer to images that `images` left out as unreadable. Their crops are left out too, and
        listed in ``crops.problems``.

    Notes
    -----
    A crop holds all pixels that the box and its margin touch. Bad boxes (incomplete, without area, or outside
    their image by a pixel or more) and unreadable images do not raise here: their crops are unreadable, and
    `ImageSet.problems` names the box and the reason.

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
        raise ValueError(f"margin is {margin}; give a fraction of the longer side of the box, such as 0.1")
    if not boxes.index.is_unique:
        twice = boxes.index[boxes.index.duplicated()].tolist()[0]
        raise ValueError(
            f"the index of the boxes contains {twice!r} twice, so corrected labels could not be written "
            "back; make it unique with boxes = boxes.reset_index(drop=True)"
        )
    drawn = drawn_boxes(boxes)
    names = drawn["image"].astype("str")
    ids = names + "#" + drawn.groupby(names, sort=False).cumcount().astype("str")
    reasons = _find_unreadable(images, names)
    lost = names.isin(reasons).to_numpy()
    if lost.any():
        first = names[lost].iloc[0]
        warnings.warn(
            f"{lost.sum()} of {len(drawn)} boxes are left out because their images cannot be read; the "
            f"first: {reasons[first]}. The attribute .problems of the crops lists all of them",
            UnreadableImageWarning,
            stacklevel=2,
        )
    kept = drawn[~lost]
    recent = RecentImages(images)
    sides = kept[list(BOX)].to_numpy(np.float64).tolist()
    provenance = kept[["image", "label", *BOX]].astype({"image": "str", **dict.fromkeys(BOX, "float64")})
    crops = ImageSet(
        [
            _CropSource(recent, images.position(name), (x, y, width, height), margin, id_)
            for name, id_, (x, y, width, height) in zip(names[~lost], ids[~lost], sides, strict=True)
        ],
        ids[~lost].tolist(),
        provenance=provenance.reset_index(drop=True),
        left_out=[(id_, reasons[name]) for name, id_ in zip(names[lost], ids[lost], strict=True)],
    )
    return crops, kept["label"].copy()


class _CropSource(ImageSource):
    """A box of an image, cropped when it is read."""

    __slots__ = ("box", "id_", "margin", "position", "recent")

    def __init__(self, recent: RecentImages, position: int, box: Box, margin: float, id_: str) -> None:
        super().__init__()
        self.recent = recent
        self.position = position
        self.box = box
        self.margin = margin
        self.id_ = id_

    def read(self) -> NDArray[np.uint8]:
        """Crop the box out of its image; raise `ImageError` if that fails."""
        image_id, _, number = self.id_.rpartition("#")
        try:
            image = self.recent[self.position]
        except ImageError as error:
            raise ImageError(self.id_, f"image '{image_id}' cannot be read: {error.reason}") from error
        height, width = image.shape[:2]
        try:
            x, y, box_width, box_height = clip_box(
                self.box, (width, height), f"box {number} of image '{image_id}'"
            )
        except ValueError as error:
            raise ImageError(self.id_, f"{error}") from error
        extra = self.margin * max(box_width, box_height)
        left, right = _find_touched_pixels(x - extra, x + box_width + extra, width)
        top, bottom = _find_touched_pixels(y - extra, y + box_height + extra, height)
        crop = image[top:bottom, left:right].copy()  # a view would keep the whole image in memory
        crop.setflags(write=False)
        return crop


def _find_touched_pixels(start: float, end: float, size: int) -> tuple[int, int]:
    """Return the first pixel that a side of a box touches and the one after the last, within the image."""
    # rounded first: computed ends may miss a whole number in the last digits
    first = min(max(math.floor(round(start, 6)), 0), size - 1)
    after = min(max(math.ceil(round(end, 6)), first + 1), size)
    return first, after


def _find_unreadable(images: ImageSet, names: pd.Series[str]) -> dict[str, str]:
    """Return the reason for each named image that the set left out as unreadable.

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
            f"the box at index {strangers.index.tolist()[0]!r} refers to image {strangers.iloc[0]!r}, which "
            f"is not in the set of {len(images)} images ({len(strangers)} boxes refer to such images); give "
            "the images that the boxes were drawn on, or drop these boxes"
        )
    reasons = dict(zip(problems["image"], problems["reason"], strict=True))
    return {name: f"image '{name}' cannot be read: {reasons[name]}" for name in missing.unique()}
