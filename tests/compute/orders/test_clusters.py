import numpy as np
import pytest
from sklearn.metrics import adjusted_rand_score

from ig_widgets.compute.orders.clusters import image_clusters


def blobs(sizes, spread=0.3, seed=0):
    random = np.random.default_rng(seed)
    of = np.repeat(np.arange(len(sizes)), sizes)
    centers = 4 * random.normal(size=(len(sizes), 20))
    order = random.permutation(len(of))
    return (centers[of] + spread * random.normal(size=(len(of), 20)))[order], of[order]


def test_images_that_lie_together_are_one_cluster_and_the_largest_is_the_first():
    X, of = blobs([20, 80, 40])
    clusters = image_clusters(X, 3)
    assert adjusted_rand_score(of, clusters) == 1
    assert np.bincount(clusters).tolist() == [80, 40, 20]


def test_the_same_seed_gives_the_same_clusters():
    X, _ = blobs([50, 60, 70], spread=5)
    assert np.array_equal(image_clusters(X, random_state=3), image_clusters(X, random_state=3))


@pytest.mark.parametrize(("count", "clusters"), [(30, 2), (450, 4)])
def test_there_is_one_cluster_for_a_hundred_images(count, clusters):
    X, _ = blobs([count])
    assert image_clusters(X).max() + 1 == clusters


def test_images_that_cannot_be_read_are_in_none():
    X, _ = blobs([10, 10])
    X[[3, 7], 5] = np.nan
    clusters = image_clusters(X, 2)
    assert np.flatnonzero(clusters < 0).tolist() == [3, 7]
    assert image_clusters(np.full((3, 4), np.nan)).tolist() == [-1, -1, -1]
    assert image_clusters(np.empty((0, 4))).tolist() == []


def test_equal_images_are_in_one_cluster():
    assert image_clusters(np.ones((10, 4)), 3).tolist() == [0] * 10
    assert image_clusters(np.ones((1, 4))).tolist() == [0]
    of = np.repeat([0, 1, 2], [20, 30, 25])
    assert adjusted_rand_score(of, image_clusters(np.eye(3)[of], 5)) == 1
    assert image_clusters(np.r_[np.zeros((5, 2)), np.ones((4, 2))], 9).tolist() == [0] * 5 + [1] * 4


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("different", [2, 3])
def test_equal_images_are_not_parted_by_rounding(seed, different):
    random = np.random.default_rng([seed, different])
    of = random.integers(0, different, 1000)
    clusters = image_clusters(random.random((different, 50)).astype(np.float32)[of])
    assert all(len(set(clusters[of == number])) == 1 for number in range(different))


def test_there_are_no_more_clusters_than_images():
    assert sorted(image_clusters([[0.0], [9.0]], 5).tolist()) == [0, 1]


def test_wrong_arguments_are_named():
    with pytest.raises(ValueError, match="n_clusters is 0"):
        image_clusters([[0.0]], 0)
    with pytest.raises(ValueError, match="row of numbers for each image"):
        image_clusters([1.0, 2.0])
