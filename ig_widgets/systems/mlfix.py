"""MLfix: people look through labels in an order in which errors stand out."""

from collections.abc import Sequence
from typing import Any, Literal, NamedTuple, Self

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray
from tqdm.auto import tqdm

from ig_widgets.compute.orders.clusters import image_clusters
from ig_widgets.compute.orders.confusion import by_confusion
from ig_widgets.compute.orders.label_errors import by_label_error
from ig_widgets.compute.orders.nearest import nearest
from ig_widgets.compute.orders.neighbors import by_neighbors
from ig_widgets.compute.orders.random import by_random
from ig_widgets.compute.orders.similarity import by_similarity
from ig_widgets.compute.orders.suspects import cross_validated_proba
from ig_widgets.compute.words.filter_bank import FilterMaps, filter_maps
from ig_widgets.compute.words.pooling import pool_maps
from ig_widgets.compute.words.progress import ProgressMaps
from ig_widgets.compute.words.visual_words import VisualWords
from ig_widgets.data.images import ImageSet
from ig_widgets.data.log.log import AnnotationLog
from ig_widgets.data.log.sources import SIMILARITY_REVIEW
from ig_widgets.data.reviews.label_table import MARKED, NO_CLASS, LabelTable
from ig_widgets.reports.label_review import review_report
from ig_widgets.reports.report import Report
from ig_widgets.systems.system import Task
from ig_widgets.widgets.similarity_review import SimilarityReview

_NEIGHBORS = 12
_AT_ONCE = 64  # images
_NOTHING_LEARNED = "The images are as they come: learn() puts similar and suspicious ones together."
_UNREADABLE = "unreadable"


class _Description(NamedTuple):
    """What n images look like: it does not depend on their labels."""

    words: NDArray[np.uint64]
    """(n, ceil(n_words / 64)) packed."""

    X: NDArray[np.float32]
    """(n, n_channels) pooled maps."""

    nearest: NDArray[np.intp]
    """(n, neighbors)."""

    similar: NDArray[np.intp]
    """(n,) the order by similarity."""

    clusters: NDArray[np.intp]
    """(n,)."""


