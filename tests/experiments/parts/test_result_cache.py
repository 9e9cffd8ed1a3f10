import numpy as np
import pytest

from ig_widgets.experiments.parts.result_cache import cached


class Maker:
    def __init__(self):
        self.made = 0

    def __call__(self):
        self.made += 1
        return {"f1": 0.1 + self.made, "rows": [1, 2]}


def test_the_same_facts_are_made_once(tmp_path):
    make = Maker()
    facts = {"seed": 3, "rows": np.arange(4), "settings": {"b": 1, "a": (2, 3)}}
    first = cached(tmp_path / "new", facts, make)
    again = cached(
        tmp_path / "new", {"rows": [0, 1, 2, 3], "seed": 3, "settings": {"a": [2, 3], "b": 1}}, make
    )
    assert first == again == {"f1": 1.1, "rows": [1, 2]}
    assert make.made == 1


@pytest.mark.parametrize("other", [{"seed": 4}, {"seed": 3, "more": None}, {"seed": 3.5}])
def test_other_facts_are_made_anew(other, tmp_path):
    make = Maker()
    assert cached(tmp_path, {"seed": 3}, make) != cached(tmp_path, other, make)
    assert make.made == 2


def test_without_a_folder_nothing_is_kept(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    make = Maker()
    assert cached(None, {}, make) != cached(None, {}, make)
    assert not list(tmp_path.iterdir())


def test_what_fails_leaves_nothing_behind(tmp_path):
    with pytest.raises(ZeroDivisionError):
        cached(tmp_path, {}, lambda: 1 / 0)
    assert not list(tmp_path.iterdir())
    assert cached(tmp_path, {}, Maker())["f1"] == 1.1
