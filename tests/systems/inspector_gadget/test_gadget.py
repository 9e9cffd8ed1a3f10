import cv2
import numpy as np
import pandas as pd
import pytest
from sklearn.base import clone

from ig_widgets.compute.augmentation.gan import PatternGAN
from ig_widgets.compute.augmentation.policies import PolicyAugmenter
from ig_widgets.compute.crowd.boxes import merge_boxes
from ig_widgets.compute.detection.detector import PatternDetector
from ig_widgets.compute.labeling.labeler import WeakLabeler
from ig_widgets.compute.labeling.stacking import log_odds
from ig_widgets.data.examples.simulated import SimulatedAnnotator
from ig_widgets.data.examples.synthetic import strips
from ig_widgets.data.images import ImageSet
from ig_widgets.data.log.log import AnnotationLog
from ig_widgets.systems.inspector_gadget.gadget import InspectorGadget

# one small network instead of the choice among many that only the first test needs
LABELER = WeakLabeler(hidden_layers=[(4,)], alpha=1.0, n_members=1)
QUICK = {"labeler": LABELER, "detector": False, "progress": False}
BOX = {"label": "bar", "present": True, "width": 14, "height": 8}


def textured(seed, *, bar=None):
    """60 x 50 noise, with a dark bar at x, y if asked for."""
    image = np.random.default_rng(seed).normal(150, 8, (50, 60))
    if bar is not None:
        x, y = bar
        image[y + 2 : y + 6, x + 2 : x + 12] -= 60
    return np.clip(image, 0, 255).astype(np.uint8)


@pytest.fixture
def log(tmp_path):
    with AnnotationLog(tmp_path / "annotations.db") as opened:
        yield opened


@pytest.fixture
def bars(log):
    """40 images, every other one with a bar; somebody has judged the first 20."""
    places = [(5 + i % 30, 3 + i % 35) if i % 2 else None for i in range(40)]
    images = ImageSet.from_arrays(
        [textured(i, bar=place) for i, place in enumerate(places)], ids=[f"{i:02}.png" for i in range(40)]
    )
    for i, place in enumerate(places[:20]):
        said = {"label": "bar", "present": False} if place is None else {**BOX, "x": place[0], "y": place[1]}
        log.append([{"image": images.ids[i], **said}], annotator="me")
    return images


def test_it_learns_what_people_boxed(bars, log):
    gadget = InspectorGadget(bars, ["bar"], log=log, detector=False, progress=False)
    P = gadget.learn().P_
    assert P.shape == (40, 2)
    np.testing.assert_allclose(P.sum(axis=1), 1)
    table = gadget.weak_labels
    assert list(table) == [
        *("image", "label", "ok", "bar", "pattern", "score", "x", "y", "width", "height", "annotated")
    ]
    assert table["annotated"].tolist() == [True] * 20 + [False] * 20
    truth = ["bar" if i % 2 else "ok" for i in range(40)]
    assert np.mean(table["label"][20:] == truth[20:]) >= 0.9
    found = table[20:][table["label"][20:] == "bar"]
    for position, row in found.iterrows():
        if position % 2:
            assert abs(row["x"] - (5 + position % 30)) <= 3
            assert abs(row["y"] - (3 + position % 35)) <= 3


def test_the_same_seed_gives_the_same_labels_and_order(bars, log):
    first, second = (InspectorGadget(bars, ["bar"], log=log, **QUICK, random_state=3) for _ in range(2))
    np.testing.assert_array_equal(first.order, second.order)
    np.testing.assert_array_equal(first.learn().P_, second.learn().P_)
    assert sorted(first.order) == list(range(40))
    assert (
        InspectorGadget(bars, ["bar"], log=log, **QUICK, random_state=4).order.tolist()
        != first.order.tolist()
    )


