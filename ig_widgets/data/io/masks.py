"""Masks: one image per image, in which what is not black is the object."""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import cv2
import numpy as np

from ig_widgets.data.decoding import EXTENSIONS, decode
from ig_widgets.data.errors import ImageError
from ig_widgets.data.io.image_names import ImageNames
from ig_widgets.data.io.image_sizes import check_size, image_sizes, report_left_out
from ig_widgets.data.io.objects import Box, statements

if TYPE_CHECKING:
    import pandas as pd

    from ig_widgets.data.images import ImageSet


def read_masks(
    where: str | Path | Mapping[str, str | Path | np.ndarray[Any, Any]],
    images: ImageSet,
    *,
    label: str,
    suffix: str = "",
    components: bool = True,
    min_area: int = 1,
    convention: Literal["extent", "published"] = "extent",
    annotator: str = "mask",
    source: str = "mask",
) -> pd.DataFrame:
    """Read the boxes of the objects in masks.

    Parameters
    ----------
    where
        A folder, searched for image files with its sub-folders; a mask belongs to the image of the same id or
        unique file name, whether JPEG or PNG. Or a mapping from image id to the mask's file or array of shape
        (H, W) or (H, W, channels).
    images
        The images that the masks belong to. Those without a mask get no row.
    label
        Label of the objects.
    suffix
        What the names of the masks in a folder have and those of their images have not, such as "_label"
        where ``Part0_label.bmp`` belongs to ``Part0.jpg``. Other files, and the images themselves, are passed
        over.
    components
        Whether each connected component (8 neighbors) is an object of its own. With False there is one box
        per mask around everything.
    min_area
        Area in pixels below which a component is ignored. A mask without any other component counts as empty.
    convention
        "extent": the box holds all pixels of the object. "published": its last column and row are cut off
        (where there is more than one), since Inspector Gadget's code takes the largest index of the mask as
        the exclusive end of the crop; only so do its ten published KSDD patterns come out.
    annotator, source
        The columns of the same name.

    Returns
    -------
    DataFrame
        Annotations in pixels: one row per object, from top to bottom; for an empty mask one row with
        ``present`` False. Images keep their order.

    Raises
    ------
    FileNotFoundError
        If there is no mask for any image.
    ValueError
        If a mask has another size than its image (both with their EXIF orientation applied), is given for an
        image that is not in the set, or two masks belong to the same image; or if no mask can be read
        together with its image.

    Warns
    -----
    UserWarning
        If masks in a folder belong to no image; they are left out.
    UnreadableImageWarning
        If a mask or its image cannot be read; the mask is left out.

    Notes
    -----
    Masks have 1, 8 or 16 bits per channel, like images (`ig_widgets.data.decoding.decode`).
    Any value above 0 in any channel but an alpha channel is object. Of a mask with a palette the colors
    count.
    """
    if convention not in {"extent", "published"}:
        raise ValueError(f"convention is {convention!r}; it must be 'extent' or 'published'")
    masks = where if isinstance(where, Mapping) else _find(Path(where), images, suffix)
    objects: dict[str, list[tuple[str, Box]]] = {}
    # an unreadable image may have been left out of the set already
    unknown = sorted(set(masks).difference(images.ids, images.problems["image"]))
    if unknown:
        raise ValueError(f"a mask is given for image {unknown[0]!r}, which is not in the set of images")
    sizes, problems = image_sizes(images, masks)
    for image, size in sizes.items():
        mask = masks[image]
        name = f"the mask of image {image!r}" if isinstance(mask, np.ndarray) else f"mask '{mask}'"
        try:
            painted = _painted(_pixels(mask), name)
        except ImageError as error:
            problems[image] = f"{name} cannot be read: {error.reason}"
            continue
        check_size((painted.shape[1], painted.shape[0]), size, name)
        boxes = _boxes(painted, components=components, min_area=min_area, short=convention == "published")
        objects[image] = [(label, box) for box in boxes]
    report_left_out(problems, len(masks), "masks")
    return statements(objects, [label], annotator=annotator, source=source)


def _find(folder: Path, images: ImageSet, suffix: str) -> dict[str, Path]:
    names = ImageNames(images.ids)
    masks: dict[str, Path] = {}
    strangers = []
    for path in sorted(path for path in folder.rglob("*") if path.suffix.lower() in EXTENSIONS):
        if not path.stem.endswith(suffix):
            continue
        image = names.find(path.relative_to(folder).with_suffix("").as_posix().removesuffix(suffix))
        own = None if image is None else images.path(images.position(image))
        if image is None:
            strangers.append(path)
        elif own is not None and own.exists() and own.samefile(path):
            continue
        elif image in masks:
            raise ValueError(
                f"masks '{masks[image]}' and '{path}' both belong to image {image!r}; keep one of them"
            )
        else:
            masks[image] = path
    if not masks:
        raise FileNotFoundError(
            f"no mask in {folder} is named like one of the {len(images)} images; give a mapping"
        )
    if strangers:
        warnings.warn(
            f"{len(strangers)} masks belong to no image of the set, such as '{strangers[0]}'; "
            "they were left out",
            UserWarning,
            stacklevel=3,
        )
    return masks


def _pixels(mask: str | Path | np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    # of 16 bits any value above 0 counts, which the usual scaling to 8 bits would take to 0
    return mask if isinstance(mask, np.ndarray) else decode(mask, levels=(0, 1))


def _painted(mask: np.ndarray[Any, Any], name: str) -> np.ndarray[Any, np.dtype[np.uint8]]:
    if mask.ndim == 3:
        # the second of two channels and the fourth of four is alpha
        mask = mask[..., : mask.shape[2] - (mask.shape[2] in {2, 4})].max(axis=2)
    if mask.ndim != 2:
        raise ValueError(f"{name} has the shape {mask.shape}; it must be (H, W) or (H, W, channels)")
    return (mask > 0).astype(np.uint8)


def _boxes(
    painted: np.ndarray[Any, np.dtype[np.uint8]], *, components: bool, min_area: int, short: bool
) -> list[Box]:
    stats = cv2.connectedComponentsWithStats(painted, connectivity=8)[2][1:]  # (n, 5), without the background
    stats = stats[stats[:, cv2.CC_STAT_AREA] >= min_area]
    starts = stats[:, [cv2.CC_STAT_LEFT, cv2.CC_STAT_TOP]]  # (n, 2)
    ends = starts + stats[:, [cv2.CC_STAT_WIDTH, cv2.CC_STAT_HEIGHT]]  # (n, 2)
    if not components and len(stats):
        starts, ends = starts.min(axis=0, keepdims=True), ends.max(axis=0, keepdims=True)
    sides = ends - starts
    if short:
        sides = np.maximum(sides - 1, 1)
    order = np.lexsort((starts[:, 0], starts[:, 1]))
    return [
        (float(x), float(y), float(width), float(height))
        for (x, y), (width, height) in zip(starts[order], sides[order], strict=True)
    ]
