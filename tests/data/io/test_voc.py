import re
from collections import Counter

import numpy as np
import pytest

from ig_widgets.data.annotations import BOX, annotations_frame
from ig_widgets.data.images import ImageSet
from ig_widgets.data.io.voc import read_voc, write_voc

pytestmark = pytest.mark.filterwarnings("error")

OBJECT = (
    "<object><name>crack</name>"
    "<bndbox><xmin>2</xmin><ymin>3</ymin><xmax>5</xmax><ymax>6</ymax></bndbox></object>"
)
SIZE = "<size><width>10</width><height>8</height><depth>1</depth></size>"


def voc(content=OBJECT, name="a.png", size=SIZE):
    return f"<annotation><filename>{name}</filename>{size}{content}</annotation>"


def write_file(folder, text, name="a.xml"):
    folder.mkdir(exist_ok=True)
    data = text if isinstance(text, bytes) else text.encode()
    (folder / name).write_bytes(data)
    return folder


def boxes(annotations):
    return annotations[list(BOX)].to_numpy().tolist()


def test_pascal_counts_from_one_and_includes_the_last_pixel(tmp_path):
    assert boxes(read_voc(write_file(tmp_path, voc()))) == [[1, 2, 4, 4]]


def test_exclusive_counts_from_zero_and_excludes_the_end(tmp_path):
    assert boxes(read_voc(write_file(tmp_path, voc()), convention="exclusive")) == [[2, 3, 3, 3]]


def test_a_box_of_all_pixels_is_written_as_the_devkit_does(tmp_path):
    images = ImageSet.from_arrays([np.zeros((8, 10), np.uint8)], ids=["a.png"])
    row = {"image": "a.png", "label": "crack", "present": True, "x": 0, "y": 0, "width": 10, "height": 8}
    write_voc(annotations_frame([row]), tmp_path, images)
    text = (tmp_path / "a.xml").read_text()
    assert re.findall(r"<[xy]m..>(\d+)<", text) == ["1", "1", "10", "8"]


def test_a_file_without_objects_says_that_no_class_is_there(tmp_path):
    write_file(tmp_path, voc())
    write_file(tmp_path, voc("", name="b.png"), "b.xml")
    read = read_voc(tmp_path)
    assert read.loc[read["image"] == "b.png", ["label", "present"]].to_numpy().tolist() == [["crack", False]]


def test_files_without_any_object_need_the_classes(tmp_path):
    write_file(tmp_path, voc(""))
    with pytest.raises(ValueError, match="name the classes"):
        read_voc(tmp_path)
    assert read_voc(tmp_path, classes=["b", "a"])["label"].tolist() == ["b", "a"]


def test_file_names_are_matched_to_ids_by_base_name(tmp_path):
    images = ImageSet.from_arrays([np.zeros((8, 10), np.uint8)] * 2, ids=["lid/a.jpg", "lid/b.jpg"])
    write_file(tmp_path, voc(name="C:\\photos\\a.png"))
    assert read_voc(tmp_path, images)["image"].tolist() == ["lid/a.jpg"]


def test_an_ambiguous_name_is_an_error(tmp_path):
    images = ImageSet.from_arrays([np.zeros((8, 10), np.uint8)] * 2, ids=["lid/a.jpg", "base/a.jpg"])
    with pytest.raises(ValueError, match=r"'base/a\.jpg' and image 'lid/a\.jpg'"):
        read_voc(write_file(tmp_path, voc(name="a.jpg")), images)


def test_images_outside_the_set_are_left_out_with_a_warning(tmp_path):
    images = ImageSet.from_arrays([np.zeros((8, 10), np.uint8)], ids=["a.png"])
    write_file(tmp_path, voc())
    write_file(tmp_path, voc(name="b.png"), "b.xml")
    with pytest.warns(
        UserWarning, match="1 of 2 VOC files match no image of the set, such as 'b.png'; they are left out"
    ):
        assert read_voc(tmp_path, images)["image"].tolist() == ["a.png"]
    with pytest.raises(ValueError, match="create the ImageSet from the folder"):
        read_voc(tmp_path / "b.xml", images)


