from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ig_widgets.compute.orders.similarity import by_similarity
from ig_widgets.compute.words.packing import pack_words

METRICS = ["dot", "jaccard", "cosine"]


def similarity(one, other, metric):
    """The definition, in exact arithmetic; of the cosine the square, which is as large where it is."""
    common = int((one & other).sum())
    if metric == "dot":
        return Fraction(common)
    if not one.any() or not other.any():
        return Fraction(int(not one.any() and not other.any()))
    if metric == "jaccard":
        return Fraction(common, int((one | other).sum()))
    return Fraction(common**2, int(one.sum()) * int(other.sum()))


def slow_order(X, start, metric):
    left = [i for i in range(len(X)) if i != start]
    order = [start]
    while left:
        order.append(max(left, key=lambda i: (similarity(X[order[-1]], X[i], metric), -i)))
        left.remove(order[-1])
    return order


def words_of(n, n_words, density, seed):
    return np.random.default_rng(seed).random((n, n_words)) < density


CASES = st.tuples(
    st.integers(1, 40), st.integers(1, 130), st.sampled_from([0.02, 0.1, 0.5, 1.0]), st.integers(0, 1000)
)


@pytest.mark.parametrize("metric", METRICS)
@given(case=CASES, data=st.data())
@settings(max_examples=60, deadline=None)
def test_the_order_is_that_of_the_definition(metric, case, data):
    X = words_of(*case)
    start = data.draw(st.integers(0, len(X) - 1))
    assert by_similarity(X, start, metric=metric).tolist() == slow_order(X, start, metric)


@pytest.mark.parametrize("metric", METRICS)
def test_three_hundred_images_are_in_the_order_of_the_definition(metric):
    X = words_of(300, 1024, 0.05, 1)
    X[:100, :900] = False  # few words, hence many ties
    assert by_similarity(X, 17, metric=metric).tolist() == slow_order(X, 17, metric)


def test_bool_uint8_and_packed_words_give_the_same_order():
    X = words_of(50, 100, 0.2, 2)
    order = by_similarity(X, 3).tolist()
    assert by_similarity(X.astype(np.uint8), 3).tolist() == order
    assert by_similarity(pack_words(X), 3).tolist() == order


@pytest.mark.parametrize("metric", METRICS)
def test_each_group_is_a_chain_of_its_own(metric):
    X = words_of(60, 80, 0.2, 3)
    groups = np.random.default_rng(4).choice(["b", "a", "c"], 60)
    order = by_similarity(X, 7, metric=metric, groups=groups)
    expected = []
    for group in dict.fromkeys([groups[7], *groups]):
        members = np.flatnonzero(groups == group)
        begin = int(np.flatnonzero(members == 7)[0]) if 7 in members else 0
        expected += members[slow_order(X[members], begin, metric)].tolist()
    assert order.tolist() == expected


def test_no_images_have_an_empty_order():
    assert by_similarity(np.empty((0, 10), bool)).tolist() == []


@pytest.mark.parametrize(
    ("changed", "sentence"),
    [
        ({"start": 3}, "start is 3, but there are 3 images"),
        ({"start": -1}, "start is -1"),
        ({"metric": "cos"}, "metric is 'cos'; give one of 'dot', 'jaccard', 'cosine'"),
        ({"groups": [0, 1]}, "one group for each of the 3 images"),
    ],
)
def test_bad_arguments_are_named(changed, sentence):
    with pytest.raises(ValueError, match=sentence):
        by_similarity(np.eye(3, dtype=bool), **changed)
