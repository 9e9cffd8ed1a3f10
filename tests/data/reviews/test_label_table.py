import numpy as np
import pandas as pd
import pytest

from ig_widgets.data.annotations import annotations_frame
from ig_widgets.data.label_text import label_text
from ig_widgets.data.reviews.label_table import (
    CONFIRMED,
    MARKED,
    NO_CLASS,
    RELABELED,
    UNSAID,
    LabelTable,
)

IDS = ["a", "b", "c", "d"]


def said(*rows):
    frame = annotations_frame(
        [{"image": image, "annotator": "ada", "label": label, "present": yes} for image, label, yes in rows]
    )
    frame.index = pd.Index([f"key{i}" for i in range(len(rows))], name="statement")
    return frame


@pytest.mark.parametrize(
    ("labels", "texts"),
    [
        (pd.Series(["dog", "cat", None, "dog"]), ["cat", "dog"]),
        (pd.Series([10, 9, 9, 2]), ["2", "9", "10"]),
        (pd.Series([1.0, np.nan, 3.0, 1.0]), ["1", "3"]),
        (pd.Series([1, None, 3, 1], dtype="Int64"), ["1", "3"]),
        (pd.Series([True, False, True, True]), ["False", "True"]),
        (pd.Series(["b", "a", None, "b"], dtype=pd.CategoricalDtype(["b", "z", "a"])), ["b", "z", "a"]),
        (pd.Series(["b", 1, None, "b"], dtype=object), ["1", "b"]),
    ],
)
def test_labels_of_any_type_are_called_by_texts(labels, texts):
    table = LabelTable(IDS, labels)
    assert table.texts == texts
    assert table.offered == len(texts)
    known = [table.text(row) for row in range(4)]
    assert known == [None if pd.isna(label) else label_text(label) for label in labels]
    pd.testing.assert_series_equal(table.relabeled(), labels)


def test_the_last_statement_counts_and_one_taken_back_does_not():
    table = LabelTable(IDS, pd.Series(["x", "y", "x", None]))
    rows = range(4)
    table.recall(said(("a", "x", False), ("b", "x", True), ("b", "y", True), ("d", "y", True)), rows)
    assert table.states.tolist() == [MARKED, CONFIRMED, UNSAID, RELABELED]
    assert table.labels.tolist() == [0, 1, 0, 1]
    assert [table.key(row) for row in rows] == ["key0", "key2", None, "key3"]
    table.recall(said(("b", "x", True)), [1, 3])
    assert table.states.tolist() == [MARKED, RELABELED, UNSAID, UNSAID]
    assert table.labels.tolist() == [0, 0, 0, NO_CLASS]
    assert table.wrong().tolist() == [True, True, False, False]
    assert table.relabeled().tolist()[:3] == ["x", "x", "x"]


def test_what_was_said_about_another_label_says_nothing_about_this_one():
    """Labels that were corrected are reviewed once more."""
    table = LabelTable(IDS, pd.Series(["y", "y", "x", "y"]))
    table.recall(said(("a", "x", False), ("b", "y", True)), range(4))
    assert table.states.tolist() == [UNSAID, CONFIRMED, UNSAID, UNSAID]
    assert table.recall_looks(said(("a", "x", None), ("c", "x", None), ("d", None, None))) == [2]


def test_a_class_that_cannot_be_given_here_is_a_mark():
    table = LabelTable(IDS, pd.Series(["x", "y", "x", "y"]))
    table.recall(said(("a", "elsewhere", True), ("nowhere", "x", True)), range(4))
    assert table.states.tolist() == [MARKED, UNSAID, UNSAID, UNSAID]
    assert table.relabeled().tolist() == ["x", "y", "x", "y"]


def test_looks_are_counted_once_in_the_order_of_looking():
    table = LabelTable(IDS, pd.Series(["x", "y", "x", None]))
    assert table.recall_looks(said(("c", "x", None), ("d", None, None), ("c", "x", None))) == [2, 3]
    assert table.recall_looks(said(("a", "x", None), ("d", None, None))) == [0]
    assert (table.looked, table.seen.tolist()) == ([2, 3, 0], [1, 0, 1, 1])


def test_classes_that_labels_do_not_have_can_be_given():
    labels = pd.Series(["x", "y", "x", "y"], dtype="category")
    table = LabelTable(IDS, labels, ["z", "x"])
    assert (table.texts, table.offered) == (["z", "x", "y"], 2)
    table.recall(said(("b", "z", True)), [1])
    assert table.relabeled().tolist() == ["x", "z", "x", "y"]
    assert table.relabeled().cat.categories.tolist() == ["x", "y", "z"]
    assert labels.cat.categories.tolist() == ["x", "y"]


def test_tables_are_named_by_their_images_and_labels():
    def name(ids, labels):
        return LabelTable(ids, pd.Series(labels)).digest(len(ids))

    assert name("ab", ["x", "y"]) == name("ab", ["x", "y"])
    assert len({name("ab", ["x", "y"]), name("ab", ["y", "x"]), name("ac", ["x", "y"])}) == 3


@pytest.mark.parametrize(
    ("labels", "classes", "why"),
    [
        ([1, 2, 3], None, "there are 3 labels for 4 images"),
        ([None] * 4, None, "there are no classes"),
        ([1, 2, 3, 4], ["cat"], "'cat' does not fit labels of the type int64"),
        ([1, 2, 3, 4], [2.5], "2.5 does not fit"),
        ([True] * 4, ["maybe"], "'maybe' does not fit labels of the type bool"),
        (["a"] * 4, ["a", "a"], "'a' reads like 'a'"),
        (["a"] * 4, ["a", None], "a class is missing"),
        (["a", "", "a", "a"], None, "must be a non-empty string"),
    ],
)
def test_labels_and_classes_that_make_no_sense_are_refused(labels, classes, why):
    with pytest.raises(ValueError, match=why):
        LabelTable(IDS, pd.Series(labels), classes)


def test_a_number_and_a_text_that_read_the_same_are_refused():
    with pytest.raises(ValueError, match="reads like"):
        LabelTable(IDS, pd.Series([1, "1", 2, 2], dtype=object))
