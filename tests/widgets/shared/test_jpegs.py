import cv2
import numpy as np
import pytest

from ig_widgets.widgets.shared.jpegs import detail, overview


def decoded(picture):
    pixels = cv2.imdecode(np.frombuffer(picture.jpeg, np.uint8), cv2.IMREAD_UNCHANGED)
    return pixels if pixels.ndim == 2 else cv2.cvtColor(pixels, cv2.COLOR_BGR2RGB)


@pytest.mark.parametrize("shape", [(40, 60), (40, 60, 3)])
def test_a_small_image_is_shown_pixel_by_pixel(shape):
    image = np.zeros(shape, np.uint8)
    image[10:30, 20:50] = (200, 80, 20)[: 3 if len(shape) == 3 else 1]
    picture = overview(image)
    assert picture.reduction == 1
    assert decoded(picture).shape == shape
    assert np.abs(decoded(picture).astype(int) - image).mean() < 4


def test_a_large_image_is_reduced_to_the_largest_side():
    picture = overview(np.zeros((8000, 4000), np.uint8))
    assert (picture.width, picture.height) == (1024, 2048)
    assert picture.reduction == pytest.approx(2048 / 8000)
    assert picture.full_size == (8000, 4000)


def test_a_detail_is_the_part_of_the_image():
    image = np.random.default_rng(0).integers(0, 256, (300, 400)).astype(np.uint8)
    image = cv2.GaussianBlur(image, (0, 0), 2)
    part = decoded(detail(image, (100, 50, 80, 60), 1))
    assert np.abs(part.astype(int) - image[50:110, 100:180]).mean() < 2


def test_a_detail_ends_where_the_image_ends():
    picture = detail(np.zeros((30, 40), np.uint8), (30, 20, 50, 50), 1)
    assert (picture.width, picture.height) == (10, 10)


@pytest.mark.parametrize(
    ("box", "reduction", "sentence"),
    [
        ((100, 0, 10, 10), 1, r"the box \(100, 0, 10, 10\) lies outside the image, which is 40 x 30"),
        ((0, 0, 10, 10), 0, "reduction is 0, but must be above 0"),
    ],
)
def test_a_detail_that_cannot_be_is_refused(box, reduction, sentence):
    with pytest.raises(ValueError, match=sentence):
        detail(np.zeros((30, 40), np.uint8), box, reduction)
