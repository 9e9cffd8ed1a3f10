import hashlib

import pytest
import torch

from ig_widgets.compute.networks.backbones import BACKBONES, MobileNetV2, resnet18, resnet50, vgg16, vgg19

# of torchvision 0.29, 1000 classes: parameters, entries of the state dict, SHA-256 of its names and shapes
PUBLISHED = {
    vgg16: (138_357_544, 32, "35c4623e0cd4a39d764245620458692bdde46e98a422e65f0794d679138ab391"),
    vgg19: (143_667_240, 38, "4723255af8f6c4855caebd035af2665077a589f585cfff03b8389cd9e8d6381d"),
    resnet18: (11_689_512, 122, "84fb10d9c6905a1cbb020b284537dc97c4f4ec55fb2a780a41152a23a2dd0e9d"),
    resnet50: (25_557_032, 320, "d7e4f8bb0a5363446a59c81c3887ccf66900a11651a0ae2dec96d1bb1eb6ea81"),
    MobileNetV2: (3_504_872, 314, "37bbbce8932fd0c49fe8e941719a7aa7b25b60c17b428749b72562f754135844"),
}
# of the same, seed 0, in eval mode, for `waves`: the first three logits and the length of all of them
LOGITS = {
    vgg16: (-0.050799, 0.080861, -0.037072, 1.3899357),
    resnet18: (0.66616, 0.43945, -0.46733, 16.177423),
    resnet50: (-0.41097, -7.7235, 0.72645, 310.77841),
    MobileNetV2: (3.8434e-11, -4.7878e-10, -5.5675e-10, 9.1035624e-09),
}
STRIDES = {
    "vgg16": {"features.4": 2, "features.9": 4, "features.16": 8, "features.23": 16, "features.30": 32},
    "vgg19": {"features.4": 2, "features.9": 4, "features.18": 8, "features.27": 16, "features.36": 32},
    "resnet18": {"layer1": 4, "layer2": 8, "layer3": 16, "layer4": 32},
    "resnet50": {"layer1": 4, "layer2": 8, "layer3": 16, "layer4": 32},
    "mobilenet_v2": {
        "features.1": 2,
        "features.3": 4,
        "features.6": 8,
        "features.13": 16,
        "features.18": 32,
    },
}


def seeded(make, *arguments, **settings):
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        return make(*arguments, **settings).eval()


def waves(height=64, width=96):
    return torch.sin(torch.arange(3 * height * width) * 0.37).reshape(1, 3, height, width)


@pytest.mark.parametrize("make", PUBLISHED)
def test_parameters_have_the_names_and_shapes_of_torchvision(make):
    with torch.device("meta"):
        network = make(1000)
    state = {name: tuple(tensor.shape) for name, tensor in network.state_dict().items()}
    listed = "\n".join(f"{name} {shape}" for name, shape in state.items())
    count = sum(parameter.numel() for parameter in network.parameters())
    assert (count, len(state), hashlib.sha256(listed.encode()).hexdigest()) == PUBLISHED[make]


@pytest.mark.parametrize("make", LOGITS)
def test_the_same_weights_give_the_logits_of_torchvision(make):
    with torch.inference_mode():
        logits = seeded(make, 1000)(waves())[0]
    found = torch.cat([logits[:3], logits.norm()[None]])
    torch.testing.assert_close(found, torch.tensor(LOGITS[make]), rtol=1e-3, atol=1e-3 * LOGITS[make][3])


@pytest.mark.parametrize("name", BACKBONES)
@pytest.mark.parametrize("size", [(32, 32), (96, 224), (45, 131)])
def test_maps_become_coarser_by_halves_whatever_the_size(name, size):
    with torch.device("meta"):
        network = BACKBONES[name](7)
        x = torch.empty(2, 3, *size)
    shapes = {layer: maps.shape for layer, maps in network.maps(x).items()}
    assert list(shapes) == list(STRIDES[name])
    assert shapes[list(shapes)[-1]][1] >= 512
    for layer, stride in STRIDES[name].items():
        sides = [side // stride if name.startswith("vgg") else -(-side // stride) for side in size]
        assert [2, *sides] == [shapes[layer][0], *shapes[layer][2:]]
    assert network(x).shape == (2, 7)


@pytest.mark.parametrize("name", ["vgg16", "resnet18", "mobilenet_v2"])
def test_maps_are_what_the_layer_of_that_name_returns(name):
    network = seeded(BACKBONES[name], 2)
    returned = {}
    for layer in STRIDES[name]:
        network.get_submodule(layer).register_forward_hook(
            lambda _module, _inputs, output, layer=layer: returned.update({layer: output.clone()})
        )
    with torch.inference_mode():
        maps = network.maps(waves())
    for layer, expected in returned.items():
        torch.testing.assert_close(maps[layer], expected, rtol=0, atol=0)  # nor changed by later layers


@pytest.mark.parametrize("name", BACKBONES)
def test_only_the_head_depends_on_the_number_of_classes(name):
    with torch.device("meta"):
        few, many = BACKBONES[name](2), BACKBONES[name](9)
    differing = {
        key for key, weight in few.state_dict().items() if weight.shape != many.state_dict()[key].shape
    }
    assert differing == {f"{few.head}.weight", f"{few.head}.bias"}


def test_the_light_head_leaves_the_convolutions_of_a_vgg_as_they_are():
    with torch.device("meta"):
        wide, light = vgg19(2), vgg19(2, wide_head=False)
    assert wide.features.state_dict().keys() == light.features.state_dict().keys()
    assert sum(parameter.numel() for parameter in light.parameters()) == 20_024_384 + 2 * 513


def test_gradients_reach_every_parameter():
    network = seeded(resnet18, 2).train()
    x = waves().expand(2, -1, -1, -1) * torch.tensor([1.0, 2.0]).reshape(2, 1, 1, 1)
    network(x).square().sum().backward()
    assert all(parameter.grad is not None and parameter.grad.any() for parameter in network.parameters())
