import json
import re

import numpy as np
import pytest
from playwright.sync_api import expect

pytestmark = pytest.mark.browser

SETUP = """
import numpy as np
from ig_widgets.data.images import ImageSet
from ig_widgets.data.log.log import AnnotationLog
from ig_widgets.widgets.box_annotator import BoxAnnotator

rng = np.random.default_rng(0)
ramp = np.linspace(60, 120, 640)[None, :] + rng.normal(0, 6, (400, 640))
arrays = [np.clip(ramp + 30 * i, 0, 255).astype(np.uint8) for i in range(4)]
images = ImageSet.from_arrays(arrays, ids=["first.png", "second.png", "third.png", "fourth.png"])
crop = np.full((20, 60), 40, np.uint8)
log = AnnotationLog("{name}.db")
annotator = BoxAnnotator(
    images,
    classes=["crack", "stain"],
    log=log,
    annotator="ada",
    goal=10,
    guidelines="A crack is a dark line.\\nA stain is round.",
    examples={{"crack": [crop, crop]}},
)
annotator
"""

READ = """
print(annotator.annotations.drop(columns="at").to_json(orient="records"))
"""

LOOP = """
while True:
    sum(range(10_000))
"""

TRAINING = """
from ig_widgets import PatternGAN
for record in PatternGAN(epochs=10**6, random_state=0).training(images[:3]):
    pass
"""

PAINTED = """
() => {
    const canvas = document.querySelector(".ig-box-annotator > canvas");
    return canvas.getContext("2d").getImageData(320, 200, 1, 1).data[3] === 255;
}
"""


class Annotating:
    """The widget of cell 0, as a person uses it."""

    def __init__(self, opened):
        self.opened = opened
        self.page = opened.page
        self.root = self.page.locator(".ig-root")

    def begin(self, place="1 of 4"):
        self.opened.start(0)
        return self.ready(place)

    def begin_beside(self, index):
        """Begin, and let another cell compute."""
        self.begin()
        self.focus()
        self.opened.start_computing(index)
        self.page.locator(".ig-box-annotator").scroll_into_view_if_needed()
        return self

    def ready(self, place="1 of 4"):
        expect(self.root.locator(".ig-place")).to_have_text(place)
        self.page.locator(".ig-box-annotator").scroll_into_view_if_needed()
        self.page.wait_for_function("document.querySelector('.ig-box-annotator > canvas')?.width > 1")
        return self

    def picture(self):
        """Where the picture lies on the page, and how many pixels it has."""
        return self.page.locator(".ig-box-annotator > canvas").evaluate(
            """canvas => {
                const { left, top, width, height } = canvas.getBoundingClientRect();
                return { left, top, width, height, columns: canvas.width, rows: canvas.height };
            }"""
        )

    def drag(self, x0, y0, x1, y1):
        """Drag between whole pixels of the screen near two image points; gives the box in image pixels."""
        picture = self.picture()
        scale = picture["width"] / picture["columns"]

        def on_screen(x, y):
            return round(picture["left"] + x * scale), round(picture["top"] + y * scale)

        def in_image(x, y):
            return round((x - picture["left"]) / scale), round((y - picture["top"]) / scale)

        start, end = on_screen(x0, y0), on_screen(x1, y1)
        self.page.mouse.move(*start)
        self.page.mouse.down()
        self.page.mouse.move((start[0] + end[0]) / 2, (start[1] + end[1]) / 2)
        self.page.mouse.move(*end)
        self.page.mouse.up()
        (xa, ya), (xb, yb) = in_image(*start), in_image(*end)
        return [min(xa, xb), min(ya, yb), abs(xb - xa), abs(yb - ya)]

    def focus(self):
        self.root.locator(".ig-stage").click(position={"x": 5, "y": 5})

    def press(self, *keys):
        for key in keys:
            self.page.keyboard.press(key)

    def saved(self):
        expect(self.root.locator(".ig-saved")).to_have_text("Saved")

    def shown(self):
        return self.root.locator(".ig-box").count()

    def said(self, cell=1):
        return json.loads(self.opened.run(cell))


def boxes_of(rows, image):
    return [[row[name] for name in ("x", "y", "width", "height")] for row in rows if row["image"] == image]


