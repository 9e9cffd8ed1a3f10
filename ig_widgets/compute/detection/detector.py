"""A pattern detector trained on boxes, which generalizes where template matching compares."""

import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Self, TypeAlias

import numpy as np
import pandas as pd
import torch
from joblib import Parallel, delayed
from numpy.typing import NDArray
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.utils import check_random_state
from sklearn.utils.validation import check_is_fitted
from torch.nn import functional

from ig_widgets.compute.detection.member_training import MemberTraining
from ig_widgets.compute.detection.network import STRIDE, DetectorNetwork, logits_of
from ig_widgets.compute.detection.training_images import (
    drawings,
    make_training_image,
    normalize_image,
    reduced_shape,
)
from ig_widgets.compute.detection.windows import window_size
from ig_widgets.compute.networks.devices import Device, on_cuda
from ig_widgets.compute.networks.precision import Precision, autocast
from ig_widgets.compute.networks.training import Record, deterministic, train
from ig_widgets.compute.threads import free_cores, threads
from ig_widgets.data.annotations import drawn_boxes

_Floats: TypeAlias = NDArray[np.float64]
_Ints: TypeAlias = NDArray[np.int64]

_PIXELS = 160_000  # of a window: larger ones take longer than they bring
_STEPS_PER_EPOCH = 10
_SUMMARIES = ("peak", "tenth")
_PEAK = 1 / 300  # share of an image's cells


