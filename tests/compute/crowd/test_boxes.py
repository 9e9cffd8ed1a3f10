import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ig_widgets.compute.crowd.boxes import box_groups, iou, merge_boxes
from ig_widgets.data.annotations import annotations_frame

# the five boxes of Inspector Gadget's sample image, x0, y0, x1, y1, painted by five workers
WORKERS = [
    (269, 88, 384, 206),
    (1212, 458, 1264, 500),
    (417, 0, 592, 27),
    (261, 134, 372, 205),
    (288, 181, 351, 235),
]
SIDES = st.integers(1, 12)
BOXES = st.lists(st.tuples(st.integers(0, 30), st.integers(0, 30), SIDES, SIDES), min_size=1, max_size=9)


def box(x0, y0, x1, y1, **rest):
    return {"x": x0, "y": y0, "width": x1 - x0, "height": y1 - y0, "present": True, "label": "crack"} | rest


def sample():
    return annotations_frame(
        [box(*corners, image="a.png", annotator=f"w{i}") for i, corners in enumerate(WORKERS)]
    )


def painted(boxes):
    """Every box as the set of its unit squares."""
    return [{(i, j) for i in range(x, x + w) for j in range(y, y + h)} for x, y, w, h in boxes]


@given(BOXES, BOXES)
def test_iou_equals_counting_the_common_pixels(a, b):
    expected = [[len(p & q) / len(p | q) for q in painted(b)] for p in painted(a)]
    assert np.allclose(iou(a, b), expected)


def test_boxes_without_area_overlap_nothing():
    assert iou([[0, 0, 0, 0]], [[0, 0, 0, 0], [0, 0, 5, 5]]).tolist() == [[0, 0]]


def test_no_boxes_give_an_empty_result():
    assert iou(np.empty((0, 4)), [[0, 0, 5, 5]]).shape == (0, 1)
    assert box_groups([]).tolist() == []


@given(BOXES, st.sampled_from([0.0, 0.2, 0.5]))
def test_groups_equal_merging_until_nothing_changes(boxes, min_iou):
    pixels = painted(boxes)
    groups = list(range(len(boxes)))
    for _ in boxes:
        for i, p in enumerate(pixels):
            for j, q in enumerate(pixels):
                if p & q and len(p & q) >= min_iou * len(p | q):
                    groups[i] = groups[j] = min(groups[i], groups[j])
    found = box_groups(boxes, min_iou).tolist()
    assert [found.index(group) for group in found] == groups


def test_groups_are_numbered_by_their_first_boxes():
    assert box_groups([[0, 0, 4, 4], [9, 9, 4, 4], [1, 1, 4, 4], [30, 0, 4, 4]]).tolist() == [0, 1, 0, 2]


@given(BOXES, st.data())
def test_boxes_of_different_images_are_grouped_as_each_image_by_itself(boxes, data):
    images = data.draw(st.lists(st.sampled_from("abc"), min_size=len(boxes), max_size=len(boxes)))
    groups = box_groups(boxes, within=images).tolist()
    for image in set(images):
        rows = [i for i, other in enumerate(images) if other == image]
        together, alone = [groups[i] for i in rows], box_groups([boxes[i] for i in rows]).tolist()
        assert [together.index(group) for group in together] == [alone.index(group) for group in alone]
    assert len(set(zip(images, groups, strict=True))) == len(set(groups))


def test_touching_edges_do_not_link():
    assert box_groups([[0, 0, 4, 4], [4, 0, 4, 4]]).tolist() == [0, 1]


def test_the_crowd_sample_gives_one_group_of_three_and_two_outliers():
    merged = merge_boxes(sample())
    assert merged["statements"].tolist() == [(2,), (0, 3, 4), (1,)]
    assert merged["outlier"].tolist() == [True, False, True]
    group = merged.iloc[1]
    corners = (group["x"], group["y"], group["x"] + group["width"], group["y"] + group["height"])
    assert tuple(int(round(corner, 6)) for corner in corners) == (272, 134, 369, 215)
    assert group["annotators"] == "w0, w3, w4"
    assert group["n_boxes"] == 3


