import pandas as pd
import pytest

from ig_widgets.data.annotations import BOX, COLUMNS, annotations_frame, drawn_boxes

DTYPES = ["str", "str", "str", "boolean", *["float64"] * 4, "str", "datetime64[us, UTC]"]


@pytest.mark.parametrize(
    "rows",
    [
        [],
        [{}],
        [{"image": "a.png"}],
        [{"present": None, "x": None, "at": None}],
        [{"at": pd.Timestamp("2024-05-01 12:00", tz="Europe/Berlin")}, {"at": pd.Timestamp("2024-05-01")}],
        [dict.fromkeys(COLUMNS)],
    ],
)
def test_columns_and_types_are_the_same_whatever_the_rows_hold(rows):
    frame = annotations_frame(rows)
    assert tuple(frame.columns) == COLUMNS
    assert [str(dtype) for dtype in frame.dtypes] == DTYPES
    assert len(frame) == len(rows)


def test_missing_keys_become_missing_values():
    frame = annotations_frame([{"image": "a.png"}])
    assert frame.drop(columns="image").isna().all(axis=None)


def test_present_tells_yes_no_and_skipped_apart():
    frame = annotations_frame([{"present": True}, {"present": False}, {"present": None}])
    assert frame["present"].isna().tolist() == [False, False, True]
    assert frame["present"].dropna().tolist() == [True, False]


def test_times_are_turned_to_utc():
    frame = annotations_frame([{"at": pd.Timestamp("2024-05-01 12:00", tz="Europe/Berlin")}])
    assert frame["at"][0] == pd.Timestamp("2024-05-01 10:00", tz="UTC")


def test_the_box_columns_follow_each_other():
    assert COLUMNS[4:8] == BOX == ("x", "y", "width", "height")


def test_an_unknown_key_is_refused_by_name():
    with pytest.raises(
        ValueError, match=r"statement 1 has the unknown key 'w'; the keys are image, annotator"
    ):
        annotations_frame([{"image": "a.png"}, {"image": "b.png", "w": 3}])


def test_any_iterable_of_mappings_will_do():
    assert annotations_frame({"image": name} for name in "ab")["image"].tolist() == ["a", "b"]


def test_drawn_boxes_are_the_rows_with_a_box_that_is_not_denied():
    box = {"x": 1, "y": 2, "width": 3, "height": 4}
    rows = [{}, {"present": True, **box}, {"present": False, **box}, {"present": None, **box}, {"x": 1}]
    frame = annotations_frame([{"image": "a.png", "label": "crack", **row} for row in rows])
    assert drawn_boxes(frame).index.tolist() == [1, 3, 4]
    assert drawn_boxes(frame.drop(columns="present")).index.tolist() == [1, 2, 3, 4]
    with pytest.raises(ValueError, match="lack the column 'width'"):
        drawn_boxes(frame.drop(columns="width"))
