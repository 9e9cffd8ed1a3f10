import subprocess
import sys

import pytest

from ig_widgets.compute.networks.devices import on_cuda


def test_the_cpu_is_no_gpu():
    assert not on_cuda("cpu")


def test_without_a_gpu_auto_is_the_cpu_and_cuda_an_error():
    import torch

    if torch.cuda.is_available():
        pytest.skip("there is a GPU")
    assert not on_cuda("auto")
    with pytest.raises(RuntimeError, match="torch finds no GPU"):
        on_cuda("cuda")


def test_looking_for_a_gpu_loads_torch_only_where_there_is_a_driver():
    code = (
        "import sys, shutil; shutil.which = lambda name: None\n"
        "from ig_widgets.compute.networks.devices import on_cuda\n"
        "print(on_cuda('auto'), 'torch' in sys.modules)"
    )
    printed = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert printed.split() == ["False", "False"]
