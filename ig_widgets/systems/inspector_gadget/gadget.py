"""Inspector Gadget: people draw boxes, the kernel labels the rest."""

from collections.abc import Mapping, Sequence
from os import PathLike

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from ig_widgets.compute.augmentation.policies import PolicyAugmenter
from ig_widgets.compute.crowd.assignments import assign
from ig_widgets.compute.crowd.boxes import SEPARATOR
from ig_widgets.compute.crowd.reviews import Rule
from ig_widgets.compute.detection.detector import PatternDetector
from ig_widgets.compute.labeling.importance import pattern_importances
from ig_widgets.compute.labeling.labeler import WeakLabeler
from ig_widgets.compute.matching.matcher import PatternMatcher, Search
from ig_widgets.compute.matching.store.feature_store import FeatureStore
from ig_widgets.data.images import ImageSet
from ig_widgets.data.labels import weak_labels
from ig_widgets.data.log.log import AnnotationLog
from ig_widgets.data.patterns import crop_patterns
from ig_widgets.reports.report import Report
from ig_widgets.systems.inspector_gadget.decisions import PatternDecisions
from ig_widgets.systems.inspector_gadget.gadget_report import inspection
from ig_widgets.systems.inspector_gadget.learning import Augmentation, learned
from ig_widgets.systems.inspector_gadget.next_task import Due, Stage, doing, due
from ig_widgets.systems.inspector_gadget.statements import Said
from ig_widgets.widgets.box_annotator import BoxAnnotator
from ig_widgets.widgets.pattern_gallery import PatternGallery
from ig_widgets.widgets.peer_review import PeerReview

