"""What is fixed in an Inspector Gadget project: images, classes, and who looks at what."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from ig_widgets.compute.crowd.assignments import assign
from ig_widgets.compute.crowd.boxes import SEPARATOR
from ig_widgets.compute.crowd.reviews import Rule
from ig_widgets.data.annotations import BOX
from ig_widgets.data.images import ImageSet

_RESERVED = frozenset({"image", "pattern", "score", "annotated", *BOX})  # columns of the weak labels


@dataclass(frozen=True, eq=False, kw_only=True)
class Project:
    """The arguments of an `InspectorGadget` that do not change, and what follows from them.

    Everybody who works on a project makes it with the same arguments, but for `annotator`.
    """

    images: ImageSet
    """What is to be labeled."""

    classes: Sequence[str]
    """The defects that people draw boxes around."""

    annotator: str = "me"
    """Who uses this notebook."""

    annotators: Sequence[str] = ()
    """Everybody who annotates; empty: `annotator` alone."""

    overlap: int | None = None
    """How many people look at each image; None: 2, or 1 where there is one annotator."""

    rule: Rule = "majority"
    """How the votes of a peer review are counted."""

    min_votes: int = 1
    """How many votes are needed to decide."""

    target: int = 10
    """How many images with defects the development set is to hold."""

    negative_class: str | None = "ok"
    """The class of images without defects, if there is one."""

    random_state: int = 0
    """Seed of the order and of who looks at what."""

    def __post_init__(self) -> None:
        """Refuse annotators who cannot share the images."""
        if self.annotator not in self.team:
            raise ValueError(
                f"{self.annotator!r} is not among the annotators {', '.join(self.team)}: give one of their "
                "names"
            )
        unnamable = [name for name in self.team if SEPARATOR in name]
        if unnamable:
            raise ValueError(f"the annotator {unnamable[0]!r} has {SEPARATOR!r} in their name: give another")
        _ = self.assigned  # refuses an overlap that cannot be, before anything is asked

    @cached_property
    def defects(self) -> list[str]:
        """The defects, also where a single one was given as a text."""
        return [self.classes] if isinstance(self.classes, str) else list(self.classes)

    @cached_property
    def all_classes(self) -> list[str]:
        """The negative class, if there is one, and the defects: the columns of P."""
        return [*([] if self.negative_class is None else [self.negative_class]), *self.defects]

    @cached_property
    def team(self) -> list[str]:
        """Everybody who annotates."""
        return list(self.annotators) or [self.annotator]

    @cached_property
    def n_views(self) -> int:
        """How many people look at each image."""
        return min(2, len(self.team)) if self.overlap is None else self.overlap

    @cached_property
    def ids(self) -> frozenset[str]:
        """The ids of the images."""
        return frozenset(self.images.ids)

    @cached_property
    def order(self) -> NDArray[np.intp]:
        """The seeded random order in which images are shown."""
        return np.random.default_rng(self.random_state).permutation(len(self.images))

    @cached_property
    def assigned(self) -> dict[str, NDArray[np.intp]]:
        """Whose images are which, in the common order.

        So all annotators of an image look at it at about the same time.
        """
        places = assign(len(self.images), self.team, overlap=self.n_views, random_state=self.random_state)
        return {name: self.order[np.sort(some)] for name, some in places.items()}

    @property
    def own_order(self) -> NDArray[np.intp]:
        """The images of this annotator, in this order."""
        return self.assigned[self.annotator]

    @property
    def goal(self) -> int:
        """How many images with defects each annotator is asked to find."""
        return -(-self.target * self.n_views // len(self.team))


def check_classes(project: Project) -> None:
    """Raise a ValueError if there is no defect, or a class has a name that cannot be used."""
    classes = project.all_classes
    for position, label in enumerate(classes):
        if not isinstance(label, str) or not label or label in _RESERVED or label in classes[:position]:
            raise ValueError(
                f"{label!r} cannot be the name of a class here: give each class a name of its own, other "
                f"than {', '.join(sorted(_RESERVED))}"
            )
    if not project.defects:
        raise ValueError("there are no classes: name at least one defect, e.g. ['crack']")
