import math
import pickle
import weakref
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from ig_widgets.data.annotations import BOX, annotations_frame
from ig_widgets.data.crops import labeled_crops
from ig_widgets.data.errors import ImageError, UnreadableImageWarning
from ig_widgets.data.images import ImageSet
from ig_widgets.data.io.coco import read_coco, write_coco
from ig_widgets.data.io.csv_table import read_csv, write_csv
from ig_widgets.data.io.voc import read_voc, write_voc
from ig_widgets.data.io.yolo import read_yolo, write_yolo
from ig_widgets.data.log.log import AnnotationLog
from ig_widgets.data.patterns import crop_patterns
from ig_widgets.data.prefetch import WINDOW
from ig_widgets.widgets.similarity_review import SimilarityReview

RNG = np.random.default_rng(0)
GRAY = RNG.integers(0, 256, (48, 64), dtype=np.uint8)
COLOR = RNG.integers(0, 256, (30, 40, 3), dtype=np.uint8)


@pytest.fixture
def images():
    return ImageSet.from_arrays([GRAY, COLOR], ids=["gray.png", "sub/color.png"])


def boxes(*rows):
    keys = ("image", "label", *BOX)
    return annotations_frame([{"present": True} | dict(zip(keys, row, strict=True)) for row in rows])


class Watched(np.ndarray):
    """An array that can be referred to weakly: it lives as long as any view of it."""


class Large:
    """A lazy sequence of large images that counts how often each is asked for, and how many are alive."""

    def __init__(self, n, shape=(8000, 8000)):
        self.n = n
        self.shape = shape
        self.asked = []
        self.alive = weakref.WeakValueDictionary()
        self.most_alive = 0

    def __len__(self):
        return self.n

    def __getitem__(self, i):
        array = Watched(self.shape, np.uint8)  # memory that is not touched takes none
        array[:50, :50] = i
        self.asked.append(i)
        self.alive[i] = array
        self.most_alive = max(self.most_alive, len(self.alive))
        return array


# what is cut out


def test_crops_and_labels_follow_the_rows_of_the_boxes(images):
    table = boxes(
        ("sub/color.png", "cat", 2, 3, 20, 10),
        ("gray.png", "dog", 0, 0, 64, 48),
        ("sub/color.png", "dog", 30, 20, 10, 10),
    )
    table.index = [30, 10, 20]
    crops, labels = labeled_crops(images, table)
    assert crops.ids == ("sub/color.png#0", "gray.png#0", "sub/color.png#1")
    pd.testing.assert_series_equal(
        labels, pd.Series(["cat", "dog", "dog"], index=[30, 10, 20], name="label", dtype="str")
    )
    for crop, expected in zip(crops, (COLOR[3:13, 2:22], GRAY, COLOR[20:30, 30:40]), strict=True):
        np.testing.assert_array_equal(crop, expected)
    expected = table[["image", "label", *BOX]].reset_index(drop=True)
    pd.testing.assert_frame_equal(crops.provenance, expected)


@st.composite
def boxes_inside(draw, width, height):
    x0, y0 = draw(st.floats(0, width - 0.5)), draw(st.floats(0, height - 0.5))
    x1, y1 = draw(st.floats(x0 + 0.01, width)), draw(st.floats(y0 + 0.01, height))
    return x0, y0, x1 - x0, y1 - y0


@settings(max_examples=200, deadline=None)
@given(box=boxes_inside(40, 30), margin=st.sampled_from([0.0, 0.1, 0.5, 3.0]))
def test_a_crop_is_every_pixel_that_the_box_and_its_margin_touch(box, margin):
    image = ImageSet.from_arrays([COLOR], ids=["a"])
    crops, _ = labeled_crops(image, boxes(("a", "cat", *box)), margin=margin)
    x, y, width, height = box
    extra = margin * max(width, height)

    def touched(start, end, size):
        # in millionths of a pixel: ends that miss a whole pixel by less touch nothing of the next
        return [i for i in range(size) if i + 1 > round(start - extra, 6) and i < round(end + extra, 6)]

    expected = COLOR[np.ix_(touched(y, y + height, 30), touched(x, x + width, 40))]
    np.testing.assert_array_equal(crops[0], expected)


@settings(max_examples=50, deadline=None)
@given(x=st.integers(0, 38), y=st.integers(0, 28), right=st.integers(2, 40), bottom=st.integers(2, 30))
def test_boxes_of_whole_pixels_are_cut_out_as_patterns_are(x, y, right, bottom):
    image = ImageSet.from_arrays([COLOR], ids=["a"])
    table = boxes(("a", "cat", x, y, max(2, right - x), max(2, bottom - y)))
    (crop,) = labeled_crops(image, table)[0]
    (pattern,) = crop_patterns(image, table)
    np.testing.assert_array_equal(crop, pattern)


