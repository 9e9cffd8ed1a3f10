from functools import partial

import numpy as np
import pytest
from sklearn.metrics import f1_score

from ig_widgets.compute.labeling.learners import list_candidates
from ig_widgets.compute.labeling.selection import selection_table
from ig_widgets.compute.labeling.threshold import choose_threshold

CODES = np.array([0, 0, 1, 1, 0, 0, 1, 1])
FOLDS = [(np.arange(4, 8), np.arange(4)), (np.arange(4), np.arange(4, 8))]
ONE_HALF = partial(choose_threshold, codes=CODES, given=0.5)


def candidates(alphas=(1.0, 2.0), layers=((2,), (4,))):
    return list_candidates(
        "network", (3, 2), hidden_layers=list(layers), widest=64, alpha=list(alphas), max_iter=10
    )


def trials(*beliefs):
    """Of every candidate, what it believes of the eight images in the two folds; the first has ended."""
    P = [np.column_stack([1 - np.array(p), p]) for p in beliefs]
    return [[(of_one[:4], 1.0), (of_one[4:], 0.0)] for of_one in P]


GOOD = [0.1, 0.2, 0.8, 0.9, 0.1, 0.2, 0.8, 0.9]
FAIR = [0.1, 0.6, 0.8, 0.9, 0.1, 0.2, 0.8, 0.3]
LOW = [0.1, 0.2, 0.3, 0.3, 0.1, 0.2, 0.3, 0.3]


def test_f1_is_that_of_the_positive_class_in_each_fold():
    table = selection_table(candidates(), trials(FAIR, GOOD, LOW, FAIR), FOLDS, CODES, ONE_HALF)
    by_fold = [f1_score(CODES[rows], np.array(FAIR)[rows] > 0.5) for rows in (slice(4), slice(4, 8))]
    assert table.loc[0, "f1"] == pytest.approx(np.mean(by_fold))
    assert table.loc[0, "f1_sd"] == pytest.approx(np.std(by_fold))
    np.testing.assert_allclose(table["f1"], [np.mean(by_fold), 1, 0, np.mean(by_fold)])
    np.testing.assert_array_equal(table["converged"], 0.5)
    np.testing.assert_array_equal(table["chosen"], [False, True, False, False])


def test_the_threshold_of_a_candidate_is_made_of_all_its_folds():
    calibrated = partial(choose_threshold, codes=CODES, given="calibrated")
    table = selection_table(candidates(), trials(FAIR, FAIR, LOW, FAIR), FOLDS, CODES, calibrated)
    assert table["f1"].tolist()[2] == 1
    assert table["chosen"].tolist() == [False, False, True, False]


def test_ties_go_to_fewer_weights_and_then_to_the_weaker_penalty():
    same = trials(GOOD, GOOD, GOOD, GOOD)
    alphas = candidates(alphas=(2.0, 1.0), layers=((4,), (2,)))
    table = selection_table(alphas, same, FOLDS, CODES, ONE_HALF)
    assert table.loc[table["chosen"], "hidden_layer_sizes"].item() == (2,)
    assert table.loc[table["chosen"], "alpha"].item() == 1.0


def test_the_average_over_more_classes_is_that_of_all():
    codes = np.array([0, 1, 2, 0, 1, 2])
    P = np.eye(3)[[0, 1, 1, 0, 2, 2]]
    folds = [(np.arange(3, 6), np.arange(3)), (np.arange(3), np.arange(3, 6))]
    table = selection_table(
        candidates()[:1],
        [[(P[:3], 1.0), (P[3:], 1.0)]],
        folds,
        codes,
        partial(choose_threshold, codes=codes, given="calibrated"),
    )
    expected = np.mean(
        [
            f1_score(codes[:3], [0, 1, 1], average="macro", zero_division=0),
            f1_score(codes[3:], [0, 2, 2], average="macro", zero_division=0),
        ]
    )
    assert table.loc[0, "f1"] == pytest.approx(expected)


def test_without_trials_the_smallest_is_chosen_and_scores_are_missing():
    table = selection_table(candidates(layers=((4,), (2,))), [], [], CODES, ONE_HALF)
    assert table[["f1", "f1_sd", "converged"]].isna().all(axis=None)
    assert table["chosen"].tolist() == [False, False, True, False]
