import pickle

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from ig_widgets.compute.matching.search.image_search import Spectra, Workspace, search
from ig_widgets.compute.matching.search.prepared_image import PreparedImage
from ig_widgets.compute.matching.search.template_batch import TemplateBatch
from ig_widgets.compute.matching.search.templates import Template


def noise(*shape, dtype=np.uint8, seed=0):
    return np.random.default_rng(seed).integers(0, 256, shape).astype(dtype)


@pytest.mark.parametrize(
    ("size", "factor"),
    [
        ((64, 64), 4),
        ((16, 200), 4),
        ((15, 400), 2),  # less than 4 pixels high, reduced by 4
        ((56, 57), 2),  # less than 200 pixels, reduced by 4
        ((8, 100), 2),
        ((7, 400), 1),
        ((28, 28), 1),
        ((1, 900), 1),
        ((900, 1), 1),
        ((1, 1), 1),
    ],
    ids=str,
)
def test_the_factor_leaves_4_pixels_on_each_side_and_200_in_all(size, factor):
    template = Template(noise(1, *size))
    assert template.factor == Template(noise(3, *size)).factor == factor
    assert sorted(template.levels) == sorted({1, 2, 4} & set(range(1, factor + 1)))


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("dtype", [np.uint8, np.uint16, np.float64])
def test_norms_are_those_of_the_pixels(dtype, channels):
    pixels = noise(channels, 9, 11, dtype=dtype)
    template = Template(pixels)
    exact = pixels.astype(np.float64)
    centered = exact - exact.mean(axis=(1, 2), keepdims=True)
    np.testing.assert_allclose(template.deviations, centered)
    assert template.norms["centered"] == pytest.approx(np.linalg.norm(centered))
    assert template.norms["uncentered"] == pytest.approx(np.linalg.norm(exact))


def test_a_pattern_is_flat_when_each_channel_has_one_value():
    flat = np.full((3, 5, 6), 9, np.uint8)
    flat[1] = 200
    assert Template(flat).flat
    assert Template(np.full((1, 5, 6), 0.1)).flat
    assert Template(noise(1, 1, 1)).flat
    flat[2, 4, 5] = 8
    assert not Template(flat).flat


@pytest.mark.parametrize("channels", [1, 3])
def test_levels_are_the_means_of_blocks_and_lines_end_in_zeros(channels):
    template = Template(noise(channels, 64, 72))
    for side in (1, 2, 4):
        height, width = 64 // side, 72 // side
        blocks = template.deviations.reshape(channels, height, side, width, side).mean(axis=(2, 4))
        np.testing.assert_allclose(template.levels[side], blocks, atol=1e-4)
        rows = template.lines[side].reshape(channels, height, width + 4)
        np.testing.assert_array_equal(rows[:, :, :width], template.levels[side])
        assert not rows[:, :, width:].any()
        assert rows.dtype == np.float32


@pytest.mark.parametrize("tall", [False, True])
def test_the_spectrum_is_that_of_the_pattern_or_of_its_transpose(tall):
    template = Template(noise(3, 40, 60))
    expected = template.levels[2].swapaxes(1, 2) if tall else template.levels[2]
    columns = np.fft.ifft(template.spectrum(2, (64, 80), tall=tall).view(np.complex64), axis=2)
    back = np.fft.irfft(columns.swapaxes(1, 2), axis=2)
    np.testing.assert_allclose(back[:, : expected.shape[1], : expected.shape[2]], expected, atol=1e-3)


@pytest.mark.parametrize("full", [True, False])
@pytest.mark.parametrize("used", [True, False])
def test_a_pattern_that_has_traveled_finds_the_same(used, full):
    image, template = PreparedImage(noise(1, 90, 110)), Template(noise(1, 40, 50, seed=1))

    def found(template):
        kinds = ["centered", "uncentered"]
        return search(
            image, TemplateBatch([template]), kinds, Workspace(Spectra()), full=full, signed=False, count=3
        )

    before = found(template) if used else None
    traveled = pickle.loads(pickle.dumps(template))  # noqa: S301  # joblib's processes do it, with our own
    assert found(traveled) == (before or found(template))
    assert len(pickle.dumps(template)) < 2 * template.pixels.nbytes


def test_the_luminance_of_a_gray_pattern_is_itself():
    gray, color = Template(noise(1, 5, 6)), Template(noise(3, 5, 6))
    assert gray.gray is gray
    assert color.gray is color.gray
    expected = np.tensordot([0.299, 0.587, 0.114], color.pixels, 1)[None]
    np.testing.assert_allclose(color.gray.pixels, expected)


def test_a_pattern_fits_when_no_side_is_longer():
    template = Template(noise(1, 5, 6))
    assert template.fits(5, 6)
    assert not template.fits(4, 99)
    assert not template.fits(99, 5)


def test_a_pattern_that_fits_is_not_shrunk():
    template = Template(noise(1, 5, 6))
    assert template.shrink_to_fit(5, 6) is template.shrink_to_fit(50, 60) is template


@example(1, 49, 1, 2, 1)
@given(
    st.integers(1, 60), st.integers(1, 60), st.integers(1, 60), st.integers(1, 60), st.sampled_from([1, 3])
)
def test_a_shrunk_pattern_is_the_largest_of_its_shape_that_fits(height, width, rows, columns, channels):
    template = Template(noise(channels, height, width))
    if template.fits(rows, columns):
        return
    shrunk = template.shrink_to_fit(rows, columns)
    assert shrunk.pixels.shape[0] == channels
    assert shrunk.pixels.dtype == template.pixels.dtype
    if rows * width <= columns * height:  # the height decides
        assert (shrunk.height, shrunk.width) == (rows, max(1, width * rows // height))
    else:
        assert (shrunk.height, shrunk.width) == (max(1, height * columns // width), columns)


def test_shrinking_takes_means():
    pixels = noise(3, 40, 60, dtype=np.float64)
    shrunk = Template(pixels).shrink_to_fit(20, 35)
    np.testing.assert_allclose(shrunk.pixels, pixels.reshape(3, 20, 2, 30, 2).mean(axis=(2, 4)))
