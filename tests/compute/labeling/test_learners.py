import numpy as np
import pytest
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LogisticRegression
from sklearn.neural_network import MLPClassifier

from ig_widgets.compute.labeling.learners import list_candidates

GRID = {"hidden_layers": "paper", "widest": 64, "alpha": None, "max_iter": 400}


def test_networks_are_every_pair_of_layers_and_penalty():
    candidates = list_candidates("network", (10, 2), **{**GRID, "hidden_layers": [(4,), (2, 2)]})
    assert [candidate.settings for candidate in candidates] == [
        {"hidden_layer_sizes": widths, "alpha": alpha} for widths in [(4,), (2, 2)] for alpha in (1e-5, 1.0)
    ]
    for candidate in candidates:
        assert isinstance(candidate.model, MLPClassifier)
        settings = candidate.model.get_params()
        assert settings["solver"] == "lbfgs"
        assert {name: settings[name] for name in candidate.settings} == candidate.settings


def test_the_penalty_of_logistic_regressions_is_what_scikit_learn_divides_by():
    candidates = list_candidates("logistic", (10, 2), **{**GRID, "alpha": [0.0, 0.5, 100.0]})
    assert [candidate.model.C for candidate in candidates] == [np.inf, 2.0, 0.01]
    assert all(isinstance(candidate.model, LogisticRegression) for candidate in candidates)


@pytest.mark.parametrize(("n_classes", "outputs"), [(2, 1), (6, 6)])
def test_parameters_are_weights_or_leaves(n_classes, outputs):
    X = np.random.default_rng(0).random((60, 10))
    y = np.arange(60) % n_classes
    (logistic, *_) = list_candidates("logistic", (10, n_classes), **GRID)
    assert logistic.parameters == 11 * outputs
    for candidate in list_candidates("boosting", (10, n_classes), **GRID):
        model = candidate.model.fit(X, y)
        leaves = [len(tree.nodes) // 2 + 1 for trees in model._predictors for tree in trees]
        assert isinstance(model, HistGradientBoostingClassifier)
        assert len(leaves) == 100 * outputs
        assert max(leaves) <= candidate.settings["leaves"]
        assert candidate.parameters == candidate.settings["leaves"] * len(leaves)


def test_fits_that_end_before_the_limit_are_told_apart():
    X = np.random.default_rng(0).random((60, 10))
    y = np.arange(60) % 2
    (whole, *_) = list_candidates("logistic", (10, 2), **GRID)
    assert whole.convergence(whole.model.fit(X, y)) == 1
    (short, *_) = list_candidates("logistic", (10, 2), **{**GRID, "max_iter": 1})
    with pytest.warns(ConvergenceWarning):
        short.model.fit(X, y)
    assert short.convergence(short.model) == 0
    (trees, *_) = list_candidates("boosting", (10, 2), **GRID)
    assert np.isnan(trees.convergence(trees.model.fit(X, y)))