def test_the_development_set_is_judged_without_its_own_patterns(bars, log):
    images = bars[::-1]  # so that rows of the development set are no positions of images
    gadget = InspectorGadget(images, ["bar"], log=log, **QUICK)
    P = gadget.learn().P_
    development = list(range(20, 40))
    assert gadget.learned_.development_.tolist() == development
    own = [development.index(images.position(name)) for name in gadget.learned_.patterns_.provenance["image"]]
    X, y = gadget.learned_.X_[development], gadget.y_[development]
    slow = clone(LABELER).set_params(random_state=0).fit(X, y, pattern_rows=own)
    np.testing.assert_array_equal(P[gadget.learned_.judged_], slow.oof_probabilities_)
    leaking = clone(LABELER).set_params(random_state=0).fit(X, y)
    assert not np.allclose(slow.oof_probabilities_, leaking.oof_probabilities_)


def test_the_detector_decides_beside_what_the_similarities_say(bars, log):
    gadget = InspectorGadget(
        bars,
        ["bar"],
        log=log,
        detector=PatternDetector(n_members=2, epochs=12, random_state=0),
        progress=False,
    )
    P = gadget.learn().P_
    seen = gadget.learned_.detector_.transform(bars)
    seen[:20] = gadget.learned_.detector_.out_of_fold(bars[:20])
    believed = gadget.learned_.labeler_.predict_proba(gadget.learned_.X_)
    believed[:20] = gadget.learned_.labeler_.oof_probabilities_
    features = np.hstack([log_odds(believed), seen])
    slow = WeakLabeler(random_state=0).fit(features[:20], gadget.y_[:20])
    np.testing.assert_allclose(P[20:], slow.predict_proba(features[20:]))
    np.testing.assert_allclose(P[:20], slow.oof_probabilities_)
    assert np.mean(P[20:].argmax(axis=1) == np.arange(20, 40) % 2) >= 0.9
    report = gadget.report()
    assert report.facts["detector"] == "2 networks"
    assert list(report.figures) == [
        "Best matches of each pattern",
        "Highest similarity of each image",
        "Patterns that the labeler needs most",
        "What the detector sees in images that nobody has judged",
        "Development set, by cross-validation",
    ]


def test_the_settings_of_a_detector_are_not_changed_by_learning(bars, log):
    mine = PatternDetector(n_members=2, epochs=1, random_state=0)
    InspectorGadget(bars, ["bar"], log=log, detector=mine, augment=(), progress=False).learn()
    assert not hasattr(mine, "members_")


def test_too_few_boxes_for_a_detector_are_said_and_the_similarities_decide(bars, log):
    few = bars[[0, 1, 2, 4, 6, 8, 25, 27]]
    gadget = InspectorGadget(few, ["bar"], log=log, progress=False)
    with (
        pytest.warns(UserWarning, match="there is one example of 'bar'"),
        pytest.warns(UserWarning, match="needs boxes on 2 images at least"),
    ):
        P = gadget.learn().P_
    assert gadget.learned_.detector_ is gadget.learned_.stacked_ is None
    np.testing.assert_allclose(P.sum(axis=1), 1)
    assert gadget.report().facts["detector"] == "none"


def test_a_class_that_cannot_be_judged_stands_in_the_way_of_a_detector(bars, log):
    one_clean = bars[[0, *range(1, 20, 2), 25]]
    gadget = InspectorGadget(one_clean, ["bar"], log=log, progress=False)
    with (
        pytest.warns(UserWarning, match="there is one example of 'ok'"),
        pytest.warns(UserWarning, match="needs 2 annotated images of each class"),
    ):
        gadget.learn()


def test_the_detector_learns_nothing_from_images_that_people_disagree_about(bars, log):
    log.append([{"image": "01.png", **BOX, "x": 40, "y": 40}], annotator="you")  # beside that of "me"
    log.append([{"image": "03.png", "label": "bar", "present": False}], annotator="you")
    log.append([{"image": "05.png", **BOX, "x": 10, "y": 8}], annotator="you")  # as "me" has drawn it
    log.append([{"image": "00.png", "label": "bar", "present": False}], annotator="you")

    detector = PatternDetector(n_members=2, epochs=1, random_state=0)
    gadget = InspectorGadget(bars, ["bar"], log=log, augment=(), detector=detector, progress=False)
    with pytest.warns(UserWarning, match="boxes were drawn by one of several annotators only"):
        gadget.learn()
    learned = np.sort(np.concatenate(gadget.learned_.detector_.folds_))
    assert len(learned) == 18
    shown = [k for k in range(20) if k not in (1, 3)]
    merged = merge_boxes(gadget.annotations)
    slow = PatternDetector(n_members=2, epochs=1, random_state=0)
    slow.fit(bars[shown], merged[~merged["outlier"]])
    np.testing.assert_array_equal(slow.transform(bars[:4]), gadget.learned_.detector_.transform(bars[:4]))


