import re

import pytest
from playwright.sync_api import expect

pytestmark = pytest.mark.browser

# shapes that one can tell apart, a tenth of them with the label of another; the index is not the position
SETUP = """
import numpy as np
import pandas as pd
from ig_widgets import AnnotationLog, ImageSet, SimilarityReview
COUNT = {count}
NAMES = ["hat", "shoe", "bag", "coat", "sock"]
rng = np.random.default_rng(0)
truth = rng.integers(0, 5, COUNT)
y, x = np.mgrid[:28, :28] - 13.5
SHAPES = [x**2 + y**2 < 100, np.abs(x) + np.abs(y) < 12, np.abs(x) < 6, np.abs(y) < 6, np.abs(x) > 6]
tones = rng.integers(110, 250, (COUNT, 1, 1))
pictures = np.array([SHAPES[i] for i in truth]) * tones + rng.integers(0, 30, (COUNT, 28, 28))
ids = ["%d.png" % i for i in range(COUNT)]
images = ImageSet.from_arrays(pictures.clip(0, 255).astype(np.uint8), ids=ids)
given = np.where(rng.random(COUNT) < 0.1, rng.integers(0, 5, COUNT), truth)
df = pd.DataFrame({{"label": [NAMES[i] for i in given]}}, index=3 * np.arange(COUNT) + 7)
labels = df["label"].astype(pd.CategoricalDtype(NAMES))
review = SimilarityReview(
    images,
    labels,
    np.arange(COUNT),
    orders={{"backwards": np.arange(COUNT)[::-1]}},
    groups={{"shape": ["shape %d" % i for i in truth]}},
    neighbors=lambda item: np.flatnonzero(truth == truth[item])[:9],
    log=AnnotationLog("{name}.db"),
    annotator="ada",
)
review
"""

READ = """
import json
now, marked = review.corrected_labels, review.marked
assert now.index.equals(labels.index) and marked.index.equals(labels.index) and now.dtype == labels.dtype
assert review.apply_to(df)["label"].tolist() == now.astype(str).tolist()
changed = now[now != labels]
print(json.dumps([changed.index.tolist(), changed.tolist(), marked.index[marked].tolist()]))
"""


def paint(reviewing, count):
    """Drag over the first tiles, row by row there and back."""
    columns, mouse = reviewing.columns, reviewing.page.mouse
    mouse.move(*reviewing.tile(0))
    mouse.down()
    for row, first in enumerate(range(0, count, columns)):
        ends = (first, min(first + columns, count) - 1)
        for end in ends[:: 1 if row % 2 == 0 else -1]:
            mouse.move(*reviewing.tile(end), steps=5)
    mouse.move(*reviewing.tile(0), steps=5)  # over what is painted already
    mouse.up()


def errors(reviewing, count):
    noun = "error" if count == 1 else "errors"
    expect(reviewing.counts).to_contain_text(re.compile(rf"· {count} {noun}, "))


def said(reviewing):
    """Rows that have another label, their labels, and rows that are marked."""
    return reviewing.told(1)


def index_of(positions):
    """What the table calls images."""
    return [3 * position + 7 for position in positions]


