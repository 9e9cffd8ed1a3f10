import pytest

from ig_widgets.data.annotations import COLUMNS
from ig_widgets.data.io.objects import clip_box, objects_to_annotations

SIZE = (10, 8)


@pytest.mark.parametrize("box", [(0, 0, 10, 8), (9.5, 7.5, 0.5, 0.5), (2, 3, 1, 1)])
def test_boxes_inside_are_kept_as_they_are(box):
    assert clip_box(box, SIZE, "it") == box


@pytest.mark.parametrize(
    ("box", "cut"), [((-0.5, 0, 10, 8), (0, 0, 9.5, 8)), ((5, -0.25, 5.75, 9), (5, 0, 5, 8))]
)
def test_less_than_a_pixel_outside_is_cut_off(box, cut):
    assert clip_box(box, SIZE, "it") == cut


@pytest.mark.parametrize("box", [(-1, 0, 5, 5), (0, -1, 5, 5), (6, 0, 5, 5), (0, 4, 5, 5), (10, 0, 0.5, 1)])
def test_a_pixel_outside_is_an_error(box):
    with pytest.raises(ValueError, match=r"it (starts|ends) at [xy] = .*full-resolution pixels"):
        clip_box(box, SIZE, "it")


def test_an_image_without_objects_lacks_every_class():
    objects = {"a": [], "b": [("crack", (1.0, 2.0, 3.0, 4.0))]}
    said = objects_to_annotations(objects, ["crack", "scratch"], annotator="ann", source="test")
    assert tuple(said.columns) == COLUMNS
    assert said[["image", "label", "present"]].to_numpy().tolist() == [
        ["a", "crack", False],
        ["a", "scratch", False],
        ["b", "crack", True],
    ]
