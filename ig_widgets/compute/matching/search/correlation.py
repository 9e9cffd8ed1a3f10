"""The arithmetic of normalized cross-correlation, compiled: products, norms, peaks and scores.

Images, patterns and their reductions are arrays (channels, height, width). Every function leaves Python's
lock to other threads. Slices stand before the inner loops because the compiler vectorizes an index that is
plainly not negative.
"""

from typing import Any, NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

Array = NDArray[Any]
compiled = njit(nogil=True, fastmath=True, cache=True)
"""How the inner loops are compiled: outside Python's lock, sums in any order, kept on disk between runs.

What is kept of a function is thrown away when its own file changes, not when a function that it calls does:
remove `__pycache__` after editing this file or `refinement` (the tests keep theirs elsewhere).
"""


class CenteredPattern(NamedTuple):
    """What an exact score needs of a pattern.

    Attributes
    ----------
    pixels
        (channels, h, w), float64, centered.
    norm
        Norm of the pattern, the means added again if there are any.
    means
        (channels,): of the pattern, for uncentered scores; (0,) for centered ones.
    """

    pixels: Array
    norm: float
    means: Array


_NEVER = 1e30  # the energy of a window without contrast: nothing correlates with it


@compiled
def halve(finer: Array, squares: Array, means: Array, values: Array, energies: Array) -> None:
    """Average the 2 x 2 blocks of an image, and the squares of its pixels.

    Parameters
    ----------
    finer
        (channels, H, W): pixels, or means of blocks of pixels.
    squares
        (H, W): the means of the squares in those blocks, summed over channels; (0, 0): those of `finer`.
    means
        (channels,): subtracted first. Blocks that stick out of the image are filled up with zeros then.
    values, energies
        (channels, ceil(H / 2), ceil(W / 2)) and (ceil(H / 2), ceil(W / 2)), overwritten.
    """
    channels, height, width = finer.shape
    quarter = np.float32(0.25)
    row = np.empty((2, width + 1), np.float32)
    for y in range(energies.shape[0]):
        to_energy = energies[y]
        to_energy[:] = 0
        for c in range(channels + 1):
            if c == channels and squares.shape[0] == 0:
                break
            row[:] = 0
            for k in range(2):
                if 2 * y + k < height and c < channels:
                    line, to, mean = finer[c, 2 * y + k], row[k], means[c]
                    for x in range(width):
                        to[x] = line[x] - mean
                elif 2 * y + k < height:
                    line_of_squares, to = squares[2 * y + k], row[k]
                    for x in range(width):
                        to[x] = line_of_squares[x]
            upper, lower = row[0], row[1]
            if c == channels:
                for x in range(len(to_energy)):
                    to_energy[x] = quarter * (
                        (upper[2 * x] + upper[2 * x + 1]) + (lower[2 * x] + lower[2 * x + 1])
                    )
                break
            to_value = values[c, y]
            for x in range(len(to_value)):
                to_value[x] = quarter * (
                    (upper[2 * x] + upper[2 * x + 1]) + (lower[2 * x] + lower[2 * x + 1])
                )
            if squares.shape[0] == 0:
                for x in range(len(to_energy)):
                    to_energy[x] += quarter * (
                        (upper[2 * x] * upper[2 * x] + upper[2 * x + 1] * upper[2 * x + 1])
                        + (lower[2 * x] * lower[2 * x] + lower[2 * x + 1] * lower[2 * x + 1])
                    )


