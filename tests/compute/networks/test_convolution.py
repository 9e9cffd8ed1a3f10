import pytest
import torch

from ig_widgets.compute.networks.convolution import Conv2d


def leave_nan_in_freed_memory():
    sizes = [2**k for k in range(4, 17)] + [100, 1000, 10000]
    held = [
        torch.full((n,), float("nan"), dtype=dtype)
        for n in sizes
        for dtype in (torch.float32, torch.bfloat16)
        for _ in range(6)
    ]
    del held


@pytest.mark.parametrize("width", [1, 2, 3, 4, 9])
@pytest.mark.parametrize("side", [1, 3, 5, 7])
@pytest.mark.parametrize("stride", [1, 2])
def test_narrow_images_give_numbers_forward_and_backward(side, stride, width):
    convolution = Conv2d(3, 16, side, stride, side // 2, bias=False)
    x = torch.randn(2, 3, 9, width, requires_grad=True)
    expected = convolution(x)
    leave_nan_in_freed_memory()
    with torch.autocast("cpu", torch.bfloat16):
        y = convolution(x)
    torch.testing.assert_close(y.float(), expected, atol=0.05, rtol=0.02)
    leave_nan_in_freed_memory()
    y.float().sum().backward()
    assert torch.isfinite(x.grad).all()
    assert torch.isfinite(convolution.weight.grad).all()


@pytest.mark.parametrize("width", [1, 2, 7, 16])
def test_it_is_the_convolution_of_torch(width):
    ours = Conv2d(3, 8, 3, 2, padding=1)
    theirs = torch.nn.Conv2d(3, 8, 3, 2, padding=1)
    theirs.load_state_dict(ours.state_dict())
    x = torch.randn(2, 3, 5, width)
    torch.testing.assert_close(ours(x), theirs(x), atol=0, rtol=0)


def test_wide_images_are_computed_in_the_format_that_was_asked_for():
    convolution = Conv2d(3, 8, 3, 2, padding=1)
    with torch.autocast("cpu", torch.bfloat16):
        assert convolution(torch.randn(1, 3, 8, 8)).dtype == torch.bfloat16
        assert convolution(torch.randn(1, 3, 8, 2)).dtype == torch.float32
