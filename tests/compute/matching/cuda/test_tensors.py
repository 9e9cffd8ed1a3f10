import csv

import cv2
import numpy as np
import pytest
import torch

from ig_widgets.compute.matching.cuda import tensors
from ig_widgets.compute.matching.cuda.tensors import best_places


def double_loop(image, pattern, scores):
    """NCC of every window (C, H, W), written down as the formula is, in float64."""
    image, template = image.astype(np.float64), pattern.astype(np.float64)
    _, h, w = pattern.shape
    if scores == "centered":
        template = template - template.mean(axis=(1, 2), keepdims=True)
    result = np.zeros((image.shape[1] - h + 1, image.shape[2] - w + 1))
    for y in range(result.shape[0]):
        for x in range(result.shape[1]):
            window = image[:, y : y + h, x : x + w]
            if scores == "centered":
                window = window - window.mean(axis=(1, 2), keepdims=True)
            if (window != 0).any():
                norm = np.sqrt((window**2).sum() * (template**2).sum())
                result[y, x] = (window * template).sum() / norm
    return result


def check(images, patterns, scores, *, signed, within=2e-5, memory=None):
    """Compare everything that is sure with the double loop; return what is sure."""
    found, ys, xs, sure = best_places(
        images, patterns, device="cpu", scores=scores, signed=signed, memory=memory
    )
    assert (found.dtype, ys.dtype, xs.dtype, sure.dtype) == (np.float64, np.int32, np.int32, np.bool_)
    assert found.shape == ys.shape == xs.shape == sure.shape == (len(images), len(patterns))
    for i, image in enumerate(images):
        for j, pattern in enumerate(patterns):
            expected = double_loop(image, pattern, scores)
            if not signed:
                expected = np.abs(expected)
            # the score is that of the place in any case; that there is no better place only where sure
            assert found[i, j] == pytest.approx(expected[ys[i, j], xs[i, j]], abs=1e-6)
            if sure[i, j]:
                assert found[i, j] == pytest.approx(expected.max(), abs=within)
    return sure


def noise(shape, low=0, high=256, dtype=np.uint8, seed=0):
    return np.random.default_rng(seed).integers(low, high, shape).astype(dtype)


def smooth(shape, seed=0):
    """Noise with structure at several scales, as photographs have it."""
    rng = np.random.default_rng(seed)
    total = sum(cv2.GaussianBlur(rng.normal(0, 1, shape), (0, 0), sigma) * sigma for sigma in (1.5, 4, 12))
    return np.clip(128 + 40 * total / total.std(), 0, 255).astype(np.uint8)


def reference(image, pattern, scores="centered"):
    method = {"centered": cv2.TM_CCOEFF_NORMED, "uncentered": cv2.TM_CCORR_NORMED}[scores]
    return cv2.matchTemplate(image, pattern, method)


@pytest.mark.parametrize("signed", [False, True])
@pytest.mark.parametrize("scores", ["centered", "uncentered"])
@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("dtype", [np.uint8, np.uint16, np.float64])
def test_it_equals_the_double_loop(dtype, channels, scores, signed):
    high = {np.uint8: 256, np.uint16: 65536, np.float64: 1000}[dtype]
    images = [noise((channels, 24, 33), 0, high, dtype, seed) for seed in range(3)]
    patterns = [noise((channels, *size), 0, high, dtype, 9) for size in ((9, 7), (3, 12), (9, 7), (20, 20))]
    patterns += [images[0][:, 5:12, 6:14], images[1].max() - images[1][:, 5:12, 6:14]]
    assert check(images, patterns, scores, signed=signed).all()


@pytest.mark.parametrize("signed", [False, True])
@pytest.mark.parametrize("scores", ["centered", "uncentered"])
def test_it_equals_opencv(scores, signed):
    images = [smooth((200, 240), seed) for seed in range(2)]
    patterns = [smooth((200, 200), h)[:h, :w] for h, w in ((20, 100), (60, 30), (150, 200))]
    patterns += [255 - images[0][40:70, 50:130], noise((25, 31))]
    found, ys, xs, sure = best_places(
        [image[None] for image in images],
        [pattern[None] for pattern in patterns],
        device="cpu",
        scores=scores,
        signed=signed,
    )
    assert sure.all()
    for i, image in enumerate(images):
        for j, pattern in enumerate(patterns):
            expected = reference(image, pattern, scores)
            if not signed:
                expected = np.abs(expected)
            assert found[i, j] == pytest.approx(expected.max(), abs=1e-4)
            assert expected[ys[i, j], xs[i, j]] == pytest.approx(expected.max(), abs=1e-4)


