"""Inspector Gadget: people draw boxes, the kernel labels the rest."""

import warnings
from collections.abc import Mapping, Sequence
from operator import attrgetter
from os import PathLike
from typing import Any, Self

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from ig_widgets.compute.crowd.reviews import Rule
from ig_widgets.compute.detection.detector import PatternDetector
from ig_widgets.compute.labeling.importance import pattern_importances
from ig_widgets.compute.labeling.labeler import WeakLabeler
from ig_widgets.compute.matching.matcher import Search
from ig_widgets.compute.matching.store.feature_store import FeatureStore
from ig_widgets.compute.pipeline.augment import Augmentation
from ig_widgets.compute.pipeline.pattern_labeler import PatternLabeler
from ig_widgets.data.images import ImageSet
from ig_widgets.data.labels import weak_labels
from ig_widgets.data.log.log import AnnotationLog
from ig_widgets.data.patterns import crop_patterns
from ig_widgets.reports.report import Report
from ig_widgets.systems.inspector_gadget.decisions import PatternDecisions
from ig_widgets.systems.inspector_gadget.examples import gather_examples
from ig_widgets.systems.inspector_gadget.gadget_report import gadget_report
from ig_widgets.systems.inspector_gadget.next_task import Stage, next_task, task_for
from ig_widgets.systems.inspector_gadget.project import Project
from ig_widgets.systems.inspector_gadget.statements import Statements
from ig_widgets.systems.system import Task
from ig_widgets.widgets.box_annotator import BoxAnnotator
from ig_widgets.widgets.pattern_gallery import PatternGallery
from ig_widgets.widgets.peer_review import PeerReview

_RULES = {
    "majority": "a box is accepted with more votes for it than against, and a tie decides nothing",
    "unanimous": "a box is accepted when nobody votes against it",
}


def _fixed(name: str) -> Any:
    """Return a read-only attribute that shows one of the project."""
    return property(attrgetter(f"_project.{name}"))


