import numpy as np
import pytest
import torch
from sklearn.base import clone
from sklearn.model_selection import cross_val_predict
from torch import nn

from ig_widgets.compute.networks.cnn import ImageClassifier
from ig_widgets.data.images import ImageSet

EMPTY = np.empty((0, 0), np.uint8)


def small(classes):
    return nn.Sequential(
        nn.Conv2d(3, 8, 5, stride=2, padding=2),
        nn.BatchNorm2d(8),
        nn.ReLU(),
        nn.Conv2d(8, 16, 3, stride=2, padding=1),
        nn.BatchNorm2d(16),
        nn.ReLU(),
        nn.AdaptiveMaxPool2d(1),
        nn.Flatten(),
        nn.Linear(16, classes),
    )


def linear(classes):
    return nn.Sequential(nn.AdaptiveAvgPool2d(4), nn.Flatten(), nn.Linear(48, classes))


QUICK = {"backbone": small, "size": (32, 48), "epochs": 12, "batch_size": 8, "learning_rate": 1e-2}


def spots(n, seed=0):
    """Textured plates of different sizes; every third has a dark line."""
    rng = np.random.default_rng(seed)
    y = (np.arange(n) % 3 == 0).astype(int)
    images = []
    for label in y:
        height, width = rng.integers(40, 60), rng.integers(60, 90)
        image = rng.normal(150, 10, (height, width))
        if label:
            top, left = rng.integers(5, height - 10), rng.integers(5, width - 35)
            image[top : top + 4, left : left + 30] -= 70
        images.append(np.clip(image, 0, 255).astype(np.uint8))
    return images, y


def fitted(images, targets, **settings):
    return ImageClassifier(**{**QUICK, "random_state": 0, **settings}).fit(images, targets)


def test_defects_of_new_images_are_found():
    images, y = spots(48)
    new, truth = spots(60, seed=1)
    classifier = fitted(images, np.array(["ok", "crack"])[1 - y])
    assert classifier.classes_.tolist() == ["crack", "ok"]
    assert np.mean((classifier.predict(new) == "ok") == truth) > 0.9
    P = classifier.predict_proba(new)
    np.testing.assert_allclose(P.sum(axis=1), 1)
    np.testing.assert_array_equal(classifier.predict(new), classifier.classes_[P.argmax(axis=1)])


@pytest.mark.parametrize("name", ["vgg16", "resnet18", "mobilenet_v2"])
def test_every_backbone_takes_images_of_any_kind(name):
    images, y = spots(4)
    images[1] = np.stack(3 * [images[1]], axis=2)
    classifier = fitted(images, y, backbone=name, size=(32, 32), epochs=1)
    assert classifier.predict_proba(images).shape == (4, 2)


def test_the_same_seed_gives_the_same_network_and_global_randomness_is_left_alone():
    images, y = spots(12)
    torch.manual_seed(5)
    torch_state, numpy_state = torch.get_rng_state(), np.random.get_state()[1].copy()  # noqa: NPY002
    first = fitted(images, y, epochs=2).predict_proba(images)
    assert torch.equal(torch.get_rng_state(), torch_state)
    assert np.array_equal(np.random.get_state()[1], numpy_state)  # noqa: NPY002
    torch.manual_seed(6)
    np.testing.assert_array_equal(fitted(images, y, epochs=2).predict_proba(images), first)
    assert not np.array_equal(fitted(images, y, epochs=2, random_state=1).predict_proba(images), first)


def test_what_draws_between_two_epochs_does_not_disturb_training():
    images, y = spots(12)
    classifier = ImageClassifier(**{**QUICK, "epochs": 3}, random_state=0)
    for _ in classifier.training(images, y):
        torch.rand(7)
        classifier.predict(images)
    expected = fitted(images, y, epochs=3).predict_proba(images)
    np.testing.assert_array_equal(classifier.predict_proba(images), expected)


def first_loss(images, targets, *, balance):
    """Loss before anything is learned, and that of a double loop over images and classes."""
    classifier = ImageClassifier(
        linear,
        size=(32, 48),
        epochs=1,
        batch_size=len(images),
        learning_rate=1e-12,
        balance=balance,
        augment=False,
        precision="float32",
        random_state=0,
    )
    (record,) = classifier.training(images, targets)
    q = np.log(classifier.predict_proba(images))
    P = np.eye(2)[targets] if np.ndim(targets) == 1 else targets
    total = 0.0
    for i in range(len(images)):
        for k in range(2):
            weight = len(P) / (2 * P[:, k].sum()) if balance else 1
            total += weight * P[i, k] * -q[i, k]
    return record["loss"], total / len(images)


@pytest.mark.parametrize("balance", [True, False])
def test_the_loss_is_the_expected_cross_entropy(balance):
    images, y = spots(10)
    p = np.random.default_rng(0).uniform(size=10)
    for targets in (y, np.column_stack([1 - p, p])):
        found, expected = first_loss(images, targets, balance=balance)
        assert found == pytest.approx(expected, rel=1e-4)


def test_labels_are_certain_probabilities():
    images, y = spots(12)
    hard = fitted(images, y, epochs=2).predict_proba(images)
    np.testing.assert_array_equal(fitted(images, np.eye(2)[y], epochs=2).predict_proba(images), hard)


def test_probabilities_are_learned_as_such():
    images = [np.full((32, 48), value, np.uint8) for value in (50, 200)] * 8
    P = np.array([[0.3, 0.7], [0.8, 0.2]] * 8)
    settings = {"backbone": linear, "epochs": 60, "learning_rate": 0.03, "augment": False, "balance": False}
    found = fitted(images, P, **settings).predict_proba(images)
    np.testing.assert_allclose(found, P, atol=0.05)