def test_the_settings_of_labeler_and_augmentation_can_be_given(bars, log):
    gadget = InspectorGadget(
        bars,
        ["bar"],
        log=log,
        augment=(PolicyAugmenter(["Flip"], progress=False), PatternGAN(epochs=1)),
        n_augmented=6,
        labeler=WeakLabeler(learner="logistic"),
        detector=False,
        progress=False,
    )
    gadget.learn()
    made = gadget.learned_.patterns_.provenance["operation"].dropna()
    assert made.value_counts().to_dict() == {"Flip": 6, "GAN": 6}
    assert gadget.learned_.labeler_.hidden_layer_sizes_ is None
    assert gadget.report().facts["labeler"] == "logistic"


@pytest.mark.parametrize(
    ("augment", "n_made"),
    [((), 0), (("policy",), 24), ((PatternGAN(epochs=2),), 24), (("policy", PatternGAN(epochs=2)), 48)],
)
def test_each_augmentation_adds_its_share_of_patterns(bars, log, augment, n_made):
    gadget = InspectorGadget(bars, ["bar"], log=log, augment=augment, n_augmented=24, **QUICK)
    gadget.learn()
    parents = gadget.learned_.patterns_.provenance["parent"]
    assert (gadget.learned_.n_drawn_, len(gadget.learned_.patterns_)) == (10, 10 + n_made)
    assert parents.isna().tolist() == [True] * 10 + [False] * n_made
    assert set(gadget.weak_labels["pattern"]) <= set(gadget.learned_.patterns_.ids[:10])
    assert (gadget.learned_.augmenter_ is None) == ("policy" not in augment)


@pytest.mark.slow
def test_the_search_for_operations_is_shown(bars, log):
    gadget = InspectorGadget(bars, ["bar"], log=log, augment=("search",), **QUICK)
    gadget.learn()
    best = gadget.learned_.augmenter_.scores_.sort_values("rank").iloc[0]
    made_by = set(gadget.learned_.patterns_.provenance["operation"].dropna())
    assert made_by <= set(best[["operation_1", "operation_2", "operation_3"]])
    assert "The search for operations" in gadget.report().figures


def test_an_unknown_augmentation_is_named(bars, log):
    with pytest.raises(ValueError, match="augment holds 'gans'; give a tuple"):
        InspectorGadget(bars, ["bar"], log=log, augment=("gans",)).learn()


def test_what_people_said_stands_in_the_table_even_if_the_labeler_disagrees(bars, log):
    log.append([{"image": "31.png", "label": "bar", "present": False}], annotator="me")  # there is one
    gadget = InspectorGadget(bars, ["bar"], log=log, **QUICK)
    gadget.learn()
    row = gadget.weak_labels.iloc[31]
    assert (row["label"], row["annotated"]) == ("ok", True)


def test_a_class_without_examples_is_named_and_never_believed(bars, log):
    gadget = InspectorGadget(bars, ["aaa (never seen)", "bar"], log=log, **QUICK)
    with pytest.warns(UserWarning, match=r"there is no example of 'aaa \(never seen\)'"):
        P = gadget.learn().P_
    assert (P[:, 1] == 0).all()
    assert P[:, 2].max() > 0.5
    assert gadget.report().facts["labeled aaa (never seen)"] == 0


def test_one_example_of_a_class_is_named_and_not_judged(bars, log):
    few = bars[[0, 1, 2, 4, 6, 8, 25]]
    gadget = InspectorGadget(few, ["bar"], log=log, **QUICK)
    with pytest.warns(UserWarning, match="there is one example of 'bar'"):
        gadget.learn()
    assert not any("cross-validation" in name for name in gadget.report().facts)


def test_what_was_learned_stays_whole_when_learning_again_fails(bars, log):
    gadget = InspectorGadget(bars, ["bar"], log=log, **QUICK)
    gadget.learn()
    before = gadget.weak_labels
    while log.undo("me"):
        pass
    with pytest.raises(ValueError, match="no box of bar"):
        gadget.learn()
    pd.testing.assert_frame_equal(gadget.weak_labels, before)


