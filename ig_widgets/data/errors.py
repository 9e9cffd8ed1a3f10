"""All exception and warning classes of the package."""

import os
from pathlib import Path


class DamagedFeaturesWarning(UserWarning):
    """A file of a feature store is damaged; its features are computed again."""


class FlatPatternWarning(UserWarning):
    """A pattern has the same value in all pixels, so that it matches nothing and scores 0."""


class ImageError(ValueError):
    """An image cannot be read.

    Parameters
    ----------
    path : str or Path
        The file.
    reason : str
        What is wrong and what to do, without the name of the file.
    """

    def __init__(self, path: str | os.PathLike[str], reason: str) -> None:
        super().__init__(str(path), reason)
        self.path = Path(path)
        self.reason = reason

    def __str__(self) -> str:
        """Name the file, the reason and the remedy."""
        return f"cannot read '{self.path}': {self.reason}"


class LogError(OSError):
    """An annotation log cannot be opened, read or written; the message gives the reason and the remedy."""


class SelectionWarning(UserWarning):
    """A class has too few examples to compare networks on held-out examples."""


class UnreadableImageWarning(UserWarning):
    """Some images cannot be read; `ImageSet.problems` lists them with their reasons."""
