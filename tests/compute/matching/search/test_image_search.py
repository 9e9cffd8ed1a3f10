import pickle

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ig_widgets.compute.matching.search import image_search as module
from ig_widgets.compute.matching.search.image_search import Place, Spectra, Workspace, best, search
from ig_widgets.compute.matching.search.prepared_image import PreparedImage
from ig_widgets.compute.matching.search.template_batch import TemplateBatch
from ig_widgets.compute.matching.search.templates import Template

KINDS = ("centered", "uncentered")


def noise(*shape, low=0, high=256, dtype=np.uint8, seed=0):
    return np.random.default_rng(seed).integers(low, high, shape).astype(dtype)


def score_at(pixels, pattern, y, x, kind):
    """NCC of one window, written down as the formula is, in float64; both (channels, height, width)."""
    window = pixels[:, y : y + pattern.shape[1], x : x + pattern.shape[2]].astype(np.float64)
    pattern = pattern.astype(np.float64)
    if kind == "centered":
        window, pattern = (a - a.mean(axis=(1, 2), keepdims=True) for a in (window, pattern))
    if not (abs(window) > 1e-12).any():
        return 0.0
    return (window * pattern).sum() / np.sqrt((window**2).sum() * (pattern**2).sum())


def double_loop(pixels, pattern, kind):
    rows, columns = (side - part + 1 for side, part in zip(pixels.shape[1:], pattern.shape[1:], strict=True))
    return np.array([[score_at(pixels, pattern, y, x, kind) for x in range(columns)] for y in range(rows)])


def found(pixels, pattern, *, kinds=("centered",), full=True, signed=False, count=1):
    """Search one pattern: the places for each kind of score."""
    batch, workspace = TemplateBatch([Template(pattern)]), Workspace(Spectra())
    [places] = search(PreparedImage(pixels), batch, kinds, workspace, full=full, signed=signed, count=count)
    return places


