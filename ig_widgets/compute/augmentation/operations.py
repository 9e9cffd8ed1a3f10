"""Image operations that turn a pattern into a new one."""

import math
from collections.abc import Callable, Mapping
from typing import Any, Literal, TypeAlias, get_args

import cv2
import numpy as np
from numpy.typing import NDArray

Fill = Literal["border", "black"]

_Pattern: TypeAlias = NDArray[Any]
_Function: TypeAlias = Callable[[_Pattern, float, Fill, int], _Pattern]

OPERATIONS: Mapping[str, tuple[float, float] | None] = {
    "ShearX": (-0.3, 0.3),
    "ShearY": (-0.3, 0.3),
    "TranslateX": (-0.45, 0.45),
    "TranslateY": (-0.45, 0.45),
    "AutoContrast": None,
    "Invert": None,
    "Equalize": None,
    "Flip": None,
    "Rotate": (-30.0, 30.0),
    "Solarize": (0.0, 256.0),
    "Posterize": (4.0, 8.0),
    "Contrast": (0.1, 1.9),
    "Color": (0.1, 1.9),
    "Brightness": (0.1, 1.9),
    "Sharpness": (0.1, 1.9),
    "Cutout": (0.0, 0.2),
    "ResizeX": (0.8, 1.2),
    "ResizeY": (0.8, 1.2),
}
"""Lowest and highest magnitude of each operation, None for those that have none."""

_EIGHT_BITS = ("Equalize", "Solarize", "Posterize")


def apply_operation(
    pattern: _Pattern,
    operation: str,
    magnitude: float | None = None,
    *,
    fill: Fill = "border",
    seed: int = 0,
) -> _Pattern:
    """Apply an image operation to a pattern.

    ============================  ==============  ===============================================  ========
    operation                     magnitude       what it does                                     neutral
    ============================  ==============  ===============================================  ========
    ShearX, ShearY                -0.3 to 0.3     moves each row by this times its distance to     0
                                                  the middle one; columns likewise
    TranslateX, TranslateY        -0.45 to 0.45   moves to the right or down by this share of the  0
                                                  width or height, in whole pixels
    Rotate                        -30 to 30       turns by so many degrees, counter-clockwise      0
    ResizeX, ResizeY              0.8 to 1.2      multiplies the width or the height               1
    Flip                          none            mirrors left and right
    AutoContrast                  none            stretches each channel to the full range
    Equalize                      none            flattens the histogram of each channel
    Invert                        none            turns values upside down
    Solarize                      0 to 256        turns values of at least this upside down        256
    Posterize                     4 to 8          keeps so many bits, a fraction does not count    8
    Contrast, Color, Brightness,  0.1 to 1.9      multiplies the distance to the mean luminance,   1
    Sharpness                                     to gray, to black, to a smoothed copy
    Cutout                        0 to 0.2        covers a square, in widths of the pattern, at a  0
                                                  place that `seed` draws
    ============================  ==============  ===============================================  ========

    Parameters
    ----------
    pattern
        (h, w) gray or (h, w, 3) red, green, blue; uint8, or uint16 other than for Equalize, Solarize and
        Posterize. It is not changed.
    operation
        One of `OPERATIONS`.
    magnitude
        Within the range of the operation; not looked at where there is none.
    fill
        "border": what comes in from outside, and the square of Cutout, has the median value of the pattern's
        edge pixels (of each channel), and Shear and Rotate make room for all that was there. "black", as in
        the published code: it is black, the square is mid-gray, and the pattern keeps its size, so that
        corners are cut off.
    seed
        Draws the place of Cutout.

    Returns
    -------
    array
        A new one of the same dtype and number of channels. The neutral magnitude returns the same values.

    Raises
    ------
    ValueError
        If the operation or the fill is unknown, the magnitude is out of range, or the pattern has another
        shape.
    TypeError
        If the pattern holds other numbers.

    Notes
    -----
    Heo et al., "Inspector Gadget: A Data Programming-based Labeling System for Industrial Images" (2020),
    section 4.2, does not list its operations; these and their ranges are those of the published code. We
    shear and rotate about the middle, and interpolate. A crack is 10 times as long as it is high: sheared or
    rotated at the size of its box, it loses what makes it one, and black corners are stronger edges than the
    crack itself.

    Examples
    --------
    >>> apply_operation(np.array([[0, 1], [2, 3]], np.uint8), "Flip")
    array([[1, 0],
           [3, 2]], dtype=uint8)
    """
    if operation not in OPERATIONS:
        raise ValueError(f"operation is {operation!r}; choose one of {', '.join(OPERATIONS)}")
    if fill not in get_args(Fill):
        raise ValueError(f"fill is {fill!r}; choose one of {', '.join(get_args(Fill))}")
    _check_pattern(pattern, operation)
    bounds = OPERATIONS[operation]
    if bounds is None:
        magnitude = np.nan
    elif magnitude is None or not bounds[0] <= magnitude <= bounds[1]:
        raise ValueError(
            f"the magnitude of {operation} is {magnitude}; give a number from {bounds[0]} to {bounds[1]}"
        )
    changed = _FUNCTIONS[operation](np.array(pattern), magnitude, fill, seed)
    return np.ascontiguousarray(changed)


def _check_pattern(pattern: _Pattern, operation: str) -> None:
    if pattern.ndim not in (2, 3) or (pattern.ndim == 3 and pattern.shape[2] != 3) or pattern.size == 0:
        raise ValueError(
            f"the pattern has shape {pattern.shape}; give (height, width) or (height, width, 3), not empty"
        )
    if pattern.dtype != np.uint8 and (pattern.dtype != np.uint16 or operation in _EIGHT_BITS):
        depths = "uint8" if operation in _EIGHT_BITS else "uint8 or uint16"
        raise TypeError(f"the pattern holds {pattern.dtype}, but {operation} works on {depths}; convert it")


