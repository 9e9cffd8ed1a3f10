import cv2
import numpy as np
import pandas as pd
import pytest

from ig_widgets.data.annotations import annotations_frame
from ig_widgets.data.images import ImageSet
from ig_widgets.data.reviews.pattern_table import (
    CUT,
    DROPPED,
    GAN,
    KEPT,
    NO_CLASS,
    POLICY,
    UNDECIDED,
    PatternTable,
    pattern_names,
)

CRACK, STAIN = 0, 1


def patterns(ids, **columns):
    arrays = [np.full((4, 6), i, np.uint8) for i in range(len(ids))]
    return ImageSet.from_arrays(arrays, ids=ids, provenance=pd.DataFrame(columns, dtype="object"))


@pytest.fixture
def table():
    made = PatternTable(["crack"])
    made.extend(
        patterns(
            ["a#0", "b#0", "a#0+rotate", "GAN/1"],
            label=["crack", "stain", "crack", None],
            parent=[None, None, "a#0", "b#0"],
            operation=[None, None, "rotate", "GAN"],
        )
    )
    return made


def said(*rows):
    frame = annotations_frame([{"annotator": "ada", **row} for row in rows])
    frame.index = pd.Index([f"key{i}" for i in range(len(rows))], name="statement")
    return frame


def test_provenance_becomes_columns(table):
    assert table.classes == ["crack", "stain"]
    assert table.origins.tolist() == [CUT, CUT, POLICY, GAN]
    assert table.parents.tolist() == [-1, -1, 0, 1]
    assert table.labels.tolist() == [CRACK, STAIN, CRACK, NO_CLASS]
    assert table.states.tolist() == [UNDECIDED] * 4


def test_patterns_without_provenance_are_cut_out_and_of_no_class():
    table = PatternTable()
    table.extend(ImageSet.from_arrays([np.zeros((3, 3), np.uint8)] * 2))
    assert table.origins.tolist() == [CUT, CUT]
    assert table.labels.tolist() == [NO_CLASS, NO_CLASS]
    assert table.label(0) is None


def test_the_last_statement_counts_and_one_taken_back_does_not(table):
    table.recall(
        said(
            {"image": "b#0", "label": "stain", "present": False},
            {"image": "b#0", "label": "crack", "present": True},
            {"image": "a#0", "label": "crack", "present": False},
            {"image": "somewhere else", "label": "crack", "present": False},
        ),
        range(4),
    )
    assert table.states.tolist() == [DROPPED, KEPT, UNDECIDED, UNDECIDED]
    assert table.labels.tolist() == [CRACK, CRACK, CRACK, NO_CLASS]
    assert table.verdict(1).key == "key1"
    table.recall(said(), [1])
    assert table.states.tolist() == [DROPPED, UNDECIDED, UNDECIDED, UNDECIDED]
    assert table.label(1) == "stain"
    assert table.verdict(1) is None
    assert table.verdict(0).key == "key2"


def test_a_new_name_is_a_new_class(table):
    table.recall(said({"image": table.named[3], "label": "dent", "present": True}), [3])
    assert table.classes == ["crack", "stain", "dent"]
    assert table.label(3) == "dent"


def test_rows_that_come_later_know_parents_that_were_there(table):
    before = table.states.copy()
    more = ["a#0", "b#0", "a#0+rotate", "GAN/1", "b#0+flip"]
    table.extend(
        patterns(
            more,
            label=["crack", "stain", "crack", None, "stain"],
            parent=[None, None, "a#0", "b#0", "b#0"],
            operation=[None, None, "rotate", "GAN", "flip"],
        )
    )
    assert len(table) == 5
    assert table.parents[4] == 1
    assert table.states[:4].tolist() == before.tolist()


def boxed(ids, boxes):
    places = dict(zip("xywh", np.transpose(boxes), strict=True))
    return patterns(
        ids,
        label=["crack"] * len(ids),
        x=places["x"],
        y=places["y"],
        width=places["w"],
        height=places["h"],
    )


