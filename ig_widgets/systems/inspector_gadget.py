"""Inspector Gadget: people draw boxes, the kernel labels the rest."""

import warnings
from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from ig_widgets.compute.boxes import merge_boxes
from ig_widgets.compute.labeler import WeakLabeler
from ig_widgets.compute.matching import PatternMatcher, Search
from ig_widgets.compute.patterns import crop_patterns, pattern_sources
from ig_widgets.data.images import ImageSet
from ig_widgets.data.labels import labels_of, weak_labels
from ig_widgets.data.log import AnnotationLog
from ig_widgets.systems.report import Report, confusion, score_histogram, top_matches
from ig_widgets.widgets.box_annotator import BoxAnnotator


class InspectorGadget:
    """Weak labels from a few boxes: `ask` people, then `learn` from what they said, as often as needed.

    Images are shown in a random order until `target` images with defects are found; all annotated images, the
    clean ones too, form the development set. The boxes on it become patterns, their similarities to every
    image become features, and a small neural network makes labels of them.

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
    search
        "pyramid", or "full" for the exact and slow search: see `PatternMatcher`.
    n_jobs
        How many images are searched at the same time: see `PatternMatcher`.
    random_state
        Seed of the order and of the labeler.

    Attributes
    ----------
    order : int array of shape (n_images,)
        The seeded random order in which images are shown.
    classes : list of str
        What the columns of P stand for: `none` (if there is one), then the defects.
    patterns_ : ImageSet
        The patterns that were cut out, with provenance.
    matcher_ : PatternMatcher
    labeler_ : WeakLabeler
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
    14(1), 2020, sections 3 and 5. Boxes that only one of several annotators drew are left out, with a
    warning: in the paper they go to a peer review.
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
        search: Search = "pyramid",
        n_jobs: int | None = None,
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
        self.search = search
        self.n_jobs = n_jobs
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
        """Match, fit and label.

        Returns
        -------
        float array of shape (n_images, n_classes)
            Probabilities of `classes`. For the development set they are out-of-fold: of a labeler that had
            not seen the image, nor the patterns cut from it. NaN for images that cannot be read.

        Raises
        ------
        ValueError
            If nobody drew a box yet, or all annotated images are of one class.
        """
        said = self.annotations
        self.patterns_ = self._cut(said)
        self.matcher_ = PatternMatcher(self.patterns_, search=self.search, n_jobs=self.n_jobs).fit()
        self.X_, self.boxes_ = self.matcher_.locate(self.images)
        self.y_ = labels_of(self.images, said, self.classes, none=self.none)
        readable = ~np.isnan(self.X_).any(axis=1)
        self.development_ = np.flatnonzero((self.y_ >= 0) & readable)
        self._check_development_set()

        sources = pattern_sources(self.patterns_, self.images)
        row_of = np.full(len(self.images) + 1, -1)  # the last one stands for "not among these images"
        row_of[self.development_] = np.arange(len(self.development_))
        self.labeler_ = WeakLabeler(random_state=self.random_state).fit(
            self.X_[self.development_],
            self.y_[self.development_],
            sources=row_of[sources],
        )
        self.P_ = np.full((len(self.images), len(self.classes)), np.nan)
        self.P_[readable] = 0.0
        columns = self.labeler_.classes_
        self.P_[np.ix_(readable, columns)] = self.labeler_.predict_proba(self.X_[readable])
        out_of_fold = self.labeler_.oof_probabilities_
        # with very few examples some images are never left out of a fold
        judged = ~np.isnan(out_of_fold).any(axis=1)
        self.judged_ = self.development_[judged]
        self.P_[np.ix_(self.judged_, columns)] = out_of_fold[judged]
        return self.P_

    @property
    def weak_labels(self) -> pd.DataFrame:
        """One row per image, in the order of `images`.

        The columns: ``image``; ``label``, what people said where they did, else what the labeler decides;
        one probability for each class; ``pattern`` and ``score``, the pattern that fits best, and ``x, y,
        width, height``, where; ``annotated``, whether people have said.
        """
        self._check_learned()
        table = weak_labels(
            self.images,
            self.P_,
            self.classes,
            labels=np.where(self.y_ >= 0, self.y_, np.nan_to_num(self.P_).argmax(axis=1)),
            scores=self.X_,
            boxes=self.boxes_,
            patterns=self.patterns_,
        )
        return table.assign(annotated=self.y_ >= 0)

    def report(self) -> Report:
        """Show what was learned: facts, the best matches of each pattern, scores, and a confusion matrix.

        The confusion matrix is of the development set by cross-validation.
        """
        self._check_learned()
        said = self.y_[self.judged_]
        decided = self.P_[self.judged_].argmax(axis=1)
        counts = self.weak_labels["label"].value_counts()
        return Report(
            "Inspector Gadget: " + ", ".join(self.defects),
            {
                "images": len(self.images),
                "unreadable": len(self.images.problems),
                "development set": len(self.development_),
                "patterns": len(self.patterns_),
                "labeler": f"layers {self.labeler_.hidden_layer_sizes_}",
                "agreement with people, by cross-validation": f"{np.mean(decided == said):.3f}",
                **{f"labeled {label}": int(counts.get(label, 0)) for label in self.classes},
            },
            {
                "Best matches of each pattern": top_matches(
                    self.images, self.patterns_, self.X_, self.boxes_
                ),
                "Highest similarity of each image": score_histogram(
                    self.X_, self.y_, self.classes, pattern_sources(self.patterns_, self.images)
                ),
                "Development set, by cross-validation": confusion(said, decided, self.classes),
            },
        )

    def _cut(self, said: pd.DataFrame) -> ImageSet:
        merged = merge_boxes(said[said["label"].isin(self.defects)])
        kept = merged[~merged["outlier"]]
        if len(kept) < len(merged):
            warnings.warn(
                f"{len(merged) - len(kept)} of {len(merged)} boxes were drawn by one of several annotators "
                "only and are left out: look at merge_boxes(gadget.annotations) and let others judge them",
                stacklevel=3,
            )
        if kept.empty:
            raise ValueError(
                f"there is no box of {' or '.join(self.defects)} to learn from: draw some in gadget.ask()"
            )
        return crop_patterns(self.images, kept)

    def _check_development_set(self) -> None:
        found = np.unique(self.y_[self.development_])
        if len(found) < 2:
            only = self.classes[found[0]] if len(found) else "none"
            raise ValueError(
                f"all {len(self.development_)} annotated images are of one class ({only}), so there is "
                "nothing to tell apart: go on in gadget.ask(), and press N where there is no defect"
            )

    def _check_learned(self) -> None:
        if not hasattr(self, "P_"):
            raise RuntimeError("nothing was learned yet: call gadget.learn() first")
