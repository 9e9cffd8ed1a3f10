import numpy as np
import pytest

from ig_widgets.data.digests import array_digest


def noise(*shape, dtype=np.uint8):
    return np.random.default_rng(0).integers(0, 100, shape).astype(dtype)


def test_a_digest_is_16_bytes_that_do_not_change_from_run_to_run():
    assert (
        array_digest(np.arange(6, dtype=np.uint8).reshape(2, 3)).hex() == "814ef25d73e8aca529b9572bbd18ce4e"
    )


@pytest.mark.parametrize("dtype", [bool, np.uint8, np.uint16, np.int64, np.float16, np.float64, complex])
def test_the_layout_in_memory_makes_no_difference(dtype):
    array = noise(6, 8, dtype=dtype)
    digest = array_digest(array)
    assert len(digest) == 16
    wide = np.zeros((12, 24), dtype)
    wide[::2, ::3] = array
    read_only = array.copy()
    read_only.setflags(write=False)
    for same in (np.asfortranarray(array), wide[::2, ::3], array[::-1].copy()[::-1], read_only):
        assert array_digest(same) == digest


def test_dtype_shape_and_every_value_make_a_difference():
    array = noise(6, 8)
    others = [
        array,
        array.astype(np.uint16),
        array.astype(np.int8),
        array.reshape(8, 6),
        array.T,
        array[None],
    ]
    others += [array.ravel(), array[:5], array.view(np.uint16), array + np.eye(6, 8, dtype=np.uint8)]
    others += [np.zeros((0, 3)), np.zeros((3, 0)), np.zeros(()), np.zeros(1), np.float32(0)]
    assert len({array_digest(other) for other in others}) == len(others)


@pytest.mark.parametrize(
    "array", [np.array(["a"]), np.array([None]), np.zeros(2, "V4"), np.zeros(2, "M8[s]")]
)
def test_what_is_no_number_is_refused(array):
    with pytest.raises(TypeError, match="has no digest; give an array of numbers"):
        array_digest(array)
