import numpy as np
import pytest

from ig_widgets.compute.labeling import importance
from ig_widgets.compute.labeling.importance import pattern_importances
from ig_widgets.compute.labeling.labeler import WeakLabeler

SMALL = {"hidden_layers": [(2,)], "alpha": 1.0, "n_members": 2, "random_state": 0}


def similarities(counts, n_features=6, seed=0):
    """Only the features 0 and 1 tell the classes apart, and 0 does so better."""
    rng = np.random.default_rng(seed)
    y = rng.permutation(np.repeat(np.arange(len(counts)), counts))
    X = rng.uniform(0.2, 0.6, (len(y), n_features))
    X[:, 0] += 0.4 * y
    X[:, 1] += 0.2 * y
    return X, y


def one_at_a_time(labeler, X, y, repeats, seed):
    """The same, pattern by pattern and image by image."""
    rng = np.random.default_rng(int(np.random.RandomState(seed).randint(2**31 - 1)))
    codes = np.searchsorted(labeler.classes_, y)
    growths = [[] for _ in range(X.shape[1])]

    def losses(fit, rows):
        for row, code in zip(rows, codes[fit.left_out], strict=True):
            P = fit.members.probabilities(row[None])[0]
            if len(P) == 2:
                odds = P[1] / P[0] * (1 - labeler.threshold_) / labeler.threshold_
                P = np.array([1 / (1 + odds), odds / (1 + odds)])
            P = P ** (1 / labeler.temperature_)
            yield -np.log(P[code] / P.sum())

    for fit in labeler.fold_fits_:
        rows = X[np.ix_(fit.left_out, fit.columns)]
        before = list(losses(fit, rows))
        orders = [rng.permutation(len(rows)) for _ in range(repeats)]
        for k, column in enumerate(np.flatnonzero(fit.columns)):
            of_images = np.zeros(len(rows))
            for order in orders:
                mixed = rows.copy()
                mixed[:, k] = rows[order, k]
                of_images += (np.array(list(losses(fit, mixed))) - before) / repeats
            growths[column].extend(of_images)
    return [np.mean(of_column) for of_column in growths]


@pytest.mark.parametrize("counts", [(20, 8), (8, 8, 8)])
def test_it_equals_mixing_one_pattern_at_a_time(counts, monkeypatch):
    X, y = similarities(counts)
    pattern_rows = np.array([0, 3, -1, 3, 5, 6])
    labeler = WeakLabeler(**SMALL).fit(X, y, pattern_rows=pattern_rows)
    slow = one_at_a_time(labeler, X, y, 2, 7)
    np.testing.assert_allclose(pattern_importances(labeler, X, y, repeats=2, random_state=7), slow)
    monkeypatch.setattr(importance, "_VALUES_AT_ONCE", 1)
    np.testing.assert_allclose(pattern_importances(labeler, X, y, repeats=2, random_state=7), slow)


@pytest.mark.parametrize("learner", ["network", "logistic", "boosting"])
def test_the_better_a_pattern_tells_classes_apart_the_more_it_matters(learner):
    X, y = similarities((60, 60))
    labeler = WeakLabeler(**SMALL, learner=learner).fit(X, y)
    importances = pattern_importances(labeler, X, y, repeats=20, random_state=0)
    assert importances[0] > importances[1] >= importances[2:].max()
    assert np.abs(importances[2:]).max() < importances[0] / 5


def test_a_pattern_that_trees_cannot_split_on_does_not_matter_at_all():
    X, y = similarities((20, 12))
    X[:, 3] = 0.5
    labeler = WeakLabeler(learner="boosting", random_state=0).fit(X, y)
    assert pattern_importances(labeler, X, y)[3] == 0


def test_a_perfect_score_for_its_own_image_does_not_make_a_pattern_important():
    rng = np.random.default_rng(0)
    y = np.repeat([0, 1], (40, 10))
    X = rng.uniform(0.3, 0.6, (50, 11))
    X[40 + np.arange(10), np.arange(10)] = 1.0
    X[:, 10] += 0.4 * y
    labeler = WeakLabeler(**SMALL).fit(X, y, pattern_rows=np.append(40 + np.arange(10), -1))
    assert pattern_importances(labeler, X, y, random_state=0).argmax() == 10


def test_the_same_seed_gives_the_same_importances_and_leaves_numpy_alone():
    X, y = similarities((20, 8))
    labeler = WeakLabeler(**SMALL).fit(X, y)
    state = np.random.get_state()[1].copy()  # noqa: NPY002 - it is the global one that must not change
    first, same, other = (pattern_importances(labeler, X, y, random_state=seed) for seed in (0, 0, 1))
    np.testing.assert_array_equal(np.random.get_state()[1], state)  # noqa: NPY002
    np.testing.assert_array_equal(first, same)
    assert not np.array_equal(first, other)


def test_a_pattern_that_no_fold_could_use_has_no_importance():
    X, y = similarities((20, 8), n_features=2)
    labeler = WeakLabeler(**SMALL).fit(X, y, pattern_rows=[0, 0])
    labeler.fold_fits_ = [fit for fit in labeler.fold_fits_ if not fit.columns.any()]
    assert np.isnan(pattern_importances(labeler, X, y)).all()


def test_nothing_is_known_where_nothing_could_be_validated():
    X, y = similarities((9, 1))
    with pytest.warns(UserWarning, match="single example"):
        labeler = WeakLabeler(**SMALL).fit(X, y)
    assert np.isnan(pattern_importances(labeler, X, y)).all()


def test_other_images_than_it_was_fitted_to_are_refused():
    X, y = similarities((20, 8))
    labeler = WeakLabeler(**SMALL).fit(X, y)
    with pytest.raises(ValueError, match="X is not what the labeler was fitted to"):
        pattern_importances(labeler, X[::-1], y)
    with pytest.raises(ValueError, match=r"X has 27 rows and .* fitted to 28 images"):
        pattern_importances(labeler, X[1:], y[1:])
    with pytest.raises(ValueError, match=r"y has shape \(27,\)"):
        pattern_importances(labeler, X, y[1:])
    with pytest.raises(ValueError, match="y has classes"):
        pattern_importances(labeler, X, y + 1)
    with pytest.raises(ValueError, match="repeats is 0"):
        pattern_importances(labeler, X, y, repeats=0)
