import numpy as np
import pytest

from ig_widgets.data.label_text import label_text


@pytest.mark.parametrize("label", [3, 3.0, np.int8(3), np.float32(3), "3"])
def test_a_number_is_called_the_same_whatever_its_type(label):
    assert label_text(label) == "3"


def test_other_labels_are_called_what_they_print():
    assert [label_text(label) for label in (2.5, True, np.True_, "a cat")] == ["2.5", "True", "True", "a cat"]
