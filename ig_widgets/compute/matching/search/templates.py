"""A pattern prepared for a search in many images."""

from functools import cached_property
from typing import Any, Self

import cv2
import numpy as np
from numpy.typing import NDArray

from ig_widgets.compute.matching.search.channels import luminance
from ig_widgets.compute.matching.search.prepared_image import FACTORS, Kind, block_means, spectrum
from ig_widgets.compute.matching.search.refinement import STRIDE

# Chosen by measurement on KSDD (published patterns) and NEU (boxes of 20 to 200 px).
_SMALLEST_SIDE = 4  # of a reduced pattern, in pixels
_SMALLEST_AREA = 200  # of a reduced pattern: 30 x 40 px reduced by 4 lost more than 0.005 in 8 % of the pairs


class Template:
    """A pattern with everything that does not depend on the image it is searched in.

    Parameters
    ----------
    pixels
        (channels, h, w), finite.
    """

    def __init__(self, pixels: NDArray[Any]) -> None:
        self.pixels = pixels
        self.height, self.width = pixels.shape[1:]
        self.means = pixels.mean(axis=(1, 2), dtype=np.float64)
        self.deviations = pixels - self.means[:, None, None]
        # a luminance is constant up to rounding
        self.flat = bool(np.abs(self.deviations).max() <= 1e-13 * np.abs(pixels).max())
        energy = np.square(self.deviations).sum()
        brightness = self.height * self.width * np.dot(self.means, self.means)
        self.norms: dict[Kind, float] = {
            "centered": float(np.sqrt(energy)),
            "uncentered": float(np.sqrt(energy + brightness)),
        }

    def __reduce__(self) -> tuple[type["Template"], tuple[NDArray[Any]]]:
        """Travel to another process as pixels, and be prepared there again."""
        return (Template, (self.pixels,))

    @cached_property
    def factor(self) -> int:
        """The strongest reduction that leaves something to see."""
        for factor in FACTORS:
            height, width = self.height / factor, self.width / factor
            if min(height, width) >= _SMALLEST_SIDE and height * width >= _SMALLEST_AREA:
                return factor
        return 1

    @cached_property
    def gray(self) -> "Template":
        """The luminance of a color pattern; a gray one is its own."""
        return self if len(self.pixels) == 1 else Template(luminance(self.pixels))

    @cached_property
    def levels(self) -> dict[int, NDArray[Any]]:
        """The centered pixels and their reductions, float32, by factor."""
        channels = self.deviations.astype(np.float32)
        levels = {1: channels}
        for factor in sorted(FACTORS)[1:]:
            if factor <= self.factor:
                channels = np.stack([block_means(channel) for channel in channels])
                levels[factor] = channels
        return levels

    @cached_property
    def lines(self) -> dict[int, NDArray[Any]]:
        """The same as (channels, h * (w + STRIDE)), as `refinement.refine` wants them."""
        return {
            factor: np.pad(channels, ((0, 0), (0, 0), (0, STRIDE))).reshape(len(channels), -1)
            for factor, channels in self.levels.items()
        }

    def spectrum(self, factor: int, shape: tuple[int, ...], *, tall: bool) -> NDArray[Any]:
        """Return `prepared_image.spectrum` of a reduction; for a tall image of the transpose."""
        channels = self.levels[factor]
        return spectrum(channels.swapaxes(1, 2) if tall else channels, shape)

    def fits(self, height: int, width: int) -> bool:
        """Whether the pattern is not larger than an image."""
        return bool(self.height <= height and self.width <= width)

    def shrink_to_fit(self, height: int, width: int) -> Self:
        """Return the pattern reduced until it fits into an image, its shape kept; itself if it fits."""
        if self.fits(height, width):
            return self
        if height * self.width <= width * self.height:
            size = (max(1, self.width * height // self.height), height)
        else:
            size = (width, max(1, self.height * width // self.width))
        channels = [cv2.resize(channel, size, interpolation=cv2.INTER_AREA) for channel in self.pixels]
        return type(self)(np.stack(channels))
