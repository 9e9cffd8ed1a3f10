import copy
import pickle
import threading

import numpy as np
import pandas as pd
import pytest
import torch
from sklearn.base import clone
from sklearn.exceptions import NotFittedError
from sklearn.metrics import roc_auc_score

from ig_widgets.compute.detection.detector import PatternDetector
from ig_widgets.compute.detection.training_images import normalize_image
from ig_widgets.compute.labeling.labeler import WeakLabeler
from ig_widgets.data.images import ImageSet

QUICK = {"n_members": 2, "epochs": 1, "device": "cpu", "random_state": 0}
COLUMNS = ["image", "label", "x", "y", "width", "height"]
EMPTY = np.zeros((0, 0), np.uint8)


def picture(seed, kind=None, height=64, width=64):
    """A textured image with a bar of one of two kinds, or none, and the bar's box."""
    rng = np.random.default_rng(seed)
    pixels = rng.normal(120, 15, (height, width))
    w, h = {"bar": (24, 6), "post": (6, 24)}.get(kind, (0, 0))
    x, y = int(rng.integers(0, width - w, endpoint=True)), int(rng.integers(0, height - h, endpoint=True))
    pixels[y : y + h, x : x + w] -= 60
    return pixels.clip(0, 255).astype(np.uint8), (x, y, w, h)


def development(kinds=("bar", None) * 6, seed=0, **sides):
    drawn = [picture(1000 * seed + number, kind, **sides) for number, kind in enumerate(kinds)]
    rows = [
        (number, kind, *box) for number, (kind, (_, box)) in enumerate(zip(kinds, drawn, strict=True)) if kind
    ]
    return [image for image, _ in drawn], pd.DataFrame(rows, columns=COLUMNS)


@pytest.fixture(scope="module")
def learned():
    """Images, their boxes, a detector that has learned from them, and its out-of-fold columns."""
    images, boxes = development(("bar", None, "post", None) * 5)
    detector = PatternDetector(n_members=2, epochs=8, device="cpu", precision="float32", random_state=0)
    return images, boxes, detector, detector.fit_transform(images, boxes)


def same(one, other):
    np.testing.assert_array_equal(one, other)


def test_images_with_a_pattern_are_ranked_above_those_without(learned):
    images, boxes, detector, out_of_fold = learned
    kinds = ("bar", "post", None) * 8
    new, _ = development(kinds, seed=7)
    X = detector.transform(new)
    names = list(detector.get_feature_names_out())
    for kind in ("bar", "post"):
        truth, known = [other == kind for other in kinds], boxes["image"][boxes["label"] == kind]
        for summary in ("peak", "tenth"):
            column = names.index(f"detector_{kind}_{summary}")
            assert roc_auc_score(truth, X[:, column]) > 0.95
            assert roc_auc_score(np.isin(range(len(images)), known), out_of_fold[:, column]) > 0.9


def test_a_labeler_learns_from_its_columns(learned):
    images, boxes, detector, out_of_fold = learned
    y = np.isin(range(len(images)), boxes["image"]).astype(int)
    labeler = WeakLabeler(hidden_layers=[(2,)], n_members=1, random_state=0).fit(out_of_fold, y)
    kinds = ("bar", None) * 8
    new, _ = development(kinds, seed=8)
    right = labeler.predict(detector.transform(new)) == [kind is not None for kind in kinds]
    assert right.mean() > 0.85


def test_features_are_the_strongest_cells_and_the_strongest_tenth(learned):
    images, _, detector, _ = learned
    image = np.tile(images[0], (6, 6))  # 48 x 48 cells: 8 of them are the strongest 300th
    cells = np.array([logits.flatten(1).numpy() for logits in detector._logits(image, detector.members_)])
    cells = -np.sort(-cells, axis=2)  # (members, classes, cells)
    expected = [cells[:, :, :8].mean(axis=(0, 2)), cells[:, :, :230].mean(axis=(0, 2))]
    np.testing.assert_allclose(detector.transform([image])[0], np.concatenate(expected), rtol=1e-5)
    assert list(detector.get_feature_names_out()) == [
        "detector_bar_peak",
        "detector_post_peak",
        "detector_bar_tenth",
        "detector_post_tenth",
    ]


def test_an_image_is_judged_alone_whatever_is_beside_it(learned):
    images, _, detector, _ = learned
    X = detector.transform(images)
    same(detector.transform(images[::-1])[::-1], X)
    same(np.vstack([detector.transform([image]) for image in images]), X)
    same(detector.transform(ImageSet.from_arrays(images)), X)
    assert detector.transform([]).shape == (0, 4)