def test_20000_images_are_marked_relabeled_filtered_and_kept_through_reload_and_restart(
    notebook, on_wall, screenshot
):
    given_cell = "print(json.dumps(labels.iloc[60:70].tolist()))"
    opened = notebook(SETUP.format(name="similarity", count=20_000), READ, given_cell)
    reviewing = on_wall(opened).begin()
    page = reviewing.page
    screenshot(page, "similarity_review")
    reviewing.choose("Group by", "no groups")
    reviewing.frame.focus()
    for _ in range(3):
        page.keyboard.press("-")  # small enough for fifty to be in sight
    paint(reviewing, 50)
    errors(reviewing, 50)
    assert said(reviewing) == [[], [], index_of(range(50))]

    relabeled = range(60, 70)
    given = opened.json(2)
    reviewing.frame.focus()  # running a cell has taken it
    for position in relabeled:  # whatever they were: sock, hat, sock, …
        page.mouse.move(*reviewing.tile(position))
        page.keyboard.press("5" if position % 2 == 0 else "1")
    expected = ["sock", "hat"] * 5
    screenshot(page, "similarity_review_painted")
    told = [(i, new) for i, old, new in zip(relabeled, given, expected, strict=True) if old != new]
    everything = [index_of([i for i, _ in told]), [new for _, new in told], index_of(range(50))]
    assert said(reviewing) == everything
    opened.command("docmanager:save")
    page.wait_for_function("!window.jupyterapp.shell.currentWidget.context.model.dirty")
    opened.open()
    reviewing.ready()
    assert said(reviewing) == everything
    opened.restart()
    reviewing.begin()
    assert said(reviewing) == everything
    reviewing.frame.focus()
    for _ in relabeled:
        page.keyboard.press("Control+z")
    assert said(reviewing) == [[], [], index_of(range(50))]
    reviewing.frame.focus()
    page.keyboard.press("Control+z")  # fifty at once
    assert said(reviewing) == [[], [], []]


def test_a_filter_keeps_what_was_changed_in_its_place_until_it_is_applied_again(notebook, on_wall):
    reviewing = on_wall(notebook(SETUP.format(name="similarity_filter", count=200), READ)).begin()
    page = reviewing.page
    reviewing.choose("Group by", "no groups")
    for position in range(5):
        reviewing.click(position)
    errors(reviewing, 5)
    reviewing.choose("Show", "marked")
    again = reviewing.root.get_by_role("button", name="Apply again")
    expect(again).to_have_text("Apply again")
    reviewing.click(3)
    expect(again).to_have_text(re.compile(r"Apply again \(\S1\)"))
    errors(reviewing, 4)
    again.click()
    expect(again).to_have_text("Apply again")
    assert said(reviewing) == [[], [], index_of([0, 1, 2, 4])]
    reviewing.frame.focus()
    page.keyboard.press("Control+z")
    expect(again).to_have_text("Apply again (+1)")
    page.keyboard.press("r")
    expect(again).to_have_text("Apply again")
    assert said(reviewing) == [[], [], index_of(range(5))]
    reviewing.choose("Show", "not reviewed")
    expect(again).to_have_text(
        re.compile(r"Apply again \(\S\d+\)")
    )  # what is in sight for a second is reviewed


def test_an_image_is_reviewed_large_beside_similar_ones(notebook, on_wall, screenshot):
    opened = notebook(SETUP.format(name="similarity_zoom", count=200), READ)
    reviewing = on_wall(opened).begin()
    page, root = reviewing.page, reviewing.root
    reviewing.choose("Group by", "no groups")
    reviewing.frame.focus()
    page.keyboard.press("Enter")
    large = root.locator(".ig-large img")
    expect(large).to_have_attribute("alt", "The image 0.png")
    assert large.bounding_box()["width"] > 300
    expect(root.locator(".ig-similar button")).to_have_count(8)
    page.keyboard.press("x")
    expect(root.locator(".ig-facts")).to_contain_text("is wrong")
    page.keyboard.press("ArrowRight")
    expect(large).to_have_attribute("alt", "The image 1.png")
    page.keyboard.press("Space")
    page.keyboard.press("Backspace")
    errors(reviewing, 1)
    page.wait_for_timeout(500)
    screenshot(page, "similarity_review_zoom")
    opened.theme("dark")
    page.wait_for_timeout(800)
    screenshot(page, "similarity_review_zoom_dark")
    page.keyboard.press("Escape")
    assert large.bounding_box()["width"] < 250
    reviewing.choose("Group by", "by shape")
    reviewing.choose("Order", "backwards")
    page.wait_for_timeout(800)
    screenshot(page, "similarity_review_dark")
    assert said(reviewing) == [[], [], index_of([0])]


