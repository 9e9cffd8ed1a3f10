"""ResNet-18 and ResNet-50 (He et al. 2016)."""

from collections.abc import Sequence
from itertools import pairwise

from torch import Tensor, nn

from ig_widgets.compute.networks.convolution import Conv2d


class BasicBlock(nn.Module):
    """Two 3 x 3 convolutions, to whose result the input is added (He et al. 2016, figure 5 left)."""

    expansion = 1

    def __init__(self, before: int, width: int, stride: int) -> None:
        super().__init__()
        self.conv1 = Conv2d(before, width, 3, stride, padding=1, bias=False)
        self.bn1 = nn.BatchNorm2d(width)
        self.conv2 = Conv2d(width, width, 3, padding=1, bias=False)
        self.bn2 = nn.BatchNorm2d(width)
        self.relu = nn.ReLU(inplace=True)
        self.downsample = _shortcut(before, width, stride)

    def forward(self, x: Tensor) -> Tensor:
        """Return (n, width, h / stride, w / stride) maps of (n, before, h, w) ones."""
        y = self.relu(self.bn1(self.conv1(x)))
        y = self.bn2(self.conv2(y))
        out: Tensor = self.relu(y + self.downsample(x))
        return out


class Bottleneck(nn.Module):
    """1 x 1, 3 x 3 and 1 x 1 convolutions, to whose result the input is added (figure 5 right).

    The 3 x 3 convolution does the striding, as in torchvision; in the paper it is the first 1 x 1.
    """

    expansion = 4

    def __init__(self, before: int, width: int, stride: int) -> None:
        super().__init__()
        self.conv1 = Conv2d(before, width, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(width)
        self.conv2 = Conv2d(width, width, 3, stride, padding=1, bias=False)
        self.bn2 = nn.BatchNorm2d(width)
        self.conv3 = Conv2d(width, self.expansion * width, 1, bias=False)
        self.bn3 = nn.BatchNorm2d(self.expansion * width)
        self.relu = nn.ReLU(inplace=True)
        self.downsample = _shortcut(before, self.expansion * width, stride)

    def forward(self, x: Tensor) -> Tensor:
        """Return (n, 4 * width, h / stride, w / stride) maps of (n, before, h, w) ones."""
        y = self.relu(self.bn1(self.conv1(x)))
        y = self.relu(self.bn2(self.conv2(y)))
        y = self.bn3(self.conv3(y))
        out: Tensor = self.relu(y + self.downsample(x))
        return out


def _shortcut(before: int, after: int, stride: int) -> nn.Sequential:
    """Bring the input to the shape of the result; without parameters where it has that shape."""
    if stride == 1 and before == after:
        return nn.Sequential()
    return nn.Sequential(Conv2d(before, after, 1, stride, bias=False), nn.BatchNorm2d(after))


class ResNet(nn.Module):
    """A strided stem and four layers of residual blocks, of which all but the first halve the sides.

    Parameters
    ----------
    block
        What the layers are made of.
    depths
        Blocks of each of the four layers.
    classes
        Number of outputs.

    Attributes
    ----------
    head : str
        Name of the layer whose size depends on the number of classes.

    Notes
    -----
    Parameters are named and shaped as in torchvision's ``resnet18`` and ``resnet50``, so the official
    weights can be loaded with `load_weights`. Inputs are float, (n, 3, h, w), both sides at least 32 pixels,
    for those weights standardized as for `VGG`.
    """

    head = "fc"

    def __init__(
        self, block: type[BasicBlock | Bottleneck], depths: Sequence[int], classes: int = 1000
    ) -> None:
        super().__init__()
        self.conv1 = Conv2d(3, 64, 7, 2, padding=3, bias=False)
        self.bn1 = nn.BatchNorm2d(64)
        self.relu = nn.ReLU(inplace=True)
        self.maxpool = nn.MaxPool2d(3, 2, padding=1)
        widths = [64, *(block.expansion * width for width in (64, 128, 256, 512))]
        self.layer1, self.layer2, self.layer3, self.layer4 = (
            nn.Sequential(
                block(before, after // block.expansion, stride),
                *(block(after, after // block.expansion, 1) for _ in range(depth - 1)),
            )
            for (before, after), depth, stride in zip(pairwise(widths), depths, (1, 2, 2, 2), strict=True)
        )
        self.avgpool = nn.AdaptiveAvgPool2d(1)
        self.fc = nn.Linear(widths[-1], classes)
        for layer in self.modules():
            if isinstance(layer, nn.Conv2d):
                nn.init.kaiming_normal_(layer.weight, mode="fan_out", nonlinearity="relu")

    def maps(self, x: Tensor) -> dict[str, Tensor]:
        """Return the feature maps after each of the four layers, from fine to coarse.

        Parameters
        ----------
        x
            (n, 3, h, w) images.

        Returns
        -------
        dict of str to Tensor
            "layer1" to "layer4": (n, c, h/4, w/4), (n, 2 c, h/8, w/8), (n, 4 c, h/16, w/16), (n, 8 c, h/32,
            w/32), rounded up; c is 64, for ResNet-50 256.
        """
        x = self.maxpool(self.relu(self.bn1(self.conv1(x))))
        found = {}
        for name in ("layer1", "layer2", "layer3", "layer4"):
            x = self.get_submodule(name)(x)
            found[name] = x
        return found

    def forward(self, x: Tensor) -> Tensor:
        """Return the (n, classes) logits of (n, 3, h, w) images."""
        logits: Tensor = self.fc(self.avgpool(self.maps(x)["layer4"]).flatten(1))
        return logits


def resnet18(classes: int = 1000) -> ResNet:
    """Return a fresh ResNet-18 for a number of classes."""
    return ResNet(BasicBlock, (2, 2, 2, 2), classes)


def resnet50(classes: int = 1000) -> ResNet:
    """Return a fresh ResNet-50 for a number of classes."""
    return ResNet(Bottleneck, (3, 4, 6, 3), classes)
