"""The pyramid search of several patterns in one image, compiled: from correlations to exact scores."""

from typing import NamedTuple

import numpy as np

from ig_widgets.compute.matching.search.arrays import (
    ImageArrays,
    PlaceArrays,
    TemplateArrays,
    TemplateLines,
)
from ig_widgets.compute.matching.search.correlation import (
    Array,
    CenteredPattern,
    compiled,
    exact_score,
    peaks,
    row_maxima,
    strengths,
    window_norms,
)
from ig_widgets.compute.matching.search.prepared_image import Level
from ig_widgets.compute.matching.search.refinement import (
    STRIDE,
    Candidates,
    ReducedPattern,
    Windows,
    refine,
)


class Limits(NamedTuple):
    """How much the pyramid search follows up.

    Attributes
    ----------
    candidates
        Places of the reduced image that are followed.
    kept
        How many of them are followed to full resolution.
    margins
        `refine`'s margins at half and at full resolution.
    """

    candidates: int
    kept: int
    margins: tuple[float, float]


@compiled
def pyramid_search(
    products: Array,
    factor: int,
    image: ImageArrays,
    levels: tuple[Level, Level],
    templates: TemplateArrays,
    lines: tuple[TemplateLines, TemplateLines],
    signed: bool,
    limits: Limits,
    places: PlaceArrays,
) -> None:
    """Find candidates for the best places of some patterns and refine them.

    Parameters
    ----------
    products
        (patterns, >= rows, >= columns): correlations at a reduction, in landscape format.
    factor
        The reduction: 4 or 2.
    image
        The image at the reduction.
    levels, lines
        Image and patterns at half and at full resolution.
    templates
        The patterns.
    signed
        Whether the sign counts.
    limits
        How many candidates are followed, and how far.
    places
        Overwritten, the best place at reduced precision first; as many as are kept at most.
    """
    half, whole = levels
    channels, height, width = whole.values.shape
    centered = templates.means.shape[1] == 0
    largest = products.shape[1] * products.shape[2]
    inverse_of, totals_of = (
        np.empty(largest, np.float32),
        np.empty(0 if centered else channels * largest, np.float32),
    )
    strength_of = np.empty((products.shape[1] + 2) * (products.shape[2] + 2), np.float32)
    sizes = templates.sizes
    windows = Windows(
        np.empty(channels * _window_length(sizes[:, 0].max(), sizes[:, 1].max()), np.float32),
        np.empty(_window_length(-(-sizes[:, 0].max() // 2), -(-sizes[:, 1].max() // 2)), np.float32),
    )
    candidates = Candidates(
        np.empty(limits.candidates, np.int64),
        np.empty(limits.candidates, np.int64),
        np.empty(limits.candidates, np.float32),
    )
    means_of_image = image.means[:0] if centered else image.means
    highest = np.empty(products.shape[1], np.float32)
    rows = columns = 0
    # The norms are those of the pixels at full resolution although the correlations are not: what the
    # reduction took away cannot match, so leaving it out would overrate the noisy windows.
    for j in range(len(sizes)):
        h, w, start = sizes[j]
        places.counts[j] = 0
        if h > height or w > width:
            continue
        area = h * w
        norm = templates.norms[j]
        if j == 0 or h != sizes[j - 1, 0] or w != sizes[j - 1, 1]:
            rows, columns = -(-(height - h + 1) // factor), -(-(width - w + 1) // factor)
            window = (-(-h // factor), -(-w // factor))
            if image.tall:
                rows, columns = columns, rows
                window = (window[1], window[0])
            inverse = inverse_of[: rows * columns].reshape((rows, columns))
            totals = totals_of[: 0 if centered else channels * rows * columns].reshape(
                (0 if centered else channels, rows, columns)
            )
            window_norms(
                image.sums, image.squares, window, area, image.means, centered, image.flat, inverse, totals
            )
        weights = templates.means[j] / norm
        constant = area * (means_of_image * weights).sum()
        strength = strength_of[: (rows + 2) * (columns + 2)].reshape((rows + 2, columns + 2))
        strengths(products[j], inverse, totals, weights, constant, factor**2 / norm, signed, strength)
        row_maxima(strength, highest[:rows])
        if image.tall:
            count = peaks(strength, highest[:rows], candidates.xs, candidates.ys, candidates.values)
        else:
            count = peaks(strength, highest[:rows], candidates.ys, candidates.xs, candidates.values)
        if factor == 4:
            reduced = ReducedPattern(
                _lines_of(lines[0], j, channels),
                (-(-h // 2), -(-w // 2)),
                area,
                4 / norm,
                means_of_image,
                weights,
                constant,
            )
            ends = (
                min(-(-(height - h + 1) // 2), half.values.shape[1] + (-h // 2) + 1),
                min(-(-(width - w + 1) // 2), half.values.shape[2] + (-w // 2) + 1),
            )
            count = refine(half, reduced, signed, ends, limits.margins[0], candidates, count, windows)
        full = ReducedPattern(
            _lines_of(lines[1], j, channels), (h, w), area, 1 / norm, means_of_image, weights, constant
        )
        ends = (height - h + 1, width - w + 1)
        count = refine(
            whole, full, signed, ends, limits.margins[1], candidates, min(count, limits.kept), windows
        )
        places.counts[j] = min(count, places.ys.shape[1])
        deviations = templates.deviations[start : start + channels * area].reshape((channels, h, w))
        pattern = CenteredPattern(deviations, norm, templates.means[j])
        for k in range(places.counts[j]):
            y, x = candidates.ys[k], candidates.xs[k]
            places.ys[j, k], places.xs[j, k] = y, x
            places.scores[j, k] = exact_score(whole.values, y, x, pattern, image.flat)


@compiled
def _lines_of(lines: TemplateLines, j: int, channels: int) -> Array:
    """Cut the lines of one pattern out of those of all."""
    begin, end = lines.starts[j], lines.starts[j + 1]
    return lines.values[begin:end].reshape((channels, (end - begin) // channels))


@compiled
def _window_length(height: int, width: int) -> int:
    return (height + STRIDE) * (width + STRIDE) + STRIDE
