"""Compiled refinement of candidates from one level of a pyramid to the next."""

from typing import Any, NamedTuple

import numpy as np

from ig_widgets.compute.matching.search.correlation import Array, compiled
from ig_widgets.compute.matching.search.prepared_image import Level

REACH = 2
"""Places around a candidate that are looked at, in each direction: five in a row."""

STRIDE = 2 * REACH
"""Zeros after each row of a pattern, see `refine`."""


class ReducedPattern(NamedTuple):
    """A pattern at the resolution of a level.

    Attributes
    ----------
    lines
        (channels, h * (w + STRIDE)): its centered pixels or block means, `STRIDE` zeros after each row, so
        that the correlation at one offset is one long scalar product.
    size, area
        h, w, and the pixels of full resolution in them.
    scale
        1 / norm of the pattern, times the pixels in a block.
    origin, weights, constant
        Uncentered scores only, else all (0,) and 0: the image's means; as in `strengths`.
    """

    lines: Array
    size: tuple[int, int]
    area: int
    scale: float
    origin: Array
    weights: Array
    constant: float


class Candidates(NamedTuple):
    """Places and their scores, (n,) each, the best first."""

    ys: Array
    xs: Array
    values: Array


class Windows(NamedTuple):
    """Scratch memory for the windows around a candidate, (h + STRIDE) * (w + STRIDE) + STRIDE per channel.

    Attributes
    ----------
    pixels
        Those of all channels.
    squares
        The means of the blocks' squares, summed over channels; (0,): those of the pixels themselves.
    """

    pixels: Array
    squares: Array


@compiled
def refine(
    level: Level,
    pattern: ReducedPattern,
    signed: bool,
    ends: tuple[int, int],
    margin: float,
    candidates: Candidates,
    count: int,
    windows: Windows,
) -> int:
    """Move candidates to the best places around them, at twice the resolution at which they were found.

    Parameters
    ----------
    level
        The image: its pixels, or means of blocks.
    pattern
        The pattern at the same resolution.
    signed
        Whether the sign counts.
    ends
        Rows and columns of places on this level.
    margin
        Candidates that are worse than the best score found by more than this, relatively, are dropped.
    candidates
        Overwritten by what they became, best first, each place once.
    count
        How many candidates there are.
    windows
        Overwritten.

    Returns
    -------
    int
        How many candidates are left.
    """
    ys, xs, values = candidates
    size = pattern.size
    blocks = level.squares.shape[0] > 0
    windows = Windows(windows.pixels, windows.squares[: len(windows.squares) if blocks else 0])
    sums = np.empty((level.values.shape[0], STRIDE + 1))
    energies = np.empty(STRIDE + 1)
    best = -2.0
    left = 0
    for i in range(count):
        if values[i] < best - margin * abs(best):
            break
        top, first = _begin(ys[i], ends[0]), _begin(xs[i], ends[1])
        down, across = _length(ys[i], top, ends[0]), _length(xs[i], first, ends[1])
        for c in range(level.values.shape[0]):
            pixels = _of_channel(windows.pixels, c, size)
            _copy(level.values[c], level.means[c], top, first, down, across, size, pixels)
        if blocks:
            _copy(level.squares, np.float32(0), top, first, down, across, size, windows.squares)
        value, dy, dx = _best_offset(windows, pattern, signed, down, across, sums, energies)
        best = max(best, value)
        left = _insert(ys, xs, values, left, top + dy, first + dx, value)
    return left


@compiled
def _begin(place: int, end: int) -> int:
    """Where to begin to look around a place of the coarser level."""
    return max(0, min(2 * place - REACH, end - 1))


@compiled
def _length(place: int, begin: int, end: int) -> int:
    """How many places to look at."""
    return max(1, min(2 * place + REACH + 1, end) - begin)


@compiled
def _of_channel(pixels: Array, c: int, size: tuple[int, int]) -> Array:
    length = (size[0] + STRIDE) * (size[1] + STRIDE) + STRIDE
    return pixels[c * length : (c + 1) * length]


@compiled
def _insert(ys: Array, xs: Array, values: Array, count: int, y: int, x: int, value: float) -> int:
    """Add a place to a list, the best first, unless it is there; return the length of the list."""
    for k in range(count):
        if ys[k] == y and xs[k] == x:
            return count
    k = count
    while k > 0 and values[k - 1] < value:
        values[k], ys[k], xs[k] = values[k - 1], ys[k - 1], xs[k - 1]
        k -= 1
    values[k], ys[k], xs[k] = value, y, x
    return count + 1


@compiled
def _best_offset(
    windows: Windows,
    pattern: ReducedPattern,
    signed: bool,
    down: int,
    across: int,
    sums: Array,
    energies: Array,
) -> tuple[float, int, int]:
    """Find the best of `down` x `across` windows: its score, and where it is."""
    size, lines = pattern.size, pattern.lines
    channels, stride = len(sums), size[1] + STRIDE
    own = len(windows.squares) == 0
    products = np.empty(STRIDE + 1)
    best, y, x = -2.0, 0, 0
    for dy in range(down):
        if dy == 0:
            energies[:] = 0
        products[:] = 0
        for c in range(channels):
            pixels = _of_channel(windows.pixels, c, size)
            if dy == 0:
                _first_sums(pixels, size, across, sums[c])
                if own:
                    _first_energies(pixels, size, across, energies)
            else:
                _next_sums(pixels, size, across, dy, sums[c])
                if own:
                    _next_energies(pixels, size, across, dy, energies)
            _five_products(lines[c], pixels[dy * stride :], size[0] * stride, products)
        if not own and dy == 0:
            _first_sums(windows.squares, size, across, energies)
        elif not own:
            _next_sums(windows.squares, size, across, dy, energies)
        for dx in range(across):
            value = _score(products[dx], energies[dx], sums[:, dx], pattern)
            if not signed:
                value = abs(value)
            if value > best:
                best, y, x = value, dy, dx
    return best, y, x


