"""The full search of several patterns in one image, compiled: from correlations to certified scores."""

from typing import NamedTuple

import numpy as np

from ig_widgets.compute.matching.search.arrays import ImageArrays, PlaceArrays, TemplateArrays
from ig_widgets.compute.matching.search.correlation import (
    Array,
    CenteredPattern,
    certify,
    compiled,
    exact_score,
    peaks,
    row_maxima,
    strengths,
    upper_bounds,
    window_norms,
)


class Scratch(NamedTuple):
    """Memory for norms, sums (per channel), scores and bounds of all windows; the last two with a border."""

    inverse: Array
    totals: Array
    strength: Array
    bounds: Array


@compiled
def full_search(
    products: Array,
    image: ImageArrays,
    pixels: Array,
    templates: TemplateArrays,
    doubts: Array,
    tolerance: float,
    signed: bool,
    scratch: Scratch,
    places: PlaceArrays,
) -> None:
    """Find the best places of some patterns.

    Parameters
    ----------
    products
        (patterns, >= rows, >= columns): correlations at full resolution, in landscape format.
    image
        The image at full resolution.
    pixels
        (channels, H, W), as they are.
    templates
        The patterns.
    doubts
        (patterns,): how far a product may be off, divided by the norm of the pattern.
    tolerance
        As in `certify`.
    signed
        Whether the sign counts.
    scratch
        Overwritten.
    places
        Overwritten: the best place, certified, or several local maxima.
    """
    channels, height, width = pixels.shape
    sizes, means = templates.sizes, templates.means
    centered = means.shape[1] == 0
    candidates = places.ys.shape[1]
    highest = np.empty(max(height, width), np.float32)
    values = np.empty(candidates, np.float32)
    rows = columns = 0
    for j in range(len(sizes)):
        h, w, start = sizes[j]
        places.counts[j] = 0
        if h > height or w > width:
            continue
        area, norm = h * w, templates.norms[j]
        if j == 0 or h != sizes[j - 1, 0] or w != sizes[j - 1, 1]:
            rows, columns = height - h + 1, width - w + 1
            window = (h, w)
            if image.tall:
                rows, columns = columns, rows
                window = (w, h)
            inverse = scratch.inverse[: rows * columns].reshape((rows, columns))
            totals = scratch.totals[: 0 if centered else channels * rows * columns].reshape(
                (0 if centered else channels, rows, columns)
            )
            window_norms(
                image.sums, image.squares, window, area, image.means, centered, image.flat, inverse, totals
            )
        weights = means[j] / norm
        constant = 0.0
        for c in range(means.shape[1]):
            constant += area * image.means[c] * weights[c]
        shape = (rows + 2, columns + 2)
        strength = scratch.strength[: shape[0] * shape[1]].reshape(shape)
        strengths(products[j], inverse, totals, weights, constant, 1 / norm, signed, strength)
        row_maxima(strength, highest[:rows])
        deviations = templates.deviations[start : start + channels * area].reshape((channels, h, w))
        pattern = CenteredPattern(deviations, norm, means[j])
        if candidates == 1:
            y = int(highest[:rows].argmax())
            x = int(strength[y + 1].argmax()) - 1
            bounds = scratch.bounds[: shape[0] * shape[1]].reshape(shape)
            upper_bounds(strength, inverse, doubts[j], bounds)
            row_maxima(bounds, highest[:rows])
            score, y, x = certify(
                bounds, highest[:rows], tolerance, signed, image.tall, pixels, pattern, image.flat, y, x
            )
            places.counts[j], places.scores[j, 0] = 1, score
            places.ys[j, 0], places.xs[j, 0] = (x, y) if image.tall else (y, x)
            continue
        if image.tall:
            places.counts[j] = peaks(strength, highest[:rows], places.xs[j], places.ys[j], values)
        else:
            places.counts[j] = peaks(strength, highest[:rows], places.ys[j], places.xs[j], values)
        for k in range(places.counts[j]):
            places.scores[j, k] = exact_score(pixels, places.ys[j, k], places.xs[j, k], pattern, image.flat)
