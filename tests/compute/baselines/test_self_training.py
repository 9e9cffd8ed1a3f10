import numpy as np
import pytest
import torch
from sklearn.base import clone
from torch import nn

from ig_widgets.compute.baselines.self_training import SelfTrainer
from ig_widgets.compute.labeling.folds import draw_folds
from ig_widgets.compute.networks.cnn import ImageClassifier
from ig_widgets.data.errors import SelectionWarning
from ig_widgets.data.images import ImageSet

EMPTY = np.empty((0, 0), np.uint8)


def linear(classes):
    return nn.Sequential(nn.AdaptiveAvgPool2d(4), nn.Flatten(), nn.Linear(48, classes))


def classifier(**settings):
    given = {"size": (32, 32), "epochs": 6, "batch_size": 8, "learning_rate": 0.05, **settings}
    return ImageClassifier(linear, **given)


def trainer(settings=None, **own):
    return SelfTrainer(classifier(**(settings or {})), **{"random_state": 0, **own})


def plates(n, share=3, classes=2, seed=0):
    """Noise; of class k > 0, every `share`-th has a brighter quarter, another one for each k."""
    rng = np.random.default_rng(seed)
    y = np.where(np.arange(n) % share == 0, 1 + np.arange(n) // share % (classes - 1), 0)
    images = []
    for label in y:
        image = rng.normal(110, 12, (40, 44))
        if label:
            image[: 20 * label, :22] += rng.uniform(5, 25)
        images.append(np.clip(image, 0, 255).astype(np.uint8))
    return images, y


def test_new_images_are_labeled_by_what_the_labeled_ones_teach():
    images, y = plates(60)
    new, truth = plates(60, seed=1)
    found = trainer({"epochs": 20}).fit(images, np.array(["ok", "crack"])[y])
    assert found.classes_.tolist() == ["crack", "ok"]
    assert np.mean((found.predict(new) == "crack") == truth) > 0.8


def test_out_of_fold_probabilities_are_those_of_networks_that_did_not_see_the_image():
    images, y = plates(24)
    found = trainer(threshold=0.5).fit(images, y)
    folds = draw_folds(y, 20, seed_of(0))
    assert len(found.members_) == len(folds) == 4
    for (fitted, left_out), member in zip(folds, found.members_, strict=True):
        again = clone(classifier()).set_params(random_state=member.random_state)
        again.fit([images[i] for i in fitted], y[fitted])
        held_out = [images[i] for i in left_out]
        np.testing.assert_allclose(
            found.oof_probabilities_[left_out], again.predict_proba(held_out), atol=1e-6
        )
    P = np.mean([member.predict_proba(images) for member in found.members_], axis=0)
    np.testing.assert_allclose(found.predict_proba(images), P, atol=1e-6)


def seed_of(random_state):
    return np.random.RandomState(random_state).randint(2**31 - 1)


def test_the_calibrated_threshold_calls_as_many_positive_as_there_are():
    images, y = plates(40, share=4)
    found = trainer().fit(images, y)
    assert found.oof_probabilities_.argmax(axis=1).sum() == 10
    assert 0 < found.threshold_ < 1


def test_a_given_threshold_becomes_one_half():
    images, y = plates(24)
    plain, strict = (trainer(threshold=t).fit(images, y) for t in (0.5, 0.8))
    p = plain.predict_proba(images)[:, 1]
    np.testing.assert_array_equal(strict.predict(images), p > 0.8)


def test_unlabeled_images_change_nothing_without_rounds():
    images, y = plates(24)
    more, _ = plates(10, seed=2)
    alone = trainer().fit(images, y)
    mixed = trainer().fit([*more[:4], EMPTY, *images, *more[4:]], [-1] * 4 + [0] + y.tolist() + [-1] * 6)
    np.testing.assert_array_equal(mixed.predict_proba(more), alone.predict_proba(more))
    assert np.isnan(mixed.oof_probabilities_[[0, 1, 2, 3, 4, -1]]).all()
    np.testing.assert_array_equal(mixed.oof_probabilities_[5:29], alone.oof_probabilities_)
    assert mixed.added_ == [0] * len(mixed.members_)


def test_a_round_adds_exactly_the_images_that_the_network_was_sure_about():
    images, y = plates(24)
    more, _ = plates(30, seed=2)
    given = np.concatenate([y, [-1] * 30])
    plain = trainer(threshold=0.5).fit(images + more, given)
    found = trainer(threshold=0.5, rounds=1, confidence=0.8).fit(images + more, given)
    folds = draw_folds(y, 20, seed_of(0))
    assert 0 < min(found.added_) <= max(found.added_) < 30
    for (fitted, _), first, second, added in zip(
        folds, plain.members_, found.members_, found.added_, strict=True
    ):
        P = first.predict_proba(more)
        sure = np.flatnonzero(P.max(axis=1) >= 0.8)
        assert added == len(sure)
        again = clone(classifier()).set_params(random_state=second.random_state)
        again.fit(
            [images[i] for i in fitted] + [more[i] for i in sure],
            np.concatenate([y[fitted], P[sure].argmax(axis=1)]),
        )
        np.testing.assert_allclose(second.predict_proba(more), again.predict_proba(more), atol=1e-6)


def test_rounds_end_when_the_network_is_sure_about_none():
    images, y = plates(24)
    more, _ = plates(5, seed=2)
    records = list(trainer(rounds=5, confidence=1.0).training(images + more, [*y, *[-1] * 5]))
    assert {record["round"] for record in records} == {0}


def test_records_say_which_network_and_how_far():
    images, y = plates(24)
    found = trainer({"epochs": 2})
    records = list(found.training(images, y))
    assert [(record["member"], record["epoch"]) for record in records] == [
        (member, epoch) for member in range(4) for epoch in (1, 2)
    ]
    assert set(records[0]) == {"member", "round", "epoch", "loss"}


def test_the_same_seed_gives_the_same_answers_and_global_randomness_is_left_alone():
    images, y = plates(24)
    state = torch.get_rng_state()
    first = trainer().fit(images, y).predict_proba(images)
    assert torch.equal(torch.get_rng_state(), state)
    np.testing.assert_array_equal(trainer().fit(images, y).predict_proba(images), first)
    assert not np.array_equal(trainer(random_state=1).fit(images, y).predict_proba(images), first)


def test_three_classes_have_no_threshold():
    images, y = plates(36, share=2, classes=3)
    found = trainer().fit(images, y)
    assert np.isnan(found.threshold_)
    assert found.predict_proba(images).shape == (36, 3)
    np.testing.assert_allclose(found.oof_probabilities_.sum(axis=1), 1)


def test_an_image_set_with_an_unreadable_image_is_labeled_but_for_that():
    images, y = plates(12)
    found = trainer({"size": None}).fit(ImageSet.from_arrays(images), y)
    P = found.predict_proba([images[0], EMPTY])
    assert np.isnan(P).any(axis=1).tolist() == [False, True]
    with pytest.raises(ValueError, match="image 1 is empty"):
        found.predict([images[0], EMPTY])


def test_a_single_example_of_a_class_leaves_nothing_to_judge_by():
    images, _ = plates(8)
    with pytest.warns(SelectionWarning, match="class '1' has a single example"):
        found = trainer().fit(images, [1, 0, 0, 0, 0, 0, 0, 0])
    assert len(found.members_) == 1
    assert found.threshold_ == 0.5
    assert np.isnan(found.oof_probabilities_).all()


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"rounds": -1}, "rounds is -1"),
        ({"confidence": 1.5}, "confidence is 1.5"),
        ({"threshold": 1.0}, "threshold is 1.0"),
        ({"threshold": "best"}, "threshold is 'best'"),
        ({"examples_per_fold": 0}, "examples_per_fold is 0"),
    ],
)
def test_settings_out_of_range_are_named(settings, message):
    images, y = plates(12)
    with pytest.raises(ValueError, match=message):
        trainer(**settings).fit(images, y)


def test_labels_must_be_one_per_image_and_of_two_classes():
    images, y = plates(12)
    with pytest.raises(ValueError, match=r"y has shape \(11,\), but there are 12 images"):
        trainer().fit(images, y[1:])
    with pytest.raises(ValueError, match="have 1 class"):
        trainer().fit(images, np.where(y == 1, -1, y))
