import numpy as np
import pytest

from ig_widgets.compute.baselines.snuba import Snuba
from ig_widgets.compute.baselines.votes import MajorityVote, MaxSimilarity
from ig_widgets.compute.labeling.checked_rows import check_whole, checked_unlabeled

BASELINES = [MaxSimilarity(), MajorityVote(), Snuba(random_state=0)]
X = np.random.default_rng(0).random((12, 3))
y = np.arange(12) % 2


@pytest.mark.parametrize("labeler", BASELINES)
def test_rows_of_unreadable_images_are_named_and_not_guessed(labeler):
    broken = X.copy()
    broken[[4, 7]] = np.nan
    sentence = r"X has missing values \(NaN\) in row 4, 7, as for images that cannot be read; leave these"
    labeler.fit(X, y)
    for use in (labeler.predict, labeler.predict_proba, lambda rows: labeler.fit(rows, y)):
        with pytest.raises(ValueError, match=sentence):
            use(broken)


@pytest.mark.parametrize("labeler", BASELINES)
def test_one_class_is_not_enough(labeler):
    with pytest.raises(ValueError, match="at least 2 classes, but y has 1 class, 'ok'"):
        labeler.fit(X, np.full(12, "ok"))


@pytest.mark.parametrize("labeler", BASELINES)
def test_sources_that_do_not_fit_are_refused(labeler):
    with pytest.raises(ValueError, match="X has 3 features"):
        labeler.fit(X, y, sources=[0, 1])


def test_unlabeled_rows_must_be_whole_and_have_the_same_features():
    assert checked_unlabeled(None, 3).shape == (0, 3)
    with pytest.raises(ValueError, match="X_unlabeled has 2 features, but X has 3"):
        checked_unlabeled(X[:, :2], 3)
    with pytest.raises(ValueError, match=r"X_unlabeled has missing values \(NaN\) in row 0"):
        checked_unlabeled([[np.nan, 1, 1]], 3)


def test_of_many_broken_rows_five_are_listed():
    with pytest.raises(ValueError, match=r"row 0, 1, 2, 3, 4, …, as for"):
        check_whole(np.full((9, 1), np.nan), "X")
