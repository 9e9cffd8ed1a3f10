import warnings

import cv2
import numpy as np
import pytest
import torch
from torch import nn

from ig_widgets.compute.networks.backbones import resnet18
from ig_widgets.compute.words.cells import describe_cells
from ig_widgets.compute.words.filter_bank import FilterMaps, filter_maps
from ig_widgets.data.errors import UnreadableImageWarning
from ig_widgets.data.images import ImageSet


def images_of(n, shape=(40, 64)):
    return list(np.random.default_rng(0).integers(0, 256, (n, *shape), dtype=np.uint8))


def test_any_way_of_asking_gives_the_same_maps():
    maps = filter_maps(images_of(70))
    everything = maps[:]
    assert len(maps) == len(everything) == 70
    assert np.array_equal(np.stack(list(maps)), everything)
    assert np.array_equal(maps[[5, 60, 2]], everything[[5, 60, 2]])
    assert np.array_equal(maps[-1], everything[-1])
    assert np.array_equal(FilterMaps(np.stack(images_of(70)), describe_cells)[3:9], everything[3:9])


def test_only_what_is_asked_for_is_computed_a_few_images_at_a_time():
    asked = []

    def describe(pixels):
        asked.append(len(pixels))
        return pixels[:, ::8, ::8, None]

    maps = filter_maps(images_of(100), describe)
    maps[10:90]
    assert sum(asked) == 80
    assert max(asked) <= 32


def test_an_unreadable_image_is_nan_and_the_others_are_not(tmp_path):
    for k, image in enumerate(images_of(4)):
        cv2.imwrite(str(tmp_path / f"{k}.png"), image)
    images = ImageSet.from_folder(tmp_path)
    good = filter_maps(images[:3])[:]
    (tmp_path / "3.png").write_bytes(b"no picture any more")
    with pytest.warns(UnreadableImageWarning, match=r"3\.png"):
        maps = filter_maps(images)[:]
    assert np.array_equal(maps[:3], good)
    assert np.isnan(maps[3]).all()


def test_a_network_is_named_and_gives_the_layer_before_the_last():
    torch.manual_seed(0)
    network = resnet18(3).eval()
    maps = filter_maps(images_of(2), network, size=(64, 96), device="cpu")[:]
    assert maps.shape == (2, 4, 6, 256)
    assert filter_maps(images_of(2), network, "layer1", size=(64, 96), device="cpu")[:].shape == (
        2,
        16,
        24,
        64,
    )
    first = filter_maps(images_of(2), "resnet18", size=(64, 96), device="cpu")[:]
    assert np.array_equal(first, filter_maps(images_of(2), "resnet18", size=(64, 96), device="cpu")[:])


def test_weights_are_those_of_the_file(tmp_path):
    torch.manual_seed(1)
    network = resnet18(1000).eval()
    torch.save(network.state_dict(), tmp_path / "weights.pt")
    given = filter_maps(images_of(2), network, size=(32, 32), device="cpu")[:]
    loaded = filter_maps(
        images_of(2), "resnet18", weights=tmp_path / "weights.pt", size=(32, 32), device="cpu"
    )[:]
    assert np.array_equal(given, loaded)


def test_a_plain_module_gives_its_own_maps_and_stays_as_it_was():
    module = nn.Sequential(nn.Conv2d(3, 5, 8, 8), nn.Dropout2d(0.5)).train()
    maps = filter_maps(images_of(2), module, size=(32, 64), device="cpu")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert np.array_equal(maps[:], maps[:])  # as in use, not as in training
    assert maps[0].shape == (4, 8, 5)
    assert module.training


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("resnet19",), "there is no backbone 'resnet19'; give 'cells'"),
        (("resnet18", "layer9"), "no layer 'layer9'; give one of layer1, layer2"),
        (("cells", "layer1"), "weights and layers apply to networks only"),
        ((nn.Sequential(nn.Conv2d(3, 2, 8), nn.Flatten()),), "no maps"),
        ((None,), "backbone is None"),
        ((lambda pixels: pixels,), r"must return \(n, rows, columns, channels\)"),
    ],
)
def test_bad_arguments_are_named(arguments, sentence):
    with pytest.raises(ValueError, match=sentence):
        filter_maps(images_of(2), *arguments, size=(32, 32))[:]


def test_frozen_parts_of_a_module_stay_frozen_and_one_without_parameters_is_fine():
    module = nn.Sequential(nn.Conv2d(3, 4, 8, 8), nn.BatchNorm2d(4)).train()
    module[1].eval()
    filter_maps(images_of(2), module, size=(32, 32), device="cpu")[:]
    assert module[0].training
    assert not module[1].training
    assert filter_maps(images_of(2), nn.AvgPool2d(8), size=(32, 32), device="cpu")[:].shape == (2, 4, 4, 3)
    with pytest.raises(ValueError, match="load_weights"):
        filter_maps(images_of(2), module, weights="weights.pt")


def test_gray_and_colored_images_may_be_mixed():
    gray = images_of(40)
    colored = [np.stack(3 * [gray[0]], axis=2), *gray[1:]]
    assert np.array_equal(filter_maps(colored)[:], filter_maps(gray)[:])
    with pytest.raises(ValueError, match="the same shape for gray and color images"):
        FilterMaps(colored, lambda x: np.atleast_3d(x[:, ::8, ::8, None] if x.ndim == 3 else x[:, ::8, ::8]))[
            :
        ]
