import numpy as np
import pytest

from ig_widgets.compute.matching.search.prepared_image import PreparedImage
from ig_widgets.compute.matching.search.refinement import (
    REACH,
    STRIDE,
    Candidates,
    ReducedPattern,
    Windows,
    refine,
)
from ig_widgets.compute.matching.search.templates import Template

NONE = np.empty(0)


def noise(*shape, dtype=np.uint8, seed=0):
    return np.random.default_rng(seed).integers(0, 256, shape).astype(dtype)


def every_score(pixels, pattern, kind, block=1):
    """NCC of every window as the formula is, in float64; the products perhaps of means of blocks."""
    centered = kind == "centered"
    windows = every_window(pixels, pattern.shape[1:], centered=centered)[::block, ::block]
    own = every_window(pattern, pattern.shape[1:], centered=centered)
    reduced, reduced_pattern = means_of_blocks(pixels, block), means_of_blocks(pattern, block)
    products = every_window(reduced, reduced_pattern.shape[1:], centered=centered)
    products = (
        products * every_window(reduced_pattern, reduced_pattern.shape[1:], centered=centered) * block**2
    )
    inside = (2, 3, 4)
    return products.sum(inside) / np.sqrt((windows**2).sum(inside) * (own**2).sum(inside))


def every_window(pixels, size, *, centered):
    """All windows of a size: (y, x, channel, row, column)."""
    windows = np.lib.stride_tricks.sliding_window_view(pixels.astype(np.float64), size, axis=(1, 2))
    windows = windows.transpose(1, 2, 0, 3, 4)
    return windows - windows.mean(axis=(3, 4), keepdims=True) if centered else windows


