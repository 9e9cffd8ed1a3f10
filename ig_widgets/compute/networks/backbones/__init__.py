"""Networks that turn images into feature maps, with torchvision's parameter names."""

from collections.abc import Callable, Mapping
from functools import partial
from types import MappingProxyType
from typing import Literal, TypeAlias

from ig_widgets.compute.networks.backbones.mobilenet import MobileNetV2
from ig_widgets.compute.networks.backbones.resnet import ResNet, resnet18, resnet50
from ig_widgets.compute.networks.backbones.vgg import VGG, vgg16, vgg19

__all__ = [
    "BACKBONES",
    "VGG",
    "Backbone",
    "BackboneName",
    "MobileNetV2",
    "ResNet",
    "resnet18",
    "resnet50",
    "vgg16",
    "vgg19",
]

Backbone: TypeAlias = VGG | ResNet | MobileNetV2
BackboneName: TypeAlias = Literal["vgg16", "vgg19", "resnet18", "resnet50", "mobilenet_v2"]

BACKBONES: Mapping[BackboneName, Callable[[int], Backbone]] = MappingProxyType(
    {
        "vgg16": partial(vgg16, wide_head=False),
        "vgg19": partial(vgg19, wide_head=False),
        "resnet18": resnet18,
        "resnet50": resnet50,
        "mobilenet_v2": MobileNetV2,
    }
)
"""What makes each network for a number of classes. The VGGs have the light head: see `VGG`."""
