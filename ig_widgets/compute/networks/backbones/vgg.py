"""VGG-16 and VGG-19 (Simonyan & Zisserman 2015) without batch normalization."""

from collections.abc import Sequence
from itertools import pairwise

from torch import Tensor, nn

_WIDTHS = (64, 128, 256, 512, 512)


class VGG(nn.Module):
    """Five blocks of 3 x 3 convolutions, each of which ends in a max-pooling that halves the sides.

    Parameters
    ----------
    depths
        Convolutions of each of the five blocks.
    classes
        Number of outputs.
    wide_head
        Classify as in the paper, by two layers of 4096 units on 7 x 7 features: needed for the official
        weights of these layers. They hold 120 of VGG-19's 140 million parameters; with the tens of images of
        a development set there is nothing to learn them from, and on a CPU an epoch is spent on updating
        them. False: one linear layer on the mean of the last maps, as in the later networks.

    Attributes
    ----------
    head : str
        Name of the layer whose size depends on the number of classes.

    Notes
    -----
    Parameters are named and shaped as in torchvision's ``vgg16`` and ``vgg19`` (with `wide_head`), so the
    official weights can be loaded with `load_weights`. Inputs are float, (n, 3, h, w), both sides at least
    32 pixels; for those weights scaled to [0, 1] and standardized by the means 0.485, 0.456, 0.406 and the
    deviations 0.229, 0.224, 0.225 of red, green and blue.
    """

    def __init__(self, depths: Sequence[int], classes: int = 1000, *, wide_head: bool = True) -> None:
        super().__init__()
        self.features = nn.Sequential()
        for (before, width), depth in zip(pairwise((3, *_WIDTHS)), depths, strict=True):
            for k in range(depth):
                self.features.append(nn.Conv2d(width if k else before, width, 3, padding=1))
                self.features.append(nn.ReLU(inplace=True))
            self.features.append(nn.MaxPool2d(2))
        self.avgpool = nn.AdaptiveAvgPool2d(7 if wide_head else 1)
        if wide_head:
            self.classifier: nn.Module = nn.Sequential(
                nn.Linear(512 * 7 * 7, 4096),
                nn.ReLU(inplace=True),
                nn.Dropout(),
                nn.Linear(4096, 4096),
                nn.ReLU(inplace=True),
                nn.Dropout(),
                nn.Linear(4096, classes),
            )
        else:
            self.classifier = nn.Linear(512, classes)
        self.head = "classifier.6" if wide_head else "classifier"
        for layer in self.modules():
            if isinstance(layer, nn.Conv2d):
                nn.init.kaiming_normal_(layer.weight, mode="fan_out", nonlinearity="relu")
            elif isinstance(layer, nn.Linear):
                nn.init.normal_(layer.weight, 0, 0.01)
            if isinstance(layer, nn.Conv2d | nn.Linear) and layer.bias is not None:
                nn.init.zeros_(layer.bias)

    def maps(self, x: Tensor) -> dict[str, Tensor]:
        """Return the feature maps after each max-pooling, from fine to coarse.

        Parameters
        ----------
        x
            (n, 3, h, w) images.

        Returns
        -------
        dict of str to Tensor
            By the name of the layer ("features.4" is the first max-pooling of VGG-16): (n, 64, h/2, w/2),
            (n, 128, h/4, w/4), (n, 256, h/8, w/8), (n, 512, h/16, w/16), (n, 512, h/32, w/32), rounded down.
        """
        found = {}
        for name, layer in self.features.named_children():
            x = layer(x)
            if isinstance(layer, nn.MaxPool2d):
                found[f"features.{name}"] = x
        return found

    def forward(self, x: Tensor) -> Tensor:
        """Return the (n, classes) logits of (n, 3, h, w) images."""
        *_, last = self.maps(x).values()
        logits: Tensor = self.classifier(self.avgpool(last).flatten(1))
        return logits


def vgg16(classes: int = 1000, *, wide_head: bool = True) -> VGG:
    """Return a fresh VGG-16; the parameters are those of `VGG`."""
    return VGG((2, 2, 3, 3, 3), classes, wide_head=wide_head)


def vgg19(classes: int = 1000, *, wide_head: bool = True) -> VGG:
    """Return a fresh VGG-19; the parameters are those of `VGG`."""
    return VGG((2, 2, 4, 4, 4), classes, wide_head=wide_head)
