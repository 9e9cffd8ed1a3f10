"""Normalized cross-correlation of batches of images and patterns by Fourier transform, with torch."""

import math
from collections.abc import Sequence
from itertools import groupby
from typing import Any, Literal

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

__all__ = ["best_places"]

_Arrays = Sequence[NDArray[Any]]
_Size = tuple[int, int]

# What float32 transforms lose of sum(I T), as a multiple of eps ||I|| ||T||: at most constant + slope s with
# s^2 = area of pattern / area of image. Measured with MKL on noise, smooth images, gradients, gratings, faint
# texture in bright halves, 64 x 64 to 1500 x 2000 px, patterns of one row to everything: 0.4 + 4 s. Doubled.
_LOSS, _LOSS_SLOPE = 1.0, 8.0
_EPS = torch.finfo(torch.float32).eps
_ROUNDING = 1e-6  # of a score: its last steps are taken in float32
# of the image's energy: below it a window's energy is the rounding of the sums
_FLAT, _FLAT_WHOLE = 1e-14, 4e-16
_SURE = 2e-5  # a score is trusted when no place of the map can exceed it by more
_OUTSIDE = -4.0  # "square" of a pixel outside an image: a window that sticks out has no energy
_CPU_MEMORY, _CUDA_MEMORY = 2**28, 2**33  # bytes; more makes a GPU no faster


