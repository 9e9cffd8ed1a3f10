"""What all widgets have in common: Notebook 7, themes, hostile names, accessibility."""

import re
from pathlib import Path
from typing import NamedTuple

import cv2
import numpy as np
import pytest
from playwright.sync_api import expect

pytestmark = pytest.mark.browser

AXE = Path(__file__).resolve().parents[2] / "js" / "node_modules" / "axe-core" / "axe.min.js"

IMPORTS = """
import json
import numpy as np
import ig_widgets as ig
arrays = [np.random.default_rng(i).integers(60, 180, (200, 300), np.uint8) for i in range(4)]
ids, classes, more = [f"{{i}}.png" for i in range(4)], ["crack"], {{}}
log = ig.AnnotationLog("{name}.db")
"""

HOSTILE = """
bad = '<img src=x onerror="document.title=1">\\u202e\\U0001f480' + "x" * 10_000
ids, classes = [f"{i}{bad}" for i in range(4)], [bad, "<i>"]
more = {"annotator": "<u>ann", "note": "<h1>" + bad}
"""

IMAGES = """
images = ig.ImageSet.from_arrays(arrays, ids=ids)
"""

BOX_ANNOTATOR = """
guidelines = "<h3>" + more.get("note", "")
ig.BoxAnnotator(images, classes, log=log, guidelines=guidelines, **more)
"""

PEER_REVIEW = """
place = {"image": ids[0], "label": classes[0], "x": 20, "y": 30, "width": 60, "height": 40}
log.append([{**place, "present": True}], annotator="<u>bo")
log.append([{**place, "comment": "<b>" + classes[0]}], annotator="<u>di")
def boxes(image):
    return ig.crowd.reviewed_boxes(ig.crowd.merge_boxes(log.current(image)), log.verdicts(image))
ig.PeerReview(images, classes, log=log, boxes=boxes, **more)
"""

PATTERN_GALLERY = """
ig.PatternGallery(images, classes, log=log, **more)
"""

PATTERN_HITS = """
matcher = ig.PatternMatcher([])
ig.PatternHits(images, classes, log=log, find=lambda box: matcher.hits(images, box), **more)
"""

SIMILARITY_REVIEW = """
labels, groups = [classes[0], classes[-1], classes[0], None], {"similar": [classes[0]] * 4}
ig.SimilarityReview(images, labels, classes=classes, groups=groups, log=log, **more)
"""


class Kind(NamedTuple):
    """A widget, and what these tests have to know of it."""

    name: str
    cell: str
    """What shows it; `images`, `classes`, `log` and `more` are there already."""
    said: str
    """The statements in the log, as a frame."""
    on_a_wall: bool
    keys: tuple[str, ...]
    """What says one thing in it."""
    found: str = ""
    """What its bar says then, where its wall is filled by what was said on its stage."""
    then: tuple[str, ...] = ()
    """What is pressed on that wall."""


# a new widget needs a row here, and nothing else in this file
KINDS = [
    Kind("box_annotator", BOX_ANNOTATOR, "log.annotations", on_a_wall=False, keys=("b",)),
    Kind("peer_review", PEER_REVIEW, "log.verdicts()", on_a_wall=False, keys=("a",)),
    Kind("pattern_gallery", PATTERN_GALLERY, "log.verdicts()", on_a_wall=True, keys=("1",)),
    Kind(
        "pattern_hits",
        PATTERN_HITS,
        "log.annotations",
        on_a_wall=False,
        keys=("b",),
        found="1 of 4 hits",
        then=("Home", "a"),
    ),
    Kind(
        "similarity_review",
        SIMILARITY_REVIEW,
        "log.current(source='SimilarityReview')",
        on_a_wall=True,
        keys=("1",),
    ),
]

every_kind = pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)


@pytest.fixture
def widget(notebook, request):
    """Run a widget, say something in it and wait until it is saved: ``widget(kind, before)``."""

    def used(kind, before="", **how):
        read = f"print(json.dumps({kind.said}[['label', 'present']].astype(object).to_numpy().tolist()))"
        name = re.sub(r"\W+", "_", request.node.name)
        opened = notebook(IMPORTS.format(name=name) + before + IMAGES + kind.cell, read, **how)
        opened.run(0)
        page = opened.page
        root = page.locator(".ig-root")
        saved = root.locator(".ig-saved")
        wall = root.locator(".ig-wall-frame")
        expect(saved).to_have_text("Saved")
        if kind.on_a_wall:
            wall.focus()
            expect(wall.get_by_role("option")).to_have_count(1)
        else:
            root.focus()
            page.wait_for_function("document.querySelector('.ig-stack > canvas')?.width > 1")
        for key in kind.keys:
            page.keyboard.press(key)
        if kind.found:
            expect(root.locator(".ig-bar .ig-place")).to_have_text(kind.found)
            wall.focus()
        for key in kind.then:
            page.keyboard.press(key)
        expect(saved).to_have_text("Saved")
        return opened, root

    return used


def serious_violations(page):
    """What axe finds, on a page that it was added to."""
    found = page.evaluate("async () => (await axe.run('.ig-root')).violations")
    return [
        (violation["id"], [node["html"][:120] for node in violation["nodes"]])
        for violation in found
        if violation["impact"] in {"serious", "critical"}
    ]


@every_kind
def test_a_widget_works_in_notebook_7_and_follows_the_theme(widget, screenshot, kind):
    opened, root = widget(kind, app="notebook")
    screenshot(opened.page, f"notebook7_{kind.name}")
    shown = root.locator(".ig-wall-canvas" if kind.on_a_wall else ".ig-stage").screenshot()
    grays = cv2.imdecode(np.frombuffer(shown, np.uint8), cv2.IMREAD_GRAYSCALE)
    assert np.mean((grays > 60) & (grays < 180)) > 0.05  # the pictures are seen: nothing lies over them
    back = root.evaluate("root => getComputedStyle(root.querySelector('.ig-bar')).backgroundColor")
    opened.theme("dark")
    assert root.evaluate("root => getComputedStyle(root.querySelector('.ig-bar')).backgroundColor") != back
    ((_, present),) = opened.json(1)
    assert present


@every_kind
def test_hostile_names_and_texts_are_shown_as_text_and_axe_finds_no_serious_violation(
    widget, screenshot, kind
):
    opened, root = widget(kind, HOSTILE)
    page = opened.page
    screenshot(page, f"hostile_{kind.name}")
    markup = '<img src=x onerror="document.title=1">'
    expect(root.locator(".ig-note")).to_contain_text("<h1>" + markup)
    assert markup in root.inner_text()
    assert root.locator("img[src='x'], i, u, h1").count() == 0
    wide = root.evaluate(
        """root => {
            const limit = root.getBoundingClientRect().right + 1;
            const all = [...root.querySelectorAll(".ig-bar > *, .ig-group > *, .ig-panel *, .ig-note")];
            return all.filter(e => e.getBoundingClientRect().right > limit).map(e => e.outerHTML);
        }"""
    )
    assert wide == []
    assert page.title() != "1"

    page.add_script_tag(path=AXE)
    for theme in ("light", "dark"):
        opened.theme(theme)
        assert serious_violations(page) == []
        page.keyboard.press("?")
        expect(root.locator(".ig-help")).to_be_visible()
        assert serious_violations(page) == []
        page.keyboard.press("Escape")
        expect(root.locator(".ig-help")).to_be_hidden()

    ((label, _),) = opened.json(1)
    assert label.startswith(markup)
    assert len(label) > 10_000