def test_what_was_said_stays_with_the_box_when_the_boxes_are_numbered_anew():
    place = {"x": 1, "y": 20, "width": 5, "height": 6}
    told = said({"image": "a#0", "label": "crack", "present": False, **place})
    table = PatternTable()
    table.extend(boxed(["a#0", "a#1"], [(1, 2, 5, 6), (1, 20, 5, 6)]))  # another box was drawn above
    table.recall(told, range(2))
    assert table.states.tolist() == [UNDECIDED, DROPPED]
    assert table.names([1]) == {"a#0", "a#1"}
    assert table.rows(["a#0"]) == [0, 1]
    assert table.place(1) == place
    assert table.verdict(1).name == "a#0"


def test_tables_are_named_by_their_patterns_and_boxes():
    one, same, moved, longer = (PatternTable() for _ in range(4))
    one.extend(boxed(["a#0", "a#1"], [(1, 2, 5, 6), (1, 20, 5, 6)]))
    same.extend(boxed(["a#0", "a#1"], [(1, 2, 5, 6), (1, 20, 5, 6)]))
    moved.extend(boxed(["a#0", "a#1"], [(1, 2, 5, 6), (1, 21, 5, 6)]))
    longer.extend(boxed(["a#0", "a#1", "a#2"], [(1, 2, 5, 6), (1, 20, 5, 6), (9, 9, 5, 6)]))
    assert one.digest(2) == same.digest(2) == longer.digest(2)
    assert len({one.digest(2), moved.digest(2), longer.digest(3)}) == 3


def noise(seed, n=2):
    """Patterns that a GAN made, as one that was trained from `seed` on numbers them."""
    made = [np.random.default_rng([seed, i]).integers(0, 256, (5, 7), np.uint8) for i in range(n)]
    of_gan = pd.DataFrame({"operation": ["GAN"] * n, "x": 1.0, "y": 2.0, "width": 7.0, "height": 5.0})
    return ImageSet.from_arrays(made, ids=[f"GAN/3-{i}" for i in range(n)], provenance=of_gan)


def test_what_was_made_is_named_by_its_pixels_and_what_was_cut_out_by_its_id():
    cut = boxed(["a#0"], [(1, 2, 5, 6)])
    first, same, retrained = (pattern_names(cut + noise(seed)) for seed in (0, 0, 1))
    assert first == same
    assert first[0] == retrained[0] == "a#0"
    assert [name.partition("@")[0] for name in retrained] == ["a#0", "GAN/3-0", "GAN/3-1"]
    assert set(first[1:]).isdisjoint(retrained[1:])
    assert pattern_names(cut + noise(0), 2) == first[2:]


def test_what_was_said_about_a_made_pattern_is_not_about_another_one_of_its_id():
    judged, again, retrained = PatternTable(), PatternTable(), PatternTable()
    judged.extend(noise(0))
    again.extend(noise(0))
    retrained.extend(noise(1))
    told = said({"image": judged.named[0], "label": "crack", "present": False, **judged.place(0)})
    for table in (again, retrained):
        table.recall(told, range(2))
    assert again.states.tolist() == [DROPPED, UNDECIDED]
    assert retrained.states.tolist() == [UNDECIDED, UNDECIDED]
    assert again.rows(judged.named[:1]) == [0]
    assert retrained.rows(judged.named) == []
    assert again.digest(2) == judged.digest(2) != retrained.digest(2)


def test_a_made_pattern_that_cannot_be_read_is_named_by_its_id(tmp_path):
    file = tmp_path / "a.png"
    cv2.imwrite(str(file), np.zeros((4, 4), np.uint8))
    made = ImageSet.from_files([file]).with_provenance(pd.DataFrame({"operation": ["GAN"]}))
    assert pattern_names(made)[0].startswith("a.png@")
    file.unlink()
    assert pattern_names(made) == ["a.png"]


def test_classes_of_other_galleries_are_not_taken_over(table):
    said = annotations_frame(
        [
            {"image": "elsewhere#0", "label": "hole", "present": True, "annotator": "ada"},
            {"image": "GAN/1", "label": "spot", "present": True, "annotator": "ada"},
        ]
    )
    said["image"] = said["image"].replace("GAN/1", table.named[3])
    table.recall(said, range(4))
    assert table.classes == ["crack", "stain", "spot"]
    assert table.label(3) == "spot"
