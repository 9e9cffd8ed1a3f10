from pathlib import Path

import grimp
import pytest


def cycles(graph):
    """Return the modules of each import cycle: those that reach each other."""
    imports = {module: graph.find_modules_directly_imported_by(module) for module in graph.modules}
    left = dict(imports)
    while True:  # what imports nothing that is left, and what nothing that is left imports, is on no cycle
        imported = {name for names in left.values() for name in names if name in left}
        inside = {
            module: {name for name in names if name in left}
            for module, names in left.items()
            if module in imported and any(name in left for name in names)
        }
        if len(inside) == len(left):
            return sorted(inside)
        left = inside


@pytest.mark.parametrize("guard", ["", "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    "])
def test_a_cycle_is_found_also_where_it_is_for_types_only(tmp_path, monkeypatch, guard):
    package = tmp_path / "circular"
    package.mkdir()
    sources = {
        "__init__": "",
        "first": "from circular import second",
        "second": f"{guard}from circular import first",
        "third": "from circular import first",
    }
    for name, source in sources.items():
        (package / f"{name}.py").write_text(source + "\n", encoding="utf-8")
    monkeypatch.syspath_prepend(tmp_path)
    graph = grimp.build_graph("circular", cache_dir=None)
    assert cycles(graph) == ["circular.first", "circular.second"]


def test_no_modules_import_each_other_not_even_for_types():
    graph = grimp.build_graph("ig_widgets", cache_dir=None)
    sources = Path(__file__).resolve().parents[1] / "ig_widgets"
    assert len(graph.modules) == len(list(sources.rglob("*.py")))
    assert cycles(graph) == []
