import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from ig_widgets.compute.networks.normalization import channel_moments, normalize

STACKS = st.sampled_from([(1, 4, 5), (3, 2, 7), (2, 3, 3, 3)]).flatmap(lambda shape: arrays(np.uint8, shape))


@given(STACKS)
def test_moments_equal_those_of_all_pixels_as_floats(pixels):
    mean, scale = channel_moments(pixels)
    values = pixels.reshape(-1, 3 if pixels.ndim == 4 else 1) / 255
    np.testing.assert_allclose(mean, np.broadcast_to(values.mean(axis=0), 3), atol=1e-12)
    np.testing.assert_allclose(scale, np.broadcast_to(np.maximum(values.std(axis=0), 1 / 255), 3), atol=1e-7)


@given(STACKS)
def test_standardized_pixels_equal_the_formula(pixels):
    mean, scale = np.array([0.1, 0.2, 0.3]), np.array([0.5, 1.0, 2.0])
    x = normalize(torch.from_numpy(pixels), mean, scale)
    for channel in range(3):
        plane = pixels[..., channel] if pixels.ndim == 4 else pixels
        np.testing.assert_allclose(
            x[:, channel], (plane / 255 - mean[channel]) / scale[channel], atol=1e-5, rtol=1e-5
        )
    assert x.dtype == torch.float32


@pytest.mark.parametrize("shape", [(4, 9, 8), (4, 9, 8, 3)])
def test_standardized_by_their_own_moments_images_have_mean_0_and_variance_1(shape):
    pixels = np.random.default_rng(0).integers(40, 90, shape).astype(np.uint8)
    x = normalize(torch.from_numpy(pixels), *channel_moments(pixels))
    np.testing.assert_allclose(x.mean(dim=(0, 2, 3)), 0, atol=1e-5)
    np.testing.assert_allclose(x.std(dim=(0, 2, 3), correction=0), 1, atol=1e-5)
