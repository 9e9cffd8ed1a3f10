import time

import cv2
import numpy as np
import pytest
import torch

from ig_widgets.compute.matching.cuda import tensors
from ig_widgets.compute.matching.cuda.tensors import best_places

pytestmark = pytest.mark.skipif(
    not torch.cuda.is_available(), reason="no CUDA device here: run these tests on a machine with a GPU"
)

# of the 210 published patterns of KSDD: 10 sizes, each of about 15 patterns, and 28 of single ones
SIZES = [(22, 248), (99, 232), (46, 348), (53, 440), (27, 132), (64, 157), (41, 315), (25, 192), (41, 360)]
SIZES += [(87, 366)]
SINGLE = [(h, w - 3 - step) for step, (h, w) in enumerate(3 * SIZES)] + [(30, 200)]


def smooth(shape, seed=0):
    """Noise with structure at several scales, as photographs have it."""
    rng = np.random.default_rng(seed)
    total = sum(cv2.GaussianBlur(rng.normal(0, 1, shape), (0, 0), sigma) * sigma for sigma in (1.5, 4, 12))
    return np.clip(128 + 40 * (total - total.mean()) / total.std(), 0, 255).astype(np.uint8)


def photographs(n, width=500, height=1257):
    return [smooth((height, width), seed)[None] for seed in range(n)]


def defects(sizes):
    source = smooth((1200, 500), 999)
    corners = np.random.default_rng(0).integers(0, (1100, 60), (len(sizes), 2))
    return [source[None, y : y + h, x : x + w] for (y, x), (h, w) in zip(corners, sizes, strict=True)]


def noise(shape, high, dtype, seed):
    return np.random.default_rng(seed).integers(0, high, shape).astype(dtype)


@pytest.mark.parametrize("signed", [False, True])
@pytest.mark.parametrize("scores", ["centered", "uncentered"])
@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("dtype", [np.uint8, np.uint16, np.float64])
def test_cuda_equals_the_cpu(dtype, channels, scores, signed):
    high = {np.uint8: 256, np.uint16: 65536, np.float64: 1000}[dtype]
    images = [noise((channels, 90 + 9 * seed, 130 - 5 * seed), high, dtype, seed) for seed in range(6)]
    sizes = [(9, 7), (30, 12), (9, 7), (1, 20), (92, 100), (90, 130)]
    patterns = [noise((channels, *size), high, dtype, 9) for size in sizes]
    patterns += [images[0][:, 5:30, 6:40], np.full((channels, 5, 5), 7, dtype)]
    cpu, cuda = (
        best_places(images, patterns, device=device, scores=scores, signed=signed)
        for device in ("cpu", "cuda")
    )
    assert cuda[0] == pytest.approx(cpu[0], abs=1e-4)
    assert ((cuda[1] < 0) == (cpu[1] < 0)).all()
    assert cuda[3].mean() > 0.99


def test_photographs_are_sure_and_equal_opencv():
    images, patterns = photographs(3), defects(SIZES)
    found, ys, xs, sure = best_places(images, patterns, device="cuda", scores="centered", signed=False)
    assert sure.mean() > 0.99
    for i, image in enumerate(images):
        for j, pattern in enumerate(patterns):
            expected = np.abs(cv2.matchTemplate(image[0], pattern[0], cv2.TM_CCOEFF_NORMED))
            assert found[i, j] == pytest.approx(expected.max(), abs=1e-4)
            assert expected[ys[i, j], xs[i, j]] == pytest.approx(expected.max(), abs=1e-4)


@pytest.mark.parametrize("turned", [False, True])
def test_transforms_lose_less_than_is_allowed_for(turned):
    wave = (128 + 127 * np.sin(np.arange(1257) * 2 * np.pi / 1257)).astype(np.uint8)[:, None].repeat(500, 1)
    half = np.where(np.arange(500) < 250, 0, 254).astype(np.uint8) + noise((1257, 500), 2, np.uint8, 0)
    for image in (smooth((1257, 500)), wave, half, noise((1257, 500), 256, np.uint8, 0)):
        size = tuple(tensors._good_length(side) for side in (image.T if turned else image).shape)
        search = tensors._Search(size, torch.device("cuda"), centered=True, signed=False, turned=turned)
        prepared = tensors._PreparedImages(search, [image[None]])
        for h, w in ((40, 1), (22, 248), (99, 440), image.shape):
            templates, _ = search._templates([image[None, :h, -w:], noise((1, h, w), 256, np.uint8, 1)])
            correlation = search._correlation(prepared, [templates]).to(torch.float64)
            transforms = torch.fft.rfft2(prepared.pixels[0]), torch.fft.rfft2(templates[:, 0], s=size)
            exact = torch.fft.irfft2(transforms[0] * transforms[1].conj(), s=size)
            a, b = (side - other + 1 for side, other in zip(size, templates.shape[2:], strict=True))
            error = (correlation[0, :, :a, :b] - exact[:, :a, :b]).abs().max()
            loss = (error / torch.linalg.norm(prepared.pixels)).item()
            allowed = tensors._LOSS + tensors._LOSS_SLOPE * np.sqrt(h * w / np.prod(size))
            assert loss < 0.75 * allowed * tensors._EPS


@pytest.mark.parametrize("channels", [1, 3])
def test_it_keeps_to_the_memory_it_is_given(channels):
    images = [image.repeat(channels, 0) for image in photographs(6)]
    patterns = [pattern.repeat(channels, 0) for pattern in defects(SIZES)]
    roomy = best_places(images, patterns, device="cuda", scores="centered", signed=False)
    torch.cuda.empty_cache()
    torch.cuda.reset_peak_memory_stats()
    tight = best_places(images, patterns, device="cuda", scores="centered", signed=False, memory=500_000_000)
    assert torch.cuda.max_memory_allocated() < 500_000_000
    assert tight[0] == pytest.approx(roomy[0], abs=2e-5)


def test_a_full_device_gets_smaller_pieces():
    images, patterns = photographs(8), defects(SIZES)
    roomy = best_places(images, patterns, device="cuda", scores="centered", signed=False)
    torch.cuda.empty_cache()
    total = torch.cuda.get_device_properties(0).total_memory
    torch.cuda.set_per_process_memory_fraction(400_000_000 / total)
    try:
        tight = best_places(images, patterns, device="cuda", scores="centered", signed=False, memory=2**33)
    finally:
        torch.cuda.set_per_process_memory_fraction(1.0)
    assert tight[0] == pytest.approx(roomy[0], abs=2e-5)


@pytest.mark.slow
def test_a_big_gpu_takes_less_than_10_microseconds_per_pair():
    if torch.cuda.mem_get_info()[0] < 2**34:
        pytest.skip("this figure is for a GPU with more than 16 GiB of free memory")
    sizes = (SIZES * 19)[:182] + SINGLE
    images, patterns = photographs(32), defects(sizes)
    seconds = []
    for _ in range(6):
        start = time.perf_counter()
        *_, sure = best_places(images, patterns, device="cuda", scores="centered", signed=False)
        seconds.append(time.perf_counter() - start)
    per_pair = [round(1e6 * second / sure.size, 2) for second in seconds]
    print(f"microseconds per pair: {per_pair}, sure: {sure.mean():.4f}")  # noqa: T201
    assert np.median(per_pair[1:]) < 10
