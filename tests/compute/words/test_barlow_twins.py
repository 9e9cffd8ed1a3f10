import numpy as np
import pytest
import torch
from sklearn.base import clone

from ig_widgets.compute.networks.backbones import resnet18
from ig_widgets.compute.words import barlow_twins
from ig_widgets.compute.words.barlow_twins import BarlowTwins, barlow_loss

SMALL = {"view": (32, 32), "epochs": 2, "batch_size": 8, "width": 16, "device": "cpu", "random_state": 0}


def images_of(n=24):
    """Stripes and spots."""
    rng = np.random.default_rng(0)
    images = rng.integers(100, 140, (n, 48, 64), dtype=np.uint8)
    images[::2, ::6] += 90
    return list(images)


def slow_loss(one, other, redundancy):
    """The equations of the paper, number by number."""
    total = 0.0
    columns = [[(z[:, i] - z[:, i].mean()) for i in range(z.shape[1])] for z in (one, other)]
    for i, a in enumerate(columns[0]):
        for j, b in enumerate(columns[1]):
            c = (a * b).sum() / np.sqrt((a**2).sum() * (b**2).sum())
            total += (1 - c) ** 2 if i == j else redundancy * c**2
    return total


def test_the_loss_is_that_of_the_equations():
    rng = np.random.default_rng(1)
    one, other = rng.normal(size=(2, 20, 6))
    found = barlow_loss(torch.from_numpy(one), torch.from_numpy(other), 0.01)
    assert found.item() == pytest.approx(slow_loss(one, other, 0.01), rel=1e-3)


def test_equal_views_without_redundancy_lose_nothing_and_constant_ones_much():
    z = torch.linalg.qr(torch.randn(64, 8, generator=torch.Generator().manual_seed(0)))[0]
    z = torch.linalg.qr(z - z.mean(dim=0))[0]
    assert barlow_loss(z, z, 0.5).item() == pytest.approx(0, abs=0.01)
    assert barlow_loss(torch.ones(64, 8), torch.ones(64, 8), 0.5).item() == pytest.approx(8)


def test_training_makes_views_of_an_image_more_alike():
    twins = BarlowTwins(**{**SMALL, "epochs": 8})
    losses = [record["loss"] for record in twins.training(images_of())]
    assert len(losses) == 8
    assert np.mean(losses[-2:]) < 0.9 * losses[0]


def test_a_seed_is_a_network_and_says_what_it_sees():
    twins = BarlowTwins(**SMALL).fit(images_of())
    maps = twins.transform(images_of())
    assert len(maps) == 24
    assert maps[:2].shape == (2, 4, 4, 256)  # 64 x 64 pixels, a 16th of them in each direction
    again = clone(twins).fit(images_of())
    assert np.array_equal(again.transform(images_of())[:2], maps[:2])


def test_it_starts_from_weights_and_an_unreadable_image_is_left_out(tmp_path):
    torch.manual_seed(3)
    weights = resnet18(1000).state_dict()
    torch.save(weights, tmp_path / "weights.pt")
    twins = BarlowTwins(**{**SMALL, "epochs": 1, "learning_rate": 1e-12}, weights=tmp_path / "weights.pt")
    images = [*images_of(), np.empty((0, 0), np.uint8)]
    maps = twins.fit(images).transform(images)
    for name, parameter in twins.network_.named_parameters():
        assert torch.allclose(parameter, weights[name], atol=1e-6)  # at that rate they hardly move
    assert np.isnan(maps[24]).all()
    assert np.isfinite(maps[:24]).all()


def test_without_a_number_of_epochs_there_are_as_many_as_show_so_many_images(monkeypatch):
    monkeypatch.setattr(barlow_twins, "_VIEWED", 35)
    assert len(list(BarlowTwins(**{**SMALL, "epochs": None}).training(images_of(8)))) == 5


@pytest.mark.parametrize(
    ("settings", "count", "sentence"),
    [
        ({"backbone": "resnet19"}, 3, "backbone is 'resnet19'; give one of"),
        ({"batch_size": 1}, 3, "give a batch_size of 2 or more"),
        ({}, 1, "1 of 1 images can be read; give 2 or more"),
    ],
)
def test_bad_arguments_are_named(settings, count, sentence):
    with pytest.raises(ValueError, match=sentence):
        BarlowTwins(**{**SMALL, **settings}).fit(images_of(count))