def draw_three_move_one_and_undo(annotating):
    """The work of a person on two images; gives the boxes that are to be found afterwards."""
    first = annotating.drag(50, 60, 150, 120)
    annotating.press("Escape")
    second = annotating.drag(400, 300, 300, 200)  # drawn towards the upper left
    annotating.press("Escape", "2")
    third = annotating.drag(500, 40, 620, 90)
    annotating.press("ArrowRight", "ArrowRight", "Shift+ArrowDown")
    moved = [third[0] + 2, third[1] + 10, third[2], third[3]]
    annotating.saved()
    annotating.press("Delete")
    expect(annotating.root.locator(".ig-box")).to_have_count(2)
    annotating.press("Control+z")
    expect(annotating.root.locator(".ig-box")).to_have_count(3)
    annotating.saved()
    annotating.press("PageDown")
    expect(annotating.root.locator(".ig-place")).to_have_text("2 of 4")
    expect(annotating.root.locator(".ig-box")).to_have_count(0)
    annotating.press("1")
    other = annotating.drag(100, 100, 200, 180)
    annotating.saved()
    return {"first.png": [first, second, moved], "second.png": [other]}


def test_boxes_drawn_by_mouse_and_moved_by_keyboard_are_read_in_full_resolution_pixels(notebook, screenshot):
    opened = notebook(SETUP.format(name="mouse"), READ)
    annotating = Annotating(opened).begin()
    screenshot(annotating.page, "box_annotator_empty")
    expected = draw_three_move_one_and_undo(annotating)
    rows = annotating.said()
    assert boxes_of(rows, "first.png") == expected["first.png"]
    assert boxes_of(rows, "second.png") == expected["second.png"]
    assert [row["label"] for row in rows] == ["crack", "crack", "stain", "crack"]
    assert all(row["present"] and row["annotator"] == "ada" for row in rows)

    opened.restart()
    annotating.begin("3 of 4")  # goes on where nothing was said yet
    assert annotating.said() == rows
    annotating.focus()
    annotating.press("Home")
    expect(annotating.root.locator(".ig-box")).to_have_count(3)
    screenshot(annotating.page, "box_annotator_light")
    opened.theme("dark")
    screenshot(annotating.page, "box_annotator_dark")
    picture, stage = annotating.picture(), annotating.root.locator(".ig-stage").bounding_box()
    assert picture["top"] + picture["height"] / 2 == pytest.approx(stage["y"] + stage["height"] / 2, abs=1)
    annotating.press("?")
    screenshot(annotating.page, "box_annotator_help_dark")
    opened.theme("light")
    screenshot(annotating.page, "box_annotator_help_light")


@pytest.mark.slow
@pytest.mark.parametrize("work", [LOOP, TRAINING], ids=["loop", "training"])
def test_drawing_stays_immediate_while_another_cell_computes(notebook, work, request):
    opened = notebook(SETUP.format(name=request.node.callspec.id), READ, work)
    annotating = Annotating(opened).begin_beside(2)
    expected = draw_three_move_one_and_undo(annotating)
    assert opened.running(2)  # and all is saved
    opened.interrupt(2)
    rows = annotating.said()
    assert boxes_of(rows, "first.png") == expected["first.png"]
    assert boxes_of(rows, "second.png") == expected["second.png"]


@pytest.mark.slow
def test_without_subshells_what_is_drawn_is_shown_and_waits_for_the_kernel(notebook):
    opened = notebook(SETUP.format(name="no_subshells"), READ, LOOP)
    opened.page.evaluate(
        """() => {
            const { kernel } = window.jupyterapp.shell.currentWidget.sessionContext.session;
            kernel.commsOverSubshells = "disabled";
        }"""
    )
    annotating = Annotating(opened).begin_beside(2)
    box = annotating.drag(50, 60, 150, 120)
    expect(annotating.root.locator(".ig-box")).to_have_count(1)
    expect(annotating.root.locator(".ig-saved")).to_have_text("1 change waiting for the kernel")
    assert opened.running(2)
    opened.interrupt(2)
    annotating.saved()
    assert boxes_of(annotating.said(), "first.png") == [box]


def test_the_picture_is_the_image(notebook):
    opened = notebook(SETUP.format(name="picture"), "print(arrays[0][::57, ::53].tolist())")
    annotating = Annotating(opened).begin()
    wanted = json.loads(opened.run(1))
    annotating.page.wait_for_function(PAINTED)
    shown = annotating.page.locator(".ig-box-annotator > canvas").evaluate(
        """canvas => {
            const pixels = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
            const rows = [];
            for (let y = 0; y < canvas.height; y += 57) {
                rows.push([]);
                for (let x = 0; x < canvas.width; x += 53)
                    rows.at(-1).push(pixels.data[4 * (y * canvas.width + x)]);
            }
            return rows;
        }"""
    )
    differences = np.abs(np.array(shown) - np.array(wanted))
    assert differences.max() <= 12  # what a JPEG of quality 95 does to noise
    assert differences.mean() < 3


