import numpy as np
import pytest
from sklearn.neighbors import KNeighborsClassifier

from ig_widgets.compute import threads
from ig_widgets.compute.orders.suspects import cross_validated_proba


def blobs(n=300, n_classes=3, seed=0):
    rng = np.random.default_rng(seed)
    y = rng.integers(n_classes, size=n)
    return rng.normal(0, 0.3, (n, 5)) + 3 * np.eye(5)[y], y


def test_wrong_labels_are_doubted_and_right_ones_are_not():
    X, y = blobs()
    labels = y.copy()
    labels[:10] = (y[:10] + 1) % 3
    P = cross_validated_proba(X, labels, 3)
    assert P.sum(axis=1) == pytest.approx(np.ones(300))
    assert (P.argmax(axis=1) == y).mean() > 0.95
    believed = P[np.arange(300), labels]
    assert set(np.argsort(believed)[:15].tolist()) >= set(range(10))


def test_no_image_is_predicted_by_a_model_that_knows_its_label():
    X, _ = blobs(60)
    rng = np.random.default_rng(1)
    labels = rng.integers(3, size=60)
    P = cross_validated_proba(X, labels, 3, model=KNeighborsClassifier(1))
    assert (P.argmax(axis=1) == labels).mean() < 0.6  # its own label would make 1
    assert (KNeighborsClassifier(1).fit(X, labels).predict(X) == labels).all()


def test_images_without_label_are_predicted_from_all_others():
    X, y = blobs()
    labels = y.copy()
    labels[:20] = -1
    P = cross_validated_proba(X, labels, 3)
    model = KNeighborsClassifier(3)
    assert (P[:20].argmax(axis=1) == y[:20]).mean() > 0.9
    expected = model.fit(X[20:], y[20:]).predict_proba(X[:20])
    assert cross_validated_proba(X, labels, 3, model=model)[:20] == pytest.approx(expected)


def test_rare_classes_and_classes_that_nobody_used_do_no_harm():
    X, y = blobs(40)
    y[y == 2] = 0
    y[7] = 2  # one example: in its own fold there is none to learn from
    P = cross_validated_proba(X, y, 5)
    assert P.shape == (40, 5)
    assert P.sum(axis=1) == pytest.approx(np.ones(40))
    assert P[7, 2] == 0
    assert (P[:, 3:] == 0).all()


def test_images_that_cannot_be_read_are_not_judged():
    X, y = blobs()
    X[5] = np.nan
    P = cross_validated_proba(X, y, 3)
    assert np.isnan(P[5]).all()
    assert np.isfinite(np.delete(P, 5, axis=0)).all()


def test_few_images_of_many_numbers_are_learned_from():
    rng = np.random.default_rng(2)
    y = np.arange(45) % 3
    X = rng.normal(size=(45, 1000)).astype(np.float32)
    X[:, :60] += 3 * np.repeat(np.eye(3, dtype=np.float32), 20, axis=1)[y]
    assert (cross_validated_proba(X, y, 3).argmax(axis=1) == y).mean() > 0.9


def test_packed_words_are_no_numbers_to_learn_from():
    with pytest.raises(ValueError, match="words as unpack_words returns them"):
        cross_validated_proba(np.ones((4, 2), np.uint64), [0, 1, 0, 1], 2)


def test_a_seed_is_a_result():
    X, y = blobs()
    assert np.array_equal(cross_validated_proba(X, y, 3), cross_validated_proba(X, y, 3))


@pytest.mark.parametrize(
    ("labels", "folds", "sentence"),
    [
        ([0, 0, 0, 0], 2, "of 1 classes"),
        ([0, 1, -1, -1], 3, "2 images can be read and have a label"),
        ([0, 1, 0, 1], 1, "with folds=1, give 2 folds or more"),
        ([0, 1, 5, 1], 2, "label 2 is 5"),
    ],
)
def test_bad_arguments_are_named(labels, folds, sentence):
    with pytest.raises(ValueError, match=sentence):
        cross_validated_proba(np.eye(4), labels, 2, folds=folds)


def test_the_number_of_free_cores_changes_nothing_not_even_the_last_bit(monkeypatch):
    rng = np.random.default_rng(0)
    X = rng.normal(size=(240, 130)).astype(np.float32)  # enough for BLAS to share out
    labels = rng.integers(-1, 4, 240)
    results = []
    for free in (1, 2, 5):
        monkeypatch.setattr(threads._meter, "free", lambda free=free: free)
        results.append(cross_validated_proba(X, labels, 4))
    for other in results[1:]:
        assert np.array_equal(results[0], other)
