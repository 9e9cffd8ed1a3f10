"""What is written in a format is read back the same, whatever the annotations."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ig_widgets.data.annotations import BOX, annotations_frame
from ig_widgets.data.images import ImageSet
from ig_widgets.data.io.coco import read_coco, write_coco
from ig_widgets.data.io.csv_table import read_csv, write_csv
from ig_widgets.data.io.voc import read_voc, write_voc
from ig_widgets.data.io.yolo import read_yolo, write_yolo

SHOWN = ["image", "label", "present", *BOX]
IDS = ["a.png", "lid/a.png", "lid/b c.v2.JPG", "Schöße/缺陷.tif", "0"]

texts = st.text(
    st.characters(codec="utf-8", exclude_categories=["Cc", "Cs", "Cn", "Z"]), min_size=1, max_size=8
)
sizes = st.tuples(st.integers(1, 40), st.integers(1, 40))


@st.composite
def boxes(draw, size, parts):
    """Boxes whose corners lie on the given part of a pixel."""
    width, height = size
    x0 = draw(st.integers(0, width * parts - 1))
    y0 = draw(st.integers(0, height * parts - 1))
    x1 = draw(st.integers(x0 + 1, width * parts))
    y1 = draw(st.integers(y0 + 1, height * parts))
    return {"x": x0 / parts, "y": y0 / parts, "width": (x1 - x0) / parts, "height": (y1 - y0) / parts}


@st.composite
def annotated_sets(draw, parts=1):
    """Images, the classes, and annotations of some of the images: objects, or one refusal per class."""
    shapes = draw(st.lists(sizes, min_size=1, max_size=len(IDS)))
    images = ImageSet.from_arrays([np.zeros((h, w), np.uint8) for w, h in shapes], ids=IDS[: len(shapes)])
    classes = sorted(draw(st.sets(texts, min_size=1, max_size=3)))
    rows = [
        {"image": images.ids[0], "label": label, "present": True} | draw(boxes(shapes[0], parts))
        for label in classes
    ]
    for image, size in zip(images.ids[1:], shapes[1:], strict=True):
        found = draw(
            st.none() | st.lists(st.tuples(st.sampled_from(classes), boxes(size, parts)), max_size=3)
        )
        if found:
            rows += [{"image": image, "label": label, "present": True} | box for label, box in found]
        elif found is not None:
            rows += [{"image": image, "label": label, "present": False} for label in classes]
    return images, annotations_frame(rows)


def in_order(annotations):
    return annotations[SHOWN].sort_values(SHOWN, ignore_index=True)


def assert_same_statements(read, written):
    pd.testing.assert_frame_equal(in_order(read), in_order(written), check_exact=True)


@settings(max_examples=40, deadline=None)
@given(annotated=annotated_sets(parts=4), convention=st.sampled_from(["pascal", "exclusive"]))
def test_voc_gives_back_images_labels_and_boxes_exactly(tmp_path_factory, annotated, convention):
    images, annotations = annotated
    folder = tmp_path_factory.mktemp("voc")
    write_voc(annotations, folder, images, convention=convention)
    assert_same_statements(read_voc(folder, convention=convention), annotations)
    assert_same_statements(read_voc(folder, images, convention=convention), annotations)


@settings(max_examples=40, deadline=None)
@given(x=st.floats(1e-9, 30), width=st.floats(1e-6, 9))
def test_voc_gives_back_fractions_of_pixels_exactly(tmp_path_factory, x, width):
    images = ImageSet.from_arrays([np.zeros((40, 40), np.uint8)])
    row = {"image": "0", "label": "crack", "present": True, "x": x, "y": 0.1, "width": width, "height": 0.2}
    folder = tmp_path_factory.mktemp("voc")
    write_voc(annotations_frame([row]), folder, images)
    assert_same_statements(read_voc(folder), annotations_frame([row]))


@settings(max_examples=40, deadline=None)
@given(annotated=annotated_sets(parts=3))
def test_coco_gives_back_images_labels_and_boxes_exactly(tmp_path_factory, annotated):
    images, annotations = annotated
    file = tmp_path_factory.mktemp("coco") / "instances.json"
    write_coco(annotations, file, images)
    assert_same_statements(read_coco(file), annotations)
    assert_same_statements(read_coco(file, images), annotations)


@settings(max_examples=40, deadline=None)
@given(annotated=annotated_sets(parts=2))
def test_yolo_gives_back_images_labels_and_boxes_exactly(tmp_path_factory, annotated):
    images, annotations = annotated
    folder = tmp_path_factory.mktemp("yolo")
    write_yolo(annotations, folder, images)
    assert_same_statements(read_yolo(folder, images), annotations)
    assert_same_statements(read_yolo(folder / "labels", images), annotations)


anything = st.text(st.characters(codec="utf-8", exclude_characters="\0"), min_size=1, max_size=6)
whole_or_box = st.just({}) | st.fixed_dictionaries(
    {
        "x": st.floats(-1e6, 1e6),
        "y": st.floats(-1e6, 1e6),
        "width": st.floats(1e-9, 1e6),
        "height": st.floats(1e-9, 1e6),
    }
)
any_statement = st.fixed_dictionaries(
    {"image": anything},
    optional={
        "annotator": anything,
        "label": anything | st.sampled_from(["NA", "nan", "None", " ", '"', ",", "\r", "\n"]),
        "present": st.booleans() | st.none(),
        "source": anything,
        "at": st.datetimes(
            min_value=pd.Timestamp("1900-01-01").to_pydatetime(),
            max_value=pd.Timestamp("2200-01-01").to_pydatetime(),
        ).map(lambda at: pd.Timestamp(at, tz="UTC")),
    },
)


@settings(max_examples=100, deadline=None)
@given(rows=st.lists(st.builds(dict.__or__, any_statement, whole_or_box), max_size=5))
def test_csv_gives_back_everything_exactly(tmp_path_factory, rows):
    annotations = annotations_frame(rows)
    file = tmp_path_factory.mktemp("csv") / "annotations.csv"
    write_csv(annotations, file)
    pd.testing.assert_frame_equal(read_csv(file), annotations, check_exact=True)


@pytest.mark.parametrize("write", [write_voc, write_coco, write_yolo])
def test_statements_that_files_of_boxes_cannot_hold_are_counted_and_left_out(tmp_path, write):
    images = ImageSet.from_arrays([np.zeros((9, 9), np.uint8)] * 4)
    box = dict(zip(BOX, (1, 1, 3, 3), strict=True))
    annotations = annotations_frame(
        [
            {"image": "0", "label": "crack", "present": True, **box},
            {"image": "0", "label": "crack", "present": False, **box},
            {"image": "1", "label": "scratch", "present": True},
            {"image": "1", "label": "crack", "present": False},
            {"image": "2"},
            {"image": "3"},
        ]
    )
    message = r"skips \(2\), labels of whole images \(1\), denied boxes \(1\); write_csv keeps"
    with pytest.warns(UserWarning, match=message) as caught:
        write(annotations, tmp_path / "out", images)
    assert caught[0].filename == __file__
    read = {write_voc: read_voc, write_coco: read_coco}.get(write, lambda where: read_yolo(where, images))
    # image 1 shows a scratch somewhere: a file without objects would say the opposite
    assert read(tmp_path / "out")["image"].tolist() == ["0"]


@pytest.mark.parametrize("write", [write_voc, write_coco, write_yolo])
@pytest.mark.parametrize(
    ("row", "message"),
    [
        (
            {"image": "0", "x": 5, "y": 0, "width": 6, "height": 2},
            "box 1 of image '0' ends at x = 11 .* is 9 wide",
        ),
        ({"image": "0", "x": 5, "y": 9, "width": 1, "height": 1}, "ends at y = 10 .* 8 high"),
        ({"image": "0", "x": -2, "y": 0, "width": 6, "height": 2}, "starts at x = -2"),
        ({"image": "0", "x": 1, "y": 1, "width": 0, "height": 2}, "0 wide"),
        ({"image": "0", "x": 1, "y": 1, "width": 1}, "has an incomplete box; give all of"),
        ({"image": "0", "x": 1, "y": 1, "width": 1, "height": 1, "label": None}, "no label"),
        ({"image": "9.png"}, "'9.png'.* not in images"),
    ],
)
def test_writers_refuse_what_no_reader_could_read(tmp_path, write, row, message):
    images = ImageSet.from_arrays([np.zeros((8, 9), np.uint8)])
    annotations = annotations_frame([{"label": "crack", "present": True} | row])
    with pytest.raises(ValueError, match=message):
        write(annotations, tmp_path / "out", images)
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("write", [write_voc, write_yolo])
@pytest.mark.parametrize("image_id", ["../a.png", "lid/../../a.png", "/a.png", "a/../b.png", "..", ""])
def test_no_file_is_written_outside_the_folder(tmp_path, write, image_id):
    images = ImageSet.from_arrays([np.zeros((9, 9), np.uint8)], ids=[image_id])
    annotations = annotations_frame([{"image": image_id, "label": "crack", "present": False}])
    with pytest.raises(ValueError, match=r"not a path inside a folder|XML cannot store empty text"):
        write(annotations, tmp_path / "out", images)
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []


@pytest.mark.parametrize("write", [write_voc, write_yolo])
def test_no_file_is_written_through_a_link_that_leaves_the_folder(tmp_path, write):
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "out" / "labels").mkdir(parents=True)
    (tmp_path / "out" / "lid").symlink_to(tmp_path / "elsewhere")
    (tmp_path / "out" / "labels" / "lid").symlink_to(tmp_path / "elsewhere")
    images = ImageSet.from_arrays([np.zeros((9, 9), np.uint8)], ids=["lid/a.png"])
    annotations = annotations_frame([{"image": "lid/a.png", "label": "crack", "present": False}])
    with pytest.raises(ValueError, match="not a path inside a folder"):
        write(annotations, tmp_path / "out", images)
    assert list((tmp_path / "elsewhere").iterdir()) == []


@pytest.mark.parametrize("write", [write_voc, write_yolo])
def test_two_images_never_share_a_file(tmp_path, write):
    images = ImageSet.from_arrays([np.zeros((9, 9), np.uint8)] * 2, ids=["a.png", "a.jpg"])
    rows = [{"image": image, "label": "crack", "present": False} for image in images.ids]
    with pytest.raises(ValueError, match=r"'a\.png' and 'a\.jpg' would both be written to 'a"):
        write(annotations_frame(rows), tmp_path, images)
