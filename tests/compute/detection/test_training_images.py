import cv2
import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ig_widgets.compute.detection.training_images import (
    Drawings,
    drawings,
    make_training_image,
    normalize_image,
    reduced_shape,
)
from ig_widgets.data.images import ImageSet


def texture(height, width, channels=1, seed=0):
    pixels = np.random.default_rng(seed).normal(size=(height, width, channels))
    return pixels[:, :, 0] if channels == 1 else pixels


def boxes(*rows):
    return pd.DataFrame(rows, columns=["image", "label", "x", "y", "width", "height"])


def test_boxes_are_sorted_by_their_image_and_empty_images_are_left_out():
    images = [np.zeros((30, 40), np.uint8), np.zeros(0, np.uint8), np.zeros((50, 20, 3), np.uint8)]
    drawn = boxes((2, "b", 1, 2, 3, 4), (0, "a", 5, 6, 35, 24), (1, "a", 0, 0, 9, 9), (2, "a", 0, 0, 20, 50))
    found = drawings(images, drawn, ["a", "b"])
    assert found.shapes == {0: (1, 30, 40), 2: (1, 50, 20)}  # equal channels are one
    assert {k: codes.tolist() for k, codes in found.codes.items()} == {0: [0], 2: [1, 0]}
    assert found.boxes[0].tolist() == [[5, 6, 40, 30]]
    assert found.boxes[2].tolist() == [[1, 2, 4, 6], [0, 0, 20, 50]]


def test_images_without_boxes_have_none():
    found = drawings([np.zeros((9, 9), np.uint8)], boxes(), [])
    assert found.codes[0].shape == (0,)
    assert found.boxes[0].shape == (0, 4)


def test_boxes_name_the_ids_of_an_image_set():
    images = ImageSet.from_arrays([np.zeros((9, 9), np.uint8)] * 2, ids=["x", "y"])
    assert drawings(images, boxes(("y", "a", 0, 0, 4, 4)), ["a"]).codes[1].tolist() == [0]


@pytest.mark.parametrize(
    ("row", "error", "sentence"),
    [
        (("c", "a", 0, 0, 4, 4), KeyError, "a box is on 'c', which is not among the images"),
        (("b", "a", 0, 0, 4, 10), ValueError, "box 0 of image 'b' ends at y = 10 but the image is 9 high"),
        (("b", "a", -1, 0, 4, 4), ValueError, "box 0 of image 'b' starts at x = -1"),
        (("b", "a", 0, 0, 4, np.nan), ValueError, "box 0 of image 'b' is incomplete"),
        (("b", "a", 0, 0, 1, 4), ValueError, "box 0 of image 'b' is 1 px wide"),
    ],
)
def test_a_wrong_box_is_named(row, error, sentence):
    images = ImageSet.from_arrays([np.zeros((9, 9), np.uint8)] * 2, ids=["a", "b"])
    with pytest.raises(error, match=sentence):
        drawings(images, boxes(row), ["a"])


def test_one_image_in_color_makes_all_of_them_three_planes():
    assert Drawings({0: (1, 5, 5), 3: (3, 5, 5)}, {}, {}).channels == 3
    assert Drawings({0: (1, 5, 5)}, {}, {}).channels == 1


@pytest.mark.parametrize(
    ("shape", "side", "expected"),
    [
        ((400, 400), 50, 1.0),  # no more pixels than are wanted
        ((1600, 400), 50, 0.5),
        ((4000, 4000), 100, 0.1),
        ((4000, 4000), 20, 0.4),  # at 0.1 boxes would be 2 pixels wide
        ((4000, 4000), 4, 1.0),
    ],
)
def test_images_are_reduced_to_a_number_of_pixels_but_boxes_stay_visible(shape, side, expected):
    sides = np.array([[0, 0, side, 300], [9, 9, 309, 9 + side]])
    found = Drawings({0: (1, *shape), 1: (1, *shape)}, {}, {0: sides, 1: np.zeros((0, 4), np.int64)})
    assert found.scale(160_000, 8) == pytest.approx(expected)