def means_of_blocks(pixels, side):
    channels, height, width = pixels.shape
    return pixels.reshape(channels, height // side, side, width // side, side).mean(axis=(2, 4))


def refined(pixels, pattern, candidates, *, factor=1, kind="centered", signed=False, margin=1e9):
    """Refine candidates, (y, x, value) each; return what they become."""
    image, template = PreparedImage(pixels), Template(pattern)
    level, (h, w) = image.level(factor), template.levels[factor].shape[1:]
    norm, area = template.norms[kind], template.height * template.width
    origin = image.means if kind == "uncentered" else NONE
    weights = template.means / norm if kind == "uncentered" else NONE
    ys, xs = (np.array([candidate[k] for candidate in candidates]) for k in (0, 1))
    values = np.array([candidate[2] for candidate in candidates], np.float32)
    patch = (h + STRIDE) * (w + STRIDE) + STRIDE
    left = refine(
        level,
        ReducedPattern(
            template.lines[factor],
            (h, w),
            area,
            factor**2 / norm,
            origin,
            weights,
            area * float(origin @ weights),
        ),
        signed,
        (level.values.shape[1] - h + 1, level.values.shape[2] - w + 1),
        margin,
        Candidates(ys, xs, values),
        len(candidates),
        Windows(np.full(len(pixels) * patch, np.nan, np.float32), np.full(patch, np.nan, np.float32)),
    )
    return list(zip(ys[:left].tolist(), xs[:left].tolist(), values[:left].tolist(), strict=True))


def best_around(ranks, y, x):
    """Find the best of the places around a place of the coarser level, by looking at each."""
    ys = range(max(0, 2 * y - REACH), min(2 * y + REACH + 1, ranks.shape[0]))
    xs = range(max(0, 2 * x - REACH), min(2 * x + REACH + 1, ranks.shape[1]))
    return max(((row, column) for row in ys for column in xs), key=lambda place: ranks[place])


@pytest.mark.parametrize("signed", [True, False])
@pytest.mark.parametrize("kind", ["centered", "uncentered"])
@pytest.mark.parametrize("dtype", [np.uint8, np.uint16, np.float64])
@pytest.mark.parametrize("channels", [1, 3])
def test_a_candidate_moves_to_the_best_place_around_it(channels, dtype, kind, signed):
    pixels, pattern = noise(channels, 24, 31, dtype=dtype), noise(channels, 5, 7, dtype=dtype, seed=1)
    scores = every_score(pixels, pattern, kind)
    ranks = scores if signed else abs(scores)
    for y, x in [(0, 0), (0, 5), (9, 0), (9, 12), (4, 7), (5, 6)]:
        [(row, column, value)] = refined(pixels, pattern, [(y, x, 0.5)], kind=kind, signed=signed)
        assert (row, column) == best_around(ranks, y, x)
        assert value == pytest.approx(ranks[row, column], abs=1e-5)


@pytest.mark.parametrize("kind", ["centered", "uncentered"])
@pytest.mark.parametrize("channels", [1, 3])
def test_at_half_the_resolution_products_are_those_of_blocks_and_norms_those_of_pixels(channels, kind):
    pixels, pattern = noise(channels, 60, 72), noise(channels, 28, 32, seed=1)
    scores = abs(every_score(pixels, pattern, kind, block=2))
    for y, x in [(0, 0), (8, 10), (3, 4), (7, 2)]:
        [(row, column, value)] = refined(pixels, pattern, [(y, x, 0.5)], factor=2, kind=kind)
        assert (row, column) == best_around(scores, y, x)
        assert value == pytest.approx(scores[row, column], abs=1e-5)


@pytest.mark.parametrize("size", [(24, 31), (24, 4), (3, 31), (1, 9), (9, 1)], ids=str)
def test_patterns_may_be_thin_or_as_large_as_the_image(size):
    pixels, pattern = noise(1, 24, 31), noise(1, *size, seed=1)
    scores = abs(every_score(pixels, pattern, "centered"))
    y, x = ((end - 1) // 2 for end in scores.shape)
    [(row, column, value)] = refined(pixels, pattern, [(y, x, 0.5)])
    assert (row, column) == best_around(scores, y, x)
    assert value == pytest.approx(scores[row, column], abs=1e-5)


def test_candidates_are_ordered_by_what_they_became_and_each_place_is_there_once():
    pixels, pattern = noise(1, 40, 52), noise(1, 5, 7, seed=1)
    scores = abs(every_score(pixels, pattern, "centered"))
    candidates = [(y, x, 0.9 - 0.01 * y) for y in range(0, 17, 2) for x in range(0, 22, 2)]
    candidates = [c for c in candidates for _ in range(2)]
    found = refined(pixels, pattern, candidates)
    expected = {best_around(scores, y, x) for y, x, _ in candidates}
    assert len(found) == len(expected) < len(candidates) / 2
    assert {(y, x) for y, x, _ in found} == expected
    values = [value for _, _, value in found]
    assert values == sorted(values, reverse=True)
    assert values == pytest.approx([scores[y, x] for y, x, _ in found], abs=1e-5)


def test_candidates_much_worse_than_the_best_are_dropped():
    pixels = noise(1, 40, 52)
    pattern = pixels[:, 20:25, 30:37]
    candidates = [(10, 15, 0.9), (2, 2, 0.81), (2, 20, 0.79)]
    found = refined(pixels, pattern, candidates, margin=0.2)
    assert found[0] == (20, 30, pytest.approx(1, abs=1e-5))
    assert len(found) == 2
    assert len(refined(pixels, pattern, candidates, margin=0.25)) == 3
    assert len(refined(pixels, pattern, candidates, margin=0.1)) == 1


def test_a_margin_of_any_size_keeps_all_also_where_nothing_correlates():
    pixels = np.full((1, 40, 52), 7, np.uint8)
    candidates = [(10, 15, 0.0), (2, 2, 0.0), (2, 20, 0.0)]
    found = refined(pixels, noise(1, 5, 7), candidates, margin=np.inf)
    assert [value for _, _, value in found] == [0, 0, 0]


def test_signed_candidates_may_be_negative():
    ramp = np.arange(60, dtype=np.uint8).reshape(1, 1, -1).repeat(12, axis=1)
    found = refined(ramp, ramp[:, :, 20:0:-1], [(0, 4, -0.9), (0, 15, -0.95)], signed=True, margin=0.2)
    assert [value for _, _, value in found] == pytest.approx([-1, -1], abs=1e-5)
    assert (
        len(refined(ramp, ramp[:, :, 20:0:-1], [(0, 4, -0.9), (0, 15, -1.3)], signed=True, margin=0.2)) == 1
    )
