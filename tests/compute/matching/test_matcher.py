import csv
import warnings

import cv2
import numpy as np
import pytest
from PIL import Image
from sklearn.base import clone
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from ig_widgets.compute.matching.matcher import PatternMatcher, match
from ig_widgets.data.errors import FlatPatternWarning, UnreadableImageWarning
from ig_widgets.data.images import ImageSet


def double_loop(image, pattern, scores="centered"):
    """NCC of every window, written down as the formula is, in float64."""
    image, template = image.astype(np.float64), pattern.astype(np.float64)
    h, w = pattern.shape[:2]
    if scores == "centered":
        template = template - template.mean(axis=(0, 1))
    result = np.zeros((image.shape[0] - h + 1, image.shape[1] - w + 1))
    for y in range(result.shape[0]):
        for x in range(result.shape[1]):
            window = image[y : y + h, x : x + w]
            if scores == "centered":
                window = window - window.mean(axis=(0, 1))
            if (window != 0).any():
                norm = np.sqrt((window**2).sum() * (template**2).sum())
                result[y, x] = (window * template).sum() / norm
    return result


def noise(shape, low=0, high=256, dtype=np.uint8, seed=0):
    return np.random.default_rng(seed).integers(low, high, shape).astype(dtype)


def with_constant_regions():
    image = noise((30, 40))
    image[5:25, 8:30] = 77
    return image


def with_faint_texture_in_the_dark_and_in_the_light():
    image = noise((30, 40), 0, 2)
    image[:, 20:] += 253
    return image


def smooth(shape, seed=0):
    """Noise with structure at several scales, as photographs have it."""
    rng = np.random.default_rng(seed)
    layers = [cv2.GaussianBlur(rng.normal(0, 1, shape), (0, 0), sigma) * sigma for sigma in (1.5, 4, 12)]
    total = sum(layers)
    return np.clip(128 + 40 * total / total.std(), 0, 255).astype(np.uint8)


IMAGES = {
    "noise": noise((30, 40)),
    "constant regions": with_constant_regions(),
    "saturated": np.clip(noise((30, 40), -300, 600, np.int64), 0, 255).astype(np.uint8),
    "faint texture on a large mean": noise((30, 40), 250, 253),
    "faint texture in dark and light": with_faint_texture_in_the_dark_and_in_the_light(),
    "16 bits": noise((30, 40), 60000, 60004, np.uint16),
    "floats on a very large mean": 1e6 + 1e-3 * np.random.default_rng(0).normal(size=(30, 40)),
    "dark floats": 1e-4 * np.random.default_rng(0).random((30, 40)),
    "color": noise((30, 40, 3)),
}
SMOOTH = smooth((200, 240))


@pytest.mark.parametrize("signed", [False, True])
@pytest.mark.parametrize("scores", ["centered", "uncentered"])
@pytest.mark.parametrize("name", IMAGES)
def test_match_equals_the_double_loop(name, scores, signed):
    image = IMAGES[name]
    pattern = np.roll(image[3:12, 2:9], 3, axis=0)[::-1].copy()
    expected = double_loop(image, pattern, scores)
    if not signed:
        expected = np.abs(expected)
    score, (x0, y0, x1, y1) = match(image, pattern, scores=scores, signed=signed)
    assert score == pytest.approx(expected.max(), abs=1e-6)
    assert expected[y0, x0] == pytest.approx(expected.max(), abs=1e-6)
    assert (x1 - x0, y1 - y0) == (7, 9)


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16, np.float32, np.float64])
def test_a_score_does_not_depend_on_the_kind_of_numbers(dtype):
    image = noise((30, 40))
    expected = match(image, image[:9, :7][::-1])
    found = match(image.astype(dtype), image[:9, :7][::-1].astype(dtype))
    assert found.score == pytest.approx(expected.score, abs=1e-6)
    assert found.box == expected.box


@pytest.mark.parametrize("search", ["full", "pyramid"])
@pytest.mark.parametrize("scores", ["centered", "uncentered"])
@pytest.mark.parametrize("place", [(0, 0), (83, 57), (200 - 40, 240 - 52)], ids=str)
def test_a_pattern_is_found_where_it_was_cut_out(place, scores, search):
    y, x = place
    score, box = match(SMOOTH, SMOOTH[y : y + 40, x : x + 52], scores=scores, search=search)
    assert score == pytest.approx(1, abs=1e-9)
    assert box == (x, y, x + 52, y + 40)


