"""Labels of images: majority vote over annotations, names of folders, and the table of weak labels."""

from __future__ import annotations

from pathlib import PurePosixPath
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from ig_widgets.data.annotations import without_denials
from ig_widgets.data.images import ImageSet

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import ArrayLike, NDArray

_PATTERN_COLUMNS = ("pattern", "score", "x", "y", "width", "height")


def labels_of(
    images: ImageSet,
    annotations: pd.DataFrame,
    classes: Sequence[str] | None = None,
    *,
    none: str | None = "ok",
) -> NDArray[np.intp]:
    """Compute one class per image by majority vote of the annotators.

    An annotator votes for the labels that they marked as present (``present`` True, with or without a box),
    or, if there are none, for `none` as soon as they marked any label as absent. If at least as many
    annotators vote for a label as for `none`, the image gets the label with the most votes; ties between
    labels go to the one with more statements, then to the earlier class. Skips (no label or no ``present``)
    and statements about other images do not count.

    Parameters
    ----------
    images : ImageSet
        n images.
    annotations : DataFrame
        Statements in the format of `ig_widgets.data.annotations.annotations_frame`.
    classes : sequence of str, optional
        The classes in the order of their indices. Default: `none`, then the sorted labels of all annotations.
    none : str or None, default "ok"
        The negative class: the class of an image without any of the labels. With None, absent labels carry no
        information, as is right for classes of which every image has exactly one.

    Returns
    -------
    ndarray of shape (n,), int
        Positions in `classes`; -1 for unlabeled images.

    Raises
    ------
    ValueError
        If a statement about these images has a label that is not in `classes`, or an image belongs to the
        class `none` and `none` is not in `classes`.

    Examples
    --------
    >>> from ig_widgets.data.annotations import annotations_frame
    >>> from ig_widgets.data.images import ImageSet
    >>> images = ImageSet.from_arrays(np.zeros((3, 8, 8), np.uint8), ids=["a", "b", "c"])
    >>> annotations = annotations_frame([
    ...     {"image": "a", "annotator": "eve", "label": "crack", "present": True},
    ...     {"image": "b", "annotator": "eve", "label": "crack", "present": False},
    ... ])
    >>> labels_of(images, annotations)
    array([ 1,  0, -1])
    """
    missing = [name for name in ("image", "annotator", "label", "present") if name not in annotations]
    if missing:
        raise ValueError(
            f"the annotations lack the column {missing[0]!r}; annotations_frame creates all columns"
        )
    if isinstance(classes, str):
        raise TypeError(f"classes is the string {classes!r}; give a list of classes")
    rows = without_denials(annotations) if "x" in annotations else annotations
    rows = rows.dropna(subset=["label", "present"])
    if classes is None:
        classes = [*([] if none is None else [none]), *sorted(set(rows["label"]) - {none})]
    number = {label: k for k, label in enumerate(classes)}
    if len(number) < len(classes):
        raise ValueError(f"classes is {list(classes)}, which contains a class twice; give each class once")

    rows = rows[rows["image"].isin(list(images.ids))]
    rows = rows.assign(annotator=rows["annotator"].fillna(""))  # anonymous annotators count as one
    unknown = rows.loc[~rows["label"].isin([*classes, none]), ["image", "label"]]
    if len(unknown):
        image, label = unknown.iloc[0]
        raise ValueError(
            f"image '{image}' is annotated with '{label}', which is not in classes {list(classes)}; "
            "add it to classes or drop these annotations"
        )
    if not classes:
        return np.full(len(images), -1)
    present = rows["present"].astype(bool)
    is_none = rows["label"] == none
    yes = rows[present & ~is_none]
    no = rows[present == is_none]  # `none` is present, or a label is absent

    row = {image_id: i for i, image_id in enumerate(images.ids)}
    voters = ["image", "annotator"]
    for_label = yes.drop_duplicates(voters)
    for_none = no.drop_duplicates(voters)
    has_label = pd.MultiIndex.from_frame(for_none[voters]).isin(pd.MultiIndex.from_frame(for_label[voters]))
    n_label = _count(for_label, row)
    n_none = _count(for_none[~has_label], row)

    votes = _count(yes.drop_duplicates([*voters, "label"]), row, number)
    statements = _count(yes, row, number)
    # of equals, argmax takes the first: the earlier class
    best = np.argmax(votes * (statements.max(initial=0) + 1) + statements, axis=1)
    y = np.where(n_label > 0, best, -1)
    if none is not None:
        negative = n_none > n_label
        if none not in number and negative.any():
            image = images.ids[int(np.argmax(negative))]
            raise ValueError(
                f"image '{image}' is annotated with none of the labels, but '{none}' is not in classes "
                f"{list(classes)}; add it, set none to one of the classes, or pass none=None"
            )
        y = np.where(negative, number.get(none, -1), y)
    return y


