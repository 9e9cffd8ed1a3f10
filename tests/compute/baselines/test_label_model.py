import importlib.util
import random
import sys

import numpy as np
import pytest
import torch

from ig_widgets.compute.baselines.label_model import SnorkelLabelModel
from ig_widgets.compute.labeling.metrics import label_metrics

needs_snorkel = pytest.mark.skipif(
    importlib.util.find_spec("snorkel") is None,
    reason="snorkel is absent: install it with pip install 'ig_widgets[snorkel]'",
)


def planted(n=50, n_unlabeled=300, accuracies=(0.9, 0.9, 0.7, 0.7, 0.6), share=0.4, seed=0):
    """Features that are high for defects, and low for others, as often as their accuracy says."""
    rng = np.random.default_rng(seed)
    y = (rng.random(n + n_unlabeled) < share).astype(int)
    right = rng.random((len(y), len(accuracies))) < accuracies
    X = np.where(right, y[:, None], 1 - y[:, None]) + 0.2 * rng.random((len(y), len(accuracies)))
    return X[:n], y[:n], X[n:], y[n:]


def test_a_missing_package_is_named_with_how_to_install_it(monkeypatch):
    monkeypatch.setitem(sys.modules, "snorkel.labeling.model", None)
    X, y, U, _ = planted()
    with pytest.raises(ImportError, match=r"needs the package snorkel.*pip install 'ig_widgets\[snorkel\]'"):
        SnorkelLabelModel().fit(X, y, U)


def test_fewer_than_three_labeling_functions_that_vote_are_refused():
    X, y, _, _ = planted(accuracies=(0.9, 0.9))
    X = np.column_stack([X, np.full(len(X), 0.5)])
    with pytest.raises(ValueError, match=r"2 of 3 features make a labeling function.*needs 3 or more"):
        SnorkelLabelModel().fit(X, y)


@needs_snorkel
def test_accuracies_of_planted_labeling_functions_are_recovered():
    accuracies = np.array([0.9, 0.85, 0.7, 0.7, 0.6])
    X, y, U, truth = planted(n_unlabeled=3000, accuracies=accuracies)
    labeler = SnorkelLabelModel(random_state=0).fit(X, y, U)
    found = np.einsum("mkk,k->m", labeler.conditional_probabilities_[:, 1:], labeler.class_shares_)
    np.testing.assert_allclose(found, accuracies, atol=0.06)
    assert label_metrics(truth, labeler.predict_proba(U))["f1"] > 0.85


@needs_snorkel
def test_probabilities_are_those_of_snorkel_itself():
    from snorkel.labeling.model import LabelModel

    X, y, U, _ = planted()
    labeler = SnorkelLabelModel(n_epochs=100, random_state=0).fit(X, y, U)
    votes = labeler.stumps_.transform(np.concatenate([X, U]))
    model = LabelModel(cardinality=2, verbose=False)
    seed = int(np.random.RandomState(0).randint(2**31 - 1))
    balance = [float(np.mean(y == 0)), float(np.mean(y == 1))]
    model.fit(votes, class_balance=balance, n_epochs=100, lr=0.01, seed=seed, progress_bar=False)
    np.testing.assert_allclose(labeler.conditional_probabilities_, model.get_conditional_probs())
    np.testing.assert_allclose(
        labeler.predict_proba(np.concatenate([X, U])), model.predict_proba(votes), rtol=1e-5
    )


@needs_snorkel
def test_hundreds_of_labeling_functions_neither_diverge_nor_underflow():
    X, y, U, truth = planted(60, 200, accuracies=[0.75] * 250)
    P = SnorkelLabelModel(n_epochs=100, random_state=0).fit(X, y, U).predict_proba(U)
    assert np.isfinite(P).all()
    np.testing.assert_allclose(P.sum(axis=1), 1)
    assert label_metrics(truth, P)["f1"] > 0.95


@needs_snorkel
def test_more_classes_keep_their_columns():
    rng = np.random.default_rng(0)
    y = np.repeat(["dent", "ok", "scratch"], 40)
    X = rng.random((120, 9)) + 0.8 * (y[:, None] == np.tile(np.unique(y), 3))
    labeler = SnorkelLabelModel(random_state=0).fit(X, y)
    P = labeler.predict_proba(X)
    assert P.shape == (120, 3)
    np.testing.assert_allclose(P.sum(axis=1), 1)
    assert (labeler.predict(X) == y).mean() > 0.9


@needs_snorkel
def test_where_every_function_abstains_the_class_balance_remains():
    rng = np.random.default_rng(0)
    y = np.repeat([0, 1, 2, 3], 25)
    X = 0.1 * rng.random((100, 4)) + (y[:, None] == np.arange(4))
    labeler = SnorkelLabelModel(random_state=0).fit(X, y)
    np.testing.assert_allclose(labeler.predict_proba(np.zeros((1, 4))), 0.25)


@needs_snorkel
@pytest.mark.parametrize("balance", ["labeled", "uniform"])
def test_two_that_always_disagree_among_three_are_no_error(balance):
    y = np.array([0, 1] * 20)
    X = np.column_stack([y, 1 - y, y]).astype(float)
    P = SnorkelLabelModel(class_balance=balance, random_state=0).fit(X, y, 1 - X).predict_proba(X)
    assert np.isfinite(P).all()


@needs_snorkel
def test_the_same_seed_gives_the_same_output_and_global_randomness_is_left_alone():
    X, y, U, _ = planted()
    legacy = np.random.get_state  # what snorkel draws from
    random.seed(1)  # not where the fits of the tests above would leave it
    np.random.seed(1)  # noqa: NPY002
    torch.manual_seed(1)
    before = random.getstate(), legacy(), torch.get_rng_state()
    first = SnorkelLabelModel(random_state=0).fit(X, y, U)
    assert random.getstate() == before[0]
    assert all(np.array_equal(a, b) for a, b in zip(legacy(), before[1], strict=True))
    assert torch.equal(torch.get_rng_state(), before[2])
    random.random()  # noqa: S311 - only to move it on
    second = SnorkelLabelModel(random_state=0).fit(X, y, U)
    np.testing.assert_array_equal(first.predict_proba(U), second.predict_proba(U))
