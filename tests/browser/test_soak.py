"""Hours of work in a minute: nothing that was said is lost, and nothing is there twice."""

import signal

import pytest
from playwright.sync_api import expect

from ig_widgets.data.log.log import AnnotationLog

pytestmark = [pytest.mark.browser, pytest.mark.slow]

SETUP = """
import numpy as np
from ig_widgets import AnnotationLog, BoxAnnotator, ImageSet
images = ImageSet.from_arrays(
    [np.full((300, 400), 60 + i, np.uint8) for i in range(100)], ids=["%03d.png" % i for i in range(100)]
)
annotator = BoxAnnotator(images, classes=["crack"], log=AnnotationLog({where!r}), annotator={name!r})
annotator
"""

# the server may say more than once that the kernel has died
CLICK_AWAY = """
() => new MutationObserver(() => {
    const ok = document.querySelector(".jp-Dialog .jp-mod-accept");
    window.died ||= ok !== null;
    ok?.click();
}).observe(document.body, { childList: true, subtree: true })
"""
PER_IMAGE = 40


class Worker:
    """Somebody who draws boxes by keyboard, without a look at what happens to the kernel."""

    def __init__(self, opened, name):
        self.opened = opened
        self.page = opened.page
        self.name = name
        self.root = self.page.locator(".ig-root")
        self.drawn = 0

    def begin(self):
        self.opened.run(0)
        expect(self.root.locator(".ig-place")).to_contain_text("of 100")
        self.root.focus()
        return self

    def draw(self, count):
        for _ in range(count):
            self.page.keyboard.press("b")
            self.drawn += 1
            if self.drawn % PER_IMAGE == 0:
                place = int(self.root.locator(".ig-place").inner_text().split()[0])
                self.page.keyboard.press("PageDown")
                expect(self.root.locator(".ig-place")).to_have_text(f"{place + 1} of 100")

    def saved(self):
        # hundreds are written one after the other
        expect(self.root.locator(".ig-saved")).to_have_text("Saved", timeout=300_000)


def test_two_thousand_statements_survive_reloads_a_restart_and_a_killed_kernel(notebook, lab):
    _, folder = lab
    opened = notebook(SETUP.format(where="soak.db", name="ada"))
    worker = Worker(opened, "ada").begin()
    opened.save()
    for what in ("reload", "restart", "reload", "kill", None):
        worker.draw(400)
        # what was said last is still on its way when this happens
        if what == "reload":
            opened.open()
        elif what == "restart":
            opened.restart()
        elif what == "kill":
            worker.page.evaluate(CLICK_AWAY)
            opened.send_to_kernel(signal.SIGKILL)
            worker.page.wait_for_function("window.died")
            opened.idle()
        if what is not None:
            worker.begin()
    worker.saved()
    with AnnotationLog(folder / "soak.db") as log:
        said = log.annotations
        assert len(said) == worker.drawn == 2000
        assert said["present"].all()
        assert said.index.is_unique


@pytest.mark.parametrize("kind", ["sqlite", "postgres"])
def test_two_people_annotate_at_the_same_time(notebook, lab, request, kind):
    _, folder = lab
    where = str(folder / "team.db") if kind == "sqlite" else request.getfixturevalue("new_postgres_url")()
    workers = [Worker(notebook(SETUP.format(where=where, name=name)), name).begin() for name in ("ada", "bo")]
    for _ in range(16):
        for worker in workers:
            worker.draw(5)
    for worker in workers:
        worker.saved()
    with AnnotationLog(where) as log:
        said = log.annotations
    assert said.groupby(["annotator", "image"]).size().to_dict() == {
        (name, f"{i:03}.png"): PER_IMAGE for name in ("ada", "bo") for i in range(2)
    }
    assert said.index.is_unique
