"""Prediction of classes by estimators that give probabilities."""

from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray
from sklearn.base import ClassifierMixin


class _GivesProba(Protocol):
    classes_: NDArray[Any]

    def predict_proba(self, X: Any, /) -> NDArray[np.float64]: ...


class PredictsFromProba(ClassifierMixin):
    """Mixin for classifiers with ``predict_proba`` and ``classes_``: predict the most probable class."""

    def predict(self: _GivesProba, X: Any) -> NDArray[Any]:
        """Return the most probable class of every image.

        Parameters
        ----------
        X
            As for `predict_proba`.

        Returns
        -------
        ndarray of shape (n,)
            Elements of ``classes_``; where several are equally probable, the first of them.

        Raises
        ------
        ValueError
            If `predict_proba` raises one, or an image has no probabilities because it cannot be read.
        """
        P = self.predict_proba(X)
        empty = np.flatnonzero(np.isnan(P).any(axis=1))
        if len(empty):
            raise ValueError(
                f"image {empty[0]} is empty, as unreadable ones are, so it has no class; leave it out, or "
                "take predict_proba, which gives NaN for it"
            )
        return np.asarray(self.classes_[P.argmax(axis=1)])
