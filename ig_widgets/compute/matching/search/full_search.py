"""The full search of several patterns in one image, compiled: from correlations to certified scores."""

import numpy as np

from ig_widgets.compute.matching.search.correlation import (
    Array,
    certify,
    compiled,
    exact_score,
    peaks,
    row_maxima,
    strengths,
    upper_bounds,
    window_norms,
)


@compiled
def look_everywhere(
    products: Array,
    tall: bool,
    transforms: tuple[Array, Array],
    pixels: Array,
    deviations: Array,
    sizes: Array,
    norms: Array,
    means: Array,
    origin: Array,
    flat: float,
    doubts: Array,
    tolerance: float,
    signed: bool,
    scratch: tuple[Array, Array, Array, Array],
    ys: Array,
    xs: Array,
    scores: Array,
    counts: Array,
) -> None:
    """Find the best places of some patterns.

    Parameters
    ----------
    products
        (patterns, >= rows, >= columns): correlations at full resolution, lying (see `Picture.lying`).
    tall
        Whether lying means transposed.
    transforms
        The image's integral images, lying.
    pixels
        (channels, H, W), not lying.
    deviations, sizes, norms, means, origin, flat, signed
        As in `descent.descend`.
    doubts
        (patterns,): how far a product may be off, divided by the norm of the pattern.
    tolerance
        As in `certify`.
    scratch
        Memory for norms, sums (per channel), scores and bounds of all windows, the latter two with a border.
    ys, xs, scores, counts
        (patterns, places), and (patterns,): the best place, certified, or several local maxima, with exact
        scores; overwritten.
    """
    channels, height, width = pixels.shape
    centered = means.shape[1] == 0
    candidates = ys.shape[1]
    inverse_of, totals_of, strength_of, bounds_of = scratch
    highest = np.empty(max(height, width), np.float32)
    values = np.empty(candidates, np.float32)
    rows = columns = 0
    for j in range(len(sizes)):
        h, w, start = sizes[j]
        counts[j] = 0
        if h > height or w > width:
            continue
        area, norm = h * w, norms[j]
        if j == 0 or h != sizes[j - 1, 0] or w != sizes[j - 1, 1]:
            rows, columns = height - h + 1, width - w + 1
            window = (h, w)
            if tall:
                rows, columns = columns, rows
                window = (w, h)
            inverse = inverse_of[: rows * columns].reshape((rows, columns))
            totals = totals_of[: 0 if centered else channels * rows * columns].reshape(
                (0 if centered else channels, rows, columns)
            )
            window_norms(transforms[0], transforms[1], window, area, origin, centered, flat, inverse, totals)
        weights = means[j] / norm
        constant = 0.0
        for c in range(means.shape[1]):
            constant += area * origin[c] * weights[c]
        shape = (rows + 2, columns + 2)
        strength = strength_of[: shape[0] * shape[1]].reshape(shape)
        strengths(products[j], inverse, totals, weights, constant, 1 / norm, signed, strength)
        row_maxima(strength, highest[:rows])
        pattern = deviations[start : start + channels * area].reshape((channels, h, w))
        if candidates == 1:
            y = int(highest[:rows].argmax())
            x = int(strength[y + 1].argmax()) - 1
            bounds = bounds_of[: shape[0] * shape[1]].reshape(shape)
            upper_bounds(strength, inverse, doubts[j], bounds)
            row_maxima(bounds, highest[:rows])
            score, y, x = certify(
                bounds, highest[:rows], tolerance, signed, tall, pixels, pattern, norm, means[j], flat, y, x
            )
            counts[j] = 1
            scores[j, 0], ys[j, 0], xs[j, 0] = score, x if tall else y, y if tall else x
            continue
        if tall:
            counts[j] = peaks(strength, highest[:rows], xs[j], ys[j], values)
        else:
            counts[j] = peaks(strength, highest[:rows], ys[j], xs[j], values)
        for k in range(counts[j]):
            scores[j, k] = exact_score(pixels, ys[j, k], xs[j, k], pattern, norm, means[j], flat)
