import json

import numpy as np
import pytest

from ig_widgets.compute.matching.matcher import match
from ig_widgets.data.annotations import BOX
from ig_widgets.experiments import errors
from ig_widgets.experiments.errors import misses


def test_the_quick_form_counts_and_lists_the_misses_and_draws_them(small_ksdd, tmp_path):
    metrics, settings = errors.run(small_ksdd, quick=True, pictures=tmp_path / "new")
    row = metrics["learned"]
    assert list(metrics) == ["learned"]
    assert list(row)[:5] == ["f1_median", "f1_min", "f1_max", "ap_median", "seeds"]
    kinds = [miss["kind"] for miss in settings["misses"]]
    assert kinds.count("false negative") == row["false_negatives"]
    assert kinds.count("false positive") == row["false_positives"]
    found = 6 - row["false_negatives"]  # 12 images are left, 6 of them with a bar
    assert row["f1_median"] == pytest.approx(2 * found / (found + 6 + row["false_positives"]))
    json.dumps([metrics, settings])
    assert (tmp_path / "new" / "errors.png").is_file()


def wrong_about(split, rows, probabilities):
    """Return probabilities that are right but for some rows."""
    P = np.eye(2)[split.dataset.y]
    P[rows] = np.column_stack([1 - np.array(probabilities), probabilities])
    return P[split.test]


def test_misses_are_those_of_which_the_other_class_is_more_probable(small_split):
    cracks = [row for row in small_split.test if small_split.dataset.y[row] == 1][:3]
    sound = [row for row in small_split.test if small_split.dataset.y[row] == 0][:2]
    P = wrong_about(small_split, [*cracks, *sound], [0.4, 0.6, 0.1, 0.7, 0.9])
    table = misses(small_split, P)
    rows = [cracks[2], cracks[0], sound[1], sound[0]]  # the surest first; one crack was found
    assert table["file"].to_list() == [small_split.dataset.images.ids[row] for row in rows]
    assert table["kind"].to_list() == 2 * ["false negative"] + 2 * ["false positive"]
    np.testing.assert_allclose(table["probability"], [0.1, 0.4, 0.9, 0.7])


def test_a_miss_is_shown_with_the_pattern_most_similar_to_it_and_where_that_is(small_split):
    there = small_split.dataset.boxes.copy()
    there.loc[::2, list(BOX)] = 0, 0, 4, 4  # as if some cracks were elsewhere
    small_split.dataset = small_split.dataset._replace(boxes=there)
    table = misses(small_split, 1 - np.eye(2)[small_split.dataset.y[small_split.test]])
    assert sorted(table["file"]) == sorted(small_split.dataset.images[small_split.test].ids)
    there = there.set_index("image")
    for miss in table.to_dict("records"):
        image = small_split.dataset.images[small_split.dataset.images.position(miss["file"])]
        found = [match(image, pattern, search="pyramid") for pattern in small_split.original]
        best = int(np.argmax([score for score, _ in found]))
        assert miss["pattern"] == small_split.original.ids[best]
        assert miss["similarity"] == found[best].score
        x0, y0, x1, y1 = found[best].box
        assert [miss[name] for name in BOX] == [x0, y0, x1 - x0, y1 - y0]
        covered = np.zeros_like(image)
        if miss["kind"] == "false negative":
            x, y, width, height = there.loc[miss["file"], list(BOX)].astype(int)
            covered[y : y + height, x : x + width] = 1
        assert miss["on_the_defect"] == covered[y0:y1, x0:x1].any()
    assert set(table.loc[table["kind"] == "false negative", "on_the_defect"]) == {True, False}


def test_without_a_miss_there_is_an_empty_table_and_a_picture(small_split, tmp_path):
    table = misses(small_split, np.eye(2)[small_split.dataset.y[small_split.test]])
    assert table.empty
    errors._draw(small_split, table, tmp_path / "none.png")
    assert (tmp_path / "none.png").is_file()
