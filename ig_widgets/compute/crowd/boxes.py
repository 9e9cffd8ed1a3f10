"""Boxes of several annotators: overlaps, groups of matching boxes, merged boxes."""

import math
from collections.abc import Callable, Iterable, Iterator
from itertools import islice
from typing import Any, Literal, get_args

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from ig_widgets.data.annotations import BOX, without_denials

Method = Literal["average", "union", "intersection"]

SEPARATOR = ", "
"""Between the names of those who drew a merged box."""


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
    return _overlap(_validate_boxes(a)[:, None], _validate_boxes(b)[None])  # (n, 1, 4), (1, m, 4) -> (n, m)


def _overlap(a: NDArray[np.float64], b: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return intersection over union of each a with the b that it is broadcast to: (…, 4) -> (…)."""
    start = np.maximum(a[..., :2], b[..., :2])
    end = np.minimum(a[..., :2] + a[..., 2:], b[..., :2] + b[..., 2:])
    common = np.clip(end - start, 0, None).prod(axis=-1)
    total = a[..., 2:].prod(axis=-1) + b[..., 2:].prod(axis=-1) - common
    overlap: NDArray[np.float64] = np.divide(common, total, out=np.zeros_like(common), where=common > 0)
    return overlap


def box_groups(
    boxes: ArrayLike, min_iou: float = 0.0, *, within: ArrayLike | None = None
) -> NDArray[np.int64]:
    """Group boxes that overlap, directly or through others.

    Parameters
    ----------
    boxes
        Array of shape (n, 4): x, y, width, height in pixels.
    min_iou
        Two boxes are linked when their intersection has an area and their `iou` is at least this, in
        [0, 1]. The default follows Inspector Gadget (Heo et al. 2020), whose code links every overlap.
    within
        Array of shape (n,), such as the number of each box's image: boxes where it differs are not linked.
        Default: any two may be.

    Returns
    -------
    int array of shape (n,)
        Group of each box. Groups are the connected components of the links, numbered in the order of
        their first boxes, so the partition does not depend on the order of the boxes.

    Raises
    ------
    ValueError
        If the boxes are malformed (see `iou`), ``min_iou`` is outside [0, 1], or `within` is not one value
        for each box.

    Examples
    --------
    >>> box_groups([[0, 0, 10, 10], [50, 50, 10, 10], [16, 0, 10, 10], [8, 0, 10, 10]])
    array([0, 1, 0, 0])
    """
    if not 0 <= min_iou <= 1:
        raise ValueError(f"min_iou is {min_iou}; give a number from 0 to 1")
    boxes = _validate_boxes(boxes)
    within = np.zeros(len(boxes)) if within is None else np.asarray(within)
    if within.shape != (len(boxes),):
        raise ValueError(f"within has shape {within.shape} for {len(boxes)} boxes; give one value for each")
    ends: list[NDArray[np.intp]] = [np.empty((2, 0), np.intp)]
    for first, second in _pairs(within):
        overlap = _overlap(boxes[first], boxes[second])
        linked = (overlap > 0) & (overlap >= min_iou)
        ends.append(np.stack([first[linked], second[linked]]))
    links = np.concatenate(ends, axis=1)
    graph = coo_array((np.ones(links.shape[1], dtype=bool), tuple(links)), shape=(len(boxes),) * 2)
    return _renumber(connected_components(graph, directed=False)[1])


def _pairs(within: NDArray[Any]) -> Iterator[tuple[NDArray[np.intp], NDArray[np.intp]]]:
    """Yield the positions of all two items for which `within` is the same, many at a time."""
    order = np.argsort(within, kind="stable")
    _, starts, sizes = np.unique(within[order], return_index=True, return_counts=True)
    for size in np.unique(sizes[sizes > 1]):
        items = order[starts[sizes == size, None] + np.arange(size)]  # (sets of this size, size)
        first, second = np.triu_indices(size, 1)
        yield items[:, first].ravel(), items[:, second].ravel()


def _renumber(groups: NDArray[np.integer[Any]]) -> NDArray[np.int64]:
    """Give groups the numbers 0, 1, … in the order of their first members."""
    _, first, numbers = np.unique(groups, return_index=True, return_inverse=True)
    return np.argsort(np.argsort(first))[numbers].astype(np.int64)


def merge_boxes(
    annotations: pd.DataFrame,
    *,
    method: Method = "average",
    min_iou: float = 0.0,
    min_annotators: int = 2,
    overlap: int = 1,
) -> pd.DataFrame:
    """Merge the boxes that several annotators drew around the same object.

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
        of one person are merged, too). Where fewer people than that said anything about the image, all of
        them are enough, so that the boxes of a single annotator are no outliers.
    overlap
        How many people are to look at each image, as for `assign`: fewer than these are never enough because
        others have not looked yet, or could not tell.

    Returns
    -------
    DataFrame
        One row per group, sorted by image, y and x: ``image, label, x, y, width, height`` (pixels, not
        rounded), ``n_boxes``, ``annotators`` (sorted, joined by ", "), ``statements`` (tuple of the index
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
    >>> merged[["x", "y", "width", "annotators", "statements", "outlier"]]
          x     y  width annotators statements  outlier
    0   2.0   1.0   20.0    Ann, Bo     (0, 1)    False
    1  80.0  50.0   20.0         Bo       (2,)     True
    """
    if method not in get_args(Method):
        raise ValueError(f"method is {method!r}; choose one of {', '.join(get_args(Method))}")
    if min_annotators < 1:
        raise ValueError(f"min_annotators is {min_annotators}; give 1 or more")
    missing = [name for name in ("image", "annotator", "label", "present", *BOX) if name not in annotations]
    if missing:
        raise ValueError(
            f"the annotations lack the column {missing[0]!r}; build the table with "
            "annotations_frame, which adds all columns"
        )
    said = annotations.assign(annotator=annotations["annotator"].astype("str").fillna(""))
    boxed = said[list(BOX)].notna().any(axis=1)
    present = said["present"].astype("boolean")
    # who denied a box has not looked at the rest of the image, who skipped it says that they cannot tell
    looked = without_denials(said[boxed | present.notna()])
    lookers = looked.groupby("image")["annotator"].nunique()
    drawn = said[boxed & present.fillna(value=True)]
    drawn = drawn.assign(group=_agreeing(drawn, min_iou, min_annotators))
    drawn = drawn.sort_values(["group", "annotator"], kind="stable")  # the boxes of a group follow each other
    people = drawn.drop_duplicates(["group", "annotator"])
    starts = np.flatnonzero(~drawn.duplicated("group"))
    n_boxes, n_people = np.bincount(drawn["group"]), np.bincount(people["group"])
    sides = drawn[list(BOX)].to_numpy(dtype=np.float64)
    ends = np.hstack([sides[:, :2], sides[:, :2] + sides[:, 2:]])
    corners = _merge(ends, starts, n_boxes, method)
    first = drawn.iloc[starts]
    enough = np.maximum(first["image"].map(lookers).to_numpy(dtype=np.float64), overlap)
    merged = pd.DataFrame(
        {
            "image": first["image"].astype("str"),
            "label": first["label"].astype("str"),
            "x": corners[:, 0],
            "y": corners[:, 1],
            "width": corners[:, 2] - corners[:, 0],
            "height": corners[:, 3] - corners[:, 1],
            "n_boxes": n_boxes.astype("int64"),
            "annotators": pd.Series(
                [SEPARATOR.join(names) for names in _tuples(people["annotator"].to_list(), n_people)],
                first.index,
                dtype="str",
            ),
            "statements": pd.Series(
                [tuple(sorted(keys)) for keys in _tuples(drawn.index.to_list(), n_boxes)],
                first.index,
                dtype="object",
            ),
            "outlier": n_people < np.minimum(min_annotators, enough),
        }
    )
    order = ["image", "y", "x", "height", "width"]
    if merged.duplicated(order).any():
        order += ["label", "annotators", "statements"]  # which tell apart boxes of the same place, but slowly
    return merged.sort_values(order, ignore_index=True)


def _agreeing(drawn: pd.DataFrame, min_iou: float, min_annotators: int) -> NDArray[np.int64]:
    """Return the group of each box: those that are merged, but each box of one person alone by itself."""
    things = drawn.groupby(["image", "label"], dropna=False, sort=False).ngroup().to_numpy()
    sides = drawn[list(BOX)].to_numpy(dtype=np.float64)

    def name(row: int) -> str:
        number = np.count_nonzero(things[:row] == things[row])
        return f"boxes of image {drawn['image'].iloc[row]!r}: box {number}"

    groups = box_groups(_validate_boxes(sides, name), min_iou, within=things)
    if min_annotators == 1:
        return groups
    alone = drawn["annotator"].groupby(groups).transform("nunique").to_numpy() == 1
    return _renumber(np.where(alone, len(groups) + np.arange(len(groups)), groups))


def _tuples(values: Iterable[Any], sizes: NDArray[np.integer[Any]]) -> Iterator[tuple[Any, ...]]:
    """Yield the values in tuples of these sizes."""
    left = iter(values)
    return (tuple(islice(left, size)) for size in sizes.tolist())


def _merge(
    ends: NDArray[np.float64], starts: NDArray[np.intp], n_boxes: NDArray[np.intp], method: Method
) -> NDArray[np.float64]:
    """Return x0, y0, x1, y1 of each group of boxes, which follow each other in `ends` (n, 4)."""
    if len(ends) == 0:
        return ends
    if method == "union":
        return np.hstack([np.minimum.reduceat(ends[:, :2], starts), np.maximum.reduceat(ends[:, 2:], starts)])
    average = np.add.reduceat(ends, starts) / n_boxes[:, None]
    for group in np.flatnonzero(n_boxes > 2):
        # fsum rounds once, as the sum of two does, so the mean does not depend on the order of the boxes
        members = ends[starts[group] : starts[group] + n_boxes[group]]
        average[group] = [math.fsum(side) / len(members) for side in members.T]
    if method == "average":
        return average
    common = np.hstack([np.maximum.reduceat(ends[:, :2], starts), np.minimum.reduceat(ends[:, 2:], starts)])
    return np.where((common[:, :2] < common[:, 2:]).all(axis=1, keepdims=True), common, average)


def _validate_boxes(boxes: ArrayLike, name: Callable[[int], str] = "box {}".format) -> NDArray[np.float64]:
    array = np.asarray(boxes, dtype=np.float64)
    if array.size == 0:
        return np.empty((0, 4))
    if array.ndim != 2 or array.shape[1] != 4:
        raise ValueError(f"boxes have shape {array.shape}; give (n, 4): x, y, width, height")
    if not np.isfinite(array).all() or (array[:, 2:] < 0).any():
        row = int(np.argmax(~np.isfinite(array).all(axis=1) | (array[:, 2:] < 0).any(axis=1)))
        raise ValueError(
            f"{name(row)} is {array[row].tolist()}; give finite numbers and no negative width or height"
        )
    return array
