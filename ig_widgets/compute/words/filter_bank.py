"""Feature maps of images, computed on demand."""

import os
from collections.abc import Callable, Iterator
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ig_widgets.compute.networks.devices import Device
from ig_widgets.compute.networks.resizing import Images, network_size, resize_in_batches
from ig_widgets.compute.words.cells import describe_cells
from ig_widgets.data.images import ImageSet

Maps: TypeAlias = NDArray[np.float32]
Describe: TypeAlias = Callable[[NDArray[np.uint8]], Maps]
"""Turns (n, h, w) or (n, h, w, 3) pixels of one size into (n, rows, columns, channels)."""


_AT_ONCE = 32  # images


def filter_maps(
    images: Images,
    backbone: Any = "cells",
    layer: str | None = None,
    *,
    weights: str | os.PathLike[str] | None = None,
    size: tuple[int, int] | None = None,
    device: Device = "auto",
) -> "FilterMaps":
    """Compute feature maps of images on demand.

    Parameters
    ----------
    images
        (H, W) or (H, W, 3) arrays of dtype uint8, which may differ in size.
    backbone
        "cells": edges and colors in the cells of a grid (`describe_cells`), at once and without torch.
        "vgg16", "vgg19", "resnet18", "resnet50" or "mobilenet_v2": a network, which sees little without
        `weights`. A torch module: maps by its method ``maps(x)``, a dict by layer as those of the networks
        here, or by calling it, for (n, 3, h, w) images standardized as for official weights. Any other
        function: it gets (n, h, w) or (n, h, w, 3) pixels, uint8, and returns (n, rows, columns, channels).
    layer
        Which maps of a network; default: the last but one, as "layer3" of ResNet-18 in MLfix.
    weights
        Path or URL of the weights of a network given by name, see `load_weights`.
    size
        Height and width to which images are brought; default: those of `network_size`.
    device
        Where networks compute: "cpu", "cuda", or "auto", a GPU if there is one.

    Returns
    -------
    FilterMaps
        The maps, which are computed when they are asked for.

    Raises
    ------
    ValueError
        If there is no such backbone or layer, or weights are given for what takes none.
    """
    if backbone == "cells" or not (isinstance(backbone, str) or hasattr(backbone, "parameters")):
        if weights is not None or layer is not None:
            raise ValueError(
                "weights and layers apply to networks only; give the name of a network as backbone"
            )
        if backbone != "cells" and not callable(backbone):
            raise ValueError(f"backbone is {backbone!r}; give 'cells', a network or its name, or a function")
        return FilterMaps(images, describe_cells if backbone == "cells" else backbone, size)
    from ig_widgets.compute.words.network_maps import NetworkMaps  # noqa: PLC0415  # torch takes seconds

    return FilterMaps(images, NetworkMaps(backbone, layer, weights=weights, device=device), size)


class FilterMaps:
    """Feature maps of images, computed whenever they are accessed so that they take no memory.

    An integer gives the map of an image, (rows, columns, channels); a slice or positions give those of
    several, (n, rows, columns, channels), computed 32 images at a time. The map of an image that cannot be
    read is NaN.

    Parameters
    ----------
    images
        (H, W) or (H, W, 3) arrays of dtype uint8, which may differ in size.
    describe
        Turns (n, h, w) or (n, h, w, 3) pixels into (n, rows, columns, channels).
    size
        Height and width to which images are brought before; None: those of `network_size`.

    Examples
    --------
    >>> images = [np.zeros((40, 30), np.uint8)] * 5
    >>> FilterMaps(images, lambda pixels: pixels[:, ::16, ::16, None])[1:3].shape
    (2, 2, 2, 1)
    """

    def __init__(self, images: Images, describe: Describe, size: tuple[int, int] | None = None) -> None:
        self.images = images
        self.describe = describe
        self.size = network_size(images) if size is None else size

    def __len__(self) -> int:
        """Count the images."""
        return len(self.images)

    def __getitem__(self, key: int | slice | ArrayLike) -> Maps:
        """Compute the map of an image, or those of several."""
        positions = np.arange(len(self))[key if isinstance(key, slice) else np.asarray(key)]
        maps = self._compute(np.atleast_1d(positions))
        return maps if np.ndim(positions) else np.asarray(maps[0])

    def __iter__(self) -> Iterator[Maps]:
        """Compute one map after the other."""
        for start in range(0, len(self), _AT_ONCE):
            yield from self[start : start + _AT_ONCE]

    def _compute(self, positions: NDArray[np.intp]) -> Maps:
        maps: Maps | None = None
        for pixels, found in self._resize_in_batches(positions):
            made = np.asarray(self.describe(pixels), np.float32)
            if made.ndim != 4 or len(made) != len(pixels):
                raise ValueError(
                    f"the feature maps of {len(pixels)} images have shape {made.shape}; the function "
                    "that describes images must return (n, rows, columns, channels)"
                )
            if maps is None:
                maps = np.full((len(positions), *made.shape[1:]), np.nan, np.float32)
            if made.shape[1:] != maps.shape[1:]:
                raise ValueError(
                    f"the feature maps of some images have shape {made.shape[1:]}, those of others "
                    f"{maps.shape[1:]}; the function must return the same shape for gray and color images"
                )
            maps[found] = made
        if maps is None:  # none can be read: ask a blank image for the shape
            blank = self.describe(np.zeros((1, *self.size), np.uint8))
            maps = np.full((len(positions), *np.shape(blank)[1:]), np.nan, np.float32)
        return maps

    def _resize_in_batches(
        self, positions: NDArray[np.intp]
    ) -> Iterator[tuple[NDArray[np.uint8], NDArray[np.int64]]]:
        """Yield pixels and where in `positions` they belong, a few images at a time."""
        if isinstance(self.images, ImageSet):  # which reads ahead
            yield from resize_in_batches(self.images[positions], self.size)
            return
        for start in range(0, len(positions), _AT_ONCE):
            some = [self.images[i] for i in positions[start : start + _AT_ONCE]]
            for pixels, found in resize_in_batches(some, self.size):
                yield pixels, start + found
