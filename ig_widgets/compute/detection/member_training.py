"""Training of one network of a pattern detector's ensemble."""

from collections.abc import Sequence

import torch
from torch.optim import AdamW
from torch.optim.lr_scheduler import OneCycleLR

from ig_widgets.compute.detection.network import DetectorNetwork, background_loss, box_loss
from ig_widgets.compute.detection.training_images import TrainingImage
from ig_widgets.compute.detection.windows import WindowDrawer
from ig_widgets.compute.networks.precision import Precision, autocast
from ig_widgets.compute.networks.training import TorchRandomness


class MemberTraining:
    """A network in training, which draws windows from its images and learns from them.

    Parameters
    ----------
    images
        What it learns from.
    n_classes
        How many classes boxes have.
    size
        Height and width of the windows.
    steps
        How many there will be: the learning rate follows one cycle over them.
    learning_rate
        The highest.
    device
        "cpu" or "cuda".
    precision
        See `autocast`.
    seed
        Of the windows and the first weights.
    """

    def __init__(
        self,
        images: Sequence[TrainingImage],
        *,
        n_classes: int,
        size: tuple[int, int],
        steps: int,
        learning_rate: float,
        device: str,
        precision: Precision,
        seed: int,
    ) -> None:
        self._windows = WindowDrawer(images, n_classes, size, seed)
        with TorchRandomness(seed)():
            network = DetectorNetwork(len(images[0].pixels), n_classes)
        # the layout that convolutions are fastest with
        self.network: DetectorNetwork = network.to(device, memory_format=torch.channels_last)  # type: ignore[call-overload]
        self._device, self._precision = device, precision
        self._optimizer = AdamW(self.network.parameters(), learning_rate, weight_decay=1e-4)
        self._schedule = OneCycleLR(self._optimizer, learning_rate, total_steps=steps, pct_start=0.2)

    def step(self) -> tuple[float, float]:
        """Learn from one batch of windows; returns the loss of its boxes and of its background."""
        windows = self._windows.draw()
        x = torch.from_numpy(windows.pixels).to(self._device, memory_format=torch.channels_last)
        self.network.train()
        with autocast(self._device, self._precision):
            logits = self.network(x)
        logits = logits.float()
        background = torch.from_numpy(windows.background).to(self._device)
        inside = box_loss([logits[bag] for bag in windows.bags])
        outside = background_loss(logits, background)
        self._optimizer.zero_grad()
        (inside + outside).backward()  # type: ignore[no-untyped-call]
        self._optimizer.step()
        self._schedule.step()
        return inside.item(), outside.item()