@pytest.mark.parametrize("augment", [("policy",), ("search",)])
def test_a_damaged_image_with_a_box_stops_nothing(tmp_path, log, augment):
    for i in range(24):
        cv2.imwrite(str(tmp_path / f"{i:02}.png"), textured(i, bar=(5 + i, 3 + i) if i % 2 else None))
    images = ImageSet.from_folder(tmp_path)
    for i in range(20):
        said = {**BOX, "x": 5 + i, "y": 3 + i} if i % 2 else {"label": "bar", "present": False}
        log.append([{"image": f"{i:02}.png", **said}], annotator="me")
    (tmp_path / "03.png").write_bytes(b"no image any more")
    gadget = InspectorGadget(images, ["bar"], log=log, augment=augment, **QUICK)
    with pytest.warns(UserWarning, match=r"03\.png"):
        gadget.learn()
    row = gadget.weak_labels.iloc[3]
    assert row["label"] == "bar"  # somebody has seen it
    assert np.isnan(row["bar"])
    assert "03.png#0" not in gadget.learned_.patterns_.ids
    (tmp_path / "23.png").unlink()
    assert "Best matches of each pattern" in gadget.report().figures


@pytest.mark.parametrize(
    ("classes", "sentence"),
    [
        (["annotated"], "'annotated' cannot be the name of a class here"),
        (["ok"], "'ok' cannot be the name of a class here"),
        (["bar", "bar"], "'bar' cannot be the name of a class here"),
        ([], "there are no classes"),
    ],
)
def test_classes_that_cannot_be_are_refused_before_anything_is_matched(bars, log, classes, sentence):
    with pytest.raises(ValueError, match=sentence):
        InspectorGadget(bars, classes, log=log, **QUICK).learn()


def test_an_unreadable_image_gets_no_label_and_stops_nothing(tmp_path, log):
    rows = []
    for i in range(24):
        bar = (5 + i, 3 + i) if i % 2 else None
        cv2.imwrite(str(tmp_path / f"{i:02}.png"), textured(i, bar=bar))
        said = {"label": "bar", "present": False} if bar is None else {**BOX, "x": bar[0], "y": bar[1]}
        rows.append({"image": f"{i:02}.png", **said})
    images = ImageSet.from_folder(tmp_path)
    log.append(rows[:20], annotator="me")
    broken = tmp_path / "22.png"
    broken.write_bytes(broken.read_bytes()[:-400] + bytes(400))
    gadget = InspectorGadget(images, ["bar"], log=log, **QUICK)
    with pytest.warns(UserWarning, match=r"22\.png"):
        P = gadget.learn().P_
    assert np.isnan(P[22]).all()
    assert not np.isnan(np.delete(P, 22, axis=0)).any()
    table = gadget.weak_labels
    assert table["label"].isna().tolist() == [i == 22 for i in range(24)]
    assert images.problems["image"].tolist() == ["22.png"]
    assert "unreadable" in gadget.report()._repr_html_()


def test_classes_of_which_every_image_has_one(log):
    images = ImageSet.from_arrays(
        [
            textured(i, bar=(10 + i % 20, 10)) if i % 2 else np.rot90(textured(i, bar=(10 + i % 20, 10)))
            for i in range(30)
        ]
    )
    rows = [
        {"image": str(i), **BOX, "label": "lying", "x": 10 + i % 20, "y": 10}
        if i % 2
        else {
            "image": str(i),
            "label": "standing",
            "present": True,
            "x": 10,
            "y": 36 - i % 20,
            "width": 8,
            "height": 14,
        }
        for i in range(16)
    ]
    log.append(rows, annotator="me")
    gadget = InspectorGadget(images, ["lying", "standing"], log=log, **QUICK, negative_class=None)
    gadget.learn()
    assert gadget.classes_ == ["lying", "standing"]
    labels = gadget.weak_labels["label"][16:]
    assert np.mean(labels == ["lying" if i % 2 else "standing" for i in range(16, 30)]) >= 0.9


