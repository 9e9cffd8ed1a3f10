"""Conversion of labels of any type to text."""

import numpy as np


def label_text(value: object) -> str:
    """Return the text of a label as annotations store it: 3 and 3.0 are "3".

    Examples
    --------
    >>> label_text(3.0), label_text(True), label_text("cat")
    ('3', 'True', 'cat')
    """
    plain = value.item() if isinstance(value, np.generic) else value
    return str(int(plain)) if isinstance(plain, float) and plain.is_integer() else str(plain)