def test_verdicts_are_statements_and_turn_the_page(notebook):
    opened = notebook(SETUP.format(name="verdicts"), READ)
    annotating = Annotating(opened).begin()
    annotating.drag(50, 60, 150, 120)
    annotating.press("n")  # withdraws the box
    annotating.ready("2 of 4")
    annotating.press("s")
    annotating.ready("3 of 4")
    annotating.saved()
    rows = annotating.said()
    assert [(row["image"], row["label"], row["present"], row["x"]) for row in rows] == [
        ("first.png", "crack", False, None),
        ("first.png", "stain", False, None),
        ("second.png", None, None, None),
    ]
    annotating.focus()
    annotating.press("Control+z")  # goes back to where the undone verdict was
    annotating.ready("2 of 4")
    annotating.press("Control+z")
    annotating.ready("1 of 4")
    expect(annotating.root.locator(".ig-box")).to_have_count(1)
    annotating.press("Control+Shift+z")
    verdict = annotating.root.get_by_role("button", name=re.compile("No defect"))
    expect(verdict).to_have_attribute("aria-pressed", "true")
    annotating.saved()
    assert len(annotating.said()) == 2


def test_keys_pressed_while_the_page_turns_say_nothing_about_the_wrong_image(notebook):
    opened = notebook(SETUP.format(name="turning"), READ)
    annotating = Annotating(opened).begin()
    box = annotating.drag(50, 60, 150, 120)
    annotating.page.evaluate(
        """() => {
            const root = document.querySelector(".ig-root");
            for (const key of ["PageDown", "n", "PageDown", "Delete", "n"]) {
                root.dispatchEvent(new KeyboardEvent("keydown", { key, bubbles: true }));
            }
        }"""
    )
    annotating.ready("3 of 4")
    annotating.saved()
    rows = annotating.said()
    assert boxes_of(rows, "first.png") == [box]
    assert len(rows) == 1


def test_a_drag_during_a_page_turn_and_one_beside_the_image_draw_nothing(notebook):
    opened = notebook(SETUP.format(name="stray"), READ)
    annotating = Annotating(opened).begin()
    annotating.focus()
    picture = annotating.picture()
    x, y = picture["left"] + 100, picture["top"] + 100
    annotating.page.mouse.move(x, y)
    annotating.page.mouse.down()
    annotating.page.mouse.move(x + 80, y + 60)
    annotating.press("PageDown")
    annotating.ready("2 of 4")
    annotating.page.mouse.move(x + 90, y + 70)
    annotating.page.mouse.up()
    stage = annotating.root.locator(".ig-stage").bounding_box()
    annotating.page.mouse.move(stage["x"] + 100, stage["y"] + 2)
    annotating.page.mouse.down()
    annotating.page.mouse.move(stage["x"] + 200, stage["y"] + 12, steps=3)
    annotating.page.mouse.up()
    annotating.saved()
    assert annotating.said() == []


def test_a_box_is_resized_at_a_handle_and_moved_by_its_middle(notebook):
    opened = notebook(SETUP.format(name="handles"), READ)
    annotating = Annotating(opened).begin()
    x, y, width, height = annotating.drag(100, 100, 112, 110)  # small on the screen
    picture = annotating.picture()
    scale = picture["width"] / picture["columns"]
    middle = picture["left"] + (x + width / 2) * scale, picture["top"] + (y + height / 2) * scale
    annotating.page.mouse.move(*middle)
    annotating.page.mouse.down()
    annotating.page.mouse.move(middle[0] + 20 * scale, middle[1] + 30 * scale, steps=3)
    annotating.page.mouse.up()
    annotating.saved()
    (moved,) = boxes_of(annotating.said(), "first.png")
    assert moved[2:] == [width, height]
    assert moved[:2] == pytest.approx([x + 20, y + 30], abs=1)
    annotating.page.locator(".ig-box-annotator").scroll_into_view_if_needed()
    picture = annotating.picture()  # running the cell has scrolled the notebook
    corner = picture["left"] + (moved[0] + width) * scale, picture["top"] + (moved[1] + height) * scale
    annotating.page.mouse.move(corner[0] + 3, corner[1] + 3)  # a little beside the handle
    annotating.page.mouse.down()
    annotating.page.mouse.move(corner[0] + 3 + 50 * scale, corner[1] + 3 + 40 * scale, steps=3)
    annotating.page.mouse.up()
    annotating.saved()
    (resized,) = boxes_of(annotating.said(), "first.png")
    assert resized[:2] == moved[:2]
    assert resized[2:] == pytest.approx([width + 50, height + 40], abs=1)


