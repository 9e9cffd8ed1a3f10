"""Normalization of pixels to mean 0 and variance 1."""

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

_Floats = NDArray[np.float64]

OFFICIAL = np.array([0.485, 0.456, 0.406]), np.array([0.229, 0.224, 0.225])
"""Mean and deviation of red, green and blue in [0, 1] that official weights were trained with."""


def channel_moments(pixels: NDArray[np.uint8]) -> tuple[_Floats, _Floats]:
    """Return mean and standard deviation of red, green and blue.

    Parameters
    ----------
    pixels
        (n, h, w) or (n, h, w, 3) images, one or more.

    Returns
    -------
    mean, scale : ndarrays of shape (3,)
        In units of 255. If all pixels are equal, the scale is 1/255, so that they can be divided by it.
    """
    # image by image: as floats, all of them would take eight times their memory
    means, deviations = np.stack([cv2.meanStdDev(image) for image in pixels], axis=1)[..., 0] / 255
    mean = means.mean(axis=0)
    variance = (deviations**2 + means**2).mean(axis=0) - mean**2
    scale = np.sqrt(np.maximum(variance, 255**-2))
    return np.broadcast_to(mean, 3), np.broadcast_to(scale, 3)


def normalize(pixels: Tensor, mean: _Floats, scale: _Floats) -> Tensor:
    """Return ``(pixels / 255 - mean) / scale`` as float32, gray repeated in the three channels.

    Parameters
    ----------
    pixels
        uint8, (n, h, w) or (n, h, w, 3), on any device.
    mean, scale
        (3,) as from `channel_moments`.

    Returns
    -------
    Tensor of shape (n, 3, h, w)
        On the same device.
    """
    x = pixels[:, None].expand(-1, 3, -1, -1) if pixels.ndim == 3 else pixels.permute(0, 3, 1, 2)
    shift, unit = (
        torch.tensor(moment, dtype=torch.float32, device=x.device)[:, None, None] for moment in (mean, scale)
    )
    return (x / 255 - shift) / unit
