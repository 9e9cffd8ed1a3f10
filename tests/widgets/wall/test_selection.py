import base64

import numpy as np
import pytest

from ig_widgets.widgets.wall.selection import selected_items


def test_few_items_come_as_numbers_and_many_as_bits():
    assert selected_items([7, 3, 7], 8) == [3, 7]
    bits = np.zeros(16, np.uint8)
    bits[[0, 7, 9]] = 1
    text = base64.b64encode(np.packbits(bits, bitorder="little")).decode()
    assert selected_items(text, 10) == [0, 7, 9]


@pytest.mark.parametrize("named", [[], "", [-1], [10], "AAAB"])
def test_items_that_are_not_there_are_refused(named):
    with pytest.raises(ValueError, match="the browser named"):
        selected_items(named, 10)
