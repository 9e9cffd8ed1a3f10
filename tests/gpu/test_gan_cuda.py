import numpy as np
import pytest
import torch

from ig_widgets.compute.augmentation.gan import PatternGAN
from ig_widgets.compute.augmentation.gan_networks import Discriminator

pytestmark = pytest.mark.skipif(
    not torch.cuda.is_available(), reason="no CUDA device here: run these tests on a machine with a GPU"
)

SETTINGS = {"side": 40, "random_state": 0}


def scratches(n=7):
    rng = np.random.default_rng(1)
    drawn = rng.integers(150, 200, (n, 30, 50), dtype=np.uint8)
    drawn[:, 14:17] = 20
    return list(drawn)


@pytest.mark.parametrize("precision", ["float32", "bfloat16"])
def test_cuda_learns_nearly_what_the_cpu_learns(precision):
    cpu, cuda = (
        PatternGAN(**SETTINGS, epochs=3, device=device, precision=precision).fit(scratches())
        for device in ("cpu", "cuda")
    )
    assert next(cuda.generator_.parameters()).device.type == "cuda"
    for a, b in zip(cpu.records_, cuda.records_, strict=True):
        assert a["d_loss"] == pytest.approx(b["d_loss"], abs=0.02)
        assert a["g_loss"] == pytest.approx(b["g_loss"], abs=0.02)
    ours, theirs = (np.stack(gan.sample(5, 1)).astype(float) for gan in (cpu, cuda))
    assert np.abs(ours - theirs).mean() < 5


@pytest.mark.parametrize("precision", ["float32", "bfloat16"])
def test_the_same_seed_gives_the_same_patterns_on_a_gpu(precision):
    one, other = (
        PatternGAN(**SETTINGS, epochs=20, device="cuda", precision=precision).fit(scratches())
        for _ in range(2)
    )
    assert one.records_ == other.records_
    np.testing.assert_array_equal(np.stack(one.sample(5, 1)), np.stack(other.sample(5, 1)))


def test_what_others_draw_on_the_gpu_is_not_disturbed():
    torch.cuda.manual_seed(0)
    before = torch.cuda.get_rng_state()
    PatternGAN(**SETTINGS, epochs=1, device="cuda").fit(scratches()).sample(2)
    assert torch.equal(torch.cuda.get_rng_state(), before)


def test_a_training_moves_between_devices_through_a_file(tmp_path):
    for here, there in (("cuda", "cpu"), ("cpu", "cuda")):
        gan = PatternGAN(**SETTINGS, epochs=2, device=here).fit(scratches())
        gan.save(tmp_path / "gan.pt")
        moved = PatternGAN.load(tmp_path / "gan.pt", device=there)
        moved.epochs = 3
        assert [record["epoch"] for record in moved.training()] == [3]
        assert len(moved.sample(2)) == 2


def test_spectral_norms_are_not_rounded_to_bfloat16():
    discriminator = Discriminator(20, 1).cuda().eval()
    first = discriminator.layers[0]
    seen = []
    first.parametrizations.weight[0].register_forward_hook(lambda _, __, weight: seen.append(weight))
    with torch.inference_mode():
        with torch.autocast("cuda", torch.bfloat16):
            discriminator(torch.rand(2, 1, 20, 20, device="cuda"))
        assert torch.equal(seen[0], first.weight)