def test_a_held_key_judges_one_image(notebook):
    opened = notebook(SETUP.format(name="held"), READ)
    annotating = Annotating(opened).begin()
    annotating.focus()
    annotating.page.keyboard.down("n")
    annotating.ready("2 of 4")
    for _ in range(5):
        annotating.page.keyboard.down("n")  # repeats
    annotating.page.keyboard.up("n")
    annotating.saved()
    assert {row["image"] for row in annotating.said()} == {"first.png"}


def test_two_views_of_one_annotator_show_the_same_page(notebook):
    opened = notebook(SETUP.format(name="views"), READ, "annotator")
    annotating = Annotating(opened).begin()
    opened.start(2)
    roots = annotating.page.locator(".ig-root")
    expect(roots).to_have_count(2)
    expect(roots.nth(1).locator(".ig-place")).to_have_text("1 of 4")
    first = Annotating(opened)
    first.root = roots.nth(0)
    first.root.locator(".ig-stage").click(position={"x": 5, "y": 5})
    first.press("b")
    expect(roots.nth(1).locator(".ig-box")).to_have_count(1)
    first.press("PageDown")
    for view in (0, 1):
        expect(roots.nth(view).locator(".ig-place")).to_have_text("2 of 4")
        expect(roots.nth(view).locator(".ig-box")).to_have_count(0)
    assert [row["image"] for row in first.said()] == ["first.png"]


def test_what_a_dead_kernel_did_not_save_is_saved_by_the_next(notebook):
    opened = notebook(SETUP.format(name="dead"), READ)
    annotating = Annotating(opened).begin()
    kept = annotating.drag(50, 60, 150, 120)
    annotating.saved()
    opened.freeze()
    annotating.press("Escape")
    late = annotating.drag(300, 60, 400, 120)
    expect(annotating.root.locator(".ig-box")).to_have_count(2)
    expect(annotating.root.locator(".ig-saved")).to_contain_text("waiting for the kernel")
    opened.restart()
    annotating.begin("2 of 4")
    annotating.saved()
    assert boxes_of(annotating.said(), "first.png") == [kept, late]


def test_what_is_drawn_after_a_restart_waits_for_the_cell_to_be_run_again(notebook):
    opened = notebook(SETUP.format(name="restarted"), READ)
    annotating = Annotating(opened).begin()
    first = annotating.drag(50, 60, 150, 120)
    annotating.saved()
    opened.restart()
    annotating.press("Escape")
    second = annotating.drag(300, 200, 400, 300)
    expect(annotating.root.locator(".ig-box")).to_have_count(2)
    expect(annotating.root.locator(".ig-saved")).to_contain_text("1 change waiting for the kernel")
    expect(annotating.root).to_contain_text("run this cell again")
    expect(annotating.root.get_by_role("button", name="Give up this change")).to_have_count(0)
    annotating.begin("2 of 4")  # goes on where nothing was said yet
    annotating.saved()
    assert boxes_of(annotating.said(), "first.png") == [first, second]


def test_a_reloaded_page_shows_the_same_work(notebook):
    opened = notebook(SETUP.format(name="reload"), READ)
    annotating = Annotating(opened).begin()
    box = annotating.drag(50, 60, 150, 120)
    annotating.saved()
    opened.save()
    opened.open()
    annotating.ready()
    expect(annotating.root.locator(".ig-box")).to_have_count(1)
    annotating.page.wait_for_function(PAINTED)
    annotating.drag(300, 60, 400, 120)
    annotating.saved()
    assert boxes_of(annotating.said(), "first.png")[0] == box


def test_a_refused_statement_is_shown_and_can_be_tried_again(notebook, screenshot):
    opened = notebook(
        SETUP.format(name="refused"),
        READ,
        "import sqlite3\n"
        "db = sqlite3.connect('refused.db')\n"
        "db.execute('alter table statements rename to gone')",
        "db.execute('alter table gone rename to statements')",
    )
    annotating = Annotating(opened).begin()
    opened.run(2)
    annotating.page.locator(".ig-box-annotator").scroll_into_view_if_needed()
    box = annotating.drag(50, 60, 150, 120)
    trouble = annotating.root.locator(".ig-trouble")
    expect(trouble).to_be_visible()
    expect(annotating.root.locator(".ig-saved")).to_have_text("1 change not saved")
    screenshot(annotating.page, "box_annotator_refused")
    opened.run(3)
    trouble.get_by_role("button", name="Try again").click()
    annotating.saved()
    expect(trouble).to_be_hidden()
    assert boxes_of(annotating.said(), "first.png") == [box]