def test_boxes_that_one_of_several_people_drew_are_left_out_with_a_warning(bars, log):
    log.append([{"image": "01.png", **BOX, "x": 40, "y": 40}], annotator="you")
    gadget = InspectorGadget(bars, ["bar"], log=log, **QUICK)
    with pytest.warns(UserWarning, match="2 of 11 boxes were drawn by one of several annotators only"):
        gadget.learn()
    assert "01.png#0" not in gadget.learned_.patterns_.ids


def test_crowd_of_simulated_people(log):
    images, truth = strips("bubble", 40, defect_rate=0.5)
    gadget = InspectorGadget(images, ["bubble"], log=log, **QUICK, target=8)
    for name in ("ada", "bo"):
        person = SimulatedAnnotator(truth, name=name, miss_rate=0, false_rate=0)
        log.extend(person.annotate(images[gadget.order[:24]]))
    gadget.learn()
    merged = merge_boxes(gadget.annotations)
    assert (merged["annotators"] == "ada, bo").all()
    assert (
        gadget.learned_.patterns_.provenance["parent"].isna().sum()
        == len(merged)
        == (truth["image"].isin(gadget.images[gadget.order[:24]].ids) & truth["present"]).sum()
    )


@pytest.mark.parametrize(
    ("rows", "sentence"),
    [
        ([], r"there is no box of bar to learn from: draw some in gadget\.ask\(\)"),
        ([{"image": "00.png", "label": "bar", "present": False}], "there is no box of bar to learn from"),
        (
            [{"image": "01.png", **BOX, "x": 6, "y": 4}],
            r"all 1 annotated images are of one class \(bar\), so there is nothing to tell apart",
        ),
    ],
)
def test_too_little_to_learn_from_is_said(tmp_path, rows, sentence):
    images = ImageSet.from_arrays([textured(0), textured(1, bar=(6, 4))], ids=["00.png", "01.png"])
    with AnnotationLog(tmp_path / "few.db") as log:
        if rows:
            log.append(rows, annotator="me")
        with pytest.raises(ValueError, match=sentence):
            InspectorGadget(images, ["bar"], log=log, **QUICK).learn()


def test_nothing_is_shown_before_it_was_learned(bars, log):
    gadget = InspectorGadget(bars, ["bar"], log=log, **QUICK)
    for show in (lambda: gadget.weak_labels, gadget.report):
        with pytest.raises(RuntimeError, match="nothing was learned yet"):
            show()


def test_asking_shows_the_seeded_order(bars, log):
    gadget = InspectorGadget(bars, ["bar"], log=log, **QUICK, target=5, annotator="somebody new")
    annotator = gadget.ask()
    assert [annotator._images.ids[i] for i in range(40)] == [bars.ids[i] for i in gadget.order]
    assert annotator._goal == 5


def test_the_report_is_one_page_with_pictures_and_no_markup_from_names(tmp_path, log):
    images = ImageSet.from_arrays(
        [textured(i, bar=(5 + i, 5) if i % 2 else None) for i in range(16)],
        ids=[f"<b>{i}$x^" for i in range(16)],
    )
    label = "<script>$^$"
    rows = [
        {"image": image, **BOX, "label": label, "x": 5 + i, "y": 5}
        if i % 2
        else {"image": image, "label": label, "present": False}
        for i, image in enumerate(images.ids)
    ]
    log.append(rows, annotator="me")
    gadget = InspectorGadget(images, [label], log=log, **QUICK)
    gadget.learn()
    page = gadget.report().save(tmp_path / "report.html").read_text(encoding="utf-8")
    assert page.count("data:image/png;base64,") == 4
    assert "<script>" not in page
    assert "&lt;script&gt;" in page
    assert isinstance(gadget.weak_labels, pd.DataFrame)


def test_a_store_changes_nothing_and_is_used_again(bars, log, tmp_path):
    expected = InspectorGadget(bars, ["bar"], log=log, **QUICK).learn().P_
    for _ in range(2):
        P = InspectorGadget(bars, ["bar"], log=log, **QUICK, store=tmp_path / "features").learn().P_
        np.testing.assert_array_equal(P, expected)
    assert len(list((tmp_path / "features").rglob("*.npz"))) == 1
