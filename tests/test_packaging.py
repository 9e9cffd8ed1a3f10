"""What is built from this tree is whole: in the wheel, in the sdist, and where the wheel is installed."""

import json
import os
import shutil
import subprocess
import sys
import sysconfig
import tarfile
import zipfile
from pathlib import Path

import pytest

pytestmark = pytest.mark.slow

REPO = Path(__file__).resolve().parents[1]
STATIC = "ig_widgets/widgets/static"


def build(root, out, *kinds):
    """Build in this environment, which has the build backend; returns the finished process."""
    return subprocess.run(
        [sys.executable, "-m", "build", "--no-isolation", *kinds, "--outdir", out, root],
        cwd=out,
        capture_output=True,
        text=True,
        check=False,
    )


def contents(wheel):
    with zipfile.ZipFile(wheel) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


@pytest.fixture(scope="module")
def tree(tmp_path_factory):
    """A copy of what is needed for building, which no other test changes meanwhile."""
    root = tmp_path_factory.mktemp("tree")
    for name in ("ig_widgets", "js"):
        left_out = shutil.ignore_patterns("node_modules", "__pycache__")
        shutil.copytree(REPO / name, root / name, ignore=left_out)
    for name in (".gitignore", "CHANGELOG.md", "LICENSE", "README.md", "pyproject.toml"):
        shutil.copy(REPO / name, root)
    return root


@pytest.fixture(scope="module")
def wheel(tree, tmp_path_factory):
    out = tmp_path_factory.mktemp("wheel")
    finished = build(tree, out, "--wheel")
    assert finished.returncode == 0, finished.stdout + finished.stderr
    (path,) = out.glob("*.whl")
    return path


@pytest.fixture(scope="module")
def through_sdist(tree, tmp_path_factory):
    """An sdist, and the wheel that is built from it where there is no npm."""
    out = tmp_path_factory.mktemp("sdist")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PATH", "")
        finished = build(tree, out)
    assert finished.returncode == 0, finished.stdout + finished.stderr
    (sdist,), (wheel,) = out.glob("*.tar.gz"), out.glob("*.whl")
    return sdist, wheel


def test_every_widget_has_its_script_and_style_in_the_wheel(wheel):
    files = contents(wheel)
    widgets = sorted(path.parent.name for path in (REPO / "js" / "src").glob("*/index.ts"))
    assert widgets
    for name in widgets:
        assert files[f"{STATIC}/{name}.js"]
        assert files[f"{STATIC}/{name}.css"]
    assert sorted(json.loads(files[f"{STATIC}/manifest.json"])["widgets"]) == widgets


def test_every_module_and_stub_is_in_the_wheel(wheel):
    package = [path for end in ("*.py", "*.pyi", "py.typed") for path in (REPO / "ig_widgets").rglob(end)]
    wanted = {path.relative_to(REPO).as_posix() for path in package}
    assert {"ig_widgets/py.typed", "ig_widgets/__init__.pyi"} <= wanted
    assert wanted <= contents(wheel).keys()


def test_the_sdist_has_the_front_ends_sources_and_gives_the_same_wheel(wheel, through_sdist):
    sdist, other = through_sdist
    with tarfile.open(sdist) as archive:
        names = {name.partition("/")[2] for name in archive.getnames()}
    sources = [path for path in (REPO / "js" / "src").rglob("*") if path.is_file()]
    assert {path.relative_to(REPO).as_posix() for path in sources} <= names
    assert not any("node_modules" in name for name in names)
    assert contents(other) == contents(wheel)


def test_bundles_of_other_sources_are_not_packed(tree, tmp_path, monkeypatch):
    stale = tmp_path / "stale"
    shutil.copytree(tree, stale)
    new = stale / "js" / "src" / "newest" / "index.ts"
    new.parent.mkdir()
    new.write_text("export default {};\n")
    monkeypatch.setenv("PATH", "")
    finished = build(stale, tmp_path, "--wheel")
    assert finished.returncode != 0
    assert "install Node.js" in finished.stdout + finished.stderr
    assert not list(tmp_path.glob("*.whl"))


MAKE_WIDGETS = """
import sys
from pathlib import Path

import numpy as np
from ipywidgets import Widget

import ig_widgets as ig

assert Path(ig.__file__).is_relative_to(sys.prefix), ig.__file__
images = ig.ImageSet.from_arrays(np.zeros((3, 20, 30), np.uint8))
ig.BoxAnnotator(images, classes=["crack"])
ig.PatternGallery(images, classes=["crack"])
made = [one["state"] for one in Widget.get_manager_state()["state"].values()]
scripts = {state["_esm"] for state in made if "_esm" in state}
assert len(scripts) == 2, len(scripts)
assert all("export" in script for script in scripts)
"""


def test_a_widget_is_made_in_an_empty_environment_that_has_the_wheel(wheel, tmp_path):
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", tmp_path / "venv"], check=True)
    python = tmp_path / "venv" / ("Scripts" if os.name == "nt" else "bin") / "python"
    where = "import sysconfig; print(sysconfig.get_path('purelib'))"
    packages = Path(
        subprocess.run([python, "-c", where], capture_output=True, text=True, check=True).stdout.strip()
    )
    shutil.unpack_archive(wheel, packages, "zip")  # a pure wheel is installed by unpacking it
    # the dependencies are those of this environment; a path in a .pth file comes last, and brings no
    # .pth files of its own, such as those of an editable installation
    theirs = {sysconfig.get_path("purelib"), sysconfig.get_path("platlib")}
    (packages / "dependencies.pth").write_text("\n".join(sorted(theirs)))
    environment = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
    finished = subprocess.run(
        [python, "-P", "-c", MAKE_WIDGETS],
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert finished.returncode == 0, finished.stderr
