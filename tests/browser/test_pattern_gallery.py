import pytest
from playwright.sync_api import expect

pytestmark = pytest.mark.browser

SETUP = """
import numpy as np
import pandas as pd
from ig_widgets import AnnotationLog, ImageSet, PatternGallery, PolicyAugmenter, crop_patterns
rng = np.random.default_rng(0)
ramp = np.linspace(60, 160, 300)[None, :] + rng.normal(0, 12, (6, 200, 300))
images = ImageSet.from_arrays(
    list(np.clip(ramp, 0, 255).astype(np.uint8)), ids=["im%d.png" % i for i in range(6)]
)
boxes = pd.DataFrame([
    {{
        "image": "im%d.png" % i, "label": ["crack", "stain"][i % 2],
        "x": 20 + 30 * i, "y": 30, "width": 40 + 8 * i, "height": 30,
    }}
    for i in range(6)
])
patterns = crop_patterns(images, boxes)
augmenter = PolicyAugmenter(random_state=0).fit(patterns)
patterns += augmenter.transform(patterns)
more = augmenter.set_params(random_state=1).fit(patterns[:6]).transform(patterns[:6])
log = AnnotationLog("{name}.db")
def slowly(count):
    import time
    yield more[:3]
    while True:  # until it is stopped
        yield 0.5
        time.sleep(0.1)
gallery = PatternGallery(
    patterns,
    images=images,
    importance=np.arange(len(patterns)),
    generators={{"policy": lambda count: more[:count], "slowly": slowly}},
    log=log,
    annotator="ada",
)
gallery
"""

READ = """
print(gallery.verdicts.drop(columns="at").to_json(orient="records"))
"""


def said(looking):
    return {row["image"]: (row["label"], row["present"]) for row in looking.told(1)}


def test_patterns_are_dropped_kept_and_renamed_by_mouse_and_keys(notebook, on_wall, screenshot):
    opened = notebook(SETUP.format(name="gallery"), READ)
    looking = on_wall(opened).begin()
    looking.page.wait_for_function("document.querySelector('.ig-pattern img')?.complete")
    looking.page.wait_for_timeout(500)
    assert looking.levels() > 60  # there are pictures
    looking.click(0)
    looking.active(1)
    looking.click(2, modifiers=["Control"])
    expect(looking.counts).to_contain_text("2 selected")
    looking.page.keyboard.press("d")
    expect(looking.counts).to_contain_text("2 dropped")
    looking.click(1)
    looking.page.keyboard.press("1")  # crack
    looking.active(3)  # the next one follows
    looking.page.keyboard.press("Escape")
    looking.page.keyboard.press("k")
    looking.active(4)  # with nothing selected, too
    looking.saved()
    screenshot(looking.page, "pattern_gallery")
    assert said(looking) == {
        "im0.png#0": (None, False),
        "im2.png#0": (None, True),
        "im1.png#0": ("crack", True),  # it was a stain
    }
    looking.frame.focus()  # running a cell has taken it
    looking.page.keyboard.press("Control+z")
    looking.saved()
    assert said(looking)["im2.png#0"] == (None, False)
    opened.theme("dark")
    looking.page.wait_for_timeout(800)
    screenshot(looking.page, "pattern_gallery_dark")


def test_a_rubber_band_and_ranges_select(notebook, on_wall):
    looking = on_wall(notebook(SETUP.format(name="band"))).begin()
    start, end = looking.tile(0, 0), looking.tile(2, 1)
    area = looking.frame.bounding_box()
    looking.page.mouse.move(area["x"] + 1, area["y"] + 1)
    looking.page.mouse.down()
    looking.page.mouse.move(*start)
    looking.page.mouse.move(*end)
    expect(looking.root.locator(".ig-wall-band")).to_be_visible()
    looking.page.mouse.up()
    expect(looking.counts).to_contain_text("6 selected")
    looking.click(1)
    looking.click(4, modifiers=["Shift"])
    expect(looking.counts).to_contain_text("4 selected")
    looking.page.keyboard.press("Shift+ArrowLeft")
    expect(looking.counts).to_contain_text("3 selected")
    looking.page.keyboard.press("Escape")
    expect(looking.counts).not_to_contain_text("selected")
    looking.page.keyboard.press("Control+a")
    expect(looking.counts).to_contain_text("selected of")


def test_filters_families_and_orders_change_what_is_shown(notebook, on_wall):
    opened = notebook(SETUP.format(name="filters"), "print(len(patterns))")
    looking = on_wall(opened).begin()
    total = int(opened.run(1))
    looking.root.get_by_label("Show policy").uncheck()
    expect(looking.counts).to_contain_text(f"6 of {total} patterns")
    looking.root.get_by_label("Show policy").check()
    looking.root.get_by_label("Show class").select_option("stain")
    expect(looking.counts).to_contain_text(f"{total // 2} of {total} patterns")
    looking.root.get_by_label("Show class").select_option("all classes")
    looking.root.get_by_label("Sort").select_option("importance")
    looking.frame.focus()
    looking.page.keyboard.press("Home")
    looking.active(total)
    looking.page.keyboard.press("f")
    expect(looking.counts).to_contain_text(f"{total // 6} of {total} patterns")
    expect(looking.root.locator(".ig-facts")).to_contain_text("im5.png#0")
    looking.root.get_by_role("button", name="Go to its parent").click()
    looking.active(6)
    expect(looking.root.locator(".ig-around img")).to_be_visible()
    looking.page.keyboard.press("Escape")
    expect(looking.counts).to_have_text(f"{total} patterns, 0 dropped")


