import pytest
import torch

from ig_widgets.compute.networks.precision import autocast


def product(precision):
    x = torch.full((4, 4), 1 / 3)
    with autocast("cpu", precision):
        return x @ x


def test_products_have_the_precision_asked_for():
    assert product("float32").dtype == torch.float32
    assert product("bfloat16").dtype == torch.bfloat16
    torch.testing.assert_close(product("bfloat16").float(), product("float32"), rtol=2**-7, atol=0)


@pytest.mark.parametrize("ability", ["amx_bf16", "avx512_bf16", "bf16", None])
def test_the_default_follows_the_processor(ability, monkeypatch):
    monkeypatch.setattr(torch.cpu, "get_capabilities", lambda: {"avx2": True, ability: True}, raising=False)
    assert product("auto").dtype == (torch.bfloat16 if ability else torch.float32)


def test_the_default_is_float32_where_torch_cannot_be_asked(monkeypatch):
    monkeypatch.delattr(torch.cpu, "get_capabilities", raising=False)
    assert product("auto").dtype == torch.float32


def test_an_unknown_precision_is_refused():
    with pytest.raises(ValueError, match="precision is 'half'; give"):
        autocast("cpu", "half")
