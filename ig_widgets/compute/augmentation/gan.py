"""Augmentation by a GAN that learns what the drawn patterns look like."""

import os
from collections import deque
from collections.abc import Iterator, Sequence
from numbers import Integral
from typing import Self
from zipfile import BadZipFile

import numpy as np
import pandas as pd
import torch
from numpy.typing import NDArray
from sklearn.base import BaseEstimator
from sklearn.utils import check_random_state
from sklearn.utils.validation import check_is_fitted

from ig_widgets.compute.augmentation.gan_networks import SMALLEST_SIDE
from ig_widgets.compute.augmentation.gan_training import Adversaries, Loss
from ig_widgets.compute.networks.archives import read_archive, write_archive
from ig_widgets.compute.networks.devices import Device, on_cuda
from ig_widgets.compute.networks.precision import Precision
from ig_widgets.compute.networks.square_patches import as_image, as_squares, correlations, resize
from ig_widgets.compute.networks.training import Record, ShuffledBatches, train
from ig_widgets.data.annotations import BOX
from ig_widgets.data.images import ImageSet

_FORMAT = "ig_widgets PatternGAN 2"
_SOURCE = ("image", "label", *BOX)


class PatternGAN(BaseEstimator):
    """Generate patterns that look like the drawn ones with a relativistic GAN.

    Parameters
    ----------
    loss
        What the two networks compare. "average": a real pattern with the average fake one and the reverse,
        as in the published code. "pairwise": each real pattern with one fake one, as in the paper.
    epochs
        How often the patterns are gone through. The paper has about 1000, as ten patterns want; what
        counts are the steps, so a hundred patterns do with a tenth of it.
    noise
        Random numbers that a pattern is made of.
    learning_rate
        Of both networks' Adam, whose other settings are the published code's betas of 0.5 and 0.999.
    side
        Pixels of the square that patterns are made to fit, 7 or more. None: the mean of all widths and
        heights, at most 100.
    batch_size
        Patterns per step, 2 or more. The paper does not tell; 5 is that of the published example.
    device
        "auto": the GPU where there is one.
    precision
        In which format convolutions compute. "auto": bfloat16 where the processor has instructions for it.
        The losses, spectral norms and weights are float32 always, and so is `sample`.
    random_state
        Seed of weights, noise and order. The same seed gives the same patterns on the same machine with the
        same number of threads.

    Attributes
    ----------
    generator_, discriminator_ : torch.nn.Module
        The networks.
    side_ : int
        Pixels of the square.
    channels_ : int
        1 where all patterns are gray (or have equal channels), else 3.
    epoch_ : int
        Epochs trained so far.
    records_ : list of dict
        Of each epoch ``epoch, d_loss, g_loss``. Both losses are ln 2 = 0.69 while the discriminator cannot
        tell real from fake. With few patterns it soon can: 0.2 and 2 are common and no cause for alarm.
    seed_ : int
        The seed in use.

    Notes
    -----
    The method is that of Inspector Gadget (Heo et al. 2020, "Inspector Gadget: A Data Programming-based
    Labeling System for Industrial Images", sections 4.1 and 6.1) with the layers of its published code,
    which makes gray squares of 100 pixels only; ours follow the side, see `gan_networks.kernels`. One step
    of the discriminator and one of the generator per batch. The published code draws samples with the
    batch normalization of training; we do not, so that a sample depends on its own noise alone.

    What to expect, measured on cracks of KSDD as squares of 100 pixels, 100 samples each:

    - Ten patterns: cracks, blots and faint streaks on a texture like that of the patterns, most of them
      pieces of several cracks rather than one whole. Their correlation with the nearest pattern is 0.59 in
      the median (0.18 to 0.80), with each other 0.34; the patterns have 0.17 among themselves, and the 100
      published samples 0.58 and 0.27, which 2000 epochs reach (0.57 and 0.28) with sharper lines. The
      losses end at 0.15 and 2.3. The pairwise loss makes no difference that can be seen.
    - Three patterns: the same three backgrounds merged into one, with pieces of the three cracks in their
      old places in new combinations, some of them invented; 0.54 (0.34 to 0.83) and 0.38. The losses end
      at 0.02 and 4.3: the discriminator knows the three by heart. Draw more, or prefer `PolicyAugmenter`.

    1000 epochs on ten patterns take about 100 s on one core with instructions for bfloat16 and 2.5 times as
    long without. An average of the generator's weights over the last steps gave no better samples.

    A fitted object is kept with `save`; torch does not pickle spectral norms.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> patterns = [rng.integers(0, 256, (8, 20), np.uint8) for _ in range(3)]
    >>> gan = PatternGAN(random_state=0)
    >>> for record in gan.training(patterns):
    ...     if record["epoch"] == 2:  # somebody has pressed Stop
    ...         break
    >>> gan.sample(5, random_state=1)
    ImageSet(5 images: 'GAN/1-0', …, 'GAN/1-4')
    """

    def __init__(
        self,
        *,
        loss: Loss = "average",
        epochs: int = 1000,
        noise: int = 100,
        learning_rate: float = 1e-4,
        side: int | None = None,
        batch_size: int = 5,
        device: Device = "auto",
        precision: Precision = "auto",
        random_state: int | np.random.RandomState | None = None,
    ) -> None:
        self.loss = loss
        self.epochs = epochs
        self.noise = noise
        self.learning_rate = learning_rate
        self.side = side
        self.batch_size = batch_size
        self.device = device
        self.precision = precision
        self.random_state = random_state

    def fit(self, patterns: Sequence[NDArray[np.uint8]], y: None = None) -> Self:  # noqa: ARG002
        """Train for all epochs.

        Parameters
        ----------
        patterns
            As for `training`.
        y
            Not used.

        Returns
        -------
        PatternGAN
            This object.
        """
        deque(self.training(patterns), maxlen=0)
        return self

    def training(self, patterns: Sequence[NDArray[np.uint8]] | None = None) -> Iterator[Record]:
        """Train epoch by epoch in the caller's loop, which can show progress and ``break``.

        Parameters
        ----------
        patterns
            An `ImageSet`, or a sequence of arrays (h, w) or (h, w, 3), uint8; two or more. None: go on with
            those of before, from the epoch that was reached to `epochs`, as if nothing had come between.

        Returns
        -------
        iterator of dict of str to float
            After each epoch its number, from 1, as ``epoch``, and the mean losses ``d_loss`` and ``g_loss``.
            From the first on, `sample` and `save` work.

        Raises
        ------
        ValueError
            If there are fewer than two patterns, or a setting is out of range.
        ImageError
            If a pattern cannot be read.
        """
        self._check_settings()
        if patterns is None:
            check_is_fitted(self)
        else:
            self._start(patterns)
        return self._epochs()

    def sample(self, n: int, random_state: int | np.random.RandomState | None = None) -> ImageSet:
        """Generate patterns.

        Parameters
        ----------
        n
            How many, 0 or more.
        random_state
            Seed. None: another one at every call, in an order that follows from ``seed_``.

        Returns
        -------
        ImageSet
            Patterns called ``"GAN/<seed>-<i>"``, i = 0, 1, …, each with the size of one of the patterns of
            `fit`. Number i depends on the seed and on i only. The ``provenance`` has the columns of
            `crop_patterns`: ``parent`` is the pattern of `fit` that the sample resembles most as a square,
            ``image, label`` and the box are that pattern's, ``magnitude`` is their normalized correlation,
            in [-1, 1], and ``operation`` is "GAN".

        Notes
        -----
        A sample comes from all patterns. The nearest one stands for them as the parent, so that
        cross-validation can leave a sample out together with the image that it resembles most; what it
        has from the other patterns stays.
        """
        check_is_fitted(self)
        if n < 0:
            raise ValueError(f"n is {n}; give the number of patterns to make, 0 or more")
        source = self._draws if random_state is None else random_state
        seed = source if isinstance(source, Integral) else check_random_state(source).randint(2**31 - 1)
        made, sizes = [], []
        for i in range(n):  # one by one: what a convolution gives may depend on the others in its batch
            rng = np.random.default_rng([int(seed), i])
            made.append(self._adversaries.sample(rng))
            sizes.append(self._sizes[rng.integers(len(self._sizes))])
        originals = self._adversaries.squares
        resemblance = correlations(np.reshape(made, (n, *originals.shape[1:])), originals)
        nearest = resemblance.argmax(axis=1)
        provenance = self._sources.iloc[nearest].reset_index(drop=True)
        provenance["parent"] = pd.Series([self._ids[parent] for parent in nearest], dtype="str")
        provenance["operation"] = pd.Series("GAN", index=provenance.index, dtype="str")
        provenance["magnitude"] = resemblance.max(axis=1)
        provenance["seed"] = pd.Series(int(seed), index=provenance.index, dtype="Int64")
        return ImageSet.from_arrays(
            [resize(as_image(square), *size) for square, size in zip(made, sizes, strict=True)],
            ids=[f"GAN/{seed}-{i}" for i in range(n)],
            provenance=provenance,
        )

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write everything that `load` needs to generate samples and to resume training.

        Parameters
        ----------
        path
            A file, which is replaced in one go if it exists: an NPZ of arrays, the patterns among them, and
            of names and numbers as JSON. Nothing in it is a pickle.
        """
        check_is_fitted(self)
        settings = self.get_params()
        del settings["device"]
        if not isinstance(self.random_state, Integral):
            settings["random_state"] = None
        sources = self._sources.astype(object)
        content = {
            "format": _FORMAT,
            "settings": {name: np.array(value).tolist() for name, value in settings.items()},
            "seed": self.seed_,
            "epoch": self.epoch_,
            "records": self.records_,
            "squares": torch.from_numpy(self._adversaries.squares),
            "sizes": self._sizes,
            "ids": self._ids,
            "sources": sources.where(sources.notna(), None).to_dict("list"),
            "state": self._adversaries.state(),
        }
        write_archive(path, content)

    @classmethod
    def load(cls, path: str | os.PathLike[str], *, device: Device = "auto") -> Self:
        """Read a GAN written by `save`.

        Parameters
        ----------
        path
            The file.
        device
            Where to compute from now on.

        Returns
        -------
        PatternGAN
            As it was saved; `sample` without a seed begins its seeds anew.

        Raises
        ------
        ValueError
            If the file was not written by `save`, or is damaged.
        """
        on_cuda(device)  # which says so if there is no GPU
        try:
            content = read_archive(path)
            if content["format"] != _FORMAT:
                raise ValueError(f"its format is {content['format']!r}")  # noqa: TRY301
            gan = cls(**content["settings"], device=device)
            gan._sizes, gan._ids = content["sizes"], content["ids"]
            gan._sources = _set_types(pd.DataFrame(content["sources"]))
            gan._build(content["squares"].numpy(), content["seed"])
            gan._adversaries.restore(content["state"])
            gan.epoch_, gan.records_ = content["epoch"], content["records"]
        except torch.OutOfMemoryError:
            raise
        except (BadZipFile, EOFError, RuntimeError, LookupError, TypeError, ValueError) as error:
            raise ValueError(
                f"'{os.fspath(path)}' was not written by PatternGAN.save of this version, or is damaged: "
                "give another file, or train again"
            ) from error
        return gan

    def _check_settings(self) -> None:
        if self.loss not in ("average", "pairwise"):
            raise ValueError(f"loss is {self.loss!r}; give 'average' or 'pairwise'")
        for name, least in (("epochs", 0), ("noise", 1), ("batch_size", 2)):
            value = getattr(self, name)
            if value < least:
                raise ValueError(f"{name} is {value}; give {least} or more")
        if not self.learning_rate > 0:
            raise ValueError(f"learning_rate is {self.learning_rate}; give a positive number")

    def _start(self, patterns: Sequence[NDArray[np.uint8]]) -> None:
        """Build untrained networks for the patterns."""
        if not isinstance(patterns, ImageSet):
            patterns = ImageSet.from_arrays(list(patterns))
        if len(patterns) < 2:
            raise ValueError(
                f"a GAN learns what patterns have in common and where they differ, but there are "
                f"{len(patterns)}; give 2 or more"
            )
        arrays = [patterns[i] for i in range(len(patterns))]  # which says so if one cannot be read
        self._sizes = [array.shape[:2] for array in arrays]
        self._ids = list(patterns.ids)
        sources = (
            pd.DataFrame(index=range(len(arrays))) if patterns.provenance is None else patterns.provenance
        )
        self._sources = _set_types(sources.reindex(columns=list(_SOURCE)))
        mean = round(float(np.mean(self._sizes)))
        side = min(100, max(SMALLEST_SIDE, mean)) if self.side is None else self.side
        seed = int(check_random_state(self.random_state).randint(2**31 - 1))
        self._build(as_squares(arrays, side), seed)

    def _build(self, squares: NDArray[np.uint8], seed: int) -> None:
        """Build untrained networks for these squares."""
        self._adversaries = Adversaries(
            squares,
            loss=self.loss,
            noise=self.noise,
            learning_rate=float(self.learning_rate),  # numpy's own kind could not be read from a file
            device="cuda" if on_cuda(self.device) else "cpu",
            precision=self.precision,
            seed=seed,
        )
        self.generator_, self.discriminator_ = self._adversaries.generator, self._adversaries.discriminator
        self.channels_, self.side_ = squares.shape[1:3]
        self.seed_ = seed
        self._draws = np.random.RandomState(seed)
        self.epoch_ = 0
        self.records_: list[Record] = []

    def _epochs(self) -> Iterator[Record]:
        batches = ShuffledBatches(len(self._adversaries.squares), self.batch_size, self.seed_)
        for _ in range(self.epoch_):
            iter(batches)  # the orders of the epochs that are over
        epochs = max(0, self.epochs - self.epoch_)
        for record in train(self._adversaries.step, batches, epochs, pixels=self.batch_size * self.side_**2):
            self.epoch_ += 1
            self.records_.append({**record, "epoch": self.epoch_})
            yield self.records_[-1]


def _set_types(sources: pd.DataFrame) -> pd.DataFrame:
    """Give the columns the types of `crop_patterns`."""
    return sources.astype({"image": "str", "label": "str", **dict.fromkeys(BOX, "float64")})
