import cv2
import numpy as np
import pandas as pd
import pytest

from ig_widgets.data.images import ImageSet
from ig_widgets.data.label_text import label_text
from ig_widgets.data.labels import labels_of
from ig_widgets.data.reviews.errors_left import errors_left
from ig_widgets.widgets.similarity_review import SimilarityReview

IDS = ["a.png", "b.png", "c.png", "d.png", "e.png"]


@pytest.fixture
def images():
    rng = np.random.default_rng(0)
    return ImageSet.from_arrays([rng.integers(0, 256, (20, 30), np.uint8) for _ in IDS], ids=IDS)


@pytest.fixture
def labels():
    """Labels of a table whose index is not that of the images."""
    return pd.Series([3, 1, 3, 1, 2], index=[40, 10, 30, 20, 50], name="kind")


@pytest.fixture
def act(ask):
    """Do something to images as the browser does."""

    def about(review):
        hello = ask(review, "hello")[0]["ok"]
        return {"rows": hello["rows"], "count": hello["count"]}

    def gesture(review, items=(), *, kind="say", action="g1", **said):
        told = {"kind": kind, "action": action, "items": list(items), **said}
        return ask(review, "act", gesture={**about(review), **told})[0]

    return gesture


def wrong(act, review, items, action="g1"):
    return act(review, items, says="wrong", action=action)["ok"]["touched"]


def give(act, review, items, label, action="g1"):
    return act(review, items, says="label", label=label, action=action)["ok"]["touched"]


def columns(review, ask):
    _, buffers = ask(review, "columns", start=0)
    kinds = (np.uint8, np.uint8, np.uint16, np.uint16)
    return [np.frombuffer(buffer, kind).tolist() for buffer, kind in zip(buffers, kinds, strict=True)]


def test_marks_and_new_labels_come_back_with_the_callers_index(images, labels, log, act):
    before = labels.copy()
    review = SimilarityReview(images, labels, log=log, annotator="ada")
    assert wrong(act, review, [0, 1]) == 2
    assert give(act, review, [4], "1", action="g2") == 1
    pd.testing.assert_series_equal(
        review.corrected_labels, pd.Series([3, 1, 3, 1, 1], index=[40, 10, 30, 20, 50], name="kind")
    )
    pd.testing.assert_series_equal(
        review.marked,
        pd.Series([True, True, False, False, False], index=[40, 10, 30, 20, 50], name="marked"),
    )
    pd.testing.assert_series_equal(labels, before)
    said = review.annotations[["image", "annotator", "label", "present", "source"]]
    assert said.to_numpy().tolist() == [
        ["a.png", "ada", "3", False, "SimilarityReview"],
        ["b.png", "ada", "1", False, "SimilarityReview"],
        ["e.png", "ada", "1", True, "SimilarityReview"],
    ]


@pytest.mark.parametrize(
    ("labels", "new"),
    [
        (pd.Series(["x", "y", "x", "y", None]), "x"),
        (pd.Series([True, False, True, False, True]), True),
        (pd.Series([1.0, 2.0, np.nan, 2.0, 1.0]), 1.0),
        (pd.Series([1, 2, None, 2, 1], dtype="Int64"), 1),
        (pd.Series(["x", "y", "x", "y", None], dtype="category"), "x"),
        (pd.Series(["x", 5, "x", 5, None], dtype=object), "x"),
    ],
)
def test_labels_keep_their_type(images, log, act, labels, new):
    review = SimilarityReview(images, labels, log=log)
    give(act, review, [1, 4], label_text(new))
    expected = labels.copy()
    expected.iloc[[1, 4]] = new
    pd.testing.assert_series_equal(review.corrected_labels, expected)


def test_what_was_said_is_there_after_a_restart(images, labels, log, act, ask):
    review = SimilarityReview(images, labels, log=log)
    wrong(act, review, [0, 1])
    give(act, review, [1], "2", action="g2")
    act(review, [3], kind="look", action="g3")
    again = SimilarityReview(images, labels, log=log)
    assert (
        columns(again, ask)
        == columns(review, ask)
        == [[1, 1, 0, 1, 0], [1, 2, 0, 0, 0], [2, 1, 2, 0, 1], [2, 0, 2, 0, 1]]
    )
    pd.testing.assert_series_equal(again.corrected_labels, review.corrected_labels)
    pd.testing.assert_series_equal(again.marked, review.marked)