@torch.inference_mode()
def best_places(
    images: _Arrays,
    patterns: _Arrays,
    *,
    device: str | torch.device,
    scores: Literal["centered", "uncentered"],
    signed: bool,
    memory: int | None = None,
) -> tuple[NDArray[np.float64], NDArray[np.int32], NDArray[np.int32], NDArray[np.bool_]]:
    """Find the place where each image resembles each pattern most, looking everywhere.

    The places are ranked by a float32 Fourier transform; the best one of each pair is scored again in
    float64. What the transform loses is bounded, so the result says whether another place could be better.

    Parameters
    ----------
    images
        Arrays (C, H, W) of unsigned integers or float64; C is the same in all, H and W may differ.
    patterns
        Arrays (C, h, w), likewise.
    device
        A device of torch: "cpu", "cuda".
    scores
        "centered" or "uncentered", as in `match`.
    signed
        Take the maximum of NCC itself, not of its absolute value.
    memory
        Bytes to use on the device; by default 256 MiB on the CPU, and on a GPU half of what is free, at
        most 8 GiB. What one image and one pattern need is taken in any case.

    Returns
    -------
    scores : float array of shape (n_images, n_patterns)
        Similarities in [0, 1], or [-1, 1] when signed. 0 for a pattern that has the same value everywhere
        or is higher or wider than the image.
    ys, xs : int arrays of shape (n_images, n_patterns)
        Top left corners of the best windows, in pixels of each image; -1 where the pattern has none.
    sure : bool array of shape (n_images, n_patterns)
        Whether the score is within 2e-5 of the maximum. Elsewhere it is that of the place found, and
        another one may be better: float32 cannot tell.

    Raises
    ------
    torch.OutOfMemoryError
        If the device has no room for one image and one pattern.

    Notes
    -----
    Lewis, "Fast Normalized Cross-Correlation" (1995): the products by Fourier transform, the norms of the
    windows by integral images.
    """
    if memory is None:
        cuda = torch.device(device).type == "cuda"
        memory = min(torch.cuda.mem_get_info(device)[0] // 2, _CUDA_MEMORY) if cuda else _CPU_MEMORY
    structured = np.array([(pattern != pattern[:, :1, :1]).any() for pattern in patterns], bool)
    fits = structured & np.all(_sides(patterns) <= _sides(images)[:, None], axis=2)
    found = np.zeros(fits.shape), np.full(fits.shape, -1, np.int32), np.full(fits.shape, -1, np.int32), ~fits
    batches: dict[_Size, list[int]] = {}
    for i, image in enumerate(images):
        batches.setdefault((_good_length(image.shape[1]), _good_length(image.shape[2])), []).append(i)
    for size, rows in batches.items():
        columns = np.flatnonzero(fits[rows].any(axis=0)).tolist()
        if not columns:
            continue
        # a is the axis that the patterns fill most: along it the fewest places are windows
        filled = _sides([patterns[j] for j in columns]).mean(axis=0) / size
        turned = bool(filled[1] > filled[0])
        columns.sort(key=lambda j: patterns[j].shape[:0:-1] if turned else patterns[j].shape[1:])
        search = _Search(
            size[::-1] if turned else size,
            torch.device(device),
            centered=scores == "centered",
            signed=signed,
            turned=turned,
        )
        result = search.run([images[i] for i in rows], [patterns[j] for j in columns], memory)
        score, bound, a, b = result.cpu().numpy()
        pairs = np.ix_(rows, columns)
        places = (b, a) if turned else (a, b)
        for whole, part in zip(found, (score, *places, bound - score <= _SURE), strict=True):
            whole[pairs] = np.where(fits[pairs], part, whole[pairs])
    return found


class _Search:
    """The search in images of about one size, whose transforms have one size (A, B).

    Arrays are (..., a, b): rows and columns of the images or, turned, columns and rows. Spectra are
    (..., B // 2 + 1, A), so that the inverse transform along a comes first and reads the memory in order,
    and the places along a that are no windows are dropped before the one along b.
    """

    def __init__(
        self, size: _Size, device: torch.device, *, centered: bool, signed: bool, turned: bool
    ) -> None:
        self.size, self.device = size, device
        self.centered, self.signed, self.turned = centered, signed, turned

    def run(self, images: _Arrays, patterns: _Arrays, memory: int) -> Tensor:
        """Return score, upper bound, a and b of each pair, (4, n_images, n_patterns)."""
        n, p = len(images), len(patterns)
        while self._need(images[:n], patterns, p) > memory and n * p > 1:
            n, p = _halve(n, p)
        while True:
            try:
                rows = [self._row(images[i : i + n], patterns, p) for i in range(0, len(images), n)]
                return torch.cat(rows, dim=1)
            except torch.OutOfMemoryError:
                if n * p == 1:
                    raise
            n, p = _halve(n, p)

    def _row(self, images: _Arrays, patterns: _Arrays, p: int) -> Tensor:
        prepared = _PreparedImages(self, images)
        parts = [self._match(prepared, patterns[j : j + p]) for j in range(0, len(patterns), p)]
        return torch.cat(parts, dim=2)

    def _need(self, images: _Arrays, patterns: _Arrays, p: int) -> int:
        """Bytes that these images and p of the patterns at a time take: the arrays alive at once, counted."""
        area, channels = math.prod(self.size), len(images[0])
        window = max(pattern.size for pattern in patterns)
        prepared = len(images) * area * (48 * channels + 28)
        templates = p * (20 * area * channels + 24 * window)
        return prepared + templates + len(images) * p * (16 * area + 24 * window)

    def send(self, arrays: _Arrays) -> Tensor:
        """Copy arrays (C, ...) of one shape and type to the device, as float64 (n, C, a, b)."""
        kind = torch.from_numpy(np.empty(0, arrays[0].dtype)).dtype
        shape = (len(arrays), *arrays[0].shape)
        staged = torch.empty(shape, dtype=kind, pin_memory=self.device.type == "cuda")
        np.stack(arrays, out=staged.numpy())
        pixels: Tensor = staged.to(self.device, non_blocking=True).to(torch.float64)
        return pixels.mT if self.turned else pixels

    def spectra(self, pixels: Tensor, norm: str) -> Tensor:
        """Transform (n, C, a, b), filled up with zeros, to (n, C, B // 2 + 1, A)."""
        half = torch.fft.rfft(pixels.to(torch.float32), n=self.size[1], dim=-1, norm=norm).mT.contiguous()
        whole: Tensor = torch.fft.fft(half, n=self.size[0], dim=-1, norm=norm)
        return whole

    def _match(self, prepared: "_PreparedImages", patterns: _Arrays) -> Tensor:
        """Return what `run` does for the images and some of the sorted patterns at once."""
        kinds = groupby(patterns, key=lambda pattern: (pattern.shape, pattern.dtype))
        groups = [self._templates(list(same)) for _, same in kinds]
        correlation = self._correlation(prepared, [templates for templates, _ in groups])
        parts = torch.split(correlation, [len(templates) for templates, _ in groups], dim=1)
        found = [self._best(prepared, part, *group) for part, group in zip(parts, groups, strict=True)]
        return torch.cat(found, dim=2)

    def _templates(self, same: _Arrays) -> tuple[Tensor, Tensor]:
        """Return patterns (p, C, a, b) less their means, and these (p, C, 1, 1), scaled to a norm of 1."""
        pixels = self.send(same)
        means = pixels.mean((2, 3), keepdim=True)
        centered = pixels - means
        norms = torch.linalg.vector_norm(centered if self.centered else pixels, dim=(1, 2, 3), keepdim=True)
        return centered / norms, means / norms

    def _correlation(self, prepared: "_PreparedImages", groups: list[Tensor]) -> Tensor:
        """Return sum(I T) of all windows (n, p, a, b), and of some places that are no windows."""
        heights, widths = ([templates.shape[axis] for templates in groups] for axis in (2, 3))
        padded = torch.zeros(
            sum(map(len, groups)), groups[0].shape[1], max(heights), max(widths), device=self.device
        )
        start = 0
        for templates, height, width in zip(groups, heights, widths, strict=True):
            padded[start : (start := start + len(templates)), :, :height, :width] = templates
        spectra = self.spectra(padded, "backward").conj_physical_()
        product = prepared.spectra[:, None, 0] * spectra[:, 0]
        for channel in range(1, spectra.shape[1]):
            product.addcmul_(prepared.spectra[:, None, channel], spectra[:, channel])
        del spectra
        product = torch.fft.ifft(product, dim=-1, norm="forward")
        # a view: torch transforms a copy of its input anyway, which so becomes the one that turns and crops
        windows = product[..., : self.size[0] - min(heights) + 1].mT
        correlation: Tensor = torch.fft.irfft(windows, n=self.size[1], dim=-1, norm="forward")
        return correlation

    def _best(
        self, prepared: "_PreparedImages", correlation: Tensor, templates: Tensor, means: Tensor
    ) -> Tensor:
        """Return what `run` does for patterns of one size; overwrite their correlation (n, p, a, b)."""
        height, width = templates.shape[2:]
        inverse, sums = prepared.inverse_norms(height, width)
        ncc = correlation[..., : inverse.shape[1], : inverse.shape[2]]
        if not self.centered:
            for channel in range(means.shape[1]):
                ncc.addcmul_(sums[:, None, channel], means[:, channel].to(torch.float32))
        loss = _EPS * (_LOSS + _LOSS_SLOPE * math.sqrt(height * width / math.prod(self.size)))
        doubts = torch.add(loss * prepared.norms, inverse, alpha=_FLAT).mul_(inverse)
        bounds = torch.addcmul(doubts[:, None], ncc if self.signed else ncc.abs_(), inverse[:, None], out=ncc)
        # first the maxima along a, without their places: the passes over the map are what takes the time
        bound, b = bounds.amax(2).max(-1)
        a = bounds.gather(-1, b[:, :, None, None].expand(-1, -1, bounds.shape[2], 1)).argmax(2)[..., 0]
        # in an image smaller than others, with no place above 0, this may be a place that is no window
        a = a.minimum(prepared.sides[:, :1] - height).clamp_(min=0)
        b = b.minimum(prepared.sides[:, 1:] - width).clamp_(min=0)
        score = prepared.scores_at(a, b, templates, means)
        return torch.stack([score if self.signed else score.abs(), bound.add_(_ROUNDING).clamp_(max=1), a, b])


class _PreparedImages:
    """Images with everything that does not depend on the patterns, scaled to an energy of 1/4 to 1.

    The scale is a power of 2, so the sums of whole numbers stay exact.
    """

    def __init__(self, search: _Search, images: _Arrays) -> None:
        n, channels, (A, B) = len(images), len(images[0]), search.size
        self.centered = search.centered
        pixels = torch.zeros(n, channels, A, B, dtype=torch.float64, device=search.device)
        integrals = pixels.new_zeros(n, channels + 1, A + 1, B + 1)  # of I in each channel, of I^2 in all
        integrals[:, -1, 1:, 1:] = _OUTSIDE
        self.means = pixels.new_zeros(n, channels, 1, 1)
        flats: list[Tensor] = []
        for i, image in enumerate(images):
            sent = search.send([image])[0]
            a, b = sent.shape[1:]
            means = sent.mean((1, 2), keepdim=True)
            whole = image.dtype.kind == "u"
            if whole:
                means.round_()
            energy = (sent - means if self.centered else sent).square().sum()
            scale = torch.exp2(-torch.where(energy > 0, energy, 1).log2().div(2).ceil())
            pixels[i, :, :a, :b] = (sent - means) * scale
            self.means[i] = means * scale
            scored = pixels[i, :, :a, :b] if self.centered else sent * scale
            integrals[i, :-1, 1 : a + 1, 1 : b + 1] = scored
            integrals[i, -1, 1 : a + 1, 1 : b + 1] = scored.square().sum(0)
            # two whole numbers that differ make an energy of 0.5, and their sums are nearly exact
            energy = scored.square().sum()
            flats.append((scale.square() / 4).maximum(_FLAT_WHOLE * energy) if whole else _FLAT * energy)
        self.pixels, self.spectra = pixels, search.spectra(pixels, "forward")
        self.flats = torch.stack(flats)[:, None]
        self._flattest = float(self.flats.min())
        self.norms = torch.linalg.vector_norm(pixels, dim=(1, 2, 3))[:, None, None].to(torch.float32)
        sides = [image.shape[:0:-1] if search.turned else image.shape[1:] for image in images]
        self.sides = torch.tensor(sides).to(search.device)
        self._ends = np.max(sides, axis=0).tolist()
        self._integrals = integrals.cumsum_(-1).cumsum_(-2)
        self._strips = 0, self._integrals

    def inverse_norms(self, height: int, width: int) -> tuple[Tensor, Tensor]:
        """Return 1 / sqrt(sum I^2), 0 where flat, and sum I of all windows: (n, a, b), (n, C, a, b)."""
        a, b = self._ends[0] - height + 1, self._ends[1] - width + 1
        if self._strips[0] != height:
            tables = self._integrals[..., : self._ends[1] + 1]
            self._strips = height, tables[:, :, height : height + a] - tables[:, :, :a]
        strips = self._strips[1]
        sums = strips[..., width : width + b] - strips[..., :b]
        energies = sums[:, -1]
        if self.centered:
            for channel in range(sums.shape[1] - 1):
                energies.addcmul_(sums[:, channel], sums[:, channel], value=-1 / (height * width))
        # half of what is flat in the least bright image: what lies between is doubted, not dropped
        inverse = torch.empty_like(energies, dtype=torch.float32)
        return torch.rsqrt(torch.threshold_(energies, self._flattest / 8, math.inf), out=inverse), sums[
            :, :-1
        ]

    def scores_at(self, a: Tensor, b: Tensor, templates: Tensor, means: Tensor) -> Tensor:
        """Return the scores of one window per pair (n, p) in float64."""
        windows = self.pixels.unfold(2, templates.shape[2], 1).unfold(3, templates.shape[3], 1)
        windows = windows[torch.arange(len(a), device=a.device)[:, None], :, a, b]  # (n, p, C, height, width)
        if self.centered:
            windows -= windows.mean((3, 4), keepdim=True)
        else:
            windows += self.means[:, None]
            templates = templates + means
        energies = windows.square().sum((2, 3, 4))
        ncc = windows.mul_(templates).sum((2, 3, 4)) / energies.sqrt()
        return torch.where(energies > self.flats, ncc, 0).clamp(-1, 1)


def _sides(arrays: _Arrays) -> NDArray[np.int64]:
    return np.array([array.shape[1:] for array in arrays], np.int64).reshape(-1, 2)


def _halve(n: int, p: int) -> _Size:
    return (n, -(-p // 2)) if p >= n else (-(-n // 2), p)


def _good_length(length: int) -> int:
    """Return the next multiple of 32 without prime factors above 7: fast to transform."""
    return next(32 * m for m in range(-(-length // 32), length + 32) if pow(210, 64, m) == 0)