class PatternDetector(TransformerMixin, BaseEstimator):
    """Transform images to the evidence for each class of pattern, by networks trained on boxes.

    A small fully convolutional network learns from scratch what is in the boxes and nowhere else. Boxes are
    weak masks: of the cells in a box some must show the pattern (multiple-instance pooling), all cells
    outside are negative, the hardest of them most. There are several such networks, each trained without one
    fold of the images: together they are the detector, and each judges the fold that it has not seen.

    Parameters
    ----------
    n_members
        Networks, and folds, 2 or more. Where fewer images have boxes, one for each of these.
    epochs
        Of 10 steps each.
    learning_rate
        The highest; it rises for a fifth of the steps and falls for the others (one cycle, AdamW).
    scale
        Images are reduced to this share of their width and height, in (0, 1]. "auto": so that they hold
        160,000 pixels, but not so far that the shorter side of a typical box is less than 8 pixels. Of
        larger images windows of that many pixels are learned from.
    device
        "cuda", "cpu", or "auto": the GPU where there is one.
    precision
        "float32", "bfloat16", or "auto": bfloat16 where the device is made for it.
    random_state
        Seed of folds, windows and first weights.
    n_jobs
        Members trained, and images looked at, at the same time, in threads. Each takes one core, so what is
        learned depends neither on this nor on the number of cores.

    Attributes
    ----------
    classes_ : list of str
        The labels of the boxes, sorted.
    members_ : list of DetectorNetwork
        The networks.
    folds_ : list of int arrays
        Positions of the images that each member has not seen.
    scale_ : float
        The scale in use.
    channels_ : int
        3 if an image in color was learned from, else 1.
    records_ : DataFrame
        Of each epoch: ``epoch, box_loss, background_loss``, means over the members.

    Notes
    -----
    This is in none of the papers. On KSDD, whose development sets have 78 images and 10 boxes, matching alone
    reaches an average precision of about 0.7 and this detector 0.96, in 80 seconds on one core (with
    bfloat16; about twice that in float32). What to expect of fewer boxes: with cracks boxed on 2 images, and
    30 images without, it was 0.90 and 0.95 (two draws of the images), on 3 images 0.96 and 0.96, on 5 images
    0.95 and 0.97, all on the images that were not learned from. Cracks resemble each other; patterns that
    vary more need more boxes. Out-of-fold columns are a rougher guide then: with 2 boxes each member has
    learned from one.

    `fit_transform` is not `fit` and then `transform`, as for scikit-learn's TargetEncoder: its columns are
    out-of-fold, which is what a labeler has to learn from, since the networks are sure of the images that
    they were trained on. For these images `transform` averages over all members.

    Images are shifted and scaled to mean 0 and variance 1; while learning, they are mirrored and their
    contrast and brightness vary at random.

    Memory holds the development set, reduced, at 2 bytes per pixel and channel, and for each job 0.4 GB for
    one class and 0.1 GB for each one more. Images are looked at in tiles: one of 24 megapixels at full
    resolution took 0.3 GB in gray and 0.6 GB in color, and 5 seconds for each member.

    Examples
    --------
    ::

        detector = PatternDetector(random_state=0)
        development = images[y >= 0]
        X_development = detector.fit_transform(development, boxes)
        X = detector.transform(images)
        plt.imshow(detector.heat_maps(images[3])[0])
    """

    def __init__(
        self,
        *,
        n_members: int = 5,
        epochs: int = 15,
        learning_rate: float = 2e-3,
        scale: float | str = "auto",
        device: Device = "auto",
        precision: Precision = "auto",
        random_state: int | np.random.RandomState | None = None,
        n_jobs: int | None = None,
    ) -> None:
        self.n_members = n_members
        self.epochs = epochs
        self.learning_rate = learning_rate
        self.scale = scale
        self.device = device
        self.precision = precision
        self.random_state = random_state
        self.n_jobs = n_jobs

    def fit(self, X: Sequence[NDArray[Any]], y: pd.DataFrame) -> Self:
        """Train on images and their boxes.

        Parameters
        ----------
        X
            The development set: images (H, W) or (H, W, 3), an `ImageSet`, whose ids the boxes name. An image
            without boxes stands for one without anything to find: leave out those of which that is not
            known. Images that cannot be read are left out.
        y
            The boxes: one row each with ``image, label, x, y, width, height`` in pixels of the full
            resolution, as `crop_patterns` takes them.

        Returns
        -------
        PatternDetector
            This detector.

        Raises
        ------
        ValueError
            If fewer than two readable images have boxes, a box has no label, lies outside its image or is
            less than 2 pixels wide or high, or a setting is out of range.
        KeyError
            If a box is on an image that is not among the images.
        FloatingPointError
            If the learning rate is so high that training diverges.
        """
        for _ in self.training(X, y):
            pass
        return self

    def training(self, images: Sequence[NDArray[Any]], boxes: pd.DataFrame) -> Iterator[Record]:
        """Train in the caller's loop, which can stop after any epoch and leaves a usable detector.

        Parameters
        ----------
        images, boxes
            As in `fit`.

        Yields
        ------
        dict of str to float
            ``epoch, box_loss, background_loss``, means over the members.
        """
        self._check_settings()
        seed = int(check_random_state(self.random_state).randint(2**31 - 1))
        drawn = drawn_boxes(boxes)
        nameless = drawn["label"].isna()
        if nameless.any():
            raise ValueError(f"a box on '{drawn['image'][nameless].iloc[0]}' has no label; name its class")
        classes = sorted(drawn["label"].unique())
        found = drawings(images, drawn, classes)
        folds = _folds(found.codes, self.n_members, seed)
        channels = found.channels
        scale = found.scale(_PIXELS, STRIDE) if isinstance(self.scale, str) else float(self.scale)
        reduced = {
            position: make_training_image(image, codes, found.boxes[position], scale, channels)
            for position, image in enumerate(images)
            if (codes := found.codes.get(position)) is not None
        }
        size = window_size(list(reduced.values()), _PIXELS)
        device = "cuda" if on_cuda(self.device) else "cpu"
        learners = [
            MemberTraining(
                [image for position, image in reduced.items() if position not in left_out],
                n_classes=len(classes),
                size=size,
                steps=self.epochs * _STEPS_PER_EPOCH,
                learning_rate=self.learning_rate,
                device=device,
                precision=self.precision,
                seed=int(member_seed),
            )
            for left_out, member_seed in zip(
                folds, np.random.SeedSequence(seed).generate_state(len(folds)), strict=True
            )
        ]
        self.classes_, self.channels_, self.scale_, self.folds_ = classes, channels, scale, folds
        self.members_ = [learner.network for learner in learners]
        self._device, self._n_images = device, len(images)
        records = []
        with Parallel(n_jobs=self.n_jobs, backend="threading") as parallel:

            def step(_: int) -> dict[str, float]:
                with deterministic():
                    losses = np.mean(parallel(delayed(_step)(learner) for learner in learners), axis=0)
                return {"box_loss": losses[0], "background_loss": losses[1]}

            for record in train(step, range(_STEPS_PER_EPOCH), self.epochs):
                records.append(record)
                self.records_ = pd.DataFrame(records)
                yield record

    def transform(self, X: Sequence[NDArray[Any]]) -> _Floats:
        """Return the evidence for each class of pattern in images.

        Parameters
        ----------
        X
            Images (H, W) or (H, W, 3), of any size. An empty array stands for one that could not be read.

        Returns
        -------
        array of shape (n_images, 2 * n_classes)
            Of each class two logits, means over the members: that of the strongest 300th of the image's
            cells, and that of the strongest tenth; the names are in `get_feature_names_out`. NaN in the rows
            of empty images.
        """
        check_is_fitted(self, "members_")
        return self._mean_features(X, [self.members_] * len(X))

    def fit_transform(self, X: Sequence[NDArray[Any]], y: pd.DataFrame) -> _Floats:
        """Fit, and return out-of-fold features of the training images.

        Parameters
        ----------
        X, y
            As in `fit`.

        Returns
        -------
        array of shape (n_images, 2 * n_classes)
            As from `transform`, but out-of-fold.
        """
        self.fit(X, y)
        return self.out_of_fold(X)

    def out_of_fold(self, images: Sequence[NDArray[Any]]) -> _Floats:
        """Return features of the training images by the member that was not trained on each.

        Parameters
        ----------
        images
            Those given to `fit`, in the same order.

        Returns
        -------
        array of shape (n_images, 2 * n_classes)
            As from `transform`.

        Raises
        ------
        ValueError
            If there is another number of images.
        """
        check_is_fitted(self, "members_")
        if len(images) != self._n_images:
            raise ValueError(
                f"there are {len(images)} images, but the detector was trained on {self._n_images}; "
                "give the same ones"
            )
        members: list[list[DetectorNetwork]] = [[] for _ in range(len(images))]
        for member, fold in zip(self.members_, self.folds_, strict=True):
            for position in fold:
                members[position] = [member]
        return self._mean_features(images, members)

    def heat_maps(self, image: NDArray[Any]) -> NDArray[np.float32]:
        """Return where in an image each class of pattern is seen.

        Parameters
        ----------
        image
            (H, W) or (H, W, 3).

        Returns
        -------
        float array of shape (n_classes, H, W)
            In [0, 1]; made from cells of 8 x 8 pixels of the reduced image.
        """
        check_is_fitted(self, "members_")
        logits = torch.stack(self._logits(image, self.members_)).mean(dim=0)
        height, width = image.shape[:2]
        rows, columns = reduced_shape((height, width), self.scale_)
        # a cell more at the lower and right end, which are then cut off where the image ends
        logits = functional.pad(logits[None], (0, 1, 0, 1), mode="replicate")
        per_cell = (STRIDE * height / rows, STRIDE * width / columns)
        whole = functional.interpolate(logits, scale_factor=per_cell, mode="bilinear")
        return np.asarray(torch.sigmoid(whole[0, :, :height, :width]).numpy())

    def get_feature_names_out(self, input_features: object = None) -> NDArray[np.object_]:  # noqa: ARG002
        """Return the names of the features: "detector_crack_peak" and "detector_crack_tenth" for "crack".

        Parameters
        ----------
        input_features
            Ignored, present for scikit-learn.
        """
        check_is_fitted(self, "members_")
        names = [f"detector_{label}_{summary}" for summary in _SUMMARIES for label in self.classes_]
        return np.array(names, dtype=object)

    def _mean_features(
        self, images: Sequence[NDArray[Any]], members: Sequence[Sequence[DetectorNetwork]]
    ) -> _Floats:
        """Return the features of each image, means over these members."""
        with deterministic():
            rows = Parallel(n_jobs=self.n_jobs, backend="threading")(
                delayed(self._features)(image, of_image)
                for image, of_image in zip(images, members, strict=True)
            )
        return np.array(rows).reshape(len(images), len(_SUMMARIES) * len(self.classes_))

    @threads(1)  # images are looked at beside each other
    def _features(self, image: NDArray[Any], members: Sequence[DetectorNetwork]) -> _Floats:
        """Return the features of an image, means over these members; NaN where there is nothing to see."""
        by_member = []
        for logits in self._logits(image, members) if image.size else ():
            cells, _ = logits.flatten(1).sort(dim=1, descending=True)  # (n_classes, cells)
            n = cells.shape[1]
            summaries = [cells[:, : max(1, round(n * share))].mean(dim=1) for share in (_PEAK, 0.1)]
            by_member.append(torch.cat(summaries).numpy())
        if not by_member:
            return np.full(len(_SUMMARIES) * len(self.classes_), np.nan)
        return np.asarray(np.mean(by_member, axis=0), dtype=np.float64)

    @torch.inference_mode()
    def _logits(self, image: NDArray[Any], members: Sequence[DetectorNetwork]) -> list[torch.Tensor]:
        """Return the maps (n_classes, h / 8, w / 8) of an image by each of these members."""
        pixels = normalize_image(image, self.scale_, self.channels_)
        with autocast(self._device, self.precision), threads(free_cores()):
            return [logits_of(member.eval(), pixels, self._device) for member in members]

    def _check_settings(self) -> None:
        if self.n_members < 2:
            raise ValueError(
                f"n_members is {self.n_members}; give 2 or more, so that each image can be judged by "
                "a member that was not trained on it"
            )
        if self.epochs < 1:
            raise ValueError(f"epochs is {self.epochs}; give 1 or more")
        if not 0 < self.learning_rate < math.inf:
            raise ValueError(f"learning_rate is {self.learning_rate}; give a number above 0, such as 0.002")
        if self.scale != "auto" and not (isinstance(self.scale, (int, float)) and 0 < self.scale <= 1):
            raise ValueError(f"scale is {self.scale!r}; give 'auto' or a number above 0 and up to 1")


@threads(1)  # sums of gradients depend on how many threads share them, and members learn beside each other
def _step(learner: MemberTraining) -> tuple[float, float]:
    return learner.step()


def _folds(codes: Mapping[int, _Ints], n_members: int, seed: int) -> list[_Ints]:
    """Return the positions of each fold, the images of each class (and those without) dealt out evenly."""
    n_boxed = sum(len(of_image) > 0 for of_image in codes.values())
    if n_boxed < 2:
        raise ValueError(
            f"readable images with boxes: {n_boxed}, but a detector needs at least 2; draw more boxes"
        )
    shuffled = np.random.default_rng(seed).permutation(np.fromiter(codes, np.int64))
    group = [codes[position][0] if len(codes[position]) else len(codes) for position in shuffled]
    in_order = shuffled[np.argsort(group, kind="stable")]  # those without boxes last
    k = min(n_members, n_boxed)
    return [np.sort(in_order[start::k]) for start in range(k)]
