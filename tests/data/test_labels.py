from collections import Counter

import cv2
import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ig_widgets.data.annotations import annotations_frame
from ig_widgets.data.images import ImageSet
from ig_widgets.data.labels import folder_labels, labels_of, weak_labels

IDS = ("a", "b", "c")
IMAGES = ImageSet.from_arrays(np.zeros((3, 4, 4), np.uint8), ids=IDS)


def said(*statements):
    """Statements as (image, annotator, label, present)."""
    keys = ("image", "annotator", "label", "present")
    return annotations_frame(dict(zip(keys, statement, strict=True)) for statement in statements)


def label_of_a(*statements, classes=("ok", "crack", "dent"), **options):
    """The label of image a, of statements as (annotator, label, present)."""
    y = labels_of(IMAGES, said(*(("a", *statement) for statement in statements)), classes, **options)
    assert y[1:].tolist() == [-1, -1]
    return classes[y[0]] if y[0] >= 0 else None


def test_nobody_has_said_anything():
    y = labels_of(IMAGES, annotations_frame())
    assert y.tolist() == [-1, -1, -1]
    assert y.dtype.kind == "i"
    assert labels_of(IMAGES, annotations_frame(), none=None).tolist() == [-1, -1, -1]
    assert labels_of(IMAGES[:0], said(("a", "eve", "crack", True))).tolist() == []


def test_default_classes_are_none_and_then_the_sorted_labels():
    statements = said(("c", "eve", "dent", True), ("a", "eve", "crack", True), ("b", "eve", "ant", False))
    assert labels_of(IMAGES, statements).tolist() == [2, 0, 3]  # ok, ant, crack, dent
    assert labels_of(IMAGES, statements, none="ant").tolist() == [1, -1, 2]  # ant, crack, dent
    assert labels_of(IMAGES, statements, none=None).tolist() == [1, -1, 2]
    # the numbers do not depend on which images are asked about
    assert labels_of(IMAGES[[0]], statements).tolist() == [2]


def test_numbers_follow_the_given_classes():
    statements = said(("a", "eve", "crack", True), ("b", "eve", "crack", False))
    assert labels_of(IMAGES, statements, ["crack", "dent", "ok"]).tolist() == [0, 2, -1]


def test_a_skip_is_no_statement():
    assert label_of_a(("eve", None, None)) is None
    assert label_of_a(("eve", "crack", None)) is None
    assert label_of_a(("eve", None, None), ("bob", "crack", True)) == "crack"


def test_a_box_or_the_whole_image_says_the_same():
    boxed = annotations_frame(
        [
            {
                "image": "a",
                "annotator": "eve",
                "label": "crack",
                "present": True,
                "x": 1,
                "y": 1,
                "width": 2,
                "height": 2,
            },
            {"image": "b", "annotator": "eve", "label": "crack", "present": True},
        ]
    )
    assert labels_of(IMAGES, boxed).tolist() == [1, 1, -1]


def test_one_label_outweighs_the_same_persons_no_to_others():
    assert label_of_a(("eve", "crack", False), ("eve", "dent", True)) == "dent"
    assert label_of_a(("eve", "crack", False), ("eve", "dent", False)) == "ok"


def test_the_majority_of_annotators_decides():
    assert label_of_a(("eve", "crack", True), ("bob", "crack", False), ("ann", "crack", False)) == "ok"
    assert label_of_a(("eve", "crack", True), ("bob", "crack", True), ("ann", "dent", True)) == "crack"


def test_many_boxes_of_one_person_are_one_vote():
    three = [("eve", "crack", True)] * 3
    assert label_of_a(*three, ("bob", "crack", False), ("ann", "crack", False)) == "ok"


def test_a_tie_with_none_goes_to_the_label():
    assert label_of_a(("eve", "crack", True), ("bob", "crack", False)) == "crack"


def test_people_who_see_different_labels_agree_that_there_is_one():
    four = [("eve", "crack", True), ("bob", "dent", True), ("ann", "crack", False), ("joe", "dent", False)]
    assert label_of_a(*four) == "crack"
    assert label_of_a(*four, ("sue", "dent", False)) == "ok"


