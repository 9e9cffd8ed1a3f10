"""The score of a pattern at every place of an image."""

from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from ig_widgets.compute.matching.search.channels import as_channels, luminance


def score_map(image: NDArray[Any], pattern: NDArray[Any]) -> NDArray[np.float32]:
    """Compare a pattern with every window of an image.

    Parameters
    ----------
    image
        (H, W) or (H, W, 3), uint8.
    pattern
        (h, w) or (h, w, 3), uint8.

    Returns
    -------
    float32 array of shape (H, W)
        At the middle of each window the absolute value of its centered normalized cross-correlation with the
        pattern, in [0, 1], as in `match`; 0 nearer to the border than half the pattern, and everywhere where
        the pattern exceeds the image.

    Notes
    -----
    For people to look at: it is computed by OpenCV in float32, and its maximum may differ from `match`'s
    score in the fourth digit.

    Examples
    --------
    >>> image = np.zeros((40, 60), np.uint8)
    >>> image[10:14, 20:30] = 200
    >>> scores = score_map(image, image[8:16, 18:32])
    >>> scores.shape, np.unravel_index(scores.argmax(), scores.shape)
    ((40, 60), (np.int64(12), np.int64(25)))
    """
    whole = np.zeros(image.shape[:2], np.float32)
    height, width = pattern.shape[:2]
    if height > image.shape[0] or width > image.shape[1]:
        return whole
    large, small = (
        as_channels(image, "the image", "channels"),
        as_channels(pattern, "the pattern", "channels"),
    )
    if len(large) != len(small):
        large, small = luminance(large), luminance(small)
    large, small = (np.moveaxis(both, 0, -1).astype(np.float32, order="C") for both in (large, small))
    if (small == small[:1, :1]).all():
        return whole  # OpenCV would say 1 everywhere
    scores = cv2.matchTemplate(large, small, cv2.TM_CCOEFF_NORMED)
    scores = np.nan_to_num(np.abs(scores), posinf=0.0).clip(0, 1)
    top, left = height // 2, width // 2
    whole[top : top + scores.shape[0], left : left + scores.shape[1]] = scores
    return whole