@pytest.mark.parametrize("size", [(20, 90), (90, 20)], ids=["wide", "high"])
def test_a_pattern_is_found_where_it_was_cut_out(size):
    image, (h, w) = smooth((150, 130)), size
    corners = [(0, 0), (31, 17), (150 - h, 130 - w)]
    patterns = [image[None, y : y + h, x : x + w] for y, x in corners]
    found, ys, xs, sure = best_places([image[None]], patterns, device="cpu", scores="centered", signed=True)
    assert list(zip(ys[0].tolist(), xs[0].tolist(), strict=True)) == corners
    assert found == pytest.approx(1, abs=1e-9)
    assert sure.all()


@pytest.mark.parametrize("signed", [False, True])
@pytest.mark.parametrize("scores", ["centered", "uncentered"])
def test_images_of_different_sizes_go_together(scores, signed):
    sizes = [(24, 33), (30, 40), (32, 64), (40, 33), (70, 21), (24, 33)]
    images = [noise((1, *size), seed=seed) for seed, size in enumerate(sizes)]
    patterns = [noise((1, *size), seed=9) for size in ((9, 7), (2, 20), (24, 3), (24, 21))]
    assert check(images, patterns, scores, signed=signed).all()


def test_a_maximum_below_zero_is_not_hidden_by_the_rim_of_a_smaller_image():
    ramps = [np.arange(width, dtype=np.uint8).reshape(1, 1, -1).repeat(12, axis=1) for width in (40, 50, 60)]
    check(ramps, [ramps[0][:, :5, 30:10:-1]], "centered", signed=True)
    found, *_, sure = best_places(
        ramps[:1], [ramps[0][:, :5, 30:10:-1]], device="cpu", scores="centered", signed=True
    )
    assert found[0, 0] == pytest.approx(-1)
    assert sure.all()


@pytest.mark.parametrize("scores", ["centered", "uncentered"])
@pytest.mark.parametrize("size", [(24, 33), (1, 33), (24, 1), (9, 1), (1, 7), (24, 7), (9, 33)], ids=str)
def test_patterns_as_large_as_the_image_or_one_pixel_wide(size, scores):
    image, pattern = noise((1, 24, 33)), noise((1, *size), seed=1)
    assert check([image], [pattern, image[:, : size[0], -size[1] :]], scores, signed=False).all()


def test_there_is_nothing_to_find_in_a_single_pixel():
    image = noise((3, 12, 14))
    found, ys, xs, _ = best_places(
        [image], [image[:, 5:6, 7:8]], device="cpu", scores="uncentered", signed=False
    )
    assert (found.item(), ys.item(), xs.item()) == (0, -1, -1)


@pytest.mark.parametrize("scores", ["centered", "uncentered"])
def test_flat_and_oversized_patterns_score_0_without_a_place(scores):
    images = [noise((1, 24, 33)), noise((1, 40, 30), seed=1)]
    patterns = [
        np.full((1, 5, 5), 9, np.uint8),
        noise((1, 30, 20)),
        noise((1, 20, 32)),
        noise((1, 50, 60)),
        noise((1, 5, 5)),
    ]
    found, ys, xs, sure = best_places(images, patterns, device="cpu", scores=scores, signed=False)
    nowhere = [[True, True, False, True, False], [True, False, True, True, False]]
    assert (found == 0).tolist() == (ys == -1).tolist() == (xs == -1).tolist() == nowhere
    assert sure.all()


def test_nothing_comes_of_nothing():
    some, none = [noise((1, 9, 9))], []
    for images, patterns in ((some, none), (none, some), (none, none)):
        found = best_places(images, patterns, device="cpu", scores="centered", signed=False)
        assert {array.shape for array in found} == {(len(images), len(patterns))}


def test_windows_without_energy_score_0():
    flat = [np.full((1, 24, 33), 200, np.uint8), np.full((1, 24, 33), 0.1), np.zeros((1, 24, 33), np.uint8)]
    pattern = noise((1, 5, 5))
    found, ys, xs, sure = best_places(flat, [pattern], device="cpu", scores="centered", signed=False)
    assert found.tolist() == [[0], [0], [0]]
    assert (ys >= 0).all()
    assert (xs >= 0).all()
    assert sure.all()
    black = best_places(flat[2:], [pattern], device="cpu", scores="uncentered", signed=False)
    assert black[0].item() == 0
    assert black[3].all()


