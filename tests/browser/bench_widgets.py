"""How fast the widgets are, in a real JupyterLab: ``make bench`` prints these figures.

Collected only when it is named: no test depends on how long anything takes.
"""

import json
import time
from statistics import median

import pytest
from playwright.sync_api import expect

pytestmark = [pytest.mark.browser, pytest.mark.timeout(1800)]

WALL = """
import cv2
import numpy as np
from ig_widgets import AnnotationLog, ImageSet, PatternGallery

noise = cv2.GaussianBlur(np.random.default_rng(0).integers(0, 256, (600, 600, 3), np.uint8), (0, 0), 3)
noise = cv2.normalize(noise, None, 0, 255, cv2.NORM_MINMAX)

class Made:
    def __len__(self):
        return {count}
    def __getitem__(self, i):
        y, x = divmod(i * 7919, 500)
        return noise[y % 500 : y % 500 + 96, x : x + 96]

def resident():
    with open("/proc/self/statm") as file:
        return int(file.read().split()[1]) * 4096 / 1e6

images = ImageSet.from_arrays(Made())
print(resident())
"""

# of 30 x 30 points of the canvas, how many show a picture: no tile has one color everywhere
FILLED = """
() => {
    const canvas = document.querySelector(".ig-wall-canvas");
    if (!canvas?.width) return 0;
    const context = canvas.getContext("2d");
    let pictures = 0;
    for (let i = 0; i < 30; i++) {
        for (let j = 0; j < 30; j++) {
            const x = ((i + 0.5) / 30) * canvas.width, y = ((j + 0.5) / 30) * canvas.height;
            const { data } = context.getImageData(x - 3, y, 6, 1);
            if (new Set(new Uint32Array(data.buffer)).size > 1) pictures += 1;
        }
    }
    return pictures / 900;
}
"""

SCROLL = """
async ([pixels, seconds]) => {
    const frame = document.querySelector(".ig-wall-frame");
    const times = [];
    await new Promise((resolve) => {
        let last = 0;
        const start = performance.now();
        const step = (now) => {
            if (last) times.push(now - last);
            last = now;
            frame.scrollTop += pixels;
            if (now - start < 1000 * seconds) requestAnimationFrame(step);
            else resolve();
        };
        requestAnimationFrame(step);
    });
    return times;
}
"""

JUMP = """
async (share) => {
    const frame = document.querySelector(".ig-wall-frame");
    frame.scrollTop = share * (frame.scrollHeight - frame.clientHeight);
    const start = performance.now();
    await new Promise((resolve) => requestAnimationFrame(() => requestAnimationFrame(resolve)));
    while (window.filled() < 0.75 && performance.now() - start < 8000) {
        await new Promise((resolve) => requestAnimationFrame(resolve));
    }
    return performance.now() - start;
}
"""

BUSY = """
import time
end = time.monotonic() + 12
while time.monotonic() < end:
    sum(range(10_000))
"""


def report(name, **figures):
    """Print figures as one line of JSON."""
    print("\n" + json.dumps({"benchmark": name, **figures}))  # noqa: T201 (what this is for)


def frames(times):
    """Summarize the milliseconds between frames."""
    return {
        "frames": len(times),
        "median_ms": round(median(times), 1),
        "p95_ms": round(sorted(times)[int(0.95 * len(times))], 1),
        "under_20_ms": round(sum(time < 20 for time in times) / len(times), 3),
    }


