"""Inspector Gadget: people draw boxes, the kernel labels the rest."""

import warnings
from collections.abc import Iterator, Mapping, Sequence
from os import PathLike
from typing import Any, Literal, TypeAlias

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sklearn.base import clone
from tqdm.auto import tqdm

from ig_widgets.compute.augmentation.gan import PatternGAN
from ig_widgets.compute.augmentation.policies import PolicyAugmenter
from ig_widgets.compute.augmentation.shares import even_share, gan_patterns
from ig_widgets.compute.boxes import merge_boxes
from ig_widgets.compute.detection.detector import PatternDetector
from ig_widgets.compute.labeling.labeler import SelectionWarning, WeakLabeler
from ig_widgets.compute.labeling.stacking import log_odds
from ig_widgets.compute.matching.feature_store import FeatureStore
from ig_widgets.compute.matching.matcher import PatternMatcher, Search
from ig_widgets.compute.patterns import crop_patterns, pattern_sources
from ig_widgets.data.annotations import BOX
from ig_widgets.data.images import ImageSet
from ig_widgets.data.labels import labels_of, weak_labels
from ig_widgets.data.log import AnnotationLog
from ig_widgets.systems.inspection import inspection
from ig_widgets.systems.report import Report
from ig_widgets.widgets.box_annotator import BoxAnnotator

Augmentation: TypeAlias = Literal["policy", "search", "gan"] | PolicyAugmenter | PatternGAN