_RULES = {
    "majority": "a box is accepted with more votes for it than against, and a tie decides nothing",
    "unanimous": "a box is accepted when nobody votes against it",
}


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
    annotators
        Everybody who annotates; default: `annotator` alone. Each image is given to `overlap` of them, who do
        not see each other's boxes; what only one of them drew is reviewed by the others. Everybody makes an
        `InspectorGadget` with the same arguments and their own name.
    overlap
        How many people look at each image; default: 2, or 1 where there is one annotator.
    rule, min_votes
        How the votes of a peer review are counted, and how many are needed: see `reviewed_boxes`.
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
    assigned : dict of str to int array
        Whose images are which, in this order.
    goal : int
        How many images with defects each annotator is asked to find.
    due : Due
        What this annotator should do next: ``stage, why, order``.
    reviewed : DataFrame
        The boxes that everybody drew, merged, with the votes on them (see `reviewed_boxes`), and ``seen_by``,
        how many people have looked at the image so far. Where these are fewer than `overlap`, a box of one of
        them is an outlier that waits for the others, and only then for a review.
    said : Said
        What people have said, read from the log once for each of its revisions.
    classes : list of str
        What the columns of P stand for: `none` (if there is one), then the defects.
    revision_ : int
        Of the log, when the rest was learned.
    candidates_ : ImageSet
        The patterns that were cut out, then those that were made of them, with provenance.
    patterns_ : ImageSet
        Those of them that nobody dropped: the columns of X.
    drawn_ : int
        How many of these were cut out.
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
    annotators drew are left out, with a warning, until a peer review accepts them.
    """

    candidates_: ImageSet
    patterns_: ImageSet
    drawn_: int
    augmenter_: PolicyAugmenter | None
    matcher_: PatternMatcher
    labeler_: WeakLabeler
    detector_: PatternDetector | None
    stacked_: WeakLabeler | None
    X_: NDArray[np.float64]
    boxes_: NDArray[np.int32]
    y_: NDArray[np.intp]
    development_: NDArray[np.intp]
    judged_: NDArray[np.intp]
    P_: NDArray[np.float64]
    revision_: int

    def __init__(
        self,
        images: ImageSet,
        classes: Sequence[str],
        *,
        log: AnnotationLog | None = None,
        annotator: str = "me",
        annotators: Sequence[str] = (),
        overlap: int | None = None,
        rule: Rule = "majority",
        min_votes: int = 1,
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
        self._ids = frozenset(images.ids)
        self.defects = [classes] if isinstance(classes, str) else list(classes)
        self.classes = [*([] if none is None else [none]), *self.defects]
        self.log = log if log is not None else AnnotationLog()
        self.annotator = annotator
        self.annotators = list(annotators) or [annotator]
        if annotator not in self.annotators:
            raise ValueError(
                f"{annotator!r} is not among the annotators {', '.join(self.annotators)}: give one of their "
                "names"
            )
        self.overlap = min(2, len(self.annotators)) if overlap is None else overlap
        self.rule: Rule = rule
        self.min_votes = min_votes
        unnamable = [name for name in self.annotators if SEPARATOR in name]
        if unnamable:
            raise ValueError(f"the annotator {unnamable[0]!r} has {SEPARATOR!r} in their name: give another")
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
        self._said: Said | None = None
        self.order = np.random.default_rng(random_state).permutation(len(images))
        # the common order: images are finished by all of theirs at about the same time
        places = assign(len(images), self.annotators, overlap=self.overlap, random_state=random_state)
        self.assigned = {name: self.order[np.sort(some)] for name, some in places.items()}
        self.goal = -(-target * self.overlap // len(self.annotators))

    def ask(self, stage: Stage | None = None) -> BoxAnnotator | PeerReview | PatternGallery:
        """Return the widget that is due, which says why.

        Parameters
        ----------
        stage
            "boxes", "reviews", "patterns" or "labels": this one, due or not.

        Raises
        ------
        ValueError
            If there is nothing to look at in this stage, or it is unknown.
        """
        now = self.due if stage is None else doing(self, stage)
        if now.stage == "reviews":
            return PeerReview(
                self.images,
                self.defects,
                now.order,
                boxes=self._reviewed,
                rule_text=f"{_RULES[self.rule]}; it takes {self.min_votes} of them"
                if self.min_votes > 1
                else _RULES[self.rule],
                log=self.log,
                annotator=self.annotator,
                guidelines=self.guidelines,
                note=now.why if stage is not None else lambda: self.due.why,
                next_step="gadget.learn()",
            )
        if now.stage == "patterns":
            return PatternGallery(
                self.candidates,
                self.defects,
                images=self.images,
                importance=self._importance(),
                log=self.log,
                annotator=self.annotator,
                note=now.why,
            )
        theirs = self.assigned[self.annotator]
        return BoxAnnotator(
            self.images,
            self.defects,
            now.order,
            log=self.log,
            annotator=self.annotator,
            # who looks at what is missing of theirs has reached the goal before
            goal=self.goal if now.stage == "boxes" and len(now.order) == len(theirs) else None,
            guidelines=self.guidelines,
            examples=self.examples,
            note=now.why if stage is not None else lambda: self.due.why,
            next_step="gadget.learn()" if len(self.annotators) == 1 else "gadget.ask()",
        )

    @property
    def due(self) -> Due:
        """What this annotator should do next, and why."""
        return due(self)

    @property
    def said(self) -> Said:
        """What everybody has said about these images, in force now."""
        if (
            self._said is None
            or (self._said.rule, self._said.min_votes) != (self.rule, self.min_votes)
            or self._said.revision != self.log.revision
        ):
            self._said = self._read(None)
        return self._said

    @property
    def reviewed(self) -> pd.DataFrame:
        """The boxes that everybody drew, merged, with the votes on them and by how many they were seen."""
        return self.said.reviewed.copy()

    @property
    def annotations(self) -> pd.DataFrame:
        """What everybody has said about these images, in force now."""
        return self.said.annotations.copy()

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
        # all at once: whoever stops this, or whatever fails, leaves what was learned before as it was
        self.__dict__.update({f"{name}_": value for name, value in learned(self)._asdict().items()})
        return self.P_

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
        judged and that are most probably defective, the confusion matrix of the development set by
        cross-validation, and what `agreement_report` shows; those of them for which there is something to
        show.
        """
        self._check_learned()
        return inspection(self)

    def _read(self, image: str | None) -> Said:
        """Read what was said about one image or all of them."""
        return Said(
            self.log.snapshot(image),
            self._ids,
            defects=self.defects,
            overlap=self.overlap,
            rule=self.rule,
            min_votes=self.min_votes,
        )

    def _reviewed(self, image: str | None) -> pd.DataFrame:
        """Return the merged boxes of one image or of all, with the votes on them."""
        return self.reviewed if image is None else self._read(image).reviewed

    @property
    def candidates(self) -> ImageSet:
        """The patterns that a gallery shows: all that were cut out or made, also those that were dropped."""
        if hasattr(self, "candidates_"):
            return self.candidates_
        return crop_patterns(self.images, self.said.standing)

    def gallery_seen(self) -> bool:
        """Tell whether anybody has looked at the patterns that were learned from."""
        return PatternDecisions(self.said.verdicts).seen(self.candidates)

    def _importance(self) -> NDArray[np.float64] | None:
        """Return how much the labeler needs each candidate, NaN for those that it does not know."""
        if not hasattr(self, "P_"):
            return None
        rows = self.development_
        measured = pattern_importances(
            self.labeler_, self.X_[rows], self.y_[rows], random_state=self.random_state
        )
        known = dict(zip(self.patterns_.ids, measured, strict=True))
        return np.array([known.get(id_, np.nan) for id_ in self.candidates.ids])

    def _check_learned(self) -> None:
        if not hasattr(self, "P_"):
            raise RuntimeError("nothing was learned yet: call gadget.learn() first")
