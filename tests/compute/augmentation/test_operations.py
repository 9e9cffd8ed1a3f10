import math

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageEnhance, ImageOps

from ig_widgets.compute.augmentation.operations import OPERATIONS, apply_operation

RNG = np.random.default_rng(0)
GRAY = RNG.integers(30, 226, (22, 31), dtype=np.uint8)
COLOR = RNG.integers(30, 226, (22, 31, 3), dtype=np.uint8)
NEUTRAL = {
    **dict.fromkeys(["ShearX", "ShearY", "TranslateX", "TranslateY", "Rotate", "Cutout"], 0),
    **dict.fromkeys(["Contrast", "Color", "Brightness", "Sharpness", "ResizeX", "ResizeY"], 1),
    "Solarize": 256,
    "Posterize": 8,
}
EIGHT_BITS = ("Equalize", "Solarize", "Posterize")
RANDOM = [name for name, bounds in OPERATIONS.items() if bounds]


def rim_median(pattern):
    height, width = pattern.shape[:2]
    rim = [
        pattern[y, x]
        for y in range(height)
        for x in range(width)
        if y in (0, height - 1) or x in (0, width - 1)
    ]
    return np.rint(np.median(rim, axis=0))


def smooth(shape):
    noise = RNG.integers(0, 256, shape).astype(np.float32)
    return cv2.normalize(cv2.GaussianBlur(noise, (0, 0), 3), None, 30, 225, cv2.NORM_MINMAX).astype(np.uint8)


def warped_by_hand(pattern, backward, shape, outside):
    """Ask for each pixel where it comes from, and interpolate between the four pixels there."""
    height, width = pattern.shape
    result = np.empty(shape)
    for y, x in np.ndindex(*shape):
        u, v = backward @ (x - (shape[1] - 1) / 2, y - (shape[0] - 1) / 2)
        u, v = u + (width - 1) / 2, v + (height - 1) / 2
        left, top = math.floor(u), math.floor(v)
        result[y, x] = sum(
            (1 - abs(u - i))
            * (1 - abs(v - j))
            * (pattern[j, i] if 0 <= i < width and 0 <= j < height else outside)
            for i in (left, left + 1)
            for j in (top, top + 1)
        )
    return result


def matrix_of(operation, magnitude):
    turn = math.radians(magnitude)
    return np.array(
        {
            "ShearX": [[1, magnitude], [0, 1]],
            "ShearY": [[1, 0], [magnitude, 1]],
            "Rotate": [[math.cos(turn), math.sin(turn)], [-math.sin(turn), math.cos(turn)]],
        }[operation]
    )


def test_there_are_the_eighteen_operations_of_the_published_code():
    assert len(OPERATIONS) == 18
    assert set(NEUTRAL) == set(RANDOM)
    assert set(OPERATIONS) - set(RANDOM) == {"AutoContrast", "Invert", "Equalize", "Flip"}


@pytest.mark.parametrize("operation", NEUTRAL)
@pytest.mark.parametrize("fill", ["border", "black"])
def test_the_neutral_magnitude_returns_the_same_values(operation, fill):
    patterns = [GRAY, COLOR, GRAY[:1], GRAY[:, :1], COLOR[:2, :2]]
    if operation not in EIGHT_BITS:
        patterns += [pattern.astype(np.uint16) * 257 for pattern in patterns]
    for pattern in patterns:
        made = apply_operation(pattern, operation, NEUTRAL[operation], fill=fill)
        np.testing.assert_array_equal(made, pattern)
        assert made.dtype == pattern.dtype


@given(
    operation=st.sampled_from(list(OPERATIONS)),
    share=st.floats(0, 1),
    shape=st.tuples(st.integers(1, 12), st.integers(1, 12)),
    fill=st.sampled_from(["border", "black"]),
    seed=st.integers(0, 9),
)
@settings(max_examples=200, deadline=None)
def test_gray_is_treated_as_three_equal_channels_are_and_the_pattern_stays(
    operation, share, shape, fill, seed
):
    pattern = np.random.default_rng(seed).integers(0, 256, shape, dtype=np.uint8)
    pattern.flags.writeable = False
    before = pattern.copy()
    low, high = OPERATIONS[operation] or (0, 0)
    magnitude = low + share * (high - low)
    gray = apply_operation(pattern, operation, magnitude, fill=fill, seed=seed)
    color = apply_operation(np.stack([pattern] * 3, axis=2), operation, magnitude, fill=fill, seed=seed)
    np.testing.assert_array_equal(np.stack([gray] * 3, axis=2), color)
    np.testing.assert_array_equal(pattern, before)
    assert gray.dtype == np.uint8
    assert not np.shares_memory(gray, pattern)