def test_ends_that_miss_a_whole_pixel_by_their_last_digits_are_on_it(images):
    table = boxes(("sub/color.png", "cat", 2.9999999996, 4.0000000004, 7.0000000005, 10))
    np.testing.assert_array_equal(labeled_crops(images, table)[0][0], COLOR[4:14, 3:10])


@pytest.mark.parametrize("box", [(39.9999999, 29.9999999, 1e-8, 1e-8), (0, 0, 1e-9, 1e-9), (12, 7, 1e-7, 20)])
def test_the_smallest_box_shows_a_pixel(images, box):
    crops, _ = labeled_crops(images, boxes(("sub/color.png", "cat", *box)))
    assert min(crops[0].shape[:2]) == 1


def test_what_sticks_out_by_less_than_a_pixel_is_cut_off_as_by_the_writers(images):
    crops, _ = labeled_crops(images, boxes(("gray.png", "cat", -0.5, -0.9, 65.4, 49)))
    np.testing.assert_array_equal(crops[0], GRAY)


def test_a_crop_is_read_only_and_does_not_hold_its_image(images):
    crops, _ = labeled_crops(images, boxes(("gray.png", "cat", 0, 0, 64, 20)))
    assert not np.shares_memory(crops[0], GRAY)
    assert crops[0].flags.c_contiguous
    with pytest.raises(ValueError, match="read-only"):
        crops[0][0] = 0


# which rows


def test_rows_without_a_box_and_denied_boxes_are_left_out(images):
    table = boxes(
        ("gray.png", "cat", *[None] * 4),
        ("gray.png", "cat", 0, 0, 9, 9),
        ("gray.png", "cat", 1, 1, 9, 9),
        ("lost.png", None, *[None] * 4),
        ("gray.png", "dog", 2, 2, 9, 9),
    )
    table["present"] = pd.array([False, True, False, None, True], dtype="boolean")
    crops, labels = labeled_crops(images, table)
    assert crops.ids == ("gray.png#0", "gray.png#1")
    assert labels.to_dict() == {1: "cat", 4: "dog"}


def test_a_plain_table_will_do_and_labels_keep_their_type(images):
    rows = [("gray.png", 3, 0, 0, 5, 6), ("gray.png", 1, 2, 2, 5, 6), ("sub/color.png", None, 0, 0, 4, 4)]
    table = pd.DataFrame(rows, columns=["image", "label", *BOX]).astype({"label": "Int64"})
    before = table.copy()
    crops, labels = labeled_crops(images, table)
    pd.testing.assert_series_equal(labels, table["label"])
    labels.iloc[0] = 7
    pd.testing.assert_frame_equal(table, before)
    assert len(crops) == 3


def test_ids_are_unique_also_where_images_are_called_like_crops():
    images = ImageSet.from_arrays(np.zeros((3, 9, 9), np.uint8), ids=["a", "a#0", "a#0#0"])
    table = boxes(*[(image, "cat", 0, 0, 3, 3) for image in images.ids for _ in range(3)])
    crops, _ = labeled_crops(images, table)
    assert len(set(crops.ids)) == 9


def test_no_boxes_give_no_crops(images):
    crops, labels = labeled_crops(images, boxes())
    assert len(crops) == len(labels) == len(crops.provenance) == 0


# what is refused, and what is reported


def test_a_box_on_an_unknown_image_is_named(images):
    table = boxes(("gray.png", "cat", 0, 0, 5, 5), ("lost.png", "cat", 0, 0, 5, 5))
    with pytest.raises(
        KeyError, match=r"the box at index 1 refers to image 'lost\.png', which is not in the set of 2"
    ):
        labeled_crops(images, table)
    table.loc[1, "image"] = None
    with pytest.raises(KeyError, match="the box at index 1 refers to image nan"):
        labeled_crops(images, table)


def test_an_index_that_repeats_itself_is_refused_with_the_remedy(images):
    table = pd.concat([boxes(("gray.png", "cat", 0, 0, 5, 5))] * 2)
    with pytest.raises(ValueError, match=r"contains 0 twice.*boxes\.reset_index\(drop=True\)"):
        labeled_crops(images, table)


def test_a_missing_column_is_named(images):
    with pytest.raises(ValueError, match="lack the column 'label'"):
        labeled_crops(images, boxes().drop(columns="label"))