class InspectorGadget:
    """Weak labels from a few boxes: `ask` people, then `learn` from what they said, as often as needed.

    Images are shown in a random order until `target` images with defects are found; all annotated images, the
    clean ones too, form the development set. The boxes on it become patterns, and more are made of these.
    Similarities to every image become features, and a small neural network makes labels of them. A detector
    that learns what is in the boxes adds what it sees.

    Parameters
    ----------
    images
        What is to be labeled.
    classes
        Names of the defects that people draw boxes around.
    log
        Where statements go; default: the file ``annotations.db`` in the working folder.
    annotator
        Who is asked.
    target
        How many images with defects the development set is to hold (the paper: tens).
    none
        The class of images without defects; None when every image has one of the classes.
    guidelines, examples
        What people are taught: see `BoxAnnotator`.
    augment
        What makes more patterns: "policy", image operations (`PolicyAugmenter`); "search", the three
        operations that serve this development set best, as in the paper, which takes minutes; "gan"
        (`PatternGAN`), which takes minutes as well; any of them, or none. Instead of its name, a
        `PolicyAugmenter` or `PatternGAN` with settings of its own.
    augmented
        How many patterns each of these adds, as many for each class (the paper: 100 to 500).
    detector
        Whether to train a `PatternDetector`, about a minute on one core for images of one megapixel; or one
        with settings of its own. It needs boxes on two images, and learns from those images of which it is
        known where defects are and where not: all boxes agreed upon, or nobody has seen one.
    labeler
        The settings of the labelers; default: ``WeakLabeler()``.
    search
        "pyramid", or "full" for the exact and slow search: see `PatternMatcher`.
    store
        A `FeatureStore` or its folder: `learn()` then searches only patterns and images that are new.
    n_jobs
        How many tasks search at the same time: see `PatternMatcher`.
    progress
        Whether `learn` shows bars while it trains.
    random_state
        Seed of everything that is random.

    Attributes
    ----------
    order : int array of shape (n_images,)
        The seeded random order in which images are shown.
    classes : list of str
        What the columns of P stand for: `none` (if there is one), then the defects.
    patterns_ : ImageSet
        The patterns that were cut out, then those that were made of them, with provenance.
    drawn_ : int
        How many of them were cut out.
    augmenter_ : PolicyAugmenter or None
        What made patterns by image operations; after a search with its ``scores_``.
    matcher_ : PatternMatcher
    labeler_ : WeakLabeler
        It knows the similarities only.
    detector_ : PatternDetector or None
    stacked_ : WeakLabeler or None
        Where there is a detector: it decides, from what `labeler_` believes (its `log_odds`) and from what
        the detector sees.
    X_ : float array of shape (n_images, n_patterns)
        Similarities; NaN in the rows of images that cannot be read.
    boxes_ : int array of shape (n_images, n_patterns, 4)
        Where each pattern fits best: x0, y0, x1, y1, ends exclusive.
    y_ : int array of shape (n_images,)
        What people said, as positions in `classes`; -1 where nobody has.
    development_, judged_ : int arrays
        Positions of the development set, and of those of it that cross-validation could judge.
    P_ : float array of shape (n_images, n_classes)
        What the machine believes.

    Notes
    -----
    Heo et al., "Inspector Gadget: A Data Programming-based Labeling System for Industrial Images", PVLDB
    14(1), 2020, sections 3 to 5. The detector is not in the paper; with ``detector=False, augment=("search",
    "gan")`` and the paper's form of the `WeakLabeler` as `labeler` this is the paper's system. A pattern that
    a GAN made has something of several images; in cross-validation it is left out with the one that it
    resembles most, so what is out-of-fold is slightly too good with a GAN. Boxes that only one of several
    annotators drew are left out, with a warning: in the paper they go to a peer review.
    """

    def __init__(
        self,
        images: ImageSet,
        classes: Sequence[str],
        *,
        log: AnnotationLog | None = None,
        annotator: str = "me",
        target: int = 10,
        none: str | None = "ok",
        guidelines: str = "",
        examples: Mapping[str, Sequence[NDArray[np.uint8]]] | None = None,
        augment: Sequence[Augmentation] = ("policy",),
        augmented: int = 100,
        detector: PatternDetector | bool = True,
        labeler: WeakLabeler | None = None,
        search: Search = "pyramid",
        store: FeatureStore | str | PathLike[str] | None = None,
        n_jobs: int | None = None,
        progress: bool = True,
        random_state: int = 0,
    ) -> None:
        self.images = images
        self.defects = [classes] if isinstance(classes, str) else list(classes)
        self.classes = [*([] if none is None else [none]), *self.defects]
        self.log = log if log is not None else AnnotationLog()
        self.annotator = annotator
        self.target = target
        self.none = none
        self.guidelines = guidelines
        self.examples = examples
        self.augment = augment
        self.augmented = augmented
        self.detector = detector
        self.labeler = labeler
        self.search = search
        self.store = store
        self.n_jobs = n_jobs
        self.progress = progress
        self.random_state = random_state
        self.order = np.random.default_rng(random_state).permutation(len(images))

    def ask(self) -> BoxAnnotator:
        """Return the widget that is due: boxes on images in random order, until there are enough defects."""
        return BoxAnnotator(
            self.images,
            self.order,
            classes=self.defects,
            log=self.log,
            annotator=self.annotator,
            goal=self.target,
            guidelines=self.guidelines,
            examples=self.examples,
        )

    @property
    def annotations(self) -> pd.DataFrame:
        """What everybody has said about these images, in force now."""
        said = self.log.annotations
        return said[said["image"].isin(self.images.ids)]

    def learn(self) -> NDArray[np.float64]:
        """Augment, match, detect, fit and label.

        Interrupt it, and what was learned before stays as it was.

        Returns
        -------
        float array of shape (n_images, n_classes)
            Probabilities of `classes`. For the images of the development set that cross-validation can judge
            they are out-of-fold: of a labeler that had not seen the image, nor the patterns cut from it. NaN
            for images that cannot be read.

        Raises
        ------
        ValueError
            If nobody drew a box yet, all annotated images are of one class, or a class has a name that cannot
            be used.
        """
        self._check_classes()
        said = self.annotations
        boxes, lone = self._merged(said)
        y = labels_of(self.images, said, self.classes, none=self.none)
        self._check_found(y)
        cut = crop_patterns(self.images, boxes)
        if len(cut) == 0:
            raise ValueError("no image with a box can be read: see gadget.images.problems")
        patterns, augmenter = self._augmented(cut, y)
        matcher = PatternMatcher(
            patterns,
            search=self.search,
            oversized="shrink",  # a pattern that was sheared may exceed every image
            store=self.store,
            n_jobs=self.n_jobs,
        ).fit()
        X, places = matcher.locate(self.images)

        readable = ~np.isnan(X).any(axis=1)
        development = np.flatnonzero((y >= 0) & readable)
        if len(development) < np.count_nonzero(y >= 0):
            self._check_found(y[development])
        labeler = self._fitted(X, y, development, pattern_sources(patterns, self.images[development]))
        P, judged = self._believed(labeler, X, development)
        shown = self._shown(development, y, boxes, lone)
        detector, stacked = self._detector(boxes, shown, y[judged]), None
        if detector is not None:
            seen = detector.transform(self.images)
            seen[shown] = detector.out_of_fold(self.images[shown])
            features = np.hstack([log_odds(P[:, labeler.classes_]), seen])
            stacked = self._fitted(features, y, judged)
            P, judged = self._believed(stacked, features, judged)

        # all at once: whoever stops this, or whatever fails, leaves what was learned before as it was
        self.patterns_, self.matcher_, self.labeler_ = patterns, matcher, labeler
        self.detector_, self.stacked_, self.augmenter_, self.drawn_ = detector, stacked, augmenter, len(cut)
        self.X_, self.boxes_, self.y_, self.P_ = X, places, y, P
        self.development_, self.judged_ = development, judged
        return P

    @property
    def weak_labels(self) -> pd.DataFrame:
        """One row per image, in the order of `images`.

        The columns: ``image``; ``label``, what people said where they did, else what the labeler decides;
        one probability for each class; ``pattern`` and ``score``, the drawn pattern that fits best, and ``x,
        y, width, height``, where; ``annotated``, whether people have said.
        """
        self._check_learned()
        unread = np.isnan(self.P_).any(axis=1)
        decided = np.where(unread, -1, np.nan_to_num(self.P_).argmax(axis=1))
        # a pattern that was made, sheared for instance, does not lie where the defect lies
        cut = self.drawn_
        table = weak_labels(
            self.images,
            self.P_,
            self.classes,
            labels=np.where(self.y_ >= 0, self.y_, decided),
            scores=self.X_[:, :cut],
            boxes=self.boxes_[:, :cut],
            patterns=self.patterns_[:cut],
        )
        return table.assign(annotated=self.y_ >= 0)

    def report(self) -> Report:
        """Show what was learned, in a table of facts and in pictures.

        The pictures: the best matches of each pattern, the highest similarities, the patterns that the
        labeler needs most, the search for operations, what the detector sees in the images that nobody has
        judged and that are most probably defective, and the confusion matrix of the development set by
        cross-validation; those of them for which there is something to show.
        """
        self._check_learned()
        return inspection(self)

    def _merged(self, said: pd.DataFrame) -> tuple[pd.DataFrame, set[str]]:
        """Return the boxes that several people drew, or the only one who was asked, and where others are."""
        merged = merge_boxes(said)
        merged = merged[merged["label"].isin(self.defects)]
        kept = merged[~merged["outlier"]]
        if merged.empty:
            raise ValueError(
                f"there is no box of {' or '.join(self.defects)} to learn from: draw some in gadget.ask()"
            )
        if len(kept) < len(merged):
            sentence = (
                f"{len(merged) - len(kept)} of {len(merged)} boxes were drawn by one of several annotators "
                "only and are left out: look at merge_boxes(gadget.annotations) and let others judge them"
            )
            if kept.empty:
                raise ValueError(sentence)
            warnings.warn(sentence, stacklevel=3)
        return kept, set(merged.loc[merged["outlier"], "image"])

    def _augmented(self, cut: ImageSet, y: NDArray[np.intp]) -> tuple[ImageSet, PolicyAugmenter | None]:
        """Return the patterns that were cut out, then those made of them, and what made those."""
        settings: dict[str, Any] = {"store": self.store, "n_jobs": self.n_jobs, "progress": self.progress}
        named = {
            "policy": PolicyAugmenter(**settings),
            "search": PolicyAugmenter(search="triples", **settings),
            "gan": PatternGAN(),
        }
        ways = [named.get(way) if isinstance(way, str) else way for way in self.augment]
        unknown = [
            given
            for given, way in zip(self.augment, ways, strict=True)
            if not isinstance(way, PolicyAugmenter | PatternGAN)
        ]
        if unknown:
            raise ValueError(
                f"augment holds {unknown[0]!r}; it may hold 'policy' or 'search', and 'gan', or a "
                "PolicyAugmenter and a PatternGAN"
            )
        patterns, augmenter, seed = cut, None, self.random_state
        known = np.flatnonzero(y >= 0)
        for way in ways:
            if isinstance(way, PatternGAN):
                patterns += gan_patterns(cut, self.augmented, gan=way, random_state=seed, watch=self._watch)
            elif isinstance(way, PolicyAugmenter):
                augmenter = clone(way).set_params(random_state=seed)
                made = augmenter.fit(cut, self.images[known], y[known]).transform(cut)
                patterns += even_share(made, self.augmented, seed)
        return patterns, augmenter

    def _shown(
        self, development: NDArray[np.intp], y: NDArray[np.intp], boxes: pd.DataFrame, lone: set[str]
    ) -> NDArray[np.intp]:
        """Return those of a development set of which it is known where the defects are, and where not."""
        ids = np.array(self.images[development].ids)
        clean = (y[development] == 0) & (self.none is not None)
        boxed = np.isin(ids, boxes["image"].to_numpy(dtype=str))
        return np.asarray(development[(clean | boxed) & ~np.isin(ids, list(lone))])

    def _detector(
        self, boxes: pd.DataFrame, shown: NDArray[np.intp], judged_y: NDArray[np.intp]
    ) -> PatternDetector | None:
        """Return a detector that has learned, or None where there is too little to learn from."""
        if not self.detector:
            return None
        images = self.images[shown]
        known = boxes[boxes["image"].isin(images.ids)]
        lacking = (
            "boxes on 2 images at least"
            if known["image"].nunique() < 2
            else "2 annotated images of each class"
            if len(np.unique(judged_y)) < 2
            else None
        )
        if lacking:
            warnings.warn(
                f"there is too little for a detector, which needs {lacking}: this learns from similarities "
                "only; annotate more",
                stacklevel=3,
            )
            return None
        detector = (
            PatternDetector(n_jobs=self.n_jobs, random_state=self.random_state)
            if self.detector is True
            else clone(self.detector)
        )
        for _ in self._watch(detector.training(images, known), "detector", detector.epochs):
            pass
        return detector

    def _fitted(
        self,
        X: NDArray[np.float64],
        y: NDArray[np.intp],
        rows: NDArray[np.intp],
        sources: NDArray[np.int64] | None = None,
    ) -> WeakLabeler:
        given = WeakLabeler(n_jobs=self.n_jobs) if self.labeler is None else self.labeler
        labeler: WeakLabeler = clone(given).set_params(random_state=self.random_state)
        with warnings.catch_warnings():
            # it knows classes by their numbers only: _check_found has said it by name
            warnings.simplefilter("ignore", SelectionWarning)
            labeler.fit(X[rows], y[rows], sources=sources)
        return labeler

    def _believed(
        self, labeler: WeakLabeler, X: NDArray[np.float64], rows: NDArray[np.intp]
    ) -> tuple[NDArray[np.float64], NDArray[np.intp]]:
        """Return probabilities, out-of-fold for the rows that could be judged, and these rows."""
        readable = ~np.isnan(X).any(axis=1)
        P = np.full((len(X), len(self.classes)), np.nan)
        P[readable] = 0.0
        P[np.ix_(readable, labeler.classes_)] = labeler.predict_proba(X[readable])
        # with very few examples some images are never left out of a fold
        judged = ~np.isnan(labeler.oof_probabilities_).any(axis=1)
        P[np.ix_(rows[judged], labeler.classes_)] = labeler.oof_probabilities_[judged]
        return P, rows[judged]

    def _watch(self, records: Iterator[Any], name: str, total: int | None = None) -> Iterator[Any]:
        return iter(tqdm(records, desc=name, total=total, disable=not self.progress))

    def _check_classes(self) -> None:
        reserved = {"image", "pattern", "score", "annotated", *BOX}
        for position, label in enumerate(self.classes):
            if (
                not isinstance(label, str)
                or not label
                or label in reserved
                or label in self.classes[:position]
            ):
                raise ValueError(
                    f"{label!r} cannot be the name of a class here: give each class a name of its own, "
                    f"other than {', '.join(sorted(reserved))}"
                )
        if not self.defects:
            raise ValueError("there are no classes: name at least one defect, e.g. ['crack']")

    def _check_found(self, y: NDArray[np.intp]) -> None:
        counts = np.bincount(y[y >= 0], minlength=len(self.classes))
        if (counts > 0).sum() < 2:
            only = self.classes[counts.argmax()] if counts.any() else "none"
            raise ValueError(
                f"all {counts.sum()} annotated images are of one class ({only}), so there is nothing to tell "
                "apart: go on in gadget.ask(), and press N where there is no defect"
            )
        for label, count in zip(self.classes, counts, strict=True):
            if count < 2:
                warnings.warn(
                    f"there {'is one example' if count else 'is no example'} of {label!r}: annotate more, or "
                    "its labels are worth little",
                    stacklevel=3,
                )

    def _check_learned(self) -> None:
        if not hasattr(self, "P_"):
            raise RuntimeError("nothing was learned yet: call gadget.learn() first")
