import warnings

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import f1_score, log_loss, roc_auc_score
from sklearn.model_selection import GridSearchCV, cross_val_predict
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import MinMaxScaler
from sklearn.utils.estimator_checks import parametrize_with_checks

from ig_widgets.compute.labeling.labeler import WeakLabeler, hidden_layer_grid
from ig_widgets.data.errors import SelectionWarning

QUICK = {"hidden_layers": [(2,), (4,)], "alpha": 1e-5, "n_members": 2, "random_state": 0}
PAPER = {"alpha": 1e-5, "n_members": 1, "standardize": False, "threshold": 0.5, "calibrate": False}
LEARNERS = ["network", "logistic", "boosting"]


def similarities(counts, n_features=4, seed=0):
    """Images of class k score higher, by a standard deviation, for the patterns k, k + K, and so on."""
    rng = np.random.default_rng(seed)
    y = np.repeat(np.arange(len(counts)), counts)
    X = 0.4 + 0.1 * rng.standard_normal((len(y), n_features))
    X[np.arange(n_features) % len(counts) == y[:, None]] += 0.15
    shuffled = rng.permutation(len(y))
    return X[shuffled], y[shuffled]


@pytest.mark.slow
@parametrize_with_checks([WeakLabeler()])
def test_it_keeps_the_contract_of_scikit_learn(estimator, check):
    check(estimator)


@parametrize_with_checks([WeakLabeler(hidden_layers=[(4,)], alpha=1e-5, n_members=1)])
def test_a_single_small_network_keeps_the_contract_of_scikit_learn(estimator, check):
    check(estimator)


@parametrize_with_checks([WeakLabeler(learner="logistic")])
def test_logistic_regression_keeps_the_contract_of_scikit_learn(estimator, check):
    check(estimator)


@pytest.mark.slow
@parametrize_with_checks([WeakLabeler(learner="boosting")])
def test_boosting_keeps_the_contract_of_scikit_learn(estimator, check):
    check(estimator)


@given(counts=st.lists(st.integers(2, 9), min_size=2, max_size=4), seed=st.integers(0, 99))
@settings(max_examples=8, deadline=None)
def test_probabilities_sum_to_1_and_the_answer_is_the_most_probable(counts, seed):
    X, y = similarities(counts, seed=seed)
    labeler = WeakLabeler(**QUICK).fit(X, y)
    P = labeler.predict_proba(X)
    assert P.shape == (len(X), len(counts))
    assert P.min() >= 0
    np.testing.assert_allclose(P.sum(axis=1), 1)
    np.testing.assert_array_equal(labeler.predict(X), labeler.classes_[P.argmax(axis=1)])


def test_another_seed_gives_other_networks():
    X, y = similarities((12, 8))
    first, other = (WeakLabeler(**{**QUICK, "random_state": seed}).fit(X, y) for seed in (0, 1))
    assert not np.array_equal(first.predict_proba(X), other.predict_proba(X))


def test_probabilities_equal_the_mean_of_plain_networks_on_standardized_features():
    X, y = similarities((30, 20, 10))
    labeler = WeakLabeler(**QUICK, calibrate=False).fit(X, y)
    Z = (X - X.mean(axis=0)) / X.std(axis=0)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        slow = [
            MLPClassifier(
                labeler.hidden_layer_sizes_,
                solver="lbfgs",
                alpha=1e-5,
                max_iter=400,
                random_state=member.random_state,
            ).fit(Z, y)
            for member in labeler.members_
        ]
    np.testing.assert_allclose(
        labeler.predict_proba(X), np.mean([network.predict_proba(Z) for network in slow], axis=0), atol=1e-6
    )


def test_the_form_of_the_paper_is_one_plain_network():
    X, y = similarities((30, 20))
    labeler = WeakLabeler(**PAPER, hidden_layers=[(4, 4)], random_state=0).fit(X, y)
    (member,) = labeler.members_
    np.testing.assert_allclose(labeler.predict_proba(X), member.predict_proba(X))


