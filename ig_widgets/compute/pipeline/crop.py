"""The first step: patterns are cut out of the boxes that people drew (Heo et al. 2020, section 3)."""

import pandas as pd

from ig_widgets.data.images import ImageSet
from ig_widgets.data.patterns import crop_patterns


def cut_patterns(images: ImageSet, boxes: pd.DataFrame, most: int | None, random_state: int) -> ImageSet:
    """Cut boxes out of their images.

    Parameters
    ----------
    images, boxes
        As for `crop_patterns`.
    most
        Number of boxes of each class, drawn at random where there are more; None: all.
    random_state
        Seed of the draw.

    Returns
    -------
    ImageSet
        The patterns, in the order of `boxes`.

    Raises
    ------
    ValueError
        If no image with a box can be read.
    """
    if most is not None:
        shuffled = boxes.sample(frac=1, random_state=random_state)
        boxes = boxes.loc[boxes.index.isin(shuffled.groupby("label").head(most).index)]
    cut = crop_patterns(images, boxes)
    if len(cut) == 0:
        raise ValueError("no image with a box can be read; images.problems says why")
    return cut
