"""Networks and losses of the GAN that generates patterns."""

from typing import TYPE_CHECKING, cast

import torch
from torch import Tensor, nn
from torch.nn import functional
from torch.nn.utils.parametrizations import spectral_norm

if TYPE_CHECKING:
    from collections.abc import Iterable

SMALLEST_SIDE = 7


def kernels(side: int) -> list[int]:
    """Return the kernel widths that take a square to a single pixel, all but the last with stride 2.

    Parameters
    ----------
    side
        Pixels, 7 or more.

    Returns
    -------
    list of int
        4 where the side is even and 3 where it is odd, so that nothing is left over at the border, until at
        most 6 pixels remain, which the last kernel covers. Transposed convolutions with the same kernels
        in reverse give the same sides in reverse.

    Raises
    ------
    ValueError
        If the side is smaller.

    Notes
    -----
    For 100 pixels these are the kernels of the published code of Inspector Gadget (Heo et al. 2020), which
    knows no other side: 100 -> 49 -> 24 -> 11 -> 5 -> 1.

    Examples
    --------
    >>> kernels(100)
    [4, 3, 4, 3, 5]
    """
    if side < SMALLEST_SIDE:
        raise ValueError(f"side is {side}; give {SMALLEST_SIDE} pixels or more")
    found = []
    while side >= SMALLEST_SIDE:
        found.append(4 if side % 2 == 0 else 3)
        side = (side - found[-1]) // 2 + 1
    return [*found, side]


def _widths(strided: int) -> list[int]:
    """Return the channels between the layers, in the order of both networks: 128, 128, 64, 32 for four."""
    return ([128] * strided + [64, 32])[-strided:]


class Generator(nn.Module):
    """Generate square patterns from noise.

    Parameters
    ----------
    side
        Pixels, 7 or more.
    channels
        1 for gray, 3 for color.
    noise
        Numbers that a pattern is made of.

    Notes
    -----
    Transposed convolutions without bias, each but the last followed by batch normalization and ReLU, the
    last by tanh. Initial weights are N(0, 0.02), those of the normalizations N(1, 0.02). For 100 gray
    pixels these are the layers of the published code of Inspector Gadget.
    """

    def __init__(self, side: int, channels: int, noise: int) -> None:
        super().__init__()
        first, *others = reversed(kernels(side))
        widths = [*_widths(len(others)), channels]
        layers: list[nn.Module] = [nn.ConvTranspose2d(noise, widths[0], first, bias=False)]
        for kernel, before, after in zip(others, widths[:-1], widths[1:], strict=True):
            layers += [nn.BatchNorm2d(before), nn.ReLU(inplace=True)]
            layers += [nn.ConvTranspose2d(before, after, kernel, stride=2, bias=False)]
        self.layers = nn.Sequential(*layers, nn.Tanh())
        for layer in layers:
            if isinstance(layer, nn.ConvTranspose2d):
                nn.init.normal_(layer.weight, 0, 0.02)
            elif isinstance(layer, nn.BatchNorm2d):
                nn.init.normal_(layer.weight, 1, 0.02)

    def forward(self, noise: Tensor) -> Tensor:
        """Return the patterns of this noise, (n, noise) -> (n, channels, side, side), in [-1, 1]."""
        patterns: Tensor = self.layers(noise[:, :, None, None])
        return patterns


class Discriminator(nn.Module):
    """Score how real square patterns look.

    Parameters
    ----------
    side
        Pixels, 7 or more.
    channels
        1 for gray, 3 for color.

    Notes
    -----
    Convolutions without bias under spectral normalization (Miyato et al. 2018), each but the last followed
    by a leaky ReLU of slope 0.2; no sigmoid, which is in the losses. Initial weights are N(0, 0.02). For 100
    gray pixels these are the layers of the published code of Inspector Gadget.
    """

    def __init__(self, side: int, channels: int) -> None:
        super().__init__()
        *strided, last = kernels(side)
        widths = [channels, *_widths(len(strided)), 1]
        self.layers = nn.ModuleList()
        for kernel, before, after in zip([*strided, last], widths[:-1], widths[1:], strict=True):
            layer = nn.Conv2d(before, after, kernel, stride=2 if after > 1 else 1, bias=False)
            nn.init.normal_(layer.weight, 0, 0.02)
            self.layers.append(spectral_norm(layer))

    def forward(self, patterns: Tensor) -> Tensor:
        """Return the scores of these patterns, (n, channels, side, side) -> (n,), higher is more real."""
        maps = patterns
        for number, layer in enumerate(cast("Iterable[nn.Conv2d]", self.layers)):
            if number:
                maps = functional.leaky_relu(maps, 0.2, inplace=True)
            with torch.autocast(maps.device.type, enabled=False):  # which on a GPU would round the norms
                weight = layer.weight
            maps = functional.conv2d(maps, weight, stride=layer.stride)
        return maps.flatten().float()  # (n, 1, 1, 1) -> (n,)


def average_losses(real: Tensor, fake: Tensor) -> tuple[Tensor, Tensor]:
    """Return the losses of the relativistic average GAN.

    Parameters
    ----------
    real, fake
        (n,) scores of real and of fake patterns.

    Returns
    -------
    d_loss, g_loss : Tensor
        The discriminator's, low where real patterns score higher than the mean fake one and fake ones lower
        than the mean real one, and the generator's, with the roles exchanged. 0 or more; both are ln 2 where
        all scores are equal.

    Notes
    -----
    The form of the published code of Inspector Gadget, after Jolicoeur-Martineau (2019, "The relativistic
    discriminator", section 3.2): the mean of -log sigma(D(x_r) - mean D(x_f)) and of
    -log(1 - sigma(D(x_f) - mean D(x_r))).
    """
    softplus = functional.softplus  # softplus(-x) = -log sigma(x)
    above, below = real - fake.mean(), real.mean() - fake
    d_loss = (softplus(-above).mean() + softplus(-below).mean()) / 2
    g_loss = (softplus(above).mean() + softplus(below).mean()) / 2
    return d_loss, g_loss


def pairwise_losses(real: Tensor, fake: Tensor) -> tuple[Tensor, Tensor]:
    """Return the losses of the relativistic GAN.

    Parameters
    ----------
    real, fake
        (n,) scores of real and of fake patterns; those at the same place are compared.

    Returns
    -------
    d_loss, g_loss : Tensor
        The discriminator's, low where real patterns score higher, and the generator's, low where fake ones
        do. 0 or more; both are ln 2 where the two scores of each pair are equal.

    Notes
    -----
    The form of the paper (Heo et al. 2020, section 4.1), with the sign of a loss:
    -E[log sigma(D(x_r) - D(G(z)))] and -E[log sigma(D(G(z)) - D(x_r))].
    """
    above = real - fake  # (n,)
    return functional.softplus(-above).mean(), functional.softplus(above).mean()