@pytest.mark.parametrize(("balance", "expected"), [(True, 0.5), (False, 0.2)])
def test_balance_makes_rare_classes_as_likely_as_common_ones(balance, expected):
    images = [np.full((32, 48), 90, np.uint8)] * 20  # in which there is nothing to see
    y = np.arange(20) % 5 == 0
    settings = {"backbone": linear, "epochs": 60, "learning_rate": 0.03, "balance": balance}
    P = fitted(images, y, **settings).predict_proba(images[:1])
    assert P[0, 1] == pytest.approx(expected, abs=0.05)


def test_a_class_that_no_image_has_is_learned_to_be_improbable():
    images, y = spots(12)
    P = np.column_stack([np.eye(2)[y], np.zeros(12)])
    classifier = fitted(images, P)
    assert classifier.classes_.tolist() == [0, 1, 2]
    assert np.isfinite(classifier.predict_proba(images)).all()
    assert set(classifier.predict(images)) <= {0, 1}


def test_empty_images_and_missing_targets_are_left_out_and_get_no_probability():
    images, y = spots(12)
    P = np.eye(2)[y]
    expected = fitted(images, P, epochs=2)
    mixed = [EMPTY, *images[:5], images[0], *images[5:]]
    targets = np.vstack([[0, 1], P[:5], [np.nan, np.nan], P[5:]])
    found = fitted(mixed, targets, epochs=2)
    np.testing.assert_array_equal(found.predict_proba(images), expected.predict_proba(images))
    rows = found.predict_proba([images[0], EMPTY, images[1]])
    assert np.isnan(rows[1]).all()
    np.testing.assert_allclose(rows[[0, 2]], expected.predict_proba(images[:2]), atol=1e-6)
    with pytest.raises(ValueError, match="image 1 is empty"):
        found.predict([images[0], EMPTY])


def test_gray_images_are_like_colored_ones_of_equal_channels():
    images, y = spots(12)
    colored = [np.stack(3 * [image], axis=2) for image in images]
    P = fitted(images, y, epochs=2, precision="float32").predict_proba(images)
    Q = fitted(colored, y, epochs=2, precision="float32").predict_proba(colored)
    np.testing.assert_allclose(P, Q, atol=1e-4)


def test_probabilities_do_not_depend_on_the_other_images():
    images, y = spots(70)
    classifier = fitted(images[:12], y[:12], epochs=2, precision="float32")
    alone = [classifier.predict_proba([image])[0] for image in images]
    np.testing.assert_allclose(classifier.predict_proba(images), alone, atol=1e-5)


def test_the_caller_may_stop_at_any_record():
    images, y = spots(12)
    classifier = ImageClassifier(**QUICK, random_state=0)
    for record in classifier.training(images, y):
        assert set(record) == {"epoch", "loss"}
        assert classifier.predict_proba(images).shape == (12, 2)
        if record["epoch"] == 2:
            break
    assert record["epoch"] == 2


def test_the_size_is_derived_from_the_images():
    images, y = spots(12)
    assert fitted(images, y, size=None, epochs=1).size_ == (64, 64)


def test_an_image_set_and_the_cross_validation_of_scikit_learn_will_do():
    images, y = spots(18)
    held = ImageSet.from_arrays(images)
    classifier = ImageClassifier(**{**QUICK, "epochs": 2}, random_state=0)
    np.testing.assert_array_equal(
        clone(classifier).fit(held, y).predict_proba(held),
        clone(classifier).fit(images, y).predict_proba(images),
    )
    P = cross_val_predict(classifier, held, y, cv=2, method="predict_proba")
    assert P.shape == (18, 2)


def test_weights_are_where_training_starts(tmp_path):
    images, y = spots(6)
    torch.save(linear(2).state_dict(), tmp_path / "linear.pth")
    weights = tmp_path / "linear.pth"
    classifier = fitted(images, y, backbone=linear, weights=weights, epochs=1, learning_rate=1e-9)
    start = torch.load(weights, weights_only=True)["2.weight"]
    torch.testing.assert_close(classifier.network_[2].weight.detach(), start, atol=1e-6, rtol=0)
    assert classifier.mean_.tolist() == [0.485, 0.456, 0.406]
    assert classifier.scale_.tolist() == [0.229, 0.224, 0.225]


def test_images_and_settings_are_not_changed():
    images, y = spots(6)
    before = [image.copy() for image in images]
    classifier = fitted(images, y, epochs=1)
    assert all(np.array_equal(*pair) for pair in zip(images, before, strict=True))
    assert classifier.get_params() == ImageClassifier(**{**QUICK, "epochs": 1}, random_state=0).get_params()


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"backbone": "vgg11"}, "backbone is 'vgg11'; give one of vgg16, vgg19, resnet18"),
        ({"size": (16, 48)}, r"size is \(16, 48\)"),
        ({"batch_size": 1}, "batch_size is 1"),
        ({"learning_rate": 0}, "learning_rate is 0"),
        ({"epochs": -1}, "epochs is -1"),
        ({"precision": "half"}, "precision is 'half'"),
    ],
)
def test_settings_out_of_range_are_named(settings, message):
    images, y = spots(6)
    with pytest.raises(ValueError, match=message):
        fitted(images, y, **settings)


def test_a_single_image_is_too_few():
    images, _ = spots(2)
    with pytest.raises(ValueError, match="1 of 2 images can be read and have a target"):
        fitted([images[0], EMPTY], [[0, 1], [1, 0]])


def test_divergence_is_told():
    images, y = spots(6)
    with pytest.raises(FloatingPointError, match="smaller learning rate"):
        fitted(images, y, backbone=linear, learning_rate=1e38, epochs=9)
