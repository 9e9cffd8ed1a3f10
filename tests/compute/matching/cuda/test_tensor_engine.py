"""The GPU's path, on the processor: torch does the same there."""

import numpy as np
import pytest

from ig_widgets.compute.matching.cuda import tensor_engine
from ig_widgets.compute.matching.cuda.tensor_engine import TensorEngine
from ig_widgets.compute.matching.search.channels import as_channels
from ig_widgets.compute.matching.search.engine import Engine
from ig_widgets.compute.matching.search.templates import Template


def noise(shape, seed=0, high=256):
    return np.random.default_rng(seed).integers(0, high, shape, dtype=np.uint8)


def prepared(arrays):
    return [
        as_channels(array, "it", "channels") if array.size else np.empty((1, 0, 0), np.uint8)
        for array in arrays
    ]


IMAGES = prepared(
    [noise((30, 40)), noise((25, 44, 3), 1), noise((0, 0)), noise((41, 33), 2, 3), noise((60, 50, 3), 3)]
)
PATTERNS = prepared(
    [
        noise((9, 7), 4),
        noise((5, 12, 3), 5),
        noise((28, 20), 6),
        np.full((4, 4), 7, np.uint8),
        noise((1, 6), 7),
    ]
)


def full(kinds=("centered",), *, signed=False, oversized="zero"):
    templates = [Template(pattern) for pattern in PATTERNS]
    return Engine(templates, kinds, search="full", signed=signed, oversized=oversized)


@pytest.mark.parametrize("oversized", ["zero", "shrink"])
@pytest.mark.parametrize("signed", [False, True])
def test_it_finds_what_the_processor_finds(signed, oversized):
    engine = full(["centered", "uncentered"], signed=signed, oversized=oversized)
    scores, boxes = engine.match(IMAGES)
    found, places = TensorEngine(engine, "cpu").match(IMAGES)
    np.testing.assert_allclose(found, scores, atol=1e-4)
    assert np.mean((places == boxes).all(axis=-1)) > 0.95
    assert np.isnan(found[2]).all()


def test_some_patterns_only():
    engine = full()
    tensors = TensorEngine(engine, "cpu")
    whole, part = tensors.match(IMAGES), tensors.match(IMAGES, [2, 0])
    np.testing.assert_array_equal(part[0], whole[0][:, :, [2, 0]])
    np.testing.assert_array_equal(part[1], whole[1][:, :, [2, 0]])


def test_what_is_not_sure_is_computed_by_the_processor(monkeypatch):
    engine = full()
    scores, boxes = engine.match(IMAGES)

    def unsure(*given, **settings):
        found, ys, xs, sure = tensor_engine_places(*given, **settings)
        return found / 2, ys * 0, xs * 0, sure & False

    tensor_engine_places = tensor_engine.best_places
    monkeypatch.setattr(tensor_engine, "best_places", unsure)
    found, places = TensorEngine(engine, "cpu").match(IMAGES)
    np.testing.assert_array_equal(found, scores)
    np.testing.assert_array_equal(places, boxes)


def test_faint_texture_beside_strong_in_16_bits_is_found():
    rng = np.random.default_rng(0)
    image = np.full((1, 1500, 1500), 30000, np.uint16)
    image[:, :, :750] = rng.integers(0, 2, (1500, 750)) * 65535
    pattern = np.full((1, 12, 12), 30000, np.uint16)
    pattern[0, 3, 4] += 1
    image[:, 700:712, 1200:1212] = pattern
    engine = Engine([Template(pattern)], ["centered"], search="full", signed=False, oversized="zero")
    for each in (engine, TensorEngine(engine, "cpu")):
        scores, boxes = each.match([image])
        assert scores.item() == pytest.approx(1)
        assert boxes.ravel().tolist() == [1200, 700, 1212, 712]
