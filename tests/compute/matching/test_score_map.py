import numpy as np
import pytest

from ig_widgets.compute.matching.matcher import match
from ig_widgets.compute.matching.score_map import score_map


def noise(*shape, seed=0):
    return np.random.default_rng(seed).integers(0, 256, shape, np.uint8)


@pytest.mark.parametrize(
    ("image", "pattern"),
    [
        (noise(50, 70), noise(9, 14, seed=1)),
        (noise(50, 70, 3), noise(9, 14, 3, seed=1)),
        (noise(50, 70, 3), noise(9, 14, seed=1)),
        (noise(50, 70), noise(8, 13, 3, seed=1)),
        (np.repeat(noise(50, 70, 1), 3, axis=2), noise(8, 13, 3, seed=1)),
    ],
)
def test_the_highest_score_is_the_matchers_and_lies_in_the_middle_of_its_box(image, pattern):
    scores = score_map(image, pattern)
    score, (x0, y0, x1, y1) = match(image, pattern)
    assert scores.shape == image.shape[:2]
    assert scores.max() == pytest.approx(score, abs=1e-3)
    y, x = np.unravel_index(scores.argmax(), scores.shape)
    assert (x, y) == (x0 + pattern.shape[1] // 2, y0 + pattern.shape[0] // 2)
    assert (x1 - x0, y1 - y0) == (pattern.shape[1], pattern.shape[0])


def test_every_place_has_the_score_of_its_window():
    image, pattern = noise(20, 25), noise(5, 6, seed=1)
    scores = score_map(image, pattern)
    for y in range(16):
        for x in range(20):
            window = image[y : y + 5, x : x + 6]
            expected = abs(np.corrcoef(window.ravel(), pattern.ravel())[0, 1])
            assert scores[y + 2, x + 3] == pytest.approx(expected, abs=1e-4)
    assert scores[:2].max() == scores[-2:].max() == 0


def test_a_pattern_that_is_too_large_or_flat_fits_nowhere():
    assert score_map(noise(10, 10), noise(11, 5)).max() == 0
    assert score_map(np.full((20, 20), 7, np.uint8), noise(5, 5)).max() == 0
    assert score_map(noise(20, 20), np.full((5, 5), 7, np.uint8)).max() == 0
    assert score_map(noise(20, 20, 3), np.full((5, 5, 3), 7, np.uint8)).max() == 0