def test_the_calibrated_threshold_calls_as_many_positive_as_there_are():
    X, y = similarities((40, 10))
    labeler = WeakLabeler(**QUICK).fit(X, y)
    assert labeler.oof_probabilities_.argmax(axis=1).sum() == 10
    assert 0 < labeler.threshold_ < 1


def test_a_given_threshold_becomes_one_half():
    X, y = similarities((30, 20))
    plain = WeakLabeler(**QUICK, threshold=0.5, calibrate=False).fit(X, y)
    strict = WeakLabeler(**QUICK, threshold=0.9, calibrate=False).fit(X, y)
    p = plain.predict_proba(X)[:, 1]
    np.testing.assert_array_equal(strict.predict(X), p > 0.9)
    shifted = strict.predict_proba(X)[:, 1]
    np.testing.assert_allclose(shifted, p / 9 / (p / 9 + 1 - p))
    assert roc_auc_score(y, shifted) == pytest.approx(roc_auc_score(y, p))


@pytest.mark.parametrize("counts", [(40, 12), (20, 20, 20)])
def test_calibrating_changes_how_sure_it_is_and_no_answer(counts):
    X, y = similarities(counts)
    plain = WeakLabeler(**QUICK, calibrate=False).fit(X, y)
    labeler = WeakLabeler(**QUICK).fit(X, y)
    assert plain.temperature_ == 1
    assert labeler.temperature_ != 1
    np.testing.assert_array_equal(labeler.predict(X), plain.predict(X))
    for calibrated, raw in (
        (labeler.predict_proba(X), plain.predict_proba(X)),
        (labeler.oof_probabilities_, plain.oof_probabilities_),
    ):
        weights = np.maximum(raw, np.finfo(float).eps) ** (1 / labeler.temperature_)
        np.testing.assert_allclose(calibrated, weights / weights.sum(axis=1, keepdims=True))
    assert log_loss(y, labeler.oof_probabilities_) < log_loss(y, plain.oof_probabilities_)


@pytest.mark.parametrize("learner", LEARNERS)
@pytest.mark.parametrize("counts", [(24, 9), (12, 12, 12)])
def test_every_learner_finds_what_there_is_to_learn_in_images_it_has_not_seen(learner, counts):
    X, y = similarities(counts)
    small = {"learner": learner, "hidden_layers": [(2,), (4,)], "alpha": 1.0, "random_state": 0}
    labeler = WeakLabeler(**small).fit(X, y)
    chance = 1 / len(counts)
    assert (labeler.oof_probabilities_.argmax(axis=1) == y).mean() > chance + 0.25
    np.testing.assert_allclose(labeler.predict_proba(X).sum(axis=1), 1)
    again = WeakLabeler(**small).fit(X, y)
    np.testing.assert_array_equal(labeler.predict_proba(X), again.predict_proba(X))
    assert labeler.scores_.equals(again.scores_)


@pytest.mark.parametrize("learner", LEARNERS)
def test_every_table_begins_with_what_sets_a_candidate_apart_and_ends_alike(learner):
    own = {"network": ["hidden_layer_sizes", "alpha"], "logistic": ["alpha"]}
    X, y = similarities((14, 8))
    labeler = WeakLabeler(learner=learner, hidden_layers=[(2,), (4,)], random_state=0).fit(X, y)
    table = labeler.scores_
    shared = ["parameters", "f1", "f1_sd", "converged", "chosen"]
    assert list(table.columns) == own.get(learner, ["leaves", "alpha"]) + shared
    assert table["chosen"].sum() == 1
    assert table.loc[table["chosen"], "alpha"].item() == labeler.alpha_
    assert (labeler.hidden_layer_sizes_ is None) == (learner != "network")
    assert table["converged"].isna().all() == (learner == "boosting")


