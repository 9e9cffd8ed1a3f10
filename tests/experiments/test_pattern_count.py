import json

import numpy as np
import pytest

from ig_widgets.experiments import pattern_count
from ig_widgets.experiments.parts.methods import METHODS
from ig_widgets.experiments.pattern_count import labeled_with, random_part

KINDS = {"policy": ["policy"], "gan": ["gan"], "both": ["policy", "gan"]}


def test_the_quick_form_writes_all_rows_and_a_picture(small_ksdd, tmp_path):
    metrics, settings = pattern_count.run(small_ksdd, quick=True, pictures=tmp_path / "new")
    assert list(metrics) == ["none", *(f"{kind}/{count}" for kind in KINDS for count in settings["counts"])]
    for row in metrics.values():
        assert list(row) == ["f1_median", "f1_min", "f1_max", "ap_median", "seeds"]
        assert 0 <= row["f1_min"] <= row["f1_median"] <= row["f1_max"] <= 1
    assert settings["n_augmented"] == max(settings["counts"])
    json.dumps([metrics, settings])
    assert (tmp_path / "new" / "pattern_count.png").stat().st_size > 5000


@pytest.mark.parametrize("origin", ["policy", "gan"])
def test_fewer_patterns_are_part_of_more(small_split, origin):
    before = set()
    for count in (0, 3, 7, 12, 20):  # there are no 20
        now = set(random_part(small_split, origin, count).ids)
        assert len(now) == min(count, 12)
        assert before <= now
        before = now
    assert before == set(getattr(small_split, origin).ids)


def test_none_of_an_augmentation_is_no_augmentation(small_split):
    none = METHODS["none"](small_split)
    for origins in KINDS.values():
        np.testing.assert_array_equal(labeled_with(small_split, origins=origins, count=0), none)


@pytest.mark.parametrize(
    ("kind", "count", "shares"), [("policy", 5, [5]), ("both", 5, [3, 2]), ("both", 6, [3, 3])]
)
def test_augmentations_share_a_number(small_split, kind, count, shares):
    parts = [random_part(small_split, *pair) for pair in zip(KINDS[kind], shares, strict=True)]
    fitted = small_split.label(*parts)
    assert len(fitted.patterns_) == 6 + count
    found = labeled_with(small_split, origins=KINDS[kind], count=count)
    np.testing.assert_array_equal(found, fitted.P_[small_split.test])