def test_brightness_and_contrast_change_nothing(learned):
    images, _, detector, _ = learned
    changed = [(60 * image.astype(np.uint16) + 5000) for image in images]
    np.testing.assert_allclose(detector.transform(changed), detector.transform(images), atol=0.05)


def test_each_image_is_judged_by_the_member_that_has_not_seen_it(learned):
    images, _, detector, out_of_fold = learned
    for fold, network in zip(detector.folds_, detector.members_, strict=True):
        alone = copy.copy(detector)
        alone.members_ = [network]
        same(alone.transform([images[position] for position in fold]), out_of_fold[fold])
    assert not np.allclose(out_of_fold, detector.transform(images))


@pytest.mark.parametrize("garbage", ["boxes", "pixels"])
def test_nothing_that_is_known_of_an_image_reaches_the_member_that_judges_it(garbage):
    images, boxes = development()
    settings = {**QUICK, "scale": 1.0}
    honest = PatternDetector(**settings)
    before = honest.fit_transform(images, boxes)
    first, second = honest.folds_
    if garbage == "boxes":
        in_first = boxes["image"].isin(first)
        boxes.loc[in_first, ["x", "y", "width", "height"]] = (0, 0, 9, 60)
        judged = first
    else:
        images[first[0]] = images[first[0]].T[::-1]
        judged = first[1:]
    fooled = PatternDetector(**settings)
    after = fooled.fit_transform(images, boxes)
    same(after[judged], before[judged])
    assert (after[second] != before[second]).all()


def test_fit_transform_is_fit_and_then_out_of_fold():
    images, boxes = development()
    one, other = PatternDetector(**QUICK), PatternDetector(**QUICK)
    same(one.fit_transform(images, boxes), other.fit(images, boxes).out_of_fold(images))


@pytest.mark.parametrize("precision", ["float32", "bfloat16"])
def test_the_same_seed_gives_the_same_result_with_any_number_of_jobs_and_threads(precision):
    images, boxes = development(("bar", None) * 3, width=128)  # large enough to be shared between threads
    settings, before, found = {**QUICK, "precision": precision}, torch.get_num_threads(), []
    try:
        for threads, n_jobs in [(1, None), (2, None), (2, 2)]:
            torch.set_num_threads(threads)
            members = PatternDetector(**settings, n_jobs=n_jobs).fit(images, boxes).members_
            found.append(torch.cat([v.flatten() for m in members for v in m.state_dict().values()]))
            assert torch.get_num_threads() == threads
            assert in_a_new_thread(torch.get_num_threads) == threads
    finally:
        torch.set_num_threads(before)
    assert torch.equal(found[0], found[1])
    assert torch.equal(found[0], found[2])
    other = PatternDetector(**{**settings, "random_state": 1}).fit(images, boxes)
    assert not torch.equal(other.members_[0].head.weight, members[0].head.weight)


def in_a_new_thread(function):
    found = []
    thread = threading.Thread(target=lambda: found.append(function()))
    thread.start()
    thread.join()
    return found[0]


@pytest.mark.parametrize("n_jobs", [1, 2])
def test_what_others_draw_is_neither_disturbed_nor_felt(n_jobs):
    images, boxes = development()
    torch.manual_seed(1)
    np.random.seed(1)  # noqa: NPY002 - the global state is what this is about
    states = torch.get_rng_state(), np.random.get_state()[1].copy()  # noqa: NPY002
    quiet = PatternDetector(**QUICK, n_jobs=n_jobs).fit_transform(images, boxes)
    assert torch.equal(torch.get_rng_state(), states[0])
    same(np.random.get_state()[1], states[1])  # noqa: NPY002
    noisy = PatternDetector(**QUICK, n_jobs=n_jobs)
    for _ in noisy.training(images, boxes):
        torch.rand(5)
    same(noisy.out_of_fold(images), quiet)


def test_training_can_be_stopped_after_any_epoch():
    images, boxes = development()
    detector = PatternDetector(**{**QUICK, "epochs": 4})
    for record in detector.training(images, boxes):
        assert record.keys() == {"epoch", "box_loss", "background_loss"}
        if record["epoch"] == 2:
            break
    assert detector.records_["epoch"].tolist() == [1, 2]
    assert np.isfinite(detector.transform(images)).all()
    assert np.isfinite(detector.out_of_fold(images)).all()


