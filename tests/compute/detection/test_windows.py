import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.ndimage import maximum_filter

from ig_widgets.compute.detection.training_images import TrainingImage
from ig_widgets.compute.detection.windows import WindowDrawer, window_size

BAR = 10.0  # gain and shift leave it far above the ground, which is 0


def image(height, width, *bars, channels=1):
    """Bars, as (class, x0, y0, x1, y1), one brighter than the other."""
    pixels = np.zeros((channels, height, width), np.float16)
    for number, (_, x0, y0, x1, y1) in enumerate(bars, 1):
        pixels[:, y0:y1, x0:x1] = number * BAR
    codes = np.array([bar[0] for bar in bars], dtype=np.int64)
    return TrainingImage(pixels, codes, np.array([bar[1:] for bar in bars], dtype=float).reshape(-1, 4))


def cells_of(mask):
    """Cells that a mask (h, w) touches."""
    h, w = mask.shape
    return mask.reshape(h // 8, 8, w // 8, 8).any(axis=(1, 3))


@st.composite
def bars(draw, height, width):
    x0, y0 = draw(st.integers(0, width - 2)), draw(st.integers(0, height - 2))
    return (0, x0, y0, draw(st.integers(x0 + 2, width)), draw(st.integers(y0 + 2, height)))


@st.composite
def scenes_with_one_bar(draw):
    sides = draw(st.tuples(st.integers(4, 90), st.integers(4, 90)))
    return image(*sides, draw(bars(*sides)))


@given(
    one=scenes_with_one_bar(), height=st.integers(1, 8), width=st.integers(1, 8), seed=st.integers(0, 2**31)
)
@settings(max_examples=150, deadline=None)
def test_boxes_lie_on_their_bars_in_every_window(one, height, width, seed):
    height, width = 8 * height, 8 * width
    windows = WindowDrawer([one], 1, (height, width), seed).draw()
    assert windows.pixels.shape == (4, 1, height, width)
    assert windows.background.shape == (4, 1, height // 8, width // 8)
    x0, y0, x1, y1 = one.boxes[0]
    filled = [min(a, b) for a, b in zip(one.pixels.shape[1:], (height, width), strict=True)]
    inner = np.zeros_like(windows.background[0, 0])
    inner[1:-1, 1:-1] = True
    for row in range(4):
        bar = windows.pixels[row, 0] > BAR / 2
        # all of the bar, or all that fits but for the middle's sake
        fits = [end - start <= side for start, end, side in ((y0, y1, height), (x0, x1, width))]
        seen = [bar.any(axis=axis).sum() for axis in (1, 0)]
        for whole, fit, length, side in zip((y1 - y0, x1 - x0), fits, seen, (height, width), strict=True):
            assert length == whole if fit else length >= side / 2
        # its cells are the bag, and there is always one
        (bag,) = [bag for bag in windows.bags if bag[0] == row]
        expected = cells_of(bar)
        in_bag = np.zeros_like(expected)
        in_bag[bag[2:]] = True
        np.testing.assert_array_equal(in_bag, expected)
        # what lies neither there nor beside it is background; at the rim a bar outside may be beside a cell
        around = maximum_filter(expected, 3)
        background = windows.background[row, 0]
        assert not (background & around).any()
        here = np.zeros((height, width), bool)
        here[: filled[0], : filled[1]] = True
        np.testing.assert_array_equal(background[inner], (cells_of(here) & ~around)[inner])


@given(seed=st.integers(0, 2**31), data=st.data())
@settings(max_examples=50, deadline=None)
def test_a_window_shows_the_middle_of_a_box_of_its_class(seed, data):
    sides = (150, 120)
    drawn = [(c, *data.draw(bars(*sides))[1:]) for c in (0, 0, 1)]
    drawer = WindowDrawer([image(*sides, *drawn)], 2, (48, 32), seed)
    for code in (0, 1):
        left, top = drawer._corner(drawer.images[0], code)
        middles = [((x0 + x1) / 2, (y0 + y1) / 2) for c, x0, y0, x1, y1 in drawn if c == code]
        assert any(left <= x < left + 32 and top <= y < top + 48 for x, y in middles)


def test_windows_of_a_wide_box_begin_at_many_places_but_stay_near_its_middle():
    drawer = WindowDrawer([image(100, 1000, (0, 100, 40, 900, 44))], 1, (64, 64), 0)
    lefts = {drawer._corner(drawer.images[0], 0)[0] for _ in range(300)}
    assert len(lefts) > 50
    assert min(lefts) > 500 - 64
    assert max(lefts) <= 500


def test_a_thin_box_longer_than_a_window_is_learned_from():
    drawer = WindowDrawer([image(64, 1000, (0, 0, 40, 1000, 44))], 1, (64, 64), 0)
    assert len(drawer.draw().bags) == 4


def test_of_a_box_cut_by_the_edge_only_a_half_or_more_is_a_bag():
    drawer = WindowDrawer([image(16, 200, (0, 100, 0, 104, 16), (1, 104, 0, 120, 16))], 2, (16, 16), 0)
    counted = []
    for _ in range(50):
        windows = drawer.draw()
        for row in range(4):  # the windows of the first bar, which cut the second
            columns = (windows.pixels[row, 0] > 1.5 * BAR).any(axis=0).sum()
            bag = any(bag[:2] == (row, 1) for bag in windows.bags)
            assert bag == (columns >= 8)
            counted.append(bag)
    assert 0 < sum(counted) < len(counted)


@pytest.mark.parametrize(("x", "expected"), [(16, [True, False]), (23, [True, False]), (24, [True, True])])
def test_boxes_outside_of_a_window_count_when_they_are_beside_it(x, expected):
    one = image(8, 64, (0, 0, 0, 16, 8), (1, x, 0, x + 16, 8))
    windows = WindowDrawer([one], 2, (8, 16), 0).draw()
    for row in range(4):  # the windows of the first box: nothing else fits in
        assert windows.background[row, 1, 0].tolist() in (expected, expected[::-1])


@given(x=st.floats(0, 57), y=st.floats(0, 57), side=st.floats(0.1, 7), seed=st.integers(0, 99))
@settings(max_examples=100, deadline=None)
def test_boxes_that_begin_and_end_within_pixels_are_whole_too(x, y, side, seed):
    one = image(64, 64)._replace(codes=np.array([0]), boxes=np.array([[x, y, x + side, y + side]]))
    drawer = WindowDrawer([one], 1, (8, 8), seed)
    for _ in range(8):
        left, top = drawer._corner(one, 0)
        assert left <= x
        assert x + side <= left + 8
        assert top <= y
        assert y + side <= top + 8
    assert len(drawer.draw().bags) == 4


def test_a_box_is_background_for_the_other_classes():
    windows = WindowDrawer([image(32, 32, (1, 8, 8, 24, 24))], 2, (32, 32), 0).draw()
    assert windows.background[:, 0].all()
    assert not windows.background[:, 1].any()


def test_each_class_and_the_images_without_any_have_as_many_windows():
    images = [image(16, 16) for _ in range(9)]
    images += [image(16, 16, (0, 2, 2, 9, 9)), image(16, 16, (2, 2, 2, 9, 9), (0, 4, 4, 6, 6))]
    windows = WindowDrawer(images, 4, (16, 16), 0).draw()  # of classes 1 and 3 there is no example
    assert len(windows.pixels) == 12
    assert {bag[0] for bag in windows.bags} == set(range(8))
    assert windows.background[8:].all()


def test_four_windows_without_any_class_come_from_four_images():
    images = [image(8, 8 * k) for k in range(1, 7)]
    drawer = WindowDrawer([*images, image(8, 8, (0, 0, 0, 8, 8))], 1, (8, 48), 3)
    for _ in range(20):
        widths = drawer.draw().background[4:, 0, 0].sum(axis=1)
        assert len(set(widths)) == 4


def test_windows_are_as_different_as_they_are_said_to_be():
    one = image(8, 16, (0, 0, 0, 8, 4), channels=3)
    drawer = WindowDrawer([one], 1, (8, 16), 0)
    pixels = np.concatenate([drawer.draw().pixels for _ in range(100)])  # (400, 3, 8, 16)
    bright = pixels.max(axis=(1, 2, 3)) - pixels.min(axis=(1, 2, 3))
    assert 0.8 * BAR <= bright.min() < 0.85 * BAR
    assert 1.2 * BAR < bright.max() <= 1.25 * BAR
    grounds = pixels.min(axis=(1, 2, 3))
    assert grounds.std() == pytest.approx(0.1, abs=0.02)
    places = pixels[:, 0, [0, 0, -1, -1], [0, -1, 0, -1]].argmax(axis=1)  # upper left, upper right, ...
    assert (np.bincount(places) > 60).all()
    np.testing.assert_array_equal(pixels[:, 0], pixels[:, 2])


def test_beyond_a_small_image_there_is_nothing():
    small = image(11, 5, (0, 0, 0, 2, 2))
    windows = WindowDrawer([small], 1, (24, 16), 0).draw()
    assert (windows.pixels[:, :, 11:] == 0).all()
    assert (windows.pixels[:, :, :, 5:] == 0).all()
    assert not windows.background[:, :, 2:].any()
    assert not windows.background[:, :, :, 1:].any()


def test_the_same_seed_draws_the_same_windows():
    one = image(40, 40, (0, 3, 3, 20, 9))
    first, second, other = (WindowDrawer([one], 1, (16, 16), seed) for seed in (1, 1, 2))
    for _ in range(3):
        a, b, c = first.draw(), second.draw(), other.draw()
        np.testing.assert_array_equal(a.pixels, b.pixels)
        assert a.bags == b.bags
        assert not np.array_equal(a.pixels, c.pixels)


@pytest.mark.parametrize(
    ("shapes", "size"),
    [
        ([(200, 200)], (200, 200)),
        ([(252, 634)], (256, 640)),  # no more pixels than are wanted
        ([(300, 900)], (304, 536)),  # the height is left, the width cut
        ([(900, 300)], (536, 304)),
        ([(2000, 1000)], (400, 400)),
        ([(100, 4000)], (104, 1600)),
        ([(200, 200), (200, 200), (4000, 4000)], (200, 200)),
        ([(1, 1)], (8, 8)),
        ([(13, 5)], (16, 8)),
    ],
)
def test_a_window_holds_a_typical_scene_or_so_many_pixels_of_it(shapes, size):
    assert window_size([image(*shape) for shape in shapes], 160_000) == size
