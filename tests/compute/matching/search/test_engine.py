import pickle
from concurrent.futures import ThreadPoolExecutor

import cv2
import numpy as np
import pytest

from ig_widgets.compute.matching.search import engine as module
from ig_widgets.compute.matching.search import image_search as search_module
from ig_widgets.compute.matching.search import template_batch as batch_module
from ig_widgets.compute.matching.search.engine import Engine
from ig_widgets.compute.matching.search.template_batch import TemplateBatch
from ig_widgets.compute.matching.search.templates import Template
from ig_widgets.compute.matching.search.tiles import TiledImage


def smooth(*shape, seed=0):
    values = np.random.default_rng(seed).normal(0, 300, shape)
    values = np.stack([cv2.GaussianBlur(plane, (0, 0), 2) for plane in values])
    return np.clip(128 + values, 0, 255).astype(np.uint8)


UNREADABLE = np.empty((1, 0, 0), np.uint8)
SIZES = [(20, 30), (64, 60), (9, 9), (64, 60), (30, 20), (1, 40), (80, 16), (20, 30), (64, 52), (90, 30)]
# also of all factors, flat, in color, larger than some images
TEMPLATES = [
    *(Template(smooth(1, *size, seed=seed)) for seed, size in enumerate(SIZES, 1)),
    *(Template(smooth(3, 20, 30, seed=seed)) for seed in range(3)),
    Template(np.full((1, 9, 9), 7, np.uint8)),
    Template(smooth(1, 150, 20)),
]
IMAGES = [
    smooth(1, 100, 120),
    UNREADABLE,
    smooth(3, 110, 90),
    smooth(1, 70, 160) / 255,
    np.full((1, 100, 120), 9, np.uint8),
    smooth(1, 160, 70),
]
EVERYTHING = {"search": "pyramid", "signed": False, "oversized": "zero"}


def engine(kinds=("centered", "uncentered"), **settings):
    return Engine(TEMPLATES, kinds, **{**EVERYTHING, **settings})


def assert_same(found, expected):
    for one, other in zip(found, expected, strict=True):
        np.testing.assert_array_equal(one, other)
        assert one.dtype == other.dtype


@pytest.mark.parametrize("signed", [True, False])
@pytest.mark.parametrize("search", ["full", "pyramid"])
def test_scores_and_boxes_are_those_of_the_best_place_of_each_pattern_alone(search, signed):
    both = engine(search=search, signed=signed)
    scores, boxes = both.match(IMAGES)
    assert scores.shape == (6, 2, 15)
    assert boxes.shape == (6, 2, 15, 4)
    for i, j in np.argwhere(~np.isnan(scores[:, 0])):
        template = TEMPLATES[j]
        places = [[], []]
        if not template.flat:
            image = TiledImage(IMAGES[i], both.largest)
            [places] = both.places(image, TemplateBatch([template]), both.workspace())
        for k, some in enumerate(places):
            if template.flat or not template.fits(*IMAGES[i].shape[1:]):
                assert scores[i, k, j] == 0
                assert (boxes[i, k, j] == -1).all()
            else:
                [place] = some
                assert scores[i, k, j] == (place.score if signed else abs(place.score))
                end = (place.x + template.width, place.y + template.height)
                assert boxes[i, k, j].tolist() == [place.x, place.y, *end]


@pytest.mark.parametrize("search", ["full", "pyramid"])
@pytest.mark.parametrize("columns", [[3], [0, 1, 2], [12, 4, 0, 13, 11], [13], []], ids=str)
def test_some_patterns_score_as_among_all(columns, search):
    one = engine(search=search)
    scores, boxes = one.match(IMAGES)
    assert_same(one.match(IMAGES, columns), (scores[:, :, columns], boxes[:, :, columns]))
    assert_same(one.match(IMAGES), (scores, boxes))


@pytest.mark.parametrize("search", ["full", "pyramid"])
@pytest.mark.parametrize(
    ("where", "name", "value"),
    [
        (module, "_PIXELS_AT_ONCE", 1),
        (module, "_PIXELS_AT_ONCE", 20000),
        (batch_module, "_TOGETHER", 1),
        (batch_module, "_TOGETHER", 3),
        (search_module, "_SPECTRA_BYTES", 0),
        (module, "_PRODUCT_BYTES", 1),
    ],
)
def test_how_the_work_is_divided_changes_nothing(where, name, value, search, monkeypatch):
    expected = engine(search=search).match(IMAGES)
    monkeypatch.setattr(where, name, value)
    assert_same(engine(search=search).match(IMAGES), expected)


