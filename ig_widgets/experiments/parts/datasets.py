"""The data sets of the Inspector Gadget experiments: images, classes, and the boxes that people drew."""

from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sklearn.model_selection import train_test_split

from ig_widgets.data.images import ImageSet
from ig_widgets.data.io.masks import read_masks
from ig_widgets.data.io.voc import read_voc
from ig_widgets.experiments.parts.folders import data_folder

KSDD_DEVELOPMENT_SIZE = 78  # of 399 images, as published
NEU_DEVELOPMENT_SIZE = 100  # images of each class, as published


class Dataset(NamedTuple):
    """Images whose classes are known, and boxes on them."""

    images: ImageSet
    y: NDArray[np.int64]  # (n,) positions in classes
    classes: list[str]
    boxes: pd.DataFrame  # image, label, x, y, width, height


def load_ksdd(data: Path) -> tuple[Dataset, NDArray[np.int64]]:
    """Load the Kolektor surface-defect data, and the rows of the published development set.

    The boxes are those of the masks, one around each mask, as published.

    Parameters
    ----------
    data
        The folder of data sets that holds ``ksdd``, or that folder: ``images/``, ``masks/`` and
        ``labels.csv`` with the columns ``file, label, split``.

    Raises
    ------
    FileNotFoundError
        If the data are not there.
    """
    folder = data_folder(data, "ksdd", "KSDD", "images/, masks/ and labels.csv", landmark="labels.csv")
    images = ImageSet.from_folder(folder / "images")
    known = pd.read_csv(folder / "labels.csv").set_index("file").loc[list(images.ids)]
    y = (known["label"] == "crack").to_numpy().astype(np.int64)
    boxes = read_masks(folder / "masks", images, label="crack", components=False, convention="published")
    return Dataset(images, y, ["ok", "crack"], boxes), np.flatnonzero(known["split"] == "dev")


def load_neu(data: Path) -> Dataset:
    """Load the NEU surface defects.

    Parameters
    ----------
    data
        The folder of data sets that holds ``neu_det``, or that folder: ``images/``, where the class is the
        file name before the last ``_``, and ``annotations_voc/``.

    Raises
    ------
    FileNotFoundError
        If the data are not there.
    """
    folder = data_folder(data, "neu_det", "NEU", "images/ and annotations_voc/", landmark="annotations_voc")
    images = ImageSet.from_folder(folder / "images")
    classes, y = np.unique([name.rpartition("_")[0] for name in images.ids], return_inverse=True)
    return Dataset(images, y, classes.tolist(), read_voc(folder / "annotations_voc", images))


def stratified(y: NDArray[np.int64], size: int, seed: int) -> NDArray[np.int64]:
    """Return so many rows drawn at random, each class with its share."""
    rows, _ = train_test_split(np.arange(len(y)), train_size=size, stratify=y, random_state=seed)
    return np.sort(rows)


def of_each_class(y: NDArray[np.int64], size: int, seed: int) -> NDArray[np.int64]:
    """Return so many rows of each class, drawn at random."""
    shuffled = pd.Series(np.random.default_rng(seed).permutation(len(y)))
    return np.sort(shuffled.groupby(y[shuffled]).head(size).to_numpy())


def part(dataset: Dataset, rows: NDArray[np.int64]) -> Dataset:
    """Return a data set with some of the images only."""
    images = dataset.images[rows]
    boxes = dataset.boxes[dataset.boxes["image"].isin(images.ids)]
    return dataset._replace(images=images, y=dataset.y[rows], boxes=boxes)