@given(BOXES, st.randoms(use_true_random=False), st.sampled_from(["average", "union", "intersection"]))
def test_the_order_of_annotations_changes_nothing(boxes, random, method):
    rows = [
        {"image": "ab"[i % 2], "annotator": f"w{i % 3}", "label": "crack", "present": True}
        | dict(zip(("x", "y", "width", "height"), map(float, sides), strict=True))
        for i, sides in enumerate(boxes)
    ]
    annotations = annotations_frame(rows)
    permuted = annotations.iloc[random.sample(range(len(rows)), len(rows))]
    pd.testing.assert_frame_equal(
        merge_boxes(annotations, method=method), merge_boxes(permuted, method=method)
    )


@given(BOXES, st.sampled_from(["average", "union", "intersection"]))
def test_a_merged_box_lies_inside_the_hull_of_its_members(boxes, method):
    annotations = annotations_frame(
        [box(x, y, x + w, y + h, image="a", annotator="w") for x, y, w, h in boxes]
    )
    for row in merge_boxes(annotations, method=method).itertuples():
        members = annotations.loc[list(row.statements)]
        assert row.width > 0
        assert row.height > 0
        assert row.x >= members["x"].min() - 1e-9
        assert row.y >= members["y"].min() - 1e-9
        assert row.x + row.width <= (members["x"] + members["width"]).max() + 1e-9
        assert row.y + row.height <= (members["y"] + members["height"]).max() + 1e-9


def corners_of(method):
    rows = [box(0, 0, 10, 10, image="a", annotator="w0"), box(4, 2, 12, 14, image="a", annotator="w1")]
    row = merge_boxes(annotations_frame(rows), method=method).iloc[0]
    return (row["x"], row["y"], row["x"] + row["width"], row["y"] + row["height"])


def test_union_average_and_intersection_of_two_boxes():
    assert corners_of("union") == (0, 0, 12, 14)
    assert corners_of("average") == (2, 1, 11, 12)
    assert corners_of("intersection") == (4, 2, 10, 10)


def test_the_intersection_of_a_chain_falls_back_to_the_average():
    chain = [box(x, 0, x + 10, 10, image="a", annotator=f"w{x}") for x in (0, 8, 16)]
    both = [merge_boxes(annotations_frame(chain), method=method) for method in ("intersection", "average")]
    pd.testing.assert_frame_equal(*both)
    assert both[0]["x"].tolist() == [8]


def test_two_boxes_of_one_person_are_no_agreement_where_others_looked():
    rows = [box(0, 0, 10, 10, image="a", annotator="Ann"), box(2, 2, 9, 9, image="a", annotator="Ann")]
    looked = {"image": "a", "annotator": "Bo", "label": "crack", "present": False}
    assert merge_boxes(annotations_frame([*rows, looked]))["outlier"].tolist() == [True, True]


def test_overlapping_boxes_of_one_person_are_two_things():
    lying, standing = (
        box(0, 40, 100, 50, image="a", annotator="Ann"),
        box(90, 0, 100, 100, image="a", annotator="Ann"),
    )
    merged = merge_boxes(annotations_frame([lying, standing]))
    assert merged[["x", "y", "width", "height"]].to_numpy().tolist() == [[90, 0, 10, 100], [0, 40, 100, 10]]
    assert not merged["outlier"].any()
    assert len(merge_boxes(annotations_frame([lying, standing]), min_annotators=1)) == 1


def test_a_person_who_works_alone_makes_no_outliers():
    rows = [box(0, 0, 10, 10, image="a", annotator="Ann"), box(0, 0, 9, 9, image="b", annotator="Bo")]
    assert not merge_boxes(annotations_frame(rows))["outlier"].any()