@given(height=st.integers(8, 300), width=st.integers(8, 300), scale=st.floats(0.05, 1), data=st.data())
@settings(max_examples=50, deadline=None)
def test_boxes_are_where_they_were_and_inside_the_reduced_image(height, width, scale, data):
    x0, y0 = data.draw(st.integers(0, width - 2)), data.draw(st.integers(0, height - 2))
    box = np.array([[x0, y0, data.draw(st.integers(x0 + 2, width)), data.draw(st.integers(y0 + 2, height))]])
    image = make_training_image(texture(height, width), np.array([0]), box, scale, 1)
    h, w = image.pixels.shape[1:]
    assert (h, w) == reduced_shape((height, width), scale)
    assert (image.boxes[:, :2] >= 0).all()
    assert (image.boxes[:, 2:] <= [w + 1e-9, h + 1e-9]).all()
    np.testing.assert_allclose(image.boxes * [width / w, height / h, width / w, height / h], box)


@pytest.mark.parametrize("scale", [1.0, 0.5, 0.31])
@pytest.mark.parametrize("channels", [1, 3])
def test_pixels_have_mean_0_and_variance_1(scale, channels):
    image = (30 * texture(60, 90, channels) + 120).clip(0, 255).astype(np.uint8)
    pixels = normalize_image(image, scale, channels)
    assert pixels.shape == (channels, round(60 * scale), round(90 * scale))
    assert pixels.dtype == np.float16
    assert pixels.astype(float).mean() == pytest.approx(0, abs=1e-3)
    assert pixels.astype(float).std() == pytest.approx(1, abs=1e-3)


@pytest.mark.parametrize("scale", [1.0, 0.5])
@pytest.mark.parametrize(
    ("gain", "offset", "dtype"),
    [
        (20, 120, np.uint8),
        (4000, 30_000, np.uint16),
        (1e-3, 1e4, np.float64),  # in float32 there would be three values
        (-1e-200, 0, np.float64),
        (1e200, 1e200, np.float64),
    ],
)
def test_light_and_exposure_change_nothing(gain, offset, dtype, scale):
    image = texture(60, 90)
    expected = normalize_image(image, scale, 1).astype(float)
    found = normalize_image((gain * image + offset).astype(dtype), scale, 1).astype(float)
    assert np.abs(found * np.sign(gain) - expected).max() < 0.06  # rounding to whole gray values


@pytest.mark.parametrize("scale", [1.0, 0.5, 0.37])
@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("value", [0, 201, 40_001, 0.1, (13, 201, 77)])
def test_an_image_of_one_value_is_0_and_not_amplified_rounding(value, scale, channels):
    image = np.broadcast_to(value, (997, 1301, *np.shape(value)))
    image = image.astype(float if isinstance(value, float) else np.uint16)
    pixels = normalize_image(image, scale, channels)
    flat = pixels - pixels[:, :1, :1]  # of three different planes each is flat for itself
    assert np.abs(flat).max() == 0
    assert np.isfinite(pixels).all()
    if channels == 1 or np.ndim(value) == 0:
        assert np.abs(pixels).max() == 0


def test_reduction_averages_pixels():
    image = texture(40, 60)
    blocks = image.reshape(20, 2, 30, 2).mean(axis=(1, 3))
    expected = (blocks - blocks.mean()) / blocks.std()
    np.testing.assert_allclose(normalize_image(image, 0.5, 1)[0], expected, atol=4e-3)


def test_gray_images_among_colored_ones_have_three_equal_planes():
    image = texture(20, 30)
    pixels = normalize_image(image, 1.0, 3)
    assert (pixels == normalize_image(image, 1.0, 1)).all()
    assert (pixels == normalize_image(np.dstack([image] * 3), 1.0, 3)).all()


def test_colored_images_among_gray_ones_are_their_luminance():
    image = (40 * texture(20, 30, 3) + 120).clip(0, 255).astype(np.uint8)
    gray = cv2.cvtColor(image, cv2.COLOR_RGB2GRAY)
    np.testing.assert_allclose(normalize_image(image, 1.0, 1), normalize_image(gray, 1.0, 1), atol=0.03)


@pytest.mark.parametrize("shape", [(1, 1), (1, 50), (2, 3)])
def test_images_never_vanish(shape):
    assert normalize_image(texture(*shape), 0.01, 1).size > 0


def test_the_image_is_left_alone():
    image = texture(20, 30)
    kept = image.copy()
    normalize_image(image, 0.5, 1)
    np.testing.assert_array_equal(image, kept)
