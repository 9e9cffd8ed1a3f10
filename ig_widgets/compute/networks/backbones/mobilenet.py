"""MobileNetV2 (Sandler et al. 2018)."""

from itertools import pairwise

from torch import Tensor, nn

from ig_widgets.compute.networks.convolution import Conv2d

# expansion, channels, blocks and stride of the first of them (Sandler et al. 2018, table 2)
_GROUPS = (
    (1, 16, 1, 1),
    (6, 24, 2, 2),
    (6, 32, 3, 2),
    (6, 64, 4, 2),
    (6, 96, 3, 1),
    (6, 160, 3, 2),
    (6, 320, 1, 1),
)


def _convolution(before: int, after: int, side: int, stride: int = 1, groups: int = 1) -> nn.Sequential:
    return nn.Sequential(
        Conv2d(before, after, side, stride, padding=side // 2, groups=groups, bias=False),
        nn.BatchNorm2d(after),
        nn.ReLU6(inplace=True),
    )


class InvertedResidual(nn.Module):
    """Widen, convolve each channel by itself, narrow without a non-linearity; add the input if it fits."""

    def __init__(self, before: int, after: int, stride: int, expansion: int) -> None:
        super().__init__()
        width = expansion * before
        self.adds = stride == 1 and before == after
        self.conv = nn.Sequential(
            *([] if expansion == 1 else [_convolution(before, width, 1)]),
            _convolution(width, width, 3, stride, groups=width),
            Conv2d(width, after, 1, bias=False),
            nn.BatchNorm2d(after),
        )

    def forward(self, x: Tensor) -> Tensor:
        """Return (n, after, h / stride, w / stride) maps of (n, before, h, w) ones."""
        y: Tensor = self.conv(x)
        return x + y if self.adds else y


class MobileNetV2(nn.Module):
    """A light network of inverted residuals.

    Parameters
    ----------
    classes
        Number of outputs.

    Attributes
    ----------
    head : str
        Name of the layer whose size depends on the number of classes.

    Notes
    -----
    Parameters are named and shaped as in torchvision's ``mobilenet_v2``, so the official weights can be
    loaded with `load_weights`. Inputs are float, (n, 3, h, w), both sides at least 32 pixels, for those
    weights standardized as for `VGG`.
    """

    head = "classifier.1"

    def __init__(self, classes: int = 1000) -> None:
        super().__init__()
        blocks = [
            (expansion, channels, 1 if k else stride)
            for expansion, channels, depth, stride in _GROUPS
            for k in range(depth)
        ]
        widths = [32, *(channels for _, channels, _ in blocks)]
        self.features = nn.Sequential(
            _convolution(3, 32, 3, stride=2),
            *(
                InvertedResidual(before, after, stride, expansion)
                for (before, after), (expansion, _, stride) in zip(pairwise(widths), blocks, strict=True)
            ),
            _convolution(widths[-1], 1280, 1),
        )
        self.classifier = nn.Sequential(nn.Dropout(0.2), nn.Linear(1280, classes))
        for layer in self.modules():
            if isinstance(layer, nn.Conv2d):
                nn.init.kaiming_normal_(layer.weight, mode="fan_out")
            elif isinstance(layer, nn.Linear):
                nn.init.normal_(layer.weight, 0, 0.01)
                nn.init.zeros_(layer.bias)

    def maps(self, x: Tensor) -> dict[str, Tensor]:
        """Return the last feature maps of each resolution, from fine to coarse.

        Parameters
        ----------
        x
            (n, 3, h, w) images.

        Returns
        -------
        dict of str to Tensor
            "features.1": (n, 16, h/2, w/2), "features.3": (n, 24, h/4, w/4), "features.6": (n, 32, h/8,
            w/8), "features.13": (n, 96, h/16, w/16), "features.18": (n, 1280, h/32, w/32), rounded up.
        """
        found = {}
        for name, layer in self.features.named_children():
            x = layer(x)
            if name in {"1", "3", "6", "13", "18"}:
                found[f"features.{name}"] = x
        return found

    def forward(self, x: Tensor) -> Tensor:
        """Return the (n, classes) logits of (n, 3, h, w) images."""
        *_, last = self.maps(x).values()
        logits: Tensor = self.classifier(last.mean(dim=(2, 3)))
        return logits
