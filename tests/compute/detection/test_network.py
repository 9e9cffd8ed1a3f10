import math

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from ig_widgets.compute.detection import network as detector_network
from ig_widgets.compute.detection.network import (
    STRIDE,
    DetectorNetwork,
    background_loss,
    box_loss,
    logits_of,
)
from ig_widgets.compute.networks.training import TorchRandomness


def network(channels=1, n_classes=2, seed=0):
    with TorchRandomness(seed)():
        return DetectorNetwork(channels, n_classes).eval()


def noise(*shape, seed=0):
    return np.random.default_rng(seed).normal(size=shape).astype(np.float16)


@given(height=st.integers(1, 70), width=st.integers(1, 70), channels=st.sampled_from([1, 3]))
@settings(max_examples=20, deadline=None)
def test_there_is_one_cell_for_8_x_8_pixels_or_a_part_of_them(height, width, channels):
    with torch.inference_mode():
        logits = network(channels)(torch.zeros(2, channels, height, width))
    assert logits.shape == (2, 2, math.ceil(height / 8), math.ceil(width / 8))


def test_it_is_as_small_as_it_says():
    assert round(sum(weights.numel() for weights in DetectorNetwork(1, 1).parameters()), -3) == 144_000


def test_it_begins_with_the_belief_that_patterns_are_rare():
    with torch.inference_mode():
        logits = network()(torch.from_numpy(noise(4, 1, 64, 64)).float())
    assert torch.sigmoid(logits).mean() < 0.25


def test_a_cell_sees_137_x_137_pixels():
    pixels = torch.from_numpy(noise(1, 1, 320, 320)).float().requires_grad_()
    network()(pixels)[0, 0, 20, 20].backward()
    rows, columns = (torch.nonzero(pixels.grad[0, 0].abs().sum(dim=axis)) for axis in (1, 0))
    for seen in (rows, columns):
        assert (seen.min(), seen.max()) == (160 - 68, 160 + 68)
    assert detector_network._REACH * STRIDE >= 68


@given(
    height=st.integers(1, 300), width=st.integers(1, 300), tile=st.integers(3, 40), seed=st.integers(0, 99)
)
@settings(max_examples=20, deadline=None)
def test_tiles_give_what_the_whole_gives(height, width, tile, seed):
    pixels, one = noise(1, height, width, seed=seed), network(seed=seed)
    with pytest.MonkeyPatch.context() as patch, torch.inference_mode():
        patch.setattr(detector_network, "_TILE", tile)
        torch.testing.assert_close(
            logits_of(one, pixels, "cpu"), one(torch.from_numpy(pixels[None]).float())[0]
        )


def test_images_larger_than_a_tile_are_put_together_from_tiles():
    sides, one = [], network(channels=3)
    pixels = noise(3, 1100, 1500)
    with torch.inference_mode():
        whole = one(torch.from_numpy(pixels[None]).float())[0]
        with one.register_forward_pre_hook(lambda _, inputs: sides.append(inputs[0].shape[2:])):
            torch.testing.assert_close(logits_of(one, pixels, "cpu"), whole)
    assert len(sides) == 4
    assert max(map(max, sides)) <= (128 + 2 * 9) * 8


def test_of_a_box_the_highest_quarter_of_its_cells_counts():
    rng = np.random.default_rng(0)
    bags = [rng.normal(0, 3, shape) for shape in [(1, 1), (1, 3), (2, 2), (5, 3), (4, 10)]]
    losses = []
    for bag in bags:
        ordered = sorted(bag.ravel(), reverse=True)
        highest = ordered[: max(1, len(ordered) // 4)]
        losses.append(-math.log(1 / (1 + math.exp(-sum(highest) / len(highest)))))
    loss = box_loss([torch.from_numpy(bag) for bag in bags])
    assert loss.item() == pytest.approx(sum(losses) / len(losses))


@pytest.mark.parametrize("shape", [(2, 3, 9, 17), (1, 1, 1, 1), (1, 2, 5, 9)])
def test_background_counts_on_the_whole_and_where_it_misleads_most(shape):
    rng = np.random.default_rng(0)
    logits, background = rng.normal(-1, 2, shape), rng.random(shape) < 0.7
    every, hardest = [], []
    for image, masks in zip(logits, background, strict=True):
        for one, mask in zip(image, masks, strict=True):
            losses = [
                -math.log(1 - 1 / (1 + math.exp(-logit))) if there else 0.0
                for logit, there in zip(one.ravel(), mask.ravel(), strict=True)
            ]
            every += losses
            n = max(1, int(len(losses) * 0.02))
            hardest.append(sum(sorted(losses, reverse=True)[:n]) / n)
    loss = background_loss(torch.from_numpy(logits), torch.from_numpy(background))
    assert loss.item() == pytest.approx(sum(every) / len(every) + sum(hardest) / len(hardest))


def test_no_gradient_comes_from_the_cells_around_a_box():
    logits = torch.from_numpy(np.random.default_rng(0).normal(size=(1, 1, 6, 6))).requires_grad_()
    background = torch.ones(1, 1, 6, 6, dtype=torch.bool)
    background[..., :4, :4] = False
    (background_loss(logits, background) + box_loss([logits[0, 0, 1:3, 1:3]])).backward()
    expected = background[0, 0].clone()
    row, column = divmod(logits[0, 0, 1:3, 1:3].argmax().item(), 2)
    expected[1 + row, 1 + column] = True
    assert torch.equal(logits.grad[0, 0] != 0, expected)
