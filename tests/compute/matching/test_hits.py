import pickle
import warnings

import cv2
import numpy as np
import pytest
from PIL import Image

from ig_widgets.compute.matching.hits import TiledImageCache
from ig_widgets.compute.matching.matcher import PatternMatcher
from ig_widgets.compute.matching.search.tiles import TiledImage
from ig_widgets.data.errors import FlatPatternWarning, UnreadableImageWarning
from ig_widgets.data.images import ImageSet


def smooth(shape, seed=0):
    blurred = cv2.GaussianBlur(np.random.default_rng(seed).normal(size=shape), (0, 0), 2)
    return cv2.normalize(blurred, None, 0, 255, cv2.NORM_MINMAX).astype(np.uint8)


PATTERN = smooth((24, 30), 99)
IMAGES = [smooth((90, 120), seed) for seed in range(6)]
for i, (y, x) in {1: (10, 20), 4: (50, 80)}.items():
    IMAGES[i][y : y + 24, x : x + 30] = PATTERN


def last(generator):
    *_, found = generator
    return found


def test_the_last_table_holds_every_image_the_best_first():
    matcher = PatternMatcher([PATTERN])
    found = last(matcher.hits(IMAGES, PATTERN))
    assert found["score"].is_monotonic_decreasing
    assert sorted(found["image"]) == [f"image{i}" for i in range(6)]
    X, boxes = matcher.fit().locate(IMAGES)
    for hit in found.itertuples():
        i = int(hit.image.removeprefix("image"))
        assert hit.score == pytest.approx(X[i, 0], abs=1e-9)
        assert [hit.x, hit.y, hit.x + hit.width, hit.y + hit.height] == boxes[i, 0].tolist()


@pytest.mark.parametrize("search", ["full", "pyramid"])
def test_several_places_of_an_image_are_found(search):
    image = smooth((150, 200), 7)
    places = {(5, 8), (60, 100), (110, 20)}
    for y, x in places:
        image[y : y + 24, x : x + 30] = PATTERN
    found = last(PatternMatcher([], search=search).hits([image], PATTERN, per_image=5, threshold=0.9))
    assert {(hit.y, hit.x) for hit in found.itertuples()} == places


def test_a_pattern_too_large_for_an_image_is_shrunk_if_asked_for():
    image = np.zeros((40, 40), np.uint8)
    large = smooth((60, 60), 3)
    assert last(PatternMatcher([]).hits([image], large)).empty
    found = last(PatternMatcher([], oversized="shrink").hits([cv2.resize(large, (40, 40))], large))
    assert found["score"][0] > 0.9
    assert found["width"][0] == 40


def test_a_threshold_leaves_out_the_weak():
    found = last(PatternMatcher([]).hits(IMAGES, PATTERN, threshold=0.95))
    assert set(found["image"]) == {"image1", "image4"}


def test_tables_grow(monkeypatch):
    monkeypatch.setattr("ig_widgets.compute.matching.hits._SECONDS", 0)
    tables = list(PatternMatcher([]).hits(IMAGES, PATTERN))
    assert [len(table) for table in tables] == [1, 2, 3, 4, 5, 6, 6]


class Counting:
    """Images that count how often they were asked for."""

    def __init__(self):
        self.asked = 0

    def __len__(self):
        return 200

    def __getitem__(self, i):
        self.asked += 1
        return smooth((60, 60), i)


def test_stopping_stops_the_work(monkeypatch):
    monkeypatch.setattr("ig_widgets.compute.matching.hits._SECONDS", 0)
    images = Counting()
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for _ in PatternMatcher([]).hits(images, PATTERN):
            break
    asked = images.asked
    assert asked < 100
    assert len(last(PatternMatcher([]).hits(IMAGES, PATTERN))) == 6  # and the next search is not disturbed
    assert images.asked == asked


