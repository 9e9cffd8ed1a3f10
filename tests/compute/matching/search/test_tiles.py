import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ig_widgets.compute.matching.search import tiles
from ig_widgets.compute.matching.search.image_search import Spectra, Workspace
from ig_widgets.compute.matching.search.template_batch import TemplateBatch
from ig_widgets.compute.matching.search.templates import Template
from ig_widgets.compute.matching.search.tiles import TiledImage


def smooth(*shape, seed=0):
    values = np.random.default_rng(seed).normal(0, 300, shape)
    values = np.stack([cv2.GaussianBlur(plane, (0, 0), 2) for plane in values])
    return np.clip(128 + values, 0, 255).astype(np.uint8)


def found(image, pattern, *, kinds=("centered",), full=True, signed=False, count=1):
    """Search one pattern: the places for each kind of score."""
    batch, workspace = TemplateBatch([Template(pattern)]), Workspace(Spectra())
    [places] = image.search(batch, kinds, workspace, full=full, signed=signed, count=count)
    return places


@pytest.fixture
def small_parts(monkeypatch):
    monkeypatch.setattr(tiles, "_SIDE", 64)


LARGE = {
    "gray": smooth(1, 150, 211),
    "standing": smooth(1, 203, 90),
    "color": smooth(3, 150, 130),
    "flat": smooth(1, 20, 470),
    "floats": smooth(1, 150, 211) / 255,
}
SIZES = [(12, 12), (1, 30), (30, 1), (7, 50), (20, 16), (40, 60), (90, 30), (150, 90), (150, 211), (20, 470)]


@pytest.mark.parametrize("signed", [True, False])
@pytest.mark.parametrize("name", LARGE)
def test_parts_give_the_best_places_of_the_whole(name, signed, monkeypatch):
    pixels = LARGE[name]
    kinds = ("centered", "uncentered")
    for size in SIZES:
        if size[0] > pixels.shape[1] or size[1] > pixels.shape[2]:
            continue
        pattern = smooth(len(pixels), *size, seed=1)
        whole = found(TiledImage(pixels, size), pattern, kinds=kinds, signed=signed)
        with monkeypatch.context() as patched:
            patched.setattr(tiles, "_SIDE", 64)
            image = TiledImage(pixels, size)
        assert len(image.tiles) > 1 or 4 * max(size) > 64
        for [one], [other] in zip(whole, found(image, pattern, kinds=kinds, signed=signed), strict=True):
            assert one[1:] == other[1:]
            assert one.score == pytest.approx(other.score, abs=1e-12)


@pytest.mark.parametrize("size", [(16, 18), (40, 30), (8, 60)], ids=str)
def test_the_pyramid_loses_nothing_by_parts(size, monkeypatch):
    pixels = LARGE["gray"]
    whole = TiledImage(pixels, size)
    monkeypatch.setattr(tiles, "_SIDE", 64)
    parts = TiledImage(pixels, size)
    for seed in range(8):
        pattern = smooth(1, *size, seed=seed)
        [[one]], [[other]] = (found(image, pattern, full=False) for image in (whole, parts))
        assert other.score >= one.score - 1e-6


@pytest.mark.usefixtures("small_parts")
def test_copies_are_found_in_all_parts_and_each_once():
    pattern = smooth(1, 14, 17, seed=1)
    pixels = np.random.default_rng(0).integers(0, 256, (1, 200, 230)).astype(np.uint8)
    corners = [(0, 0), (52, 51), (60, 100), (100, 60), (186, 213), (120, 120), (45, 150)]
    for y, x in corners:
        pixels[:, y : y + 14, x : x + 17] = pattern
    image = TiledImage(pixels, (14, 17))
    assert len(image.tiles) > 9
    for full in (True, False):
        [places] = found(image, pattern, full=full, count=len(corners))
        assert sorted((place.y, place.x) for place in places) == sorted(corners)
        assert [place.score for place in places] == pytest.approx([1] * len(corners))


