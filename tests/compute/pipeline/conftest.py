from typing import NamedTuple

import numpy as np
import pandas as pd
import pytest

from ig_widgets.compute.labeling.labeler import WeakLabeler
from ig_widgets.data.images import ImageSet


class Bars(NamedTuple):
    images: ImageSet
    y: np.ndarray
    boxes: pd.DataFrame


@pytest.fixture(scope="session")
def bars():
    """30 images of noise, every other one with a dark bar; the first 20 are labeled."""
    arrays, rows = [], []
    for i in range(30):
        image = np.random.default_rng(i).normal(150, 8, (50, 60))
        if i % 2:
            x, y = 5 + i, 3 + i
            image[y + 2 : y + 6, x + 2 : x + 12] -= 60
            rows.append({"image": f"{i:02}.png", "label": "bar", "x": x, "y": y, "width": 14, "height": 8})
        arrays.append(np.clip(image, 0, 255).astype(np.uint8))
    images = ImageSet.from_arrays(arrays, ids=[f"{i:02}.png" for i in range(30)])
    y = np.r_[np.arange(20) % 2, np.full(10, -1)]
    boxes = pd.DataFrame(rows)
    return Bars(images, y, boxes[boxes["image"] < "20"])


@pytest.fixture(scope="session")
def quick():
    """One small network instead of the choice among many."""
    return WeakLabeler(hidden_layers=[(4,)], alpha=1.0, n_members=1)
