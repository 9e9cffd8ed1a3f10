"""A simulated person who draws boxes."""

import hashlib
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from ig_widgets.data.annotations import BOX, annotations_frame
from ig_widgets.data.images import ImageSet

_SMALLEST_PIXELS = 2.0  # nobody draws a box that is thinner


class SimulatedAnnotator:
    """Says about images what a person would say who knows the truth, more or less.

    Each defect is noticed or missed on its own, every edge of a box is drawn a little off, and now and then
    something is taken for a defect. What is said about an image depends on the name, the seed and the image's
    id alone, not on which other images are asked or in which order. Two names are two people.

    Parameters
    ----------
    truth : DataFrame of annotations
        What there is. Statements with `present` True are the defects, with a box or about the whole image;
        one with `present` False makes an image known to be clean. Its sorted labels are the classes.
    name
        The annotator's name.
    jitter_pixels
        Standard deviation, in pixels, of each edge of a box; edges move by whole pixels and stay in the
        image, and a box that moved is at least 2 pixels wide and high.
    miss_rate
        Probability in [0, 1] of missing a defect.
    false_rate
        Mean number of false boxes per image, from 0. Each has the label and the size of a defect of the truth
        drawn at random, and any place; a truth without defects leads to none.
    random_state
        Seed, a whole number from 0.

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
        """Say what is on the images.

        Parameters
        ----------
        images
            Images that the truth says something about.

        Returns
        -------
        DataFrame of annotations
            Image by image in the given order: a row per defect noticed or imagined; where there is none, one
            row per class with `present` False and no box. The source is "simulated", the time is missing.

        Raises
        ------
        ValueError
            If the truth says neither yes nor no about an image, or a rate is out of its range.
        """
        self._check_rates()
        said = self.truth[self.truth["label"].notna() & self.truth["present"].notna()]
        classes = sorted(said["label"].unique())
        defects = said[said["present"].astype(bool)]
        of_image = dict(list(defects.groupby("image")))
        known = set(said["image"])
        rows: list[dict[str, Any]] = []
        for position, image_id in enumerate(images.ids):
            if image_id not in known:
                raise ValueError(
                    f"the truth says nothing about image {image_id!r}; "
                    "give it a row per defect, or one with present False where there is none"
                )
            seen = self._look(images, position, of_image.get(image_id, defects.iloc[:0]), defects)
            nothing = [{"label": label, "present": False} for label in classes]
            rows += [{**row, "image": image_id} for row in seen or nothing]
        return annotations_frame({**row, "annotator": self.name, "source": "simulated"} for row in rows)

    def _check_rates(self) -> None:
        if not 0 <= self.miss_rate <= 1:
            raise ValueError(f"miss_rate is {self.miss_rate}; it is a probability, from 0 to 1")
        if self.false_rate < 0:
            raise ValueError(f"false_rate is {self.false_rate}; it is a mean number of boxes, from 0")
        if self.jitter_pixels < 0:
            raise ValueError(f"jitter_pixels is {self.jitter_pixels}; it is a standard deviation, from 0")

    def _look(
        self, images: ImageSet, position: int, defects: pd.DataFrame, all_defects: pd.DataFrame
    ) -> list[dict[str, Any]]:
        """Draw what is noticed on one image, then what is imagined."""
        rng = self._generator(images.ids[position])
        # Always as many draws as there are defects, so that a higher miss rate only takes boxes away.
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
            rows.append(_statement(label, _redrawn(box, move, width, height)))
        for pick in rng.integers(0, len(all_defects), n_false):
            model = all_defects.iloc[pick]
            size = np.minimum(model[["width", "height"]].to_numpy(dtype=float), (width, height))
            corner = np.floor(rng.random(2) * ((width, height) - size + 1))
            rows.append(_statement(model["label"], np.concatenate([corner, size])))
        return rows

    def _generator(self, image_id: str) -> np.random.Generator:
        digest = hashlib.sha256(f"{self.name}\n{image_id}".encode()).digest()
        return np.random.default_rng([self.random_state, *digest])


def _statement(label: str, box: NDArray[np.float64]) -> dict[str, Any]:
    return {"label": label, "present": True, **dict(zip(BOX, box.tolist(), strict=True))}


def _redrawn(
    box: NDArray[np.float64], move: NDArray[np.float64], image_width: int, image_height: int
) -> NDArray[np.float64]:
    """Move the edges of a box, keeping it in the image and wide enough; without moves it stays as it was."""
    if not move.any():
        return box
    ends = np.array([image_width, image_height])
    first = np.clip(box[:2] + move[:2], 0, np.maximum(ends - _SMALLEST_PIXELS, 0))
    last = np.clip(box[:2] + box[2:] + move[2:], first + _SMALLEST_PIXELS, ends)
    return np.concatenate([first, last - first])
