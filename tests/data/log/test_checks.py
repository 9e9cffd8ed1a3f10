import math

import numpy as np
import pandas as pd
import pytest

from ig_widgets.data.log.checks import check_text, parse_statement

BOX = {"x": 1, "y": 2.5, "width": 3, "height": 4}


def test_a_statement_keeps_what_was_said():
    row = parse_statement(
        {"image": "a.png", "label": "crack", "present": True, "key": "k", **BOX}, "statement 0"
    )
    assert row == {
        "key": "k",
        "kind": "say",
        "target": None,
        "image": "a.png",
        "label": "crack",
        "present": True,
        "x": 1.0,
        "y": 2.5,
        "width": 3.0,
        "height": 4.0,
        "comment": None,
    }


def test_statements_without_a_key_get_different_ones():
    assert len({parse_statement({"image": "a.png"}, "statement 0")["key"] for _ in range(100)}) == 100


@pytest.mark.parametrize("missing", [None, np.nan, pd.NA, float("nan"), np.float32("nan")])
def test_every_kind_of_missing_value_is_missing(missing):
    said = dict.fromkeys(("label", "present", "key", "replaces", *BOX), missing)
    row = parse_statement({"image": "a.png", **said}, "statement 0")
    assert all(row[name] is None for name in ("label", "present", "target", *BOX))


def test_numpy_values_become_plain_ones():
    said = {"x": np.int64(1), "y": np.float32(2.5), "width": np.uint8(3), "height": np.float64(4)}
    row = parse_statement({"image": np.str_("a.png"), "present": np.True_, **said}, "statement 0")
    assert row["present"] is True
    assert [(type(row[name]), row[name]) for name in BOX] == [
        (float, 1),
        (float, 2.5),
        (float, 3),
        (float, 4),
    ]


def test_a_box_may_begin_outside_the_image():
    assert parse_statement({"image": "a.png", **BOX, "x": -3}, "statement 0")["x"] == -3


@pytest.mark.parametrize(
    ("statement", "sentence"),
    [
        (
            {"image": "a", "lable": "crack"},
            "statement 7 has the unknown key 'lable'; the keys are image, label",
        ),
        (
            {"deletes": "k", "label": "crack"},
            "statement 7 has the unknown key 'label'; a deletion has only deletes",
        ),
        ({"deletes": None}, "deletes nothing; give the key of the statement to delete"),
        ({"label": "crack"}, "statement 7 names no image; give the key 'image'"),
        ({"image": None}, "statement 7 names no image"),
        ({"image": ""}, "image is ''; it must be a non-empty string"),
        ({"image": 3}, "image is 3; it must be a non-empty string"),
        ({"image": "a", "label": 3}, r"statement 7 \(image 'a'\): label is 3; it must be a non-empty string"),
        ({"image": "a", "key": 3}, "key is 3; it must be a non-empty string"),
        ({"image": "a", "replaces": 3}, "replaces is 3; it must be a non-empty string"),
        ({"image": "a\udc80"}, "cannot be stored; use plain Unicode characters"),
        ({"image": "a", "label": "cr\0ck"}, "cannot be stored; use plain"),
        (
            {"image": "a", "present": 1},
            r"statement 7 \(image 'a'\): present is 1; it must be True \(yes\), False",
        ),
        ({"image": "a", "present": "yes"}, "present is 'yes'; it must be True"),
        (
            {"image": "a", "x": 1, "y": 2},
            r"statement 7 \(image 'a'\) has a box without width and height; give all of",
        ),
        ({"image": "a", **BOX, "x": math.nan}, "has a box without x; give all of"),
        ({"image": "a", **BOX, "x": math.inf}, "x is inf; it must be a finite number of pixels"),
        ({"image": "a", **BOX, "x": "1"}, "x is '1'; it must be a finite number of pixels"),
        ({"image": "a", **BOX, "x": True}, "x is True; it must be a finite number of pixels"),
        ({"image": "a", **BOX, "width": 0}, "width is 0; it must be greater than 0 pixels"),
        ({"image": "a", **BOX, "height": -1}, "height is -1; it must be greater than 0 pixels"),
    ],
)
def test_what_is_not_well_formed_is_refused_with_a_sentence(statement, sentence):
    with pytest.raises(ValueError, match=sentence):
        parse_statement(statement, "statement 7")


def test_a_statement_that_is_no_mapping_is_refused_with_a_sentence():
    with pytest.raises(TypeError, match="statement 7 is a str; a statement is a mapping such as"):
        parse_statement("image", "statement 7")


def test_text_in_any_script_is_kept():
    check_text("Ритм 日本 é", "label")
