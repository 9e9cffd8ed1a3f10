"""Visual words learned by a VQ-VAE."""

import math
from collections.abc import Iterator
from typing import Self

import numpy as np
import torch
from numpy.typing import NDArray
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.utils import check_random_state
from sklearn.utils.validation import check_is_fitted
from torch import Tensor, nn
from torch.nn import functional

from ig_widgets.compute.networks.devices import Device, on_cuda
from ig_widgets.compute.networks.normalization import channel_moments, normalize
from ig_widgets.compute.networks.paced_adamw import PacedAdamW
from ig_widgets.compute.networks.precision import Precision, autocast
from ig_widgets.compute.networks.resizing import Images, network_size, resize_images, resize_in_batches
from ig_widgets.compute.networks.training import Record, ShuffledBatches, TorchRandomness, train
from ig_widgets.compute.threads import free_cores, threads
from ig_widgets.compute.words.codebook import Codebook
from ig_widgets.compute.words.packing import WORD_BITS, pack_words

_REDUCTION = 8  # pixels in a cell, in each direction


class VQVAEWords(TransformerMixin, BaseEstimator):
    """Learn words that reconstruct images, and transform images to the words they contain.

    An encoder turns each cell of 8 x 8 pixels into a vector, which is replaced by the most similar word of a
    codebook; a decoder draws the image from these. The authors of MLfix propose it in the place of k-means.

    Parameters
    ----------
    n_words
        How many words.
    channels
        Numbers in a word.
    size
        Height and width to which images are brought, multiples of 8; None: those of `network_size`.
    epochs
        How often each image is learned from.
    batch_size
        Images per step.
    learning_rate
        The highest that AdamW takes.
    commitment
        How much it costs a cell to be unlike its word, beta in eq. 3.
    device, precision
        See `ImageClassifier`.
    random_state
        Seed of the first weights and of the images' order.

    Attributes
    ----------
    words_ : ndarray of shape (n_words, channels)
        The codebook.
    network_ : nn.Module
        Encoder, codebook and decoder.
    size_ : tuple of int
        Height and width in use.
    mean_, scale_ : ndarray of shape (3,)
        What standardizing subtracts from red, green and blue in [0, 1], and divides by.

    Notes
    -----
    Van den Oord, Vinyals & Kavukcuoglu 2017, "Neural Discrete Representation Learning", eq. 1 to 3; words are
    moving averages of the cells that they stand for (appendix A.1), and a word that stands for nothing
    becomes some cell of the batch, which is not in the paper.
    """

    def __init__(
        self,
        n_words: int = 1024,
        *,
        channels: int = 64,
        size: tuple[int, int] | None = None,
        epochs: int = 20,
        batch_size: int = 32,
        learning_rate: float = 2e-3,
        commitment: float = 0.25,
        device: Device = "auto",
        precision: Precision = "auto",
        random_state: int | np.random.RandomState | None = None,
    ) -> None:
        self.n_words = n_words
        self.channels = channels
        self.size = size
        self.epochs = epochs
        self.batch_size = batch_size
        self.learning_rate = learning_rate
        self.commitment = commitment
        self.device = device
        self.precision = precision
        self.random_state = random_state

    def fit(self, images: Images, y: object = None) -> Self:  # noqa: ARG002 (scikit-learn's contract)
        """Learn words.

        Parameters
        ----------
        images
            (H, W) or (H, W, 3) arrays of dtype uint8, which may differ in size. Empty ones, as unreadable
            images of an `ImageSet` are, are left out. All are held in memory at the reduced size.
        y
            Not used.

        Returns
        -------
        VQVAEWords
            This transformer.

        Raises
        ------
        FloatingPointError
            If training diverges.
        ValueError
            If a setting is not as described, or no image can be read.
        """
        for _ in self.training(images):
            pass
        return self

    def training(self, images: Images) -> Iterator[Record]:
        """Learn words in the caller's loop, which can show progress or stop.

        Parameters
        ----------
        images
            As for `fit`.

        Yields
        ------
        dict of str to float
            ``epoch``, counted from 1; ``loss``; ``error``, the mean square of what the drawn images differ
            by, in variances of the pixels; ``words``, how many words a batch needs. From the first record on,
            this transformer knows words.

        Raises
        ------
        FloatingPointError, ValueError
            As for `fit`.
        """
        if self.n_words < 2 or self.channels < 1 or self.batch_size < 1:
            raise ValueError(
                f"n_words is {self.n_words}, channels {self.channels} and batch_size {self.batch_size}; "
                "give 2 words or more, 1 number or more, and 1 image or more"
            )
        self.size_ = network_size(images) if self.size is None else self.size
        if any(side < _REDUCTION or side % _REDUCTION for side in self.size_):
            raise ValueError(f"size is {self.size_}; give multiples of {_REDUCTION} pixels")
        pixels, _ = resize_images(images, self.size_)
        if len(pixels) == 0:
            raise ValueError(f"none of the {len(images)} images can be read")
        self.mean_: NDArray[np.float64]
        self.scale_: NDArray[np.float64]
        self.mean_, self.scale_ = channel_moments(pixels)
        seed = int(check_random_state(self.random_state).randint(2**31 - 1))
        randomness = TorchRandomness(seed)
        with randomness():
            self.network_ = _Network(self.n_words, self.channels)
        self.network_.to("cuda" if on_cuda(self.device) else "cpu")
        return self._learn(torch.from_numpy(pixels), seed, randomness)

    def transform(self, images: Images) -> NDArray[np.uint64]:
        """Return which words each image contains, packed.

        Parameters
        ----------
        images
            As for `fit`. They are asked for a few at a time.

        Returns
        -------
        array of shape (n_images, ceil(n_words / 64)), uint64
            What `pack_words` packs. An image that cannot be read has no words.
        """
        check_is_fitted(self, "network_")
        self.network_.eval()
        packed = np.zeros((len(images), -(-self.n_words // WORD_BITS)), np.uint64)
        for pixels, positions in resize_in_batches(images, self.size_):
            with torch.inference_mode(), threads(free_cores()):
                cells = self._encode(torch.from_numpy(pixels))
                names = self.network_.codebook.nearest(cells).cpu().numpy()  # (n, cells)
            there = np.zeros((len(positions), self.n_words), bool)
            np.put_along_axis(there, names, values=True, axis=1)
            packed[positions] = pack_words(there)
        return packed

    @property
    def words_(self) -> NDArray[np.float32]:
        """The codebook."""
        check_is_fitted(self, "network_")
        return self.network_.codebook.words.cpu().numpy()

    def _learn(self, pixels: Tensor, seed: int, randomness: TorchRandomness) -> Iterator[Record]:
        network = self.network_
        optimizer = PacedAdamW(network.parameters(), self.learning_rate, self.epochs * len(pixels))

        def step(rows: NDArray[np.int64]) -> dict[str, float]:
            network.train()
            x = self._inputs(pixels[rows])
            cells = self._encode(pixels[rows])
            with randomness():
                words, names = network.codebook.learn(cells)
            drawn = self._decode(cells + (words - cells).detach())  # gradients pass as if there were no words
            error = functional.mse_loss(drawn, x)
            loss = error + self.commitment * functional.mse_loss(cells, words)
            optimizer.step(loss, len(rows))
            return {
                "loss": loss.item(),
                "error": error.item(),
                "words": float(names.flatten().bincount().count_nonzero()),
            }

        batches = ShuffledBatches(len(pixels), self.batch_size, seed)
        return train(step, batches, self.epochs, pixels=self.batch_size * math.prod(self.size_))

    def _inputs(self, pixels: Tensor) -> Tensor:
        return normalize(pixels.to(next(self.network_.parameters()).device), self.mean_, self.scale_)

    def _encode(self, pixels: Tensor) -> Tensor:
        """Return the (n, cells, channels) vectors of images."""
        x = self._inputs(pixels)
        with autocast(x.device.type, self.precision):
            maps = self.network_.encoder(x)
        cells: Tensor = maps.float().flatten(2).transpose(1, 2)  # (n, c, h, w) -> (n, h * w, c)
        return cells

    def _decode(self, cells: Tensor) -> Tensor:
        rows, columns = (side // _REDUCTION for side in self.size_)
        maps = cells.transpose(1, 2).reshape(len(cells), -1, rows, columns)  # (n, h * w, c) -> (n, c, h, w)
        with autocast(cells.device.type, self.precision):
            drawn: Tensor = self.network_.decoder(maps)
        return drawn.float()


class _Network(nn.Module):
    def __init__(self, n_words: int, channels: int) -> None:
        super().__init__()
        self.encoder = nn.Sequential(
            nn.Conv2d(3, 32, 4, 2, padding=1),
            nn.ReLU(inplace=True),
            nn.Conv2d(32, 64, 4, 2, padding=1),
            nn.ReLU(inplace=True),
            nn.Conv2d(64, 64, 4, 2, padding=1),
            nn.ReLU(inplace=True),
            nn.Conv2d(64, channels, 3, padding=1),
        )
        self.codebook = Codebook(n_words, channels)
        self.decoder = nn.Sequential(
            nn.Conv2d(channels, 64, 3, padding=1),
            nn.ReLU(inplace=True),
            nn.ConvTranspose2d(64, 64, 4, 2, padding=1),
            nn.ReLU(inplace=True),
            nn.ConvTranspose2d(64, 32, 4, 2, padding=1),
            nn.ReLU(inplace=True),
            nn.ConvTranspose2d(32, 3, 4, 2, padding=1),
        )
