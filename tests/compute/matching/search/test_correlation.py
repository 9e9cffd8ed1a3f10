import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from ig_widgets.compute.matching.search.correlation import (
    CenteredPattern,
    certify,
    exact_score,
    halve,
    multiply_conjugates,
    peaks,
    row_maxima,
    strengths,
    turn,
    upper_bounds,
    window_norms,
)

NO_MEANS = np.empty(0)


def noise(*shape, low=0, high=256, dtype=np.uint8, seed=0):
    return np.random.default_rng(seed).integers(low, high, shape).astype(dtype)


def score_of(window, pattern, kind):
    """NCC as the formula is, in float64; both (channels, h, w)."""
    window, pattern = window.astype(np.float64), pattern.astype(np.float64)
    if kind == "centered":
        window, pattern = (a - a.mean(axis=(1, 2), keepdims=True) for a in (window, pattern))
    norm = np.sqrt((window**2).sum() * (pattern**2).sum())
    return (window * pattern).sum() / norm if (window != 0).any() else 0.0


def prepared(pattern, kind):
    """What `exact_score` needs of a pattern."""
    pattern = pattern.astype(np.float64)
    means = pattern.mean(axis=(1, 2))
    centered = pattern - means[:, None, None]
    if kind == "centered":
        return CenteredPattern(centered, float(np.sqrt((centered**2).sum())), NO_MEANS)
    return CenteredPattern(centered, float(np.sqrt((pattern**2).sum())), means)


def bordered(scores):
    return np.pad(np.asarray(scores, np.float32), 1, constant_values=-2)


def maxima(strength):
    highest = np.empty(len(strength) - 2, np.float32)
    row_maxima(strength, highest)
    return highest


