import json

import numpy as np
import pytest

from ig_widgets.data.annotations import BOX, annotations_frame
from ig_widgets.data.images import ImageSet
from ig_widgets.data.io.coco import read_coco, write_coco

pytestmark = pytest.mark.filterwarnings("error")


def coco(**changes):
    content = {
        "images": [
            {"id": 7, "file_name": "b.png", "width": 10, "height": 8},
            {"id": 3, "file_name": "a.png", "width": 10, "height": 8},
        ],
        "annotations": [{"id": 1, "image_id": 7, "category_id": 2, "bbox": [1, 2, 3.5, 4], "iscrowd": 0}],
        "categories": [{"id": 2, "name": "crack"}, {"id": 5, "name": "scratch"}],
    }
    return content | changes


def annotation(**changes):
    return coco()["annotations"][0] | changes


def write_file(folder, content):
    file = folder / "instances.json"
    file.write_text(json.dumps(content))
    return file


def test_boxes_are_read_in_the_order_of_the_file(tmp_path):
    read = read_coco(write_file(tmp_path, coco()), annotator="ann", source="export")
    assert read["image"].tolist() == ["b.png", "a.png", "a.png"]
    assert read["label"].tolist() == ["crack", "crack", "scratch"]
    assert read["present"].tolist() == [True, False, False]
    assert read.loc[0, list(BOX)].tolist() == [1, 2, 3.5, 4]
    assert set(read["annotator"]) == {"ann"}
    assert set(read["source"]) == {"export"}


def test_ids_are_numbered_in_the_order_of_the_images_and_classes(tmp_path):
    images = ImageSet.from_arrays([np.zeros((8, 10), np.uint8)] * 3, ids=["c", "a", "b"])
    row = {"label": "crack", "present": True, "x": 1, "y": 2, "width": 3, "height": 4.5}
    rows = [row | {"image": "b"}, row | {"image": "c"}, {"image": "b", "label": "scratch", "present": False}]
    write_coco(annotations_frame(rows), tmp_path / "instances.json", images)
    box = {"category_id": 1, "bbox": [1, 2, 3, 4.5], "area": 13.5, "iscrowd": 0}
    assert json.loads((tmp_path / "instances.json").read_text()) == {
        "images": [
            {"id": 1, "file_name": "c", "width": 10, "height": 8},
            {"id": 2, "file_name": "b", "width": 10, "height": 8},
        ],
        "annotations": [{"id": 1, "image_id": 1} | box, {"id": 2, "image_id": 2} | box],
        "categories": [{"id": 1, "name": "crack"}, {"id": 2, "name": "scratch"}],
    }


def test_whole_numbers_are_written_without_a_point(tmp_path):
    images = ImageSet.from_arrays([np.zeros((8, 10), np.uint8)])
    row = {"image": "0", "label": "crack", "present": True, "x": 1, "y": 2, "width": 3, "height": 4}
    write_coco(annotations_frame([row]), tmp_path / "a.json", images)
    assert "." not in (tmp_path / "a.json").read_text()


def test_given_classes_keep_their_order_and_must_be_complete(tmp_path):
    images = ImageSet.from_arrays([np.zeros((8, 10), np.uint8)])
    annotations = annotations_frame([{"image": "0", "label": "crack", "present": False}])
    write_coco(annotations, tmp_path / "a.json", images, classes=["scratch", "crack"])
    assert read_coco(tmp_path / "a.json")["label"].tolist() == ["scratch", "crack"]
    with pytest.raises(ValueError, match="'crack' is not in classes 'scratch'; add it"):
        write_coco(annotations, tmp_path / "a.json", images, classes=["scratch"])
    with pytest.raises(ValueError, match="'crack' is given twice"):
        write_coco(annotations, tmp_path / "a.json", images, classes=["crack", "crack"])


def test_crowds_are_left_out_and_do_not_make_an_image_free_of_objects(tmp_path):
    content = coco(annotations=[annotation(iscrowd=1), annotation(id=2, iscrowd=1)])
    with pytest.warns(UserWarning, match="2 crowd regions"):
        assert set(read_coco(write_file(tmp_path, content))["image"]) == {"a.png"}


def test_images_outside_the_set_are_left_out_with_a_warning(tmp_path):
    images = ImageSet.from_arrays([np.zeros((8, 10), np.uint8)], ids=["lid/b.png"])
    file = write_file(tmp_path, coco())
    with pytest.warns(
        UserWarning, match="1 images of .* match no image of the set, such as 'a.png'; they are left out"
    ):
        assert read_coco(file, images)["image"].tolist() == ["lid/b.png"]
    with pytest.raises(ValueError, match="create the ImageSet from the folder"):
        read_coco(file, ImageSet.from_arrays([np.zeros((8, 10), np.uint8)]))


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ([], "its JSON is a list"),
        (coco(images=None), "a list of objects in 'images'"),
        (coco(categories=[1]), "a list of objects in 'categories'"),
        (coco(images=[{"file_name": "a.png"}]), "image 1 of .* has the id None"),
        (coco(images=coco()["images"] * 2), "image 3 of .* has the id 7; it must have a unique number"),
        (
            coco(images=[{"id": 7, "file_name": "a"}, {"id": 8, "file_name": "a"}]),
            "images 7 and 8 .* both have the name 'a'",
        ),
        (coco(images=[{"id": 7}]), "image 7 of .* has None as 'file_name'"),
        (coco(categories=[{"id": 2}]), "category 2 of .* has None as 'name'"),
        (coco(annotations=[annotation(category_id=9)]), "annotation 1 of .* has the category_id 9"),
        (
            coco(annotations=[{"image_id": 7, "bbox": [1, 2, 3, 4]}]),
            "annotation 1 of .* has the category_id None",
        ),
        (
            coco(annotations=[annotation(), annotation(image_id=[])]),
            r"annotation 2 of .* has the image_id \[\]",
        ),
        (coco(annotations=[annotation(bbox=[1, 2, 3])]), r"the bbox \[1, 2, 3\]; it must be four numbers"),
        (coco(annotations=[annotation(bbox=[1, 2, 3, "4"])]), "it must be four numbers"),
        (coco(annotations=[annotation(bbox=[1, 2, 3, float("nan")])]), "all four numbers must be finite"),
        (coco(annotations=[annotation(bbox=[1, 2, 10**400, 4])]), "it must be four numbers"),
        (coco(annotations=[annotation(bbox=[1, 2, -3, 4])]), "annotation 1 of .* is -3 wide"),
        (coco(annotations=[annotation(bbox=[1, 2, 30, 4])]), "ends at x = 31 but the image is 10 wide"),
        (coco(annotations=[], categories=[]), "name the classes"),
    ],
)
def test_malformed_files_are_refused_by_entry(tmp_path, content, message):
    with pytest.raises(ValueError, match=message):
        read_coco(write_file(tmp_path, content))


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", "line 1, column 1"),
        (
            json.dumps(coco(), indent=1).encode()[:-30],
            r"instances\.json is not valid JSON: line \d+, column \d+.*truncated",
        ),
        ('{"images": "\xe4"}'.encode("latin-1"), "cannot be read as JSON in UTF-8"),
        (b"[" * 100_000, "cannot be read as JSON"),
    ],
)
def test_what_is_no_json_is_refused_by_line(tmp_path, data, message):
    (tmp_path / "instances.json").write_bytes(data)
    with pytest.raises(ValueError, match=message):
        read_coco(tmp_path / "instances.json")
