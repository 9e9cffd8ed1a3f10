"""A convolutional image classifier, trained on labels or on probabilities of labels."""

import math
import os
from collections.abc import Callable, Iterator
from typing import Self, TypeAlias

import numpy as np
import torch
from numpy.typing import ArrayLike, NDArray
from sklearn.base import BaseEstimator
from sklearn.utils import check_random_state
from sklearn.utils.validation import check_is_fitted
from torch import Tensor, nn
from torch.nn import functional

from ig_widgets.compute.networks.augmentation import augment
from ig_widgets.compute.networks.backbones import BACKBONES, BackboneName
from ig_widgets.compute.networks.devices import Device, on_cuda
from ig_widgets.compute.networks.normalization import OFFICIAL, channel_moments, normalize
from ig_widgets.compute.networks.paced_adamw import PacedAdamW
from ig_widgets.compute.networks.precision import Precision, autocast
from ig_widgets.compute.networks.prediction import PredictsFromProba
from ig_widgets.compute.networks.resizing import Images, network_size, resize_images, resize_in_batches
from ig_widgets.compute.networks.targets import validate_targets
from ig_widgets.compute.networks.training import Record, ShuffledBatches, TorchRandomness, train
from ig_widgets.compute.networks.weights import load_weights
from ig_widgets.compute.threads import free_cores, threads

_Floats: TypeAlias = NDArray[np.float64]


