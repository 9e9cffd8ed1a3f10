import math

import pytest
import torch

from ig_widgets.compute.networks.paced_adamw import PacedAdamW


def test_steps_are_those_of_adamw_at_a_rate_that_rises_and_falls():
    ours, theirs = (torch.nn.Parameter(torch.tensor([1.0, -2.0])) for _ in range(2))
    paced, plain = PacedAdamW([ours], 0.1, 100), torch.optim.AdamW([theirs], fused=True)
    for count, seen in ((4, 4), (6, 10), (30, 40), (50, 90)):
        paced.step((ours**3).sum(), count)
        rise = min(1, seen / 10)
        plain.param_groups[0]["lr"] = 0.1 * rise * (1 + math.cos(math.pi * seen / 100)) / 2
        plain.zero_grad()
        (theirs**3).sum().backward()
        plain.step()
        assert ours.tolist() == theirs.tolist()


def test_the_last_step_goes_nowhere():
    learned = torch.nn.Parameter(torch.tensor([1.0]))
    paced = PacedAdamW([learned], 0.1, 8)
    paced.step(learned.square().sum(), 4)
    before = learned.item()
    assert before < 1
    paced.step(learned.square().sum(), 4)
    assert learned.item() == pytest.approx(before, abs=1e-9)