class MLfix:
    """Find wrong labels: `learn` what images look like and which labels are in doubt, then `ask` people.

    Parameters
    ----------
    images
        n images.
    labels
        The label of each image, missing where it has none: a Series, or anything that makes one.
    classes
        The values that an image can be given; default: the categories, or the distinct labels, sorted.
    maps
        What is where in the images: feature maps, as from `filter_maps` or `BarlowTwins.transform`; default:
        edges and colors in the cells of a grid, without any network.
    n_words
        How many visual words similarity is measured by (the paper: 1024); fewer where there are not as many
        cells.
    log
        Where statements go; default: the file ``annotations.db`` in the working folder.
    annotator
        Name of the annotator who uses this notebook.
    progress
        Whether `learn` shows bars while it describes images.
    random_state
        Seed of everything that is random.

    Attributes
    ----------
    corrected_labels : Series
        The labels with the corrections of this annotator.
    words_ : uint64 array of shape (n, ceil(n_words / 64))
        Which words are in which image, packed.
    P_ : float array of shape (n, n_classes)
        Probabilities of the classes by a quick model that has not learned from the image itself.
    orders_ : dict of str to int array
        All orders by name, the one to begin with first.
    suspected_ : Series
        The most probable class of each image, with the index of the labels.
    clusters_ : int array of shape (n,)
        Which images look alike: the number of each one's cluster, -1 for those that cannot be read.

    Notes
    -----
    Collabora, "Labeling tools are great, but what about quality checks?": similar images side by side, by the
    visual words that they have in common. The orders by suspicion are on the authors' list of wishes.
    """

    def __init__(
        self,
        images: ImageSet,
        labels: ArrayLike,
        *,
        classes: Sequence[Any] | None = None,
        maps: FilterMaps | NDArray[np.float32] | None = None,
        n_words: int = 1024,
        log: AnnotationLog | None = None,
        annotator: str = "me",
        progress: bool = True,
        random_state: int = 0,
    ) -> None:
        self.images = images
        self.labels = labels
        self.classes = classes
        self.maps = maps
        self.n_words = n_words
        self.log = log if log is not None else AnnotationLog()
        self.annotator = annotator
        self.progress = progress
        self.random_state = random_state
        self._description: _Description | None = None

    @property
    def corrected_labels(self) -> "pd.Series[Any]":
        """The labels, with those that the annotator corrected; the same index, name and dtype."""
        return self._table().relabeled()

    @property
    def annotations(self) -> pd.DataFrame:
        """What everybody has said about these images, in force now."""
        said = self.log.annotations
        return said[said["image"].isin(self.images.ids)]

    @property
    def due(self) -> Task:
        """What the annotator should do next, and why: once learned, the most suspicious labels first."""
        if self._description is None:
            return Task("labels", _NOTHING_LEARNED, np.arange(len(self.images)))
        return Task("labels", self._describe_doubts(), self.orders_["suspicion"])

    def learn(self) -> Self:
        """Describe the images once, and doubt the labels as they are now.

        What was marked as wrong is no example of its label; what was corrected is one of the new label. Call
        it again after a review: images are not described again.

        Returns
        -------
        MLfix
            This system.

        Raises
        ------
        ValueError
            If fewer than two classes are left to learn from, or too few images.
        """
        described = self._describe() if self._description is None else self._description
        table = self._table()
        y = _codes(table)
        P = cross_validated_proba(described.X, y, len(table.texts), random_state=self.random_state)
        best = np.where(np.isnan(P).any(axis=1), -1, np.nan_to_num(P).argmax(axis=1))
        orders = {
            "suspicion": by_label_error(P, y),
            "similarity": described.similar,
            "neighbors": by_neighbors(described.words, y),
            "confusion": by_confusion(P, y),
            "random": by_random(len(self.images), random_state=self.random_state),
        }
        self.words_, self.clusters_ = described.words, described.clusters
        self.P_, self.orders_ = P, orders
        self.suspected_ = pd.Series(_name(table, best), index=self._given.index, name="suspected")
        self._description = described
        return self

    def _describe(self) -> _Description:
        """Describe the images: once words are known, an image is read once for words and pooled maps."""
        maps = filter_maps(self.images) if self.maps is None else self.maps
        cells = int(np.prod(np.shape(maps[0])[:2]))
        words = VisualWords(min(self.n_words, cells * len(maps) // 4), random_state=self.random_state)
        batches = -(-words.max_cells // (_AT_ONCE * cells))
        looked_at = min(len(maps), _AT_ONCE * batches)
        with tqdm(total=looked_at, desc="learning words", disable=not self.progress) as bar:
            words.fit(ProgressMaps(maps, bar))
        described = []
        with tqdm(total=len(maps), desc="finding words", disable=not self.progress) as bar:
            watched = ProgressMaps(maps, bar)
            for start in range(0, len(maps), _AT_ONCE):
                some = watched[start : start + _AT_ONCE]
                described.append((words.transform(some), pool_maps(some)))
        packed, pooled = (np.concatenate(parts) for parts in zip(*described, strict=True))
        return _Description(
            packed,
            pooled,
            nearest(packed, _NEIGHBORS),
            by_similarity(packed),
            image_clusters(pooled, random_state=self.random_state),
        )

    def ask(self, stage: Literal["labels"] | None = None) -> SimilarityReview:
        """Return the review of the labels, which says what is due in it.

        Parameters
        ----------
        stage
            "labels", the only one.

        Raises
        ------
        ValueError
            If the stage is unknown.
        """
        if stage not in (None, "labels"):
            raise ValueError(f"stage is {stage!r}; there is one stage only, 'labels'")
        described = self._description
        return SimilarityReview(
            self.images,
            self._given,
            classes=self.classes,
            orders={} if described is None else self.orders_,
            groups=None if described is None else self._groups(),
            neighbors=None if described is None else described.nearest,
            log=self.log,
            annotator=self.annotator,
            note=lambda: self.due.why,
            next_step="audit.report()",
        )

    def report(self) -> Report:
        """Show what everybody has changed who reviewed these labels on this log: see `review_report`."""
        return review_report(self.images, self._given, self.log, classes=self.classes)

    @property
    def _given(self) -> "pd.Series[Any]":
        return self.labels if isinstance(self.labels, pd.Series) else pd.Series(self.labels, name="label")

    def _groups(self) -> dict[str, ArrayLike]:
        names = [f"cluster {number + 1}" for number in range(max(1, self.clusters_.max() + 1))]
        clusters = pd.Categorical.from_codes(self.clusters_, pd.Index(names))
        return {"suspected label": self.suspected_.to_numpy(), "cluster": clusters}

    def _describe_doubts(self) -> str:
        table = self._table()
        codes = _codes(table)
        suspected = self.suspected_.to_numpy()
        doubted = (codes >= 0) & (_name(table, codes) != suspected) & (suspected != _UNREADABLE)
        return (
            f"{np.count_nonzero(doubted)} of {len(table)} images look like another class than their label's: "
            "most of them come first under each label."
        )

    def _table(self) -> LabelTable:
        """Return what is known of the labels now."""
        table = LabelTable(self.images.ids, self._given, self.classes)
        said = self.log.current(None, self.annotator, SIMILARITY_REVIEW)
        table.recall(said, range(len(table)))
        return table


def _codes(table: LabelTable) -> NDArray[np.intp]:
    """Return the labels as they are now as positions in the table's texts, -1 for none or a wrong one."""
    none = (table.states == MARKED) | (table.labels == NO_CLASS)
    return np.where(none, -1, table.labels.astype(np.intp))


def _name(table: LabelTable, codes: NDArray[np.intp]) -> NDArray[np.object_]:
    return np.array([*table.texts, _UNREADABLE], dtype=object)[codes]  # -1 is the last
