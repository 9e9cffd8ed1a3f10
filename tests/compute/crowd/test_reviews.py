import pandas as pd
import pytest

from ig_widgets.compute.crowd.boxes import merge_boxes
from ig_widgets.compute.crowd.reviews import reviewed_boxes
from ig_widgets.data.annotations import BOX, annotations_frame


def box(image, annotator, x):
    place = {"x": x, "y": 5.0, "width": 20.0, "height": 10.0}
    return {"image": image, "annotator": annotator, "label": "crack", "present": True, **place}


@pytest.fixture
def merged():
    drawn = [
        box("a", "Ann", 0.1),
        box("a", "Bo", 4.2),
        box("a", "Bo", 80),
        box("b", "Ann", 3),
        box("b", "Bo", 70),
    ]
    return merge_boxes(annotations_frame(drawn))


def votes(merged, *said):
    """Say for or against boxes, by their row."""
    return annotations_frame(
        {"annotator": who, "present": present, **merged.loc[row, ["image", "label", *BOX]]}
        for row, who, present in said
    ).assign(proposed=False)


def accepted(result):
    return [None if pd.isna(one) else bool(one) for one in result["accepted"]]


def test_nothing_is_decided_without_votes(merged):
    result = reviewed_boxes(merged, votes(merged))
    assert accepted(result) == [None] * 4
    pd.testing.assert_frame_equal(result[merged.columns], merged)


def test_the_majority_decides_and_a_tie_does_not(merged):
    said = votes(
        merged,
        *((0, who, True) for who in ("Cy", "Di")),
        (0, "Ed", False),
        *((1, who, False) for who in ("Cy", "Di")),
        (2, "Cy", True),
        (2, "Di", False),
    )
    result = reviewed_boxes(merged, said)
    assert accepted(result) == [True, False, None, None]
    assert result["votes_for"].tolist() == [2, 0, 1, 0]
    assert result["votes_against"].tolist() == [1, 2, 1, 0]


def test_a_vote_on_a_box_that_somebody_drew_twice_is_one_vote():
    twice = merge_boxes(annotations_frame([box("c", "Ann", 3), box("c", "Ann", 3)]))
    assert len(twice) == 2
    result = reviewed_boxes(twice, votes(twice, (0, "Cy", True)), min_votes=2)
    assert result["votes_for"].tolist() == [1, 1]
    assert accepted(result) == [None, None]


def test_one_vote_against_breaks_unanimity(merged):
    said = votes(merged, (0, "Cy", True), (0, "Di", False), (1, "Cy", True), (1, "Di", True), (2, "Cy", True))
    assert accepted(reviewed_boxes(merged, said, rule="unanimous")) == [False, True, True, None]


def test_too_few_votes_decide_nothing(merged):
    said = votes(merged, (0, "Cy", True), (0, "Di", True), (1, "Cy", True))
    assert accepted(reviewed_boxes(merged, said, min_votes=2)) == [True, None, None, None]


def test_who_votes_twice_means_the_last_one(merged):
    said = votes(merged, (0, "Cy", True), (0, "Cy", False))
    assert accepted(reviewed_boxes(merged, said)) == [False, None, None, None]


def test_an_adjusted_box_is_voted_on_beside_the_one_it_came_from(merged):
    said = votes(merged, (1, "Cy", False))
    drawn = annotations_frame([box("a", "Cy", 83), box("a", "Di", 83)]).assign(proposed=[True, False])
    said = pd.concat([said, drawn])
    result = reviewed_boxes(merged, said)
    assert accepted(result) == [None, False, None, None, True]
    own = result.iloc[4]
    assert own["votes_for"] == 2
    assert (own["x"], own["annotators"], own["n_boxes"], own["statements"]) == (83, "Cy", 0, ())


def test_a_box_that_changed_since_is_voted_on_again(merged):
    said = votes(merged, (0, "Cy", True))
    moved = merged.assign(x=merged["x"] + 1)
    assert accepted(reviewed_boxes(moved, said)) == [None] * 4


def test_nobodys_vote_on_their_own_box_counts(merged):
    said = votes(merged, (1, "Bo", True), (2, "Ann", False), (0, "Ann", True), (0, "Cy", False))
    result = reviewed_boxes(merged, said)
    assert accepted(result) == [False, None, None, None]
    assert result["votes_for"].tolist() == [0, 0, 0, 0]


@pytest.mark.parametrize("settings", [{"rule": "dictator"}, {"min_votes": 0}])
def test_rules_that_make_no_sense_are_refused(merged, settings):
    with pytest.raises(ValueError, match=r"choose one of majority, unanimous|give 1 or more"):
        reviewed_boxes(merged, votes(merged), **settings)
