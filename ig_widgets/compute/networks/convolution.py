"""A convolution that also handles narrow images correctly."""

import torch
from torch import Tensor, nn


class Conv2d(nn.Conv2d):
    """A convolution as that of torch, but in float32 where torch's bfloat16 reads beyond its input.

    On CPUs with AMX, the oneDNN of torch 2.13 multiplies uninitialized memory by zero where a strided,
    padded convolution in bfloat16 gives a single column: most of the time this is 0, now and then NaN.
    """

    def forward(self, x: Tensor) -> Tensor:
        """Return the convolution (n, channels, h, w) of images."""
        stride, dilation = self.stride[1], self.dilation[1]
        room = x.shape[-1] + 2 * int(self.padding[1]) - dilation * (self.kernel_size[1] - 1) - 1
        if x.device.type == "cpu" and 0 <= room < stride > 1:
            with torch.autocast("cpu", enabled=False):
                return super().forward(x.float())
        return super().forward(x)
