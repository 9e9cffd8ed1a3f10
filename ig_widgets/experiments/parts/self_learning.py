"""The paper's self-learning baselines: convolutional networks that learn from the development set alone."""

import numpy as np
from numpy.typing import NDArray

from ig_widgets.compute.baselines.self_training import SelfTrainer
from ig_widgets.compute.labeling.folds import draw_folds
from ig_widgets.compute.networks.backbones import BackboneName
from ig_widgets.compute.networks.cnn import ImageClassifier
from ig_widgets.experiments.parts.splits import Split


def self_learned(
    split: Split,
    *,
    backbone: BackboneName,
    learning_rate: float,
    size: tuple[int, int],
    folds: int,
    epochs: int,
    steps: int,
) -> NDArray[np.float64]:
    """Label with networks from scratch, one for each fold of the development set (section 6.1, "SL").

    Parameters
    ----------
    split
        Where from.
    backbone, learning_rate, size
        Of the `ImageClassifier`, whose other settings are the default ones.
    folds
        How many networks at most, each of which learns from the other folds; fewer where a class has too few
        images for as many of the same size.
    epochs, steps
        Each network learns for so many of both, at least.

    Returns
    -------
    float array of shape (n_test, n_classes)
        Probabilities of the images outside the development set.
    """
    per_fold = examples_per_fold(split.y, folds)
    drawn = draw_folds(split.y, per_fold, split.seed)
    fewest = min((len(fitted) for fitted, _ in drawn), default=len(split.y))
    classifier = ImageClassifier(backbone, learning_rate=learning_rate, size=size)
    steps_per_epoch = -(-fewest // classifier.batch_size)
    classifier.set_params(epochs=max(epochs, -(-steps // steps_per_epoch)))
    trainer = SelfTrainer(classifier, examples_per_fold=per_fold, random_state=split.seed)
    trainer.fit(split.development, split.y)
    return trainer.predict_proba(split.dataset.images[split.test])


def examples_per_fold(y: NDArray[np.int64], folds: int) -> int:
    """Return how many images of each class a fold should have for this many folds at most."""
    fewest = int(np.bincount(y).min())
    return fewest // (folds + 1) + 1
