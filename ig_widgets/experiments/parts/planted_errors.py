"""Wrong labels that an experiment plants, and what simulated reviewers look at to find them."""

from typing import Final, Literal

import numpy as np
from numpy.typing import NDArray

Kind = Literal["uniform", "class_dependent"]
KINDS: Final[tuple[Kind, ...]] = ("uniform", "class_dependent")


def with_errors(
    y: NDArray[np.int64], n_classes: int, rate: float, kind: Kind, seed: int
) -> NDArray[np.int64]:
    """Return labels of which some are wrong.

    Parameters
    ----------
    y
        (n,) the true classes, 0 to n_classes - 1.
    n_classes
        How many classes there are, 2 or more.
    rate
        The share of labels that are wrong, in [0, 1].
    kind
        "uniform": any images, any other class. "class_dependent": a class is always taken for the same other
        one, the next, and the even classes three times as often as the odd ones.
    seed
        Of the draw.

    Returns
    -------
    array of shape (n,), int
        ``round(rate * n)`` differ from `y`.
    """
    random = np.random.default_rng(seed)
    n_wrong = round(rate * len(y))
    weights: NDArray[np.float64] = np.where((kind == "class_dependent") & (y % 2 == 0), 3.0, 1.0)
    wrong = random.choice(len(y), n_wrong, replace=False, p=weights / weights.sum())
    further = random.integers(1, n_classes, n_wrong) if kind == "uniform" else 1
    labels = y.copy()
    labels[wrong] = (y[wrong] + further) % n_classes
    return labels


def share_found(order: NDArray[np.intp], wrong: NDArray[np.bool_]) -> NDArray[np.float64]:
    """Return which share of all errors has been shown after each image of an order, (n,)."""
    n_wrong = int(np.count_nonzero(wrong))
    return np.asarray(np.cumsum(wrong[order]) / max(1, n_wrong))


def odd_ones_out(order: NDArray[np.intp], labels: NDArray[np.int64], row: int) -> NDArray[np.intp]:
    """Simulate a reviewer who sees a row at once and looks closely at the labels that stand out.

    Parameters
    ----------
    order
        Positions in the order in which images are shown.
    labels
        (n,) labels, some of them wrong.
    row
        How many neighbors are seen at once.

    Returns
    -------
    array of positions
        The images that are looked at, in turn: of each row those whose label is not the most common one of
        the row (the lowest of several).
    """
    looked = []
    for start in range(0, len(order), row):
        shown = order[start : start + row]
        looked.append(shown[labels[shown] != np.bincount(labels[shown]).argmax()])
    return np.concatenate(looked) if looked else np.empty(0, np.intp)


def followed(order: NDArray[np.intp], wrong: NDArray[np.bool_], row: int) -> NDArray[np.intp]:
    """Simulate a reviewer who looks at one image of each row, and around it where its label is wrong.

    Parameters
    ----------
    order
        Positions in the order in which images are shown.
    wrong
        (n,) whether the label of an image is wrong; it is seen of images that are looked at.
    row
        One image in so many is looked at in any case, the first of each row.

    Returns
    -------
    array of positions
        The images that are looked at, in turn: from one that is wrong the reviewer goes on, backward and
        forward, as long as labels are wrong; the right one that ends this was looked at, too.
    """
    found = wrong[order]
    looked: dict[int, None] = {}  # in the order in which they were looked at
    for start in range(0, len(order), row):
        looked.setdefault(start)
        for step in (-1, 1) if found[start] else ():
            place = start
            while found[place] and 0 <= place + step < len(order):
                place += step
                looked.setdefault(place)
    return order[list(looked)]
