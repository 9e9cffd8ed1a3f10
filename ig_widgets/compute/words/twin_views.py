"""Random pairs of views of an image, which a network learns to match."""

import torch
from torch import Tensor
from torch.nn import functional

_SMALLEST = 0.5
_LIGHT = 0.4
_NOISE = 0.1


def random_view(x: Tensor, size: tuple[int, int], *, flips: bool = True) -> Tensor:
    """Return a random crop of every image with random contrast and brightness.

    Parameters
    ----------
    x
        (n, c, h, w) images with a standard deviation of about 1.
    size
        Height and width of the views.
    flips
        Whether views are mirrored in either direction at random. Not where direction makes the class, as for
        digits.

    Returns
    -------
    Tensor of shape (n, c, *size)
        Of each image a window of 50 % to 100 % of its area, brought to `size`, multiplied by 0.6 to 1.4,
        brightened or darkened by up to 0.4, with noise of standard deviation 0 to 0.1.

    Notes
    -----
    After Zbontar et al. 2021, section 2.2, whose views are colored at random, too: here colors stay, since
    they may make the class. The numbers are torch's global ones: draw inside a `TorchRandomness`.
    """
    n = len(x)
    scale = (_SMALLEST + (1 - _SMALLEST) * torch.rand(n)).sqrt()
    middle = (2 * torch.rand(n, 2) - 1) * (1 - scale)[:, None]  # in units of half a side
    signs = 2.0 * torch.randint(0, 2, (n, 2)) - 1 if flips else torch.ones(n, 2)
    maps = torch.zeros(n, 2, 3)
    maps[:, 0, 0], maps[:, 1, 1] = (scale[:, None] * signs).T
    maps[:, :, 2] = middle
    grid = functional.affine_grid(maps.to(x.device), [n, x.shape[1], *size], align_corners=False)
    views = functional.grid_sample(x, grid, mode="bilinear", padding_mode="reflection", align_corners=False)
    contrast, brightness = ((2 * torch.rand(2, n, 1, 1, 1) - 1) * _LIGHT).to(x.device)
    noise = (_NOISE * torch.rand(n, 1, 1, 1)).to(x.device) * torch.randn(views.shape).to(x.device)
    relit: Tensor = views * (1 + contrast) + brightness + noise
    return relit
