"""Assignment of images to annotators."""

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from ig_widgets.data.annotations import BOX, without_denials
from ig_widgets.data.images import ImageSet


def assign(
    n_images: int, annotators: Sequence[str], *, overlap: int = 2, random_state: int = 0
) -> dict[str, NDArray[np.intp]]:
    """Assign each image to several annotators.

    The same arguments give the same assignment everywhere, regardless of the order of the names, so that
    people need not tell each other.

    Parameters
    ----------
    n_images
        How many images there are.
    annotators
        Who annotates.
    overlap
        How many people look at each image.
    random_state
        Seed of who gets what, and of the order.

    Returns
    -------
    dict of str to int array
        The positions of each person's images, in an order that is common to all. Nobody has more than one
        image more than anybody else, and everybody meets everybody in some images where there are enough.

    Raises
    ------
    ValueError
        If a name occurs twice, or there are fewer people than `overlap`.

    Examples
    --------
    >>> assign(4, ["ada", "bo", "cy"], overlap=2, random_state=1)["ada"].tolist()
    [0, 2, 3]
    """
    names = sorted(annotators)  # two people may list the same names in another order
    if len(set(names)) < len(names):
        twice = next(name for name in names if names.count(name) > 1)
        raise ValueError(f"the annotator {twice!r} occurs twice; give each name once")
    if not 1 <= overlap <= len(names):
        raise ValueError(
            f"overlap is {overlap}, but there are {len(names)} annotators; give a number from 1 to "
            f"{len(names)}"
        )
    rng = np.random.default_rng(random_state)
    loads = np.zeros(len(names), int)
    given: list[list[int]] = [[] for _ in names]
    for position in rng.permutation(n_images):
        # those with the fewest images, at random among equals
        chosen = np.lexsort((rng.random(len(names)), loads))[:overlap]
        loads[chosen] += 1
        for one in chosen:
            given[one].append(int(position))
    return {name: np.array(some, dtype=np.intp) for name, some in zip(names, given, strict=True)}


def annotation_progress(
    images: ImageSet, annotations: pd.DataFrame, assigned: Mapping[str, NDArray[np.intp]]
) -> pd.DataFrame:
    """Return the progress of each annotator with the assigned images.

    Parameters
    ----------
    images
        All images.
    annotations
        Statements in force.
    assigned
        Positions of each person's images, as `assign` gives them.

    Returns
    -------
    DataFrame
        One row for each annotator (the index): ``assigned``; ``seen``, about how many of these they have said
        something, be it a skip; ``skipped``, of how many nothing else; ``boxes`` in them.
    """
    names = list(assigned)
    ids = np.array(images.ids, dtype=object)
    theirs = pd.DataFrame(
        {
            "annotator": pd.Series(np.repeat(names, [len(some) for some in assigned.values()]), dtype="str"),
            "image": pd.Series(ids[np.concatenate([*assigned.values(), np.empty(0, np.intp)])], dtype="str"),
        }
    )
    said = without_denials(annotations).merge(theirs, on=["annotator", "image"])
    boxed, present = said[BOX[0]].notna(), said["present"].astype("boolean")
    each = (
        said.assign(spoken=boxed | present.notna(), drawn=boxed & present.fillna(value=True).astype(bool))
        .groupby(["annotator", "image"])[["spoken", "drawn"]]
        .agg({"spoken": "max", "drawn": "sum"})
        .groupby("annotator")
        .agg(seen=("spoken", "size"), spoken=("spoken", "sum"), boxes=("drawn", "sum"))
        .reindex(names, fill_value=0)
    )
    return pd.DataFrame(
        {
            "assigned": [len(some) for some in assigned.values()],
            "seen": each["seen"],
            "skipped": each["seen"] - each["spoken"],
            "boxes": each["boxes"],
        },
        index=pd.Index(names, name="annotator", dtype="str"),
    )