def test_a_gesture_delivered_twice_is_saved_once_also_by_a_new_kernel(images, labels, log, act):
    review = SimilarityReview(images, labels, log=log)
    wrong(act, review, [0, 1], action="g1")
    give(act, review, [0], "2", action="g2")
    act(review, [1], says="nothing", action="g3")
    rows = len(log.history("a.png")) + len(log.history("b.png"))
    for again in (review, SimilarityReview(images, labels, log=log)):
        wrong(act, again, [0, 1], action="g1")
        give(act, again, [0], "2", action="g2")
        act(again, [1], says="nothing", action="g3")
        act(again, [0, 1], kind="look", action="g4")
        assert again.corrected_labels.tolist() == [2, 1, 3, 1, 2]
        assert not again.marked.any()
    assert len(log.history("a.png")) + len(log.history("b.png")) == rows


def test_one_gesture_is_one_step_of_undo_and_looks_are_none(images, labels, log, act):
    review = SimilarityReview(images, labels, log=log)
    wrong(act, review, [0, 1, 2], action="g1")
    give(act, review, [0, 1], "2", action="g2")
    act(review, [3, 4], kind="look", action="g3")
    assert act(review, kind="undo", action="g4")["ok"] == {"touched": 2}
    assert review.marked.tolist() == [True, True, True, False, False]
    act(review, [4], kind="look", action="g5")
    again = SimilarityReview(images, labels, log=log)
    assert act(again, kind="redo", action="g6")["ok"] == {"touched": 2}
    assert again.corrected_labels.tolist() == [2, 2, 3, 1, 2]
    act(again, kind="undo", action="g7")
    assert act(again, kind="undo", action="g8")["ok"] == {"touched": 3}
    assert again.annotations.empty
    assert act(again, kind="undo", action="g9")["ok"] == {"touched": 0}


def test_nobody_sees_or_undoes_what_others_say(images, labels, log, act):
    ada = SimilarityReview(images, labels, log=log, annotator="ada")
    bo = SimilarityReview(images, labels, log=log, annotator="bo")
    wrong(act, ada, [0], action="g1")
    give(act, bo, [0], "2", action="g2")
    act(ada, kind="undo", action="g3")
    assert (ada.marked.any(), ada.corrected_labels.tolist()) == (False, labels.tolist())
    assert bo.corrected_labels.tolist() == [2, 1, 3, 1, 2]


def test_a_mark_can_be_taken_back_and_what_was_said_before_stays_out_of_force(images, labels, log, act):
    review = SimilarityReview(images, labels, log=log)
    wrong(act, review, [0], action="g1")
    give(act, review, [0], "2", action="g2")
    assert act(review, [0, 1], says="nothing", action="g3")["ok"] == {"touched": 1}
    assert review.annotations.empty
    assert review.corrected_labels.tolist() == labels.tolist()
    act(review, kind="undo", action="g4")
    assert review.corrected_labels.tolist() == [2, 1, 3, 1, 2]


def test_a_look_is_no_vote_for_the_label(images, labels, log, act, ask):
    review = SimilarityReview(images, labels, log=log)
    act(review, [0, 1, 2], kind="look")
    assert review.annotations.empty
    assert log.annotations["present"].isna().all()
    assert labels_of(images, log.annotations, ["1", "2", "3"], none=None).tolist() == [-1] * 5
    assert columns(review, ask)[0] == [1, 1, 1, 0, 0]


def test_a_label_that_was_said_to_be_right_is_no_error(images, labels, log, act, ask):
    review = SimilarityReview(images, labels, log=log)
    give(act, review, [0], "3")
    assert columns(review, ask)[1] == [3, 0, 0, 0, 0]
    assert review.corrected_labels.tolist() == labels.tolist()
    assert review.annotations["present"].tolist() == [True]


def test_an_image_without_a_label_can_be_given_one_but_not_marked(images, log, act, ask):
    review = SimilarityReview(images, ["x", None, "x", None, "y"], log=log)
    assert wrong(act, review, [0, 1]) == 1
    give(act, review, [3], "y", action="g2")
    assert review.corrected_labels.tolist()[3] == "y"
    assert columns(review, ask)[1] == [1, 0, 0, 2, 0]


def test_errors_left_are_told_of_what_was_shown_and_had_a_label(images, log, act, ask):
    review = SimilarityReview(images, ["x", "x", "y", None, "y"], [0, 1, 2, 3], log=log)
    act(review, [0, 3], kind="look")
    assert ask(review, "hello")[0]["ok"]["shown"] == 4
    low, high = ask(review, "columns", start=0)[0]["ok"]["left"][1:]
    assert low == 0
    assert 0 < high < 2
    act(review, [1, 2], says="wrong", action="g2")
    assert ask(review, "columns", start=0)[0]["ok"]["left"] == [0, 0, 0]


