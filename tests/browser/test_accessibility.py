import pytest
from playwright.sync_api import expect

pytestmark = pytest.mark.browser

CELL = """
import numpy as np
from ig_widgets import AnnotationLog, BoxAnnotator, ImageSet
images = ImageSet.from_arrays([np.full((200, 300), 90, np.uint8)] * 3)
crop = np.full((20, 60), 40, np.uint8)
BoxAnnotator(
    images,
    classes=["crack", "stain"],
    log=AnnotationLog("axe.db"),
    goal=2,
    guidelines="Look.",
    examples={"crack": [crop]},
)
"""


def test_everything_can_be_done_by_keyboard(notebook):
    opened = notebook(
        CELL.replace("axe.db", "keys.db").replace("BoxAnnotator(\n", "annotator = BoxAnnotator(\n")
        + "annotator\n",
        "print(annotator.annotations[['image', 'label', 'present', 'width', 'height']].to_csv(index=False))",
    )
    opened.run(0)
    page = opened.page
    expect(page.locator(".ig-place")).to_have_text("1 of 3")
    page.locator(".ig-root").focus()
    page.keyboard.press("b")
    page.keyboard.press("2")
    for _ in range(3):
        page.keyboard.press("Alt+ArrowRight")
    page.keyboard.press("Escape")
    page.keyboard.press("b")
    page.keyboard.press("ArrowLeft")
    page.keyboard.press(",")
    expect(page.locator(".ig-row[aria-pressed=true]")).to_contain_text("stain")
    page.keyboard.press("Delete")
    expect(page.locator(".ig-row")).to_have_count(1)
    page.keyboard.press("ArrowRight")
    expect(page.locator(".ig-place")).to_have_text("2 of 3")
    page.keyboard.press("n")
    expect(page.locator(".ig-place")).to_have_text("3 of 3")
    page.keyboard.press("Control+z")
    expect(page.locator(".ig-place")).to_have_text("2 of 3")
    page.keyboard.press("s")
    expect(page.locator(".ig-place")).to_have_text("3 of 3")
    expect(page.locator(".ig-saved")).to_have_text("Saved")
    rows = opened.run(1).split()
    assert rows[1].startswith("0,stain,True,")
    assert rows[2:] == ["1,,,,"]