def folder_labels(images: ImageSet) -> pd.Series:
    """Take the label of each image from the name of its folder, for data sets with one folder per class.

    Parameters
    ----------
    images : ImageSet
        n images, whose ids are paths, as from `ImageSet.from_folder`.

    Returns
    -------
    Series of shape (n,), str
        The name of the innermost folder of each image, indexed by image id.

    Raises
    ------
    ValueError
        If the id of an image has no folder.

    Examples
    --------
    >>> arrays = [np.zeros((4, 6), np.uint8)] * 2
    >>> folder_labels(ImageSet.from_arrays(arrays, ids=["cat/1.png", "dog/1.png"])).tolist()
    ['cat', 'dog']
    """
    names = [PurePosixPath(id_).parent.name for id_ in images.ids]
    bare = [id_ for id_, name in zip(images.ids, names, strict=True) if not name]
    if bare:
        raise ValueError(
            f"image '{bare[0]}' is not in a folder that could be its label ({len(bare)} of {len(images)} "
            "images are not); create the ImageSet from the parent of the class folders"
        )
    return pd.Series(names, index=list(images.ids), name="label", dtype="str")


def _count(
    statements: pd.DataFrame, row: dict[str, int], column: dict[str, int] | None = None
) -> NDArray[np.intp]:
    """Count statements per image, (n,), or per image and label, (n, K)."""
    rows = statements["image"].map(row).to_numpy(np.intp)
    if column is None:
        return np.bincount(rows, minlength=len(row))
    counts = np.zeros((len(row), len(column)), np.intp)
    np.add.at(counts, (rows, statements["label"].map(column).to_numpy(np.intp)), 1)
    return counts


