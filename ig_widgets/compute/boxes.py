"""Boxes of several people: how much they overlap, which mean the same thing, and what they agree on."""

import math
from collections.abc import Iterator
from typing import Literal, get_args

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray
from scipy.sparse.csgraph import connected_components

from ig_widgets.data.annotations import BOX

Method = Literal["average", "union", "intersection"]


def iou(a: ArrayLike, b: ArrayLike) -> NDArray[np.float64]:
    """Measure the overlap of every box with every other: intersection area over union area.

    Parameters
    ----------
    a, b
        Arrays of shape (n, 4) and (m, 4): x, y, width, height in pixels.

    Returns
    -------
    array of shape (n, m)
        Intersection over union in [0, 1]; 0 when the boxes only touch or one has no area.

    Raises
    ------
    ValueError
        If an array has another shape, holds NaN, or a width or height is negative.

    Examples
    --------
    >>> iou([[0, 0, 10, 10]], [[0, 0, 10, 10], [5, 0, 10, 10], [10, 0, 10, 10]]).round(3)
    array([[1.   , 0.333, 0.   ]])
    """
    a, b = _checked(a)[:, None], _checked(b)[None]  # (n, 1, 4), (1, m, 4)
    start = np.maximum(a[..., :2], b[..., :2])
    end = np.minimum(a[..., :2] + a[..., 2:], b[..., :2] + b[..., 2:])
    common = np.clip(end - start, 0, None).prod(axis=-1)  # (n, m)
    total = a[..., 2:].prod(axis=-1) + b[..., 2:].prod(axis=-1) - common
    overlap: NDArray[np.float64] = np.divide(common, total, out=np.zeros_like(common), where=common > 0)
    return overlap


def box_groups(boxes: ArrayLike, min_iou: float = 0.0) -> NDArray[np.int64]:
    """Group boxes that overlap, directly or through others.

    Parameters
    ----------
    boxes
        Array of shape (n, 4): x, y, width, height in pixels.
    min_iou
        Two boxes are linked when their intersection has an area and their `iou` is at least this, in
        [0, 1]. The default follows Inspector Gadget (Heo et al. 2020), whose code links every overlap.

    Returns
    -------
    int array of shape (n,)
        Group of each box. Groups are the connected components of the links, numbered in the order of
        their first boxes, so the partition does not depend on the order of the boxes.

    Raises
    ------
    ValueError
        If the boxes are malformed (see `iou`) or ``min_iou`` is outside [0, 1].

    Examples
    --------
    >>> box_groups([[0, 0, 10, 10], [50, 50, 10, 10], [16, 0, 10, 10], [8, 0, 10, 10]])
    array([0, 1, 0, 0])
    """
    if not 0 <= min_iou <= 1:
        raise ValueError(f"min_iou is {min_iou}; give a number from 0 to 1")
    overlap = iou(boxes, boxes)
    _, components = connected_components((overlap > 0) & (overlap >= min_iou), directed=False)
    _, first, groups = np.unique(components, return_index=True, return_inverse=True)
    return np.argsort(np.argsort(first))[groups].astype(np.int64)


