import importlib.util
import pickle

import numpy as np
import pandas as pd
import pytest
from sklearn.base import clone
from sklearn.metrics import f1_score, roc_auc_score

from ig_widgets.compute.baselines.label_model import SnorkelLabelModel
from ig_widgets.compute.baselines.snuba import Snuba
from ig_widgets.compute.baselines.stumps import LabelingStumps
from ig_widgets.compute.baselines.votes import MajorityVote, MaxSimilarity
from ig_widgets.compute.labeling.labeler import WeakLabeler
from ig_widgets.compute.labeling.metrics import label_metrics

LABELERS = [
    WeakLabeler(hidden_layers=[(2,), (4,)], alpha=1e-5, n_members=2, self_match="mean", random_state=0),
    Snuba(max_cardinality=2, max_heuristics=4, random_state=0),
    SnorkelLabelModel(n_epochs=10, random_state=0),
    MajorityVote(),
    MaxSimilarity(),
]
ESTIMATORS = [*LABELERS, LabelingStumps()]

N_PATTERNS = 6


def named(estimators):
    return pytest.mark.parametrize(
        "estimator", estimators, ids=[type(estimator).__name__ for estimator in estimators]
    )


@pytest.fixture(autouse=True)
def _snorkel(request):
    estimator = request.node.callspec.params.get("estimator") if hasattr(request.node, "callspec") else None
    if isinstance(estimator, SnorkelLabelModel) and importlib.util.find_spec("snorkel") is None:
        pytest.skip("snorkel is absent: install it with pip install 'ig_widgets[snorkel]'")


def similarities(counts=(16, 8), seed=0):
    """Images of class k score higher for the patterns k, k + K, and so on; of class 0 for none."""
    rng = np.random.default_rng(seed)
    y = np.repeat(np.arange(len(counts)), counts)
    X = 0.4 + 0.1 * rng.standard_normal((len(y), N_PATTERNS))
    own = 1 + np.arange(N_PATTERNS) % (len(counts) - 1)
    X += 0.3 * (own == y[:, None])
    order = rng.permutation(len(y))
    return X[order], y[order]


def answers(estimator, X):
    """Probabilities, or votes."""
    return estimator.transform(X) if isinstance(estimator, LabelingStumps) else estimator.predict_proba(X)


def assert_same_fit(one, other):
    for name, value in vars(one).items():
        if name.endswith("_") and isinstance(value, np.ndarray):
            np.testing.assert_array_equal(value, getattr(other, name))
        elif name.endswith("_") and isinstance(value, pd.DataFrame):
            assert value.equals(getattr(other, name))


@named(ESTIMATORS)
def test_rows_of_unreadable_images_are_named_and_not_guessed(estimator):
    X, y = similarities()
    estimator = clone(estimator).fit(X, y)
    broken = X.copy()
    broken[[4, 7]] = np.nan
    uses = [lambda: answers(estimator, broken), lambda: clone(estimator).fit(broken, y)]
    if estimator in LABELERS:
        uses.append(lambda: estimator.predict(broken))
    for use in uses:
        with pytest.raises(
            ValueError,
            match=r"X has missing values \(NaN\) in row 4, 7, as for images that cannot be read; leave these",
        ):
            use()


@named([Snuba(random_state=0), SnorkelLabelModel()])
def test_unlabeled_rows_must_be_whole_and_have_the_same_features(estimator):
    X, y = similarities()
    broken = X.copy()
    broken[3] = np.nan
    with pytest.raises(ValueError, match=r"X_unlabeled has missing values \(NaN\) in row 3"):
        estimator.fit(X, y, X_unlabeled=broken)
    with pytest.raises(ValueError, match="X_unlabeled has 2 features, but X has 6"):
        estimator.fit(X, y, X_unlabeled=X[:, :2])


@named(ESTIMATORS)
def test_one_class_is_not_enough(estimator):
    with pytest.raises(ValueError, match="at least 2 classes, but y has 1 class, 'ok'"):
        clone(estimator).fit(similarities()[0], np.full(24, "ok"))


