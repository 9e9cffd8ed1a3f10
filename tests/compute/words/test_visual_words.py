import numpy as np
import pytest
from sklearn.base import clone

from ig_widgets.compute import threads
from ig_widgets.compute.words.packing import unpack_words
from ig_widgets.compute.words.visual_words import VisualWords


def maps_of(n=60, seed=0):
    """Cells of eight kinds, some of them in each image."""
    rng = np.random.default_rng(seed)
    kinds = rng.normal(size=(8, 5))
    of = rng.integers(0, 8, (n, 4, 3))
    strength = rng.uniform(0.5, 2, (n, 4, 3, 1))
    return (strength * kinds[of] + rng.normal(0, 0.02, (n, 4, 3, 5))).astype(np.float32), of


def words(maps, n_words=8, **settings):
    found = VisualWords(n_words, random_state=0, **settings).fit(maps)
    return found, unpack_words(found.transform(maps), n_words)


def test_each_image_has_the_words_next_to_its_cells():
    maps, _ = maps_of()
    found, X = words(maps, 20)
    for i, of in enumerate(maps):
        expected = set()
        for cell in of.reshape(-1, 5):
            expected.add(int(np.linalg.norm(found.words_ - cell / np.linalg.norm(cell), axis=1).argmin()))
        assert set(np.flatnonzero(X[i]).tolist()) == expected


def test_cells_of_one_kind_are_one_word_however_strong_they_are():
    maps, of = maps_of()
    found, X = words(maps, 8, max_cells=10_000)
    names = {}
    for i in range(len(maps)):
        for kind, cell in zip(of[i].ravel(), maps[i].reshape(-1, 5), strict=True):
            word = int(np.linalg.norm(found.words_ - cell / np.linalg.norm(cell), axis=1).argmin())
            names.setdefault(kind, set()).add(word)
    assert sum(len(of_kind) for of_kind in names.values()) <= 10  # k-means may split a kind and join two
    assert X.sum(axis=1).min() >= 1


def test_a_seed_is_a_set_of_words_and_equal_images_have_equal_rows():
    maps, _ = maps_of()
    maps[7] = maps[3]
    found, X = words(maps)
    again = clone(found).fit(maps)
    assert np.array_equal(again.words_, found.words_)
    listed = clone(found).fit(list(maps))  # as in scikit-learn's cross-validation
    assert np.array_equal(listed.transform(list(maps)), found.transform(maps))
    assert np.array_equal(X[7], X[3])


def test_maps_are_asked_for_a_few_at_a_time():
    maps, _ = maps_of(500)
    asked = []

    class Maps:
        def __len__(self):
            return len(maps)

        def __getitem__(self, positions):
            asked.append(len(positions))
            return maps[positions]

    found = VisualWords(8, random_state=0, max_cells=1200).fit(Maps())
    assert found.n_cells_ == 1200
    assert sum(asked) < 200  # no more than it needs
    assert np.array_equal(found.transform(Maps()), found.transform(maps))
    assert max(asked) <= 64


def test_images_that_cannot_be_read_have_no_words_and_change_nothing():
    maps, _ = maps_of()
    with_gap = np.concatenate([maps, np.full((1, 4, 3, 5), np.nan, np.float32)])
    found, _ = words(maps)
    rows = unpack_words(found.transform(with_gap), 8)
    assert not rows[-1].any()
    assert np.array_equal(rows[:-1], unpack_words(found.transform(maps), 8))
    assert np.isfinite(VisualWords(8, random_state=0).fit(with_gap).words_).all()


def test_a_blank_cell_is_a_word_too():
    maps, _ = maps_of()
    maps[0] = 0
    _, X = words(maps)
    assert X[0].sum() == 1


@pytest.mark.parametrize(
    ("settings", "shape", "sentence"),
    [
        ({"n_words": 0}, (5, 2, 2, 3), "give 1 word or more"),
        ({"n_words": 9, "max_cells": 8}, (5, 2, 2, 3), "at least as many cells"),
        ({"n_words": 21}, (5, 2, 2, 3), "5 images have 20 readable cells, too few for 21 words"),
        ({"n_words": 2}, (5, 3), r"give \(n_images, rows, columns, channels\)"),
    ],
)
def test_bad_arguments_are_named(settings, shape, sentence):
    with pytest.raises(ValueError, match=sentence):
        VisualWords(**settings).fit(np.ones(shape, np.float32))


def test_other_channels_are_refused():
    found, _ = words(maps_of()[0])
    with pytest.raises(ValueError, match="maps have 4 channels, but the words were learned from 5"):
        found.transform(np.ones((2, 3, 3, 4), np.float32))


def test_the_number_of_free_cores_changes_nothing_not_even_the_last_bit(monkeypatch):
    rng = np.random.default_rng(0)
    maps = rng.normal(size=(100, 5, 5, 40)).astype(np.float32)
    results = []
    for free in (1, 2, 5):
        monkeypatch.setattr(threads._meter, "free", lambda free=free: free)
        results.append(words(maps, 30))
    for found, X in results[1:]:
        assert np.array_equal(found.words_, results[0][0].words_)
        assert np.array_equal(X, results[0][1])
