import shutil
from pathlib import Path

import pytest
from playwright.sync_api import expect

pytestmark = pytest.mark.browser

NOTEBOOKS = Path(__file__).resolve().parents[2] / "notebooks"


@pytest.mark.slow
def test_the_quickstart_goes_from_a_drawn_box_to_weak_labels(lab, open_notebook, screenshot):
    _, folder = lab
    shutil.copy(NOTEBOOKS / "00_quickstart.ipynb", folder)
    opened = open_notebook("00_quickstart.ipynb")
    page = opened.page
    cells = opened.code_cells()
    for cell in cells[:3]:  # up to the annotator
        opened.run(cell)
    root = page.locator(".ig-root")
    expect(root.locator(".ig-place")).to_have_text("1 of 30")
    page.locator(".ig-box-annotator").scroll_into_view_if_needed()
    page.wait_for_function("document.querySelector('.ig-box-annotator > canvas')?.width > 1")
    screenshot(page, "quickstart")
    stage = root.locator(".ig-stage").bounding_box()
    middle = stage["y"] + stage["height"] / 2
    for left in (100, 300, 500):
        page.mouse.move(stage["x"] + left, middle - 30)
        page.mouse.down()
        page.mouse.move(stage["x"] + left + 80, middle + 30, steps=3)
        page.mouse.up()
        page.keyboard.press("Escape")
    expect(root.locator(".ig-box")).to_have_count(3)
    page.keyboard.press("PageDown")
    for place in range(2, 8):
        expect(root.locator(".ig-place")).to_have_text(f"{place} of 30")
        page.keyboard.press("n")
    expect(root.locator(".ig-saved")).to_have_text("Saved")
    for cell in cells[3:]:
        opened.run(cell)
    labels = (folder / "weak_labels.csv").read_text().splitlines()
    assert labels[0].startswith("image,label,ok,scratch,pattern,score")
    assert len(labels) == 81
