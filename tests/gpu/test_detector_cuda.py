import numpy as np
import pandas as pd
import pytest
import torch
from sklearn.metrics import roc_auc_score

from ig_widgets.compute.detection.detector import PatternDetector

pytestmark = pytest.mark.skipif(
    not torch.cuda.is_available(), reason="no CUDA device here: run these tests on a machine with a GPU"
)

SETTINGS = {"n_members": 3, "random_state": 0}


def development(n=16, height=96, width=160, seed=0):
    rng = np.random.default_rng(seed)
    images, rows = list(rng.integers(90, 150, (n, height, width), dtype=np.uint8)), []
    for number in range(0, n, 2):
        x, y = int(rng.integers(0, width - 30)), int(rng.integers(0, height - 6))
        images[number][y : y + 6, x : x + 30] -= 60
        rows.append((number, "bar", x, y, 30, 6))
    return images, pd.DataFrame(rows, columns=["image", "label", "x", "y", "width", "height"])


@pytest.mark.parametrize("precision", ["float32", "bfloat16"])
def test_cuda_learns_nearly_what_the_cpu_learns(precision):
    images, boxes = development()
    cpu, cuda = (
        PatternDetector(**SETTINGS, epochs=2, device=device, precision=precision).fit(images, boxes)
        for device in ("cpu", "cuda")
    )
    assert next(cuda.members_[0].parameters()).device.type == "cuda"
    pd.testing.assert_frame_equal(cuda.records_, cpu.records_, atol=0.03, rtol=0.03)
    assert [fold.tolist() for fold in cuda.folds_] == [fold.tolist() for fold in cpu.folds_]


@pytest.mark.parametrize("precision", ["float32", "bfloat16"])
def test_cuda_sees_what_the_cpu_sees(precision):
    images, boxes = development()
    cuda = PatternDetector(**SETTINGS, epochs=4, device="cuda", precision=precision).fit(images, boxes)
    large = np.tile(images[0], (12, 8))  # more than a tile
    there, maps = cuda.transform([*images, large]), cuda.heat_maps(large)
    cuda._device = "cpu"
    for member in cuda.members_:
        member.to("cpu")
    atol = 0.02 if precision == "float32" else 0.2  # logits; tensor cores round to TF32
    np.testing.assert_allclose(there, cuda.transform([*images, large]), atol=atol)
    np.testing.assert_allclose(maps, cuda.heat_maps(large), atol=atol)


@pytest.mark.parametrize("precision", ["float32", "bfloat16"])
def test_the_same_seed_gives_the_same_result_on_a_gpu_with_any_number_of_jobs(precision):
    images, boxes = development()
    first, *others = (
        PatternDetector(
            **SETTINGS, epochs=4, device="cuda", precision=precision, n_jobs=n_jobs
        ).fit_transform(images, boxes)
        for n_jobs in (1, 1, 3)
    )
    for other in others:
        np.testing.assert_array_equal(other, first)


def test_images_with_a_pattern_are_ranked_above_those_without():
    detector = PatternDetector(**SETTINGS, epochs=8, device="cuda")
    out_of_fold = detector.fit_transform(*development())
    assert roc_auc_score([1, 0] * 8, out_of_fold[:, 0]) > 0.9
    X = detector.transform(development(seed=1)[0])
    assert roc_auc_score([1, 0] * 8, X[:, 0]) > 0.95


def test_what_others_draw_on_the_gpu_is_not_disturbed():
    torch.cuda.manual_seed(0)
    before = torch.cuda.get_rng_state()
    settings = torch.backends.cudnn.deterministic, torch.backends.cudnn.benchmark
    PatternDetector(**SETTINGS, epochs=1, device="cuda").fit_transform(*development())
    assert torch.equal(torch.cuda.get_rng_state(), before)
    assert (torch.backends.cudnn.deterministic, torch.backends.cudnn.benchmark) == settings


@pytest.mark.parametrize("color", [False, True])
def test_memory_does_not_grow_with_the_image(color):
    images, boxes = development()
    detector = PatternDetector(**SETTINGS, epochs=1, device="cuda", precision="float32", scale=1.0)
    detector.fit(images, boxes)
    peaks = []
    for size in ((1500, 2000), (4000, 6000)):
        image = np.random.default_rng(0).integers(0, 256, (*size, 3) if color else size, dtype=np.uint8)
        torch.cuda.empty_cache()
        torch.cuda.reset_peak_memory_stats()
        detector.transform([image])
        peaks.append(torch.cuda.max_memory_allocated())
    assert peaks[1] < 1.3 * peaks[0]