@given(st.integers(1, 3000), st.integers(1, 400), st.integers(16, 500))
@settings(deadline=None)
def test_every_window_is_in_a_part_that_begins_at_a_multiple_of_4(length, largest, side):
    largest = min(length, largest)
    side = max(side, 4 * largest)
    starts = tiles._starts(length, side, largest)
    assert all(start % 4 == 0 for start in starts)
    for size in {1, largest, (1 + largest) // 2}:
        held = {y for start in starts for y in range(start, min(start + side, length) - size + 1)}
        assert held == set(range(length - size + 1))
    assert all(length - start >= largest for start in starts)


@pytest.mark.usefixtures("small_parts")
def test_small_images_have_one_part_and_parts_of_large_ones_are_bounded():
    def largest_tile(image):
        return max(tile.height * tile.width for _, _, tile in image.tiles)

    assert len(TiledImage(smooth(1, 64, 64), (5, 5)).tiles) == 1
    image = TiledImage(smooth(1, 64, 65), (5, 5))
    assert len(image.tiles) == 2
    assert largest_tile(image) == 64 * 64
    assert largest_tile(TiledImage(smooth(1, 150, 211), (30, 5))) == 120 * 64


@pytest.mark.usefixtures("small_parts")
def test_a_scene_of_one_part_holds_all_patterns_others_those_they_were_made_for():
    assert TiledImage(smooth(1, 60, 60), (5, 5)).holds((50, 90))
    image = TiledImage(smooth(1, 90, 90), (9, 7))
    assert image.holds((9, 7))
    assert not image.holds((10, 7))
    assert not image.holds((9, 8))


@pytest.mark.usefixtures("small_parts")
@pytest.mark.parametrize("size", [(151, 10), (10, 212), (300, 300)], ids=str)
def test_a_pattern_that_is_too_large_has_no_place(size):
    pixels, pattern = smooth(1, 150, 211), smooth(1, *size, seed=1)
    for full in (True, False):
        kinds = ("centered", "uncentered")
        assert found(TiledImage(pixels, size), pattern, kinds=kinds, full=full) == [[], []]


def test_when_one_is_in_color_luminance_is_compared():
    color, pattern = smooth(3, 50, 60), smooth(3, 9, 8, seed=1)
    gray, gray_pattern = (np.tensordot([0.299, 0.587, 0.114], a, 1)[None] for a in (color, pattern))
    [[expected]] = found(TiledImage(gray, (9, 8)), gray_pattern)
    for image, looked_for in ((color, gray_pattern), (gray, pattern)):
        [[place]] = found(TiledImage(image, (9, 8)), looked_for)
        assert place[1:] == expected[1:]
        assert place.score == pytest.approx(expected.score, abs=1e-12)
    image = TiledImage(gray, (9, 8))
    assert image.gray is image


@pytest.mark.parametrize("full", [True, False])
def test_a_color_pattern_of_one_luminance_has_no_place_in_a_gray_image(full):
    pattern = np.full((3, 30, 32), 128, np.uint8)
    pattern[:, ::2] = [[[128 - 15]], [[128 + 9]], [[128 - 7]]]  # 299 * -15 + 587 * 9 + 114 * -7 = 0
    image, other = TiledImage(smooth(1, 50, 60), (30, 32)), smooth(3, 30, 32, seed=1)
    batch, kinds = TemplateBatch([Template(pattern), Template(other)]), ("centered", "uncentered")
    places = image.search(batch, kinds, Workspace(Spectra()), full=full, signed=False)
    assert places == [[[], []], found(image, other, kinds=kinds, full=full)]


@pytest.mark.parametrize("full", [True, False])
def test_a_color_pattern_of_one_luminance_up_to_rounding_has_no_place_either(full):
    pattern = np.empty((3, 30, 32), np.uint8)
    pattern[:] = [[[60]], [[63]], [[55]]]
    pattern[:, ::2] = [[[60 - 60]], [[63 + 36]], [[55 - 28]]]
    assert found(TiledImage(smooth(1, 50, 60), (30, 32)), pattern, full=full) == [[]]


@pytest.mark.usefixtures("small_parts")
def test_bytes_are_those_of_all_parts():
    image = TiledImage(smooth(1, 150, 211), (30, 30))
    before = image.nbytes
    assert before >= 150 * 211
    found(image, smooth(1, 30, 30, seed=1))
    assert image.nbytes == image.pixels.nbytes + sum(tile.nbytes for _, _, tile in image.tiles)
    assert image.nbytes > 10 * before


def test_bytes_are_also_those_of_the_luminance():
    image = TiledImage(smooth(3, 90, 80), (30, 30))
    before = image.nbytes
    found(image, smooth(1, 30, 30, seed=1))
    assert image.nbytes >= before + image.gray.nbytes
