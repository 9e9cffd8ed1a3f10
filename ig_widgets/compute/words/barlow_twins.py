"""Self-supervised features of images (Barlow Twins)."""

import math
import os
from collections.abc import Iterator
from typing import Self

import numpy as np
import torch
from numpy.typing import NDArray
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.utils import check_random_state
from sklearn.utils.validation import check_is_fitted
from torch import Tensor, nn

from ig_widgets.compute.networks.backbones import BACKBONES, BackboneName
from ig_widgets.compute.networks.devices import Device, on_cuda
from ig_widgets.compute.networks.normalization import OFFICIAL, channel_moments, normalize
from ig_widgets.compute.networks.paced_adamw import PacedAdamW
from ig_widgets.compute.networks.precision import Precision, autocast
from ig_widgets.compute.networks.resizing import Images, network_size, resize_images
from ig_widgets.compute.networks.training import Record, ShuffledBatches, TorchRandomness, train
from ig_widgets.compute.networks.weights import load_weights
from ig_widgets.compute.words.filter_bank import FilterMaps
from ig_widgets.compute.words.network_maps import NetworkMaps
from ig_widgets.compute.words.twin_views import random_view

_VIEWED = 50_000  # images in a training, as in MLfix


class BarlowTwins(TransformerMixin, BaseEstimator):
    """Train a network to embed two views of an image alike, with uncorrelated features.

    Parameters
    ----------
    backbone
        "vgg16", "vgg19", "resnet18", "resnet50" or "mobilenet_v2".
    weights
        Path or URL of weights to start from, see `load_weights`; None: random ones.
    size
        Height and width to which images are brought; None: those of `network_size`.
    view
        Height and width of the views; None: half of those of the images, at least 32.
    flips
        Whether views are mirrored at random: not where direction makes the class, as for digits.
    epochs
        How often each image is seen; None: as often as makes 50,000 in all.
    batch_size
        Images per step, 2 or more.
    learning_rate
        The highest that AdamW takes.
    width
        Of the two hidden layers of the projector, and how many numbers it makes of a view.
    redundancy
        The weight of the off-diagonal terms, lambda in eq. 1.
    layer
        Whose maps `transform` gives; None: the last but one of the backbone.
    device, precision
        See `ImageClassifier`.
    random_state
        Seed of the first weights, the order of the images and their views.

    Attributes
    ----------
    network_ : nn.Module
        The backbone. Its head is not trained.
    size_, view_ : tuple of int
        Height and width in use.
    mean_, scale_ : ndarray of shape (3,)
        What standardizing subtracts from red, green and blue in [0, 1], and divides by.

    Notes
    -----
    Zbontar et al. 2021, "Barlow Twins: Self-Supervised Learning via Redundancy Reduction", eq. 1 and 2, with
    settings of MLfix: ResNet-18, learning rate 5e-4 in one cycle, as many epochs as make 50,000 images. There
    views are 224 x 224 whatever the images' size, and the projector makes 2048 numbers. From a few thousand
    images more is learned with a narrower projector, whose correlations few images tell well enough, and with
    more and smaller steps: on NEU, in 20 epochs, 96 instead of 84 % of the images are followed by one of
    their class in similarity order (with 16 images per step, 512 numbers and views of at least half of the
    image; with 64, 2048 and 30 %).
    """

    def __init__(
        self,
        backbone: BackboneName = "resnet18",
        *,
        weights: str | os.PathLike[str] | None = None,
        size: tuple[int, int] | None = None,
        view: tuple[int, int] | None = None,
        flips: bool = True,
        epochs: int | None = None,
        batch_size: int = 16,
        learning_rate: float = 5e-4,
        width: int = 512,
        redundancy: float = 0.0051,
        layer: str | None = None,
        device: Device = "auto",
        precision: Precision = "auto",
        random_state: int | np.random.RandomState | None = None,
    ) -> None:
        self.backbone = backbone
        self.weights = weights
        self.size = size
        self.view = view
        self.flips = flips
        self.epochs = epochs
        self.batch_size = batch_size
        self.learning_rate = learning_rate
        self.width = width
        self.redundancy = redundancy
        self.layer = layer
        self.device = device
        self.precision = precision
        self.random_state = random_state

    def fit(self, images: Images, y: object = None) -> Self:  # noqa: ARG002 (scikit-learn's contract)
        """Train the network.

        Parameters
        ----------
        images
            (H, W) or (H, W, 3) arrays of dtype uint8, which may differ in size. Empty ones, as unreadable
            images of an `ImageSet` are, are left out. All are held in memory at the reduced size.
        y
            Not used.

        Returns
        -------
        BarlowTwins
            This estimator.

        Raises
        ------
        FloatingPointError
            If training diverges.
        ValueError
            If a setting is not as described, or fewer than two images can be read.
        """
        for _ in self.training(images):
            pass
        return self

    def training(self, images: Images) -> Iterator[Record]:
        """Train the network in the caller's loop, which can show progress or stop.

        Parameters
        ----------
        images
            As for `fit`.

        Yields
        ------
        dict of str to float
            ``epoch``, counted from 1, and ``loss``. From the first record on, this estimator can describe.

        Raises
        ------
        FloatingPointError, ValueError
            As for `fit`.
        """
        if self.backbone not in BACKBONES:
            raise ValueError(f"backbone is {self.backbone!r}; give one of {', '.join(BACKBONES)}")
        if self.batch_size < 2 or self.width < 1:
            raise ValueError(
                f"batch_size is {self.batch_size} and width {self.width}; give a batch_size of 2 or more "
                "and a width of 1 or more"
            )
        self.size_ = network_size(images) if self.size is None else self.size
        height, width = self.size_
        self.view_ = (max(32, height // 2), max(32, width // 2)) if self.view is None else self.view
        pixels, _ = resize_images(images, self.size_)
        if len(pixels) < 2:
            raise ValueError(f"{len(pixels)} of {len(images)} images can be read; give 2 or more")
        self.mean_: NDArray[np.float64]
        self.scale_: NDArray[np.float64]
        self.mean_, self.scale_ = channel_moments(pixels) if self.weights is None else OFFICIAL
        seed = int(check_random_state(self.random_state).randint(2**31 - 1))
        randomness = TorchRandomness(seed)
        device = "cuda" if on_cuda(self.device) else "cpu"
        with randomness():
            self.network_: nn.Module = BACKBONES[self.backbone](1000)
            if self.weights is not None:
                load_weights(self.network_, self.weights)
            self.network_.to(device, memory_format=torch.channels_last)  # type: ignore[call-overload]
            channels = self._embed(torch.zeros(2, 3, *self.view_, device=device)).shape[1]
            projector = _projector(channels, self.width).to(device)
        return self._learn(torch.from_numpy(pixels), projector, seed, randomness)

    def transform(self, images: Images) -> FilterMaps:
        """Return feature maps of images from a layer of the network.

        Parameters
        ----------
        images
            As for `fit`.

        Returns
        -------
        FilterMaps
            (n_images, rows, columns, channels), computed when they are asked for.
        """
        check_is_fitted(self, "network_")
        describe = NetworkMaps(
            self.network_, self.layer, device=self.device, moments=(self.mean_, self.scale_)
        )
        return FilterMaps(images, describe, self.size_)

    def _learn(
        self, pixels: Tensor, projector: nn.Module, seed: int, randomness: TorchRandomness
    ) -> Iterator[Record]:
        epochs = math.ceil(_VIEWED / len(pixels)) if self.epochs is None else self.epochs
        parameters = [*self.network_.parameters(), *projector.parameters()]
        optimizer = PacedAdamW(parameters, self.learning_rate, epochs * len(pixels))
        device = parameters[0].device

        def step(rows: NDArray[np.int64]) -> dict[str, float]:
            self.network_.train()
            x = normalize(pixels[rows].to(device), self.mean_, self.scale_)
            with randomness():
                views = [random_view(x, self.view_, flips=self.flips) for _ in range(2)]
            with autocast(device.type, self.precision):
                one, other = (projector(self._embed(view)) for view in views)
            loss = barlow_loss(one.float(), other.float(), self.redundancy)
            optimizer.step(loss, len(rows))
            return {"loss": loss.item()}

        batches = ShuffledBatches(len(pixels), self.batch_size, seed)
        return train(step, batches, epochs, pixels=self.batch_size * math.prod(self.view_))

    def _embed(self, view: Tensor) -> Tensor:
        """Return the means of the last maps, (n, channels)."""
        maps: dict[str, Tensor] = self.network_.maps(view.contiguous(memory_format=torch.channels_last))  # type: ignore[operator]
        return next(reversed(maps.values())).mean(dim=(2, 3))


def barlow_loss(one: Tensor, other: Tensor, redundancy: float) -> Tensor:
    """Return how far the correlation of two views is from the unit matrix (eq. 1 and 2).

    Parameters
    ----------
    one, other
        (n, width) what a network makes of two views of n images, 2 or more.
    redundancy
        The weight of what is off the diagonal, lambda.

    Returns
    -------
    Tensor
        The sum of (1 - C_ii)^2 plus lambda times that of C_ij^2, where C_ij is the correlation over the
        images of number i of the one view with number j of the other. 0 is best.
    """
    first, second = ((z - z.mean(dim=0)) / (z.std(dim=0, correction=0) + 1e-5) for z in (one, other))
    correlation = first.T @ second / len(one)  # (width, width)
    diagonal = correlation.diagonal()
    off = correlation.square().sum() - diagonal.square().sum()
    return (1 - diagonal).square().sum() + redundancy * off


def _projector(channels: int, width: int) -> nn.Sequential:
    return nn.Sequential(
        nn.Linear(channels, width, bias=False),
        nn.BatchNorm1d(width),
        nn.ReLU(inplace=True),
        nn.Linear(width, width, bias=False),
        nn.BatchNorm1d(width),
        nn.ReLU(inplace=True),
        nn.Linear(width, width, bias=False),
    )