def facts(review, ask):
    return ask(review, "hello")[0]["ok"]["end"]


def test_the_end_says_how_many_were_wrong_and_what_is_next(images, labels, log, act, ask):
    review = SimilarityReview(images, labels, log=log)
    wrong(act, review, [0, 1])
    act(review, [2, 3], kind="look", action="g2")
    assert facts(review, ask) is None
    act(review, [4], kind="look", action="g3")
    _, data, _ = review.comm.sent[-2]
    told = data["content"]["news"]["facts"]["end"]
    assert told == facts(review, ask)
    assert told["done"] == "All 5 images were looked at: 2 wrong labels."
    assert told["next"] == ".corrected_labels"
    act(review, kind="undo", action="g4")
    assert facts(review, ask)["done"] == "All 5 images were looked at: 0 wrong labels."


def test_the_end_estimates_the_errors_among_images_that_are_not_shown(images, labels, log, act, ask):
    review = SimilarityReview(images, labels, [4, 2], log=log, next_step="audit.report()")
    wrong(act, review, [2, 4])
    end = facts(review, ask)
    left = errors_left([True, True], 3)
    assert end["next"] == "audit.report()"
    assert f"Of the 3 labels that are not shown here about {left.expected:.0f}" in end["done"]
    assert f"({left.low:.0f} to {left.high:.0f})" in end["done"]


def test_a_gesture_about_other_images_or_labels_is_left_for_their_review(images, labels, log, act, ask):
    review = SimilarityReview(images, labels, log=log)
    theirs = ask(SimilarityReview(images, labels + 1, log=log), "hello")[0]["ok"]
    gesture = {
        "kind": "say",
        "action": "g1",
        "items": [0],
        "says": "wrong",
        "rows": theirs["rows"],
        "count": theirs["count"],
    }
    assert ask(review, "act", gesture=gesture)[0]["ok"] == {"elsewhere": True}
    assert log.annotations.empty
    for items in ([], [-1], [5]):
        assert "the browser named" in act(review, items, says="wrong")["error"]["message"]
    assert "not among the classes" in act(review, [0], says="label", label="7")["error"]["message"]
    assert log.annotations.empty


def test_a_review_of_corrected_labels_begins_anew(images, labels, log, act, ask):
    first = SimilarityReview(images, labels, log=log)
    wrong(act, first, [0], action="g1")
    give(act, first, [1], "2", action="g2")
    corrected = first.corrected_labels
    second = SimilarityReview(images, corrected, log=log)
    assert columns(second, ask)[1] == [1, 3, 0, 0, 0]
    pd.testing.assert_series_equal(second.corrected_labels, corrected)


def test_all_views_hear_what_has_changed(images, labels, log, act):
    review = SimilarityReview(images, labels, log=log)
    give(act, review, [1, 4], "3")
    _, data, buffers = review.comm.sent[-2]
    assert data["content"]["news"]["changed"]["revision"] == 1
    rows, seen, states, told = (
        np.frombuffer(buffer, kind).tolist()
        for buffer, kind in zip(buffers, [np.int32, np.uint8, np.uint8, np.uint16], strict=True)
    )
    assert (rows, seen, states, told) == ([1, 4], [1, 1], [2, 2], [2, 2])


def test_what_was_said_in_another_kernel_is_there_and_told_to_the_views(images, labels, log, act):
    review = SimilarityReview(images, labels, log=log)
    give(act, SimilarityReview(images, labels, log=log), [2], "1")
    assert review.corrected_labels.tolist() == [3, 1, 1, 1, 2]
    _, data, buffers = review.comm.sent[-1]
    assert data["content"]["news"]["changed"]["revision"] == 1
    assert np.frombuffer(buffers[0], np.int32).tolist() == [2]
    assert wrong(act, review, [2], action="g2") == 1
    assert len(review.annotations) == 1


