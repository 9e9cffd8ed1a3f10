"""What a label is called, whatever its type."""

import numpy as np


def label_text(value: object) -> str:
    """Return a label as statements and people call it: 3 and 3.0 are "3".

    Examples
    --------
    >>> label_text(3.0), label_text(True), label_text("cat")
    ('3', 'True', 'cat')
    """
    plain = value.item() if isinstance(value, np.generic) else value
    return str(int(plain)) if isinstance(plain, float) and plain.is_integer() else str(plain)
