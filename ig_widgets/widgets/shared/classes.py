"""The classes that a widget offers."""

from collections.abc import Sequence


def checked_classes(classes: Sequence[str]) -> list[str]:
    """Return the names of classes; one text is one class.

    Raises
    ------
    ValueError
        If there is none, one is no text or empty, or one is named twice.
    """
    listed = [classes] if isinstance(classes, str) else list(classes)
    if not listed:
        raise ValueError("there are no classes: name at least one, e.g. classes=['crack']")
    for position, label in enumerate(listed):
        if not isinstance(label, str) or not label:
            raise ValueError(f"class {position} is {label!r}; a class is a text that is not empty")
        if label in listed[:position]:
            raise ValueError(f"the class {label!r} is named twice")
    return listed
