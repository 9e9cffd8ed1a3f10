"""A widget is made of nothing but its own few files: the least of each base is built, opened and used."""

import subprocess
from pathlib import Path

import pytest
from playwright.sync_api import expect

pytestmark = pytest.mark.browser

JS = Path(__file__).resolve().parents[2] / "js"
MINIMAL = JS / "tests" / "minimal"
MOST_FILES = 6

PYTHON = {
    "verdict": '''
"""Say of each image whether something is wrong with it."""

from pathlib import Path

from ig_widgets.widgets.stage.stage_widget import StageWidget


class Verdict(StageWidget):
    """Say of each image whether something is wrong with it."""

    def __init__(self, images, classes, order=None, *, log=None, annotator="me", note=""):
        super().__init__(
            images,
            classes,
            order,
            script=Path(__file__).parent / "static" / "verdict.js",
            source="Verdict",
            log=log,
            annotator=annotator,
            note=note,
        )

    @property
    def annotations(self):
        """What this annotator has said here."""
        return self._session.log.current(annotator=self._session.annotator, source="Verdict")
''',
    "favorites": r'''
"""Choose the images that you like."""

from pathlib import Path

import numpy as np

from ig_widgets.widgets.wall.rows_widget import Column, RowsWidget

STATIC = Path(__file__).parent / "static"


class Likes:
    """Which images are liked."""

    def __init__(self, ids):
        self.ids = list(ids)
        self.liked = np.zeros(len(self.ids), np.uint8)

    def __len__(self):
        return len(self.ids)

    def names(self):
        return frozenset(self.ids)

    def rows(self, names):
        return [self.ids.index(name) for name in names if name in self.ids]

    def digest(self, count):
        return "\n".join(self.ids[:count])


class Favorites(RowsWidget):
    """Choose the images that you like."""

    _esm = STATIC / "favorites.js"
    _css = STATIC / "favorites.css"

    def __init__(self, images, *, log=None, annotator="me", note=""):
        super().__init__(
            Likes(images.ids),
            [Column("liked", np.uint8, editable=True)],
            lambda item: images[item],
            source="Favorites",
            log=log,
            annotator=annotator,
            note=note,
        )
        self._recall(range(len(images)))

    @property
    def annotations(self):
        """What this annotator has said here."""
        return self._own(self._session.log.current)

    def _statements(self, rows, gesture):
        return {row: {"image": self._table.ids[row], "label": "liked", "present": True} for row in rows}

    def _recall(self, rows):
        liked = set(self.annotations["image"])
        self._table.liked[list(rows)] = [self._table.ids[row] in liked for row in rows]
''',
}

CELL = """
import sys
sys.path.insert(0, {folder!r})
import json
import numpy as np
import ig_widgets as ig
rng = np.random.default_rng(0)
arrays = [rng.integers(60, 180, (60, 80), np.uint8) for _ in range(3)]
images = ig.ImageSet.from_arrays(arrays, ids=list("abc"))
log = ig.AnnotationLog("{name}.db")
"""

STAGE = """
from verdict import Verdict
widget = Verdict(images, ["crack", "stain"], log=log, note="look at them")
widget
"""

WALL = """
from favorites import Favorites
widget = Favorites(images, log=log, note="look at them")
widget
"""

READ = """
said = widget.annotations[["image", "label", "present"]]
print(json.dumps(said.astype(object).to_numpy().tolist()))
"""


def build(name, folder):
    """Bundle a widget from its own files, and put what Python needs into a folder of its own."""
    assert len(list((MINIMAL / name).iterdir())) + 1 <= MOST_FILES
    (folder / f"{name}.py").write_text(PYTHON[name])
    esbuild = [JS / "node_modules" / ".bin" / "esbuild", "--bundle", "--format=esm"]
    for entry, ending in (("index.ts", "js"), ("style.css", "css")):
        out = f"--outfile={folder / 'static' / f'{name}.{ending}'}"
        subprocess.run([*esbuild, MINIMAL / name / entry, out, "--log-level=warning"], check=True)


def test_the_least_widget_on_a_stage_is_opened_and_used(notebook, screenshot, tmp_path):
    build("verdict", tmp_path)
    opened = notebook(CELL.format(folder=str(tmp_path), name="verdict") + STAGE, READ)
    opened.run(0)
    root = opened.page.locator(".ig-root")
    expect(root.locator(".ig-note")).to_have_text("look at them")
    opened.page.wait_for_function("document.querySelector('.ig-stack > canvas')?.width > 1")
    root.focus()
    opened.page.keyboard.press("2")
    expect(root.locator(".ig-status")).to_have_text("a: stain")
    opened.page.wait_for_function("!document.querySelector('.ig-turning')")
    opened.page.keyboard.press("n")
    expect(root.locator(".ig-saved")).to_have_text("Saved")
    screenshot(opened.page, "minimal_stage")
    assert opened.json(1) == [["a", "stain", True], ["b", "crack", False]]


def test_the_least_widget_on_a_wall_is_opened_and_used(notebook, screenshot, tmp_path):
    build("favorites", tmp_path)
    opened = notebook(CELL.format(folder=str(tmp_path), name="favorites") + WALL, READ)
    opened.run(0)
    root = opened.page.locator(".ig-root")
    expect(root.locator(".ig-note")).to_have_text("look at them")
    wall = root.locator(".ig-wall-frame")
    expect(wall.get_by_role("option")).to_have_count(1)
    wall.focus()
    for _ in range(2):
        opened.page.keyboard.press("l")
    expect(root.locator(".ig-status")).to_have_text("1 image liked")
    expect(root.locator(".ig-saved")).to_have_text("Saved")
    screenshot(opened.page, "minimal_wall")
    assert opened.json(1) == [["a", "liked", True], ["b", "liked", True]]
