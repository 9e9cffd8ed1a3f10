import numpy as np
import pandas as pd
import pytest

from ig_widgets.compute.crowd.boxes import merge_boxes
from ig_widgets.data.annotations import annotations_frame
from ig_widgets.data.images import ImageSet
from ig_widgets.data.patterns import crop_patterns, pattern_rows

RNG = np.random.default_rng(0)
GRAY = RNG.integers(0, 256, (48, 64), dtype=np.uint8)
COLOR = RNG.integers(0, 256, (30, 40, 3), dtype=np.uint8)


@pytest.fixture
def images():
    return ImageSet.from_arrays([GRAY, COLOR], ids=["gray.png", "sub/color.png"])


def boxes(*rows):
    keys = ("image", "x", "y", "width", "height")
    return annotations_frame([dict(zip(keys, row, strict=True)) | {"label": "crack"} for row in rows])


class CountingSequence:
    """A lazy sequence that remembers which of its arrays were asked for."""

    def __init__(self, arrays):
        self.arrays = arrays
        self.asked = []

    def __len__(self):
        return len(self.arrays)

    def __getitem__(self, i):
        self.asked.append(i)
        return self.arrays[i]


def test_a_pattern_is_the_slice_of_its_box(images):
    patterns = crop_patterns(images, boxes(("gray.png", 3, 5, 20, 10), ("sub/color.png", 0, 0, 40, 30)))
    assert np.array_equal(patterns[0], GRAY[5:15, 3:23])
    assert np.array_equal(patterns[1], COLOR)


def test_ends_are_computed_from_the_exact_box_and_then_truncated(images):
    x, y, width, height = 2.7, 4.6, 10.4, 5.3
    (pattern,) = crop_patterns(images, boxes(("gray.png", x, y, width, height)))
    assert np.array_equal(pattern, GRAY[4:9, 2:13])


def test_a_mean_end_on_a_whole_pixel_is_not_lost_to_rounding():
    image = RNG.integers(0, 256, (300, 400), dtype=np.uint8)
    corners = [(269, 88, 384, 206), (261, 134, 372, 205), (288, 181, 351, 235)]
    rows = [
        {"image": "0", "annotator": f"w{i}", "label": "crack", "present": True}
        | {"x": x0, "y": y0, "width": x1 - x0, "height": y1 - y0}
        for i, (x0, y0, x1, y1) in enumerate(corners)
    ]
    patterns = crop_patterns(ImageSet.from_arrays([image]), merge_boxes(annotations_frame(rows)))
    assert np.array_equal(patterns[0], image[134:215, 272:369])


def test_boxes_of_an_image_are_numbered_and_keep_the_order_of_the_rows(images):
    patterns = crop_patterns(
        images,
        boxes(("sub/color.png", 0, 0, 5, 6), ("gray.png", 0, 0, 7, 8), ("sub/color.png", 1, 1, 9, 10)),
    )
    assert patterns.ids == ("sub/color.png#0", "gray.png#0", "sub/color.png#1")
    assert [pattern.shape[:2] for pattern in patterns] == [(6, 5), (8, 7), (10, 9)]


def test_provenance_holds_the_box_and_no_augmentation(images):
    provenance = crop_patterns(images, boxes(("gray.png", 3.5, 5, 20, 10))).provenance
    assert list(provenance.columns) == [
        *("image", "label", "x", "y", "width", "height"),
        *("parent", "operation", "magnitude", "seed"),
    ]
    assert provenance.iloc[0, :6].tolist() == ["gray.png", "crack", 3.5, 5, 20, 10]
    assert provenance.iloc[:, 6:].isna().all(axis=None)


def test_each_image_is_read_once_however_many_boxes_it_has():
    arrays = CountingSequence([GRAY, GRAY, GRAY])
    crop_patterns(
        ImageSet.from_arrays(arrays), boxes(("2", 0, 0, 5, 5), ("0", 0, 0, 5, 5), ("2", 9, 9, 5, 5))
    )
    assert sorted(arrays.asked) == [0, 2]


def test_whole_image_statements_and_rejected_boxes_are_ignored(images):
    statements = boxes(("gray.png", 0, 0, 5, 5), ("gray.png", 1, 1, 6, 6), ("gray.png", *[np.nan] * 4))
    statements["present"] = pd.array([False, True, True], dtype="boolean")
    assert [pattern.shape for pattern in crop_patterns(images, statements)] == [(6, 6)]


def test_no_boxes_give_an_empty_pattern_set(images):
    patterns = crop_patterns(images, boxes())
    assert len(patterns) == 0
    assert len(patterns.provenance) == 0


def test_a_pattern_does_not_share_memory_with_its_image(images):
    (pattern,) = crop_patterns(images, boxes(("gray.png", 0, 0, 5, 5)))
    assert not np.shares_memory(pattern, GRAY)


@pytest.mark.parametrize(
    ("box", "sentence"),
    [
        (
            (0, 0, 65, 9),
            "box 1 of image 'gray.png' ends at x = 65 but the image is 64 wide; boxes are in full",
        ),
        ((0, 40, 9, 9), "box 1 of image 'gray.png' ends at y = 49 but the image is 48 high"),
        ((-3, 0, 9, 9), "box 1 of image 'gray.png' starts at x = -3"),
        ((5, 5, 1.4, 9), "box 1 of image 'gray.png' is 1 px wide; a pattern needs at least 2 px"),
        ((5, 5, 9, np.nan), "box 1 of image 'gray.png' is incomplete"),
    ],
)
def test_a_box_that_cannot_be_cut_out_is_named(images, box, sentence):
    with pytest.raises(ValueError, match=sentence):
        crop_patterns(images, boxes(("gray.png", 0, 0, 9, 9), ("gray.png", *box)))


def test_an_unknown_image_is_named(images):
    with pytest.raises(KeyError, match=r"lost\.png"):
        crop_patterns(images, boxes(("lost.png", 0, 0, 9, 9)))


def test_a_missing_column_is_named(images):
    with pytest.raises(ValueError, match="lack the column 'label'"):
        crop_patterns(images, boxes().drop(columns="label"))


def test_sources_are_positions_among_the_images(images):
    patterns = crop_patterns(
        images, boxes(("sub/color.png", 0, 0, 5, 6), ("gray.png", 0, 0, 7, 8), ("gray.png", 1, 1, 9, 10))
    )
    assert pattern_rows(patterns, images).tolist() == [1, 0, 0]
    assert pattern_rows(patterns, images[[1]]).tolist() == [0, -1, -1]


def test_patterns_without_provenance_have_no_source(images):
    assert pattern_rows(ImageSet.from_arrays([GRAY]), images).tolist() == [-1]


def test_a_pattern_of_unknown_origin_has_no_source(images):
    provenance = crop_patterns(images, boxes(("gray.png", 0, 0, 7, 8))).provenance
    provenance["image"] = pd.Series([pd.NA], dtype="str")
    patterns = ImageSet.from_arrays([GRAY], provenance=provenance)
    assert pattern_rows(patterns, images).tolist() == [-1]
