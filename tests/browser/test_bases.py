"""What the bases carry for every widget, tried with one widget on a stage and one on a wall."""

import re
from typing import NamedTuple

import pytest
from playwright.sync_api import expect

pytestmark = pytest.mark.browser

IMPORTS = """
import numpy as np
import ig_widgets as ig
rng = np.random.default_rng(0)
arrays = [rng.integers(60, 180, (60, 80), np.uint8) for _ in range(3)]
images = ig.ImageSet.from_arrays(arrays, ids=list("abc"))
log = ig.AnnotationLog("{name}.db")
def note():
    judged = set(log.annotations["image"]) | set(log.verdicts()["image"])
    return f"{{3 - len(judged)}} images are left"
"""

BUSY = """
import time
end = time.monotonic() + {seconds}
while time.monotonic() < end:
    sum(range(10_000))
"""


class Base(NamedTuple):
    """A widget, and how people use it."""

    cell: str

    keyboard: str
    """What has the keyboard: a part of the widget, or the widget itself."""

    say: tuple[str, ...]
    """The keys that say something about the first item, and go on to the next."""

    told: str
    """What the status line says then: a pattern."""

    chip: tuple[str, ...]
    """The keys that give the second class to something."""

    end: str
    """What the end says when the keys of `say` were pressed for all three: a pattern."""


BASES = {
    "box_annotator": Base(
        'ig.BoxAnnotator(images, ["crack", "stain"], log=log, note=note, next_step="gadget.learn()")',
        ".ig-root",
        ("n",),
        "image 2 of 3",
        ("2", "b"),
        "All 3 images looked at: 0 with defects, 0 boxes",
    ),
    "pattern_gallery": Base(
        'ig.PatternGallery(images, ["crack", "stain"], log=log, note=note, next_step="gadget.learn()")',
        ".ig-wall-frame",
        ("k",),
        "1 pattern kept",
        ("2",),
        "3",
    ),
}

each_base = pytest.mark.parametrize("name", BASES)


@pytest.fixture
def open_base(notebook, request):
    """Run a widget, and give it the keyboard: ``open_base(name)``."""

    def opened(name, *cells):
        base = BASES[name]
        db = re.sub(r"\W+", "_", request.node.name)
        opened = notebook(IMPORTS.format(name=db) + base.cell, *cells)
        opened.run(0)
        root = opened.page.locator(".ig-root")
        expect(root.locator(".ig-saved")).to_have_text("Saved")
        take_keyboard(root, base)
        return opened, root

    return opened


def take_keyboard(root, base):
    if base.keyboard == ".ig-wall-frame":
        frame = root.locator(base.keyboard)
        frame.focus()
        expect(frame.get_by_role("option")).to_have_count(1)
    else:
        root.focus()
        root.page.wait_for_function("document.querySelector('.ig-stack > canvas')?.width > 1")


@each_base
def test_what_is_said_is_told_to_everybody_and_the_note_counts_on(open_base, name):
    opened, root = open_base(name)
    expect(root.locator(".ig-note")).to_have_text("3 images are left")
    for key in BASES[name].say:
        opened.page.keyboard.press(key)
    line = root.locator(".ig-status")
    expect(line).to_have_text(re.compile(BASES[name].told))
    area, whole = line.bounding_box(), root.bounding_box()
    assert area["height"] >= 20
    assert area["width"] > 0.9 * whole["width"]
    expect(line).to_have_attribute("aria-live", "polite")
    expect(root.locator(".ig-note")).to_have_text("2 images are left")


@each_base
def test_when_everything_is_done_the_widget_says_what_was_done_and_what_to_run_next(
    open_base, screenshot, name
):
    opened, root = open_base(name)
    end = root.locator(".ig-end")
    expect(end).to_be_hidden()
    for key in 3 * BASES[name].say:
        opened.page.keyboard.press(key)
        expect(root.locator(".ig-saved")).to_have_text("Saved")
        root.page.wait_for_function("!document.querySelector('.ig-turning')")
    expect(end).to_contain_text(re.compile(BASES[name].end))
    expect(end.locator("code")).to_have_text("gadget.learn()")
    screenshot(opened.page, f"end_{name}")
    opened.theme("dark")
    screenshot(opened.page, f"end_{name}_dark")
    end.get_by_role("button", name="Go on here").click()
    expect(end).to_be_hidden()
    opened.page.keyboard.press("Control+z")  # the keyboard is where it was
    expect(root.locator(".ig-saved")).to_have_text("Saved")
    expect(end).to_be_hidden()
    opened.page.keyboard.press("Control+Shift+z")
    expect(end).to_be_visible()  # done once more


@each_base
def test_classes_are_chips_with_a_digit_and_a_count_and_the_help_says_what_keys_mean(
    open_base, screenshot, name
):
    opened, root = open_base(name)
    chip = root.locator(".ig-chip").nth(1)
    expect(chip).to_contain_text("stain")
    expect(chip.locator("kbd")).to_have_text("2")
    before = int(chip.locator(".ig-count").inner_text() or 0)
    for key in BASES[name].chip:
        opened.page.keyboard.press(key)
    expect(chip.locator(".ig-count")).to_have_text(str(before + 1))
    expect(chip).to_have_attribute("title", re.compile(r"Class .*stain.* \(2\), 1 "))
    opened.page.keyboard.press("?")
    help_ = root.get_by_role("dialog", name="Keys and gestures")
    expect(help_.get_by_role("heading", name="The same in all widgets")).to_be_attached()
    expect(help_).to_contain_text("this class, for what is selected and what comes next")
    screenshot(opened.page, f"help_{name}")


@each_base
def test_a_widget_opens_at_once_above_a_cell_that_computes(open_base, screenshot, name):
    opened, root = open_base(name, BUSY.format(seconds=60))
    page = opened.page
    # the first run has imported everything: now the cell makes its widget while the next one waits
    page.evaluate(
        """() => {
            const { kernel } = window.jupyterapp.shell.currentWidget.sessionContext.session;
            kernel.commsOverSubshells = "disabled";
            window.jupyterapp.commands.execute("notebook:run-all-cells");
        }"""
    )
    page.wait_for_function("document.querySelectorAll('.ig-root').length === 1")
    expect(root.locator(".ig-opening")).to_have_count(0)
    expect(root.locator(".ig-note")).to_have_text("3 images are left")
    expect(root.get_by_role("toolbar").first).to_be_visible()
    if name == "box_annotator":  # the picture, too: it was on its way before the next cell began
        page.wait_for_function("document.querySelector('.ig-stack > canvas')?.width > 1")
    screenshot(page, f"run_all_{name}")
    status = "window.jupyterapp.shell.currentWidget.sessionContext.session.kernel.status"
    assert page.evaluate(status) == "busy"