@pytest.mark.parametrize("count", [100_000, 1_000_000])
def test_wall(notebook, count):
    show = f"gallery = PatternGallery(images, log=AnnotationLog('wall{count}.db'))\ngallery"
    opened = notebook(WALL.format(count=count), show, "print(resident())", BUSY)
    page = opened.page
    before = float(opened.run(0))
    devtools = page.context.new_cdp_session(page)
    devtools.send("Network.enable")
    received = []
    devtools.on("Network.webSocketFrameReceived", lambda event: received.append(event["response"]))
    page.evaluate(f"window.filled = {FILLED}")
    page.evaluate(
        """() => {
            const start = performance.now();
            const look = () => {
                if (window.filled() > 0.05) window.first = performance.now() - start;
                else setTimeout(look, 20);
            };
            look();
        }"""
    )
    opened.start(1)
    page.wait_for_function("window.first !== undefined", timeout=120_000)
    page.locator(".ig-root").scroll_into_view_if_needed()
    page.wait_for_timeout(2000)
    slow, fast = page.evaluate(SCROLL, [40, 10]), page.evaluate(SCROLL, [450, 5])
    jumps = []
    for share in (0.13, 0.9, 0.37, 0.5, 0.02, 0.77, 0.99):
        jumps.append(page.evaluate(JUMP, share))
        page.wait_for_timeout(300)
    devtools.send("HeapProfiler.enable")
    devtools.send("HeapProfiler.collectGarbage")
    heap = devtools.send("Runtime.getHeapUsage")["usedSize"]
    grown = float(opened.run(2)) - before
    opened.start(3)
    page.wait_for_timeout(500)
    busy = [page.evaluate(JUMP, share) for share in (0.2, 0.6, 0.8)]
    opened.wait(3)
    report(
        "wall",
        count=count,
        first_thumbnails_ms=round(page.evaluate("window.first")),
        scrolling=frames(slow),
        scrolling_a_screenful_each_frame=frames(fast),
        filled_after_a_jump_ms={"median": round(median(jumps)), "max": round(max(jumps))},
        filled_after_a_jump_while_a_cell_runs_ms={"median": round(median(busy)), "max": round(max(busy))},
        heap_mb=round(heap / 1e6, 1),
        kernel_growth_mb=round(grown, 1),
        largest_message_kb=round(
            max(len(one["payloadData"]) * (0.75 if one["opcode"] == 2 else 1) for one in received) / 1e3
        ),
    )


HITS = """
from ig_widgets import AnnotationLog, PatternHits, PatternMatcher
from ig_widgets.experiments.parts.datasets import load_ksdd
from pathlib import Path

dataset, _ = load_ksdd(Path({data!r}))
images = dataset.images
matcher = PatternMatcher([])
finder = PatternHits(
    images, ["crack"], log=AnnotationLog("ksdd.db"), find=lambda box: matcher.hits(images, box)
)
finder
"""


# from the end of a drag: when are 20 hits there and pictures of them seen, when are all there
SEARCH = """
() => {
    const shown = document.querySelector(".ig-bar .ig-place");
    const before = shown.textContent;
    window.times = {};
    let start = 0, begun = false;
    const look = () => {
        begun ||= shown.textContent !== before;
        const hits = Number(/of (\\d+) hits/.exec(shown.textContent)?.[1] ?? 0);
        const time = performance.now() - start;
        if (begun && hits >= 20 && window.filled() > 0.2) window.times.first ??= time;
        if (begun && /hits$/.test(shown.textContent) && hits > 390) window.times.all ??= time;
        if (!(window.times.first && window.times.all)) setTimeout(look, 10);
    };
    const begin = () => {
        start = performance.now();
        look();
    };
    document.addEventListener("pointerup", begin, { once: true, capture: true });
}
"""


def test_hits(notebook, data_dir):
    opened = notebook(HITS.format(data=str(data_dir)))
    opened.start(0)
    page = opened.page
    root = page.locator(".ig-root")
    counts = root.locator(".ig-bar .ig-place")
    expect(counts).to_be_visible(timeout=60_000)
    page.wait_for_function("document.querySelector('.ig-pattern-hits > canvas')?.width > 1")
    root.get_by_label("Lowest score").fill("0")
    page.wait_for_timeout(1000)
    page.evaluate(f"window.filled = {FILLED}")
    firsts, alls = [], []
    for number in range(6):
        area = page.locator(".ig-stage").bounding_box()
        x, y = area["x"] + area["width"] / 2 - 20, area["y"] + 60 + 60 * number
        page.mouse.move(x, y)
        page.mouse.down()
        page.mouse.move(x + 40, y + 20, steps=3)
        page.evaluate(SEARCH)
        page.mouse.up()
        page.wait_for_function("window.times.first && window.times.all", timeout=120_000)
        times = page.evaluate("window.times")
        firsts.append(times["first"])
        alls.append(times["all"])
        page.keyboard.press("Escape")
        page.wait_for_timeout(500)
    report(
        "hits",
        images=399,
        cold={"first_20_ms": round(firsts[0]), "all_ms": round(alls[0])},
        warm={"first_20_ms": round(median(firsts[1:])), "all_ms": round(median(alls[1:]))},
    )