def test_looking_between_epochs_changes_nothing():
    images, boxes = development()
    settings = {**QUICK, "epochs": 3}
    looked = PatternDetector(**settings)
    for _ in looked.training(images, boxes):
        looked.transform(images[:2])
        looked.heat_maps(images[0])
    same(looked.transform(images), PatternDetector(**settings).fit(images, boxes).transform(images))


def test_losses_fall_and_are_kept(learned):
    _, _, detector, _ = learned
    losses = detector.records_[["box_loss", "background_loss"]].sum(axis=1)
    assert len(losses) == 8
    assert losses.iloc[-1] < 0.5 * losses.iloc[0]


@pytest.mark.parametrize(
    ("members", "kinds", "k"),
    [
        (5, ["bar", "post"] * 7 + [None] * 20, 5),
        (4, ["bar"] * 2 + ["post"] + [None] * 10, 3),  # no fold, and no member, is without boxes
        (2, ["bar"] * 5, 2),
    ],
)
def test_folds_share_out_each_kind_of_image_evenly(members, kinds, k):
    images, boxes = development(kinds)
    detector = PatternDetector(**{**QUICK, "n_members": members}).fit([*images, EMPTY, EMPTY], boxes)
    assert len(detector.members_) == len(detector.folds_) == k
    assert sorted(np.concatenate(detector.folds_)) == list(range(len(images)))
    for kind in ("bar", "post", None):
        counts = [sum(kinds[position] == kind for position in fold) for fold in detector.folds_]
        assert max(counts) - min(counts) <= 1
    assert all(set(fold) & set(boxes["image"]) for fold in detector.folds_)


def test_images_that_cannot_be_read_are_left_out():
    images, boxes = development()
    expected = PatternDetector(**QUICK).fit(images, boxes)
    positions = np.array([0, 2, 3, 4, 5, 7, 8, 9, 10, 11, 12, 13])
    some = [EMPTY] * 14
    for position, image in zip(positions, images, strict=True):
        some[position] = image
    shifted = boxes.assign(image=positions[boxes["image"]])
    shifted.loc[len(shifted)] = [6, "bar", 10, 10, 500, 500]  # on an image that nobody can see
    detector = PatternDetector(**QUICK)
    X = detector.fit_transform(some, shifted)
    assert np.isnan(X[[1, 6]]).all()
    same(X[positions], expected.out_of_fold(images))
    same(np.isnan(detector.transform(some)[:, 0]), np.isnan(X[:, 0]))
    images[4] = EMPTY  # since then
    assert np.isnan(expected.out_of_fold(images)[4]).all()


def test_a_class_whose_only_example_is_left_out_is_not_seen_by_that_member():
    images, boxes = development(("bar", None) * 5 + ("post",))
    detector = PatternDetector(**{**QUICK, "epochs": 4})
    X = detector.fit_transform(images, boxes)
    assert detector.classes_ == ["bar", "post"]
    assert np.isfinite(X).all()
    assert np.isfinite(detector.transform(images)).all()
    assert X[10, 1] < 0  # logit of its own class


def test_images_without_anything_to_find_may_be_absent():
    images, boxes = development(("bar",) * 4)
    assert np.isfinite(PatternDetector(**QUICK).fit_transform(images, boxes)).all()