class InspectorGadget:
    """Weak labels from a few boxes: `ask` people, then `learn` from what they said, as often as needed.

    Images are shown in a random order until `target` images with defects are found; all annotated images, the
    clean ones too, form the development set, from which a `PatternLabeler` learns.

    Parameters
    ----------
    images
        What is to be labeled.
    classes
        Names of the defects that people draw boxes around.
    log
        Where statements go; default: the file ``annotations.db`` in the working folder.
    annotator
        Name of the annotator who uses this notebook.
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
    negative_class
        The class of images without defects; None when every image has one of the classes.
    guidelines, examples
        What people are taught: see `BoxAnnotator`.
    augment, n_augmented, labeler, search, store, n_jobs, progress
        How `learn` learns: see `PatternLabeler`. With a `store` it searches only patterns and images that are
        new.
    detector
        Whether to train a `PatternDetector`, about a minute on one core for images of one megapixel; or one
        with settings of its own. It needs boxes on two images. It is trained only on images whose boxes are
        settled: every box accepted, or no box at all.
    random_state
        Seed of everything that is random.

    Attributes
    ----------
    classes_ : list of str
        What the columns of P stand for: `negative_class` (if there is one), then the defects.
    order : int array of shape (n_images,)
        The seeded random order in which images are shown.
    assigned : dict of str to int array
        Whose images are which, in this order.
    learned_ : PatternLabeler or None
        What was learned last: patterns, similarities, labelers, detector. None before the first `learn`.
    P_ : float array of shape (n_images, n_classes)
        What the machine believes: ``learned_.P_``.
    y_ : int array of shape (n_images,)
        What people had said when it was learned, as positions in ``classes_``; -1 where nobody had.

    Notes
    -----
    Heo et al., "Inspector Gadget: A Data Programming-based Labeling System for Industrial Images", PVLDB
    14(1), 2020, sections 3 to 5; see `PatternLabeler` for what differs. Boxes that only one of several
    annotators drew are left out, with a warning, until a peer review accepts them.

    Images, classes and annotators are fixed: make another gadget on the same log to change them. How `learn`
    learns can be set at any time.
    """

    images = _fixed("images")
    classes = _fixed("classes")
    annotator = _fixed("annotator")
    annotators = _fixed("annotators")
    overlap = _fixed("overlap")
    rule = _fixed("rule")
    min_votes = _fixed("min_votes")
    target = _fixed("target")
    negative_class = _fixed("negative_class")
    random_state = _fixed("random_state")
    classes_ = _fixed("all_classes")
    order = _fixed("order")
    assigned = _fixed("assigned")

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
        negative_class: str | None = "ok",
        guidelines: str = "",
        examples: Mapping[str, Sequence[NDArray[np.uint8]]] | None = None,
        augment: Sequence[Augmentation] = ("policy",),
        n_augmented: int = 100,
        detector: PatternDetector | bool = True,
        labeler: WeakLabeler | None = None,
        search: Search = "pyramid",
        store: FeatureStore | str | PathLike[str] | None = None,
        n_jobs: int | None = None,
        progress: bool = True,
        random_state: int = 0,
    ) -> None:
        self._project = Project(
            images=images,
            classes=classes,
            annotator=annotator,
            annotators=annotators,
            overlap=overlap,
            rule=rule,
            min_votes=min_votes,
            target=target,
            negative_class=negative_class,
            random_state=random_state,
        )
        self.log = log if log is not None else AnnotationLog()
        self.guidelines = guidelines
        self.examples = examples
        self.augment = augment
        self.n_augmented = n_augmented
        self.detector = detector
        self.labeler = labeler
        self.search = search
        self.store = store
        self.n_jobs = n_jobs
        self.progress = progress
        self._statements: Statements | None = None
        self.learned_: PatternLabeler | None = None
        self._learned_revision: int | None = None

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
        project, task = self._project, self.due if stage is None else self._task_for(stage)
        note = (lambda: self.due.why) if stage is None else task.why  # what is due changes as people work
        if task.stage == "reviews":
            votes = f"; it takes {project.min_votes} of them" if project.min_votes > 1 else ""
            return PeerReview(
                project.images,
                project.defects,
                task.order,
                boxes=self._review_boxes,
                rule_text=_RULES[project.rule] + votes,
                log=self.log,
                annotator=project.annotator,
                guidelines=self.guidelines,
                note=note,
                next_step="gadget.learn()",
            )
        if task.stage == "patterns":
            return PatternGallery(
                self.candidates,
                project.defects,
                images=project.images,
                importance=self._importance(),
                log=self.log,
                annotator=project.annotator,
                note=note,
                next_step="gadget.learn()",
            )
        # no goal for a part: annotators who fill in images that they missed have already reached it
        whole = task.stage == "boxes" and len(task.order) == len(project.own_order)
        return BoxAnnotator(
            project.images,
            project.defects,
            task.order,
            log=self.log,
            annotator=project.annotator,
            goal=project.goal if whole else None,
            guidelines=self.guidelines,
            examples=self.examples,
            note=note,
            next_step="gadget.learn()" if len(project.team) == 1 else "gadget.ask()",
        )

    @property
    def due(self) -> Task:
        """What this annotator should do next, and why."""
        return next_task(
            self._project,
            self.statements,
            self.learned_,
            learned_revision=self._learned_revision,
            patterns_seen=self.learned_ is not None
            and PatternDecisions(self.statements.verdicts).concern(self.learned_.candidates_),
        )

    @property
    def statements(self) -> Statements:
        """What everybody has said about these images, read once for each revision of the log."""
        if self._statements is None or self._statements.revision != self.log.revision:
            self._statements = Statements(self._project, self.log.snapshot(None))
        return self._statements

    @property
    def reviewed(self) -> pd.DataFrame:
        """The boxes that everybody drew, merged, with the votes on them (see `reviewed_boxes`).

        ``seen_by`` is how many people have looked at the image so far. Where these are fewer than `overlap`,
        a box of one of them is an outlier that waits for the others, and only then for a review.
        """
        return self.statements.reviewed_boxes.copy()

    @property
    def annotations(self) -> pd.DataFrame:
        """What everybody has said about these images, in force now."""
        return self.statements.annotations.copy()

    @property
    def candidates(self) -> ImageSet:
        """The patterns that a gallery shows: all that were cut out or made, also those that were dropped."""
        if self.learned_ is not None:
            return self.learned_.candidates_
        return crop_patterns(self._project.images, self.statements.accepted_boxes)

    def learn(self) -> Self:
        """Augment, match, detect, fit and label, by a `PatternLabeler`.

        Interrupt it, and what was learned before stays as it was.

        Returns
        -------
        InspectorGadget
            This system, with ``learned_`` and ``P_``.

        Raises
        ------
        ValueError
            If nobody drew a box yet, all annotated images are of one class, or a class has a name that cannot
            be used.

        Warns
        -----
        UserWarning
            If boxes are left out, a class has less than two examples, or there is too little for a detector.
        """
        project, statements = self._project, self.statements
        examples = gather_examples(project, statements)
        sentences = [*examples.left_out]
        pipeline = PatternLabeler(
            augment=self.augment,
            n_augmented=self.n_augmented,
            detector=self.detector,
            labeler=self.labeler,
            search=self.search,
            store=self.store,
            n_jobs=self.n_jobs,
            progress=self.progress,
            random_state=project.random_state,
        )
        try:
            self.learned_ = pipeline.fit(
                project.images,
                examples.y,
                examples.boxes,
                classes=project.all_classes,
                detector_rows=examples.settled,
                dropped=examples.decisions.drops,
                tell=sentences.append,
            )
            self._learned_revision = statements.revision
        finally:
            for sentence in sentences:
                warnings.warn(sentence, stacklevel=2)
        return self

    @property
    def P_(self) -> NDArray[np.float64]:  # noqa: N802
        """The probabilities of the classes, out-of-fold for the images that people judged."""
        return self._check_learned(AttributeError).P_

    @property
    def y_(self) -> NDArray[np.intp]:
        """What people had said when this was learned."""
        return self._check_learned(AttributeError).y_

    @property
    def weak_labels(self) -> pd.DataFrame:
        """One row per image, in the order of `images`.

        The columns: ``image``; ``label``, what people said where they did, else what the labeler decides;
        one probability for each class; ``pattern`` and ``score``, the drawn pattern that fits best, and ``x,
        y, width, height``, where; ``annotated``, whether people have said.
        """
        learned = self._check_learned()
        unread = np.isnan(learned.P_).any(axis=1)
        decided = np.where(unread, -1, np.nan_to_num(learned.P_).argmax(axis=1))
        # a pattern that was made, sheared for instance, does not lie where the defect lies
        drawn = slice(learned.n_drawn_)
        table = weak_labels(
            self._project.images,
            learned.P_,
            self._project.all_classes,
            labels=np.where(learned.y_ >= 0, learned.y_, decided),
            scores=learned.X_[:, drawn],
            boxes=learned.places_[:, drawn],
            patterns=learned.patterns_[drawn],
        )
        return table.assign(annotated=learned.y_ >= 0)

    def report(self) -> Report:
        """Show what was learned, in a table of facts and in pictures.

        The pictures: the best matches of each pattern, the highest similarities, the patterns that the
        labeler needs most, the search for operations, what the detector sees in the images that nobody has
        judged and that are most probably defective, the confusion matrix of the development set by
        cross-validation, and what `agreement_report` shows; those of them for which there is something to
        show.
        """
        learned = self._check_learned()
        return gadget_report(
            self._project, learned, labels=self.weak_labels["label"], annotations=self.annotations
        )

    def _task_for(self, stage: Stage) -> Task:
        n_candidates = len(self.candidates) if stage == "patterns" else 0
        return task_for(stage, self._project, self.statements, self.learned_, n_candidates)

    def _review_boxes(self, image: str | None) -> pd.DataFrame:
        """Return the merged boxes of one image or of all, with the votes on them."""
        if image is None:
            return self.reviewed
        return Statements(self._project, self.log.snapshot(image)).reviewed_boxes

    def _importance(self) -> NDArray[np.float64] | None:
        """Return how much the labeler needs each candidate, NaN for those that it does not know."""
        learned = self.learned_
        if learned is None:
            return None
        rows = learned.development_
        measured = pattern_importances(
            learned.labeler_, learned.X_[rows], learned.y_[rows], random_state=learned.random_state
        )
        known = dict(zip(learned.patterns_.ids, measured, strict=True))
        return np.array([known.get(id_, np.nan) for id_ in learned.candidates_.ids])

    def _check_learned(self, error: type[Exception] = RuntimeError) -> PatternLabeler:
        if self.learned_ is None:
            raise error("nothing was learned yet: call gadget.learn() first")
        return self.learned_