def test_orders_and_groups_can_be_asked_for(images, labels, log, ask):
    review = SimilarityReview(
        images,
        labels,
        [4, 0],
        orders={"backwards": [4, 3, 2, 1, 0]},
        groups={"cluster": [7, 7, None, 1, 1]},
        log=log,
    )
    hello = ask(review, "hello")[0]["ok"]
    assert (hello["orders"], hello["groupings"]) == (["given order", "backwards"], ["cluster"])
    answer, (part,) = ask(review, "order", name="backwards", start=3)
    assert (answer["ok"]["count"], np.frombuffer(part, np.int32).tolist()) == (5, [1, 0])
    answer, (part,) = ask(review, "grouping", name="cluster", start=0)
    assert answer["ok"]["names"] == ["1", "7", "none"]
    assert np.frombuffer(part, np.int32).tolist() == [1, 1, 2, 0, 0]
    assert "there is nothing called" in ask(review, "order", name="nowhere", start=0)[0]["error"]["message"]


def test_an_image_is_shown_beside_its_neighbors(images, labels, log, ask):
    near = np.array([[0, 1, 2], [4, -1, 9], [0, 1, 3], [0, 0, 0], [1, 2, 3]])
    for neighbors in (near, lambda item: near[item]):
        review = SimilarityReview(images, labels, neighbors=neighbors, log=log)
        answer, pictures = ask(review, "about", item=0)
        assert answer["ok"] == {"id": "a.png", "size": [30, 20], "similar": [1, 2]}
        shapes = [cv2.imdecode(np.frombuffer(one, np.uint8), cv2.IMREAD_UNCHANGED).shape for one in pictures]
        assert shapes == [(20, 30)] * 3
        assert ask(review, "about", item=1)[0]["ok"]["similar"] == [4]
    assert "there are 5" in ask(review, "about", item=5)[0]["error"]["message"]


def test_messages_of_many_images_are_below_a_megabyte(log, ask):
    count = 300_001
    images = ImageSet.from_arrays(np.zeros((count, 1, 1), np.uint8))
    review = SimilarityReview(images, np.arange(count) % 10, groups={"g": np.arange(count) % 5000}, log=log)
    for op in ({"op": "columns"}, {"op": "order", "name": "as they are"}, {"op": "grouping", "name": "g"}):
        answer, buffers = ask(review, start=0, **op)
        assert answer["ok"]["count"] == count
        assert sum(map(len, buffers)) + len(str(answer)) < 1_000_000


def test_corrections_are_put_into_the_table_by_its_index(images, labels, log, act):
    review = SimilarityReview(images, labels, log=log)
    give(act, review, [0, 3], "2")
    df = pd.DataFrame({"kind": [0, 1, 3, 1, 3, 2]}, index=[60, 10, 40, 20, 30, 50])
    made = review.apply_to(df, "kind")
    assert made["kind"].to_dict() == {60: 0, 10: 1, 40: 2, 20: 2, 30: 3, 50: 2}
    assert made.index.equals(df.index)
    assert made["kind"].dtype == df["kind"].dtype
    assert df["kind"].tolist() == [0, 1, 3, 1, 3, 2]


def test_hostile_names_are_text(log, act, ask):
    name = '<img src=x onerror="alert(1)">\u202e' + "x" * 10_000
    images = ImageSet.from_arrays([np.zeros((4, 4), np.uint8)] * 2, ids=[name, "b"])
    review = SimilarityReview(images, [name, "<i>"], groups={name: [name, name]}, log=log)
    give(act, review, [1], name)
    assert ask(review, "about", item=0)[0]["ok"]["id"] == name
    assert review.corrected_labels.tolist() == [name, name]
    assert review.annotations["label"].tolist() == [name]


def test_the_first_answer_has_the_images_that_are_shown_first(images, labels, log, ask):
    review = SimilarityReview(images, labels, [4, 2, 0, 3], log=log)
    answer, buffers = ask(review, "hello")
    assert answer["ok"]["sheet"]["items"] == [3, 4, 2, 0]  # by label
    assert np.frombuffer(buffers[-1], np.int32).tolist() == [4, 2, 0, 3]


def test_the_argument_stays_what_it_was(images, labels, log, act):
    review = SimilarityReview(images, labels, log=log)
    give(act, review, [0], "2")
    assert review.labels is labels


def test_arguments_that_make_no_sense_are_refused(images, labels, log):
    for why, how in {
        "there are no images": {"images": images[:0]},
        "there are 2 labels for 5 images": {"labels": [1, 2]},
        "the order 'given order' is no list of positions": {"order": [0, 5]},
        "groups has the name 'label'": {"groups": {"label": [1] * 5}},
        "neighbors is float64": {"neighbors": np.zeros((5, 2))},
    }.items():
        with pytest.raises(ValueError, match=why):
            SimilarityReview(**{"images": images, "labels": labels, "log": log, **how})
