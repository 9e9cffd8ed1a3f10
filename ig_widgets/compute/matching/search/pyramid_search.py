"""The pyramid search of several patterns in one image, compiled: from correlations to exact scores."""

import numpy as np

from ig_widgets.compute.matching.search.correlation import (
    Array,
    compiled,
    exact_score,
    peaks,
    row_maxima,
    strengths,
    window_norms,
)
from ig_widgets.compute.matching.search.prepared_image import Level
from ig_widgets.compute.matching.search.refinement import STRIDE, refine


@compiled
def descend(
    products: Array,
    factor: int,
    tall: bool,
    transforms: tuple[Array, Array],
    half: Level,
    whole: Level,
    half_lines: tuple[Array, Array],
    lines: tuple[Array, Array],
    deviations: Array,
    sizes: Array,
    norms: Array,
    means: Array,
    origin: Array,
    flat: float,
    signed: bool,
    candidates: int,
    kept: int,
    margins: tuple[float, float],
    ys: Array,
    xs: Array,
    scores: Array,
    counts: Array,
) -> None:
    """Find candidates for the best places of some patterns and refine them.

    Parameters
    ----------
    products
        (patterns, >= rows, >= columns): correlations at a reduction, lying (see `Picture.lying`).
    factor
        The reduction: 4 or 2.
    tall
        Whether lying means transposed.
    transforms
        The image's integral images at the reduction, lying.
    half, whole
        The image's `Level` at half and at full resolution.
    half_lines, lines
        The patterns' `Template.lines` at half and at full resolution, one after the other, and where each
        begins.
    deviations
        `Template.deviations`, one after the other, beginning where `deviations[sizes[:, 2]]` says.
    sizes
        (patterns, 3): height, width, and where the pattern begins in `deviations`.
    norms
        (patterns,): those of the kind of score.
    means
        (patterns, channels): of the patterns, for uncentered scores; (patterns, 0) for centered ones.
    origin
        (channels,): the image's means.
    flat
        As in `exact_score`.
    signed
        Whether the sign counts.
    candidates, kept, margins
        How many places of the reduced image are followed, how many of them to full resolution, and `refine`'s
        margin at half and at full resolution.
    ys, xs, scores, counts
        (patterns, kept), and (patterns,): the places found, the best at reduced precision first, with exact
        scores; overwritten.
    """
    channels, height, width = whole.values.shape
    centered = means.shape[1] == 0
    largest = products.shape[1] * products.shape[2]
    inverse_of, totals_of = (
        np.empty(largest, np.float32),
        np.empty(0 if centered else channels * largest, np.float32),
    )
    strength_of = np.empty((products.shape[1] + 2) * (products.shape[2] + 2), np.float32)
    patch = np.empty(channels * _patch(sizes[:, 0].max(), sizes[:, 1].max()), np.float32)
    patch_squares = np.empty(_patch(-(-sizes[:, 0].max() // 2), -(-sizes[:, 1].max() // 2)), np.float32)
    at_y, at_x = np.empty(candidates, np.int64), np.empty(candidates, np.int64)
    values = np.empty(candidates, np.float32)
    means_of_image = origin[:0] if centered else origin
    highest = np.empty(products.shape[1], np.float32)
    rows = columns = 0
    # The norms are those of the pixels at full resolution although the correlations are not: what the
    # reduction took away cannot match, so leaving it out would overrate the noisy windows.
    for j in range(len(sizes)):
        h, w, start = sizes[j]
        counts[j] = 0
        if h > height or w > width:
            continue
        area = h * w
        norm = norms[j]
        if j == 0 or h != sizes[j - 1, 0] or w != sizes[j - 1, 1]:
            rows, columns = -(-(height - h + 1) // factor), -(-(width - w + 1) // factor)
            window = (-(-h // factor), -(-w // factor))
            if tall:
                rows, columns = columns, rows
                window = (window[1], window[0])
            inverse = inverse_of[: rows * columns].reshape((rows, columns))
            totals = totals_of[: 0 if centered else channels * rows * columns].reshape(
                (0 if centered else channels, rows, columns)
            )
            window_norms(transforms[0], transforms[1], window, area, origin, centered, flat, inverse, totals)
        weights = means[j] / norm
        constant = area * (means_of_image * weights).sum()
        strength = strength_of[: (rows + 2) * (columns + 2)].reshape((rows + 2, columns + 2))
        strengths(products[j], inverse, totals, weights, constant, factor**2 / norm, signed, strength)
        row_maxima(strength, highest[:rows])
        if tall:
            found = peaks(strength, highest[:rows], at_x, at_y, values)
        else:
            found = peaks(strength, highest[:rows], at_y, at_x, values)
        if factor == 4:
            found = refine(
                half.values,
                half.squares,
                half.means,
                _lines(half_lines, j, channels),
                (-(-h // 2), -(-w // 2)),
                area,
                4 / norm,
                means_of_image,
                weights,
                constant,
                signed,
                (
                    min(-(-(height - h + 1) // 2), half.values.shape[1] + (-h // 2) + 1),
                    min(-(-(width - w + 1) // 2), half.values.shape[2] + (-w // 2) + 1),
                ),
                margins[0],
                at_y,
                at_x,
                values,
                found,
                patch,
                patch_squares,
            )
        found = refine(
            whole.values,
            whole.squares,
            whole.means,
            _lines(lines, j, channels),
            (h, w),
            area,
            1 / norm,
            means_of_image,
            weights,
            constant,
            signed,
            (height - h + 1, width - w + 1),
            margins[1],
            at_y,
            at_x,
            values,
            min(found, kept),
            patch,
            patch_squares,
        )
        counts[j] = min(found, ys.shape[1])
        pattern = deviations[start : start + channels * area].reshape((channels, h, w))
        for k in range(counts[j]):
            ys[j, k], xs[j, k] = at_y[k], at_x[k]
            scores[j, k] = exact_score(whole.values, at_y[k], at_x[k], pattern, norm, means[j], flat)


@compiled
def _lines(lines: tuple[Array, Array], j: int, channels: int) -> Array:
    """Cut the lines of one pattern out of those of all."""
    values, starts = lines
    return values[starts[j] : starts[j + 1]].reshape((channels, (starts[j + 1] - starts[j]) // channels))


@compiled
def _patch(height: int, width: int) -> int:
    return (height + STRIDE) * (width + STRIDE) + STRIDE