def weak_labels(
    images: ImageSet,
    P: ArrayLike,
    classes: Sequence[str],
    *,
    labels: ArrayLike | None = None,
    scores: ArrayLike | None = None,
    boxes: ArrayLike | None = None,
    patterns: ImageSet | Sequence[str] | None = None,
) -> pd.DataFrame:
    """Tabulate the class probabilities of each image, its label and its best matching pattern.

    Parameters
    ----------
    images : ImageSet
        n images.
    P : array-like of shape (n, K)
        Class probabilities in [0, 1]; NaN in the rows of images that cannot be read.
    classes : sequence of str
        The K classes of the columns of `P`.
    labels : array-like of shape (n,), int, optional
        Predicted classes as positions in `classes`, -1 for none. Default: the most probable class (of equals,
        the earlier one), and none where `P` is NaN.
    scores : array-like of shape (n, p), optional
        The similarity of each image to each pattern.
    boxes : array-like of shape (n, p, 4), optional
        The best match of each pattern: x0, y0, x1, y1 in pixels of the full image, ends exclusive; -1 where
        the pattern does not match anywhere.
    patterns : ImageSet or sequence of str, optional
        The p patterns, or their ids. Required with `scores`.

    Returns
    -------
    DataFrame
        One row per image: ``image``, ``label`` (missing where there is none) and one column of probabilities
        per class. With `scores` also ``pattern`` (the id of the pattern with the highest score) and
        ``score``, with `boxes` also ``x``, ``y``, ``width`` and ``height`` (NaN where it does not match).

    Raises
    ------
    ValueError
        If the shapes do not fit together, `P` holds values outside [0, 1], or a class has the name of another
        column.

    Examples
    --------
    >>> from ig_widgets.data.images import ImageSet
    >>> images = ImageSet.from_arrays(np.zeros((2, 8, 8), np.uint8), ids=["a", "b"])
    >>> weak_labels(images, [[0.9, 0.1], [0.25, 0.75]], ["ok", "crack"])
      image  label    ok  crack
    0     a     ok  0.90   0.10
    1     b  crack  0.25   0.75
    """
    n = len(images)
    P = _check_shape(P, (n, len(classes)), "P", "one row per image, one column per class")
    if ((P < 0) | (P > 1)).any():
        raise ValueError("P has values outside 0..1; give probabilities, such as those of predict_proba")
    taken = {"image", "label", *(_PATTERN_COLUMNS if scores is not None else ())}
    for k, name in enumerate(classes):
        if name in taken or name in classes[:k]:
            raise ValueError(
                f"the class '{name}' would create a second column of this name; rename the class"
            )

    if labels is None:
        chosen = np.where(np.isfinite(P.sum(axis=1)), np.argmax(P, axis=1), -1)
    else:
        chosen = _check_labels(labels, n, len(classes))
    names = [classes[k] if k >= 0 else None for k in chosen]
    table = pd.DataFrame(
        {"image": pd.Series(images.ids, dtype="str"), "label": pd.Series(names, dtype="str")}
    )
    for k, name in enumerate(classes):
        table[name] = P[:, k]

    if scores is None:
        if boxes is not None or patterns is not None:
            raise ValueError(
                "boxes or patterns are given without scores; give the scores of the patterns as well"
            )
        return table
    if patterns is None:
        raise ValueError("scores are given without patterns; give the patterns or their ids")
    ids = patterns.ids if isinstance(patterns, ImageSet) else patterns
    return table.join(_tabulate_matches(scores, boxes, ids, n))


def _check_labels(labels: ArrayLike, n: int, n_classes: int) -> NDArray[np.intp]:
    given = _check_shape(labels, (n,), "labels", "one per image")
    if not np.isfinite(given).all():
        raise ValueError("labels has missing values; give -1 where there is no label")
    if ((given < -1) | (given >= n_classes)).any():
        raise ValueError(f"labels range from {given.min():g} to {given.max():g}; give -1 to {n_classes - 1}")
    return given.astype(np.intp)


def _tabulate_matches(scores: ArrayLike, boxes: ArrayLike | None, ids: Sequence[str], n: int) -> pd.DataFrame:
    """Tabulate the pattern with the highest score in each image, and its box."""
    p = len(ids)
    if p == 0:
        raise ValueError("patterns is empty, so there are no patterns to score; give at least one pattern")
    scores = _check_shape(scores, (n, p), "scores", "one row per image, one column per pattern")
    known = np.where(np.isnan(scores), -np.inf, scores)
    best = np.argmax(known, axis=1)
    scored = np.isfinite(known.max(axis=1))
    names = [ids[k] if known else None for k, known in zip(best, scored, strict=True)]
    table = pd.DataFrame({"pattern": pd.Series(names, dtype="str"), "score": scores[np.arange(n), best]})
    if boxes is not None:
        boxes = _check_shape(boxes, (n, p, 4), "boxes", "x0, y0, x1, y1 per image and pattern")
        x0, y0, x1, y1 = boxes[np.arange(n), best].T
        placed = scored & (x1 > x0) & (y1 > y0)
        for name, values in (("x", x0), ("y", y0), ("width", x1 - x0), ("height", y1 - y0)):
            table[name] = np.where(placed, values, np.nan)
    return table


def _check_shape(values: ArrayLike, shape: tuple[int, ...], name: str, meaning: str) -> NDArray[np.float64]:
    array = np.asarray(values, dtype=np.float64)
    if array.shape != shape:
        raise ValueError(f"{name} has shape {array.shape}; give {shape}: {meaning}")
    return array
