"""Conversion of images and patterns to arrays with channels first."""

from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

Color = Literal["channels", "luminance"]

_LUMINANCE = np.array([0.299, 0.587, 0.114])  # ITU-R BT.601, what cv2 and Pillow use


def as_channels(array: NDArray[Any], name: str, color: Color) -> NDArray[Any]:
    """Check an image or a pattern and put its channels first.

    Parameters
    ----------
    array
        (H, W) or (H, W, 3), unsigned integers or floats.
    name
        What to call it in an error.
    color
        "luminance" makes one channel of three; equal channels are one in any case.

    Returns
    -------
    array of shape (1, H, W) or (3, H, W)
        uint8 and uint16 as they are; other numbers as float64, scaled so that their differences to the mean
        are at most 1 (which changes no correlation).

    Raises
    ------
    ValueError
        If it has another shape, is empty or is not finite.
    TypeError
        If it holds other numbers.
    """
    array = np.asarray(array)
    if array.ndim not in (2, 3) or (array.ndim == 3 and array.shape[2] != 3) or array.size == 0:
        raise ValueError(
            f"{name} has shape {array.shape}; give (height, width) or (height, width, 3), not empty"
        )
    if array.dtype.kind not in "uf":
        raise TypeError(f"{name} holds {array.dtype}; give unsigned integers (uint8, uint16) or floats")
    if array.ndim == 2:
        array = array[None]
    elif (array == array[:, :, :1]).all():
        array = array[None, :, :, 0]
    else:
        array = array.transpose(2, 0, 1)
    if array.dtype not in (np.uint8, np.uint16):
        array = array.astype(np.float64)
        if not np.isfinite(array).all():
            raise ValueError(f"{name} holds NaN or infinite values; replace them first")
        array /= np.abs(array).max() or 1  # against an overflow of the mean
        array /= np.abs(array - array.mean()).max() or 1
    if color == "luminance":
        array = luminance(array)
    return np.ascontiguousarray(array)


def luminance(array: NDArray[Any]) -> NDArray[Any]:
    """Return the luminance (1, H, W) of three channels, float64; one channel as it is."""
    return array if len(array) == 1 else np.tensordot(_LUMINANCE, array, 1)[None]
