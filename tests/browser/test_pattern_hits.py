import json
import re

import pytest
from playwright.sync_api import expect

pytestmark = pytest.mark.browser

SETUP = """
import json
import numpy as np
from ig_widgets import AnnotationLog, ImageSet, PatternHits, PatternMatcher, score_map
rng = np.random.default_rng(0)
arrays = [rng.integers(90, 130, (240, 320), np.uint8) for _ in range(12)]
for i in range(0, 12, 2):
    x, y = 40 + 15 * i, 60 + 8 * i
    arrays[i][y : y + 24, x + 8 : x + 14] = 240
    arrays[i][y + 8 : y + 14, x : x + 24] = 240
images = ImageSet.from_arrays(arrays, ids=["im%d.png" % i for i in range(12)])
matcher = PatternMatcher([])
log = AnnotationLog("{name}.db")
finder = PatternHits(
    images, classes=["cross", "dot"], log=log, annotator="ada", heat_map=score_map,
    search=lambda pattern: matcher.hits(images, pattern),
)
finder
"""

READ = """
said = finder.annotations
print(json.dumps(said[["image", "label", "present", "x", "y"]].astype(object).to_numpy().tolist()))
"""


class Finding:
    """The finder of cell 0, as a person uses it."""

    def __init__(self, opened):
        self.opened = opened
        self.page = opened.page
        self.root = self.page.locator(".ig-root")
        self.counts = self.root.locator(".ig-bar .ig-place")
        self.frame = self.root.locator(".ig-wall-frame")

    def begin(self):
        self.opened.start(0)
        expect(self.counts).to_be_visible()
        self.page.locator(".ig-pattern-hits").scroll_into_view_if_needed()
        self.page.wait_for_function("document.querySelector('.ig-pattern-hits > canvas')?.width > 1")
        return self

    def draw(self, start, end):
        places = self.opened.places(start, end)
        self.page.mouse.move(*places[0])
        self.page.mouse.down()
        self.page.mouse.move(*places[1], steps=3)
        self.page.mouse.up()

    def score(self, value):
        self.root.get_by_label("Lowest score").fill(str(value))

    def saved(self):
        expect(self.root.locator(".ig-saved")).to_have_text("Saved")

    def said(self):
        return json.loads(self.opened.run(1))


def test_one_box_shows_where_else_it_occurs_and_hits_become_statements(notebook, screenshot):
    finding = Finding(notebook(SETUP.format(name="hits"), READ)).begin()
    finding.draw((36, 56), (68, 88))
    expect(finding.counts).to_have_text(re.compile(r"^\d+ of 12 hits$"))
    finding.score(0.8)
    expect(finding.counts).to_have_text("6 of 12 hits")
    finding.frame.focus()
    finding.page.keyboard.press("Control+a")
    finding.page.keyboard.press("a")
    finding.saved()
    assert sorted((image, label, present) for image, label, present, *_ in finding.said()) == [
        (f"im{i}.png", "cross", True) for i in (0, 10, 2, 4, 6, 8)
    ]
    finding.frame.focus()  # running a cell has taken it
    finding.page.keyboard.press("Home")
    finding.page.keyboard.press("Escape")
    finding.page.keyboard.press("ArrowRight")
    finding.page.keyboard.press("r")
    finding.saved()
    assert sum(present for _, _, present, *_ in finding.said()) == 5
    finding.frame.focus()
    finding.page.keyboard.press("h")
    expect(finding.root.get_by_role("button", name="Heat map")).to_have_attribute("aria-pressed", "true")
    screenshot(finding.page, "pattern_hits")
    finding.page.keyboard.press("Control+z")
    finding.saved()
    assert sum(present for _, _, present, *_ in finding.said()) == 6


def test_a_hit_leads_to_its_image_and_to_another_search(notebook):
    finding = Finding(notebook(SETUP.format(name="again"), READ)).begin()
    finding.draw((36, 56), (68, 88))
    expect(finding.counts).to_have_text(re.compile(r"^\d+ of 12 hits$"))
    finding.score(0.8)
    finding.frame.focus()
    finding.page.keyboard.press("End")
    option = finding.frame.get_by_role("option")
    expect(option).to_contain_text("hit in im")
    image = re.search(r"im\d+\.png", option.inner_text())[0]
    expect(finding.root.locator(".ig-live").last).to_have_text(f"image {image}")
    finding.page.keyboard.press("l")
    expect(finding.counts).to_have_text(re.compile(r"^\d+ of 12 hits$"))
    finding.score(0.99)
    finding.frame.focus()
    finding.page.keyboard.press("Home")
    expect(option).to_contain_text(image)
