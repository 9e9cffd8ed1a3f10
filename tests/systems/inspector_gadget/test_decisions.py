import numpy as np
import pandas as pd
import pytest

from ig_widgets.data.images import ImageSet
from ig_widgets.data.log.log import AnnotationLog
from ig_widgets.data.reviews.pattern_table import pattern_names
from ig_widgets.systems.inspector_gadget.decisions import PatternDecisions, relabel_reviewed

PLACE = {"x": 1.0, "y": 2.0, "width": 7.0, "height": 5.0}


@pytest.fixture
def log(tmp_path):
    with AnnotationLog(tmp_path / "annotations.db") as opened:
        yield opened


def patterns(seed, number=0):
    """One pattern that was cut out, and two that a GAN made of it."""
    arrays = [np.full((5, 7), 100, np.uint8)]
    arrays += [np.random.default_rng([seed, i]).integers(0, 256, (5, 7), np.uint8) for i in range(2)]
    provenance = pd.DataFrame(
        {"image": "a.png", "label": "crack", **PLACE, "operation": [None, "GAN", "GAN"]}, index=range(3)
    )
    return ImageSet.from_arrays(arrays, ids=[f"a.png#{number}", "GAN/3-0", "GAN/3-1"], provenance=provenance)


def decide(log, pattern, *, verdict, label=None, by="ada"):
    told = {"image": pattern, "verdict": verdict, "label": label, **PLACE}
    log.append([told], annotator=by, source="PatternGallery")
    return PatternDecisions(log.verdicts(source="PatternGallery"))


def test_a_decision_about_what_a_gan_made_ends_with_its_pixels(log):
    decisions = decide(log, pattern_names(patterns(0))[1], verdict=False)
    assert decisions.drops(patterns(0)).tolist() == [False, True, False]
    assert decisions.drops(patterns(1)).tolist() == [False, False, False]
    assert decisions.concern(patterns(0))
    assert not decisions.concern(patterns(1))


def test_a_decision_about_what_was_cut_out_stays_with_its_box(log):
    decisions = decide(log, "a.png#0", verdict=False)
    assert decisions.drops(patterns(1, number=4)).tolist() == [True, False, False]


def test_the_last_verdict_counts_and_a_new_class_is_that_of_the_box(log):
    decide(log, "a.png#0", verdict=False)
    decisions = decide(log, "a.png#0", verdict=True, label="stain")
    assert not decisions.drops(patterns(0)).any()
    boxes = pd.DataFrame([{"image": "a.png", "label": "crack", **PLACE}]).astype({"label": "str"})
    moved = boxes.assign(x=30.0)
    assert decisions.rename(pd.concat([boxes, moved]))["label"].tolist() == ["stain", "crack"]


def test_a_pattern_that_was_only_kept_or_dropped_leaves_the_class_of_its_box(log):
    boxes = pd.DataFrame([{"image": "a.png", "label": "stain", **PLACE}]).astype({"label": "str"})
    assert decide(log, "a.png#0", verdict=True).rename(boxes)["label"].tolist() == ["stain"]
    decide(log, "a.png#0", verdict=True, label="hole")
    decisions = decide(log, "a.png#0", verdict=False, by="bo")
    assert decisions.rename(boxes)["label"].tolist() == ["hole"], "who drops it has not renamed it"
    assert decisions.drops_boxes(pd.concat([boxes, boxes.assign(x=30.0)])).tolist() == [True, False]


@pytest.mark.parametrize(
    ("boxes", "y", "expected"),
    [
        ([], 1, 0),  # no box stands any more
        (["crack"], 1, 1),
        (["stain"], 1, 2),
        (["stain", "crack"], 1, 1),  # one of its class is left
        (["stain", "stain", "crack"], 0, 2),
    ],
)
def test_a_judged_image_is_of_the_class_of_its_boxes(boxes, y, expected):
    images = ImageSet.from_arrays([np.zeros((9, 9), np.uint8)] * 2, ids=["a", "b"])
    accepted = pd.DataFrame({"image": ["a"] * len(boxes), "label": pd.Series(boxes, dtype="str")})
    given = np.array([y, 2])
    found = relabel_reviewed(given, images, ["ok", "crack", "stain"], accepted, {"a"}, none="ok")
    assert found.tolist() == [expected, 2]
    assert given.tolist() == [y, 2]