@pytest.mark.parametrize("search", ["full", "pyramid"])
def test_centered_scores_ignore_brightness_and_contrast(search):
    image, pattern = SMOOTH.astype(np.float64), smooth((40, 52), seed=1)
    plain, changed = (match(i, pattern, search=search) for i in (image, 0.3 * image + 5000))
    assert changed.score == pytest.approx(plain.score, abs=1e-6)
    assert changed.box == plain.box


def test_uncentered_scores_ignore_contrast_but_not_brightness():
    image, pattern = noise((30, 40)).astype(np.float64), noise((9, 7), 0, 2, seed=1)
    plain, scaled, brighter = (
        match(i, pattern, scores="uncentered").score for i in (image, 3 * image, image + 5000)
    )
    assert scaled == pytest.approx(plain, abs=1e-6)
    assert abs(brighter - plain) > 0.01


@pytest.mark.parametrize("search", ["full", "pyramid"])
def test_a_negative_is_found_as_well_unless_signs_count(search):
    pattern = SMOOTH[60:100, 70:122]
    found = match(SMOOTH, 255 - pattern, search=search)
    assert found == match(SMOOTH, pattern, search=search)
    assert match(SMOOTH, 255 - pattern, search=search, signed=True).score < 0.9


def test_signed_scores_can_be_negative():
    ramp = np.arange(200, dtype=np.uint8).reshape(1, -1).repeat(12, axis=0)
    assert match(ramp, ramp[:, 30:10:-1], signed=True).score == pytest.approx(-1)


def test_an_image_without_any_contrast_scores_0():
    assert match(np.full((30, 40), 200, np.uint8), noise((5, 5))).score == 0
    assert match(np.full((30, 40), 0.1), noise((5, 5))).score == 0
    assert match(np.zeros((30, 40), np.uint8), noise((5, 5)), scores="uncentered").score == 0


def test_a_flat_pattern_scores_0_and_is_named_once():
    images = [noise((30, 40)), np.full((30, 40), 9, np.uint8)]
    matcher = PatternMatcher([np.full((5, 5), 9, np.uint8), noise((5, 5)), np.full((4, 4), 0.1)])
    with pytest.warns(
        FlatPatternWarning, match="'pattern0', pattern 'pattern2' have the same value"
    ) as caught:
        X = matcher.fit_transform(images)
    assert len(caught) == 1
    assert (X[:, [0, 2]] == 0).all()
    assert X[0, 1] > 0


def test_match_warns_about_a_flat_pattern():
    with pytest.warns(FlatPatternWarning, match="the pattern has the same value everywhere"):
        assert match(noise((30, 40)), np.full((5, 5), 9, np.uint8)).score == 0


def test_equal_channels_score_as_one():
    image, pattern = noise((30, 40)), noise((9, 7), seed=1)
    tripled = [np.dstack([array] * 3) for array in (image, pattern)]
    assert match(*tripled) == match(image, pattern) == match(image, tripled[1])


def test_when_one_is_in_color_its_luminance_is_used():
    color, gray = noise((30, 40, 3)), noise((9, 7), seed=1)
    luminance = color @ np.array([0.299, 0.587, 0.114])
    large = gray.repeat(5, 0)
    for found, expected in (
        (match(color, gray), match(luminance, gray)),
        (match(large, color[:9, :7]), match(large, luminance[:9, :7])),
        (match(color, color[3:9, 5:9], color="luminance"), match(luminance, luminance[3:9, 5:9])),
    ):
        assert found.score == pytest.approx(expected.score, abs=1e-9)
        assert found.box == expected.box


@pytest.mark.parametrize("shape", [(31, 5), (5, 41), (50, 60)])
def test_a_pattern_larger_than_the_image_scores_0_without_a_box(shape):
    assert match(noise((30, 40)), noise(shape)) == (0, (-1, -1, -1, -1))
    X, boxes = PatternMatcher([noise(shape)]).fit().locate([noise((30, 40))])
    assert X.tolist() == [[0]]
    assert boxes.tolist() == [[[-1, -1, -1, -1]]]


