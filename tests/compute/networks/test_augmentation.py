import numpy as np
import pytest
import torch

from ig_widgets.compute.networks.augmentation import augment
from ig_widgets.compute.networks.training import TorchRandomness


def draw(x, seed=0):
    with TorchRandomness(seed)():
        return augment(x)


def relit(found, plain):
    """Fit found = a * plain + b, and return a, b and the largest remainder."""
    matrix = np.column_stack([plain.ravel(), np.ones(plain.size)])
    (a, b), *_ = np.linalg.lstsq(matrix, found.ravel(), rcond=None)
    return a, b, np.abs(a * plain + b - found).max()


@pytest.mark.parametrize("size", [(20, 30), (45, 17), (32, 32)])
def test_every_image_is_flipped_shifted_and_relit_and_nothing_else(size):
    height, width = size
    x = torch.randn(20, 3, *size, generator=torch.Generator().manual_seed(1))
    found = draw(x).numpy()
    seen = set()
    for image, result in zip(x.numpy(), found, strict=True):
        down, right = height // 10, width // 10
        fits = []
        for flips in [(), (1,), (2,), (1, 2)]:
            wide = np.pad(
                np.flip(image, flips), ((0, 0), (down, down), (right, right)), mode="symmetric"
            )  # (3, h + 2 down, w + 2 right)
            for y in range(2 * down + 1):
                for x0 in range(2 * right + 1):
                    a, b, remainder = relit(result, wide[:, y : y + height, x0 : x0 + width])
                    if remainder < 1e-4:
                        fits.append((flips, y - down, x0 - right))
                        assert 0.8 <= a <= 1.2
                        assert -0.2 <= b <= 0.2
        assert len(fits) == 1
        seen |= set(fits)
    assert len(seen) > 12
    assert {flips for flips, *_ in seen} == {(), (1,), (2,), (1, 2)}


def test_shifts_reach_a_tenth_of_the_sides_in_both_directions():
    x = torch.arange(40.0).expand(400, 1, 20, 40)
    moved = draw(x)[:, 0, 10, 20:22]
    slope = moved[:, 1] - moved[:, 0]  # contrast, negative when flipped
    assert slope.abs().min() >= 0.8 - 1e-6
    assert slope.abs().max() <= 1.2 + 1e-6
    columns = set()
    for seed in range(40):
        with TorchRandomness(seed)():
            impulse = torch.zeros(1, 1, 20, 40)
            impulse[..., 20] = 100
            columns.add(int(augment(impulse)[0, 0, 10].argmax()))
    assert columns == set(range(15, 25))  # 20 or, flipped, 19, and up to 4 to either side


def test_the_same_seed_gives_the_same_images_and_the_input_stays():
    x = torch.randn(4, 3, 32, 32)
    before = x.clone()
    torch.testing.assert_close(draw(x), draw(x), rtol=0, atol=0)
    assert not torch.equal(draw(x), draw(x, seed=1))
    assert torch.equal(x, before)