def test_a_tie_of_labels_goes_to_more_statements_and_then_to_the_earlier_class():
    assert label_of_a(("eve", "crack", True), ("bob", "dent", True), ("bob", "dent", True)) == "dent"
    tie = [("eve", "dent", True), ("bob", "crack", True)]
    assert label_of_a(*tie) == "crack"
    assert label_of_a(*tie, classes=("ok", "dent", "crack")) == "dent"


def test_the_none_class_may_be_said_outright():
    assert label_of_a(("eve", "ok", True)) == "ok"
    assert label_of_a(("eve", "ok", True), ("bob", "ok", True), ("ann", "crack", True)) == "ok"
    assert label_of_a(("eve", "ok", False)) is None  # something is there, but nobody said what
    assert label_of_a(("eve", "good", True), classes=("good", "crack"), none="good") == "good"


def test_without_a_none_class_a_no_says_nothing():
    assert label_of_a(("eve", "crack", False), classes=("crack", "dent"), none=None) is None
    assert (
        label_of_a(
            ("eve", "crack", False),
            ("bob", "crack", False),
            ("ann", "dent", True),
            classes=("crack", "dent"),
            none=None,
        )
        == "dent"
    )


def test_nameless_annotators_count_as_one():
    assert label_of_a((None, "crack", False), (None, "crack", False), ("eve", "crack", True)) == "crack"


def test_statements_about_other_images_do_not_count():
    statements = said(("elsewhere", "eve", "rust", True), ("b", "eve", "crack", True))
    assert labels_of(IMAGES, statements, ["ok", "crack"]).tolist() == [-1, 1, -1]


def test_labels_outside_the_classes_are_named():
    with pytest.raises(
        ValueError, match=r"image 'a' is annotated with 'rust', which is not in classes \['ok'"
    ):
        label_of_a(("eve", "rust", True))
    with pytest.raises(
        ValueError, match="image 'a' is annotated with none of the labels, but 'ok' is not in classes"
    ):
        label_of_a(("eve", "crack", False), classes=("crack",))
    with pytest.raises(ValueError, match="contains a class twice; give each class once"):
        labels_of(IMAGES, annotations_frame(), ["ok", "crack", "ok"])


def slow_label(rows, classes):
    """What the docstring says, one annotator after the other."""
    verdicts = []
    for annotator in {annotator for annotator, *_ in rows}:
        mine = [
            (label, present)
            for who, label, present in rows
            if who == annotator and label and present is not None
        ]
        labels = {label for label, present in mine if present and label != "ok"}
        if not labels and any(present == (label == "ok") for label, present in mine):
            labels = {"ok"}
        verdicts.append(labels)
    has_label = sum(bool(v - {"ok"}) for v in verdicts)
    has_none = sum(v == {"ok"} for v in verdicts)
    if has_label == has_none == 0:
        return -1
    if has_none > has_label:
        return classes.index("ok")
    votes = Counter(label for v in verdicts for label in v - {"ok"})
    statements = Counter(label for _, label, present in rows if present and label != "ok")
    return min(
        (classes.index(label) for label in votes),
        key=lambda k: (-votes[classes[k]], -statements[classes[k]], k),
    )


statement = st.tuples(
    st.sampled_from(["eve", "bob", "ann"]),
    st.sampled_from(["ok", "crack", "dent", "rust", None]),
    st.sampled_from([True, False, None]),
)


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.lists(statement, max_size=8), min_size=3, max_size=3),
    st.permutations(["ok", "crack", "dent", "rust"]),
    st.randoms(use_true_random=False),
)
def test_labels_equal_a_count_by_hand_in_any_order_of_the_statements(per_image, classes, random):
    rows = [(image, *row) for image, its in zip(IDS, per_image, strict=True) for row in its]
    random.shuffle(rows)
    expected = [slow_label(its, classes) for its in per_image]
    assert labels_of(IMAGES, said(*rows), classes).tolist() == expected


P = np.array([[0.9, 0.1], [0.5, 0.5], [np.nan, np.nan]])


