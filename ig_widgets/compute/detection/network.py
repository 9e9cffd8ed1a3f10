"""The pattern detector's network and its losses."""

from collections.abc import Sequence
from itertools import pairwise
from typing import cast

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional

from ig_widgets.compute.networks.convolution import Conv2d

STRIDE = 8  # pixels per cell of the map, along each axis

_WIDTHS = (16, 32, 32, 64, 64, 64, 64)
_STRIDES = (2, 2, 1, 2, 1, 1, 1)
_DILATIONS = (1, 1, 1, 1, 1, 2, 4)
_POOLED = (
    0.25  # share of a box's cells that must show the pattern: a crack runs through its box, not fills it
)
_REACH = 9  # cells beyond itself, on each side, that a cell sees at least a part of
_TILE = 128  # cells, along each axis, that are computed at once
_HARD = 0.02  # share of the other cells that are looked at as the most misleading ones


class DetectorNetwork(nn.Module):
    """A fully convolutional network: images of any size in, maps with one cell per 8 x 8 pixels out.

    Seven convolutions with batch normalization (144 thousand weights for one class), the last two dilated: a
    cell sees 137 x 137 pixels.

    Parameters
    ----------
    channels
        Of the images, 1 or 3.
    n_classes
        Maps that come out.
    """

    def __init__(self, channels: int, n_classes: int) -> None:
        super().__init__()
        layers: list[nn.Module] = []
        sizes = [5, *[3] * (len(_WIDTHS) - 1)]
        ends = pairwise((channels, *_WIDTHS))
        for (a, b), size, stride, dilation in zip(ends, sizes, _STRIDES, _DILATIONS, strict=True):
            layers += [
                Conv2d(a, b, size, stride, dilation * (size // 2), dilation, bias=False),
                nn.BatchNorm2d(b),
                nn.ReLU(inplace=True),
            ]
        self.body = nn.Sequential(*layers)
        self.head = Conv2d(_WIDTHS[-1], n_classes, 1)
        with torch.no_grad():
            cast("Tensor", self.head.bias).fill_(-2.0)  # patterns are rare

    def forward(self, x: Tensor) -> Tensor:
        """Return the logits (n, n_classes, ceil(h / 8), ceil(w / 8)) of images (n, channels, h, w)."""
        logits: Tensor = self.head(self.body(x))
        return logits


def logits_of(network: DetectorNetwork, pixels: NDArray[np.float16], device: str) -> Tensor:
    """Return the logits of one image as the network does, but in tiles: memory does not grow with the image.

    Parameters
    ----------
    network
        In evaluation mode.
    pixels
        (channels, h, w).
    device
        "cpu" or "cuda".

    Returns
    -------
    tensor of shape (n_classes, ceil(h / 8), ceil(w / 8))
        On the CPU. Tiles overlap by what a cell sees, so it differs from that of the whole by rounding only.
    """
    rows, columns = (-(-side // STRIDE) for side in pixels.shape[1:])
    logits = torch.empty(network.head.out_channels, rows, columns)
    for top in range(0, rows, _TILE):
        for left in range(0, columns, _TILE):
            y, x = max(0, top - _REACH), max(0, left - _REACH)
            ends = [(start + _TILE + _REACH) * STRIDE for start in (top, left)]
            part = torch.from_numpy(pixels[None, :, y * STRIDE : ends[0], x * STRIDE : ends[1]])
            tile = network(part.float().to(device, memory_format=torch.channels_last))[0]
            kept = tile[:, top - y :, left - x :][:, :_TILE, :_TILE]
            logits[:, top : top + _TILE, left : left + _TILE] = kept
    return logits


def box_loss(bags: Sequence[Tensor]) -> Tensor:
    """Return the mean loss of boxes: each has to show its pattern somewhere, not everywhere.

    Multiple-instance pooling: what counts is the mean logit of the highest quarter of a box's cells.

    Parameters
    ----------
    bags
        The logits of the cells in each box, any shape.
    """
    pooled = [bag.flatten().topk(max(1, int(bag.numel() * _POOLED))).values.mean() for bag in bags]
    return functional.softplus(-torch.stack(pooled)).mean()


def background_loss(logits: Tensor, background: Tensor) -> Tensor:
    """Return the loss of cells without a pattern: the mean of all, and that of the hardest ones beside it.

    Parameters
    ----------
    logits
        (n, n_classes, h, w).
    background
        Bool, the same shape: the cells where there is nothing to be found.
    """
    losses = (functional.softplus(logits) * background).flatten(2)  # (n, n_classes, h * w)
    hardest = losses.topk(max(1, int(losses.shape[2] * _HARD)), dim=2).values
    return losses.mean() + hardest.mean()