def test_an_oversized_pattern_can_be_shrunk_to_fit():
    pattern = smooth((120, 80))
    image = np.full((64, 100), 128, np.uint8)
    image[2:62, 30:70] = cv2.resize(pattern, (40, 60), interpolation=cv2.INTER_AREA)
    image = image[2:62]
    X, boxes = PatternMatcher([pattern], oversized="shrink").fit().locate([image])
    assert X[0, 0] == pytest.approx(1, abs=1e-3)
    assert boxes[0, 0].tolist() == [30, 0, 70, 60]


@pytest.mark.parametrize("signed", [False, True])
@pytest.mark.parametrize("scores", ["centered", "uncentered"])
def test_the_pyramid_is_close_to_the_full_search_and_never_above(scores, signed):
    sizes = [(17, 60), (24, 24), (40, 52), (70, 33), (9, 30), (5, 40)]
    patterns = [smooth(size, seed) for seed, size in enumerate(sizes)]
    patterns += [SMOOTH[y : y + h, y : y + w] for y, (h, w) in enumerate(sizes)]
    images = [SMOOTH, smooth((203, 237), 7), smooth((222, 201), 8)]
    full, pyramid = (
        PatternMatcher(patterns, search=search, scores=scores, signed=signed).fit_transform(images)
        for search in ("full", "pyramid")
    )
    assert (pyramid <= full + 1e-6).all()
    assert np.mean(full - pyramid <= 0.005) >= 0.97


def test_both_searches_give_the_same_number_at_the_same_place():
    patterns = [smooth((40, 52), seed) for seed in range(6)]
    (full, there), (pyramid, here) = (
        PatternMatcher(patterns, search=search).fit().locate([SMOOTH]) for search in ("full", "pyramid")
    )
    same = (there == here).all(axis=2)
    assert same.any()
    assert (full[same] == pyramid[same]).all()


def test_locate_agrees_with_match_and_transform():
    images, patterns = [SMOOTH, noise((60, 50))], [noise((9, 7)), SMOOTH[5:30, 9:40]]
    matcher = PatternMatcher(patterns, search="full").fit()
    X, boxes = matcher.locate(images)
    assert X.dtype == np.float64
    assert boxes.shape == (2, 2, 4)
    assert np.array_equal(X, matcher.transform(images))
    for i, image in enumerate(images):
        for j, pattern in enumerate(patterns):
            assert match(image, pattern) == (X[i, j], tuple(boxes[i, j].tolist()))


def test_threads_change_nothing():
    images = [smooth((90, 80), seed) for seed in range(7)]
    patterns = [smooth((20, 30), seed) for seed in range(10, 13)]
    alone, together = (PatternMatcher(patterns, n_jobs=n).fit().locate(images) for n in (None, 2))
    assert np.array_equal(alone[0], together[0])
    assert np.array_equal(alone[1], together[1])


class LazyImages:
    """Images that are made when asked for, and count how often."""

    def __init__(self, n):
        self.asked = [0] * n

    def __len__(self):
        return len(self.asked)

    def __getitem__(self, i):
        self.asked[i] += 1
        return smooth((60, 60), i)


@pytest.mark.parametrize("n_jobs", [None, 2])
def test_each_image_is_read_once(n_jobs):
    arrays = LazyImages(9)
    PatternMatcher([noise((9, 7)), noise((5, 5))], n_jobs=n_jobs).fit().transform(
        ImageSet.from_arrays(arrays)
    )
    assert arrays.asked == [1] * 9


def test_an_unreadable_image_gives_a_row_of_nan(tmp_path):
    for name in ("a.png", "b.png", "c.png"):
        Image.fromarray(noise((30, 40))).save(tmp_path / name)
    images = ImageSet.from_folder(tmp_path)
    (tmp_path / "b.png").write_bytes((tmp_path / "b.png").read_bytes()[:100])
    with pytest.warns(UnreadableImageWarning):
        X, boxes = PatternMatcher([noise((9, 7)), noise((5, 5))]).fit().locate(images)
    assert np.isnan(X).all(axis=1).tolist() == [False, True, False]
    assert (boxes[1] == -1).all()
    assert (boxes[[0, 2]] >= 0).all()


def test_features_are_named_after_the_patterns():
    arrays = [noise((9, 7)), noise((5, 5))]
    assert PatternMatcher(arrays).fit().get_feature_names_out().tolist() == ["pattern0", "pattern1"]
    named = PatternMatcher(ImageSet.from_arrays(arrays, ids=["a.png#0", "a.png#1"])).fit()
    assert named.get_feature_names_out().tolist() == ["a.png#0", "a.png#1"]