class ImageClassifier(PredictsFromProba, BaseEstimator):
    """Train a convolutional network on images and labels, or on images and probabilities of labels.

    Trained on the development set, this is the paper's baseline that learns its own features; trained on the
    weak labels, it is the end model.

    Parameters
    ----------
    backbone
        "vgg16", "vgg19", "resnet18", "resnet50" or "mobilenet_v2"; or a function that makes a network for a
        number of classes, which turns (n, 3, h, w) images into (n, n_classes) logits. Of the VGGs, the form
        with a light head is taken (see `VGG`).
    weights
        Path or URL of weights to start from, see `load_weights`; None: random ones. The head stays random
        where it has another number of classes.
    size
        Height and width in pixels, at least 32, to which images are brought; None: those of
        `network_size`. A defect must still be visible at this size.
    epochs
        How often each image is learned from.
    batch_size
        Images per step, 2 or more.
    learning_rate
        The highest that AdamW takes: it rises over the first tenth of the steps and falls along a cosine to 0
        at the last. 1e-3 is for networks with batch normalization; take 1e-4 for a VGG or with `weights`.
    balance
        Let every class count alike in the loss, however rare it is, and so make the probabilities those of
        classes that are equally common. Otherwise, with 10 defects among 78 images, few or none may exceed
        0.5.
    augment
        Vary the images at random: flips, small shifts, contrast and brightness; see `augment`.
    device
        "cpu", "cuda", or "auto": a GPU if there is one.
    precision
        In which format convolutions compute, see `autocast`. "float32" gives nearly the same network on every
        machine, "auto" learns several times faster on some.
    random_state
        Seed of the initial weights, the order of the images, and their variations. The same seed gives the
        same network on the same CPU with the same number of threads, and nearly the same on a GPU.

    Attributes
    ----------
    classes_ : ndarray of shape (n_classes,)
        The classes, sorted; for probabilities, 0 to n_classes - 1. The columns of `predict_proba`.
    network_ : nn.Module
        The network.
    size_ : tuple of int
        Height and width in use.
    mean_, scale_ : ndarray of shape (3,)
        What standardizing subtracts from red, green and blue in [0, 1], and divides by: the mean and the
        standard deviation of the training images; with `weights` those of the official ones.

    Notes
    -----
    Heo et al. 2020 (Inspector Gadget), section 6.1 ("self-learning" baselines) and section 6.6 (end model).
    The loss is the expected cross-entropy: its mean over the classes, weighted by their probabilities, as in
    Ratner et al. 2016 ("Data Programming"). Of the training, the paper says which networks were used, and no
    more. Gray images are repeated in the three channels, which the official weights need and which costs
    next to nothing. `fit` holds all images in memory, but at the reduced size (see `resize_images`);
    `predict_proba` a few of them.

    Measured inside the development set of KSDD (ResNet-18 from scratch, 224 x 96 pixels, 25 epochs, 39 of the
    78 images with 5 of the 10 cracks to learn from, the others to judge): `balance` raised average precision
    from 0.52 to 0.61 (means of four draws) and with it the F1 at 0.5, which without it fell to 0 in one of
    them; `augment` raised it from 0.52 to 0.59 (one draw).

    The number of epochs is not chosen by validation: of few defects none can be spared, and the falling
    learning rate makes the last epoch a good one. To stop by a measure of your own, see `training`.
    """

    def __init__(
        self,
        backbone: BackboneName | Callable[[int], nn.Module] = "resnet18",
        *,
        weights: str | os.PathLike[str] | None = None,
        size: tuple[int, int] | None = None,
        epochs: int = 30,
        batch_size: int = 16,
        learning_rate: float = 1e-3,
        balance: bool = True,
        augment: bool = True,
        device: Device = "auto",
        precision: Precision = "auto",
        random_state: int | np.random.RandomState | None = None,
    ) -> None:
        self.backbone = backbone
        self.weights = weights
        self.size = size
        self.epochs = epochs
        self.batch_size = batch_size
        self.learning_rate = learning_rate
        self.balance = balance
        self.augment = augment
        self.device = device
        self.precision = precision
        self.random_state = random_state

    def fit(self, images: Images, targets: ArrayLike) -> Self:
        """Train a network.

        Parameters
        ----------
        images
            (H, W) or (H, W, 3) arrays of dtype uint8, which may differ in size. Empty ones, as unreadable
            images of an `ImageSet` are, are left out.
        targets
            (n,) their classes, or (n, n_classes) their probabilities, of two classes or more. Rows with NaN
            are left out.

        Returns
        -------
        ImageClassifier
            This classifier.

        Raises
        ------
        FloatingPointError
            If training diverges.
        ValueError
            If a setting, an image or the targets are not as described, or fewer than two images are left.
        """
        for _ in self.training(images, targets):
            pass
        return self

    def training(self, images: Images, targets: ArrayLike) -> Iterator[Record]:
        """Train a network in the caller's loop, which can show progress, measure, or stop.

        Parameters
        ----------
        images, targets
            As for `fit`.

        Yields
        ------
        dict of str to float
            ``epoch``, counted from 1, and ``loss``. From the first record on, this classifier can predict.

        Raises
        ------
        FloatingPointError, ValueError
            As for `fit`.
        """
        self._check_settings()
        self.classes_, P = validate_targets(targets, len(images))
        self.size_ = network_size(images) if self.size is None else self.size
        pixels, positions = resize_images(images, self.size_)
        known = ~np.isnan(P[positions]).any(axis=1)
        pixels, P = pixels[known], P[positions[known]]
        if len(P) < 2 or np.count_nonzero(P.sum(axis=0)) < 2:
            raise ValueError(
                f"{len(P)} of {len(images)} images can be read and have a target; give at least 2, of 2 "
                "classes"
            )
        self.mean_: _Floats
        self.scale_: _Floats
        self.mean_, self.scale_ = channel_moments(pixels) if self.weights is None else OFFICIAL
        # one draw, so that a RandomState shared by several estimators moves on by the same amount every time
        seed = int(check_random_state(self.random_state).randint(2**31 - 1))
        randomness = TorchRandomness(seed)
        with randomness():
            self.network_ = self._network()
        return self._learn(torch.from_numpy(pixels), torch.from_numpy(P).float(), seed, randomness)

    def predict_proba(self, images: Images) -> _Floats:
        """Return the probability of every class.

        Parameters
        ----------
        images
            As for `fit`. They are asked for one after the other.

        Returns
        -------
        ndarray of shape (n, n_classes)
            In [0, 1], rows sum to 1, columns follow ``classes_``; NaN for empty images.
        """
        check_is_fitted(self)
        self.network_.eval()
        P = np.full((len(images), len(self.classes_)), np.nan)
        for pixels, positions in resize_in_batches(images, self.size_):
            with torch.inference_mode(), threads(free_cores()):
                logits = self._logits(self._inputs(torch.from_numpy(pixels)))
                P[positions] = logits.double().softmax(dim=1).cpu().numpy()
        return P

    def _check_settings(self) -> None:
        if isinstance(self.backbone, str) and self.backbone not in BACKBONES:
            raise ValueError(
                f"backbone is {self.backbone!r}; give one of {', '.join(BACKBONES)}, or a function that "
                "returns a network for a given number of classes"
            )
        if self.size is not None and not (np.shape(self.size) == (2,) and min(self.size) >= 32):
            raise ValueError(f"size is {self.size}; give height and width in pixels, at least 32")
        if self.batch_size < 2:
            raise ValueError(f"batch_size is {self.batch_size}; batch normalization needs at least 2")
        if not self.learning_rate > 0:
            raise ValueError(f"learning_rate is {self.learning_rate}; give a number above 0")

    def _network(self) -> nn.Module:
        make = BACKBONES[self.backbone] if isinstance(self.backbone, str) else self.backbone
        network: nn.Module = make(len(self.classes_))
        if self.weights is not None:
            load_weights(network, self.weights)
        device = "cuda" if on_cuda(self.device) else "cpu"
        network.to(device, memory_format=torch.channels_last)  # type: ignore[call-overload]
        return network

    def _learn(self, pixels: Tensor, P: Tensor, seed: int, randomness: TorchRandomness) -> Iterator[Record]:
        """Train the network on images as from `resize_images` and (n, n_classes) probabilities."""
        network = self.network_
        shares = P.mean(dim=0).clamp(min=1e-6)  # a class without examples weighs nothing: no division by 0
        weights = 1 / (len(shares) * shares) if self.balance else torch.ones(len(shares))
        optimizer = PacedAdamW(network.parameters(), self.learning_rate, self.epochs * len(P))

        def step(rows: NDArray[np.int64]) -> dict[str, float]:
            network.train()
            with randomness():
                x = self._inputs(pixels[rows])
                logits = self._logits(augment(x) if self.augment else x)
            loss = functional.cross_entropy(logits, P[rows].to(x.device), weight=weights.to(x.device))
            optimizer.step(loss, len(rows))
            return {"loss": loss.item()}

        batches = ShuffledBatches(len(P), self.batch_size, seed)
        return train(step, batches, self.epochs, pixels=self.batch_size * math.prod(self.size_))

    def _inputs(self, pixels: Tensor) -> Tensor:
        return normalize(pixels.to(next(self.network_.parameters()).device), self.mean_, self.scale_)

    def _logits(self, x: Tensor) -> Tensor:
        with autocast(x.device.type, self.precision):
            logits: Tensor = self.network_(x.contiguous(memory_format=torch.channels_last))
        return logits.float()