@compiled
def multiply_conjugates(first: Array, seconds: Array, products: Array) -> None:
    """Multiply a spectrum by the conjugates of others, summed over channels.

    Parameters
    ----------
    first
        (channels, 2 n), float32: real and imaginary parts in turn.
    seconds
        (patterns, channels, 2 n).
    products
        (patterns, 2 n), overwritten.
    """
    channels, length = first.shape
    for j in range(len(seconds)):
        product = products[j]
        for c in range(channels):
            a, b = first[c], seconds[j, c]
            if c > 0:
                for k in range(length // 2):
                    product[2 * k] += a[2 * k] * b[2 * k] + a[2 * k + 1] * b[2 * k + 1]
                    product[2 * k + 1] += a[2 * k + 1] * b[2 * k] - a[2 * k] * b[2 * k + 1]
            else:
                for k in range(length // 2):
                    product[2 * k] = a[2 * k] * b[2 * k] + a[2 * k + 1] * b[2 * k + 1]
                    product[2 * k + 1] = a[2 * k + 1] * b[2 * k] - a[2 * k] * b[2 * k + 1]


@compiled
def turn(columns: Array, rows: Array) -> None:
    """Turn the half-spectra of rows that stand in columns, and pack them.

    Parameters
    ----------
    columns
        (patterns, frequencies, 2 H), float32: real and imaginary parts in turn; an even number of pixels has
        n / 2 + 1 frequencies.
    rows
        (patterns, <= H, n), overwritten: packed as `cv2.dft` has it, without imaginary parts that are 0.
    """
    last = columns.shape[1] - 1
    tile = 16
    for j in range(len(rows)):
        for top in range(0, rows.shape[1], tile):
            bottom = min(top + tile, rows.shape[1])
            for y in range(top, bottom):
                rows[j, y, 0] = columns[j, 0, 2 * y]
                rows[j, y, 2 * last - 1] = columns[j, last, 2 * y]
            for begin in range(1, last, tile):
                end = min(begin + tile, last)
                for y in range(top, bottom):
                    to = rows[j, y, 2 * begin - 1 : 2 * end - 1]
                    for k in range(end - begin):
                        to[2 * k] = columns[j, begin + k, 2 * y]
                        to[2 * k + 1] = columns[j, begin + k, 2 * y + 1]


@compiled
def window_norms(
    sums: Array,
    squares: Array,
    size: tuple[int, int],
    area: int,
    means: Array,
    centered: bool,
    flat: float,
    inverse: Array,
    totals: Array,
) -> None:
    """Sum over all windows of a size, and take the root of their energies.

    Parameters
    ----------
    sums
        (channels, H + 1, W + 1), float64: integral images of the image's differences to its means, or of the
        means of blocks of such differences.
    squares
        (H + 1, W + 1), float64: integral image of their squares, summed over channels.
    size
        Height and width of the windows.
    area
        Pixels of full resolution in a window.
    means
        (channels,): the means.
    centered
        Whether each window's own mean is subtracted; else the image's means are added again.
    flat
        Energies up to this one are those of a window with the same value everywhere.
    inverse
        (rows, columns), overwritten: 1 / norm of each window, next to 0 where it is flat.
    totals
        (channels, rows, columns), overwritten unless centered: the windows' sums, scaled to full resolution.
    """
    rows, columns = inverse.shape
    channels = sums.shape[0]
    height, width = size
    scale = area / (height * width)
    brightness = 0.0
    for c in range(channels):
        brightness += area * means[c] * means[c]
    energies = np.empty(columns)
    for y in range(rows):
        near, far = squares[y, :columns], squares[y, width : width + columns]
        low, high = squares[y + height, :columns], squares[y + height, width : width + columns]
        for x in range(columns):
            energies[x] = (high[x] - low[x] - far[x] + near[x]) * scale
        for c in range(channels):
            near, far = sums[c, y, :columns], sums[c, y, width : width + columns]
            low, high = sums[c, y + height, :columns], sums[c, y + height, width : width + columns]
            if centered:
                for x in range(columns):
                    total = (high[x] - low[x] - far[x] + near[x]) * scale
                    energies[x] -= total * total / area
            else:
                mean, to = means[c], totals[c, y]
                for x in range(columns):
                    total = (high[x] - low[x] - far[x] + near[x]) * scale
                    to[x] = total
                    energies[x] += 2 * mean * total
        line = inverse[y]
        if not centered:
            for x in range(columns):
                energies[x] += brightness
        for x in range(columns):
            line[x] = np.float32(1) / np.sqrt(np.float32(energies[x] if energies[x] > flat else _NEVER))


@compiled
def strengths(
    products: Array,
    inverse: Array,
    totals: Array,
    weights: Array,
    constant: float,
    scale: float,
    signed: bool,
    strength: Array,
) -> None:
    """Divide the correlations of all windows by their norms.

    Parameters
    ----------
    products
        At least (rows, columns): sums of products of the centered pattern with the windows.
    inverse, totals
        As from `window_norms`.
    weights, constant
        (channels,) and a number: each product grows by sum(totals * weights) + constant. No weights, (0,): by
        nothing.
    scale
        1 / norm of the pattern, times the pixels in a block.
    signed
        Whether the sign counts.
    strength
        (rows + 2, columns + 2), overwritten: the scores, with a border of -2.
    """
    rows, columns = inverse.shape
    strength[0] = strength[rows + 1] = -2
    strength[:, 0] = strength[:, columns + 1] = -2
    factor, shift = np.float32(scale), np.float32(constant)
    shifted = np.empty(columns, np.float32)
    for y in range(rows):
        line, norm, to = products[y, :columns], inverse[y], strength[y + 1, 1 : columns + 1]
        if len(weights) > 0:
            for x in range(columns):
                shifted[x] = line[x] * factor + shift
            for c in range(len(weights)):
                weight, total = np.float32(weights[c]), totals[c, y]
                for x in range(columns):
                    shifted[x] += weight * total[x]
            for x in range(columns):
                to[x] = shifted[x] * norm[x]
        else:
            for x in range(columns):
                to[x] = line[x] * factor * norm[x]
        if not signed:
            for x in range(columns):
                to[x] = abs(to[x])


@compiled
def row_maxima(strength: Array, highest: Array) -> None:
    """Find the highest score of each row, (rows,), in scores with a border.

    The bits of positive numbers, read as integers, have the same order; their maximum is found much faster.
    """
    bits = strength.view(np.int32)
    for y in range(len(highest)):
        line = bits[y + 1, 1 : bits.shape[1] - 1]
        top = np.int32(0)
        for x in range(len(line)):
            top = max(top, line[x])
        highest[y] = strength[y + 1].max() if top == 0 else np.int32(top).view(np.float32)


@compiled
def upper_bounds(strength: Array, inverse: Array, doubt: float, bounds: Array) -> None:
    """Add to the scores what they may be off: `doubt`, in norms of the pattern, over the window's norm."""
    rows, columns = inverse.shape
    bounds[0] = bounds[rows + 1] = -2
    bounds[:, 0] = bounds[:, columns + 1] = -2
    off = np.float32(doubt)
    for y in range(rows):
        line, norm, to = strength[y + 1, 1 : columns + 1], inverse[y], bounds[y + 1, 1 : columns + 1]
        for x in range(columns):
            to[x] = line[x] + off * norm[x]


@compiled
def peaks(strength: Array, highest: Array, ys: Array, xs: Array, values: Array) -> int:
    """Find the highest local maxima, the best first.

    Parameters
    ----------
    strength, highest
        As from `strengths`; the entries of `highest` are used up.
    ys, xs, values
        (count,), overwritten as far as there are peaks.

    Returns
    -------
    int
        How many were found.
    """
    rows, width = len(highest), strength.shape[1]
    count, found = len(values), 0
    while True:
        y, top = 0, np.float32(-2)
        for row in range(rows):
            if highest[row] > top:
                y, top = row, highest[row]
        if top <= -2 or (found == count and top <= values[count - 1]):
            return found
        highest[y] = -2
        above, line, below = strength[y], strength[y + 1], strength[y + 2]
        for x in range(1, width - 1):
            value = line[x]
            if found == count and value <= values[count - 1]:
                continue
            if value < max(line[x - 1], line[x + 1], above[x], below[x]):
                continue
            if value < max(above[x - 1], above[x + 1], below[x - 1], below[x + 1]):
                continue
            found = min(found + 1, count)
            k = found - 1
            while k > 0 and values[k - 1] < value:
                values[k], ys[k], xs[k] = values[k - 1], ys[k - 1], xs[k - 1]
                k -= 1
            values[k], ys[k], xs[k] = value, y, x - 1


@compiled
def exact_score(pixels: Array, y: int, x: int, pattern: CenteredPattern, flat: float) -> Any:
    """Score one window in float64.

    Parameters
    ----------
    pixels
        (channels, H, W), of any type.
    y, x
        The window's top left corner.
    pattern
        The pattern.
    flat
        Energies up to this one are those of a window with the same value everywhere; it scores 0.

    Returns
    -------
    float
        The score, in [-1, 1].
    """
    deviations, means = pattern.pixels, pattern.means
    channels, h, w = deviations.shape
    energy = product = 0.0
    for c in range(channels):
        origin = np.float64(pixels[c, y, x])  # near the window's values, so that their squares stay small
        total = squares = products = 0.0
        for row in range(h):
            line, weights = pixels[c, y + row, x : x + w], deviations[c, row]
            for k in range(w):
                value = line[k] - origin
                total += value
                squares += value * value
                products += value * weights[k]
        product += products
        if len(means) == 0:
            energy += squares - total * total / (h * w)
        else:
            energy += squares + 2 * origin * total + h * w * origin * origin
            product += means[c] * (total + h * w * origin)
    if energy <= flat:
        return 0.0
    return max(-1.0, min(1.0, product / (np.sqrt(energy) * pattern.norm)))


@compiled
def certify(
    bounds: Array,
    highest: Array,
    tolerance: float,
    signed: bool,
    tall: bool,
    pixels: Array,
    pattern: CenteredPattern,
    flat: float,
    y: int,
    x: int,
) -> tuple[float, int, int]:
    """Score the place that seems best, and then every place that could be better for all we know.

    Parameters
    ----------
    bounds, highest
        What the scores of all windows are at most, as from `upper_bounds`, and the maximum of each row.
    tolerance
        Places whose score cannot exceed the best by more than this are left alone.
    signed
        Whether the sign counts.
    tall
        Whether rows and columns of the bounds are columns and rows of the pixels.
    pixels, pattern, flat
        As in `exact_score`.
    y, x
        The place that seems best.

    Returns
    -------
    tuple of float, int, int
        Score (with its sign), y and x.
    """
    best = exact_score(pixels, x if tall else y, y if tall else x, pattern, flat)
    needed = (best if signed else abs(best)) + tolerance
    for row in range(len(highest)):
        if highest[row] <= needed:
            continue
        for column in range(bounds.shape[1] - 2):
            if bounds[row + 1, column + 1] > needed and not (row == y and column == x):
                at_y, at_x = (column, row) if tall else (row, column)
                score = exact_score(pixels, at_y, at_x, pattern, flat)
                if (score if signed else abs(score)) + tolerance > needed:
                    best, y, x = score, row, column
                    needed = (best if signed else abs(best)) + tolerance
    return best, y, x
