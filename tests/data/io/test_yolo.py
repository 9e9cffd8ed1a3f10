import numpy as np
import pytest
import yaml
from PIL import Image

from ig_widgets.data.annotations import BOX, annotations_frame
from ig_widgets.data.errors import UnreadableImageWarning
from ig_widgets.data.images import ImageSet
from ig_widgets.data.io.yolo import read_yolo, write_yolo

pytestmark = pytest.mark.filterwarnings("error")


@pytest.fixture
def images():
    return ImageSet.from_arrays([np.zeros((50, 100), np.uint8)] * 2, ids=["train/a.png", "val/b.png"])


def write_file(folder, text, name="labels/train/a.txt"):
    (folder / name).parent.mkdir(parents=True, exist_ok=True)
    (folder / name).write_bytes(text if isinstance(text, bytes) else text.encode())
    return folder


def test_centers_and_sizes_are_fractions_of_the_image(tmp_path, images):
    write_file(tmp_path, "1 0.5 0.5 0.2 0.4\n")
    read = read_yolo(tmp_path, images, classes=["crack", "scratch"])
    assert read["image"].tolist() == ["train/a.png"]
    assert read["label"].tolist() == ["scratch"]
    assert read.loc[0, list(BOX)].tolist() == [40, 15, 20, 20]


def test_an_empty_file_says_no_and_a_missing_one_nothing(tmp_path, images):
    write_file(tmp_path, " \n")
    read = read_yolo(tmp_path, images, classes=["crack", "scratch"])
    assert read[["image", "label", "present"]].to_numpy().tolist() == [
        ["train/a.png", "crack", False],
        ["train/a.png", "scratch", False],
    ]


@pytest.mark.parametrize("names", ["['no crack', '7']", "{0: no crack, 1: 7}", "[no crack, 7]"])
@pytest.mark.parametrize("name", ["labels/data.yaml", "data.yaml", "../data.yaml"])
def test_class_names_come_from_data_yaml(tmp_path, images, names, name):
    folder = write_file(tmp_path / "set", "1 0.5 0.5 0.2 0.4")
    (folder / name).write_text(f"train: images/train\nnames: {names}\n")
    assert read_yolo(folder, images)["label"].tolist() == ["7"]


def test_class_names_come_from_classes_txt(tmp_path, images):
    write_file(tmp_path, "crack\nSchramme\n", "labels/classes.txt")
    write_file(tmp_path, "1 0.5 0.5 0.2 0.4")
    assert read_yolo(tmp_path, images)["label"].tolist() == ["Schramme"]
    assert read_yolo(tmp_path / "labels", images)["label"].tolist() == ["Schramme"]


def test_an_image_may_be_called_classes(tmp_path):
    images = ImageSet.from_arrays([np.zeros((50, 100), np.uint8)], ids=["classes.png"])
    annotations = annotations_frame([{"image": "classes.png", "label": "crack", "present": False}])
    write_yolo(annotations, tmp_path, images)
    assert read_yolo(tmp_path, images)["image"].tolist() == ["classes.png"]


def test_files_are_matched_by_as_many_folders_as_they_share(tmp_path):
    ids = ["images/train/a.png", "images/val/a.png"]
    images = ImageSet.from_arrays([np.zeros((50, 100), np.uint8)] * 2, ids=ids)
    write_file(tmp_path, "", "labels/val/a.txt")
    assert read_yolo(tmp_path, images, classes=["crack"])["image"].tolist() == ["images/val/a.png"]


def test_classes_that_are_nowhere_named_are_asked_for(tmp_path, images):
    with pytest.raises(FileNotFoundError, match=r"read_yolo\(…, classes="):
        read_yolo(write_file(tmp_path, "0 0.5 0.5 0.2 0.4"), images)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("names: [yes, no]", "class 0 .* is the YAML value True, not a name; put the name in quotes"),
        ("names: {0: a, 2: b}", "lacks the names"),
        ("names: crack", "lacks the names"),
        ("", "lacks the names"),
        ("names: [crack", "is not valid YAML"),
        ("names: !!python/object:os.system []", "is not valid YAML"),
        (b"names: [\xe4]", "is not UTF-8 text"),
    ],
)
def test_malformed_class_names_are_refused(tmp_path, images, text, message):
    write_file(tmp_path, text, "data.yaml")
    with pytest.raises(ValueError, match=message):
        read_yolo(write_file(tmp_path, "0 0.5 0.5 0.2 0.4"), images)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("0 0.5 0.5 0.2\n", r"line 1 of .*a\.txt has 4 numbers"),
        ("0 0.5 0.5 0.2 0.4\n\n0 .1 .1 .2 .1 .2 .2\n", r"line 3 of .*a\.txt has 7 numbers"),
        (
            "crack 0.5 0.5 0.2 0.4",
            "line 1 of .* is 'crack 0.5 0.5 0.2 0.4'; it must be the integer of a class",
        ),
        ("0.5 0.5 0.5 0.2 0.4", "it must be the integer of a class"),
        ("0 0.5 0,5 0.2 0.4", "it must be the integer of a class and four numbers"),
        ("1 0.5 0.5 0.2 0.4", "line 1 of .* has class 1; it must be one of the classes 0 to 0"),
        ("-1 0.5 0.5 0.2 0.4", "has class -1"),
        ("0 0.5 nan 0.2 0.4", "must be fractions of the image"),
        ("0 50 25 20 20", "must be fractions of the image"),
        ("0 0.5 0.5 0 0.4", "line 1 of .* is 0 wide"),
        ("0 0.9 0.5 0.4 0.4", "ends at x = 110 but the image is 100 wide"),
        (b"0 0.5 0.5 0.2 0.4 \xff", "is not UTF-8 text"),
    ],
)
def test_malformed_lines_are_refused_by_number(tmp_path, images, text, message):
    with pytest.raises(ValueError, match=message):
        read_yolo(write_file(tmp_path, text), images, classes=["crack"])


