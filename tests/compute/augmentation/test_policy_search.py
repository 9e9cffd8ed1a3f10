from itertools import combinations

import numpy as np
import pytest
from sklearn.linear_model import Ridge
from sklearn.metrics import f1_score

from ig_widgets.compute.augmentation.policy_search import draw_splits, score_triples

CANDIDATES = ["Flip", "Rotate", "ShearX", "ShearY"]


def problem(counts, *, per_operation=3, helpful=(), seed=0):
    """Similarities to a pattern of each image but those of class 0, drawn and augmented.

    Columns of the helpful operations are a little higher for images of the pattern's class, others are noise.
    """
    rng = np.random.default_rng(seed)
    y = rng.permutation(np.repeat(np.arange(len(counts)), counts))
    operations, pattern_rows = [], []
    for row in np.flatnonzero(y):
        operations += [None, *(name for name in CANDIDATES for _ in range(per_operation))]
        pattern_rows += [row] * (1 + per_operation * len(CANDIDATES))
    pattern_rows = np.array(pattern_rows)
    X = 0.4 + 0.1 * rng.standard_normal((len(y), len(pattern_rows)))
    X += 0.03 * np.isin(operations, helpful) * (y[:, None] == y[pattern_rows])
    X[pattern_rows, np.arange(len(pattern_rows))] = 1.0
    return X, y, operations, pattern_rows


def splits_of(y, repeats=4, train_size=0.5, seed=0):
    return draw_splits(y, y > 0, train_size=train_size, repeats=repeats, random_state=seed)


def scored(X, y, operations, pattern_rows, splits=None):
    splits = splits_of(y) if splits is None else splits
    return score_triples(X, y, operations, pattern_rows, candidates=CANDIDATES, splits=splits)


def f1_by_hand(X, y, operations, pattern_rows, *, triple, split):
    """The plain way: choose columns, standardize them, fit scikit-learn's ridge regression, count."""
    train, held_out = split
    columns = [
        j
        for j, (operation, source) in enumerate(zip(operations, pattern_rows, strict=True))
        if source not in held_out and (operation is None or operation in triple)
    ]
    A, B = X[np.ix_(train, columns)], X[np.ix_(held_out, columns)]
    mean, sd = A.mean(axis=0), A.std(axis=0)
    A, B = ((part - mean) / sd / np.sqrt(len(columns)) for part in (A, B))
    A, B = (np.column_stack([part, np.ones(len(part))]) for part in (A, B))
    classes = np.unique(y)
    targets = np.array([[1 if label == k else -1 for k in classes] for label in y[train]])
    weights = [len(train) / len(classes) / np.sum(y[train] == label) for label in y[train]]
    P = Ridge(alpha=3, fit_intercept=False).fit(A, targets, sample_weight=weights).predict(B)
    if len(classes) > 2:
        return f1_score(y[held_out], classes[P.argmax(axis=1)], average="macro")
    best = sorted(range(len(held_out)), key=lambda i: -P[i, 1])[: np.sum(y[held_out] == classes[1])]
    return f1_score(y[held_out] == classes[1], np.isin(range(len(held_out)), best))


@pytest.mark.parametrize("counts", [(20, 8), (9, 8, 7)])
def test_scores_equal_those_of_a_ridge_regression_for_each_combination_and_split(counts):
    X, y, operations, pattern_rows = problem(counts)
    splits = splits_of(y)
    scores = scored(X, y, operations, pattern_rows, splits)
    triples = list(combinations(CANDIDATES, 3))
    assert scores[["operation_1", "operation_2", "operation_3"]].apply(tuple, axis=1).tolist() == triples
    by_hand = np.array(
        [
            [f1_by_hand(X, y, operations, pattern_rows, triple=triple, split=split) for split in splits]
            for triple in triples
        ]
    )
    np.testing.assert_allclose(scores["f1"], by_hand.mean(axis=1))
    np.testing.assert_allclose(scores["f1_sd"], by_hand.std(axis=1))


def test_the_operations_that_tell_the_classes_apart_win():
    scores = scored(*problem((40, 16), helpful=["Flip", "ShearX", "ShearY"], per_operation=5))
    best = scores[scores["rank"] == 1].iloc[0]
    assert best[["operation_1", "operation_2", "operation_3"]].tolist() == ["Flip", "ShearX", "ShearY"]
    assert best["f1"] == scores["f1"].max()


