"""Feature maps of networks as arrays."""

import os
from typing import Any, cast

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from ig_widgets.compute.networks.backbones import BACKBONES, BackboneName
from ig_widgets.compute.networks.devices import Device, on_cuda
from ig_widgets.compute.networks.normalization import OFFICIAL, normalize
from ig_widgets.compute.networks.precision import autocast
from ig_widgets.compute.networks.training import TorchRandomness
from ig_widgets.compute.networks.weights import load_weights
from ig_widgets.compute.threads import free_cores, threads


class NetworkMaps:
    """Compute feature maps of images by a layer of a network.

    Parameters
    ----------
    network
        Name of a backbone, or a module that turns (n, 3, h, w) images into maps: its method ``maps(x)`` gives
        a dict of them by layer, or else calling it gives those of its only layer.
    layer
        Which maps; None: the last but one.
    weights
        Path or URL of weights, see `load_weights`. None: those that the module has; a backbone gets random
        ones.
    device
        "cpu", "cuda", or "auto": a GPU if there is one.
    moments
        Mean and deviation of red, green and blue in [0, 1] that the network expects; default: those of
        official weights.
    """

    def __init__(
        self,
        network: Any,
        layer: str | None = None,
        *,
        weights: str | os.PathLike[str] | None = None,
        device: Device = "auto",
        moments: tuple[NDArray[np.float64], NDArray[np.float64]] = OFFICIAL,
    ) -> None:
        if isinstance(network, str):
            if network not in BACKBONES:
                raise ValueError(
                    f"there is no backbone {network!r}; give 'cells', one of {', '.join(BACKBONES)}, a torch "
                    "module or a function"
                )
            with TorchRandomness(0)():
                network = BACKBONES[cast("BackboneName", network)](1000)
            if weights is not None:
                load_weights(network, weights)
        elif weights is not None:
            raise ValueError(
                "a module has weights of its own: load them into it with load_weights(module, path)"
            )
        self.device = torch.device("cuda" if on_cuda(device) else "cpu")
        self.network: nn.Module = network.to(self.device)
        self.layer = layer
        self.moments = moments

    def __call__(self, pixels: NDArray[np.uint8]) -> NDArray[np.float32]:
        """Return the (n, rows, columns, channels) maps of (n, h, w) or (n, h, w, 3) images."""
        learning = [module for module in self.network.modules() if module.training]
        self.network.eval()
        try:
            with torch.inference_mode(), autocast(self.device.type), threads(free_cores()):
                x = torch.from_numpy(np.ascontiguousarray(pixels)).to(self.device)
                x = normalize(x, *self.moments).contiguous(memory_format=torch.channels_last)
                maps = self._maps(x)
        finally:
            for module in learning:  # others may be frozen
                module.training = True
        return maps.float().permute(0, 2, 3, 1).cpu().numpy()  # (n, c, h, w) -> (n, h, w, c)

    def _maps(self, x: Tensor) -> Tensor:
        of: Any = self.network
        layers = of.maps(x) if hasattr(of, "maps") else {"": of(x)}
        names = list(layers)
        name = names[max(0, len(names) - 2)] if self.layer is None else self.layer
        if name not in layers:
            raise ValueError(f"the network has no layer {name!r}; give one of {', '.join(names)}")
        maps: Tensor = layers[name]
        if maps.ndim != 4:
            raise ValueError(
                f"the network returns values of shape {tuple(maps.shape)} of images, no maps (n, channels, "
                "rows, columns); give it without its head"
            )
        return maps