@pytest.mark.parametrize("ground", [0, 1, 201, 255])
def test_an_even_background_raises_no_doubts(ground):
    image = np.full((1, 400, 600), ground, np.uint8)
    image[:, 100:160, 40:120] = noise((60, 80), 0, 200)
    patterns = [noise((1, h, w), seed=1) for h, w in ((9, 9), (40, 30), (3, 200))]
    found, *_, sure = best_places([image], patterns, device="cpu", scores="centered", signed=False)
    assert sure.all()
    for pattern, score in zip(patterns, found[0], strict=True):
        expected = np.abs(reference(image[0].astype(np.float32), pattern[0].astype(np.float32)))
        assert score == pytest.approx(expected[85:160, 10:120].max(), abs=1e-4)


def with_constant_regions():
    image = noise((30, 40))
    image[5:25, 8:30] = 77
    return image


def bright_half(faint):
    image = noise((30, 40), 0, faint + 1)
    image[:, 20:] += 254 - faint
    return image


def black_with_specks():
    image = np.zeros((60, 70), np.uint16)
    image[noise((60, 70), 0, 40) == 0] = 1
    image[20:30, 30:45] = 65535
    return image


NASTY = {
    "constant regions": with_constant_regions(),
    "saturated": np.clip(noise((30, 40), -300, 600, np.int64), 0, 255).astype(np.uint8),
    "faint texture on a large mean": noise((30, 40), 250, 253),
    "faint texture in dark and light": bright_half(1),
    "16 bits": noise((30, 40), 60000, 60004, np.uint16),
    "16 bits, all of them": noise((30, 40), 0, 65536, np.uint16),
    "specks in the dark": black_with_specks(),
    "floats on a very large mean": 1e6 + 1e-3 * np.random.default_rng(0).normal(size=(30, 40)),
    "dark floats": 1e-30 * np.random.default_rng(0).random((30, 40)),
    "bright floats": 1e30 * np.random.default_rng(0).random((30, 40)),
    "floats of all sizes": 10 ** np.random.default_rng(0).uniform(-9, 0, (30, 40)),
}


@pytest.mark.parametrize("scores", ["centered", "uncentered"])
@pytest.mark.parametrize("name", NASTY)
def test_what_is_sure_is_right_on_nasty_images(name, scores):
    image = NASTY[name][None]
    patterns = [np.roll(image[:, 3:12, 2:9], 3, axis=1)[:, ::-1], image[:, 20:24, 30:37], noise((1, 4, 9))]
    patterns = [pattern for pattern in patterns if (pattern != pattern[0, 0, 0]).any()]
    check([image], patterns, scores, signed=False)
    check([image], patterns, scores, signed=True)


def test_what_float32_cannot_tell_is_not_sure():
    image = np.zeros((1, 200, 300))
    image[:, :, 150:] = 255
    image[:, :, :150] = 1e-4 * np.random.default_rng(0).normal(size=(200, 150))
    sure = check([image[:, :40, 130:170]], [image[:, 10:20, 131:140]], "centered", signed=False)
    assert sure.all()  # a score of 1 cannot be exceeded
    other = 1e-4 * np.random.default_rng(1).normal(size=(1, 10, 9))
    assert not check([image[:, :40, 130:170]], [other], "centered", signed=False).any()


@pytest.mark.parametrize("memory", [1, 2_000_000])
def test_little_memory_changes_nothing(memory):
    images = [smooth((60, 50 + seed), seed)[None] for seed in range(5)]
    patterns = [
        smooth((60, 60), 9)[None, :h, :w]
        for h, w in ((12, 17), (12, 17), (20, 30), (12, 20), (41, 17), (20, 30))
    ]
    for signed in (False, True):
        roomy, tight = (
            best_places(images, patterns, device="cpu", scores="centered", signed=signed, memory=bytes_)
            for bytes_ in (2**32, memory)
        )
        assert tight[0] == pytest.approx(roomy[0], abs=2e-5)
        for one, other in zip(roomy[1:], tight[1:], strict=True):
            assert np.array_equal(one, other)


@pytest.fixture
def small_device(monkeypatch):
    """Let transforms run out of memory above a number of values, as a small device does."""
    tried = []

    def limit(most):
        transform = torch.fft.ifft

        def limited(values, *args, **kwargs):
            tried.append(values.numel())
            if values.numel() > most:
                raise torch.OutOfMemoryError("full")
            return transform(values, *args, **kwargs)

        monkeypatch.setattr(torch.fft, "ifft", limited)
        return tried

    return limit


