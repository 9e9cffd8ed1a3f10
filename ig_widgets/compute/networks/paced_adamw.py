"""AdamW for trainings of known length: the learning rate rises, then falls to 0."""

import math
from collections.abc import Iterable

import torch
from torch import Tensor


class PacedAdamW:
    """AdamW whose learning rate depends on the share of the training that is over.

    The learning rate rises over the first tenth of the training, and falls along half a cosine.

    Parameters
    ----------
    parameters
        What is learned.
    learning_rate
        The highest.
    n_examples
        How many examples are learned from in the whole training, each as often as it comes.
    """

    def __init__(self, parameters: Iterable[Tensor], learning_rate: float, n_examples: int) -> None:
        self._optimizer = torch.optim.AdamW(parameters, fused=True)
        self._learning_rate = learning_rate
        self._n_examples = n_examples
        self._seen = 0

    def step(self, loss: Tensor, count: int) -> None:
        """Take a step for the loss of a number of examples."""
        self._seen += count
        over = self._seen / self._n_examples
        pace = min(1.0, 10 * over) * (1 + math.cos(math.pi * over)) / 2
        self._optimizer.param_groups[0]["lr"] = self._learning_rate * pace
        self._optimizer.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        self._optimizer.step()