@pytest.mark.parametrize("margin", [-0.1, math.inf, math.nan])
def test_a_margin_that_makes_no_sense_is_refused(images, margin):
    with pytest.raises(ValueError, match=r"margin is .*such as 0\.1"):
        labeled_crops(images, boxes(), margin=margin)


@pytest.mark.parametrize(
    ("box", "sentence"),
    [
        ((0, 0, 66, 9), "box 1 of image 'gray.png' ends at x = 66 but the image is 64 wide"),
        ((0, -2, 9, 9), "box 1 of image 'gray.png' starts at y = -2"),
        ((5, 5, 9, None), "box 1 of image 'gray.png' has the box .*must be finite"),
        ((5, 5, 0, 9), "box 1 of image 'gray.png' is 0 wide"),
    ],
)
def test_a_bad_box_is_reported_and_stops_nothing(images, box, sentence):
    table = boxes(("gray.png", "cat", 0, 0, 5, 5), ("gray.png", "dog", *box), ("gray.png", "cat", 3, 3, 5, 5))
    crops, labels = labeled_crops(images, table, margin=0.2)
    assert len(labels) == 3
    with pytest.warns(UnreadableImageWarning, match=sentence):
        read = list(crops)
    assert [crop.size > 0 for crop in read] == [True, False, True]
    assert crops.problems["image"].tolist() == ["gray.png#1"]
    with pytest.raises(ImageError, match=sentence):
        crops[1]


def test_an_image_that_becomes_unreadable_is_reported_and_stops_nothing(tmp_path):
    for name in ("a.png", "b.png"):
        Image.fromarray(GRAY).save(tmp_path / name)
    images = ImageSet.from_folder(tmp_path)
    table = boxes(*[(name, "cat", k, k, 9, 9) for name in ("a.png", "b.png") for k in range(3)])
    crops, _ = labeled_crops(images, table)
    (tmp_path / "a.png").unlink()
    with pytest.warns(UnreadableImageWarning, match=r"'a\.png#\d' is returned as an empty array") as caught:
        assert [crop.shape for crop in crops] == [(0, 0)] * 3 + [(9, 9)] * 3
    assert len(caught) == 3
    missing = "there is no such file (or it is a link to a missing one); check the path"
    assert set(crops.problems["reason"]) == {f"image 'a.png' cannot be read: {missing}"}
    assert images.problems["image"].tolist() == ["a.png"]
    Image.fromarray(GRAY).save(tmp_path / "a.png")
    np.testing.assert_array_equal(crops[1], GRAY[1:10, 1:10])


def test_boxes_on_images_that_were_left_out_of_the_set_are_left_out_and_reported(tmp_path):
    Image.fromarray(GRAY).save(tmp_path / "a.png")
    (tmp_path / "b.png").write_text("no image")
    with pytest.warns(UnreadableImageWarning, match="1 of 2 images"):
        images = ImageSet.from_folder(tmp_path)
    table = boxes(("b.png", "cat", 0, 0, 9, 9), ("a.png", "dog", 0, 0, 9, 9), ("b.png", "dog", 1, 1, 9, 9))
    with pytest.warns(
        UnreadableImageWarning, match=r"2 of 3 boxes.*image 'b\.png' cannot be read: it is not"
    ):
        crops, labels = labeled_crops(images, table)
    assert crops.ids == ("a.png#0",)
    assert labels.to_dict() == {1: "dog"}
    assert crops.problems["image"].tolist() == ["b.png#0", "b.png#1"]


# laziness


def many(n, of_each, lazy):
    """Boxes on each of n images, in the order of the images."""
    table = boxes(*[(str(i), "cat", k, k, 20, 10) for i in range(n) for k in range(of_each)])
    return labeled_crops(ImageSet.from_arrays(lazy), table)[0]


def test_nothing_is_read_before_it_is_needed_and_a_pass_reads_each_image_once():
    lazy = Large(12, (400, 500))
    crops = many(12, 9, lazy)
    assert lazy.asked == []
    assert [int(crop[0, 0]) for crop in crops] == [i for i in range(12) for _ in range(9)]
    assert sorted(lazy.asked) == list(range(12))


def test_parts_of_the_crops_share_the_images_that_were_read():
    lazy = Large(3, (400, 500))
    crops = many(3, 4, lazy)
    assert {int(crop[0, 0]) for part in (crops[4:6], crops[[7, 6]]) for crop in part} == {1}
    assert lazy.asked == [1]