@st.composite
def images_and_patterns(draw):
    channels = draw(st.sampled_from([1, 3]))
    sides = draw(st.tuples(st.integers(1, 16), st.integers(1, 16)))
    size = tuple(draw(st.integers(1, side)) for side in sides)
    dtype = draw(st.sampled_from([np.uint8, np.uint16, np.float64]))
    low = draw(st.sampled_from([0, 100, 250]))
    high = low + draw(st.sampled_from([2, 3, 6]))
    factor = 257 if dtype is np.uint16 else 1
    pixels, pattern = (
        noise(channels, *shape, low=low, high=high, dtype=dtype, seed=draw(st.integers(0, 999)))
        * dtype(factor)
        for shape in (sides, size)
    )
    if draw(st.booleans()):
        pixels[:, : sides[0] // 2] = low * factor
    if draw(st.booleans()):
        y, x = (draw(st.integers(0, side - part)) for side, part in zip(sides, size, strict=True))
        pattern = pixels[:, y : y + size[0], x : x + size[1]].copy()
    return pixels, pattern


@given(images_and_patterns(), st.booleans())
@settings(deadline=None, max_examples=150)
def test_the_full_search_equals_the_double_loop(case, signed):
    pixels, pattern = case
    if Template(pattern).flat:
        return
    for kind, [place] in zip(KINDS, found(pixels, pattern, kinds=KINDS, signed=signed), strict=True):
        scores = double_loop(pixels, pattern, kind)
        ranks = scores if signed else abs(scores)
        assert place.score == pytest.approx(scores[place.y, place.x], abs=1e-9)
        assert ranks[place.y, place.x] >= ranks.max() - 3e-5
        assert (place.height, place.width) == pattern.shape[1:]


@given(st.integers(0, 9999), st.integers(8, 30), st.integers(8, 30), st.sampled_from([1, 3]), st.booleans())
@settings(deadline=None, max_examples=60)
def test_the_pyramid_scores_exactly_what_it_found_inside_the_image(seed, height, width, channels, signed):
    pixels, pattern = noise(channels, 31, 45, seed=seed), noise(channels, height, width, seed=seed + 1)
    places = found(pixels, pattern, kinds=KINDS, full=False, signed=signed, count=1 + seed % 3)
    best_places = found(pixels, pattern, kinds=KINDS, signed=signed)
    for kind, some, [top] in zip(KINDS, places, best_places, strict=True):
        assert some
        for place in some:
            assert place.y <= 31 - height
            assert place.x <= 45 - width
            expected = score_at(pixels, pattern, place.y, place.x, kind)
            assert place.score == pytest.approx(expected, abs=1e-9)
            rank, highest = (place.score, top.score) if signed else (abs(place.score), abs(top.score))
            assert rank <= highest + 2e-5


@pytest.mark.parametrize("full", [True, False])
@pytest.mark.parametrize(
    ("sides", "size"),
    [
        ((60, 80), (60, 80)),
        ((80, 60), (80, 60)),
        ((61, 83), (61, 40)),
        ((61, 83), (30, 83)),
        ((61, 83), (1, 50)),
        ((61, 83), (50, 1)),
        ((1, 83), (1, 30)),
        ((83, 1), (30, 1)),
        ((2, 1), (2, 1)),
    ],
    ids=str,
)
def test_thin_patterns_and_those_as_large_as_the_image_are_found_where_they_were_cut_out(sides, size, full):
    pixels = noise(1, *sides)
    y, x = ((side - part) * 2 // 3 for side, part in zip(sides, size, strict=True))
    pattern = pixels[:, y : y + size[0], x : x + size[1]]
    for count in (1, 3):
        for places in found(pixels, pattern, kinds=KINDS, full=full, count=count):
            assert places[0] == (pytest.approx(1, abs=1e-9), y, x, *size)


@pytest.mark.parametrize("full", [True, False])
@pytest.mark.parametrize("size", [(41, 24), (24, 51), (60, 51)], ids=str)
def test_a_pattern_larger_than_the_image_has_no_place_also_among_others_that_have(size, full):
    pixels = noise(1, 40, 50)
    fitting = [Template(noise(1, 30, 32, seed=seed)) for seed in (1, 2)]
    large = Template(noise(1, *size, seed=3))
    for templates in ([large, *fitting], [fitting[0], large, fitting[1]]):
        assert {template.factor for template in templates} == {2}
        places = search(
            PreparedImage(pixels),
            TemplateBatch(templates),
            KINDS,
            Workspace(Spectra()),
            full=full,
            signed=False,
        )
        for template, of_kinds in zip(templates, places, strict=True):
            if template is large:
                assert of_kinds == [[], []]
            else:
                assert of_kinds == found(pixels, template.pixels, kinds=KINDS, full=full)


@pytest.mark.parametrize("sides", [(40, 300), (300, 40), (117, 101)], ids=str)
@pytest.mark.parametrize("texture", ["noise", "faint beside strong", "ramp", "point"])
def test_products_are_off_by_less_than_half_of_what_is_doubted(texture, sides):
    pixels = noise(1, *sides, high=65536, dtype=np.uint16)
    if texture == "faint beside strong":
        pixels[:, : sides[0] // 2] //= 60000
    elif texture == "ramp":
        pixels[0] = 190 * np.indices(sides).sum(axis=0)
    elif texture == "point":
        pixels[:] = 0
        pixels[0, sides[0] // 2, sides[1] // 2] = 65535
    image = PreparedImage(pixels)
    for pattern in (pixels[:, -31:, -33:], noise(1, 31, 33, seed=1), noise(1, 1, 40, seed=2)):
        template = Template(pattern)
        if template.flat:
            continue
        batch = TemplateBatch([template])
        spectra = batch.spectra(1, image.transforms(1).shape, tall=image.tall)
        products = module._products(image, spectra, 1, batch, Workspace(Spectra()))[0]
        size = (template.height, template.width)
        windows = np.lib.stride_tricks.sliding_window_view(pixels[0] - image.means[0], size)
        exact = np.tensordot(windows, template.deviations[0])
        exact = exact.T if image.tall else exact
        off = abs(products[: exact.shape[0], : exact.shape[1]] - exact).max()
        assert off < module._DOUBT / 2 * image.norm * template.norms["centered"]


@pytest.mark.parametrize("signed", [True, False])
def test_the_full_search_finds_what_rounding_hides_from_float32(signed, monkeypatch):
    pixels = noise(1, 64, 128) / 255
    pixels[0, :, :64] = 1e-4 * cv2.GaussianBlur(np.random.default_rng(1).normal(size=(64, 64)), (0, 0), 6)
    corners = [(y, x) for y in (3, 17, 40) for x in (2, 30, 50)]
    patterns = [pixels[:, y : y + 8, x : x + 8] for y, x in corners]
    [places] = zip(*(found(pixels, pattern, signed=signed)[0] for pattern in patterns), strict=True)
    assert [(place.y, place.x) for place in places] == corners
    assert [place.score for place in places] == pytest.approx([1] * 9, abs=1e-9)
    monkeypatch.setattr(module, "_DOUBT", 0)
    [places] = zip(*(found(pixels, pattern, signed=signed)[0] for pattern in patterns), strict=True)
    assert min(place.score for place in places) < 1 - 1e-4


@pytest.mark.parametrize("low", [0, 65534])
def test_the_full_search_finds_a_copy_with_the_least_contrast_of_16_bits(low):
    pixels = noise(1, 128, 256, high=65536, dtype=np.uint16)
    pixels[:, :, :128] = noise(1, 128, 128, low=low, high=low + 2)
    [[place]] = found(pixels, pixels[:, 80:90, 33:42])
    assert place == (pytest.approx(1), 80, 33, 10, 9)


def planted(corners, size, sides, *, channels=1):
    """Copies of a pattern in noise, each noisier than the one before."""
    rng = np.random.default_rng(0)
    pattern = noise(channels, *size, seed=1)
    pixels = noise(channels, *sides)
    for k, (y, x) in enumerate(corners):
        copy = pattern + rng.normal(0, 5 + 5 * k, pattern.shape)
        pixels[:, y : y + size[0], x : x + size[1]] = np.clip(copy, 0, 255)
    return pixels, pattern


@pytest.mark.parametrize("full", [True, False])
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("sides", [(90, 160), (160, 90)], ids=str)
def test_planted_copies_are_all_found_the_best_first(sides, channels, kind, full):
    size = (9, 12)
    corners = [(2, 3), (40, 50), (13, 70), (70, 20), (55, 76), (81, 40)]
    pixels, pattern = planted(corners, size, sides, channels=channels)
    [places] = found(pixels, pattern, kinds=(kind,), full=full, signed=True, count=len(corners))
    assert [(place.y, place.x) for place in places] == corners
    scores = [place.score for place in places]
    assert scores == sorted(scores, reverse=True)
    assert scores == pytest.approx(
        [score_at(pixels, pattern, place.y, place.x, kind) for place in places], abs=1e-9
    )


@pytest.mark.parametrize("full", [True, False])
@pytest.mark.parametrize("size", [(48, 64), (64, 48), (30, 32)], ids=str)
def test_planted_copies_are_also_found_at_reduced_resolution_whatever_their_grid(size, full):
    pattern = cv2.GaussianBlur(noise(*size, seed=1), (0, 0), 3).astype(np.float64)[None]
    pixels = cv2.GaussianBlur(noise(230, 310), (0, 0), 3).astype(np.float64)[None]
    corners = [(0, 0), (166, 246), (81, 130), (7, 99), (150, 3)]
    for k, (y, x) in enumerate(corners):
        copy = pattern + np.random.default_rng(k).normal(0, 0.5 + k, pattern.shape)
        pixels[:, y : y + size[0], x : x + size[1]] = copy
    assert Template(pattern).factor > 1
    for signed in (True, False):
        [places] = found(pixels, pattern, full=full, signed=signed, count=len(corners))
        assert [(place.y, place.x) for place in places] == corners


@pytest.mark.parametrize("full", [True, False])
@pytest.mark.parametrize("count", [1, 4, 50])
def test_places_do_not_overlap_by_half_and_are_not_more_than_asked_for(count, full):
    [places] = found(noise(1, 60, 80), noise(1, 16, 20, seed=1), full=full, count=count)
    assert 1 <= len(places) <= count
    strengths = [abs(place.score) for place in places]
    assert strengths == sorted(strengths, reverse=True)
    for k, one in enumerate(places):
        for other in places[:k]:
            assert abs(one.y - other.y) >= 8 or abs(one.x - other.x) >= 10


@pytest.mark.parametrize("full", [True, False])
def test_more_places_are_those_of_fewer_and_then_some(full):
    pixels, pattern = planted([(2, 3), (40, 50), (70, 20)], (9, 12), (90, 120))
    [three] = found(pixels, pattern, full=full, count=3)
    for count in (1, 2):
        assert found(pixels, pattern, full=full, count=count) == [three[:count]]


def test_both_kinds_at_once_are_each_alone():
    pixels, pattern = noise(1, 60, 80), noise(1, 16, 20, seed=1)
    for full in (True, False):
        both = found(pixels, pattern, kinds=KINDS, full=full, count=3)
        assert both == [found(pixels, pattern, kinds=(kind,), full=full, count=3)[0] for kind in KINDS]


def test_a_negative_copy_ranks_with_its_absolute_value_and_keeps_its_sign():
    pixels = noise(1, 60, 80)
    pattern = 255 - pixels[:, 20:36, 30:50]
    for full in (True, False):
        [[place]] = found(pixels, pattern, full=full)
        assert place == (pytest.approx(-1), 20, 30, 16, 20)
        assert found(pixels, pattern, full=full, signed=True)[0][0].score < 0.9


@pytest.mark.parametrize("full", [True, False])
@pytest.mark.parametrize("count", [1, 3])
@pytest.mark.parametrize("value", [0, 77])
def test_an_image_without_contrast_scores_0(value, count, full):
    pixels = np.full((1, 60, 80), value, np.uint8)
    [places] = found(pixels, noise(1, 30, 32), full=full, count=count)
    assert places
    assert all(place.score == 0 for place in places)


@given(
    st.lists(st.tuples(st.floats(-1, 1), st.integers(0, 30), st.integers(0, 30)), max_size=15),
    st.integers(1, 8),
    st.booleans(),
)
def test_best_keeps_no_place_near_a_better_one_and_drops_no_other(places, count, signed):
    places = [Place(score, y, x, 10, 7) for score, y, x in places]
    kept = best(places, count, signed=signed)

    def rank(place):
        return place.score if signed else abs(place.score)

    assert len(kept) <= count
    assert [rank(place) for place in kept] == sorted(map(rank, kept), reverse=True)
    for place in places:
        better = [one for one in kept if rank(one) >= rank(place)]
        near = any(abs(one.y - place.y) < 5 and abs(one.x - place.x) < 3.5 for one in better)
        assert near or len(better) == count


def test_scratch_memory_grows_and_is_used_again():
    workspace = Workspace(Spectra())
    large = workspace.array("a", 4, 5)
    assert large.shape == (4, 5)
    assert np.shares_memory(workspace.array("a", 3, 2), large)
    assert not np.shares_memory(workspace.array("b", 3, 2), large)
    assert workspace.array("a", 7, 5).shape == (7, 5)


def test_spectra_are_computed_once_while_there_is_room(monkeypatch):
    spectra, batches = Spectra(), [TemplateBatch([Template(noise(1, 9, 9, seed=seed))]) for seed in range(3)]
    first, second, third = (spectra.of(batch, 1, (16, 16), tall=False) for batch in batches)
    assert spectra.of(batches[0], 1, (16, 16), tall=False) is first
    assert spectra.of(batches[0], 1, (16, 16), tall=True) is not first  # four are kept now
    monkeypatch.setattr(module, "_SPECTRA_BYTES", 3 * first.nbytes)
    assert spectra.of(batches[0], 1, (16, 8), tall=False) is not first
    assert spectra.of(batches[2], 1, (16, 16), tall=False) is third
    assert spectra.of(batches[1], 1, (16, 16), tall=False) is not second


def test_spectra_travel_empty():
    spectra = Spectra()
    spectra.of(TemplateBatch([Template(noise(1, 90, 90))]), 1, (128, 128), tall=False)
    assert len(pickle.dumps(spectra)) < 200


def test_texture_of_one_level_is_found_in_a_large_16_bit_image():
    pixels = noise(1, 1400, 1400, high=65536, dtype=np.uint16)
    pixels[:, :, 700:] = noise(1, 1400, 700, low=100, high=102, dtype=np.uint16, seed=1)
    [[place]] = found(pixels, pixels[:, 700:706, 900:906].copy())
    assert (place.y, place.x) == (700, 900)
    assert place.score == pytest.approx(1)
