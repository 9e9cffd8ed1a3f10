import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ig_widgets.compute.networks.resizing import network_size, resize_images, resize_in_batches

EMPTY = np.empty((0, 0), np.uint8)


def blank(height, width):
    return np.broadcast_to(np.uint8(7), (height, width))


@given(st.integers(1, 5000), st.integers(1, 5000))
def test_sizes_are_multiples_of_32_about_as_large_as_224_squared_at_most(height, width):
    size = network_size([blank(height, width)])
    assert all(side >= 32 and side % 32 == 0 for side in size)
    scale = min(1, (224**2 / (height * width)) ** 0.5)
    for side, original in zip(size, (height, width), strict=True):
        assert abs(side - max(32, original * scale)) <= 16


@pytest.mark.parametrize(
    ("shape", "size"), [((224, 224), (224, 224)), ((1257, 500), (352, 128)), ((200, 200), (192, 192))]
)
def test_sizes_of_known_data_sets(shape, size):
    assert network_size([blank(*shape)]) == size


def test_the_size_is_that_of_the_median_image_and_only_64_are_read():
    def images():
        yield EMPTY
        for _ in range(40):
            yield blank(64, 128)
        for _ in range(23):
            yield blank(2000, 32)
        raise AssertionError

    assert network_size(images()) == (64, 128)


def test_without_a_readable_image_there_is_no_size():
    with pytest.raises(ValueError, match=r"none of the first 64 images can be read.*give size"):
        network_size([EMPTY])


def test_reduced_pixels_are_the_means_of_areas():
    image = np.random.default_rng(0).integers(0, 256, (96, 128)).astype(np.uint8)
    pixels, positions = resize_images([image], (32, 64))
    means = image.reshape(32, 3, 64, 2).mean(axis=(1, 3))
    assert np.abs(pixels[0] - means).max() <= 1  # rounded along one axis, then along the other
    assert positions.tolist() == [0]


def test_images_of_that_size_stay_as_they_are():
    images = np.random.default_rng(0).integers(0, 256, (3, 32, 40, 3)).astype(np.uint8)
    pixels, _ = resize_images(images, (32, 40))
    np.testing.assert_array_equal(pixels, images)


def test_empty_images_are_left_out_and_gray_becomes_colored_among_colored_ones():
    gray, colored = np.full((50, 40), 9, np.uint8), np.full((30, 90, 3), (1, 2, 3), np.uint8)
    assert resize_images([gray, gray], (32, 32))[0].shape == (2, 32, 32)
    pixels, positions = resize_images([gray, EMPTY, colored], (32, 32))
    assert positions.tolist() == [0, 2]
    assert pixels.shape == (2, 32, 32, 3)
    assert (pixels[0] == 9).all()
    assert (pixels[1] == (1, 2, 3)).all()
    pixels, positions = resize_images([EMPTY], (32, 48))
    assert pixels.shape == (0, 32, 48)
    assert positions.shape == (0,)


@pytest.mark.parametrize("wrong", [np.zeros((40, 40)), np.zeros((40, 40, 4), np.uint8)])
def test_what_is_no_image_is_named(wrong):
    with pytest.raises(ValueError, match=r"image 1 has shape \(40, 40.*dtype uint8"):
        resize_images([np.zeros((40, 40), np.uint8), wrong], (32, 32))


def test_in_turn_all_readable_images_come_by_and_only_32_are_held():
    asked = []

    class Images(list):
        def __iter__(self):
            for number, image in enumerate(super().__iter__()):
                asked.append(number)
                yield image

    images = Images([np.full((40, 40), k, np.uint8) for k in range(80)])
    images[5] = EMPTY
    images[32:64] = [EMPTY] * 32
    turns = resize_in_batches(images, (32, 32))
    pixels, positions = next(turns)
    assert len(asked) == 32
    assert pixels[:, 0, 0].tolist() == positions.tolist() == [k for k in range(32) if k != 5]
    (pixels, positions), *more = turns
    assert pixels[:, 0, 0].tolist() == positions.tolist() == list(range(64, 80))
    assert not more