@pytest.mark.parametrize(
    ("pattern_rows", "sentence"),
    [
        ([0, 1], "X has 6 features"),
        (np.arange(6.0), "give integers"),
        ([0, 1, 2, 3, 4, 24], "X has the rows 0 to 23"),
        ([0, 1, 2, 3, 4, -2], "reaches from -2"),
    ],
    ids=["too few", "floats", "too high", "too low"],
)
@named(ESTIMATORS)
def test_pattern_rows_that_do_not_fit_are_refused(estimator, pattern_rows, sentence):
    with pytest.raises(ValueError, match=sentence):
        clone(estimator).fit(*similarities(), pattern_rows=pattern_rows)


@pytest.mark.parametrize(
    ("estimator", "sentence"),
    [
        (WeakLabeler(n_members=0), "n_members is 0"),
        (WeakLabeler(examples_per_fold=0), "examples_per_fold is 0"),
        (WeakLabeler(self_match="drop"), "self_match is 'drop'"),
        (WeakLabeler(threshold="best"), "threshold is 'best'"),
        (WeakLabeler(threshold=1.0), "threshold is 1.0"),
        (WeakLabeler(hidden_layers="all"), "hidden_layers is 'all'"),
        (WeakLabeler(hidden_layers=[]), "nothing to choose from"),
        (WeakLabeler(alpha=[]), "nothing to choose from"),
        (WeakLabeler(alpha=[1.0, -1.0]), "alpha is -1.0"),
        (WeakLabeler(learner="forest"), "learner is 'forest'"),
        (WeakLabeler(widest=2), "widest is 2"),
        (Snuba(model="forest"), "model is 'forest'; give one of tree, logistic, neighbors"),
        (Snuba(jaccard="bags"), "jaccard is 'bags'"),
        (Snuba(feedback="all"), "feedback is 'all'"),
        (Snuba(max_heuristics=0), "max_heuristics is 0"),
        (Snuba(keep_first=0), "keep_first is 0"),
        (Snuba(max_cardinality=0), "max_cardinality is 0"),
        (Snuba(max_cardinality=3, max_candidates=40), "6 features have 41 combinations of up to 3"),
        (SnorkelLabelModel(class_balance="half"), "class_balance is 'half'"),
        (MajorityVote(min_share=1.0), "min_share is 1.0"),
        (LabelingStumps(min_share=0.4), "min_share is 0.4"),
        (LabelingStumps(min_share=1.0), "min_share is 1.0"),
    ],
    ids=lambda value: value if isinstance(value, str) else type(value).__name__,
)
def test_wrong_settings_are_named(estimator, sentence):
    with pytest.raises(ValueError, match=sentence):
        estimator.fit(*similarities())


@named(ESTIMATORS)
def test_the_same_seed_gives_the_same_output_in_any_number_of_processes(estimator):
    X, y = similarities()
    first, second = clone(estimator).fit(X, y), clone(estimator)
    if "n_jobs" in estimator.get_params():
        second.set_params(n_jobs=2)
    second.fit(X, y)
    np.testing.assert_array_equal(answers(first, X), answers(second, X))
    assert_same_fit(first, second)


@named(ESTIMATORS)
def test_they_can_be_cloned_and_pickled(estimator):
    X, y = similarities()
    fitted = clone(estimator).fit(X, y)
    again = pickle.loads(pickle.dumps(fitted))  # noqa: S301 - our own bytes
    np.testing.assert_array_equal(answers(again, X), answers(fitted, X))
    assert clone(fitted).get_params() == fitted.get_params()


@named(ESTIMATORS)
def test_fit_leaves_its_arguments_alone(estimator):
    X, y = similarities()
    rows = np.array([0, 1, 2, 3, -1, -1])
    given = {"y": y, "pattern_rows": rows}
    if isinstance(estimator, (Snuba, SnorkelLabelModel, MajorityVote, MaxSimilarity)):
        given["X_unlabeled"] = X + 0.01
    kept = {name: value.copy() for name, value in given.items()} | {"X": X.copy()}
    clone(estimator).fit(X, **given)
    for name, value in ({"X": X} | given).items():
        np.testing.assert_array_equal(value, kept[name])


