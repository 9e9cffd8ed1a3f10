"""`SimulatedAnnotator`: a model of an annotator who draws inaccurate boxes and makes mistakes."""

import hashlib
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from ig_widgets.data.annotations import BOX, annotations_frame
from ig_widgets.data.images import ImageSet

_MIN_PIXELS = 2.0  # annotators do not draw thinner boxes


class SimulatedAnnotator:
    """Annotates images like a person who knows the truth, with random errors.

    Each defect is missed with some probability, independently of the others; the edges of boxes are
    displaced; and there are occasional false boxes. The annotations of an image depend only on the name, the
    seed and the image id, not on the other images or their order. Annotators with different names are
    independent.

    Parameters
    ----------
    truth : DataFrame of annotations
        The ground truth. Statements with `present` True are the defects, with a box or about the whole image;
        a statement with `present` False marks an image as clean. The sorted labels are the classes.
    name
        Name of the annotator.
    jitter_pixels
        Standard deviation of the displacement of each edge in pixels. Edges move by whole pixels and stay in
        the image; a box that moves is at least 2 pixels wide and high.
    miss_rate
        Probability of missing a defect, in [0, 1].
    false_rate
        Mean number of false boxes per image, at least 0. Each has the label and size of a random defect and a
        random position; without any defect in the truth, there are no false boxes.
    random_state
        Seed, a non-negative integer.

    Examples
    --------
    >>> import numpy as np
    >>> from ig_widgets.data.annotations import annotations_frame
    >>> from ig_widgets.data.images import ImageSet
    >>> images = ImageSet.from_arrays([np.zeros((60, 80), np.uint8)], ids=["a"])
    >>> box = {"image": "a", "label": "crack", "present": True, "x": 10, "y": 20, "width": 30, "height": 5}
    >>> careful = SimulatedAnnotator(annotations_frame([box]), jitter_pixels=0, miss_rate=0, false_rate=0)
    >>> careful.annotate(images)[["image", "label", "x", "width"]]
      image  label     x  width
    0     a  crack  10.0   30.0
    """

    def __init__(
        self,
        truth: pd.DataFrame,
        *,
        name: str = "simulated",
        jitter_pixels: float = 3.0,
        miss_rate: float = 0.1,
        false_rate: float = 0.05,
        random_state: int = 0,
    ) -> None:
        self.truth = truth
        self.name = name
        self.jitter_pixels = jitter_pixels
        self.miss_rate = miss_rate
        self.false_rate = false_rate
        self.random_state = random_state

    def annotate(self, images: ImageSet) -> pd.DataFrame:
        """Annotate images.

        Parameters
        ----------
        images
            Images that occur in the truth.

        Returns
        -------
        DataFrame of annotations
            The images in the given order: one row per detected defect and false box, or, if there are none,
            one row per class with `present` False and no box. The source is "simulated"; the time is missing.

        Raises
        ------
        ValueError
            If an image does not occur in the truth, or a rate is out of range.
        """
        self._check_rates()
        truth = self.truth[self.truth["label"].notna() & self.truth["present"].notna()]
        classes = sorted(truth["label"].unique())
        defects = truth[truth["present"].astype(bool)]
        of_image = dict(list(defects.groupby("image")))
        known = set(truth["image"])
        rows: list[dict[str, Any]] = []
        for position, image_id in enumerate(images.ids):
            if image_id not in known:
                raise ValueError(
                    f"image {image_id!r} does not occur in the truth; add one row per defect, or a row with "
                    "present False if there is none"
                )
            boxes = self._draw_boxes(images, position, of_image.get(image_id, defects.iloc[:0]), defects)
            absent = [{"label": label, "present": False} for label in classes]
            rows += [{**row, "image": image_id} for row in boxes or absent]
        return annotations_frame({**row, "annotator": self.name, "source": "simulated"} for row in rows)

    def _check_rates(self) -> None:
        if not 0 <= self.miss_rate <= 1:
            raise ValueError(f"miss_rate is {self.miss_rate}; give a probability from 0 to 1")
        if self.false_rate < 0:
            raise ValueError(f"false_rate is {self.false_rate}; give a mean number of boxes, at least 0")
        if self.jitter_pixels < 0:
            raise ValueError(f"jitter_pixels is {self.jitter_pixels}; give a standard deviation, at least 0")

    def _draw_boxes(
        self, images: ImageSet, position: int, defects: pd.DataFrame, all_defects: pd.DataFrame
    ) -> list[dict[str, Any]]:
        """Return the boxes of detected defects on one image, then the false boxes."""
        rng = self._create_generator(images.ids[position])
        # always one draw per defect, so that a higher miss rate only removes boxes
        noticed = rng.random(len(defects)) >= self.miss_rate
        moves = np.round(rng.normal(0, 1, (len(defects), 4)) * self.jitter_pixels)
        n_false = int(rng.poisson(self.false_rate)) if len(all_defects) else 0
        if not noticed.any() and not n_false:
            return []
        height, width = images[position].shape[:2]
        rows = []
        for label, box, move in zip(
            defects["label"][noticed],
            defects[list(BOX)].to_numpy(dtype=float)[noticed],
            moves[noticed],
            strict=True,
        ):
            rows.append(_make_statement(label, _move_edges(box, move, width, height)))
        for pick in rng.integers(0, len(all_defects), n_false):
            model = all_defects.iloc[pick]
            size = np.minimum(model[["width", "height"]].to_numpy(dtype=float), (width, height))
            corner = np.floor(rng.random(2) * ((width, height) - size + 1))
            rows.append(_make_statement(model["label"], np.concatenate([corner, size])))
        return rows

    def _create_generator(self, image_id: str) -> np.random.Generator:
        digest = hashlib.sha256(f"{self.name}\n{image_id}".encode()).digest()
        return np.random.default_rng([self.random_state, *digest])


def _make_statement(label: str, box: NDArray[np.float64]) -> dict[str, Any]:
    return {"label": label, "present": True, **dict(zip(BOX, box.tolist(), strict=True))}


def _move_edges(
    box: NDArray[np.float64], move: NDArray[np.float64], image_width: int, image_height: int
) -> NDArray[np.float64]:
    """Move the edges of a box, keeping it in the image and wide enough; without a move it is unchanged."""
    if not move.any():
        return box
    ends = np.array([image_width, image_height])
    first = np.clip(box[:2] + move[:2], 0, np.maximum(ends - _MIN_PIXELS, 0))
    last = np.clip(box[:2] + box[2:] + move[2:], first + _MIN_PIXELS, ends)
    return np.concatenate([first, last - first])
