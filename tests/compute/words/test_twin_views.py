import pytest
import torch

from ig_widgets.compute.networks.training import TorchRandomness
from ig_widgets.compute.words.twin_views import random_view


def views(x, size=(24, 24), seed=0, **settings):
    with TorchRandomness(seed)():
        return random_view(x, size, **settings)


def test_views_have_their_size_and_a_seed():
    x = torch.randn(6, 3, 40, 60)
    assert views(x, (32, 48)).shape == (6, 3, 32, 48)
    assert torch.equal(views(x), views(x))
    assert not torch.equal(views(x), views(x, seed=1))


def test_a_view_is_a_part_of_its_own_image():
    ramp = torch.linspace(-1, 1, 200)
    x = torch.stack([ramp.expand(100, 200) + 10 * i for i in range(8)])[:, None].expand(-1, 3, -1, -1)
    for i, view in enumerate(views(x, (50, 100))):
        # light scales by 0.6 to 1.4 and shifts by 0.4, the ramp spans 2
        assert 0.6 * (10 * i - 1) - 1.5 < view.mean() < 1.4 * (10 * i + 1) + 1.5
        columns = view[0].mean(dim=0)
        steps = columns[10:] - columns[:-10]
        assert (steps > -0.1).all() or (steps < 0.1).all()  # still a ramp, perhaps mirrored


def test_where_direction_makes_the_class_nothing_is_mirrored():
    ramp = 5 * torch.linspace(-1, 1, 80).expand(64, 3, 40, 80)
    ends = views(ramp, (20, 40), flips=False)[..., [0, -1]].mean(dim=(1, 2))
    assert (ends[:, 1] > ends[:, 0]).all()
    ends = views(ramp, (20, 40))[..., [0, -1]].mean(dim=(1, 2))
    assert 15 < int((ends[:, 1] > ends[:, 0]).sum()) < 49


def test_the_scale_of_a_view_is_fifty_to_hundred_percent_of_the_area():
    ramp = 100 * torch.linspace(-1, 1, 400).expand(300, 1, 400, 400)  # light and noise hardly matter
    seen = views(ramp, (100, 100), flips=False)
    share = (seen[:, 0, 50, 98] - seen[:, 0, 50, 1]) / (seen[:, 0, 50, 75] - seen[:, 0, 50, 25])
    assert share.mean() == pytest.approx(97 / 50, rel=0.05)
    across = (seen[:, 0, :, -1] - seen[:, 0, :, 0]).mean(dim=1) / 200
    assert across.min() > 0.5**0.5 * 0.6 - 0.02
    assert across.max() < 1.4 + 0.02
