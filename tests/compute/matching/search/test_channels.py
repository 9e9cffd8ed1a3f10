import cv2
import numpy as np
import pytest

from ig_widgets.compute.matching.search.channels import as_channels, luminance


def noise(*shape, high=256, dtype=np.uint8):
    return np.random.default_rng(0).integers(0, high, shape).astype(dtype)


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_whole_numbers_stay_as_they_are(dtype):
    gray, color = noise(5, 7, high=250, dtype=dtype), noise(5, 7, 3, high=250, dtype=dtype)
    for array, expected in ((gray, gray[None]), (color, color.transpose(2, 0, 1))):
        found = as_channels(array, "it", "channels")
        assert found.dtype == dtype
        np.testing.assert_array_equal(found, expected)
        assert found.flags.c_contiguous


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64, np.uint32, np.uint64])
def test_other_numbers_are_scaled_and_the_array_is_left_alone(dtype):
    array = noise(5, 7, 3).astype(dtype)
    before = array.copy()
    found = as_channels(array, "it", "channels")
    assert found.dtype == np.float64
    np.testing.assert_array_equal(array, before)
    assert abs(found - found.mean()).max() == pytest.approx(1)
    correlation = np.corrcoef(found.ravel(), array.transpose(2, 0, 1).ravel().astype(np.float64))
    assert correlation[0, 1] == pytest.approx(1)
    assert found.min() / found.max() == pytest.approx(float(array.min()) / float(array.max()))


@pytest.mark.parametrize("value", [0.0, 0.1, 1e-300, -7.5, 1e300])
def test_constant_floats_stay_constant(value):
    found = as_channels(np.full((5, 7), value), "it", "channels")
    assert (found == found[0, 0, 0]).all()
    assert np.isfinite(found).all()


@pytest.mark.parametrize("dtype", [np.uint8, np.float32])
def test_equal_channels_are_one(dtype):
    array = noise(5, 7).astype(dtype)
    found = as_channels(np.dstack([array] * 3), "it", "channels")
    np.testing.assert_array_equal(found, as_channels(array, "it", "channels"))
    nearly = np.dstack([array] * 3)
    nearly[4, 6, 2] += 1
    assert len(as_channels(nearly, "it", "channels")) == 3


def test_luminance_is_that_of_opencv():
    color = noise(5, 7, 3)
    found = as_channels(color, "it", "luminance")
    expected = cv2.cvtColor(color.astype(np.float32), cv2.COLOR_RGB2GRAY)
    np.testing.assert_allclose(found, expected[None], rtol=1e-5)
    gray = as_channels(color[:, :, 0], "it", "luminance")
    assert gray.dtype == np.uint8
    assert luminance(gray) is gray


@pytest.mark.parametrize("shape", [(), (5,), (5, 7, 1), (5, 7, 4), (1, 5, 7, 3), (0, 7), (5, 0, 3)], ids=str)
def test_another_shape_gets_a_sentence(shape):
    with pytest.raises(ValueError, match=r"image 'a' has shape \(.*\); give \(height, width\)"):
        as_channels(np.zeros(shape, np.uint8), "image 'a'", "channels")


@pytest.mark.parametrize("dtype", [np.int64, np.int8, bool, complex, object, "U1"], ids=str)
def test_other_kinds_of_numbers_get_a_sentence(dtype):
    with pytest.raises(TypeError, match=r"pattern 'a' holds .*; give unsigned integers"):
        as_channels(np.zeros((5, 7), dtype), "pattern 'a'", "channels")


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("shape", [(5, 7), (5, 7, 3)], ids=str)
def test_numbers_that_are_not_finite_get_a_sentence(shape, value):
    array = np.zeros(shape, np.float32)
    array[2, 3] = value
    with pytest.raises(ValueError, match="pattern 'a' holds NaN or infinite values; replace them first"):
        as_channels(array, "pattern 'a'", "channels")


def test_nested_lists_are_arrays():
    np.testing.assert_array_equal(as_channels([[0.0, 1.0], [2.0, 5.0]], "it", "channels")[0, 0, 0], 0)