def test_rounded_boxes_at_the_edge_stay_inside(tmp_path, images):
    # six digits, as many tools write them: 1/3 of 100 pixels, up to the right edge
    write_file(tmp_path, "0 0.833334 0.5 0.333334 1.000000\n")
    x, y, width, height = read_yolo(tmp_path, images, classes=["crack"]).loc[0, list(BOX)]
    assert (y, height) == (0, 50)
    assert x + width == 100


def test_files_of_unknown_images_are_left_out_with_a_warning(tmp_path, images):
    write_file(tmp_path, "0 0.5 0.5 0.2 0.4")
    write_file(tmp_path, "0 0.5 0.5 0.2 0.4", "labels/c.txt")
    with pytest.warns(UserWarning, match=r"1 of 2 label files match no image of the set, such as .*c\.txt"):
        assert len(read_yolo(tmp_path, images, classes=["crack"])) == 1
    with pytest.raises(ValueError, match=r"none of the 2 \.txt files"):
        read_yolo(tmp_path, images[:0], classes=["crack"])


def test_the_file_of_an_unreadable_image_is_left_out(tmp_path):
    for name in ("a.png", "b.png"):
        Image.fromarray(np.zeros((50, 100), np.uint8)).save(tmp_path / name)
        write_file(tmp_path, "0 0.5 0.5 0.2 0.4", f"labels/{name[0]}.txt")
    images = ImageSet.from_folder(tmp_path)
    (tmp_path / "a.png").write_bytes(b"")
    with pytest.warns(UnreadableImageWarning, match="is returned as an empty array"):
        list(images)
    for _ in range(2):
        with pytest.warns(
            UnreadableImageWarning,
            match=r"1 of 2 label files are left out:\nimage 'a\.png' cannot be read: .* empty",
        ):
            assert read_yolo(tmp_path, images, classes=["crack"])["image"].tolist() == ["b.png"]
    write_file(tmp_path, "0 0.5 0.5", "labels/a.txt")
    with pytest.raises(ValueError, match=r"line 1 of .*a\.txt has 3 numbers"):
        read_yolo(tmp_path, images, classes=["crack"])


def test_files_of_unreadable_images_only_are_refused(tmp_path):
    Image.fromarray(np.zeros((50, 100), np.uint8)).save(tmp_path / "a.png")
    images = ImageSet.from_folder(tmp_path)
    (tmp_path / "a.png").unlink()
    write_file(tmp_path, "0 0.5 0.5 0.2 0.4", "labels/a.txt")
    message = r"none of the 1 label files can be used: image 'a\.png' cannot be read: there is no such file"
    with (
        pytest.warns(UnreadableImageWarning, match="is returned as an empty array"),
        pytest.raises(ValueError, match=message),
    ):
        read_yolo(tmp_path, images, classes=["crack"])


def test_two_files_for_one_image_are_refused(tmp_path, images):
    write_file(tmp_path, "", "labels/train/a.txt")
    write_file(tmp_path, "", "labels/a.txt")
    with pytest.raises(ValueError, match=r"both belong to image 'train/a\.png'"):
        read_yolo(tmp_path, images, classes=["crack"])


def test_classes_are_written_in_the_given_order_to_data_yaml(tmp_path, images):
    names = ["on", "1: é", "crack"]
    row = {
        "image": "val/b.png",
        "label": "crack",
        "present": True,
        "x": 25,
        "y": 10,
        "width": 50,
        "height": 25,
    }
    write_yolo(annotations_frame([row]), tmp_path, images, classes=names)
    assert yaml.safe_load((tmp_path / "data.yaml").read_text(encoding="utf-8")) == {"nc": 3, "names": names}
    assert (tmp_path / "labels" / "val" / "b.txt").read_text() == "2 0.5 0.45 0.5 0.5\n"
    assert not (tmp_path / "labels" / "train").exists()
