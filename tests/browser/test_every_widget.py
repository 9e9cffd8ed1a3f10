"""What all widgets have in common: Notebook 7, themes, hostile names."""

import re
from pathlib import Path

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

BOX_ANNOTATOR = """
images = ig.ImageSet.from_arrays(arrays, ids=ids)
guidelines = "<h3>" + more.get("note", "")
ig.BoxAnnotator(images, classes, log=log, guidelines=guidelines, **more)
"""

PEER_REVIEW = """
images = ig.ImageSet.from_arrays(arrays, ids=ids)
place = {"image": ids[0], "label": classes[0], "x": 20, "y": 30, "width": 60, "height": 40}
log.append([{**place, "present": True}], annotator="<u>bo")
log.append([{**place, "comment": "<b>" + classes[0]}], annotator="<u>di")
def boxes(image):
    return ig.crowd.reviewed_boxes(ig.crowd.merge_boxes(log.current(image)), log.verdicts(image))
ig.PeerReview(images, classes, log=log, boxes=boxes, **more)
"""

PATTERN_GALLERY = """
images = ig.ImageSet.from_arrays(arrays, ids=ids)
ig.PatternGallery(images, classes, log=log, **more)
"""

PATTERN_HITS = """
images = ig.ImageSet.from_arrays(arrays, ids=ids)
matcher = ig.PatternMatcher([])
ig.PatternHits(images, classes, log=log, find=lambda box: matcher.hits(images, box), **more)
"""

SIMILARITY_REVIEW = """
images = ig.ImageSet.from_arrays(arrays, ids=ids)
labels, groups = [classes[0], classes[-1], classes[0], None], {"similar": [classes[0]] * 4}
ig.SimilarityReview(images, labels, classes=classes, groups=groups, log=log, **more)
"""

WIDGETS = {
    "box_annotator": (BOX_ANNOTATOR, "log.annotations"),
    "peer_review": (PEER_REVIEW, "log.verdicts()"),
    "pattern_gallery": (PATTERN_GALLERY, "log.verdicts()"),
    "pattern_hits": (PATTERN_HITS, "log.annotations"),
    "similarity_review": (SIMILARITY_REVIEW, "log.current(source='SimilarityReview')"),
}

KEYS = {
    "box_annotator": ["b"],
    "peer_review": ["a"],
    "pattern_gallery": ["1"],
    "pattern_hits": ["b"],
    "similarity_review": ["1"],
}

ON_A_WALL = {"pattern_gallery", "similarity_review"}


@pytest.fixture
def widget(notebook, request):
    """Run a widget, say something in it and wait until it is saved: ``widget(name, how)``."""

    def used(name, before="", **how):
        cell, said = WIDGETS[name]
        read = f"print(json.dumps({said}[['label', 'present']].astype(object).to_numpy().tolist()))"
        opened = notebook(
            IMPORTS.format(name=re.sub(r"\W+", "_", request.node.name)) + before + cell, read, **how
        )
        opened.run(0)
        page = opened.page
        root = page.locator(".ig-root")
        expect(root.locator(".ig-saved")).to_have_text("Saved", timeout=20_000)
        keyboard = root.locator(".ig-wall-frame") if name in ON_A_WALL else root
        keyboard.focus()
        if name in ON_A_WALL:
            expect(keyboard.get_by_role("option")).to_have_count(1, timeout=20_000)
        else:
            page.wait_for_function("document.querySelector('.ig-stack > canvas')?.width > 1")
        for key in KEYS[name]:
            page.keyboard.press(key)
        if name == "pattern_hits":
            expect(root.locator(".ig-bar .ig-place")).to_have_text("1 of 4 hits", timeout=20_000)
            root.locator(".ig-wall-frame").focus()
            page.keyboard.press("Home")
            page.keyboard.press("a")
        page.wait_for_timeout(300)
        expect(root.locator(".ig-saved")).to_have_text("Saved", timeout=20_000)
        return opened, root

    return used


@pytest.mark.parametrize("name", WIDGETS)
def test_a_widget_works_in_notebook_7_and_follows_the_theme(widget, screenshot, name):
    opened, root = widget(name, app="notebook")
    screenshot(opened.page, f"notebook7_{name}")
    shown = root.locator(".ig-wall-canvas" if name in ON_A_WALL else ".ig-stage").screenshot()
    grays = cv2.imdecode(np.frombuffer(shown, np.uint8), cv2.IMREAD_GRAYSCALE)
    assert np.mean((grays > 60) & (grays < 180)) > 0.05  # the pictures are seen: nothing lies over them
    back = root.evaluate("root => getComputedStyle(root.querySelector('.ig-bar')).backgroundColor")
    opened.theme("dark")
    assert root.evaluate("root => getComputedStyle(root.querySelector('.ig-bar')).backgroundColor") != back
    ((_, present),) = opened.json(1)
    assert present


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("name", WIDGETS)
def test_axe_finds_no_serious_violation(widget, name, theme):
    opened, _ = widget(name)
    opened.theme(theme)
    page = opened.page
    page.add_script_tag(path=AXE)
    for overlay in (None, "?"):
        if overlay:
            page.keyboard.press(overlay)
        found = page.evaluate("async () => (await axe.run('.ig-root')).violations")
        serious = [
            (violation["id"], [node["html"][:120] for node in violation["nodes"]])
            for violation in found
            if violation["impact"] in {"serious", "critical"}
        ]
        assert serious == []


@pytest.mark.parametrize("name", WIDGETS)
def test_hostile_names_and_texts_are_shown_as_text(widget, screenshot, name):
    opened, root = widget(name, HOSTILE)
    screenshot(opened.page, f"hostile_{name}")
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
    assert opened.page.title() != "1"
    ((label, _),) = opened.json(1)
    assert label.startswith(markup)
    assert len(label) > 10_000
