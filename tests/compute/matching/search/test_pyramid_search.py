import cv2
import numpy as np
import pytest

from ig_widgets.compute.matching.search import image_search as module
from ig_widgets.compute.matching.search.image_search import Place, Spectra, Workspace, best, search
from ig_widgets.compute.matching.search.prepared_image import PreparedImage
from ig_widgets.compute.matching.search.template_batch import TemplateBatch
from ig_widgets.compute.matching.search.templates import Template


def smooth(*shape, seed=0):
    rng = np.random.default_rng(seed)
    values = np.stack([cv2.GaussianBlur(rng.normal(0, 200, shape[1:]), (0, 0), 2) for _ in range(shape[0])])
    return np.clip(128 + values + rng.normal(0, 20, shape), 0, 255).astype(np.uint8)


def means_of_blocks(pixels, side):
    channels, height, width = pixels.shape
    return pixels.reshape(channels, height // side, side, width // side, side).mean(axis=(2, 4))


class SlowPyramid:
    """The pyramid search as it is meant, place by place in float64, for sides that are multiples of 4."""

    def __init__(self, pixels, pattern, kind, *, signed):
        self.centered, self.signed = kind == "centered", signed
        self.size = pattern.shape[1:]
        self.ends = [side - part + 1 for side, part in zip(pixels.shape[1:], self.size, strict=True)]
        pattern = pattern - (pattern.mean(axis=(1, 2), keepdims=True) if self.centered else 0)
        self.norm = np.sqrt((pattern**2.0).sum())
        self.images, self.patterns = (
            {factor: means_of_blocks(array, factor) for factor in (1, 2, 4)} for array in (pixels, pattern)
        )

    def score(self, factor, y, x):
        """Products of means of batches over the norms of pixels."""
        pattern = self.patterns[factor]
        blurred = self.images[factor][:, y : y + pattern.shape[1], x : x + pattern.shape[2]]
        window = self.images[1][:, y * factor :, x * factor :][:, : self.size[0], : self.size[1]]
        if self.centered:
            window = window - window.mean(axis=(1, 2), keepdims=True)
        return factor**2 * (blurred * pattern).sum() / (self.norm * np.sqrt((window**2).sum()))

    def rank(self, factor, y, x):
        score = self.score(factor, y, x)
        return score if self.signed else abs(score)

    def candidates(self, factor, n):
        """The best places that no neighbor exceeds, at a reduction."""
        rows, columns = ((end - 1) // factor + 1 for end in self.ends)
        ranks = {(y, x): self.rank(factor, y, x) for y in range(rows) for x in range(columns)}
        neighbors = [(dy, dx) for dy in (-1, 0, 1) for dx in (-1, 0, 1)]
        peaks = [
            (rank, y, x)
            for (y, x), rank in ranks.items()
            if all(ranks.get((y + dy, x + dx), -2) <= rank for dy, dx in neighbors)
        ]
        return sorted(peaks, reverse=True)[:n]

    def refined(self, candidates, factor, margin):
        """Move candidates to the best of 5 x 5 places at a reduction, unless they are much worse."""
        rows, columns = ((end - 1) // factor + 1 for end in self.ends)
        found = set()
        for value, y, x in candidates:
            highest = max(found, default=(-2,))[0]
            if value < highest - margin * abs(highest):
                break
            ys = range(max(0, 2 * y - 2), min(rows, 2 * y + 3))
            xs = range(max(0, 2 * x - 2), min(columns, 2 * x + 3))
            found.add(max((self.rank(factor, row, column), row, column) for row in ys for column in xs))
        return sorted(found, reverse=True)

    def places(self, factor, count):
        """Search."""
        n, kept, margins = module._CANDIDATES, module._KEPT, module._MARGINS
        if count > 1:
            n = kept = module._CANDIDATES_PER_PLACE * count
            margins = (1e9, 1e9)
        found = self.candidates(factor, n)
        if factor == 4:
            found = self.refined(found, 2, margins[0])
        found = self.refined(found[:kept], 1, margins[1])
        places = [Place(self.score(1, y, x), y, x, *self.size) for _, y, x in found]
        return best(places, count, signed=self.signed)


@pytest.mark.parametrize("signed", [True, False])
@pytest.mark.parametrize("count", [1, 3])
@pytest.mark.parametrize(("channels", "sides", "seeds"), [(1, (100, 140), 2), (3, (144, 92), 1)], ids=str)
def test_the_pyramid_finds_what_a_slow_one_finds(channels, sides, seeds, count, signed):
    pixels = smooth(channels, *sides)
    # of factors 4 and 2; some share their height, some are too large for an image
    for sizes in [((48, 72), (48, 80), (92, 48), (48, 72)), ((28, 32), (28, 40), (16, 56), (104, 28))]:
        for seed in range(seeds):
            patterns = [smooth(channels, *size, seed=9 * seed + k) for k, size in enumerate(sizes, 1)]
            batch = TemplateBatch([Template(pattern) for pattern in patterns])
            assert {template.factor for template in batch.templates} == {4 if sizes[0] == (48, 72) else 2}
            kinds = ("centered", "uncentered")
            found = search(
                PreparedImage(pixels),
                batch,
                kinds,
                Workspace(Spectra()),
                full=False,
                signed=signed,
                count=count,
            )
            for pattern, of_kinds in zip(patterns, found, strict=True):
                for kind, places in zip(kinds, of_kinds, strict=True):
                    if pattern.shape[1] > sides[0] or pattern.shape[2] > sides[1]:
                        assert not places
                        continue
                    slow = SlowPyramid(pixels, pattern, kind, signed=signed).places(batch.factor, count)
                    assert [place[1:] for place in places] == [place[1:] for place in slow]
                    scores = [place.score for place in slow]
                    assert [place.score for place in places] == pytest.approx(scores, abs=1e-9)
