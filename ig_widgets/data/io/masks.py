"""Segmentation masks: one mask per image, in which all pixels that are not black belong to objects."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import cv2
import numpy as np

from ig_widgets.data.decoding import EXTENSIONS, decode
from ig_widgets.data.errors import ImageError
from ig_widgets.data.io.image_names import ImageNames, report_unmatched
from ig_widgets.data.io.image_sizes import check_size, measure_images, warn_left_out
from ig_widgets.data.io.objects import Box, objects_to_annotations

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
    """Read the bounding boxes of the objects in segmentation masks.

    Parameters
    ----------
    where
        A folder that is searched for image files, with its subfolders; a mask belongs to the image with the
        same id or unique file name, ignoring the suffix of the file. Or a mapping from image ids to files or
        arrays of shape (H, W) or (H, W, channels).
    images
        The images that the masks belong to. Images without a mask get no row.
    label
        Label of the objects.
    suffix
        The part that the names of the masks in a folder add to those of their images, such as "_label" if
        ``Part0_label.bmp`` belongs to ``Part0.jpg``. Other files, and the images themselves, are skipped.
    components
        Whether each connected component (8 neighbors) is a separate object. With False, there is one box per
        mask around all objects.
    min_area
        Smallest area of a component in pixels; smaller ones are ignored. A mask without any other component
        counts as empty.
    convention
        "extent": the box contains all pixels of the object. "published": its last column and row are cut off
        (if there is more than one), since the code of Inspector Gadget takes the largest index of the mask as
        the exclusive end of the crop; this is the only way to reproduce its ten published KSDD patterns.
    annotator, source
        The columns of the same name.

    Returns
    -------
    DataFrame
        Annotations in pixels: one row per object, from top to bottom, or, for an empty mask, one row with
        ``present`` False. Images keep their order.

    Raises
    ------
    FileNotFoundError
        If no file in the folder is the mask of an image.
    ValueError
        If a mask differs in size from its image (both with their EXIF orientation applied), is given for an
        image that is not in the set, or two masks belong to the same image; or if there is no image that can
        be read together with its mask.

    Warns
    -----
    UserWarning
        If masks in a folder match no image; they are left out.
    UnreadableImageWarning
        If a mask or its image cannot be read; the mask is left out.

    Notes
    -----
    Masks have 1, 8 or 16 bits per channel, like images (`ig_widgets.data.decoding.decode`). A pixel belongs
    to an object if any of its channels except alpha is greater than 0. For a mask with a palette, the colors
    decide, not the indices.
    """
    if convention not in {"extent", "published"}:
        raise ValueError(f"convention is {convention!r}; it must be 'extent' or 'published'")
    masks = where if isinstance(where, Mapping) else _find_masks(Path(where), images, suffix)
    objects: dict[str, list[tuple[str, Box]]] = {}
    # an unreadable image may already have been left out of the set
    unknown = sorted(set(masks).difference(images.ids, images.problems["image"]))
    if unknown:
        raise ValueError(
            f"a mask is given for image {unknown[0]!r}, which is not in the set; add the image, or drop the "
            "mask"
        )
    sizes, problems = measure_images(images, masks)
    for image, size in sizes.items():
        mask = masks[image]
        name = f"the mask of image {image!r}" if isinstance(mask, np.ndarray) else f"mask '{mask}'"
        try:
            binary = _to_binary(_read_mask(mask), name)
        except ImageError as error:
            problems[image] = f"{name} cannot be read: {error.reason}"
            continue
        check_size((binary.shape[1], binary.shape[0]), size, name)
        boxes = _find_boxes(binary, components=components, min_area=min_area, short=convention == "published")
        objects[image] = [(label, box) for box in boxes]
    warn_left_out(problems, len(masks), "masks")
    return objects_to_annotations(objects, [label], annotator=annotator, source=source)


def _find_masks(folder: Path, images: ImageSet, suffix: str) -> dict[str, Path]:
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
            f"no mask in {folder} has the name of one of the {len(images)} images; rename the masks, or give "
            "a mapping from image ids to masks"
        )
    report_unmatched(f"{len(strangers)} masks", strangers, matched=True, stacklevel=4)
    return masks


def _read_mask(mask: str | Path | np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    # the usual scaling of 16 bits to 8 would round small values to 0, but any value above 0 counts
    return mask if isinstance(mask, np.ndarray) else decode(mask, levels=(0, 1))


def _to_binary(mask: np.ndarray[Any, Any], name: str) -> np.ndarray[Any, np.dtype[np.uint8]]:
    if mask.ndim == 3:
        # the second of two channels and the fourth of four is alpha
        mask = mask[..., : mask.shape[2] - (mask.shape[2] in {2, 4})].max(axis=2)
    if mask.ndim != 2:
        raise ValueError(f"{name} has shape {mask.shape}; it must be (H, W) or (H, W, channels)")
    return (mask > 0).astype(np.uint8)


def _find_boxes(
    binary: np.ndarray[Any, np.dtype[np.uint8]], *, components: bool, min_area: int, short: bool
) -> list[Box]:
    stats = cv2.connectedComponentsWithStats(binary, connectivity=8)[2][1:]  # (n, 5), without the background
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
