"""Patterns resized to squares of one size, and back."""

import math
from collections.abc import Iterable

import cv2
import numpy as np
from numpy.typing import NDArray


def resize(image: NDArray[np.uint8], height: int, width: int) -> NDArray[np.uint8]:
    """Resize an image, (h, w) or (h, w, 3).

    Each axis for itself: pixels are averaged where it shrinks, and interpolated by cubics where it grows.
    """
    lengths = (height, width)
    # shrinking first: growing cuts values off at 0 and 255, and what is cut off would go into the averages
    for axis in sorted((0, 1), key=lambda axis: lengths[axis] >= image.shape[axis]):
        shrinks = lengths[axis] < image.shape[axis]
        size = (image.shape[1], height) if axis == 0 else (width, image.shape[0])  # cv2 wants (w, h)
        how = cv2.INTER_AREA if shrinks else cv2.INTER_CUBIC
        image = cv2.resize(image, size, interpolation=how).astype(np.uint8, copy=False)
    return image


def as_squares(patterns: Iterable[NDArray[np.uint8]], side: int) -> NDArray[np.uint8]:
    """Resize patterns to squares, whatever their aspect ratio.

    Parameters
    ----------
    patterns
        (h, w) or (h, w, 3), one or more.
    side
        Pixels.

    Returns
    -------
    uint8 array of shape (n, channels, side, side)
        One channel where all patterns are gray or have equal channels, else three.
    """
    gray = [_gray(pattern) for pattern in patterns]
    channels = max(pattern.ndim for pattern in gray)
    squares = [np.atleast_3d(resize(pattern, side, side)) for pattern in gray]  # (side, side, 1 or 3)
    if channels == 3:
        squares = [np.broadcast_to(square, (side, side, 3)) for square in squares]
    return np.ascontiguousarray(np.stack(squares).transpose(0, 3, 1, 2))


def as_image(square: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Return a square (channels, side, side) as an image (side, side) or (side, side, 3)."""
    return square[0] if len(square) == 1 else np.ascontiguousarray(square.transpose(1, 2, 0))


def correlations(squares: NDArray[np.uint8], others: NDArray[np.uint8]) -> NDArray[np.float64]:
    """Return the correlations of squares with others.

    Parameters
    ----------
    squares, others
        (n, channels, side, side) and (m, channels, side, side).

    Returns
    -------
    float array of shape (n, m)
        Normalized correlation in [-1, 1], the mean of each channel subtracted; 0 for a square that has the
        same value everywhere, which resembles nothing.
    """
    return _normalize(squares) @ _normalize(others).T


def _gray(pattern: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Return equal channels as one."""
    return pattern[:, :, 0] if pattern.ndim == 3 and (pattern == pattern[:, :, :1]).all() else pattern


def _normalize(squares: NDArray[np.uint8]) -> NDArray[np.float64]:
    """Return the squares as rows of mean 0 and length 1."""
    centered = (squares - squares.mean(axis=(2, 3), keepdims=True)).reshape(
        len(squares), math.prod(squares.shape[1:])
    )
    lengths = np.linalg.norm(centered, axis=1, keepdims=True)
    return np.asarray(centered / np.where(lengths > 0, lengths, 1))