PILLOW = {
    "AutoContrast": (None, lambda image, _: ImageOps.autocontrast(image)),
    "Invert": (None, lambda image, _: ImageOps.invert(image)),
    "Flip": (None, lambda image, _: ImageOps.mirror(image)),
    "Solarize": (130.0, ImageOps.solarize),
    "Posterize": (4.9, lambda image, m: ImageOps.posterize(image, int(m))),
    "Contrast": (1.7, lambda image, m: ImageEnhance.Contrast(image).enhance(m)),
    "Color": (0.3, lambda image, m: ImageEnhance.Color(image).enhance(m)),
    "Brightness": (1.6, lambda image, m: ImageEnhance.Brightness(image).enhance(m)),
    "Sharpness": (0.2, lambda image, m: ImageEnhance.Sharpness(image).enhance(m)),
}


@pytest.mark.parametrize("operation", PILLOW)
def test_operations_on_values_are_those_of_pillow_which_the_published_code_uses(operation):
    magnitude, of_pillow = PILLOW[operation]
    for pattern in (GRAY, COLOR):
        made = apply_operation(pattern, operation, magnitude).astype(int)
        known = np.asarray(of_pillow(Image.fromarray(pattern), magnitude)).astype(int)
        inside = np.s_[1:-1, 1:-1]  # Pillow does not smooth the outermost pixels
        assert np.abs(made[inside] - known[inside]).max() <= 1


