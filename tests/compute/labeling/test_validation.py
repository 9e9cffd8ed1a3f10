import numpy as np
import pytest

from ig_widgets.compute.labeling.validation import check_no_missing, validate_pattern_rows, validate_unlabeled

X = np.random.default_rng(0).random((12, 3))


def test_unlabeled_rows_must_be_whole_and_have_the_same_features():
    assert validate_unlabeled(None, 3).shape == (0, 3)
    with pytest.raises(ValueError, match="X_unlabeled has 2 features, but X has 3"):
        validate_unlabeled(X[:, :2], 3)
    with pytest.raises(ValueError, match=r"X_unlabeled has missing values \(NaN\) in row 0"):
        validate_unlabeled([[np.nan, 1, 1]], 3)


def test_of_many_broken_rows_five_are_listed():
    with pytest.raises(ValueError, match=r"row 0, 1, 2, 3, 4, …, as for"):
        check_no_missing(np.full((9, 1), np.nan), "X")


def test_no_pattern_rows_are_minus_1():
    np.testing.assert_array_equal(validate_pattern_rows(None, (4, 3)), [-1, -1, -1])


@pytest.mark.parametrize(
    ("pattern_rows", "sentence"),
    [
        ([0, 1], "X has 3 features"),
        ([0.0, 1.0, 2.0], "give integers"),
        ([0, 1, 4], "X has the rows 0 to 3"),
        ([0, 1, -2], "reaches from -2"),
    ],
)
def test_wrong_pattern_rows_are_refused(pattern_rows, sentence):
    with pytest.raises(ValueError, match=sentence):
        validate_pattern_rows(pattern_rows, (4, 3))