def _outside(pattern: _Pattern, fill: Fill) -> list[float]:
    """Return the value of each channel for what was not in the pattern."""
    if fill == "black":
        return [0.0] * 3
    rim = np.concatenate([pattern[0], pattern[-1], pattern[1:-1, 0], pattern[1:-1, -1]])
    return [float(value) for value in np.atleast_1d(np.rint(np.median(rim, axis=0)))]


def _warp(pattern: _Pattern, matrix: list[list[float]], fill: Fill) -> _Pattern:
    """Move what is at p, seen from the middle, to matrix @ p."""
    forward = np.asarray(matrix, np.float64)  # (2, 2), acts on x, y
    size = np.array(pattern.shape[1::-1])
    # less a trifle: the cosine of 0 degrees may come with a rounding error, and a pixel is not for that
    room = size if fill == "black" else np.ceil(np.abs(forward) @ size - 1e-6).astype(int)
    offset = (room - 1) / 2 - forward @ ((size - 1) / 2)
    width, height = room.tolist()
    return cv2.warpAffine(
        pattern, np.column_stack([forward, offset]), (width, height), borderValue=_outside(pattern, fill)
    )


def _shift(pattern: _Pattern, right: float, down: float, fill: Fill) -> _Pattern:
    height, width = pattern.shape[:2]
    matrix = np.array([[1, 0, round(right * width)], [0, 1, round(down * height)]], np.float64)
    return cv2.warpAffine(pattern, matrix, (width, height), borderValue=_outside(pattern, fill))


def _rotate(pattern: _Pattern, degrees: float, fill: Fill) -> _Pattern:
    cos, sin = math.cos(math.radians(degrees)), math.sin(math.radians(degrees))
    return _warp(pattern, [[cos, sin], [-sin, cos]], fill)  # y points down


def _resize(pattern: _Pattern, across: float, along: float) -> _Pattern:
    height, width = pattern.shape[:2]
    return cv2.resize(pattern, (max(1, round(across * width)), max(1, round(along * height))))


def _top(pattern: _Pattern) -> int:
    return int(np.iinfo(pattern.dtype).max)


def _stretch(pattern: _Pattern) -> _Pattern:
    low = pattern.min(axis=(0, 1)).astype(np.float64)
    spread = pattern.max(axis=(0, 1)) - low
    stretched = np.rint((pattern - low) * (_top(pattern) / np.maximum(spread, 1)))
    # a channel with a single value has nothing to stretch
    return np.where(spread > 0, stretched, pattern).astype(pattern.dtype)


def _equalize(pattern: _Pattern) -> _Pattern:
    channels = [cv2.equalizeHist(channel) for channel in cv2.split(pattern)]
    return np.asarray(cv2.merge(channels))  # (h, w) of one channel


def _away_from(base: _Pattern, pattern: _Pattern, factor: float) -> _Pattern:
    """Multiply the distance to `base`."""
    return np.asarray(cv2.addWeighted(pattern, factor, base, 1 - factor, 0))


def _gray(pattern: _Pattern) -> _Pattern:
    """Return the luminance, with as many channels as the pattern has."""
    if pattern.ndim == 2:
        return pattern
    return cv2.cvtColor(cv2.cvtColor(pattern, cv2.COLOR_RGB2GRAY), cv2.COLOR_GRAY2RGB)


_SMOOTH = np.array([[1, 1, 1], [1, 5, 1], [1, 1, 1]]) / 13  # that of Pillow, which the published code uses


def _smooth(pattern: _Pattern) -> _Pattern:
    return cv2.filter2D(pattern, -1, _SMOOTH, borderType=cv2.BORDER_REPLICATE)


def _cut_out(pattern: _Pattern, share: float, fill: Fill, seed: int) -> _Pattern:
    height, width = pattern.shape[:2]
    side = round(share * width)
    x, y = np.random.default_rng(seed).integers((width, height)) - side // 2
    value = (_top(pattern) // 2,) if fill == "black" else _outside(pattern, fill)
    pattern[max(0, y) : max(0, y + side), max(0, x) : max(0, x + side)] = value
    return pattern


# pattern (a copy), magnitude, fill, seed
_FUNCTIONS: dict[str, _Function] = {
    "ShearX": lambda p, m, fill, _: _warp(p, [[1, m], [0, 1]], fill),
    "ShearY": lambda p, m, fill, _: _warp(p, [[1, 0], [m, 1]], fill),
    "TranslateX": lambda p, m, fill, _: _shift(p, m, 0, fill),
    "TranslateY": lambda p, m, fill, _: _shift(p, 0, m, fill),
    "AutoContrast": lambda p, *_: _stretch(p),
    "Invert": lambda p, *_: ~p,
    "Equalize": lambda p, *_: _equalize(p),
    "Flip": lambda p, *_: p[:, ::-1],
    "Rotate": lambda p, m, fill, _: _rotate(p, m, fill),
    "Solarize": lambda p, m, *_: np.where(p >= m, ~p, p),
    "Posterize": lambda p, m, *_: p & (256 - 2 ** (8 - int(m))),
    "Contrast": lambda p, m, *_: _away_from(np.full_like(p, round(_gray(p).mean())), p, m),
    "Color": lambda p, m, *_: _away_from(_gray(p), p, m),
    "Brightness": lambda p, m, *_: _away_from(np.zeros_like(p), p, m),
    "Sharpness": lambda p, m, *_: _away_from(_smooth(p), p, m),
    "Cutout": _cut_out,
    "ResizeX": lambda p, m, *_: _resize(p, m, 1),
    "ResizeY": lambda p, m, *_: _resize(p, 1, m),
}
