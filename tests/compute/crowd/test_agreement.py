import itertools

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ig_widgets.compute.crowd.agreement import (
    annotator_agreement,
    image_agreement,
    krippendorff_alpha,
    presence,
)
from ig_widgets.compute.crowd.boxes import iou
from ig_widgets.data.annotations import annotations_frame

NAN = float("nan")

# Krippendorff 2011, section C: four observers, twelve units
PUBLISHED = np.array(
    [
        [1, 2, 3, 3, 2, 1, 4, 1, 2, NAN, NAN, NAN],
        [1, 2, 3, 3, 2, 2, 4, 1, 2, 5, NAN, 3],
        [NAN, 3, 3, 3, 2, 3, 4, 2, 2, 5, 1, NAN],
        [1, 2, 3, 3, 2, 4, 4, 1, 2, 5, 1, NAN],
    ]
).T


def box(image, annotator, x, y=0, **other):
    place = {"x": x, "y": y, "width": 10, "height": 10}
    return {"image": image, "annotator": annotator, "label": "crack", "present": True, **place, **other}


def nothing(image, annotator):
    return {"image": image, "annotator": annotator, "label": "crack", "present": False}


def skip(image, annotator):
    return {"image": image, "annotator": annotator}


def slow_alpha(units):
    """Compare all pairs of values, as the definition says."""
    kept = [[value for value in unit if not np.isnan(value)] for unit in units]
    kept = [unit for unit in kept if len(unit) > 1]
    values = [value for unit in kept for value in unit]
    observed = sum(
        (a != b) / (len(unit) - 1) for unit in kept for a, b in itertools.permutations(unit, 2)
    ) / len(values)
    expected = sum(a != b for a, b in itertools.permutations(values, 2)) / (len(values) * (len(values) - 1))
    return 1 - observed / expected if expected else NAN


def test_alpha_of_the_published_example():
    assert krippendorff_alpha(PUBLISHED) == pytest.approx(0.743, abs=0.0005)


@given(
    st.lists(
        st.lists(st.sampled_from([0.0, 1.0, 2.0, NAN]), min_size=3, max_size=3), min_size=1, max_size=12
    ).filter(lambda units: any(sum(not np.isnan(value) for value in unit) > 1 for unit in units))
)
def test_alpha_is_what_all_pairs_say(units):
    np.testing.assert_allclose(krippendorff_alpha(units), slow_alpha(units), atol=1e-12)


@pytest.mark.parametrize("units", [[[1, NAN], [NAN, 0]], [[1, 1], [1, 1]], np.empty((0, 2))])
def test_alpha_is_undefined_where_nothing_can_be_compared(units):
    assert np.isnan(krippendorff_alpha(units))


def test_presence_tells_found_from_looked_from_skipped():
    said = annotations_frame(
        [
            box("a", "Ann", 0),
            box("a", "Bo", 50, label="stain"),
            nothing("b", "Ann"),
            box("b", "Bo", 0),
            skip("b", "Cy"),
            nothing("c", "Cy"),
            box("d", "Cy", 0, present=False),  # who denies a box has not looked at the rest
        ]
    )
    table = presence(said)
    assert table.index.to_list() == list(itertools.product("abc", ["crack", "stain"]))
    assert table.astype(object).where(table.notna(), None).to_numpy().tolist() == [
        [True, False, None],
        [False, True, None],
        [False, True, None],
        [False, False, None],
        [None, None, False],
        [None, None, False],
    ]
    assert krippendorff_alpha(table) == pytest.approx(slow_alpha(table.to_numpy(float, na_value=NAN)))


def test_annotators_are_compared_with_those_who_looked_at_the_same_images():
    said = annotations_frame(
        [
            box("a", "Ann", 0),
            box("a", "Bo", 5),
            box("a", "Bo", 80),  # alone
            nothing("a", "Cy"),  # missed one
            box("b", "Ann", 0),  # nobody else looked
            skip("b", "Bo"),
        ]
    )
    rows = annotator_agreement(said)
    third = iou([[0, 0, 10, 10]], [[5, 0, 10, 10]])[0, 0]
    assert rows.loc["Ann"].to_list() == [2, 2, 1, 0, 0, third]
    assert rows.loc["Bo"].to_list() == [1, 2, 2, 1, 0, third / 2]
    assert rows.loc["Cy"].drop("iou").to_list() == [1, 0, 0, 0, 1]
    assert np.isnan(rows.loc["Cy", "iou"])


def test_images_on_which_all_agree_stand_out():
    said = annotations_frame(
        [
            *(box("same", name, 7) for name in ("Ann", "Bo", "Cy")),
            *(box("half", name, 7) for name in ("Ann", "Bo")),
            nothing("half", "Cy"),
            *(nothing("clean", name) for name in ("Ann", "Bo")),
            box("lonely", "Ann", 3),
        ]
    )
    rows = image_agreement(said)
    assert rows.loc["same"].to_list() == [3, 1, 1, 1.0]
    assert rows.loc["half"].to_list() == [3, 1, 0, pytest.approx(1 / 3)]
    assert rows.loc["clean"].drop("iou").to_list() == [2, 0, 0]
    assert rows["iou"].isna()[["clean", "lonely"]].all()


def test_nothing_said_is_an_empty_table():
    said = annotations_frame([skip("a", "Ann")])
    assert len(presence(said)) == len(annotator_agreement(said)) == len(image_agreement(said)) == 0
    assert np.isnan(krippendorff_alpha(presence(said)))


def test_the_order_of_the_statements_changes_nothing():
    rng = np.random.default_rng(0)
    rows = [
        box(
            f"im{i % 4}", ["Ann", "Bo", "Cy"][i % 3], *rng.integers(0, 40, 2), label=["crack", "stain"][i % 2]
        )
        for i in range(40)
    ]
    said = annotations_frame(rows)
    mixed = said.sample(frac=1, random_state=1)
    for measure in (presence, annotator_agreement, image_agreement):
        pd.testing.assert_frame_equal(measure(said), measure(mixed))