@compiled
def _score(product: float, energy: float, sums: Array, pattern: ReducedPattern) -> Any:
    """Normalize a product by the norms of pattern and window, 0 if the latter has none."""
    size, area, origin = pattern.size, pattern.area, pattern.origin
    product *= pattern.scale
    blow_up = area / (size[0] * size[1])
    energy *= blow_up
    for c in range(len(sums)):
        total = sums[c] * blow_up
        if len(origin) == 0:
            energy -= total * total / area
        else:
            energy += 2 * origin[c] * total + area * origin[c] * origin[c]
            product += pattern.weights[c] * total
    if energy <= 0:
        return 0.0
    return (product + pattern.constant) / np.sqrt(energy)


@compiled
def _copy(
    level: Array,
    mean: Any,
    top: int,
    first: int,
    down: int,
    across: int,
    size: tuple[int, int],
    pixels: Array,
) -> None:
    """Copy the windows at `down` x `across` places, each row filled up to its stride with zeros."""
    rows, columns, stride = size[0] + down - 1, size[1] + across - 1, size[1] + STRIDE
    for y in range(rows):
        line, to = level[top + y, first : first + columns], pixels[y * stride : (y + 1) * stride]
        for x in range(columns):
            to[x] = line[x] - mean
        to[columns:] = 0
    pixels[rows * stride :] = 0


@compiled
def _sum(values: Array) -> Any:
    total = np.float32(0)
    for k in range(len(values)):
        total += values[k]
    return total


@compiled
def _sum_of_squares(values: Array) -> Any:
    total = np.float32(0)
    for k in range(len(values)):
        total += values[k] * values[k]
    return total


@compiled
def _first_sums(pixels: Array, size: tuple[int, int], across: int, sums: Array) -> None:
    """Sum the windows of the first row of places: one in full, the others by what they gain and lose."""
    h, w, stride = size[0], size[1], size[1] + STRIDE
    sums[:] = 0
    for y in range(h):
        sums[0] += _sum(pixels[y * stride : y * stride + w])
    for dx in range(1, across):
        sums[dx] = sums[dx - 1]
        for y in range(h):
            sums[dx] += pixels[y * stride + w + dx - 1] - pixels[y * stride + dx - 1]


@compiled
def _first_energies(pixels: Array, size: tuple[int, int], across: int, energies: Array) -> None:
    """Add what `_first_sums` would give for the squares."""
    h, w, stride = size[0], size[1], size[1] + STRIDE
    energy = 0.0
    for y in range(h):
        energy += _sum_of_squares(pixels[y * stride : y * stride + w])
    energies[0] += energy
    for dx in range(1, across):
        for y in range(h):
            gained, lost = pixels[y * stride + w + dx - 1], pixels[y * stride + dx - 1]
            energy += gained * gained - lost * lost
        energies[dx] += energy


@compiled
def _next_sums(pixels: Array, size: tuple[int, int], across: int, dy: int, sums: Array) -> None:
    """Move the windows down by one row."""
    h, w, stride = size[0], size[1], size[1] + STRIDE
    lost, gained = pixels[(dy - 1) * stride : dy * stride], pixels[(dy + h - 1) * stride : (dy + h) * stride]
    change = _sum(gained[:w]) - _sum(lost[:w])
    for dx in range(across):
        if dx > 0:
            change += gained[w + dx - 1] - gained[dx - 1] - lost[w + dx - 1] + lost[dx - 1]
        sums[dx] += change


@compiled
def _next_energies(pixels: Array, size: tuple[int, int], across: int, dy: int, energies: Array) -> None:
    """Add what `_next_sums` would give for the squares."""
    h, w, stride = size[0], size[1], size[1] + STRIDE
    lost, gained = pixels[(dy - 1) * stride : dy * stride], pixels[(dy + h - 1) * stride : (dy + h) * stride]
    change = _sum_of_squares(gained[:w]) - _sum_of_squares(lost[:w])
    for dx in range(across):
        if dx > 0:
            change += gained[w + dx - 1] ** 2 - lost[w + dx - 1] ** 2
            change -= gained[dx - 1] ** 2 - lost[dx - 1] ** 2
        energies[dx] += change


@compiled
def _five_products(pattern: Array, pixels: Array, n: int, products: Array) -> None:
    """Add the scalar products of a pattern with `n` pixels that begin at the first five places."""
    s0 = s1 = s2 = s3 = s4 = np.float32(0)
    p0, p1, p2, p3, p4 = (
        pixels[:n],
        pixels[1 : n + 1],
        pixels[2 : n + 2],
        pixels[3 : n + 3],
        pixels[4 : n + 4],
    )
    for k in range(n):
        value = pattern[k]
        s0 += value * p0[k]
        s1 += value * p1[k]
        s2 += value * p2[k]
        s3 += value * p3[k]
        s4 += value * p4[k]
    products[0] += s0
    products[1] += s1
    products[2] += s2
    products[3] += s3
    products[4] += s4