def test_boxes_that_stick_out_by_a_part_of_a_pixel_are_cut_off(tmp_path):
    content = OBJECT.replace(">2<", ">0.5<").replace(">5<", ">10.5<")
    assert boxes(read_voc(write_file(tmp_path, voc(content)))) == [[0, 2, 10, 4]]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", r"a\.xml is not valid XML: no element found"),
        (voc()[:-20], r"a\.xml is not valid XML.*truncated"),
        (b"\xff\xfe\x00<", r"a\.xml is not valid XML"),
        (voc(name="\xe4.png").encode("latin-1"), r"a\.xml is not valid XML.*another encoding"),
        ('<?xml version="1.0" encoding="nonsense"?>' + voc(), r"a\.xml is not valid XML"),
        ('<!DOCTYPE a [<!ENTITY b "bbbb"><!ENTITY c "&b;&b;">]>' + voc(name="&c;"), "defines XML entities"),
        (
            '<!DOCTYPE a [<!ENTITY b SYSTEM "file:///etc/hostname">]>' + voc(name="&b;"),
            "defines XML entities",
        ),
        ("<html/>", "is not a VOC file"),
        (voc(name=""), "is not a VOC file"),
        (voc(OBJECT.replace("name>", "title>")), r"object 1 of .*a\.xml has no <name>"),
        (voc(OBJECT + OBJECT.replace("xmin>", "left>")), r"object 2 of .*a\.xml has no <bndbox><xmin>"),
        (voc(OBJECT.replace(">2<", ">two<")), "'two' as <bndbox><xmin>; it must be a number of pixels"),
        (voc(OBJECT.replace(">2<", ">nan<")), "'nan' as <bndbox><xmin>; it must be a number"),
        (voc(OBJECT.replace(">5<", ">inf<")), "'inf' as <bndbox><xmax>; it must be a number"),
        (voc(OBJECT.replace(">5<", ">9e9999999<")), "'9e9999999' as <bndbox><xmax>; it must be a number"),
        (voc(OBJECT.replace(">5<", ">1<")), "object 1 of .* is 0 wide and 4 high"),
        (voc(OBJECT.replace(">6<", ">1<")), "object 1 of .* is 4 wide and -1 high"),
        (voc(OBJECT.replace(">5<", ">11<")), "ends at x = 11 but the image is 10 wide"),
        (
            voc(OBJECT.replace(">2<", ">0<")),
            "starts at .0, 3. but the first pixel is .1, 1.; .* convention='exclusive'",
        ),
        (voc(size="<size><width>wide</width></size>"), r"the image of .*a\.xml has 'wide' as <size><width>"),
    ],
)
def test_malformed_files_are_refused_by_name(tmp_path, text, message):
    with pytest.raises(ValueError, match=message):
        read_voc(write_file(tmp_path, text))


@pytest.mark.parametrize("size", ["", "<size><width>0</width><height>0</height></size>"])
def test_an_unknown_size_limits_nothing(tmp_path, size):
    assert boxes(read_voc(write_file(tmp_path, voc(OBJECT.replace(">5<", ">99<"), size=size)))) == [
        [1, 2, 98, 4]
    ]


def test_the_size_of_the_image_limits_boxes_where_the_file_states_none(tmp_path):
    images = ImageSet.from_arrays([np.zeros((8, 10), np.uint8)], ids=["a.png"])
    write_file(tmp_path, voc(OBJECT + OBJECT.replace(">5<", ">11<"), size=""))
    assert len(read_voc(tmp_path)) == 2
    with pytest.raises(ValueError, match=r"object 2 of .*a\.xml ends at x = 11 but the image is 10 wide"):
        read_voc(tmp_path, images)


def test_two_files_about_one_image_are_refused(tmp_path):
    write_file(tmp_path, voc())
    write_file(tmp_path, voc(), "b.xml")
    with pytest.raises(ValueError, match=r"a\.xml and .*b\.xml both refer to image 'a\.png'"):
        read_voc(tmp_path)


def test_a_folder_without_files_is_named(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"no \.xml file in"):
        read_voc(tmp_path)


@pytest.mark.parametrize("label", ["", " crack", "crack\n", "bell\a"])
def test_labels_that_xml_cannot_carry_are_refused(tmp_path, label):
    images = ImageSet.from_arrays([np.zeros((8, 10), np.uint8)])
    row = {"image": "0", "label": label, "present": True, "x": 0, "y": 0, "width": 1, "height": 1}
    with pytest.raises(ValueError, match="<name> of a VOC file"):
        write_voc(annotations_frame([row]), tmp_path, images)


def test_an_unknown_convention_is_refused(tmp_path):
    with pytest.raises(ValueError, match="must be 'pascal' or 'exclusive'"):
        read_voc(write_file(tmp_path, voc()), convention="coco")


def test_neu_det_is_read_whole_and_written_back_exactly(data_dir, tmp_path):
    images = ImageSet.from_folder(data_dir / "neu_det" / "images")
    read = read_voc(data_dir / "neu_det" / "annotations_voc", images)
    assert len(read) == 4189
    assert read["present"].all()
    assert set(read["image"]) == set(images.ids)
    assert Counter(read["label"]) == {
        "crazing": 689,
        "inclusion": 1011,
        "patches": 881,
        "pitted_surface": 432,
        "rolled-in_scale": 628,
        "scratches": 548,
    }
    starts, sides = read[["x", "y"]].to_numpy(), read[["width", "height"]].to_numpy()
    assert starts.min() == 0
    assert (starts + sides).max() == 200
    write_voc(read, tmp_path, images)
    again = read_voc(tmp_path, images)
    assert again.sort_values(["image", "x", "y"], ignore_index=True).equals(
        read.sort_values(["image", "x", "y"], ignore_index=True)
    )
