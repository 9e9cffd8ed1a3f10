import json
import re

import pytest
from playwright.sync_api import expect

pytestmark = pytest.mark.browser

SETUP = """
import numpy as np
from ig_widgets import AnnotationLog, ImageSet, PeerReview
from ig_widgets.compute.crowd import merge_boxes, reviewed_boxes
rng = np.random.default_rng(0)
ramp = np.linspace(60, 120, 640)[None, :] + rng.normal(0, 6, (400, 640))
images = ImageSet.from_arrays(
    [np.clip(ramp + 30 * i, 0, 255).astype(np.uint8) for i in range(3)], ids=["a.png", "b.png", "c.png"]
)
log = AnnotationLog("{name}.db")
def box(image, x, y, label="crack"):
    return {{"image": image, "label": label, "present": True, "x": x, "y": y, "width": 100, "height": 60}}
if log.annotations.empty:
    log.append([box("a.png", 50, 60), box("a.png", 300, 200)], annotator="ann")
    log.append([box("a.png", 70, 70)], annotator="bo")
    log.append([{{"image": "b.png", "label": "crack", "present": False}}], annotator="bo")
    log.append([box("b.png", 200, 100, "stain")], annotator="ann")
def boxes(image):
    return reviewed_boxes(merge_boxes(log.current(image)), log.verdicts(image))
def review(annotator, **settings):
    return PeerReview(
        images, classes=["crack", "stain"], boxes=boxes, log=log, annotator=annotator,
        guidelines="Reject what is no defect.", **settings
    )
mine = review("cy")
mine
"""

READ = """
columns = ["image", "annotator", "label", "present", "x", "y", "width", "height"]
print(json.dumps(log.verdicts()[columns].astype(object).to_numpy().tolist()))
"""


class Reviewing:
    """The review of cell 0, as a person uses it."""

    def __init__(self, opened):
        self.opened = opened
        self.page = opened.page
        self.root = self.page.locator(".ig-root")
        self.rows = self.root.locator(".ig-row")

    def begin(self, place="1 of 3"):
        self.opened.start(0)
        return self.ready(place)

    def ready(self, place="1 of 3"):
        expect(self.root.locator(".ig-place")).to_have_text(place)
        self.page.locator(".ig-peer-review").scroll_into_view_if_needed()
        self.page.wait_for_function("document.querySelector('.ig-peer-review > canvas')?.width > 1")
        self.root.focus()
        return self

    def press(self, *keys):
        for key in keys:
            self.page.keyboard.press(key)

    def saved(self):
        expect(self.root.locator(".ig-saved")).to_have_text("Saved")

    def said(self):
        return json.loads(self.opened.run(1))

    def drag(self, start, end):
        """Drag between two points of the picture."""
        places = self.opened.places(start, end)
        self.page.mouse.move(*places[0])
        self.page.mouse.down()
        self.page.mouse.move(*[(a + b) / 2 for a, b in zip(*places, strict=True)])
        self.page.mouse.move(*places[1])
        self.page.mouse.up()


def setup(name):
    return "import json\n" + SETUP.format(name=name)


def test_boxes_are_accepted_rejected_and_adjusted(notebook, screenshot):
    reviewing = Reviewing(notebook(setup("review"), READ)).begin()
    expect(reviewing.rows).to_have_count(2)
    expect(reviewing.rows.nth(0)).to_contain_text("ann, bo")
    expect(reviewing.rows.nth(1)).to_contain_text("only one")
    reviewing.press("a")  # the first one is selected
    expect(reviewing.rows.nth(0)).to_contain_text("1 for, 0 against")
    screenshot(reviewing.page, "peer_review")
    reviewing.drag((350, 230), (380, 240))  # the second one, moved
    expect(reviewing.rows).to_have_count(3)
    reviewing.saved()
    reviewing.press("u")
    expect(reviewing.root.locator(".ig-place")).to_have_text("2 of 3")
    expect(reviewing.root.get_by_text(re.compile("bo.*: no .*crack"))).to_be_visible()
    reviewing.press("r")
    reviewing.saved()
    said = reviewing.said()
    assert [row[:4] for row in said] == [
        ["a.png", "cy", "crack", True],
        ["a.png", "cy", "crack", False],
        ["a.png", "cy", "crack", True],
        ["b.png", "cy", "stain", False],
    ]
    assert said[0][4:] == [60, 65, 100, 60]
    assert said[1][4:] == [300, 200, 100, 60]
    assert said[2][4:] == pytest.approx([330, 210, 100, 60], abs=1.5)
    reviewing.root.focus()  # running a cell has taken it
    reviewing.press("Control+z")
    reviewing.saved()
    assert len(reviewing.said()) == 3


def test_people_talk_about_a_box_and_vote_one_after_the_other(notebook):
    reviewing = Reviewing(notebook(setup("talk"), READ, "theirs = review('di')\ntheirs")).begin()
    reviewing.press("c")
    reviewing.page.keyboard.type("<b>a hair</b>, not a crack")
    reviewing.press("Control+Enter")
    expect(reviewing.root.locator(".ig-thread")).to_contain_text("<b>a hair</b>, not a crack")
    reviewing.press("r")
    reviewing.saved()
    reviewing.opened.run(2)
    other = reviewing.page.locator(".ig-root").nth(1)
    expect(other.locator(".ig-row").nth(0)).to_contain_text("0 for, 1 against")
    expect(other.locator(".ig-row").nth(0)).to_contain_text("rejected")
    expect(other.locator(".ig-thread")).to_contain_text("<b>a hair</b>, not a crack")
    assert other.locator(".ig-thread b").count() == 1  # who said it
