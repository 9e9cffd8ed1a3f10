import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as npst

from ig_widgets.compute.words.packing import as_packed, pack_words, unpack_words

MATRICES = npst.arrays(bool, st.tuples(st.integers(0, 5), st.integers(0, 200)))


@given(MATRICES)
def test_the_round_trip_is_exact(X):
    numbers = pack_words(X)
    assert numbers.shape == (len(X), -(-X.shape[1] // 64))
    assert np.array_equal(unpack_words(numbers, X.shape[1]), X)


@given(MATRICES)
def test_each_word_is_the_bit_that_the_docstring_says(X):
    numbers = pack_words(X)
    for (i, j), there in np.ndenumerate(X):
        assert bool(int(numbers[i, j // 64]) >> (j % 64) & 1) == there


def test_bool_uint8_and_the_packed_form_are_the_same_words():
    X = np.random.default_rng(0).random((4, 70)) < 0.5
    assert np.array_equal(as_packed(X), as_packed(X.astype(np.uint8)))
    assert np.array_equal(as_packed(X), as_packed(as_packed(X)))


@pytest.mark.parametrize(
    ("X", "sentence"),
    [
        ([[0, 3]], "X is 3 in row 0, column 1"),
        ([1, 0], "1 dimensions"),
        ([[0.5]], "X is 0.5 in row 0, column 0"),
    ],
)
def test_what_are_no_words_is_refused(X, sentence):
    with pytest.raises(ValueError, match=sentence):
        pack_words(X)


def test_another_number_of_words_is_refused():
    with pytest.raises(ValueError, match="130 words are packed into 3 numbers"):
        unpack_words(pack_words(np.ones((2, 100), bool)), 130)
