"""The widget that needs no ipycanvas, in marimo."""

import pytest
from playwright.sync_api import expect

import ig_widgets as ig

pytestmark = pytest.mark.browser

APP = """
import marimo as mo
import numpy as np
import ig_widgets as ig

arrays = [np.random.default_rng(i).integers(60, 180, (40, 60), np.uint8) for i in range(6)]
images = ig.ImageSet.from_arrays(arrays, ids=[f"{i}.png" for i in range(6)])
gallery = ig.PatternGallery(images, classes=["crack", "stain"], log=ig.AnnotationLog("marimo.db"))
mo.ui.anywidget(gallery)
"""


def test_a_gallery_is_used_and_found_again_after_a_reload(marimo, screenshot, tmp_path):
    page = marimo(APP)
    root = page.locator(".ig-root")
    counts = root.locator(".ig-bar .ig-place")
    expect(counts).to_contain_text("6 patterns")
    frame = root.locator(".ig-wall-frame")
    frame.focus()
    for key in ["d", "2"]:  # the next pattern follows each
        page.keyboard.press(key)
    expect(counts).to_contain_text("1 dropped")
    expect(root.locator(".ig-saved")).to_have_text("Saved")
    screenshot(page, "marimo")
    said = ig.AnnotationLog(tmp_path / "marimo.db").verdicts()
    assert said[["image", "present"]].to_numpy().tolist() == [["0.png", False], ["1.png", True]]
    assert said["label"].iloc[1] == "stain"

    page.reload()
    expect(counts).to_contain_text("1 dropped")
    page.emulate_media(color_scheme="dark")
    expect(root).to_have_css("background-color", "rgb(255, 255, 255)")  # its text is black there