def test_a_double_click_opens_and_says_nothing_and_shift_goes_on(notebook, on_wall):
    reviewing = on_wall(notebook(SETUP.format(name="similarity_clicks", count=200), READ)).begin()
    page = reviewing.page
    reviewing.choose("Group by", "no groups")
    page.mouse.dblclick(*reviewing.tile(2))
    expect(reviewing.root).to_have_class(re.compile("ig-zoomed"))
    page.keyboard.press("Escape")
    assert said(reviewing) == [[], [], []]
    reviewing.click(1)
    page.keyboard.down("Shift")
    reviewing.click(4)
    page.keyboard.up("Shift")
    reviewing.click(9, button="right")
    page.keyboard.press("Escape")
    page.keyboard.down("Control")
    reviewing.click(6)
    reviewing.click(7)
    page.keyboard.up("Control")
    expect(reviewing.counts).to_contain_text("2 selected")
    page.keyboard.press("x")
    assert said(reviewing) == [[], [], index_of([1, 2, 3, 4, 6, 7])]
    reviewing.frame.focus()
    page.keyboard.press("Escape")
    page.mouse.move(*reviewing.tile(12))  # the cursor is where the mouse is, then where the keys go
    page.keyboard.press("x")
    page.keyboard.press("ArrowRight")
    page.keyboard.press("x")
    assert said(reviewing) == [[], [], index_of([1, 2, 3, 4, 6, 7, 12, 13])]


def test_a_drag_at_the_edge_scrolls_and_paints_what_comes_by(notebook, on_wall):
    reviewing = on_wall(notebook(SETUP.format(name="similarity_edge", count=2000), READ)).begin()
    page, columns = reviewing.page, reviewing.columns
    reviewing.choose("Group by", "no groups")
    area = reviewing.frame.bounding_box()
    x, _ = reviewing.tile(1)
    page.mouse.move(*reviewing.tile(1))
    page.mouse.down()
    page.mouse.move(x, area["y"] + area["height"] - 5, steps=5)
    page.wait_for_function("document.querySelector('.ig-wall-frame').scrollTop > 1500")
    page.mouse.move(x, area["y"] + area["height"] / 2)
    page.mouse.up()
    _, _, marked = said(reviewing)
    positions = [(row - 7) // 3 for row in marked]
    assert len(positions) > 15
    assert positions == [1 + columns * i for i in range(len(positions))]  # one column, and none left out


def test_what_was_said_while_the_kernel_was_dead_is_delivered_to_the_next_one(notebook, on_wall):
    dead = "import os, signal; os.kill(os.getpid(), signal.SIGSTOP)"
    busy = "import time\nfor _ in range(100):\n    time.sleep(0.1)"
    opened = notebook(SETUP.format(name="similarity_dead", count=200), READ, dead, busy)
    reviewing = on_wall(opened).begin()
    page = reviewing.page
    reviewing.choose("Group by", "no groups")
    opened.start(3)
    page.wait_for_timeout(500)
    reviewing.click(0)
    reviewing.saved()
    assert opened.running(3)  # it was saved while a cell ran
    opened.wait(3)
    opened.start(2)
    page.wait_for_timeout(500)
    reviewing.click(1)
    errors(reviewing, 2)
    expect(reviewing.root.locator(".ig-saved")).to_contain_text("waiting for the kernel")
    opened.restart()
    reviewing.begin()
    assert said(reviewing) == [[], [], index_of([0, 1])]


def test_fingers_mark_paint_and_scroll(notebook, on_wall, fingers):
    reviewing = on_wall(notebook(SETUP.format(name="similarity_touch", count=2000), READ)).begin()
    page = reviewing.page
    reviewing.choose("Group by", "no groups")
    touch = fingers(page)
    touch("touchStart", reviewing.tile(1))
    touch("touchEnd")
    errors(reviewing, 1)
    touch("touchStart", reviewing.tile(3))
    page.wait_for_timeout(700)
    touch("touchMove", reviewing.tile(4))
    touch("touchMove", reviewing.tile(5))
    touch("touchEnd")
    errors(reviewing, 4)
    touch("touchStart", reviewing.tile(2 * reviewing.columns))
    for row in (1, 0):
        touch("touchMove", reviewing.tile(row * reviewing.columns))
    touch("touchEnd")
    page.wait_for_function("document.querySelector('.ig-wall-frame').scrollTop > 50")
    assert said(reviewing) == [[], [], index_of([1, 3, 4, 5])]