def test_it_works_in_pieces_that_fit_into_the_memory(small_device):
    tried = small_device(np.inf)
    images = [noise((1, 60, 60), seed=seed) for seed in range(4)]
    patterns = [noise((1, 9, 7), seed=seed) for seed in range(10, 15)]
    for memory in (2**30, 2_000_000, 1):
        best_places(images, patterns, device="cpu", scores="centered", signed=False, memory=memory)
    pairs = [values // (64 * 33) for values in tried]
    assert pairs[0] == max(pairs) == 20
    assert min(pairs[1:-20]) > 1
    assert pairs[-20:] == [1] * 20


def test_a_device_without_memory_gets_smaller_pieces(small_device):
    images = [smooth((60, 60), seed)[None] for seed in range(4)]
    patterns = [noise((1, 9, 7), seed=seed) for seed in range(10, 15)]
    roomy = best_places(images, patterns, device="cpu", scores="centered", signed=False)
    tried = small_device(64 * 33 * 3)
    tight = best_places(images, patterns, device="cpu", scores="centered", signed=False)
    assert tried[0] == 64 * 33 * 20
    assert tight[0] == pytest.approx(roomy[0], abs=2e-5)
    assert np.array_equal(tight[3], roomy[3])


def test_a_device_without_any_memory_is_an_error(small_device):
    small_device(0)
    with pytest.raises(torch.OutOfMemoryError):
        best_places(
            [noise((1, 30, 40))] * 3, [noise((1, 5, 5))] * 2, device="cpu", scores="centered", signed=False
        )


def test_it_leaves_threads_arguments_and_gradients_as_they_are():
    image, pattern = noise((1, 30, 40)), noise((1, 5, 5))
    image.flags.writeable = pattern.flags.writeable = False
    before = torch.get_num_threads(), torch.is_grad_enabled()
    best_places([image], [pattern], device="cpu", scores="uncentered", signed=False)
    assert (torch.get_num_threads(), torch.is_grad_enabled()) == before


IMAGES = {
    "noise": noise((250, 190)),
    "smooth": smooth((250, 190)),
    "bright half": np.kron(bright_half(1), np.ones((8, 5), np.uint8)),
    "gradient": np.add.outer(np.arange(150), np.arange(100)).astype(np.uint8),
    "wave": (128 + 127 * np.sin(np.arange(250) * 2 * np.pi / 250)).astype(np.uint8)[:, None].repeat(190, 1),
}


@pytest.mark.parametrize("turned", [False, True])
@pytest.mark.parametrize("name", IMAGES)
def test_transforms_lose_less_than_is_allowed_for(name, turned):
    image = IMAGES[name]
    size = tuple(tensors._good_length(side) for side in (image.T if turned else image).shape)
    search = tensors._Search(size, torch.device("cpu"), centered=True, signed=False, turned=turned)
    prepared = tensors._PreparedImages(search, [image[None]])
    for h, w in ((40, 1), (12, 9), (40, 60), image.shape):
        templates, _ = search._templates([image[None, :h, -w:], noise((1, h, w))])
        correlation = search._correlation(prepared, [templates]).to(torch.float64)
        transforms = torch.fft.rfft2(prepared.pixels[0]), torch.fft.rfft2(templates[:, 0], s=size)
        exact = torch.fft.irfft2(transforms[0] * transforms[1].conj(), s=size)
        a, b = (side - other + 1 for side, other in zip(size, templates.shape[2:], strict=True))
        loss = (correlation[0, :, :a, :b] - exact[:, :a, :b]).abs().max() / torch.linalg.norm(prepared.pixels)
        allowed = tensors._LOSS + tensors._LOSS_SLOPE * np.sqrt(h * w / np.prod(size))
        assert loss < 0.75 * allowed * tensors._EPS


def test_lengths_are_quick_to_transform():
    lengths = [tensors._good_length(n) for n in range(1, 3000)]
    assert all(0 <= good - n < max(32, n / 5) for n, good in enumerate(lengths, 1))
    assert all(good % 32 == 0 and pow(210, 64, good) == 0 for good in lengths)


def test_published_scores_are_reproduced_and_sure(data_dir):
    folder = data_dir / "ksdd"
    published = np.load(folder / "reference_features_original.npz", allow_pickle=False)
    with (folder / "labels.csv").open() as file:
        files = {row["id"]: row["file"] for row in csv.DictReader(file)}
    some = np.arange(0, 399, 80)
    paths = [folder / "images" / files[published["ids"][i]] for i in some]
    paths += [folder / "patterns" / "original" / f"{name}.jpg" for name in published["patterns"]]
    arrays = [cv2.imread(str(path), cv2.IMREAD_GRAYSCALE)[None] for path in paths]
    found, ys, xs, sure = best_places(
        arrays[: len(some)], arrays[len(some) :], device="cpu", scores="centered", signed=False
    )
    assert sure.mean() > 0.99
    assert np.abs(found - published["scores"][some])[sure].max() < 1e-4
    same = (np.dstack([xs, ys]) == published["boxes"][some][:, :, :2]).all(axis=2)
    assert same.mean() > 0.9
