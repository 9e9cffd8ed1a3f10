"""Every error and warning of the package that is its own."""

import os
from pathlib import Path


class DamagedFeaturesWarning(UserWarning):
    """A file of a feature store is damaged; what it held is computed again."""


class FlatPatternWarning(UserWarning):
    """A pattern has the same value everywhere, so it resembles nothing and scores 0."""


class ImageError(ValueError):
    """An image that cannot be read, with the reason and the remedy.

    Parameters
    ----------
    path : str or Path
        The file.
    reason : str
        What is wrong and what to do, without the file's name.
    """

    def __init__(self, path: str | os.PathLike[str], reason: str) -> None:
        super().__init__(str(path), reason)
        self.path = Path(path)
        self.reason = reason

    def __str__(self) -> str:
        """Say which file it is, why, and what to do."""
        return f"cannot read '{self.path}': {self.reason}"


class LogError(OSError):
    """An annotation log could not be opened, read or written; the message says why and what to do."""


class SelectionWarning(UserWarning):
    """A class has too few examples to compare networks on examples they were not fitted to."""


class UnreadableImageWarning(UserWarning):
    """Some images cannot be read; `ImageSet.problems` says which and why."""