def test_an_unreadable_image_has_no_hits(tmp_path):
    for i, image in enumerate(IMAGES[:3]):
        Image.fromarray(image).save(tmp_path / f"{i}.png")
    images = ImageSet.from_folder(tmp_path)
    (tmp_path / "1.png").write_bytes((tmp_path / "1.png").read_bytes()[:200])
    (tmp_path / "2.png").unlink()
    with pytest.warns(UnreadableImageWarning) as caught:
        found = last(PatternMatcher([]).hits(images, PATTERN))
    assert len(caught) == 2
    assert found["image"].tolist() == ["0.png"]
    assert images.problems["image"].tolist() == ["1.png", "2.png"]


def test_images_searched_before_are_not_decoded_again(tmp_path, monkeypatch):
    for i, image in enumerate(IMAGES):
        Image.fromarray(image).save(tmp_path / f"{i}.png")
    images = ImageSet.from_folder(tmp_path)
    matcher = PatternMatcher([])
    first = last(matcher.hits(images, PATTERN))
    with monkeypatch.context() as patched:
        patched.setattr(ImageSet, "__getitem__", None)
        assert last(matcher.hits(images, PATTERN)).equals(first)
        other = last(matcher.hits(images, PATTERN[:, :20]))
    assert other.equals(last(PatternMatcher([]).hits(images, PATTERN[:, :20])))


def test_an_image_that_has_changed_is_searched_anew():
    images = [IMAGES[0].copy()]
    matcher = PatternMatcher([])
    assert last(matcher.hits(images, PATTERN))["score"][0] < 0.9
    images[0][:24, :30] = PATTERN
    assert last(matcher.hits(images, PATTERN))["score"][0] == pytest.approx(1)


def test_a_flat_pattern_has_no_hits():
    with pytest.warns(FlatPatternWarning):
        assert last(PatternMatcher([]).hits(IMAGES, np.full((5, 5), 9, np.uint8))).empty


def test_bad_input_is_refused_before_the_search():
    with pytest.raises(ValueError, match="the pattern has shape"):
        PatternMatcher([]).hits(IMAGES, np.zeros((5, 5, 4), np.uint8))
    with pytest.raises(ValueError, match="per_image is 0"):
        PatternMatcher([]).hits(IMAGES, PATTERN, per_image=0)


def test_progress_is_shown(capsys):
    last(PatternMatcher([]).hits(IMAGES, PATTERN, progress=True))
    assert "6/6" in capsys.readouterr().err


def kept(cache, images):
    return [cache.get(bytes([i]), "channels", (30, 30)) is not None for i in range(len(images))]


def test_a_full_cache_keeps_what_the_next_search_needs_first():
    images = [TiledImage(image[None], (30, 30)) for image in IMAGES[:4]]
    cache = TiledImageCache(2 * images[0].nbytes)
    for _ in range(3):
        cache.begin()
        for i in range(3):
            cache.keep(bytes([i]), "channels", images[i])
        assert kept(cache, images) == [True, True, False, False]
    assert cache.get(bytes([0]), "luminance", (30, 30)) is None
    for _ in range(2):  # other images
        cache.begin()
        cache.keep(bytes([3]), "channels", images[3])
    assert kept(cache, images) == [False, True, False, True]


def test_a_scene_larger_than_the_cache_is_not_kept():
    image = TiledImage(IMAGES[0][None], (30, 30))
    cache = TiledImageCache(image.nbytes - 1)
    cache.begin()
    cache.keep(b"", "channels", image)
    assert cache.get(b"", "channels", (30, 30)) is None


def test_a_matcher_travels_without_its_cache():
    matcher = PatternMatcher([PATTERN]).fit()
    last(matcher.hits(IMAGES, PATTERN))
    copy = pickle.loads(pickle.dumps(matcher))  # noqa: S301
    assert np.array_equal(copy.transform(IMAGES), matcher.transform(IMAGES))
    assert len(pickle.dumps(copy)) < 50_000
