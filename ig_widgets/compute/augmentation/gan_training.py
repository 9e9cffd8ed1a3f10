"""Training of the two networks of a GAN against each other."""

from typing import Any, Literal, TypeAlias

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn.utils import parametrize

from ig_widgets.compute.augmentation.gan_networks import (
    Discriminator,
    Generator,
    average_losses,
    pairwise_losses,
)
from ig_widgets.compute.networks.precision import Precision, autocast
from ig_widgets.compute.networks.training import Record, TorchRandomness

Loss: TypeAlias = Literal["average", "pairwise"]

_LOSSES = {"average": average_losses, "pairwise": pairwise_losses}


class Adversaries:
    """A generator and a discriminator trained against each other on square patterns.

    Parameters
    ----------
    squares
        (n, channels, side, side) uint8, the real ones.
    loss, noise, learning_rate, precision
        As in `PatternGAN`.
    device
        "cpu" or "cuda".
    seed
        Of the initial weights and of the noise.
    """

    def __init__(
        self,
        squares: NDArray[np.uint8],
        *,
        loss: Loss,
        noise: int,
        learning_rate: float,
        device: str,
        precision: Precision,
        seed: int,
    ) -> None:
        self.squares = squares
        self._losses = _LOSSES[loss]
        self._length = noise
        self._device = device
        self._autocast = autocast(device, precision)
        self._seed = seed
        self._steps = 0
        channels, side = squares.shape[1:3]
        with TorchRandomness(seed)():
            self.generator = Generator(side, channels, noise)
            self.discriminator = Discriminator(side, channels)
        self._networks = (self.generator, self.discriminator)
        for network in self._networks:
            # steps took twice as long with the channels first; torch's types do not know the argument
            network.to(device, memory_format=torch.channels_last)  # type: ignore[call-overload]
        self._optimizers = tuple(
            torch.optim.Adam(network.parameters(), learning_rate, betas=(0.5, 0.999))
            for network in self._networks
        )

    def step(self, batch: NDArray[np.int64]) -> Record:
        """Train the discriminator on these squares and as many fake ones, then the generator.

        Parameters
        ----------
        batch
            (n,) positions of squares, two or more.

        Returns
        -------
        dict of str to float
            ``d_loss`` before this step, and ``g_loss`` after the discriminator has learned in it.
        """
        n = len(batch)
        # of a generator for each step, so that training goes on from a file as if nothing had come between
        noise = self._noise(np.random.default_rng([self._seed, self._steps, 1]), n)
        self._steps += 1
        real = torch.from_numpy(self.squares[batch]).to(self._device, torch.float32) / 127.5 - 1
        real = real.contiguous(memory_format=torch.channels_last)

        for network in self._networks:
            network.train().requires_grad_(requires_grad=True)
        with self._autocast:
            fake = self.generator(noise)
            # one pass for both: nothing in the discriminator mixes the squares of a batch
            scores = self.discriminator(torch.cat([real, fake.detach()]))  # (2 n,)
        d_loss, _ = self._losses(scores[:n], scores[n:])
        _descend(d_loss, self._optimizers[1])

        self.discriminator.requires_grad_(requires_grad=False)  # nobody needs these gradients below
        with self._autocast, parametrize.cached():  # one weight for both passes
            with torch.no_grad():
                real_scores = self.discriminator(real)
            fake_scores = self.discriminator(fake)
        _, g_loss = self._losses(real_scores, fake_scores)
        _descend(g_loss, self._optimizers[0])
        return {"d_loss": d_loss.item(), "g_loss": g_loss.item()}

    def sample(self, rng: np.random.Generator) -> NDArray[np.uint8]:
        """Return a fake square (channels, side, side); the normalizations use what they have learned."""
        self.generator.eval()
        with torch.inference_mode():
            square = self.generator(self._noise(rng, 1))[0]
        pixels: NDArray[np.uint8] = ((square + 1) * 127.5).round().to("cpu", torch.uint8).numpy()
        return pixels

    def state(self) -> dict[str, Any]:
        """Return all that changes in training, as tensors and plain numbers."""
        return {"steps": self._steps, "parts": [part.state_dict() for part in self._parts()]}

    def restore(self, state: dict[str, Any]) -> None:
        """Restore a state."""
        self._steps = state["steps"]
        for part, content in zip(self._parts(), state["parts"], strict=True):
            part.load_state_dict(content)

    def _parts(self) -> tuple[Any, ...]:
        return (*self._networks, *self._optimizers)

    def _noise(self, rng: np.random.Generator, n: int) -> Tensor:
        noise = rng.standard_normal((n, self._length), dtype=np.float32)
        return torch.from_numpy(noise).to(self._device)


def _descend(loss: Tensor, optimizer: torch.optim.Optimizer) -> None:
    optimizer.zero_grad()
    loss.backward()  # type: ignore[no-untyped-call]
    optimizer.step()