def test_networks_without_hidden_layers_are_logistic_regressions_where_classes_are_equally_common():
    X, y = similarities((30, 30))
    plain = {"threshold": 0.5, "calibrate": False, "random_state": 0}
    for alpha in (1.0, 10.0):
        network = WeakLabeler(hidden_layers=[()], alpha=alpha, **plain).fit(X, y)
        logistic = WeakLabeler(learner="logistic", alpha=alpha, **plain).fit(X, y)
        assert network.scores_["parameters"].tolist() == logistic.scores_["parameters"].tolist()
        np.testing.assert_allclose(network.predict_proba(X), logistic.predict_proba(X), atol=1e-3)


def test_no_image_is_judged_by_a_pattern_cut_from_it():
    X, y = similarities((16, 8), n_features=8)
    defects = np.flatnonzero(y == 1)
    X[defects, np.arange(8)] = 1.0
    honest = WeakLabeler(**QUICK).fit(X, y, pattern_rows=defects)
    changed = X.copy()
    changed[defects[0], 0] = 0.0  # only this image's own score differs
    again = WeakLabeler(**QUICK, self_match="mean").fit(changed, y, pattern_rows=defects)
    before = WeakLabeler(**QUICK, self_match="mean").fit(X, y, pattern_rows=defects)
    np.testing.assert_array_equal(again.oof_probabilities_, before.oof_probabilities_)
    np.testing.assert_array_equal(again.predict_proba(X), before.predict_proba(X))
    fooled = WeakLabeler(**QUICK).fit(X, y)
    own = np.isin(np.arange(len(y)), defects)
    assert roc_auc_score(own, honest.oof_probabilities_[:, 1]) < roc_auc_score(
        own, fooled.oof_probabilities_[:, 1]
    )


def test_patterns_that_say_nothing_look_perfect_only_to_dishonest_validation():
    rng = np.random.default_rng(0)
    y = np.repeat([0, 1], (40, 20))
    X = rng.uniform(0.3, 0.6, (60, 20))
    X[40 + np.arange(20), np.arange(20)] = (
        1.0  # each defect finds its own pattern and nothing else is to learn
    )
    pattern_rows = 40 + np.arange(20)
    honest = WeakLabeler(**QUICK).fit(X, y, pattern_rows=pattern_rows)
    assert roc_auc_score(y, honest.oof_probabilities_[:, 1]) < 0.75


def test_own_scores_become_the_mean_of_the_class_elsewhere():
    X, y = similarities((6, 4), n_features=2)
    own = np.flatnonzero(y == 1)[0]
    replaced = X.copy()
    replaced[own, 0] = X[(y == 1) & (np.arange(10) != own), 0].mean()
    one = {**QUICK, "hidden_layers": [(4,)], "threshold": 0.5, "calibrate": False}
    by_hand = WeakLabeler(**one).fit(replaced, y)
    ours = WeakLabeler(**one, self_match="mean").fit(X, y, pattern_rows=[own, -1])
    np.testing.assert_array_equal(ours.predict_proba(X), by_hand.predict_proba(X))


def test_a_fold_without_any_pattern_left_knows_only_how_common_a_class_is():
    X, y = similarities((6, 4), n_features=1)
    own = np.flatnonzero(y == 1)[0]
    labeler = WeakLabeler(**QUICK, threshold=0.5, calibrate=False).fit(X, y, pattern_rows=[own])
    assert labeler.oof_probabilities_[own, 1] == pytest.approx(2 / 5)


def test_selection_takes_the_highest_f1_and_then_the_fewest_weights():
    X, y = similarities((30, 12))
    labeler = WeakLabeler(n_members=1, random_state=0).fit(X, y)
    table = labeler.scores_
    best = table[table["f1"] == table["f1"].max()].sort_values(["parameters", "alpha"]).index[0]
    assert table.index[table["chosen"]].tolist() == [best]
    assert table.loc[best, "hidden_layer_sizes"] == labeler.hidden_layer_sizes_
    assert table.loc[best, "alpha"] == labeler.alpha_
    assert len(table) == 2 * len(hidden_layer_grid(4))


