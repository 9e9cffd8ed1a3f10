"""What every system is: people are asked, the machine learns, and so on."""

from typing import Any, NamedTuple, Protocol, Self, runtime_checkable

import numpy as np
import pandas as pd
from ipywidgets import DOMWidget
from numpy.typing import NDArray

from ig_widgets.reports.report import Report


class Task(NamedTuple):
    """What an annotator should do next."""

    stage: str
    """A name that `System.ask` takes."""

    why: str
    """The reason, in a sentence; empty for a stage that was asked for by name."""

    order: NDArray[np.intp]
    """Positions of the items, most of the time images, in the order in which they are due."""


@runtime_checkable
class System(Protocol):
    """A loop of two verbs: `ask` people, then `learn` from what they said, as often as needed.

    A system is made of what is fixed (images, classes or labels, who annotates), reads what was said from its
    log, and keeps what it learned last. Its attributes named as arguments of the constructor return these
    arguments; those that end in ``_`` exist once something was learned.

    Beside these members, a system that labels images has ``weak_labels``, see `LabelsImages`, and one that
    reviews labels ``corrected_labels``, see `ReviewsLabels`.
    """

    @property
    def due(self) -> Task:
        """What the annotator should do next, and why."""

    def ask(self, stage: Any = None) -> DOMWidget:
        """Return the widget of what is due, or of a stage; its note is the reason why."""

    def learn(self) -> Self:
        """Learn from what was said so far, and return this system."""

    @property
    def annotations(self) -> pd.DataFrame:
        """What everybody has said about the images, in force now."""

    def report(self) -> Report:
        """Show what came of it."""


@runtime_checkable
class LabelsImages(System, Protocol):
    """A system that labels images."""

    @property
    def weak_labels(self) -> pd.DataFrame:
        """One row for each image: ``image, label``, the probabilities of the classes, and more."""


@runtime_checkable
class ReviewsLabels(System, Protocol):
    """A system that reviews labels."""

    @property
    def corrected_labels(self) -> "pd.Series[Any]":
        """The labels with the corrections, and their index."""
