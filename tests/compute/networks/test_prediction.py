import numpy as np
import pytest
from sklearn.base import BaseEstimator, is_classifier

from ig_widgets.compute.networks.prediction import PredictsFromProba


class Constant(PredictsFromProba, BaseEstimator):
    """Answers with probabilities that it is given."""

    classes_ = np.array(["a", "b"])

    def predict_proba(self, P):
        return np.asarray(P)


def test_the_most_probable_class_is_the_answer_and_the_first_of_equals():
    assert Constant().predict([[0.3, 0.7], [0.6, 0.4], [0.5, 0.5]]).tolist() == ["b", "a", "a"]


def test_an_image_without_probabilities_is_named():
    with pytest.raises(ValueError, match="image 1 is empty"):
        Constant().predict([[0.3, 0.7], [np.nan, np.nan]])


def test_it_is_a_classifier_to_scikit_learn():
    assert is_classifier(Constant())
    assert Constant().__sklearn_tags__().target_tags.required
