"""Storage of similarities, so that no image is compared with a pattern twice."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import TYPE_CHECKING

from ig_widgets.compute.matching.store.feature_session import FeatureSession
from ig_widgets.data.errors import DamagedFeaturesWarning

if TYPE_CHECKING:
    import os
    from collections.abc import Mapping, Sequence

__all__ = ["DamagedFeaturesWarning", "FeatureSession", "FeatureStore"]

_FORMAT = 1


class FeatureStore:
    """Similarities of images to patterns in a folder, found again by content.

    A similarity belongs to the digest of an image, the digest of a pattern and the parameters of the search:
    other pixels or other parameters never get it, and names and paths play no part. Any number of data sets,
    pattern sets and processes may share one store.

    Each set of parameters has a folder of its own inside, with the parameters in ``parameters.json`` and the
    similarities in ``.npz`` files that are written once, whole, and never changed. A file that turns out to
    be damaged is warned about (`DamagedFeaturesWarning`) and put aside: it gets the ending ``.damaged``, is
    not read again and may be removed. What it held counts as unknown. The whole store may be removed when
    nobody uses it; nothing is lost but time.

    Parameters
    ----------
    folder
        Made when something is first written to it.

    Examples
    --------
    >>> import tempfile
    >>> folder = tempfile.TemporaryDirectory()
    >>> store = FeatureStore(folder.name + "/features")
    >>> cat, dog, eye = (name.encode().ljust(16) for name in ("cat", "dog", "eye"))
    >>> with store.open({"search": "full"}, [eye]) as session:
    ...     session.add([dog], [0], [[0.5]], [[[0, 0, 9, 9]]])
    >>> scores, boxes, known = store.open({"search": "full"}, [eye]).read([cat, dog])
    >>> scores
    array([[nan],
           [0.5]])
    >>> folder.cleanup()
    """

    def __init__(self, folder: str | os.PathLike[str]) -> None:
        self.folder = Path(folder).absolute()  # so that the notebook may change its working folder later

    def __repr__(self) -> str:
        """Name the folder."""
        return f"FeatureStore({str(self.folder)!r})"

    def open(
        self, parameters: Mapping[str, str | int | float | bool], patterns: Sequence[bytes]
    ) -> FeatureSession:
        """Begin to read and add similarities.

        Parameters
        ----------
        parameters
            Everything that the similarities depend on beside the image and the pattern.
        patterns
            The digest, 16 bytes, of each pattern; one may occur several times.

        Raises
        ------
        NotADirectoryError
            If the store's folder is a file.

        Warns
        -----
        DamagedFeaturesWarning
            For each file that is seen to be damaged, here and in `FeatureSession.read`.
        """
        if self.folder.exists() and not self.folder.is_dir():
            raise NotADirectoryError(f"'{self.folder}' is a file; give the store a folder of its own")
        text = json.dumps({"format": _FORMAT, "parameters": dict(parameters)}, indent=2, sort_keys=True)
        name = hashlib.blake2b(text.encode(), digest_size=16).hexdigest()
        return FeatureSession(self.folder / name, text, patterns)
