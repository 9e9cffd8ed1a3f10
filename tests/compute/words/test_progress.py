import numpy as np
from tqdm.auto import tqdm

from ig_widgets.compute.words.progress import ProgressMaps


def test_maps_are_as_they_are_and_the_bar_counts_them():
    maps = np.random.default_rng(0).random((9, 2, 3, 4)).astype(np.float32)
    with tqdm(total=9, disable=False) as bar:
        watched = ProgressMaps(maps, bar)
        assert len(watched) == 9
        assert np.array_equal(watched[2:6], maps[2:6])
        assert np.array_equal(watched[np.array([1, 7])], maps[[1, 7]])
        assert np.array_equal(watched[3], maps[3])
        assert bar.n == 7
