import numpy as np
import pytest
from cleanlab.filter import find_label_issues

from ig_widgets.compute.orders.label_errors import by_label_error

METHODS = ["self_confidence", "normalized_margin", "confident_learning"]


def planted(n=400, n_classes=4, errors=40, seed=0):
    """Rows of probabilities that know the truth mostly, and labels of which some are wrong."""
    rng = np.random.default_rng(seed)
    truth = rng.integers(n_classes, size=n)
    logits = rng.normal(0, 1, (n, n_classes))
    logits[np.arange(n), truth] += 4
    P = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    labels = truth.copy()
    wrong = rng.choice(n, errors, replace=False)
    labels[wrong] = (truth[wrong] + rng.integers(1, n_classes, errors)) % n_classes
    return P, labels, set(wrong.tolist())


@pytest.mark.parametrize("method", METHODS)
def test_planted_errors_come_first(method):
    P, labels, wrong = planted()
    order = by_label_error(P, labels, method=method)
    assert sorted(order.tolist()) == list(range(len(labels)))
    assert len(wrong & set(order[:40].tolist())) >= 36


@pytest.mark.parametrize("method", METHODS)
def test_images_without_label_are_last(method):
    P, labels, _ = planted()
    labels[[3, 50]] = -1
    order = by_label_error(P, labels, method=method).tolist()
    assert order[-2:] == [3, 50]


def test_the_scores_are_those_of_their_definitions():
    P, labels, _ = planted(seed=1)
    rows = np.arange(len(labels))
    own = P[rows, labels]
    others = P.copy()
    others[rows, labels] = -1
    margin = own - others.max(axis=1)
    assert by_label_error(P, labels, method="self_confidence").tolist() == np.argsort(own).tolist()
    assert by_label_error(P, labels, method="normalized_margin").tolist() == np.argsort(margin).tolist()


def test_confident_learning_puts_those_first_that_it_finds():
    P, labels, _ = planted(seed=2)
    labels[5] = -1
    P[:, 0] = P[:, 0] / 20  # a class that the model hardly believes in: low margins are no errors there
    P /= P.sum(axis=1, keepdims=True)
    rest = np.flatnonzero(labels >= 0)
    found = rest[find_label_issues(labels[rest], P[rest], n_jobs=1)]
    order = by_label_error(P, labels, method="confident_learning")
    assert sorted(order[: len(found)].tolist()) == found.tolist()
    by_margin = by_label_error(P, labels, method="normalized_margin")
    assert set(by_margin[: len(found)].tolist()) != set(found.tolist())
    assert [i for i in by_margin if i not in found] == order[len(found) :].tolist()


@pytest.mark.parametrize("method", METHODS)
def test_images_that_nothing_is_believed_of_are_last(method):
    P, labels, _ = planted()
    P[[3, 50]] = np.nan
    assert by_label_error(P * 1.0004, labels, method=method)[-2:].tolist() == [3, 50]
    assert by_label_error(np.empty((0, 3)), [], method=method).tolist() == []


@pytest.mark.parametrize("method", METHODS)
def test_classes_that_nobody_used_do_no_harm(method):
    P, labels, wrong = planted()
    P = np.column_stack([P, np.zeros(len(P))])
    order = by_label_error(P, labels, method=method)
    assert len(wrong & set(order[:40].tolist())) >= 36
    one = by_label_error([[0.9, 0.1], [0.2, 0.8]], [0, 0], method=method)
    assert one.tolist() == [1, 0]


@pytest.mark.parametrize(
    ("P", "labels", "sentence"),
    [
        ([[0.5, 0.5]], [2], r"label 0 is 2; labels are 0 to 1, a column of P"),
        ([[0.5, 0.9]], [0], r"row 0 of P is \[.*\]; probabilities must"),
        ([[0.5, np.nan]], [0], r"row 0 of P is \[.*\]; probabilities must"),
        ([[0.5, 0.5]], [0, 1], "one label for each of the 1 images"),
        ([[0.5, 0.5]], ["ok"], "give the position of each label's class"),
        ([[1.0]], [0], "a column for each of 2 classes"),
    ],
)
def test_bad_arguments_are_named(P, labels, sentence):
    with pytest.raises(ValueError, match=sentence):
        by_label_error(P, labels)


def test_an_unknown_method_is_named():
    with pytest.raises(ValueError, match="method is 'margin'"):
        by_label_error([[0.5, 0.5]], [0], method="margin")
