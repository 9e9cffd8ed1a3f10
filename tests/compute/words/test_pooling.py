import numpy as np
import pytest

from ig_widgets.compute.words.filter_bank import filter_maps
from ig_widgets.compute.words.pooling import pool_maps


def test_each_part_is_the_mean_of_its_cells():
    maps = np.random.default_rng(0).normal(size=(70, 6, 9, 4)).astype(np.float32)
    rows = pool_maps(maps, 3)
    assert rows.shape == (70, 3 * 3 * 4)
    for k, (r, c) in enumerate(np.ndindex(3, 3)):
        part = maps[:, 2 * r : 2 * r + 2, 3 * c : 3 * c + 3].mean(axis=(1, 2))
        assert rows[:, 4 * k : 4 * k + 4] == pytest.approx(part, abs=1e-6)


def test_a_grid_is_no_finer_than_the_maps_and_all_cells_count_once():
    maps = np.random.default_rng(1).normal(size=(3, 2, 5, 1)).astype(np.float32)
    rows = pool_maps(maps, 4)
    assert rows.shape == (3, 2 * 4)
    assert pool_maps(maps, 1)[:, 0] == pytest.approx(maps.mean(axis=(1, 2, 3)), abs=1e-6)


def test_maps_that_are_computed_when_asked_for_give_the_same_rows():
    images = list(np.random.default_rng(2).integers(0, 256, (70, 32, 32), dtype=np.uint8))
    maps = filter_maps(images)
    assert np.array_equal(pool_maps(maps), pool_maps(maps[:]))


def test_a_map_that_is_missing_stays_missing():
    maps = np.ones((2, 3, 3, 2), np.float32)
    maps[1] = np.nan
    assert np.isnan(pool_maps(maps)[1]).all()
    assert np.isfinite(pool_maps(maps)[0]).all()
    with pytest.raises(ValueError, match="grid is 0"):
        pool_maps(maps, 0)