def test_more_patterns_come_while_others_are_judged_and_can_be_stopped(notebook, on_wall):
    looking = on_wall(notebook(SETUP.format(name="more"), READ)).begin()
    before = int(looking.counts.inner_text().split()[0])
    number = looking.root.get_by_label("How many patterns to make")
    number.fill("5")
    looking.root.get_by_role("button", name="More: policy").click()
    expect(looking.counts).to_contain_text(f"{before + 5} patterns")
    number.fill("12")
    looking.root.get_by_role("button", name="More: slowly").click()
    looking.click(0)
    looking.page.keyboard.press("d")
    looking.root.get_by_role("button", name="Stop").click()
    expect(looking.root.get_by_text("was stopped after")).to_be_visible()
    after = int(looking.counts.inner_text().split(" of ")[-1].split()[0])
    assert after == before + 5 + 3
    looking.saved()
    assert said(looking) == {"im0.png#0": (None, False)}


def test_decisions_survive_a_reload_and_a_dead_kernel(notebook, on_wall):
    opened = notebook(
        SETUP.format(name="survive"), READ, "import os, signal; os.kill(os.getpid(), signal.SIGSTOP)"
    )
    looking = on_wall(opened).begin()
    looking.click(0)
    looking.page.keyboard.press("d")
    looking.saved()
    opened.command("docmanager:save")
    looking.page.wait_for_function("!window.jupyterapp.shell.currentWidget.context.model.dirty")
    opened.open()
    looking.ready()
    expect(looking.counts).to_contain_text("1 dropped")
    opened.start(2)
    looking.page.wait_for_timeout(500)
    looking.click(1)
    looking.page.keyboard.press("d")
    expect(looking.counts).to_contain_text("2 dropped")
    expect(looking.root.locator(".ig-saved")).to_contain_text("waiting for the kernel")
    opened.restart()
    looking.begin()
    looking.saved()
    expect(looking.counts).to_contain_text("2 dropped")
    assert said(looking) == {"im0.png#0": (None, False), "im1.png#0": (None, False)}


def test_fingers_select_and_scroll(notebook, on_wall, fingers):
    looking = on_wall(notebook(SETUP.format(name="gallery_touch"))).begin()
    touch = fingers(looking.page)
    first, third = looking.tile(0), looking.tile(2)
    touch("touchStart", first)
    looking.page.wait_for_timeout(700)
    touch("touchMove", third)
    touch("touchEnd")
    expect(looking.counts).to_contain_text("3 selected")
    touch("touchStart", looking.tile(1))
    touch("touchEnd")
    expect(looking.counts).to_contain_text("2 selected")


MANY = """
import numpy as np
from ig_widgets import AnnotationLog, ImageSet, PatternGallery
class Made:
    def __len__(self):
        return 1_000_000
    def __getitem__(self, i):
        return np.full((20, 30, 3), (i % 251, i // 251 % 251, 100), np.uint8)
PatternGallery(ImageSet.from_arrays(Made()), log=AnnotationLog("many.db"))
"""


def test_a_million_patterns_are_one_wall_and_no_message_is_large(notebook, on_wall):
    opened = notebook(MANY)
    devtools = opened.page.context.new_cdp_session(opened.page)
    devtools.send("Network.enable")
    sizes = []
    devtools.on(
        "Network.webSocketFrameReceived", lambda event: sizes.append(len(event["response"]["payloadData"]))
    )
    looking = on_wall(opened)
    opened.run(0, timeout_s=120)
    expect(looking.counts).to_have_text("1000000 patterns, 0 dropped", timeout=60_000)
    looking.frame.focus()
    looking.page.keyboard.press("End")
    looking.active(1_000_000)
    looking.page.wait_for_function("document.querySelector('.ig-pattern img')?.complete")
    expect(looking.root.locator(".ig-image")).to_have_text("999999")
    middle = looking.root.locator(".ig-wall-canvas").evaluate(
        """canvas => {
            const tiles = [];
            for (let y = 40; y < canvas.height - 40; y += 20) {
                tiles.push([...canvas.getContext("2d").getImageData(60, y, 1, 1).data]);
            }
            return tiles;
        }"""
    )
    assert any(blue == 100 or abs(blue - 100) < 8 for _, _, blue, _ in middle)
    assert max(sizes) < 4 / 3 * 1_000_000  # binary frames are told in base64
