import cv2
import numpy as np
import pandas as pd
import pytest

from ig_widgets.experiments import ksdd
from ig_widgets.experiments.parts.datasets import load_ksdd, stratified
from ig_widgets.experiments.parts.splits import Split


@pytest.fixture
def small_ksdd(tmp_path):
    """A folder of data sets with 60 images of 60 x 40, 20 of them with a dark bar."""
    rng = np.random.default_rng(0)
    for name in ("images", "masks"):
        (tmp_path / "ksdd" / name).mkdir(parents=True)
    rows = []
    for i in range(60):
        image = rng.integers(150, 190, (60, 40)).astype(np.uint8)
        if i < 20:
            x, y = rng.integers(2, 18), rng.integers(2, 48)
            image[y : y + 4, x : x + 18] -= 60
            mask = np.zeros_like(image)
            mask[y - 2 : y + 7, x - 2 : x + 21] = 255
            cv2.imwrite(str(tmp_path / "ksdd" / "masks" / f"{i:03}.png"), mask)
        cv2.imwrite(str(tmp_path / "ksdd" / "images" / f"{i:03}.jpg"), image)
        rows.append((i, f"{i:03}.jpg", "crack" if i < 20 else "ok", "dev" if i % 3 == 0 else "test"))
    columns = ["id", "file", "label", "split"]
    pd.DataFrame(rows, columns=columns).to_csv(tmp_path / "ksdd" / "labels.csv", index=False)
    return tmp_path


@pytest.fixture
def small_neu(tmp_path):
    """A folder of data sets with two classes of 16 images of 40 x 40: bright crosses and dark squares."""
    rng = np.random.default_rng(0)
    folder = tmp_path / "neu_det"
    for name in ("images", "annotations_voc"):
        (folder / name).mkdir(parents=True)
    for kind in ("cross", "dark_square"):
        for i in range(16):
            image = rng.integers(100, 140, (40, 40)).astype(np.uint8)
            x, y = rng.integers(1, 28, 2)
            if kind == "cross":
                image[y + 4 : y + 6, x : x + 10] += 80
                image[y : y + 10, x + 4 : x + 6] = 215
            else:
                image[y + 2 : y + 8, x + 2 : x + 8] -= 80
            cv2.imwrite(str(folder / "images" / f"{kind}_{i}.jpg"), image)
            (folder / "annotations_voc" / f"{kind}_{i}.xml").write_text(
                f"<annotation><filename>{kind}_{i}.jpg</filename>"
                "<size><width>40</width><height>40</height><depth>1</depth></size>"
                f"<object><name>{kind}</name><bndbox><xmin>{x + 1}</xmin><ymin>{y + 1}</ymin>"
                f"<xmax>{x + 10}</xmax><ymax>{y + 10}</ymax></bndbox></object></annotation>",
                encoding="utf-8",
            )
    return tmp_path


@pytest.fixture
def small_split(small_ksdd):
    """18 of the 60 images, with 6 bars, and the others."""
    dataset, _ = load_ksdd(small_ksdd)
    settings = {**ksdd.QUICK, "patterns_per_class": 6, "n_augmented": 12}
    return Split(dataset, stratified(dataset.y, 18, 0), 3, store=small_ksdd / "store", **settings)
