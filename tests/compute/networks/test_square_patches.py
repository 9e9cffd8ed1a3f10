import cv2
import numpy as np
import pytest

from ig_widgets.compute.networks.square_patches import as_image, as_squares, correlations, resize


def noise(*shape, seed=0):
    return np.random.default_rng(seed).integers(0, 256, shape, dtype=np.uint8)


@pytest.mark.parametrize("channels", [(), (3,)])
@pytest.mark.parametrize("size", [(20, 30), (5, 7), (60, 8), (1, 90), (12, 20)])
def test_sizes_become_what_is_asked_for_and_the_own_size_changes_nothing(size, channels):
    image = noise(12, 20, *channels)
    assert resize(image, *size).shape == (*size, *channels)
    assert resize(image, *size).dtype == np.uint8
    np.testing.assert_array_equal(resize(image, 12, 20), image)


def test_shrinking_averages_along_one_axis_while_the_other_grows():
    image = noise(8, 30)
    means = image.reshape(8, 10, 3).mean(axis=2)
    np.testing.assert_allclose(resize(image, 8, 10), means, atol=0.51)
    grown = cv2.resize(resize(image, 8, 10), (10, 16), interpolation=cv2.INTER_CUBIC)
    np.testing.assert_allclose(resize(image, 16, 10), grown, atol=1.01)


def test_gray_patterns_and_equal_channels_have_one_channel():
    gray = noise(9, 14)
    squares = as_squares([gray, np.repeat(gray[:, :, None], 3, axis=2)], 11)
    assert squares.shape == (2, 1, 11, 11)
    np.testing.assert_array_equal(squares[0], squares[1])
    np.testing.assert_array_equal(as_image(squares[0]), resize(gray, 11, 11))


def test_one_pattern_in_color_makes_all_color():
    gray, color = noise(9, 14), noise(9, 14, 3)
    squares = as_squares([gray, color], 11)
    assert squares.shape == (2, 3, 11, 11)
    np.testing.assert_array_equal(as_image(squares[0]), resize(gray, 11, 11)[:, :, None].repeat(3, axis=2))
    np.testing.assert_array_equal(as_image(squares[1]), resize(color, 11, 11))


def test_correlations_equal_those_of_numpy():
    squares, others = noise(3, 1, 8, 8), noise(4, 1, 8, 8, seed=1)
    slow = [[np.corrcoef(a.ravel(), b.ravel())[0, 1] for b in others] for a in squares]
    np.testing.assert_allclose(correlations(squares, others), slow)
    np.testing.assert_allclose(np.diag(correlations(squares, squares)), 1)


def test_correlations_equal_the_score_of_matching_in_color():
    squares, others = noise(2, 3, 8, 8), noise(2, 3, 8, 8, seed=1)
    slow = [
        [cv2.matchTemplate(as_image(a), as_image(b), cv2.TM_CCOEFF_NORMED)[0, 0] for b in others]
        for a in squares
    ]
    np.testing.assert_allclose(correlations(squares, others), slow, atol=1e-5)


def test_what_is_flat_resembles_nothing():
    flat = np.full((1, 1, 8, 8), 7, np.uint8)
    assert correlations(flat, noise(2, 1, 8, 8)).tolist() == [[0.0, 0.0]]
    assert correlations(flat, flat).tolist() == [[0.0]]