@pytest.mark.parametrize("search", ["full", "pyramid"])
def test_both_kinds_at_once_are_each_alone(search):
    scores, boxes = engine(search=search).match(IMAGES)
    for k, kind in enumerate(("centered", "uncentered")):
        assert_same(engine((kind,), search=search).match(IMAGES), (scores[:, [k]], boxes[:, [k]]))


def test_unreadable_images_have_rows_of_nan_and_no_boxes():
    scores, boxes = engine().match(IMAGES)
    assert np.isnan(scores).all(axis=(1, 2)).tolist() == [image.size == 0 for image in IMAGES]
    assert np.isnan(scores).any(axis=(1, 2)).tolist() == [image.size == 0 for image in IMAGES]
    assert (boxes[1] == -1).all()
    scores, boxes = engine().match([UNREADABLE, UNREADABLE], [3, 4])
    assert np.isnan(scores).all()
    assert scores.shape == (2, 2, 2)


def test_no_images_have_no_rows():
    scores, boxes = engine().match([], [3, 4])
    assert scores.shape == (0, 2, 2)
    assert boxes.shape == (0, 2, 2, 4)
    assert boxes.dtype == np.int32


def test_images_are_taken_as_they_are_needed(monkeypatch):
    monkeypatch.setattr(module, "_PIXELS_AT_ONCE", 25000)  # two images and a bit
    one, events = engine(), []
    searched = Engine.places

    def places(self, image, *args, **kwargs):
        events.append("searched")
        return searched(self, image, *args, **kwargs)

    def images():
        for _ in range(7):
            events.append("taken")
            yield IMAGES[0]

    monkeypatch.setattr(Engine, "places", places)
    one.match(images(), [0])
    assert events == [*["taken", "taken", "taken", *["searched"] * 3] * 2, "taken", "searched"]


@pytest.mark.parametrize("search", ["full", "pyramid"])
def test_an_engine_that_has_traveled_finds_the_same(search):
    one = engine(search=search)
    expected = one.match(IMAGES)
    written = pickle.dumps(one)
    assert len(written) < 2 * sum(template.pixels.nbytes for template in TEMPLATES)
    assert_same(pickle.loads(written).match(IMAGES), expected)  # noqa: S301  # as joblib does, with our own


@pytest.mark.parametrize("search", ["full", "pyramid"])
def test_threads_may_share_an_engine(search):
    one = engine(search=search)
    expected = engine(search=search).match(IMAGES)
    halves = [list(range(0, 15, 2)), list(range(1, 15, 2))] * 4
    with ThreadPoolExecutor(4) as pool:
        for columns, found in zip(halves, pool.map(lambda c: one.match(IMAGES, c), halves), strict=True):
            assert_same(found, (expected[0][:, :, columns], expected[1][:, :, columns]))


@pytest.mark.parametrize("search", ["full", "pyramid"])
def test_what_is_too_large_is_shrunk_and_nothing_else_changes(search):
    scores, boxes = engine(search=search).match(IMAGES)
    shrunk_scores, shrunk_boxes = engine(search=search, oversized="shrink").match(IMAGES)
    for i, image in enumerate(IMAGES):
        for j, template in enumerate(TEMPLATES):
            if image.size == 0 or template.flat or template.fits(*image.shape[1:]):
                assert_same(
                    (shrunk_scores[i, :, j], shrunk_boxes[i, :, j]), (scores[i, :, j], boxes[i, :, j])
                )
                continue
            alone = Engine(
                [template.shrink_to_fit(*image.shape[1:])],
                ("centered", "uncentered"),
                **{**EVERYTHING, "search": search},
            )
            [score], [box] = alone.match([image])
            assert_same((shrunk_scores[i, :, [j]].T, shrunk_boxes[i, :, [j]].swapaxes(0, 1)), (score, box))
            assert (box >= 0).all()
