import os
from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient

NOTEBOOKS = Path(__file__).resolve().parents[1] / "notebooks"


@pytest.mark.slow
@pytest.mark.timeout(2400)  # minutes of computing, and more beside other work
@pytest.mark.parametrize("path", sorted(NOTEBOOKS.glob("*.ipynb")), ids=lambda path: path.stem)
def test_a_notebook_runs_from_top_to_bottom(path, tmp_path, monkeypatch):
    monkeypatch.setenv("IPYTHONDIR", str(tmp_path / "ipython"))
    folder = tmp_path / "work"
    folder.mkdir()
    # the second time the statements of the first are there
    for _ in range(nbformat.read(path, as_version=4).metadata.get("test_runs", 2)):
        notebook = nbformat.read(path, as_version=4)
        client = NotebookClient(notebook, timeout=900, resources={"metadata": {"path": str(folder)}})
        client.execute(env=os.environ | {"IPYTHONDIR": str(tmp_path / "ipython")})


@pytest.mark.parametrize("path", sorted(NOTEBOOKS.glob("*.ipynb")), ids=lambda path: path.stem)
def test_a_notebook_is_kept_without_outputs(path):
    cells = nbformat.read(path, as_version=4).cells
    assert not any(cell.get("outputs") or cell.get("execution_count") for cell in cells)
