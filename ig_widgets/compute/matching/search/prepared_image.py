"""An image prepared for many searches: reductions, integral images and spectra."""

from typing import Any, Literal, NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray
from scipy import fft

from ig_widgets.compute.matching.search.correlation import halve

Kind = Literal["centered", "uncentered"]

FACTORS = (4, 2, 1)
"""How far images and patterns are reduced, the furthest first."""

# of the image's energy: below it a window's energy is the rounding of the sums
_FLAT, _FLAT_WHOLE = 1e-14, 4e-16
_NO_SQUARES = np.empty((0, 0), np.float32)


class Level(NamedTuple):
    """An image at a reduction: (channels, H, W) values, (H, W) squares, (channels,) means to subtract first.

    The squares are the means of the blocks' squares, summed over channels; (0, 0) at full resolution.
    """

    values: NDArray[Any]
    squares: NDArray[Any]
    means: NDArray[Any]


class Transforms(NamedTuple):
    """Integral images as in `window_norms`, and spectra, at a reduction; all in landscape format."""

    sums: NDArray[Any]
    squares: NDArray[Any]
    spectrum: NDArray[Any]
    shape: tuple[int, int]


class PreparedImage:
    """An image with everything that the patterns searched in it share, made when it is first needed.

    Parameters
    ----------
    pixels
        (channels, H, W): uint8, uint16 or float64, finite.

    Attributes
    ----------
    means
        (channels,): the mean of each channel; rounded if pixels are whole numbers, so that the differences to
        it stay exact.
    norm
        Root of the sum of the squared differences to the means.
    tall
        Whether the image is higher than wide.
    """

    def __init__(self, pixels: NDArray[Any]) -> None:
        self.pixels = pixels
        self.height, self.width = pixels.shape[1:]
        self.tall = self.height > self.width
        if pixels.dtype.kind == "u":
            moments = [cv2.meanStdDev(channel) for channel in pixels]
            self.means = np.round([mean.item() for mean, _ in moments])
            energy = sum(std.item() ** 2 + (mean.item() - round(mean.item())) ** 2 for mean, std in moments)
        else:
            self.means = pixels.mean(axis=(1, 2))
            energy = float(pixels.var(axis=(1, 2)).sum())
        self.norm = float(np.sqrt(energy * self.height * self.width))
        self._levels: dict[int, Level] = {}
        self._transforms: dict[int, Transforms] = {}

    @property
    def nbytes(self) -> int:
        """Memory held, in bytes."""
        held = {id(self.pixels): self.pixels}
        for arrays in [*self._levels.values(), *self._transforms.values()]:
            held |= {id(array): array for array in arrays if isinstance(array, np.ndarray)}
        return sum(array.nbytes for array in held.values())

    def flat(self, kind: Kind) -> float:
        """Energy up to which a window counts as having no contrast (as black, when uncentered)."""
        brightness = self.height * self.width * np.dot(self.means, self.means) if kind == "uncentered" else 0
        energy = float(self.norm**2 + brightness)
        # two whole numbers that differ make an energy of 0.5, and their sums are nearly exact
        return max(0.25, _FLAT_WHOLE * energy) if self.pixels.dtype.kind == "u" else _FLAT * energy

    def to_landscape(self, channels: Any) -> Any:
        """Exchange height and width of a tall image, as long lines are transformed faster."""
        return np.ascontiguousarray(channels.swapaxes(-1, -2)) if self.tall else channels

    def level(self, factor: int) -> Level:
        """Return the image reduced by a factor."""
        if factor not in self._levels:
            if factor == 1:
                # float32 holds the differences of 16-bit numbers exactly
                precision = np.float32 if self.pixels.dtype.kind == "u" else np.float64
                self._levels[1] = Level(self.pixels, _NO_SQUARES, self.means.astype(precision))
            else:
                finer = self.level(factor // 2)
                channels, height, width = finer.values.shape
                values = np.empty((channels, -(-height // 2), -(-width // 2)), np.float32)
                squares = np.empty(values.shape[1:], np.float32)
                halve(finer.values, finer.squares, finer.means, values, squares)
                self._levels[factor] = Level(values, squares, np.zeros(channels, np.float32))
        return self._levels[factor]

    def transforms(self, factor: int) -> Transforms:
        """Return integral images and spectra at a reduction."""
        if factor not in self._transforms:
            level = self.level(factor)
            values = self.to_landscape(self._centered() if factor == 1 else level.values)
            if factor == 1:
                pairs = [cv2.integral2(channel, sdepth=cv2.CV_64F, sqdepth=cv2.CV_64F) for channel in values]
                sums, squares = [pair[0] for pair in pairs], sum(pair[1] for pair in pairs)
            else:
                sums = [cv2.integral(channel, sdepth=cv2.CV_64F) for channel in values]
                squares = cv2.integral(self.to_landscape(level.squares), sdepth=cv2.CV_64F)
            shape = spectrum_shape(*values.shape[1:])
            self._transforms[factor] = Transforms(np.stack(sums), squares, spectrum(values, shape), shape)
        return self._transforms[factor]

    def _centered(self) -> NDArray[Any]:
        means = self.level(1).means
        deviations: NDArray[Any] = np.subtract(self.pixels, means[:, None, None], dtype=means.dtype)
        return deviations.astype(np.float32, copy=False)


def block_means(pixels: NDArray[Any]) -> Any:
    """Means of the 2 x 2 blocks; blocks that stick out are filled up with zeros."""
    height, width = pixels.shape
    if height % 2 or width % 2:
        pixels = cv2.copyMakeBorder(pixels, 0, height % 2, 0, width % 2, cv2.BORDER_CONSTANT, value=0)
    return cv2.resize(pixels, (-(-width // 2), -(-height // 2)), interpolation=cv2.INTER_AREA)


def spectrum_shape(height: int, width: int) -> tuple[int, int]:
    """Return even sides, at least these long, whose transforms are fast: lines in steps of 16 floats."""
    across = 16 * cv2.getOptimalDFTSize(-(-width // 16))
    if across > 1.1 * width:
        across = 2 * cv2.getOptimalDFTSize(-(-width // 2))
    return 2 * cv2.getOptimalDFTSize(-(-height // 2)), across


def spectrum(channels: NDArray[Any], shape: tuple[int, ...]) -> NDArray[Any]:
    """Transform channels, filled up with zeros or cut to a shape.

    Parameters
    ----------
    channels
        (channels, H, W).
    shape
        Height and width, as from `spectrum_shape`.

    Returns
    -------
    array of shape (channels, width / 2 + 1, 2 height)
        float32: for each frequency along the lines one along the columns, real and imaginary parts in turn.
    """
    lines = fft.rfft(channels[:, : shape[0]], shape[1], axis=2)
    columns = np.zeros((len(channels), lines.shape[2], shape[0]), np.complex64)
    columns[:, :, : lines.shape[1]] = lines.swapaxes(1, 2)
    whole: NDArray[np.complex64] = fft.fft(columns, axis=2, overwrite_x=True)
    return whole.view(np.float32)