def merge_boxes(
    annotations: pd.DataFrame,
    *,
    method: Method = "average",
    min_iou: float = 0.0,
    min_annotators: int = 2,
) -> pd.DataFrame:
    """Merge the boxes that several people drew around the same thing.

    Boxes of one image and one label are grouped by `box_groups`, and each group becomes one box. Boxes that
    overlap but were all drawn by one person are two things to this person: they stay apart.

    Parameters
    ----------
    annotations
        Statements with the columns ``image, annotator, label, present, x, y, width, height``. Boxes that
        were rejected (``present`` False) and statements about whole images are not merged. A missing
        annotator counts as one person.
    method
        "average" of each side (the paper: "union" gives too large, "intersection" too small boxes).
        The intersection of a group whose boxes have no common area, a chain, falls back to the average.
    min_iou
        As in `box_groups`.
    min_annotators
        A group with boxes of fewer people is an outlier, to be reviewed by others (with 1, overlapping boxes
        of one person are merged, too). Where fewer people
        than that said anything about the image, all of them are enough, so that somebody who works alone
        makes no outliers.

    Returns
    -------
    DataFrame
        One row per group, sorted by image, y and x: ``image, label, x, y, width, height`` (pixels, not
        rounded), ``n_boxes``, ``annotators`` (sorted, joined by ", "), ``members`` (tuple of the index
        values of the merged rows) and ``outlier``. The order of the annotations changes nothing.

    Raises
    ------
    ValueError
        If a column is missing, a box is malformed or a setting is out of its range.

    Notes
    -----
    Heo et al., "Inspector Gadget" (2020), section 3. The published code knows boxes, not people: there,
    two overlapping boxes of one worker count as agreement and every group of one box is an outlier.

    Examples
    --------
    >>> from ig_widgets.data.annotations import annotations_frame
    >>> crack = {"image": "a.png", "label": "crack", "present": True, "width": 20, "height": 10}
    >>> merged = merge_boxes(annotations_frame([
    ...     crack | {"annotator": "Ann", "x": 0, "y": 0},
    ...     crack | {"annotator": "Bo", "x": 4, "y": 2},
    ...     crack | {"annotator": "Bo", "x": 80, "y": 50},
    ... ]))
    >>> merged[["x", "y", "width", "annotators", "members", "outlier"]]
          x     y  width annotators members  outlier
    0   2.0   1.0   20.0    Ann, Bo  (0, 1)    False
    1  80.0  50.0   20.0         Bo    (2,)     True
    """
    if method not in get_args(Method):
        raise ValueError(f"method is {method!r}; choose one of {', '.join(get_args(Method))}")
    if min_annotators < 1:
        raise ValueError(f"min_annotators is {min_annotators}; at least one person draws a box")
    missing = [name for name in ("image", "annotator", "label", "present", *BOX) if name not in annotations]
    if missing:
        raise ValueError(
            f"the annotations lack the column {missing[0]!r}; annotations_frame makes all of them"
        )
    said = annotations.assign(annotator=annotations["annotator"].astype("str").fillna(""))
    boxed = said[list(BOX)].notna().any(axis=1)
    present = said["present"].astype("boolean")
    lookers = said[boxed | present.notna()].groupby("image")["annotator"].nunique().to_dict()
    rows = []
    for (image, label), drawn in said[boxed & present.fillna(value=True)].groupby(
        ["image", "label"], dropna=False
    ):
        try:
            groups = box_groups(drawn[list(BOX)], min_iou)
        except ValueError as error:
            raise ValueError(f"boxes of image {image!r}: {error}") from error
        for group in _agreeing(drawn, groups, min_annotators):
            people = sorted(set(group["annotator"]))
            x0, y0, x1, y1 = _merged(group[list(BOX)].to_numpy(dtype=np.float64), method)
            rows.append(
                {
                    "image": image,
                    "label": label,
                    "x": x0,
                    "y": y0,
                    "width": x1 - x0,
                    "height": y1 - y0,
                    "n_boxes": len(group),
                    "annotators": ", ".join(people),
                    "members": tuple(sorted(group.index)),
                    "outlier": len(people) < min(min_annotators, lookers[image]),
                }
            )
    dtypes = {
        "image": "str",
        "label": "str",
        **dict.fromkeys(BOX, "float64"),
        "n_boxes": "int64",
        "annotators": "str",
        "members": "object",
        "outlier": "bool",
    }
    merged = pd.DataFrame(rows, columns=list(dtypes)).astype(dtypes)
    # the last two tell apart boxes that are the same
    order = ["image", "y", "x", "height", "width", "label", "annotators", "members"]
    return merged.sort_values(order, ignore_index=True)


def _agreeing(drawn: pd.DataFrame, groups: NDArray[np.int64], min_annotators: int) -> Iterator[pd.DataFrame]:
    """Yield what is merged: the groups, but each box of a group that one person drew alone by itself."""
    for _, group in drawn.groupby(groups):
        if min_annotators > 1 and len(set(group["annotator"])) == 1:
            yield from (group.iloc[[row]] for row in range(len(group)))
        else:
            yield group


def _merged(boxes: NDArray[np.float64], method: Method) -> tuple[float, float, float, float]:
    """Return x0, y0, x1, y1 of a group of boxes (n, 4)."""
    start, end = boxes[:, :2], boxes[:, :2] + boxes[:, 2:]
    if method == "union":
        return (*start.min(axis=0).tolist(), *end.max(axis=0).tolist())
    if method == "intersection" and (start.max(axis=0) < end.min(axis=0)).all():
        return (*start.max(axis=0).tolist(), *end.min(axis=0).tolist())
    # fsum rounds once, so the mean does not depend on the order of the boxes
    x0, y0, x1, y1 = (math.fsum(side) / len(boxes) for side in np.hstack([start, end]).T)
    return x0, y0, x1, y1


def _checked(boxes: ArrayLike) -> NDArray[np.float64]:
    array = np.asarray(boxes, dtype=np.float64)
    if array.size == 0:
        return np.empty((0, 4))
    if array.ndim != 2 or array.shape[1] != 4:
        raise ValueError(f"boxes have shape {array.shape}; give (n, 4): x, y, width, height")
    if not np.isfinite(array).all() or (array[:, 2:] < 0).any():
        row = int(np.argmax(~np.isfinite(array).all(axis=1) | (array[:, 2:] < 0).any(axis=1)))
        raise ValueError(
            f"box {row} is {array[row].tolist()}; give finite numbers and no negative width or height"
        )
    return array