def test_equalizing_makes_the_share_of_pixels_below_a_value_that_value():
    dark = (GRAY // 4).astype(np.uint8)
    made = apply_operation(dark, "Equalize")
    first = np.sum(dark == dark.min())
    expected = [
        [(np.sum(dark <= value) - first) / (dark.size - first) * 255 for value in row] for row in dark
    ]
    np.testing.assert_allclose(made, expected, atol=0.51)
    np.testing.assert_array_equal(
        apply_operation(COLOR, "Equalize")[..., 1], apply_operation(COLOR[..., 1], "Equalize")
    )


@pytest.mark.parametrize("operation", ["ShearX", "ShearY", "Rotate"])
@pytest.mark.parametrize("sign", [-0.7, 0.9])
def test_moving_pixels_equals_the_double_loop(operation, sign):
    magnitude = sign * OPERATIONS[operation][1]
    pattern = smooth((15, 26))
    backward = np.linalg.inv(matrix_of(operation, magnitude))
    grown = apply_operation(pattern, operation, magnitude)
    by_hand = warped_by_hand(pattern, backward, grown.shape, rim_median(pattern))
    np.testing.assert_allclose(grown, by_hand, atol=3)
    kept = apply_operation(pattern, operation, magnitude, fill="black")
    assert kept.shape == pattern.shape
    np.testing.assert_allclose(kept, warped_by_hand(pattern, backward, pattern.shape, 0), atol=6)


@pytest.mark.parametrize(("operation", "magnitude"), [("ShearX", 0.3), ("ShearY", -0.3), ("Rotate", 30)])
def test_a_long_thin_pattern_loses_nothing(operation, magnitude):
    pattern = np.full((22, 248), 180, np.uint8)
    pattern[8:14] = smooth((6, 248)) // 2  # a crack
    pattern[[0, -1]] = 180
    made = apply_operation(pattern, operation, magnitude)
    height, width = np.ceil(np.abs(matrix_of(operation, magnitude)) @ (248, 22) - 1e-6)[::-1]
    assert made.shape == (height, width)
    # neither a shear nor a rotation changes areas
    assert (180 - made.astype(float)).sum() == pytest.approx((180 - pattern.astype(float)).sum(), rel=0.01)
    cut_off = apply_operation(pattern, operation, magnitude, fill="black")
    assert cut_off.shape == pattern.shape


def test_translations_move_whole_pixels_by_shares_of_the_size():
    right = apply_operation(GRAY, "TranslateX", 0.3)  # 9.3 of 31 pixels
    np.testing.assert_array_equal(right[:, 9:], GRAY[:, :-9])
    assert (right[:, :9] == rim_median(GRAY)).all()
    up = apply_operation(COLOR, "TranslateY", -0.45, fill="black")  # 9.9 of 22 pixels
    np.testing.assert_array_equal(up[:-10], COLOR[10:])
    assert (up[-10:] == 0).all()


def test_what_comes_in_has_the_median_of_the_edge_of_each_channel():
    pattern = COLOR.copy()
    pattern[1:-1, 1:-1] = 255
    corner = apply_operation(pattern, "Rotate", 20)[0, 0]
    np.testing.assert_array_equal(corner, rim_median(pattern))


def test_sixteen_bits_keep_their_depth():
    deep = GRAY.astype(np.uint16) * 257
    for operation, bounds in OPERATIONS.items():
        if operation not in EIGHT_BITS:
            magnitude = bounds and 0.6 * bounds[0] + 0.4 * bounds[1]
            made, shallow = (apply_operation(pattern, operation, magnitude) for pattern in (deep, GRAY))
            assert made.dtype == np.uint16
            np.testing.assert_allclose(made / 257, shallow, atol=1.01, err_msg=operation)


@pytest.mark.parametrize("operation", EIGHT_BITS)
def test_what_is_defined_on_eight_bits_refuses_sixteen(operation):
    with pytest.raises(TypeError, match=f"the pattern holds uint16, but {operation} works on uint8"):
        apply_operation(GRAY.astype(np.uint16), operation, NEUTRAL.get(operation))


def test_cutout_covers_a_square_where_the_seed_says():
    made = [apply_operation(GRAY, "Cutout", 0.2, seed=seed) for seed in range(20)]
    np.testing.assert_array_equal(made[3], apply_operation(GRAY, "Cutout", 0.2, seed=3))
    assert len({one.tobytes() for one in made}) > 10
    for one in made:
        rows, columns = np.nonzero(one != GRAY)
        assert np.ptp(rows) < 6  # 0.2 of 31 pixels
        assert np.ptp(columns) < 6
        assert set(one[rows, columns]) == {rim_median(GRAY)}
    gray = apply_operation(GRAY, "Cutout", 0.2, fill="black", seed=3)
    assert set(gray[gray != GRAY]) == {127}


@pytest.mark.parametrize("operation", [name for name in OPERATIONS if name != "Cutout"])
def test_no_other_operation_looks_at_the_seed(operation):
    bounds = OPERATIONS[operation]
    made = [apply_operation(GRAY, operation, bounds and bounds[0], seed=seed) for seed in (0, 1)]
    np.testing.assert_array_equal(*made)


def test_resizing_rounds_and_leaves_at_least_a_pixel():
    assert apply_operation(GRAY, "ResizeX", 0.8).shape == (22, 25)
    assert apply_operation(COLOR, "ResizeY", 1.2).shape == (26, 31, 3)
    assert apply_operation(GRAY[:1], "ResizeY", 0.8).shape == (1, 31)


@pytest.mark.parametrize(
    ("arguments", "error", "sentence"),
    [
        ((GRAY, "rotate", 3), ValueError, "operation is 'rotate'; choose one of ShearX, "),
        ((GRAY, "Rotate", 31), ValueError, "magnitude of Rotate is 31; give a number from -30.0 to 30.0"),
        ((GRAY, "Rotate", np.nan), ValueError, "magnitude of Rotate is nan"),
        ((GRAY, "Rotate"), ValueError, "magnitude of Rotate is None"),
        ((GRAY[None, None], "Flip"), ValueError, r"shape \(1, 1, 22, 31\)"),
        ((GRAY[:0], "Flip"), ValueError, "not empty"),
        ((COLOR[..., :2], "Flip"), ValueError, r"give \(height, width\) or \(height, width, 3\)"),
        ((GRAY / 255, "Flip"), TypeError, "holds float64, but Flip works on uint8 or uint16"),
    ],
)
def test_what_cannot_be_done_is_said(arguments, error, sentence):
    with pytest.raises(error, match=sentence):
        apply_operation(*arguments)


def test_an_unknown_fill_is_named():
    with pytest.raises(ValueError, match="fill is 'white'; choose one of border, black"):
        apply_operation(GRAY, "Flip", fill="white")
