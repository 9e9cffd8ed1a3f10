import copy

import numpy as np
import pytest
import torch

from ig_widgets.compute.detection.member_training import MemberTraining
from ig_widgets.compute.detection.network import background_loss, box_loss
from ig_widgets.compute.detection.training_images import TrainingImage
from ig_widgets.compute.detection.windows import WindowDrawer

SIZE = (32, 48)


def images(channels=1, n=6):
    rng = np.random.default_rng(0)
    drawn = []
    for number in range(n):
        pixels = rng.normal(0, 0.5, (channels, 40, 60)).astype(np.float16)
        boxes = np.zeros((0, 4))
        if number % 2:
            pixels[:, 10:14, 12:40] -= 4
            boxes = np.array([[12.0, 10.0, 40.0, 14.0]])
        drawn.append(TrainingImage(pixels, np.zeros(len(boxes), np.int64), boxes))
    return drawn


def member(drawn=None, **settings):
    quick = {"n_classes": 1, "size": SIZE, "steps": 30, "learning_rate": 2e-3, "device": "cpu"}
    return MemberTraining(drawn or images(), **{**quick, "precision": "float32", "seed": 0, **settings})


def weights(one):
    return torch.cat([value.flatten() for value in one.network.state_dict().values()])


def test_a_step_tells_the_losses_of_the_windows_that_its_seed_draws():
    one, windows = member(seed=3), WindowDrawer(images(), 1, SIZE, 3).draw()
    network = copy.deepcopy(one.network).train()
    with torch.inference_mode():
        logits = network(torch.from_numpy(windows.pixels))
    inside = box_loss([logits[image, code, rows, columns] for image, code, rows, columns in windows.bags])
    outside = background_loss(logits, torch.from_numpy(windows.background))
    assert one.step() == pytest.approx((inside.item(), outside.item()), rel=1e-5)


def test_a_step_follows_the_gradient_of_both_losses():
    one, windows = member(seed=3), WindowDrawer(images(), 1, SIZE, 3).draw()
    network = copy.deepcopy(one.network).train()
    logits = network(torch.from_numpy(windows.pixels))
    loss = box_loss([logits[bag] for bag in windows.bags])
    loss = loss + background_loss(logits, torch.from_numpy(windows.background))
    gradient = torch.autograd.grad(loss, network.head.weight)[0]
    before = one.network.head.weight.detach().clone()
    one.step()
    moved = one.network.head.weight.detach() - before
    clear = gradient.abs() > gradient.abs().max() / 100
    assert torch.equal(moved.sign()[clear], -gradient.sign()[clear])


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("precision", ["float32", "bfloat16"])
def test_it_learns(channels, precision):
    one = member(images(channels), precision=precision)
    losses = [sum(one.step()) for _ in range(30)]
    assert np.mean(losses[-5:]) < 0.5 * np.mean(losses[:5])


def test_the_learning_rate_follows_one_cycle_over_all_steps():
    one, rates = member(), []
    for _ in range(30):
        rates.append(one._optimizer.param_groups[0]["lr"])
        one.step()
    peak = int(np.argmax(rates))
    assert rates[peak] == pytest.approx(2e-3, rel=1e-2)
    assert 4 <= peak <= 7
    assert (np.diff(rates[: peak + 1]) > 0).all()
    assert (np.diff(rates[peak:]) < 0).all()
    assert rates[-1] < 2e-6


def test_the_seed_decides_all():
    one, same, other = member(), member(), member(seed=1)
    for learner in (one, same, other):
        for _ in range(3):
            learner.step()
    assert torch.equal(weights(one), weights(same))
    assert not torch.equal(weights(one), weights(other))


def test_what_others_draw_is_neither_disturbed_nor_felt():
    torch.manual_seed(5)
    before = torch.get_rng_state()
    one = member()
    one.step()
    assert torch.equal(torch.get_rng_state(), before)
    torch.rand(3)
    same = member()
    torch.rand(3)
    same.step()
    assert torch.equal(weights(one), weights(same))


def test_precision_is_refused_when_unknown():
    with pytest.raises(ValueError, match="precision is 'half'"):
        member(precision="half").step()
