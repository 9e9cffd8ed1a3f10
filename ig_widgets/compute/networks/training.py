"""The training loop shared by all networks."""

import math
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from typing import TypeVar

import numpy as np
import torch
from numpy.typing import NDArray

from ig_widgets.compute.threads import threads, usable_cores

Batch = TypeVar("Batch")
Record = dict[str, float]


_SHARE = (
    100_000  # pixels of a batch: with less to do, threads lose more in waiting for each other than they bring
)


def train(
    step: Callable[[Batch], Mapping[str, float]], batches: Iterable[Batch], epochs: int, *, pixels: int = 0
) -> Iterator[Record]:
    """Train for a number of epochs, and yield the mean of what each step returns.

    Steps are `deterministic`. Nothing happens between two records: progress bars, logging, stopping early
    and a Stop button are the caller's ``for`` loop and its ``break``.

    Parameters
    ----------
    step
        Learns from one batch, and returns what it measured.
    batches
        What an epoch goes through. It is iterated anew for every epoch, so it must allow that, as lists and
        `ShuffledBatches` do.
    epochs
        How many times, 0 or more.
    pixels
        How many a network sees in a batch. A thread is used for each 100,000, one at least, and no more than
        there are usable cores. How busy these are makes no difference: sums of gradients depend on the number
        of threads, and the same seed must give the same network.

    Yields
    ------
    dict of str to float
        ``epoch``, counted from 1, and the mean over the batches of each thing measured.

    Raises
    ------
    ValueError
        If there is no batch, or `epochs` is negative.
    FloatingPointError
        If something measured is not finite: no later epoch can mend that.

    Examples
    --------
    >>> list(train(lambda batch: {"loss": sum(batch)}, [[1, 2], [3]], epochs=2))
    [{'epoch': 1, 'loss': 3.0}, {'epoch': 2, 'loss': 3.0}]
    """
    if epochs < 0:
        raise ValueError(f"epochs is {epochs}; give 0 or more")
    for epoch in range(1, epochs + 1):
        with deterministic(), threads(max(1, min(usable_cores(), pixels // _SHARE))):
            measured = [step(batch) for batch in batches]
        if not measured:
            raise ValueError("there is no batch to train on; give at least one example")
        record = {name: float(np.mean([one[name] for one in measured])) for name in measured[0]}
        for name, value in record.items():
            if not math.isfinite(value):
                raise FloatingPointError(
                    f"{name} is {value} in epoch {epoch}; training has diverged: try a smaller learning rate"
                )
        yield {"epoch": epoch, **record}


def deterministic() -> AbstractContextManager[None]:
    """Return a context in which cuDNN computes the same again; networks are as reproducible as the rest."""
    flags: AbstractContextManager[None] = torch.backends.cudnn.flags(
        enabled=True, benchmark=False, deterministic=True
    )
    return flags


def until_patience(records: Iterable[Record], name: str, patience: int) -> Iterator[Record]:
    """Stop some epochs after the best one.

    Parameters
    ----------
    records
        What `train` yields.
    name
        What should fall, such as "val_loss".
    patience
        How many epochs in a row may pass without a new lowest value, 1 or more.

    Yields
    ------
    dict of str to float
        The records, up to the one that ends the patience.

    Examples
    --------
    >>> losses = [3.0, 1.0, 2.0, 2.0, 0.5]
    >>> [record["loss"] for record in until_patience([{"loss": loss} for loss in losses], "loss", 2)]
    [3.0, 1.0, 2.0, 2.0]
    """
    best, waited = math.inf, 0
    for record in records:
        yield record
        best, waited = (record[name], 0) if record[name] < best else (best, waited + 1)
        if waited >= patience:
            return


class ShuffledBatches:
    """Positions of examples, in another seeded order every time that they are gone through.

    Parameters
    ----------
    n
        Number of examples.
    size
        Examples per batch. The last batch is smaller where they do not divide; one that would hold a single
        example, of which batch normalization can make nothing, is joined to the one before.
    random_state
        Seed of the orders.

    Examples
    --------
    >>> sorted(len(batch) for batch in ShuffledBatches(7, 3, random_state=0))
    [3, 4]
    """

    def __init__(self, n: int, size: int, random_state: int = 0) -> None:
        self.n = n
        self.size = size
        self._rng = np.random.default_rng(random_state)

    def __iter__(self) -> Iterator[NDArray[np.int64]]:
        """Draw an order."""
        starts = list(range(0, self.n, self.size))
        if self.size > 1 and len(starts) > 1 and self.n - starts[-1] == 1:
            starts.pop()
        order = self._rng.permutation(self.n)
        return iter(np.split(order, starts[1:]) if starts else [])


class TorchRandomness:
    """A stream of torch's random numbers of its own, since layers such as dropout know only the global one.

    Inside a ``with`` torch draws from this stream, which goes on where it was left; afterwards the global
    one is as it was. So a seeded training neither disturbs nor feels what else draws between two epochs.

    Parameters
    ----------
    seed
        Where the stream starts.
    """

    def __init__(self, seed: int) -> None:
        self.seed = seed
        self._states: tuple[torch.Tensor, list[torch.Tensor]] | None = None

    @contextmanager
    def __call__(self) -> Iterator[None]:
        """Draw from this stream."""
        with torch.random.fork_rng(devices=range(torch.cuda.device_count())):  # it warns if it is to guess
            if self._states is None:
                torch.manual_seed(self.seed)
            else:
                torch.set_rng_state(self._states[0])
                if torch.cuda.is_available():
                    torch.cuda.set_rng_state_all(self._states[1])
            try:
                yield
            finally:
                cuda = torch.cuda.get_rng_state_all() if torch.cuda.is_available() else []
                self._states = torch.get_rng_state(), cuda
