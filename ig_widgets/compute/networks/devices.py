"""Detection of a GPU; torch is imported only if needed."""

import shutil
import sys
from typing import Literal

Device = Literal["auto", "cpu", "cuda"]


def on_cuda(device: Device) -> bool:
    """Whether to compute on the GPU.

    Raises
    ------
    RuntimeError
        If "cuda" is asked for and torch sees none.
    """
    if device == "cpu" or (
        device == "auto" and "torch" not in sys.modules and not shutil.which("nvidia-smi")
    ):
        return False
    import torch  # noqa: PLC0415  # takes seconds, which a machine without a driver is spared

    if torch.cuda.is_available():
        return True
    if device == "cuda":
        raise RuntimeError(
            "device is 'cuda', but torch finds no GPU; install a build of torch for it, or choose 'auto'"
        )
    return False