def test_images_differ_in_size_color_and_depth():
    images, boxes = development()
    images[1] = np.dstack([images[1], images[1] // 2, 255 - images[1]])
    images[2] = images[2].astype(np.uint16) * 257
    images[3] = images[3][:40, :7]  # narrower than a cell
    images[4] = np.pad(images[4], ((0, 90), (0, 200)), "wrap")
    images[5] = images[5].astype(np.float32) / 255
    images[7] = images[7][:1, :1]
    detector = PatternDetector(**QUICK)
    X = detector.fit_transform(images, boxes)
    assert detector.channels_ == 3
    assert np.isfinite(X).all()
    assert np.isfinite(detector.transform(images)).all()
    for image in images:
        assert detector.heat_maps(image).shape == (1, *image.shape[:2])
    same(detector.transform([np.dstack([images[0]] * 3)]), detector.transform([images[0]]))
    gray = PatternDetector(**QUICK).fit(images[6:], boxes[boxes["image"] >= 6].assign(image=[0, 2, 4]))
    assert gray.channels_ == 1
    assert np.isfinite(gray.transform(images)).all()


def test_of_images_larger_than_the_pixel_budget_windows_are_learned_from(monkeypatch):
    monkeypatch.setattr("ig_widgets.compute.detection.detector._PIXELS", 48 * 48)
    images, boxes = development(("bar", None) * 4, height=130, width=110)
    detector = PatternDetector(**{**QUICK, "epochs": 4})
    X = detector.fit_transform(images, boxes)
    assert detector.scale_ == 1  # or else the bars, 6 pixels high, would vanish
    assert roc_auc_score([1, 0] * 4, X[:, 0]) > 0.9


def test_images_are_reduced_as_far_as_the_boxes_allow(monkeypatch):
    monkeypatch.setattr("ig_widgets.compute.detection.detector._PIXELS", 1600)
    images, boxes = development(("bar", None) * 2, height=90, width=80)
    large, smaller = (boxes.assign(x=0, y=0, width=30, height=height) for height in (20, 10))
    assert PatternDetector(**QUICK).fit(images, large).scale_ == pytest.approx((1600 / 7200) ** 0.5)
    assert PatternDetector(**QUICK).fit(images, smaller).scale_ == pytest.approx(0.8)
    assert PatternDetector(**QUICK, scale=0.25).fit(images, large).scale_ == 0.25


@pytest.mark.parametrize(("height", "width"), [(64, 64), (61, 99), (150, 31)])
@pytest.mark.parametrize("color", [False, True])
def test_heat_maps_are_highest_in_the_bar(learned, height, width, color):
    _, _, detector, _ = learned
    for code, kind in enumerate(detector.classes_):
        image, (x, y, w, h) = picture(5, kind, height, width)
        maps = detector.heat_maps(np.dstack([image] * 3) if color else image)
        assert maps.shape == (2, height, width)
        assert maps.dtype == np.float32
        assert maps.min() >= 0
        assert maps.max() <= 1
        row, column = np.unravel_index(maps[code].argmax(), maps[code].shape)
        assert y - 8 <= row < y + h + 8
        assert x - 8 <= column < x + w + 8
        assert maps[code, y : y + h, x : x + w].mean() > 3 * maps[code].mean()


@pytest.mark.parametrize(("scale", "height", "width"), [(1.0, 64, 64), (0.11, 300, 221), (0.6, 37, 83)])
def test_heat_maps_are_interpolated_between_the_cells_where_these_are(learned, scale, height, width):
    detector = copy.copy(learned[2])
    detector.scale_ = scale
    image = picture(3, "bar", height, width)[0]
    logits = np.mean([logits.numpy() for logits in detector._logits(image, detector.members_)], axis=0)
    rows, columns = normalize_image(image, scale, 1).shape[1:]
    # the cell that a pixel's middle lies in, counted from the middle of the first
    down = ((np.arange(height) + 0.5) * rows / height / 8 - 0.5).clip(0, logits.shape[1] - 1)
    right = ((np.arange(width) + 0.5) * columns / width / 8 - 0.5).clip(0, logits.shape[2] - 1)
    for code, cells in enumerate(logits):
        by_row = np.array([np.interp(right, np.arange(len(row)), row) for row in cells])
        whole = np.array([np.interp(down, np.arange(len(row)), row) for row in by_row.T]).T
        np.testing.assert_allclose(detector.heat_maps(image)[code], 1 / (1 + np.exp(-whole)), atol=2e-5)


def test_large_reductions_keep_heat_maps_in_their_place():
    drawn = [picture(number, kind) for number, kind in enumerate(("bar", None) * 6)]
    images = [image.repeat(8, 0).repeat(8, 1) for image, _ in drawn]  # 512 x 512
    rows = [(number, "bar", *(8 * side for side in box)) for number, (_, box) in enumerate(drawn) if box[2]]
    detector = PatternDetector(n_members=2, epochs=8, scale=0.125, device="cpu", random_state=0)
    detector.fit(images, pd.DataFrame(rows, columns=COLUMNS))
    image, box = picture(99, "bar")
    row, column = np.unravel_index(
        detector.heat_maps(image.repeat(8, 0).repeat(8, 1))[0].argmax(), (512, 512)
    )
    x, y, w, h = (8 * side for side in box)
    assert y - 64 <= row < y + h + 64
    assert x - 64 <= column < x + w + 64


def test_it_is_an_estimator_like_others():
    images, boxes = development()
    detector = PatternDetector(n_members=3, learning_rate=1e-3, n_jobs=2, random_state=4, epochs=1)
    assert clone(detector).get_params() == detector.get_params()
    with pytest.raises(NotFittedError):
        detector.transform(images)
    with pytest.raises(NotFittedError):
        detector.get_feature_names_out()
    kept, drawn = [image.copy() for image in images], boxes.copy()
    detector.fit(images, boxes)
    again = pickle.loads(pickle.dumps(detector))  # noqa: S301 - our own bytes
    same(again.transform(images), detector.transform(images))
    same(clone(detector).fit(images, boxes).transform(images), detector.transform(images))
    same(images, kept)
    pd.testing.assert_frame_equal(boxes, drawn)
    frame = detector.set_output(transform="pandas").transform(images)
    assert list(frame.columns) == ["detector_bar_peak", "detector_bar_tenth"]


def test_boxes_name_the_ids_of_an_image_set_and_other_statements_are_ignored():
    images, boxes = development()
    expected = PatternDetector(**QUICK).fit_transform(images, boxes)
    names = [f"{number}.png" for number in range(len(images))]
    said = boxes.assign(image=[names[number] for number in boxes["image"]], present=True)
    denied = said.assign(present=False, x=0, y=0)
    about_all = said.assign(x=np.nan, y=np.nan, width=np.nan, height=np.nan, label="dirty")
    log = pd.concat([denied, said, about_all])
    same(PatternDetector(**QUICK).fit_transform(ImageSet.from_arrays(images, ids=names), log), expected)


@pytest.mark.parametrize(
    ("settings", "sentence"),
    [
        ({"n_members": 1}, "n_members is 1; give 2 or more"),
        ({"epochs": 0}, "epochs is 0"),
        ({"learning_rate": 0.0}, "learning_rate is 0.0; give a number above 0"),
        ({"learning_rate": -1}, "learning_rate is -1"),
        ({"learning_rate": np.nan}, "learning_rate is nan"),
        ({"learning_rate": np.inf}, "learning_rate is inf"),
        ({"scale": 0}, "scale is 0"),
        ({"scale": 1.5}, "scale is 1.5"),
        ({"scale": "half"}, "scale is 'half'"),
        ({"precision": "half"}, "precision is 'half'"),
    ],
)
def test_wrong_settings_are_named(settings, sentence):
    with pytest.raises(ValueError, match=sentence):
        PatternDetector(**{**QUICK, **settings}).fit(*development())


@pytest.mark.parametrize(
    ("change", "error", "sentence"),
    [
        ({"image": 77}, KeyError, "a box is on '77', which is not among the images"),
        ({"x": 60}, ValueError, "box 0 of image 0 ends at x = 84 but the image is 64 wide"),
        ({"height": np.nan}, ValueError, "box 0 of image 0 is incomplete"),
        ({"label": None}, ValueError, "a box on '0' has no label; name its class"),
    ],
)
def test_wrong_boxes_are_named(change, error, sentence):
    images, boxes = development()
    boxes = boxes.astype({"x": float, "height": float})
    for name, value in change.items():
        boxes.loc[0, name] = value
    with pytest.raises(error, match=sentence):
        PatternDetector(**QUICK).fit(images, boxes)


def test_one_image_with_boxes_is_not_enough():
    images, boxes = development(("bar", "bar", None))
    images[0] = EMPTY
    with pytest.raises(ValueError, match="with boxes: 1, but a detector needs at least 2; draw more boxes"):
        PatternDetector(**QUICK).fit(images, boxes)
    with pytest.raises(ValueError, match="with boxes: 0, but a detector needs at least 2; draw more boxes"):
        PatternDetector(**QUICK).fit(images, boxes.iloc[:0])
    with pytest.raises(ValueError, match="lack the column 'label'"):
        PatternDetector(**QUICK).fit(images, boxes.drop(columns="label"))


def test_other_images_have_no_out_of_fold_columns(learned):
    images, _, detector, _ = learned
    with pytest.raises(ValueError, match="there are 3 images, but the detector was trained on 20"):
        detector.out_of_fold(images[:3])


def test_what_diverges_says_so_and_leaves_no_thread_behind():
    before = set(threading.enumerate())
    with pytest.raises(FloatingPointError, match="try a smaller learning rate"):
        PatternDetector(**{**QUICK, "epochs": 5}, learning_rate=1e30, n_jobs=2).fit(*development())
    for thread in set(threading.enumerate()) - before:
        thread.join(timeout=10)
        assert not thread.is_alive()


def test_unknown_keywords_are_refused():
    with pytest.raises(TypeError):
        PatternDetector(**QUICK).fit_transform(*development(), sample_weight=1)