def test_of_equal_combinations_the_first_is_the_better():
    X, y, operations, pattern_rows = problem((20, 8))
    drawn = np.array([operation is None for operation in operations])
    X[:, ~drawn] = 0.5  # augmented patterns say nothing
    scores = scored(X, y, operations, pattern_rows)
    assert scores["f1"].nunique() == 1
    assert scores["rank"].tolist() == [1, 2, 3, 4]


def test_patterns_of_held_out_images_are_not_used():
    X, y, operations, pattern_rows = problem((20, 8))
    (split,) = splits_of(y, repeats=1)
    before = scored(X, y, operations, pattern_rows, [split])
    leaked = np.isin(pattern_rows, split[1])
    X[:, leaked] = (y == 1)[:, None]
    assert scored(X, y, operations, pattern_rows, [split]).equals(before)
    pattern_rows[leaked] = -1
    assert (scored(X, y, operations, pattern_rows, [split])["f1"] == 1).all()


def test_the_names_of_classes_do_not_matter_but_their_order_does():
    X, y, operations, pattern_rows = problem((20, 8))
    splits = splits_of(y)
    names = np.array(["a", "b"])[y]
    assert scored(X, names, operations, pattern_rows, splits).equals(
        scored(X, y, operations, pattern_rows, splits)
    )


def test_a_candidate_without_samples_adds_nothing():
    X, y, operations, pattern_rows = problem((20, 8))
    splits = splits_of(y)
    columns = np.array([operation != "Flip" for operation in operations])
    scores = scored(
        X[:, columns],
        y,
        [operation for operation in operations if operation != "Flip"],
        pattern_rows[columns],
        splits,
    )
    assert len(scores) == 4
    assert scores["f1"].iloc[3] == scored(X, y, operations, pattern_rows, splits)["f1"].iloc[3]


@pytest.mark.parametrize("train_size", [0.2, 0.5, 0.8])
def test_splits_are_stratified_by_class_and_by_whether_there_are_patterns(train_size):
    y = np.repeat(["ok", "crack", "dent"], [40, 12, 3])
    patterned = np.zeros(55, bool)
    patterned[40:50] = patterned[52:] = True  # two cracks without a pattern
    for train, held_out in draw_splits(y, patterned, train_size=train_size, repeats=5, random_state=0):
        np.testing.assert_array_equal(np.sort(np.concatenate([train, held_out])), np.arange(55))
        assert np.sum(y[train] == "ok") == round(40 * train_size)
        assert np.sum(patterned[train] & (y[train] == "crack")) == round(10 * train_size)
        assert np.sum(~patterned[train] & (y[train] == "crack")) == 1
        assert np.sum(y[train] == "dent") == 2


def test_splits_follow_the_seed_and_differ_from_each_other():
    _, y, _, _ = problem((20, 8))
    first, again, other = splits_of(y), splits_of(y), splits_of(y, seed=1)
    assert all(
        np.array_equal(a, b) for a, b in zip(first, again, strict=True) for a, b in zip(a, b, strict=True)
    )
    assert not np.array_equal(first[0][0], other[0][0])
    assert len({train.tobytes() for train, _ in first}) == 4


@pytest.mark.parametrize(
    ("counts", "changes", "sentence"),
    [
        ((5, 5), {"train_size": 1.0}, "train_size is 1.0; it must lie strictly between 0 and 1"),
        ((5, 5), {"repeats": 0}, "repeats is 0; at least 1 split"),
        ((5, 2), {}, "class '1' has 2 images with patterns, but the search needs 3: two to learn from"),
        ((1, 5), {}, "class '0' has one image, but the search needs 2"),
        ((5,), {}, "belong to one class"),
    ],
)
def test_too_little_to_search_with_is_said(counts, changes, sentence):
    y = np.repeat(np.arange(len(counts)), counts)
    arguments = {"train_size": 0.5, "repeats": 2, "random_state": 0, **changes}
    with pytest.raises(ValueError, match=sentence):
        draw_splits(y, y > 0, **arguments)
