import json

import pytest
from playwright.sync_api import expect

pytestmark = pytest.mark.browser

SETUP = """
import numpy as np
from ig_widgets.data.images import ImageSet
from ig_widgets.data.log import AnnotationLog
from ig_widgets.widgets.box_annotator import BoxAnnotator

rng = np.random.default_rng(0)
ramp = np.linspace(90, 160, 640)[None, :] + rng.normal(0, 6, (400, 640))
arrays = [np.clip(ramp + 20 * i, 0, 255).astype(np.uint8) for i in range(4)]
images = ImageSet.from_arrays(arrays, ids=["first.png", "second.png", "third.png", "fourth.png"])
crop = np.full((20, 60), 40, np.uint8)
annotator = BoxAnnotator(
    images,
    classes=["crack", "stain"],
    log=AnnotationLog("statements.db"),
    annotator="ada",
    goal=10,
    guidelines="A crack is a dark line.\\nA stain is round.",
    examples={"crack": [crop, crop]},
)
annotator
"""


def test_first(notebook, screenshot):
    opened = notebook(SETUP, "import json; print(annotator.annotations.to_json(orient='records'))")
    opened.start(0)
    page = opened.page
    root = page.locator(".ig-root")
    expect(root.locator(".ig-place")).to_have_text("1 of 4")
    page.wait_for_timeout(1500)
    stage = root.locator(".ig-stage").bounding_box()
    page.mouse.move(stage["x"] + 200, stage["y"] + 150)
    page.mouse.down()
    page.mouse.move(stage["x"] + 300, stage["y"] + 250, steps=5)
    page.mouse.up()
    page.wait_for_timeout(500)
    screenshot(page, "first")
    print(json.loads(opened.run(1)))