def complexes(*shape, seed=0):
    return np.random.default_rng(seed).normal(size=(*shape, 2)).astype(np.float32).view(np.complex64)[..., 0]


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("length", [1, 2, 37])
def test_products_of_spectra_are_those_of_complex_numbers_summed_over_channels(length, channels):
    first, seconds = complexes(channels, length), complexes(4, channels, length, seed=1)
    products = np.full((4, 2 * length), np.nan, np.float32)
    multiply_conjugates(first.view(np.float32), seconds.view(np.float32), products)
    expected = (first * seconds.conj()).sum(axis=1)
    np.testing.assert_allclose(products.view(np.complex64), expected, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("frequencies", [2, 3, 17, 18, 40])
@pytest.mark.parametrize("rows", [1, 16, 35])
def test_turned_spectra_transform_back_to_what_numpy_finds(rows, frequencies):
    columns = complexes(3, frequencies, 35)
    turned = np.full((3, rows, 2 * frequencies - 2), np.nan, np.float32)
    turn(columns.view(np.float32), turned)
    expected = np.fft.irfft(columns.swapaxes(1, 2)[:, :rows], axis=2)
    flags = cv2.DFT_INVERSE | cv2.DFT_ROWS | cv2.DFT_SCALE | cv2.DFT_REAL_OUTPUT
    for found, plane in zip(turned, expected, strict=True):
        np.testing.assert_allclose(cv2.dft(found, flags=flags).reshape(plane.shape), plane, atol=1e-5)


@pytest.mark.parametrize("shape", [(1, 6, 8), (3, 5, 7), (1, 1, 4), (3, 3, 1)], ids=str)
@pytest.mark.parametrize("dtype", [np.uint8, np.uint16, np.float64])
def test_halving_twice_averages_blocks_of_4_and_the_squares_of_their_pixels(dtype, shape):
    channels, height, width = shape
    pixels, means = noise(*shape, dtype=dtype), np.array([100.5, 7, 200][:channels])
    sides = [(height, width), (-(-height // 2), -(-width // 2)), (-(-height // 4), -(-width // 4))]
    values, energies = zip(
        *((np.empty((channels, *side), np.float32), np.empty(side, np.float32)) for side in sides),
        strict=True,
    )
    halve(pixels, np.empty((0, 0), np.float32), means, values[1], energies[1])
    halve(values[1], energies[1], np.zeros(channels, np.float32), values[2], energies[2])
    centered = np.zeros((channels, 4 * sides[2][0], 4 * sides[2][1]))
    centered[:, :height, :width] = pixels - means[:, None, None]
    blocks = centered.reshape(channels, sides[2][0], 4, sides[2][1], 4)
    np.testing.assert_allclose(values[2], blocks.mean(axis=(2, 4)), rtol=1e-5, atol=1e-4)
    np.testing.assert_allclose(energies[2], (blocks**2).sum(axis=0).mean(axis=(1, 3)), rtol=1e-5)


def norms_of(pixels, size, *, centered, block=1):
    """Call `window_norms` for an image reduced to the means of blocks."""
    channels, height, width = pixels.shape
    means = pixels.mean(axis=(1, 2)).round()
    deviations = (pixels - means[:, None, None]).reshape(
        channels, height // block, block, width // block, block
    )
    sums = np.stack([cv2.integral(plane, sdepth=cv2.CV_64F) for plane in deviations.mean(axis=(2, 4))])
    squares = cv2.integral((deviations**2).sum(axis=0).mean(axis=(1, 3)), sdepth=cv2.CV_64F)
    rows, columns = height // block - size[0] + 1, width // block - size[1] + 1
    inverse = np.full((rows, columns), np.nan, np.float32)
    totals = np.full((0, 0, 0) if centered else (channels, rows, columns), np.nan, np.float32)
    area = size[0] * size[1] * block**2
    window_norms(sums, squares, size, area, means, centered, 1e-6, inverse, totals)
    return inverse, totals, means


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("centered", [True, False])
@pytest.mark.parametrize("block", [1, 2])
@pytest.mark.parametrize("size", [(1, 1), (3, 4), (1, 8), (6, 1), (6, 8)], ids=str)
def test_norms_equal_the_double_loop_also_of_reduced_images(size, block, centered, channels):
    pixels = noise(channels, 6 * block, 8 * block).astype(np.float64)
    pixels[:, : 4 * block, : 5 * block] = [[[77]], [[0]], [[255]]][:channels]
    inverse, totals, means = norms_of(pixels, size, centered=centered, block=block)
    h, w = size[0] * block, size[1] * block
    for y in range(inverse.shape[0]):
        for x in range(inverse.shape[1]):
            window = pixels[:, y * block : y * block + h, x * block : x * block + w]
            own = window.mean(axis=(1, 2), keepdims=True) if centered else 0
            norm = np.sqrt(((window - own) ** 2).sum())
            if norm == 0:
                assert 0 <= inverse[y, x] < 1e-12
            else:
                assert inverse[y, x] == pytest.approx(1 / norm, rel=1e-5)
            if not centered:
                differences = window - means[:, None, None]
                np.testing.assert_allclose(totals[:, y, x], differences.sum(axis=(1, 2)), rtol=1e-5)


def test_a_black_window_has_no_norm_when_uncentered():
    pixels = np.zeros((1, 6, 8))
    pixels[0, 5, 7] = 255
    inverse, _, _ = norms_of(pixels, (3, 4), centered=False)
    assert inverse[-1, -1] == pytest.approx(1 / 255)
    assert (inverse.ravel()[:-1] < 1e-12).all()


@pytest.mark.parametrize("signed", [True, False])
@pytest.mark.parametrize("channels", [0, 1, 3])
def test_strengths_are_products_over_norms(channels, signed):
    rng = np.random.default_rng(0)
    products = rng.normal(size=(9, 12)).astype(np.float32)
    inverse = rng.random((5, 7)).astype(np.float32)
    totals = rng.normal(size=(channels, 5, 7)).astype(np.float32)
    weights, constant = rng.normal(size=channels), 0.5 if channels else 0.0
    strength = np.full((7, 9), np.nan, np.float32)
    strengths(products, inverse, totals, weights, constant, 3.0, signed, strength)
    expected = (3 * products[:5, :7] + np.tensordot(weights, totals, 1) + constant) * inverse
    np.testing.assert_allclose(
        strength, bordered(expected if signed else abs(expected)), rtol=1e-4, atol=1e-6
    )


@pytest.mark.parametrize(
    "row", [[0.5, -0.25, 0.75], [-0.5, -0.25, -0.75], [-0.5, 0, -0.1], [-0.0, -0.0, -1], [0, 0, 0], [1, 1, 1]]
)
def test_row_maxima_are_those_of_numpy_whatever_the_signs(row):
    scores = np.array([row, [0.1, 0.2, -0.3], row[::-1]], np.float32)
    np.testing.assert_array_equal(maxima(bordered(scores)), scores.max(axis=1))


def test_upper_bounds_add_the_doubt_over_the_norm():
    scores, inverse = np.random.default_rng(0).random((2, 4, 6)).astype(np.float32)
    bounds = np.full((6, 8), np.nan, np.float32)
    upper_bounds(bordered(scores), inverse, 0.25, bounds)
    np.testing.assert_allclose(bounds, bordered(scores + 0.25 * inverse), rtol=1e-6)


@given(
    arrays(np.int8, st.tuples(st.integers(1, 6), st.integers(1, 9)), elements=st.integers(-4, 4)),
    st.one_of(st.integers(1, 4), st.just(60)),
)
@settings(deadline=None, max_examples=200)
def test_peaks_are_the_highest_places_that_no_neighbor_exceeds(scores, count):
    strength = bordered(scores / 4)
    local = {
        (y, x): strength[y + 1, x + 1]
        for y, x in np.ndindex(scores.shape)
        if strength[y + 1, x + 1] == strength[y : y + 3, x : x + 3].max()
    }
    ys, xs = np.full((2, count), -1)
    values = np.empty(count, np.float32)
    found = peaks(strength, maxima(strength), ys, xs, values)
    assert found == min(count, len(local))
    assert values[:found].tolist() == sorted(local.values(), reverse=True)[:found]
    places = list(zip(ys[:found].tolist(), xs[:found].tolist(), strict=True))
    assert len(set(places)) == found
    assert [local[place] for place in places] == values[:found].tolist()


IMAGES = {
    "noise": noise(1, 12, 14),
    "saturated": np.clip(noise(1, 12, 14, low=-300, high=600, dtype=np.int64), 0, 255).astype(np.uint8),
    "faint texture on a large mean, 16 bits": noise(1, 12, 14, low=65533, high=65536, dtype=np.uint16),
    "floats on a very large mean": 1e6 + 1e-3 * np.random.default_rng(0).normal(size=(1, 12, 14)),
    "color": noise(3, 12, 14),
}


@pytest.mark.parametrize("kind", ["centered", "uncentered"])
@pytest.mark.parametrize("name", IMAGES)
def test_exact_scores_equal_the_double_loop(name, kind):
    pixels = IMAGES[name]
    pattern = pixels[:, 2:7, 3:9][:, ::-1]
    centered = prepared(pattern, kind)
    for y in range(12 - 5 + 1):
        for x in range(14 - 6 + 1):
            score = exact_score(pixels, y, x, centered, 0.0)
            expected = score_of(pixels[:, y : y + 5, x : x + 6], pattern, kind)
            assert score == pytest.approx(expected, abs=1e-7)
            assert -1 <= score <= 1


def test_a_window_without_energy_scores_0():
    centered = prepared(noise(1, 5, 6), "centered")
    assert exact_score(np.full((1, 5, 6), 200, np.uint8), 0, 0, centered, 1e-6) == 0
    centered = prepared(noise(1, 5, 6), "uncentered")
    assert exact_score(np.zeros((1, 5, 6), np.uint8), 0, 0, centered, 1e-6) == 0


def certified(bounds, pixels, pattern, *, signed, start, kind="centered", tall=False):
    """Call `certify`; for a tall image the bounds, and what goes in and out, are transposed."""
    turn_over = -1 if tall else 1
    bounds = bordered(np.asarray(bounds).T if tall else bounds)
    centered = prepared(pattern, kind)
    settings = (1e-5, signed, tall, pixels, centered, 0.0)
    score, *place = certify(bounds, maxima(bounds), *settings, *start[::turn_over])
    return score, *place[::turn_over]


@pytest.mark.parametrize("kind", ["centered", "uncentered"])
@pytest.mark.parametrize("signed", [True, False])
@pytest.mark.parametrize("tall", [True, False])
@pytest.mark.parametrize("start", [(0, 0), (7, 8), (3, 3)], ids=str)
def test_certifying_finds_the_best_of_all_places_that_could_be_better(start, tall, signed, kind):
    pixels, pattern = noise(1, 12, 14), 255 - noise(1, 12, 14)[:, 4:9, 3:9]
    scores = np.array(
        [[score_of(pixels[:, y : y + 5, x : x + 6], pattern, kind) for x in range(9)] for y in range(8)]
    )
    ranks = scores if signed else abs(scores)
    settings = {"signed": signed, "start": start, "kind": kind, "tall": tall}
    score, y, x = certified(np.ones((8, 9)), pixels, pattern, **settings)
    assert ranks[y, x] == ranks.max()
    assert score == pytest.approx(scores[y, x], abs=1e-12)
    assert certified(ranks, pixels, pattern, **settings) == (score, y, x)


@pytest.mark.parametrize("place", [(0, 0), (0, 8), (7, 0), (7, 8), (4, 3)], ids=str)
def test_certifying_looks_at_the_borders_too(place):
    y, x = place
    pixels = noise(1, 12, 14)
    pattern = pixels[:, y : y + 5, x : x + 6]
    for start in ((4, 4), place):
        found = certified(np.full((8, 9), 1.01), pixels, pattern, signed=False, start=start)
        assert found == (pytest.approx(1), *place)


def test_certifying_leaves_places_alone_that_cannot_be_better():
    pixels = noise(1, 12, 14)
    pattern = pixels[:, 4:9, 3:9]
    bounds = np.ones((8, 9))
    assert certified(bounds, pixels, pattern, signed=True, start=(0, 0))[1:] == (4, 3)
    start_score = score_of(pixels[:, :5, :6], pattern, "centered")
    bounds[4, 3] = start_score + 5e-6
    assert certified(bounds, pixels, pattern, signed=True, start=(0, 0))[1:] != (4, 3)