def test_weak_labels_are_the_most_probable_class_and_missing_without_probabilities():
    table = weak_labels(IMAGES, P, ["ok", "crack"])
    assert list(table.columns) == ["image", "label", "ok", "crack"]
    assert table["image"].tolist() == list(IDS)
    assert table["label"].tolist()[:2] == ["ok", "ok"]  # of equals the earlier
    assert table["label"].isna().tolist() == [False, False, True]
    np.testing.assert_array_equal(table[["ok", "crack"]], P)


def test_decisions_may_differ_from_the_most_probable_class():
    table = weak_labels(IMAGES, P, ["ok", "crack"], labels=[1, -1, 0])
    assert table["label"].tolist()[::2] == ["crack", "ok"]  # the last one cannot be read, but somebody knows
    assert table["label"].isna().tolist() == [False, True, False]
    assert weak_labels(IMAGES, P, ["ok", "crack"], labels=[1, 1, 1])["label"][0] == "crack"


def test_the_pattern_that_fired_and_its_box_are_named():
    scores = np.array([[0.2, 0.7, np.nan], [0.1, 0.1, -0.5], [np.nan] * 3])
    boxes = np.arange(36).reshape(3, 3, 4)
    boxes[..., 2:] += 10
    boxes[1, 0] = -1
    patterns = ImageSet.from_arrays(np.zeros((3, 2, 2), np.uint8), ids=["p", "q", "r"])
    table = weak_labels(IMAGES, P, ["ok", "crack"], scores=scores, boxes=boxes, patterns=patterns)
    assert list(table.columns[4:]) == ["pattern", "score", "x", "y", "width", "height"]
    assert table["pattern"].tolist()[:2] == ["q", "p"]
    assert table["pattern"].isna()[2]
    np.testing.assert_array_equal(table["score"], [0.7, 0.1, np.nan])
    np.testing.assert_array_equal(table.loc[0, ["x", "y", "width", "height"]].astype(float), [4, 5, 12, 12])
    assert table.loc[1:, ["x", "y", "width", "height"]].isna().all(axis=None)
    without = weak_labels(IMAGES, P, ["ok", "crack"], scores=scores, patterns=["p", "q", "r"])
    pd.testing.assert_frame_equal(without, table.drop(columns=["x", "y", "width", "height"]))


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"P": P[:2]}, r"P has shape \(2, 2\); give \(3, 2\)"),
        ({"P": P * 2}, r"outside 0\.\.1"),
        ({"labels": [0, 1]}, "labels has shape"),
        ({"labels": [0, 1, 2]}, "labels range from 0 to 2; give -1 to 1"),
        ({"classes": ["ok", "image"]}, "the class 'image' would create a second column"),
        ({"classes": ["ok", "ok"]}, "the class 'ok' would create a second column"),
        ({"scores": np.zeros((3, 2))}, "without patterns"),
        ({"scores": np.zeros((3, 0)), "patterns": []}, "no patterns"),
        ({"scores": np.zeros((3, 2)), "patterns": ["p"]}, "scores has shape"),
        ({"scores": np.zeros((3, 1)), "boxes": np.zeros((3, 4)), "patterns": ["p"]}, "boxes has shape"),
        ({"boxes": np.zeros((3, 1, 4))}, "without scores; give the scores of the patterns as well"),
    ],
)
def test_what_does_not_fit_together_is_refused_with_a_sentence(change, words):
    arguments = {"images": IMAGES, "P": P, "classes": ["ok", "crack"], **change}
    with pytest.raises(ValueError, match=words):
        weak_labels(**arguments)


def test_the_label_is_the_innermost_folder(tmp_path):
    for name in ("cat/1.png", "cat/2.png", "pets/dog/1.png"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        cv2.imwrite(str(tmp_path / name), np.zeros((4, 4), np.uint8))
    labels = folder_labels(ImageSet.from_folder(tmp_path))
    assert labels.to_dict() == {"cat/1.png": "cat", "cat/2.png": "cat", "pets/dog/1.png": "dog"}


def test_an_image_outside_of_all_folders_has_no_label():
    images = ImageSet.from_arrays([np.zeros((4, 4), np.uint8)] * 2, ids=["cat/1.png", "2.png"])
    with pytest.raises(ValueError, match=r"image '2.png' is not in a folder .* \(1 of 2 images are not\)"):
        folder_labels(images)
