import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ig_widgets.compute.crowd.assignments import annotation_progress, assign
from ig_widgets.data.annotations import annotations_frame
from ig_widgets.data.images import ImageSet


@given(st.integers(0, 60), st.integers(1, 6), st.data())
def test_each_image_has_its_people_and_nobody_much_more_work(n_images, n_people, data):
    overlap = data.draw(st.integers(1, n_people))
    people = [f"p{i}" for i in range(n_people)]
    assigned = assign(n_images, people, overlap=overlap, random_state=data.draw(st.integers(0, 5)))
    assert list(assigned) == people
    for positions in assigned.values():
        assert len(set(positions.tolist())) == len(positions)
    counts = np.bincount(np.concatenate(list(assigned.values())), minlength=n_images)
    assert (counts == overlap).all()
    loads = [len(positions) for positions in assigned.values()]
    assert max(loads) - min(loads) <= 1


def test_everybody_meets_everybody():
    assigned = assign(60, ["a", "b", "c", "d"], overlap=2)
    for one, other in itertools.combinations(assigned.values(), 2):
        assert len(np.intersect1d(one, other)) >= 3


def test_the_same_seed_gives_the_same_and_another_another():
    people = ["a", "b", "c"]
    first, same, other = (assign(30, people, random_state=seed) for seed in (4, 4, 5))
    for name in people:
        np.testing.assert_array_equal(first[name], same[name])
    assert any(first[name].tolist() != other[name].tolist() for name in people)
    assert first["a"].tolist() != sorted(first["a"].tolist())


@pytest.mark.parametrize(
    ("people", "overlap", "sentence"),
    [(["a", "b", "a"], 1, "'a' occurs twice"), (["a", "b"], 3, "2 annotators"), (["a"], 0, "overlap is 0")],
)
def test_what_cannot_be_assigned_is_refused(people, overlap, sentence):
    with pytest.raises(ValueError, match=sentence):
        assign(5, people, overlap=overlap)


def test_progress_counts_what_was_said_about_ones_own_images():
    images = ImageSet.from_arrays([np.zeros((9, 9), np.uint8)] * 4, ids=list("abcd"))
    place = {"x": 1, "y": 1, "width": 3, "height": 3}
    said = annotations_frame(
        [
            {"image": "a", "annotator": "ada", "label": "crack", "present": True, **place},
            {"image": "a", "annotator": "ada", "label": "crack", "present": True, **place},
            {"image": "b", "annotator": "ada"},
            {"image": "d", "annotator": "ada", "label": "crack", "present": False},  # not hers
            {"image": "c", "annotator": "bo", "label": "crack", "present": False},
        ]
    )
    rows = annotation_progress(
        images, said, {"ada": np.array([0, 1, 2]), "bo": np.array([2, 3]), "cy": np.array([], int)}
    )
    assert rows.to_dict("index") == {
        "ada": {"assigned": 3, "seen": 2, "skipped": 1, "boxes": 2},
        "bo": {"assigned": 2, "seen": 1, "skipped": 0, "boxes": 0},
        "cy": {"assigned": 0, "seen": 0, "skipped": 0, "boxes": 0},
    }


def test_progress_of_people_who_have_said_nothing_is_zero():
    images = ImageSet.from_arrays([np.zeros((9, 9), np.uint8)] * 2, ids=list("ab"))
    rows = annotation_progress(images, annotations_frame(), {"bo": np.array([1, 0]), "ada": np.array([0])})
    nothing = {"seen": 0, "skipped": 0, "boxes": 0}
    assert rows.to_dict("index") == {"bo": {"assigned": 2, **nothing}, "ada": {"assigned": 1, **nothing}}
    assert rows.index.name == "annotator"
    assert annotation_progress(images, annotations_frame(), {}).empty


@given(st.data())
def test_progress_equals_looking_through_the_statements_one_by_one(data):
    images = ImageSet.from_arrays([np.zeros((9, 9), np.uint8)] * 4, ids=list("abcd"))
    place = {"x": 1, "y": 1, "width": 3, "height": 3}
    kinds = [
        {},
        {"label": "crack", "present": True},
        {"label": "crack", "present": True, **place},
        {"label": "crack", **place},
        {"label": "crack", "present": False},
        {"label": "crack", "present": False, **place},  # says nothing about the rest of the image
    ]
    one = st.tuples(st.sampled_from("abcde"), st.sampled_from(["ada", "bo", None]), st.sampled_from(kinds))
    said = data.draw(st.lists(one, max_size=30))
    assigned = {name: np.array(data.draw(st.permutations(range(4)))[:3]) for name in ("bo", "ada")}
    rows = annotation_progress(
        images,
        annotations_frame({"image": image, "annotator": by, **kind} for image, by, kind in said),
        assigned,
    )
    for name, positions in assigned.items():
        mine = [
            (image, kind)
            for image, by, kind in said
            if by == name and image in [images.ids[i] for i in positions] and kind != kinds[-1]
        ]
        seen, spoken = {image for image, _ in mine}, {image for image, kind in mine if kind}
        assert rows.loc[name].to_dict() == {
            "assigned": 3,
            "seen": len(seen),
            "skipped": len(seen - spoken),
            "boxes": sum("x" in kind for _, kind in mine),
        }
