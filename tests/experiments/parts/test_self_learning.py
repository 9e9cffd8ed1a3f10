from contextlib import nullcontext

import numpy as np
import pytest

from ig_widgets.compute.baselines.self_training import SelfTrainer
from ig_widgets.compute.labeling.folds import draw_folds
from ig_widgets.compute.networks.cnn import ImageClassifier
from ig_widgets.data.errors import SelectionWarning
from ig_widgets.experiments import ksdd
from ig_widgets.experiments.parts.datasets import load_ksdd
from ig_widgets.experiments.parts.self_learning import examples_per_fold, self_learned
from ig_widgets.experiments.parts.splits import Split

NETWORK = {"backbone": "mobilenet_v2", "learning_rate": 1e-3, "size": (32, 32)}


@pytest.mark.parametrize("fewest", [2, 3, 5, 6, 10, 20, 25, 100])
def test_there_are_three_networks_or_as_many_as_can_be(fewest):
    codes = np.repeat([0, 1], [4 * fewest, fewest])
    possible = {len(draw_folds(codes, size, 0)) for size in range(1, fewest + 1)} - {10}
    wanted = max(k for k in possible if k <= 3)
    assert len(draw_folds(codes, examples_per_fold(codes, 3), 0)) == wanted


@pytest.mark.parametrize(
    ("folds", "epochs", "steps", "expected"), [(2, 3, 1, (2, 3)), (3, 1, 2, (3, 2)), (6, 1, 1, (6, 1))]
)
def test_as_many_networks_as_folds_learn_as_long_as_was_said(small_split, folds, epochs, steps, expected):
    # 18 images with 6 bars: without a fold of 9 or 6 or 3 there is one step of 16 images in an epoch
    trainer = SelfTrainer(
        ImageClassifier(**NETWORK, epochs=expected[1]), examples_per_fold=6 // folds, random_state=3
    )
    trainer.fit(small_split.development, small_split.y)
    assert len(trainer.members_) == expected[0]
    P = self_learned(small_split, **NETWORK, folds=folds, epochs=epochs, steps=steps)
    np.testing.assert_array_equal(P, trainer.predict_proba(small_split.dataset.images[small_split.test]))
    assert len(P) == 60 - 18


@pytest.mark.parametrize("bars", [1, 3])
def test_too_few_bars_for_folds_of_some_of_each_class_still_give_networks(small_ksdd, bars):
    dataset, _ = load_ksdd(small_ksdd)
    rows = np.r_[:bars, 20:26]  # the first 20 images have bars
    split = Split(dataset, rows, 3, store=small_ksdd / "store", **ksdd.QUICK)
    with pytest.warns(SelectionWarning) if bars == 1 else nullcontext():
        P = self_learned(split, **NETWORK, folds=3, epochs=1, steps=1)
    assert np.isfinite(P).all()
