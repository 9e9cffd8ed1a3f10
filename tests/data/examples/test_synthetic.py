import numpy as np
import pandas as pd
import pytest
from pandas.testing import assert_frame_equal

from ig_widgets.data.annotations import COLUMNS
from ig_widgets.data.examples.synthetic import render_strip, strips, write_strips
from ig_widgets.data.images import ImageSet
from ig_widgets.data.io.csv_table import read_csv

TABLE_1 = [
    ("scratch", (162, 2702), 1673, 727),
    ("bubble", (77, 1389), 1048, 102),
    ("stamping", (161, 5278), 1094, 148),
]
KINDS = [kind for kind, *_ in TABLE_1]


def changed_pixels(kind, index, random_state=0):
    """Where a strip differs from the same strip without defects, and the boxes said to hold that."""
    clean, no_boxes = render_strip(kind, index, defective=False, random_state=random_state)
    with_defects, boxes = render_strip(kind, index, defective=True, random_state=random_state)
    assert no_boxes == []
    return clean != with_defects, boxes


@pytest.mark.parametrize(("kind", "shape", "n", "n_defective"), TABLE_1)
def test_size_and_counts_are_those_of_table_1(kind, shape, n, n_defective):
    images, truth = strips(kind)
    assert len(images) == n
    assert images[0].shape == shape
    assert images[0].dtype == np.uint8
    assert truth.loc[truth["present"], "image"].nunique() == n_defective
    assert set(truth["image"]) == set(images.ids)


@pytest.mark.parametrize("kind", KINDS)
def test_truth_is_annotations_with_a_box_for_each_defect_and_a_denial_for_each_clean_strip(kind):
    _, truth = strips(kind, 300, defect_rate=0.5)
    assert tuple(truth.columns) == COLUMNS
    assert set(truth["annotator"]) == {"truth"}
    assert set(truth["source"]) == {"synthetic"}
    assert set(truth["label"]) == {kind}
    boxes = truth[["x", "y", "width", "height"]]
    assert boxes[truth["present"]].notna().all(axis=None)
    assert boxes[~truth["present"]].isna().all(axis=None)
    clean = truth.loc[~truth["present"], "image"]
    assert clean.is_unique
    assert not set(clean) & set(truth.loc[truth["present"], "image"])
    assert truth.loc[truth["present"], "image"].duplicated().any(), "some strips have several defects"


@pytest.mark.parametrize("kind", KINDS)
def test_pixels_change_inside_the_boxes_only_and_reach_every_side_of_them(kind):
    for index in range(12):
        changed, boxes = changed_pixels(kind, index)
        assert boxes
        for x, y, width, height in boxes:
            assert 0 <= x < x + width <= changed.shape[1]
            assert 0 <= y < y + height <= changed.shape[0]
            inside = changed[y : y + height, x : x + width]
            assert inside[[0, -1]].any(axis=1).all()
            assert inside[:, [0, -1]].any(axis=0).all()
        for x, y, width, height in boxes:
            changed[y : y + height, x : x + width] = False
        assert not changed.any()


@pytest.mark.parametrize("kind", KINDS)
def test_boxes_of_the_truth_are_those_of_the_rendering(kind):
    images, truth = strips(kind, 8, defect_rate=1, random_state=3)
    for index, image in enumerate(images):
        rendered, boxes = render_strip(kind, index, defective=True, random_state=3)
        said = truth.loc[truth["image"] == images.ids[index], ["x", "y", "width", "height"]]
        np.testing.assert_array_equal(image, rendered)
        np.testing.assert_array_equal(said, boxes)


@pytest.mark.parametrize("kind", KINDS)
def test_a_strip_depends_on_its_number_and_not_on_how_many_there_are_or_which_are_looked_at(kind):
    few, truth_of_few = strips(kind, 5, random_state=2)
    many, truth_of_many = strips(kind, 40, random_state=2)
    for index in [4, 0, 2]:
        np.testing.assert_array_equal(few[index], many[index])
    assert few.ids == many.ids[:5]
    assert_frame_equal(truth_of_few, truth_of_many.iloc[: len(truth_of_few)])


