"""The seeds of the parts of a pipeline."""

from typing import TypeVar

from sklearn.base import BaseEstimator, clone

Part = TypeVar("Part", bound=BaseEstimator)


def clone_seeded(part: Part, random_state: int) -> Part:
    """Return an unfitted copy of an estimator, with this seed unless it has one of its own."""
    copy: Part = clone(part)
    if copy.get_params(deep=False)["random_state"] is None:
        copy.set_params(random_state=random_state)
    return copy