def test_it_can_be_cloned_and_put_in_a_pipeline():
    patterns = ImageSet.from_arrays([noise((9, 7)), noise((5, 5))])
    pipeline = clone(make_pipeline(PatternMatcher(patterns), StandardScaler()))
    assert pipeline[0].patterns is patterns
    assert pipeline.fit_transform([noise((30, 40), seed=seed) for seed in range(4)]).shape == (4, 2)


@pytest.mark.parametrize(
    ("call", "error", "sentence"),
    [
        (lambda: PatternMatcher([]).fit(), ValueError, "there is no pattern to match"),
        (
            lambda: PatternMatcher([noise((9, 7))], search="fast").fit(),
            ValueError,
            "search is 'fast'; choose",
        ),
        (lambda: PatternMatcher([noise((9, 7))], oversized="swap").fit(), ValueError, "oversized is 'swap'"),
        (lambda: match(noise((9, 7)), noise((2, 2)), scores="best"), ValueError, "scores is 'best'"),
        (lambda: PatternMatcher([noise((9, 7, 4))]).fit(), ValueError, r"'pattern0' has shape \(9, 7, 4\)"),
        (lambda: match(noise((9,)), noise((2, 2))), ValueError, r"the image has shape \(9,\)"),
        (lambda: match(noise((9, 9), dtype=np.int64), noise((2, 2))), TypeError, "the image holds int64"),
        (lambda: match(np.full((9, 9), np.nan), noise((2, 2))), ValueError, "the image holds NaN"),
        (
            lambda: PatternMatcher([noise((2, 2))]).fit().transform([noise((9, 9)), noise((9, 9, 2))]),
            ValueError,
            r"image 'image1' has shape \(9, 9, 2\)",
        ),
    ],
)
def test_bad_input_gets_a_sentence(call, error, sentence):
    with pytest.raises(error, match=sentence):
        call()


@pytest.fixture(scope="module")
def ksdd(data_dir):
    folder = data_dir / "ksdd"
    published = np.load(folder / "reference_features_original.npz", allow_pickle=False)
    with (folder / "labels.csv").open() as file:
        files = {row["id"]: row["file"] for row in csv.DictReader(file)}
    images = ImageSet.from_files([folder / "images" / files[id_] for id_ in published["ids"]])
    patterns = ImageSet.from_files(
        [folder / "patterns" / "original" / f"{p}.jpg" for p in published["patterns"]]
    )
    return images, patterns, published["scores"], published["boxes"]


def assert_published(found, images, patterns, published_scores, published_boxes):
    X, boxes = found
    assert np.abs(X - published_scores).max() < 1e-4
    for i, j in zip(*np.nonzero((boxes != published_boxes).any(axis=2)), strict=True):
        # two places may be equally good to four digits; then rounding decides
        x0, y0, x1, y1 = published_boxes[i, j]
        there = match(images[i][y0:y1, x0:x1], patterns[j]).score
        assert there == pytest.approx(X[i, j], abs=1e-4)


def test_full_search_reproduces_published_scores_and_boxes(ksdd):
    images, patterns, scores, boxes = ksdd
    some = np.arange(1, 399, 36)
    found = PatternMatcher(patterns, search="full").fit().locate(images[some])
    assert_published(found, images[some], patterns, scores[some], boxes[some])


@pytest.mark.slow
def test_full_search_reproduces_every_published_score(ksdd):
    images, patterns, scores, boxes = ksdd
    found = PatternMatcher(patterns, search="full", n_jobs=2).fit().locate(images)
    assert_published(found, images, patterns, scores, boxes)
    pyramid = PatternMatcher(patterns, n_jobs=2).fit().transform(images)
    assert (pyramid <= found[0] + 1e-4).all()
    assert np.mean(found[0] - pyramid <= 0.005) >= 0.99


def test_the_pyramid_reproduces_published_scores(ksdd):
    images, patterns, scores, _ = ksdd
    some = np.arange(0, 399, 18)
    X = PatternMatcher(patterns).fit().transform(images[some])
    assert (X - scores[some] <= 1e-4).all()
    assert np.mean(np.abs(X - scores[some]) <= 0.005) >= 0.99


def test_matching_raises_no_warnings_of_its_own():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for scores in ("centered", "uncentered"):
            PatternMatcher([noise((9, 7))], scores=scores).fit_transform([with_constant_regions()])
