import numpy as np
import pytest

from ig_widgets.systems.inspector_gadget.project import Project, check_classes


def test_everybody_knows_the_same_shares_in_the_common_order(project):
    people = ["ada", "bo", "cy"]
    ada, cy = (project(name, annotators=people) for name in ("ada", "cy"))
    assert (np.bincount(np.concatenate(list(ada.assigned.values())), minlength=24) == 2).all()
    places = np.argsort(ada.order)
    for name in people:
        np.testing.assert_array_equal(ada.assigned[name], cy.assigned[name])
        assert (np.diff(places[ada.assigned[name]]) > 0).all()
    assert ada.goal == 3  # of 4 wanted, each seen by two: 8 in all, of three people


@pytest.mark.parametrize(
    ("settings", "team", "n_views", "goal"),
    [
        ({}, ["ada"], 1, 4),
        ({"annotators": ["ada", "bo"]}, ["ada", "bo"], 2, 4),
        ({"annotators": ["ada", "bo"], "overlap": 1}, ["ada", "bo"], 1, 2),
        ({"annotators": ["ada", "bo", "cy"], "overlap": 3}, ["ada", "bo", "cy"], 3, 4),
    ],
)
def test_each_image_is_seen_by_two_where_there_are_several(project, settings, team, n_views, goal):
    made = project(**settings)
    assert (made.team, made.n_views, made.goal) == (team, n_views, goal)


@pytest.mark.parametrize(
    ("annotator", "annotators", "overlap", "sentence"),
    [
        ("eve", ["ada", "bo"], None, "'eve' is not among the annotators ada, bo"),
        ("a, b", (), None, "the annotator 'a, b' has ', ' in their name"),
        ("ada", ["ada", "ada"], None, "the annotator 'ada' occurs twice"),
        ("ada", ["ada", "bo"], 3, "overlap is 3, but there are 2 annotators"),
    ],
)
def test_annotators_who_cannot_share_the_images_are_refused(
    project, annotator, annotators, overlap, sentence
):
    with pytest.raises(ValueError, match=sentence):
        project(annotator, annotators=annotators, overlap=overlap)


def test_a_single_class_may_be_a_text(blank_images):
    made = Project(images=blank_images, classes="bar")
    assert (made.defects, made.all_classes) == (["bar"], ["ok", "bar"])
    assert Project(images=blank_images, classes=["a", "b"], negative_class=None).all_classes == ["a", "b"]


@pytest.mark.parametrize("classes", [["annotated"], ["ok"], ["bar", "bar"], [""], [3], []])
def test_names_that_cannot_be_are_refused(blank_images, classes):
    with pytest.raises(ValueError, match=r"cannot be the name of a class here|there are no classes"):
        check_classes(Project(images=blank_images, classes=classes))