def test_many_threads_that_ask_for_crops_in_any_order_get_theirs():
    lazy = Large(12, (400, 500))
    crops = many(12, 9, lazy)
    order = RNG.permutation(len(crops)).tolist()
    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(lambda i: int(crops[i][0, 0]), order)) == [i // 9 for i in order]
    assert sorted(lazy.asked) == list(range(12))


def test_few_large_images_are_in_memory_at_a_time():
    lazy = Large(30)
    crops = list(many(30, 4, lazy))
    assert [int(crop[0, 0]) for crop in crops] == [i for i in range(30) for _ in range(4)]
    assert len(lazy.alive) <= 4  # of 64 MB each
    assert lazy.most_alive <= 4 + WINDOW
    assert len(lazy.asked) <= 33  # a thread that was held up may find its image gone


def test_crops_can_be_sent_to_another_process(images):
    crops, _ = labeled_crops(images, boxes(("gray.png", "cat", 1, 2, 9, 8)), margin=0.5)
    crops[0]
    sent = pickle.loads(pickle.dumps(crops))  # noqa: S301  # joblib's processes do this; nothing is stored
    np.testing.assert_array_equal(sent[0], crops[0])


def test_the_same_crop_has_the_same_digest_and_another_margin_another(images):
    table = boxes(("gray.png", "cat", 10, 10, 9, 8))
    (first, _), (again, _) = (labeled_crops(images, table) for _ in range(2))
    wider, _ = labeled_crops(images, table, margin=0.5)
    assert first.digest(0) == again.digest(0) != wider.digest(0)


# there and back


def coco(folder, images):
    file = folder / "instances.json"
    return (lambda table: write_coco(table, file, images)), (lambda: read_coco(file, images))


def voc(folder, images):
    return (lambda table: write_voc(table, folder, images)), (lambda: read_voc(folder, images))


def yolo(folder, images):
    def write(table):
        write_yolo(table, folder, images, classes=["cat", "dog", "owl"])

    return write, (lambda: read_yolo(folder, images))


def csv(folder, images):  # noqa: ARG001  # as the others
    file = folder / "annotations.csv"
    return (lambda table: write_csv(table, file)), (lambda: read_csv(file))


@pytest.fixture
def relabel(ask):
    """Give crops another label in a review, as the browser does."""

    def say(review, items, label):
        hello = ask(review, "hello")[0]["ok"]
        gesture = {
            "rows": hello["rows"],
            "count": hello["count"],
            "kind": "say",
            "action": "g1",
            "items": items,
            "says": "label",
        }
        return ask(review, "act", gesture={**gesture, "label": label})[0]["ok"]["touched"]

    return say


@pytest.mark.parametrize("form", [coco, voc, yolo, csv])
def test_a_correction_reaches_the_file_that_the_boxes_are_from(tmp_path, images, relabel, form):
    said = boxes(
        ("gray.png", "cat", 0, 1, 10.5, 12.25),
        ("gray.png", "dog", 20, 8, 30, 31),
        ("gray.png", "owl", 2, 2, 7, 9),
        ("sub/color.png", "cat", 0, 0, 40, 30),
        ("sub/color.png", "dog", 3.5, 4, 7, 5),
    )
    write, read = form(tmp_path, images)
    write(said)
    table = read()
    crops, labels = labeled_crops(images, table, margin=0.1)
    with AnnotationLog(tmp_path / "annotations.db") as log:
        review = SimilarityReview(crops, labels, log=log)
        assert relabel(review, [1, 3], "owl") == 2
        write(review.apply_to(table))
    expected = table.copy()
    expected.loc[[1, 3], "label"] = "owl"
    assert expected["label"].tolist() == ["cat", "owl", "owl", "owl", "dog"]
    pd.testing.assert_frame_equal(read(), expected, check_exact=True)


def test_a_correction_leaves_rows_without_a_crop_as_they_are(tmp_path, images, relabel):
    table = boxes(
        ("sub/color.png", "dog", *[None] * 4),
        ("gray.png", "cat", 1, 1, 9, 9),
        ("gray.png", "dog", 2, 2, 9, 9),
    )
    table["present"] = pd.array([False, True, True], dtype="boolean")
    crops, labels = labeled_crops(images, table)
    with AnnotationLog(tmp_path / "annotations.db") as log:
        review = SimilarityReview(crops, labels, log=log)
        relabel(review, [1], "cat")
        corrected = review.apply_to(table)
    pd.testing.assert_frame_equal(corrected.drop(columns="label"), table.drop(columns="label"))
    assert corrected["label"].tolist() == ["dog", "cat", "cat"]