DRAWING = """
import numpy as np
from ig_widgets import AnnotationLog, BoxAnnotator, ImageSet, PatternGAN

arrays = [np.random.default_rng(i).integers(60, 180, (400, 640), np.uint8) for i in range(3)]
images = ImageSet.from_arrays(arrays)
BoxAnnotator(images, ["crack"], log=AnnotationLog("{work}.db"))
"""

TRAINING = """
import time
end = time.monotonic() + 12
for record in PatternGAN(epochs=10**6, random_state=0).training(images):
    if time.monotonic() > end:
        break
"""

# from the end of a drag, when the box is on the screen: when does the kernel say that it is in the log
DRAWN = """
() => {
    const counted = new RegExp(`, ${document.querySelectorAll(".ig-box").length + 1} box`);
    window.saved = undefined;
    const begin = () => {
        const start = performance.now();
        const look = () => {
            const { textContent } = document.querySelector(".ig-panel");
            if (counted.test(textContent)) window.saved = performance.now() - start;
            else setTimeout(look, 2);
        };
        look();
    };
    document.addEventListener("pointerup", begin, { once: true, capture: true });
}
"""


@pytest.mark.parametrize("work", ["nothing", "loop", "training"])
def test_drawing(notebook, work):
    cell = {"nothing": "pass", "loop": BUSY, "training": TRAINING}[work]
    opened = notebook(DRAWING.format(work=work), cell)
    opened.start(0)
    page = opened.page
    expect(page.locator(".ig-saved")).to_have_text("Saved", timeout=60_000)
    page.wait_for_function("document.querySelector('.ig-box-annotator > canvas')?.width > 1")
    page.locator(".ig-root").scroll_into_view_if_needed()
    opened.start(1)
    page.wait_for_timeout(2000)
    times = []
    for number in range(10):
        area = page.locator(".ig-stage").bounding_box()
        x, y = area["x"] + 80 + 50 * number, area["y"] + 100
        page.evaluate(DRAWN)
        page.mouse.move(x, y)
        page.mouse.down()
        page.mouse.move(x + 40, y + 60, steps=3)
        page.mouse.up()
        page.wait_for_function("window.saved !== undefined", timeout=15_000)
        times.append(page.evaluate("window.saved"))
        page.keyboard.press("Escape")
    still = opened.running(1)
    opened.wait(1)
    report(
        "drawing",
        while_a_cell_computes=work,
        to_the_end_of_the_drawings=still,
        acknowledged_ms={"median": round(median(times)), "max": round(max(times))},
    )


DIGITS = """
import cv2
import numpy as np
from pathlib import Path

with np.load({data!r}) as stored:
    digits, y = stored["x_train"][:10_000], stored["y_train"][:10_000]
wrong = np.random.default_rng(0).choice(10_000, 500, replace=False)
y[wrong] = (y[wrong] + np.random.default_rng(1).integers(1, 10, 500)) % 10
for i, (digit, label) in enumerate(zip(digits, y)):
    Path(f"digits/{{label}}").mkdir(parents=True, exist_ok=True)
    cv2.imwrite(f"digits/{{label}}/{{i}}.png", digit)
"""

AUDIT = """
import ig_widgets as ig

images = ig.ImageSet.from_folder("digits")
audit = ig.MLfix(images, ig.folder_labels(images), log=ig.AnnotationLog("audit.db"))
audit.learn().ask()
"""


def test_audit(notebook, data_dir):
    opened = notebook(DIGITS.format(data=str(data_dir / "mnist" / "mnist.npz")), AUDIT)
    opened.run(0)
    page = opened.page
    page.evaluate(f"window.filled = {FILLED}")
    start = time.perf_counter()
    opened.start(1)
    page.wait_for_function("window.filled() > 0.2", timeout=300_000)
    seconds = time.perf_counter() - start
    page.locator(".ig-root").scroll_into_view_if_needed()
    page.wait_for_timeout(1000)
    page.screenshot(path="screenshots/bench_audit.png")
    report("audit", images=10_000, sorted_on_screen_s=round(seconds, 1))