UNREADABLE = """
from pathlib import Path
import numpy as np
from PIL import Image
from ig_widgets.data.images import ImageSet
from ig_widgets.data.log.log import AnnotationLog
from ig_widgets.widgets.box_annotator import BoxAnnotator
folder = Path("unreadable")
folder.mkdir(exist_ok=True)
for name in ("a.png", "b.png"):
    Image.fromarray(np.full((300, 300), 128, np.uint8)).save(folder / name)
images = ImageSet.from_folder(folder)
(folder / "a.png").write_bytes(b"no longer an image")
annotator = BoxAnnotator(images, classes=["crack"], log=AnnotationLog("unreadable.db"))
annotator
"""


def test_an_unreadable_image_is_named_and_the_others_go_on(notebook):
    opened = notebook(UNREADABLE, READ)
    annotating = Annotating(opened)
    opened.start(0)
    notice = annotating.root.locator(".ig-notice")
    expect(notice).to_contain_text("a.png")
    annotating.focus()
    annotating.press("s")
    annotating.ready("2 of 2")
    expect(notice).to_be_hidden()
    box = annotating.drag(50, 60, 150, 120)
    annotating.saved()
    assert boxes_of(annotating.said(), "b.png") == [box]


LARGE = """
import numpy as np
from ig_widgets.data.images import ImageSet
from ig_widgets.data.log.log import AnnotationLog
from ig_widgets.widgets.box_annotator import BoxAnnotator
large = np.zeros((8000, 8000), np.uint8)
large[::2, ::2] = 255  # gray from afar, a grid of single pixels from close by
annotator = BoxAnnotator(ImageSet.from_arrays([large]), classes=["crack"], log=AnnotationLog("large.db"))
annotator
"""


def test_a_large_image_shows_its_single_pixels_when_zoomed_in(notebook):
    opened = notebook(LARGE, READ)
    annotating = Annotating(opened)
    opened.start(0)
    annotating.ready("1 of 1")
    stage = annotating.root.locator(".ig-stage")
    area = stage.bounding_box()
    annotating.page.mouse.click(area["x"] + 5, area["y"] + 5)
    annotating.page.mouse.move(area["x"] + area["width"] / 2, area["y"] + area["height"] / 2)
    for _ in range(30):
        annotating.page.mouse.wheel(0, -300)
    annotating.page.wait_for_function("document.querySelector('.ig-detail').width > 0")
    levels = annotating.page.locator(".ig-detail").evaluate(
        """canvas => {
            const { data } = canvas.getContext("2d").getImageData(0, 0, 16, 16);
            return Array.from(data).filter((_, i) => i % 4 === 0);
        }"""
    )
    assert max(levels) > 200
    assert min(levels) < 55


def test_fingers_draw_and_pinch(notebook, fingers):
    opened = notebook(SETUP.format(name="touch"), READ)
    annotating = Annotating(opened).begin()
    touch = fingers(annotating.page)
    picture = annotating.picture()
    x, y = round(picture["left"] + 100), round(picture["top"] + 100)
    touch("touchStart", (x, y))
    touch("touchMove", (x + 60, y + 30))
    touch("touchMove", (x + 120, y + 60))
    touch("touchEnd")
    expect(annotating.root.locator(".ig-box")).to_have_count(1)
    annotating.saved()
    (box,) = boxes_of(annotating.said(), "first.png")
    scale = picture["width"] / picture["columns"]
    assert box[2] == pytest.approx(120 / scale, abs=1)
    assert box[3] == pytest.approx(60 / scale, abs=1)

    touch("touchStart", (x, y), (x + 100, y))
    touch("touchMove", (x - 50, y), (x + 150, y))
    touch("touchMove", (x - 100, y), (x + 200, y))
    touch("touchEnd")
    annotating.page.wait_for_function(
        "wide => document.querySelector('.ig-box-annotator > canvas').getBoundingClientRect().width > wide",
        arg=2.8 * picture["width"],
    )
    assert annotating.picture()["width"] == pytest.approx(3 * picture["width"], rel=0.05)
    assert annotating.shown() == 1