def test_same_seed_gives_the_same_strips_and_another_seed_gives_others():
    first, truth = strips("bubble", 30, defect_rate=0.5, random_state=1)
    again, truth_again = strips("bubble", 30, defect_rate=0.5, random_state=1)
    other, other_truth = strips("bubble", 30, defect_rate=0.5, random_state=2)
    np.testing.assert_array_equal(np.stack(list(first)), np.stack(list(again)))
    assert_frame_equal(truth, truth_again)
    assert (first[0] != other[0]).mean() > 0.5
    assert set(truth.loc[truth["present"], "image"]) != set(other_truth.loc[other_truth["present"], "image"])


def test_strips_of_one_set_differ():
    images, _ = strips("bubble", 20)
    assert len({image.tobytes() for image in images}) == 20


@pytest.mark.parametrize("rate", [0, 0.2, 0.5, 1])
def test_defect_rate_is_exact_over_one_table_and_plausible_over_its_first_strips(rate):
    for n, tolerance in [(1048, 1), (2096, 2), (300, 4 * np.sqrt(300 * rate * (1 - rate)))]:
        _, truth = strips("bubble", n, defect_rate=rate)
        defective = truth.loc[truth["present"], "image"].nunique()
        assert abs(defective - n * rate) <= tolerance


def test_raising_the_rate_only_adds_defective_strips():
    _, few = strips("stamping", 200, defect_rate=0.2)
    _, many = strips("stamping", 200, defect_rate=0.6)
    assert set(few.loc[few["present"], "image"]) < set(many.loc[many["present"], "image"])


def boxes_of(kind):
    _, truth = strips(kind, 300, defect_rate=1)
    return truth


def test_stampings_are_at_fixed_positions_with_little_variation_of_size():
    stampings = boxes_of("stamping")
    centers = stampings[["x", "y"]].to_numpy() + stampings[["width", "height"]].to_numpy() / 2
    shares = centers / (5278, 161)
    stations = np.unique(shares[:, 0].round(1))
    assert len(stations) == 4
    assert all(centers[shares[:, 0].round(1) == station].std(axis=0).max() < 5 for station in stations)
    assert stampings["width"].std() / stampings["width"].mean() < 0.15


def test_bubbles_are_small_and_round_and_scratches_vary_much_more():
    bubbles, scratches = boxes_of("bubble"), boxes_of("scratch")
    assert bubbles["width"].max() <= 20
    assert (bubbles["width"] / bubbles["height"]).median() == pytest.approx(1, abs=0.15)

    def variation(boxes):
        length = np.hypot(boxes["width"], boxes["height"])
        return length.std() / length.mean()

    assert variation(scratches) > 2 * variation(bubbles)
    turn = np.arctan2(scratches["height"], scratches["width"])
    assert np.degrees(turn.quantile(0.95) - turn.quantile(0.05)) > 30


def test_written_strips_come_back_with_the_ids_of_the_truth(tmp_path):
    folder = tmp_path / "strips"
    truth = write_strips(folder, "bubble", 6, defect_rate=0.5)
    images = ImageSet.from_folder(folder)
    expected, expected_truth = strips("bubble", 6, defect_rate=0.5)
    assert images.ids == expected.ids
    assert images.problems.empty
    for written, rendered in zip(images, expected, strict=True):
        np.testing.assert_array_equal(written, rendered)
    assert_frame_equal(truth, expected_truth)
    assert_frame_equal(read_csv(folder / "truth.csv"), expected_truth)


def test_nothing_is_written_into_a_folder_that_holds_something(tmp_path):
    (tmp_path / "mine.txt").write_text("keep")
    with pytest.raises(FileExistsError, match="is not empty; give a new or empty folder"):
        write_strips(tmp_path, "bubble", 2)
    assert [path.name for path in tmp_path.iterdir()] == ["mine.txt"]


def test_no_strips_are_an_empty_set_with_an_empty_truth():
    images, truth = strips("scratch", 0)
    assert len(images) == 0
    assert truth.empty
    assert isinstance(truth, pd.DataFrame)


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        ({"kind": "dent"}, "kind is 'dent'; give one of scratch, bubble, stamping"),
        ({"kind": "bubble", "n": -1}, "n is -1"),
        ({"kind": "bubble", "defect_rate": 1.2}, "defect_rate is 1.2"),
        ({"kind": "bubble", "defect_rate": float("nan")}, "defect_rate is nan"),
        ({"kind": "bubble", "random_state": -3}, "random_state is -3"),
    ],
)
def test_wrong_arguments_are_refused_with_a_sentence(arguments, sentence):
    with pytest.raises(ValueError, match=sentence):
        strips(**arguments)