def test_somebody_who_skipped_an_image_did_not_look():
    rows = [box(0, 0, 10, 10, image="a", annotator="Ann"), {"image": "a", "annotator": "Bo"}]
    assert merge_boxes(annotations_frame(rows))["outlier"].tolist() == [False]


def test_where_several_are_to_look_one_is_not_enough_although_the_others_have_not():
    drawn = [box(0, 0, 10, 10, image=image, annotator="Ann") for image in "abc"]
    drawn += [box(1, 0, 10, 10, image="b", annotator="Bo"), {"image": "c", "annotator": "Bo"}]
    annotations = annotations_frame(drawn)
    assert merge_boxes(annotations)["outlier"].tolist() == [False, False, False]
    assert merge_boxes(annotations, overlap=2)["outlier"].tolist() == [True, False, True]
    # two who agree are enough, also where a third is to look
    assert merge_boxes(annotations, overlap=3)["outlier"].tolist() == [True, False, True]


@given(BOXES, st.sampled_from([1, 2]), st.sampled_from([1, 2]))
def test_merging_all_images_at_once_equals_merging_each_by_itself(boxes, min_annotators, overlap):
    annotations = annotations_frame(
        box(
            x, y, x + w, y + h, image="abc"[i % 3], annotator=f"w{i % 2}", label=["crack", "dent"][i % 5 == 0]
        )
        for i, (x, y, w, h) in enumerate(boxes)
    )
    settings = {"min_annotators": min_annotators, "overlap": overlap}
    each = [merge_boxes(some, **settings) for _, some in annotations.groupby("image")]
    pd.testing.assert_frame_equal(merge_boxes(annotations, **settings), pd.concat(each, ignore_index=True))


def test_more_agreement_can_be_asked_for():
    assert merge_boxes(sample(), min_annotators=4)["outlier"].all()
    assert not merge_boxes(sample(), min_annotators=1)["outlier"].any()


def test_boxes_of_other_labels_and_images_stay_apart_and_rejected_ones_are_left_out():
    same = (0, 0, 10, 10)
    rows = [
        box(*same, image="a", annotator="w0"),
        box(*same, image="a", annotator="w1", label="dent"),
        box(*same, image="b", annotator="w2"),
        box(*same, image="a", annotator="w3", present=False),
    ]
    assert merge_boxes(annotations_frame(rows))["n_boxes"].tolist() == [1, 1, 1]


def test_no_boxes_merge_to_an_empty_frame_with_the_same_columns():
    empty = merge_boxes(annotations_frame([{"image": "a", "annotator": "w", "present": False}]))
    assert len(empty) == 0
    pd.testing.assert_series_equal(empty.dtypes, merge_boxes(sample()).dtypes)


@pytest.mark.parametrize(
    ("call", "sentence"),
    [
        (lambda: iou([[0, 0, 1]], [[0, 0, 1, 1]]), r"boxes have shape \(1, 3\); give \(n, 4\)"),
        (lambda: box_groups([[0, 0, 1, 1], [0, 0, -1, 1]]), "box 1 is .* no negative width or height"),
        (lambda: box_groups([[0, 0, np.nan, 1]]), "box 0 is .* finite numbers"),
        (lambda: box_groups([], min_iou=2), "min_iou is 2; give a number from 0 to 1"),
        (lambda: box_groups([[0, 0, 1, 1]], within=[0, 1]), r"within has shape \(2,\) for 1 boxes; give one"),
        (lambda: merge_boxes(sample(), method="median"), "method is 'median'; choose one of average, union"),
        (lambda: merge_boxes(sample(), min_annotators=0), "min_annotators is 0; give 1 or more"),
        (lambda: merge_boxes(sample().drop(columns="x")), "lack the column 'x'"),
        (
            lambda: merge_boxes(annotations_frame([box(0, 0, np.nan, 4, image="a.png", annotator="w")])),
            "boxes of image 'a.png': box 0",
        ),
    ],
)
def test_bad_input_gets_a_sentence(call, sentence):
    with pytest.raises(ValueError, match=sentence):
        call()