def test_networks_are_as_wide_as_allowed():
    X, y = similarities((10, 10), n_features=20)
    narrow = {"max_iter": 2, "n_members": 1, "alpha": 1.0, "random_state": 0}
    for widest, largest in ((4, 4), (512, 32)):
        table = WeakLabeler(widest=widest, **narrow).fit(X, y).scores_
        assert max(map(max, table["hidden_layer_sizes"])) == largest


def test_weights_are_counted_as_the_networks_have_them():
    for counts in ((10, 10), (10, 10, 10)):
        X, y = similarities(counts)
        labeler = WeakLabeler(hidden_layers=[(4, 2)], n_members=1, alpha=1e-5, random_state=0).fit(X, y)
        (member,) = labeler.members_
        weights = sum(part.size for part in (*member.coefs_, *member.intercepts_))
        assert labeler.scores_["parameters"].tolist() == [weights]


def test_f1_of_a_candidate_is_the_mean_over_folds():
    X, y = similarities((40, 40, 40), seed=3)
    labeler = WeakLabeler(hidden_layers=[(4,), (8,)], alpha=1e-5, n_members=1, random_state=0).fit(X, y)
    # two folds of 60: one member, so the out-of-fold probabilities are those of the selection
    whole = f1_score(y, labeler.oof_probabilities_.argmax(axis=1), average="macro")
    assert labeler.scores_.loc[labeler.scores_["chosen"], "f1"].item() == pytest.approx(whole, abs=0.02)


@pytest.mark.parametrize("counts", [(50, 3), (50, 2), (300, 90), (25, 25, 25), (5, 4, 3, 2)])
def test_any_number_of_examples_from_two_is_validated_on_images_left_out(counts):
    X, y = similarities(counts)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        labeler = WeakLabeler(**QUICK).fit(X, y)
    judged = ~np.isnan(labeler.oof_probabilities_).any(axis=1)
    assert all(judged[y == k].any() for k in range(len(counts)))
    assert labeler.scores_["f1"].notna().all()


def test_a_class_with_one_example_is_said_to_be_too_small_to_validate():
    X, y = similarities((10, 1))
    with pytest.warns(SelectionWarning, match=r"class .*1.* has a single example.*label more"):
        labeler = WeakLabeler(**QUICK).fit(X, y)
    assert labeler.hidden_layer_sizes_ == (2,)
    assert labeler.threshold_ == 0.5
    assert labeler.temperature_ == 1
    assert labeler.fold_fits_ == []
    assert labeler.scores_["f1"].isna().all()


def test_reaching_the_step_limit_is_counted_but_warns_nobody():
    X, y = similarities((20, 20))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        labeler = WeakLabeler(**QUICK, max_iter=2).fit(X, y)
    assert (labeler.scores_["converged"] == 0).all()


@pytest.mark.parametrize("standardize", [True, False])
def test_constant_and_saturated_features_do_not_break_it(standardize):
    X, y = similarities((20, 6))
    X[:, 0], X[:, 1] = 0.1, 1e6 * (y == 1)
    P = WeakLabeler(**QUICK, standardize=standardize).fit(X, y).predict_proba(X)
    assert np.isfinite(P).all()


def test_it_can_be_used_by_scikit_learn():
    X, y = similarities((12, 12))
    pipeline = make_pipeline(MinMaxScaler(), WeakLabeler(**QUICK))
    pipeline.fit(X, y, weaklabeler__pattern_rows=[0, 1, -1, -1])
    assert cross_val_predict(pipeline, X, y, cv=2, method="predict_proba").shape == (24, 2)
    search = GridSearchCV(WeakLabeler(**QUICK), {"self_match": ["keep", "mean"]}, cv=2).fit(X, y)
    assert search.best_score_ > 0.5
