import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ig_widgets.compute.matching.search.image_search import Spectra, Workspace, search
from ig_widgets.compute.matching.search.prepared_image import (
    PreparedImage,
    block_means,
    spectrum,
    spectrum_shape,
)
from ig_widgets.compute.matching.search.template_batch import TemplateBatch
from ig_widgets.compute.matching.search.templates import Template


def noise(*shape, low=0, high=256, dtype=np.uint8, seed=0):
    return np.random.default_rng(seed).integers(low, high, shape).astype(dtype)


def means_of_blocks(pixels, side):
    """Loop over blocks; those that stick out are filled up with zeros."""
    channels, height, width = pixels.shape
    result = np.empty((channels, -(-height // side), -(-width // side)))
    for c, y, x in np.ndindex(result.shape):
        block = pixels[c, y * side : (y + 1) * side, x * side : (x + 1) * side]
        result[c, y, x] = block.sum() / side**2
    return result


def transformed_back(spectra):
    """Return the channels of `spectrum`, by numpy."""
    columns = np.fft.ifft(spectra.view(np.complex64), axis=2)
    return np.fft.irfft(columns.swapaxes(1, 2), axis=2)


PIXELS = {
    "8 bits": noise(1, 21, 30),
    "16 bits": noise(1, 21, 30, high=65536, dtype=np.uint16),
    "floats": np.random.default_rng(0).random((1, 21, 30)),
    "color": noise(3, 21, 30),
    "tall": noise(1, 29, 18),
    "one pixel wide": noise(1, 29, 1),
}


@pytest.mark.parametrize("name", PIXELS)
def test_levels_are_the_means_of_blocks_and_of_their_squares(name):
    pixels = PIXELS[name]
    image = PreparedImage(pixels)
    assert image.level(1).values is pixels
    centered = pixels - image.means[:, None, None]
    for factor in (4, 2):
        values, squares, means = image.level(factor)
        np.testing.assert_allclose(values, means_of_blocks(centered, factor), rtol=1e-5, atol=1e-3)
        np.testing.assert_allclose(
            squares, means_of_blocks((centered**2).sum(axis=0)[None], factor)[0], rtol=1e-5
        )
        assert (means == 0).all()
    assert image.level(1).means.tolist() == pytest.approx(image.means.tolist())


@pytest.mark.parametrize("name", PIXELS)
def test_means_and_norm_are_those_of_the_image(name):
    pixels = PIXELS[name]
    image = PreparedImage(pixels)
    means = pixels.mean(axis=(1, 2), dtype=np.float64)
    if pixels.dtype.kind == "u":
        means = means.round()
    np.testing.assert_allclose(image.means, means)
    assert image.norm == pytest.approx(np.sqrt(((pixels - means[:, None, None]) ** 2).sum()))


@pytest.mark.parametrize("factor", [1, 2, 4])
@pytest.mark.parametrize("name", PIXELS)
def test_transforms_are_integral_images_and_spectra_of_the_lying_image(name, factor):
    image = PreparedImage(PIXELS[name])
    centered = PIXELS[name] - image.means[:, None, None]
    values = means_of_blocks(centered, factor)
    of_squares = means_of_blocks((centered**2).sum(axis=0)[None], factor)[0]
    if name in ("tall", "one pixel wide"):
        values, of_squares = values.swapaxes(1, 2), of_squares.T
    sums, squares, spectra, shape = image.transforms(factor)
    np.testing.assert_allclose(sums[:, 1:, 1:], values.cumsum(1).cumsum(2), rtol=1e-4, atol=0.01)
    np.testing.assert_allclose(squares[1:, 1:], of_squares.cumsum(0).cumsum(1), rtol=1e-5)
    assert not sums[:, 0].any()
    assert not sums[:, :, 0].any()
    assert shape == spectrum_shape(*values.shape[1:])
    back = transformed_back(spectra)
    assert back.shape[1:] == shape
    np.testing.assert_allclose(back[:, : values.shape[1], : values.shape[2]], values, rtol=1e-4, atol=0.05)


def smooth(height, width, seed=0):
    values = cv2.GaussianBlur(np.random.default_rng(seed).normal(0, 300, (height, width)), (0, 0), 3)
    return np.clip(128 + values, 0, 255).astype(np.uint8)[None]


@pytest.mark.parametrize("full", [True, False])
@pytest.mark.parametrize("kind", ["centered", "uncentered"])
@pytest.mark.parametrize("size", [(30, 50), (50, 30), (8, 60), (1, 40)], ids=str)
def test_a_standing_image_gives_the_transposed_places_of_a_lying_one(size, kind, full):
    pixels = smooth(90, 141)
    found = []
    for turn in (False, True):
        image, pattern = (
            np.ascontiguousarray(a.swapaxes(1, 2)) if turn else a for a in (pixels, smooth(*size, seed=1))
        )
        [[places]] = search(
            PreparedImage(image),
            TemplateBatch([Template(pattern)]),
            [kind],
            Workspace(Spectra()),
            full=full,
            signed=False,
            count=3,
        )
        found.append(places)
    landscape, portrait = found
    assert landscape
    assert [(p.y, p.x, p.height, p.width) for p in landscape] == [
        (p.x, p.y, p.width, p.height) for p in portrait
    ]
    assert [p.score for p in landscape] == pytest.approx([p.score for p in portrait], abs=1e-12)


@pytest.mark.parametrize("shape", [(6, 8), (5, 8), (6, 7), (1, 1), (1, 9)], ids=str)
def test_reduced_blocks_that_stick_out_are_filled_up_with_zeros(shape):
    plane = noise(*shape).astype(np.float32)
    np.testing.assert_allclose(block_means(plane), means_of_blocks(plane[None], 2)[0], rtol=1e-6)


@given(st.integers(1, 5000), st.integers(1, 5000))
@settings(deadline=None)
def test_shapes_of_spectra_are_even_at_least_as_large_and_quickly_transformed(height, width):
    for side, length in zip(spectrum_shape(height, width), (height, width), strict=True):
        assert side % 2 == 0
        assert length <= side <= 1.15 * length + 2
        for prime in (2, 3, 5):
            while side % prime == 0:
                side //= prime  # noqa: PLW2901  # what is left has no small prime factor
        assert side == 1


@pytest.mark.parametrize("shape", [(10, 16), (4, 16), (10, 6), (2, 2)], ids=str)
def test_a_spectrum_is_that_of_planes_filled_up_with_zeros_or_cut(shape):
    channels = noise(3, 5, 7).astype(np.float32)
    filled = np.pad(channels, ((0, 0), (0, 9), (0, 9)))[:, : shape[0], : shape[1]]
    found = spectrum(channels, shape)
    assert found.shape == (3, shape[1] // 2 + 1, 2 * shape[0])
    assert found.dtype == np.float32
    np.testing.assert_allclose(transformed_back(found), filled, atol=1e-3)


def test_energy_below_the_rounding_of_sums_counts_as_none():
    whole, floats = PreparedImage(noise(1, 21, 30)), PreparedImage(noise(1, 21, 30).astype(np.float64))
    assert 0 < floats.flat("centered") < 1e-13 * floats.norm**2
    assert 0 < whole.flat("centered") < 0.5  # two whole numbers that differ have an energy of 0.5
    large = PreparedImage(noise(1, 1500, 1500, high=65536, dtype=np.uint16))
    assert large.flat("centered") < 1
    dark, light = (PreparedImage(noise(1, 21, 30, low=low, high=low + 3) / 1) for low in (0, 250))
    assert light.flat("uncentered") > 1000 * dark.flat("uncentered")
    assert PreparedImage(np.full((1, 21, 30), 200.0)).flat("centered") == 0


@pytest.mark.parametrize("name", ["8 bits", "floats", "tall"])
def test_bytes_are_those_of_all_arrays_held(name):
    image = PreparedImage(PIXELS[name])
    held = {id(image.pixels): image.pixels}
    assert image.nbytes == image.pixels.nbytes
    for made in (
        image.level(4),
        image.level(2),
        image.level(1),
        image.transforms(4),
        image.transforms(1),
    ):
        held |= {id(array): array for array in made if isinstance(array, np.ndarray)}
    assert image.nbytes == sum(array.nbytes for array in held.values())
