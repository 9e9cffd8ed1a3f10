import math

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import nn
from torch.nn import functional

from ig_widgets.compute.augmentation.gan_networks import (
    Discriminator,
    Generator,
    average_losses,
    kernels,
    pairwise_losses,
)


def layers(network, kind):
    return [layer for layer in network.modules() if isinstance(layer, kind)]


def geometry(network, kind):
    return [
        (layer.in_channels, layer.out_channels, layer.kernel_size[0], layer.stride[0])
        for layer in layers(network, kind)
    ]


def test_gray_squares_of_100_pixels_have_the_published_layers():
    generator, discriminator = Generator(100, 1, 100), Discriminator(100, 1)
    assert geometry(generator, nn.ConvTranspose2d) == [
        (100, 128, 5, 1),
        (128, 128, 3, 2),
        (128, 64, 4, 2),
        (64, 32, 3, 2),
        (32, 1, 4, 2),
    ]
    assert geometry(discriminator, nn.Conv2d) == [
        (1, 128, 4, 2),
        (128, 128, 3, 2),
        (128, 64, 4, 2),
        (64, 32, 3, 2),
        (32, 1, 5, 1),
    ]
    kinds = [type(layer) for layer in generator.layers]
    assert kinds == 4 * [nn.ConvTranspose2d, nn.BatchNorm2d, nn.ReLU] + [nn.ConvTranspose2d, nn.Tanh]
    for network in (generator, discriminator):
        convolutions = layers(network, nn.ConvTranspose2d | nn.Conv2d)
        assert all(layer.bias is None and layer.padding == (0, 0) for layer in convolutions)


@given(st.integers(7, 400))
def test_kernels_leave_nothing_over_and_lead_back_to_the_same_side(side):
    *strided, last = kernels(side)
    sides = [side]
    for kernel in strided:
        assert (sides[-1] - kernel) % 2 == 0
        sides.append((sides[-1] - kernel) // 2 + 1)
    assert sides[-1] == last
    assert 3 <= last <= 6
    back = last
    for kernel in reversed(strided):
        back = (back - 1) * 2 + kernel
    assert back == side


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("side", [7, 8, 13, 22, 64, 99, 100, 128])
def test_networks_of_any_side_make_squares_in_range_and_score_them(side, channels):
    with torch.inference_mode():
        squares = Generator(side, channels, 10)(torch.randn(3, 10))
        scores = Discriminator(side, channels)(squares)
    assert squares.shape == (3, channels, side, side)
    assert squares.abs().max() <= 1
    assert scores.shape == (3,)


def test_a_side_without_room_for_a_convolution_is_refused():
    with pytest.raises(ValueError, match="side is 6; give 7 pixels or more"):
        Generator(6, 1, 100)


def test_initial_weights_are_normal_with_the_published_deviation():
    with torch.random.fork_rng():
        torch.manual_seed(0)
        generator, discriminator = Generator(100, 1, 100), Discriminator(100, 1)
    weights = [layer.weight for layer in layers(generator, nn.ConvTranspose2d)]
    weights += [layer.parametrizations.weight.original for layer in discriminator.layers]
    for weight in weights:
        assert weight.std().item() == pytest.approx(0.02, rel=0.1)
        assert abs(weight.mean().item()) < 0.002
    for layer in layers(generator, nn.BatchNorm2d):
        assert layer.weight.mean().item() == pytest.approx(1, abs=0.02)
        assert layer.weight.std().item() == pytest.approx(0.02, rel=0.5)
        assert not layer.bias.any()


def test_every_layer_of_the_discriminator_has_spectral_norm_1():
    discriminator = Discriminator(40, 1)
    for layer in discriminator.layers:
        with torch.no_grad():
            layer.parametrizations.weight.original.mul_(50)
    with torch.inference_mode():
        for _ in range(200):  # each pass is a step of the power iteration
            discriminator(torch.zeros(1, 1, 40, 40))
        for layer in discriminator.layers:
            matrix = layer.weight.flatten(1)
            assert torch.linalg.matrix_norm(matrix, 2).item() == pytest.approx(1, abs=0.02)


def test_a_square_is_scored_without_regard_to_the_others_in_its_batch():
    discriminator = Discriminator(20, 1).eval()
    squares = torch.rand(5, 1, 20, 20)
    with torch.inference_mode():
        alone = torch.cat([discriminator(square[None]) for square in squares])
        torch.testing.assert_close(discriminator(squares), alone)


def test_scores_are_float32_in_any_precision():
    discriminator = Discriminator(20, 1).eval()
    with torch.inference_mode(), torch.autocast("cpu", torch.bfloat16):
        assert discriminator(torch.rand(2, 1, 20, 20)).dtype == torch.float32


@pytest.mark.parametrize("losses", [average_losses, pairwise_losses])
@pytest.mark.parametrize("score", [-30.0, 0.0, 1.25, 1000.0])
def test_losses_are_ln_2_where_scores_are_equal(losses, score):
    scores = torch.full((7,), score)
    assert [loss.item() for loss in losses(scores, scores)] == 2 * [torch.tensor(math.log(2)).item()]


def test_average_losses_equal_the_cross_entropies_of_the_published_code():
    real, fake = torch.randn(6), torch.randn(6)
    entropy = functional.binary_cross_entropy_with_logits
    ones, zeros = torch.ones(6), torch.zeros(6)
    above, below = real - fake.mean(), fake - real.mean()
    d_loss, g_loss = average_losses(real, fake)
    torch.testing.assert_close(d_loss, (entropy(above, ones) + entropy(below, zeros)) / 2)
    torch.testing.assert_close(g_loss, (entropy(above, zeros) + entropy(below, ones)) / 2)


def test_pairwise_losses_equal_the_formula_of_the_paper():
    real, fake = torch.randn(6), torch.randn(6)
    d_loss, g_loss = pairwise_losses(real, fake)
    torch.testing.assert_close(d_loss, -torch.log(torch.sigmoid(real - fake)).mean())
    torch.testing.assert_close(g_loss, -torch.log(torch.sigmoid(fake - real)).mean())


@pytest.mark.parametrize("losses", [average_losses, pairwise_losses])
def test_the_two_networks_want_the_opposite(losses):
    real, fake = torch.randn(2, 5, requires_grad=True)
    d_loss, g_loss = losses(real, fake)
    assert torch.equal(torch.stack(losses(fake, real)), torch.stack([g_loss, d_loss]))
    for loss, sign in ((d_loss, -1), (g_loss, 1)):
        of_real, of_fake = torch.autograd.grad(loss, (real, fake), retain_graph=True)
        assert (sign * of_real > 0).all()
        assert (sign * of_fake < 0).all()


@pytest.mark.parametrize("losses", [average_losses, pairwise_losses])
def test_scores_far_apart_have_finite_losses(losses):
    for sign in (-1, 1):
        found = torch.stack(losses(torch.full((3,), sign * 1e4), torch.full((3,), -sign * 1e4)))
        assert torch.isfinite(found).all()
