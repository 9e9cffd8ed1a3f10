"""Random augmentation of training images."""

import torch
from torch import Tensor
from torch.nn import functional

_SHIFT = 0.1
_LIGHT = 0.2


def augment(x: Tensor) -> Tensor:
    """Flip, shift and relight every image at random.

    Parameters
    ----------
    x
        (n, c, h, w) images with a standard deviation of about 1.

    Returns
    -------
    Tensor of shape (n, c, h, w)
        Each image is mirrored or not in either direction, moved by whole pixels, up to a tenth of its sides
        (what enters is the mirror image at the border), multiplied by 0.8 to 1.2, and brightened or darkened
        by up to 0.2.

    Notes
    -----
    The numbers are torch's global ones: draw inside a `TorchRandomness`. Flipped and moved, a defect is still
    one; where position or direction makes the class, as for digits, this is not for the data.
    """
    n, _, height, width = x.shape
    flips = 2.0 * torch.randint(0, 2, (n, 2)) - 1
    sides = torch.tensor([width, height])
    furthest = (_SHIFT * sides).floor()
    pixels = ((2 * torch.rand(n, 2) - 1) * (furthest + 1)).trunc()
    maps = torch.zeros(n, 2, 3)
    maps[:, 0, 0], maps[:, 1, 1] = flips.T
    maps[:, :, 2] = 2 * pixels / sides  # in the grid's unit, half a side
    grid = functional.affine_grid(maps.to(x.device), list(x.shape), align_corners=False)
    # at whole pixels the nearest one is exact, and thin lines stay as sharp as they are
    x = functional.grid_sample(x, grid, mode="nearest", padding_mode="reflection", align_corners=False)
    contrast, brightness = ((2 * torch.rand(2, n, 1, 1, 1) - 1) * _LIGHT).to(x.device)
    relit: Tensor = x * (1 + contrast) + brightness
    return relit