@pytest.mark.parametrize("counts", [(16, 8), (12, 9, 7)], ids=["two classes", "three classes"])
@named(LABELERS)
def test_probabilities_sum_to_1_and_their_columns_follow_the_classes(estimator, counts):
    if isinstance(estimator, MaxSimilarity) and len(counts) > 2:
        pytest.skip("for two classes only")
    X, y = similarities(counts)
    words = np.array(["dent", "ok", "scratch"])[y]
    labeler = clone(estimator).fit(X, words)
    assert labeler.classes_.tolist() == ["dent", "ok", "scratch"][: len(counts)]
    P = labeler.predict_proba(X)
    assert P.shape == (len(X), len(counts))
    assert P.min() >= 0
    np.testing.assert_allclose(P.sum(axis=1), 1)
    np.testing.assert_array_equal(labeler.predict(X), labeler.classes_[P.argmax(axis=1)])
    for code in range(len(counts)):
        assert P[y == code, code].mean() > P[y != code, code].mean()


@named(ESTIMATORS)
def test_an_images_own_pattern_is_not_learned_from(estimator):
    X, y = similarities()
    rows = np.full(N_PATTERNS, -1)
    rows[0] = defect = int(np.flatnonzero(y == 1)[0])
    changed = X.copy()
    changed[defect, 0] = 9.0
    first, second = (clone(estimator).fit(scores, y, pattern_rows=rows) for scores in (X, changed))
    new = similarities(seed=1)[0]
    np.testing.assert_array_equal(answers(first, new), answers(second, new))
    assert_same_fit(first, second)


@pytest.fixture
def published(data_dir):
    """KSDD by the published code: X and y, rows of the development set, pattern rows, rows of the others."""
    table = np.genfromtxt(data_dir / "ksdd" / "labels.csv", delimiter=",", dtype=str, skip_header=1)
    with np.load(data_dir / "ksdd" / "reference_features_original.npz") as stored:
        X, patterns = stored["scores"], stored["patterns"]
    y = (table[:, 2] == "crack").astype(int)
    development = np.flatnonzero(table[:, 3] == "dev")
    rows = np.searchsorted(development, [int(name.partition("_")[0]) for name in patterns])
    return X, y, development, rows, np.setdiff1d(np.arange(len(y)), development)


@pytest.mark.parametrize(
    ("estimator", "times_as_good_as_guessing", "f1"),
    [
        (MaxSimilarity(), 2, 0),
        (MajorityVote(), 3, 0.4),
        (Snuba(random_state=0), 3, 0.45),
        (SnorkelLabelModel(random_state=0), 2, 0),
    ],
    ids=lambda value: "" if isinstance(value, (int, float)) else type(value).__name__,
)
def test_published_features_give_baselines_that_find_cracks(
    estimator, times_as_good_as_guessing, f1, published
):
    """42 of the 321 test images have cracks, which is the average precision of guessing."""
    X, y, development, rows, test = published
    labeler = estimator.fit(X[development], y[development], X_unlabeled=X[test], pattern_rows=rows)
    measured = label_metrics(y[test], labeler.predict_proba(X[test]))
    assert measured["average_precision"] > times_as_good_as_guessing * 42 / 321
    assert measured["f1"] >= f1


def test_without_pattern_rows_the_threshold_lies_at_the_score_of_1_that_no_new_image_has(published):
    X, y, development, _, test = published
    assert MaxSimilarity().fit(X[development], y[development]).predict(X[test]).sum() == 0


def test_published_features_are_ranked_as_well_as_by_the_published_code(published):
    """Ten patterns: the code's own procedure has a median F1 of 0.529 and a mean AUC of 0.874."""
    X, y, development, rows, test = published
    measured = []
    for seed in range(3):
        labeler = WeakLabeler(alpha=1e-5, random_state=seed).fit(X[development], y[development], rows)
        P = labeler.predict_proba(X[test])[:, 1]
        measured.append((f1_score(y[test], P > 0.5), roc_auc_score(y[test], P)))
    f1, auc = np.median(measured, axis=0)
    assert f1 >= 0.529
    assert auc >= 0.874
