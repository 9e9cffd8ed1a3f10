import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from ig_widgets.compute.crowd.boxes import iou
from ig_widgets.data.annotations import BOX
from ig_widgets.data.examples.synthetic import strips
from ig_widgets.data.images import ImageSet
from ig_widgets.experiments.crowd import run
from ig_widgets.experiments.parts.simulated_crowd import (
    EVERYBODY,
    PUBLISHED_BOXES,
    REVIEW_ERROR,
    WORKERS,
    draw_and_review,
    facts,
    pattern_sets,
)

SHAPES = {"scratch": (162, 2702), "bubble": (77, 1389), "stamping": (161, 5278)}


def reviewed(kind):
    """Return what the crowd makes of many strips; it needs their sizes only, so they are not rendered."""
    rendered, truth = strips(kind, 600 if kind == "scratch" else None)
    blank = np.zeros(SHAPES[kind], np.uint8)
    images = ImageSet.from_arrays([blank] * len(rendered), ids=rendered.ids)
    return draw_and_review(kind, images, truth), truth[truth["present"]]


@pytest.fixture(scope="module", params=SHAPES)
def crowd(request):
    return request.param, *reviewed(request.param)


def test_the_crowd_leaves_as_many_outliers_as_the_published_one(crowd):
    kind, boxes, _ = crowd
    share = boxes[pattern_sets(boxes)["full"][0]]["outlier"].mean()
    _, averages, outliers = PUBLISHED_BOXES[kind]
    assert share == pytest.approx(outliers / (averages + outliers), abs=0.03)
    assert share == facts(kind, boxes)["share_of_outliers_in_final"]


@pytest.mark.parametrize("crowd", ["scratch", "bubble"], indirect=True)
def test_the_crowd_leaves_as_many_boxes_on_a_strip_as_the_published_one(crowd):
    kind, boxes, truth = crowd
    n_strips, *published = PUBLISHED_BOXES[kind]
    found = [np.sum(boxes["annotator"] == EVERYBODY), np.sum(boxes["kept"])]
    np.testing.assert_allclose(
        np.array(found) / truth["image"].nunique(), np.array(published) / n_strips, atol=0.2
    )


def test_no_other_worker_has_drawn_a_box_over_an_outlier(crowd):
    _, boxes, _ = crowd
    drawn = boxes[boxes["annotator"] != EVERYBODY]
    for _, there in drawn.groupby("image"):
        for _, outlier in there[there["outlier"]].iterrows():
            others = there[there["annotator"] != outlier["annotator"]]
            assert not iou([list(outlier[list(BOX)])], others[list(BOX)]).any()


def test_a_box_shows_a_defect_if_it_covers_a_pixel_of_a_true_box(crowd):
    kind, boxes, truth = crowd
    for image, there in boxes.groupby("image"):
        mask = np.zeros(SHAPES[kind], bool)
        for x, y, width, height in truth.loc[truth["image"] == image, list(BOX)].astype(int).to_numpy():
            mask[y : y + height, x : x + width] = True
        for x, y, width, height, shows in there[[*BOX, "defect"]].itertuples(index=False):
            covered = mask[int(y) : int(np.ceil(y + height)), int(x) : int(np.ceil(x + width))]
            assert covered.any() == shows


def test_the_majority_of_reviewers_is_wrong_less_often_than_one_and_judges_outliers_only(crowd):
    _, boxes, _ = crowd
    outliers = boxes[boxes["outlier"]]
    assert 0 < (outliers["kept"] != outliers["defect"]).mean() < REVIEW_ERROR
    assert not boxes.loc[~boxes["outlier"], "kept"].any()


def test_the_full_workflow_has_the_averages_and_what_the_review_keeps(crowd):
    _, boxes, _ = crowd
    sets = pattern_sets(boxes)
    (averages,), (full,) = sets["no_peer_review"], sets["full"]
    assert set(boxes.loc[averages, "annotator"]) == {EVERYBODY}
    np.testing.assert_array_equal(full & ~averages, boxes["kept"])
    assert full[averages].all()
    # every other box is that of one worker
    np.testing.assert_array_equal(np.sum([averages, *sets["no_average"]], axis=0), 1)


def test_the_crowd_says_the_same_every_time():
    pd.testing.assert_frame_equal(reviewed("bubble")[0], reviewed("bubble")[0])


def test_the_quick_form_writes_all_rows_and_pictures(tmp_path):
    metrics, settings = run(Path(), quick=True, pictures=tmp_path / "new")
    variants = ("no_average", "no_peer_review", "full")
    assert list(metrics) == [f"{kind}/{variant}" for kind in SHAPES for variant in variants]
    for name, row in metrics.items():
        assert {"f1_median", "f1_min", "f1_max", "ap_median", "seeds"} <= set(row)
        assert 0 <= row["f1_min"] <= row["f1_median"] <= row["f1_max"] <= 1
        assert 0 < row["ap_median"] <= 1
        assert ("f1_half_sd_of_workers" in row) == name.endswith("/no_average")
    for kind in SHAPES:
        assert (
            metrics[f"{kind}/no_peer_review"]["patterns_median"] <= metrics[f"{kind}/full"]["patterns_median"]
        )
    assert settings["workers"] == len(WORKERS)
    json.dumps([metrics, settings])
    assert {path.name for path in (tmp_path / "new").iterdir()} == {"crowd_boxes.png", "crowd_f1.png"}
