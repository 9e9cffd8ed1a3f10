"""Readers of boxes compare the sizes that files state with those of the images."""

import json

import numpy as np
import pytest
from PIL import Image

from ig_widgets.data.decoding import decode
from ig_widgets.data.errors import UnreadableImageWarning
from ig_widgets.data.images import ImageSet
from ig_widgets.data.io.coco import read_coco
from ig_widgets.data.io.image_sizes import measure_images
from ig_widgets.data.io.voc import read_voc

pytestmark = pytest.mark.filterwarnings("error")


def voc_file(folder, ids, size, box):
    """Write one object per image; box as x, y, width, height."""
    x, y, width, height = box
    stated = "" if size is None else f"<size><width>{size[0]}</width><height>{size[1]}</height></size>"
    for number, image in enumerate(ids):
        ends = f"<xmin>{x}</xmin><ymin>{y}</ymin><xmax>{x + width}</xmax><ymax>{y + height}</ymax>"
        crack = f"<object><name>crack</name><bndbox>{ends}</bndbox></object>"
        text = f"<annotation><filename>{image}</filename>{stated}{crack}</annotation>"
        (folder / f"{number}.xml").write_text(text)
    return lambda images: read_voc(folder, images, convention="exclusive")


def coco_file(folder, ids, size, box):
    """Write one object per image; box as x, y, width, height."""
    stated = {} if size is None else {"width": size[0], "height": size[1]}
    content = {
        "images": [{"id": number, "file_name": image, **stated} for number, image in enumerate(ids)],
        "annotations": [{"image_id": number, "category_id": 0, "bbox": box} for number in range(len(ids))],
        "categories": [{"id": 0, "name": "crack"}],
    }
    (folder / "coco.json").write_text(json.dumps(content))
    return lambda images: read_coco(folder / "coco.json", images)


both = pytest.mark.parametrize("write", [voc_file, coco_file])


def folder_of_images(folder, names, shape=(8, 10)):
    folder.mkdir()
    for name in names:
        Image.fromarray(np.zeros(shape, np.uint8)).save(folder / name)
    return ImageSet.from_folder(folder)


@both
@pytest.mark.parametrize(
    ("size", "message"),
    [
        ((8, 10), "is 8 x 10 but its image is 10 x 8: one of them is rotated by 90 degrees"),
        ((20, 16), "is 20 x 16 but its image is 10 x 8; use the image that was annotated"),
    ],
)
def test_a_stated_size_must_be_that_of_the_image(tmp_path, write, size, message):
    images = folder_of_images(tmp_path / "images", ["a.png"])
    read = write(tmp_path, ["a.png"], size, (1, 2, 3, 4))
    assert len(read(None)) == 1
    with pytest.raises(ValueError, match=message):
        read(images)


@both
def test_boxes_are_checked_against_the_image_where_no_size_is_stated(tmp_path, write):
    images = folder_of_images(tmp_path / "images", ["a.png"])
    assert len(write(tmp_path, ["a.png"], None, (1, 2, 9, 6))(images)) == 1
    read = write(tmp_path, ["a.png"], None, (1, 2, 10, 6))
    assert len(read(None)) == 1
    with pytest.raises(ValueError, match=r"1 of .* ends at x = 11 but the image is 10 wide"):
        read(images)


@both
def test_the_boxes_of_unreadable_images_are_kept_and_checked_against_the_stated_size(tmp_path, write):
    images = folder_of_images(tmp_path / "images", ["a.png", "b.png"])
    (tmp_path / "images" / "b.png").write_bytes(b"")
    read = write(tmp_path, ["a.png", "b.png"], (10, 8), (1, 2, 3, 4))
    message = r"1 of 2 sizes cannot be checked:\nimage 'b\.png' cannot be read: .* empty"
    with (
        pytest.warns(UnreadableImageWarning, match=r"'b\.png' is returned as an empty array"),
        pytest.warns(UnreadableImageWarning, match=message),
    ):
        assert read(images)["image"].tolist() == ["a.png", "b.png"]
    with pytest.warns(UnreadableImageWarning, match=message) as caught:
        read(images)
    assert [warning.filename for warning in caught] == [__file__]
    read = write(tmp_path, ["b.png", "a.png"], (10, 8), (1, 2, 10, 4))  # the unreadable one first
    with (
        pytest.warns(UnreadableImageWarning, match=message),
        pytest.raises(ValueError, match=r"(object 1 of .*0\.xml|annotation 1 of .*) ends at x = 11"),
    ):
        read(images)


@both
def test_each_annotated_image_is_decoded_once_and_no_other(tmp_path, write):
    folder_of_images(tmp_path / "images", ["a.png", "b.png", "c.png"])
    decoded = []

    class Arrays:
        def __len__(self):
            return 3

        def __getitem__(self, i):
            decoded.append("abc"[i])
            return decode(tmp_path / "images" / f"{'abc'[i]}.png")

    images = ImageSet.from_arrays(Arrays(), ids=["a.png", "b.png", "c.png"])
    write(tmp_path, ["c.png", "a.png"], (10, 8), (1, 2, 3, 4))(images)
    assert sorted(decoded) == ["a", "c"]


def test_sizes_are_width_and_height_of_gray_and_color_images():
    arrays = [np.zeros((8, 10), np.uint8), np.zeros((4, 6, 3), np.uint8), np.zeros((1, 1), np.uint8)]
    images = ImageSet.from_arrays(arrays)
    assert measure_images(images, ["1", "0"]) == ({"0": (10, 8), "1": (6, 4)}, {})
    assert measure_images(images, []) == ({}, {})
