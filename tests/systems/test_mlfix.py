import numpy as np
import pandas as pd
import pytest

from ig_widgets.data.images import ImageSet
from ig_widgets.data.log.log import AnnotationLog
from ig_widgets.systems.mlfix import MLfix

NAMES = ["across", "along", "spots"]


@pytest.fixture
def log(tmp_path):
    with AnnotationLog(tmp_path / "labels.db") as opened:
        yield opened


def pictures(n=90):
    """Stripes across, stripes along and spots, in turn, and their true labels."""
    rng = np.random.default_rng(0)
    arrays = rng.integers(90, 110, (n, 32, 32), dtype=np.uint8)
    for i, image in enumerate(arrays):
        shift = rng.integers(4)
        if i % 3 == 0:
            image[shift::4] = 255
        elif i % 3 == 1:
            image[:, shift::4] = 255
        else:
            image[shift::8, shift::8] = 255
    images = ImageSet.from_arrays(list(arrays), ids=[f"{i}.png" for i in range(n)])
    truth = pd.Series([NAMES[i % 3] for i in range(n)], index=5 * np.arange(n) + 2, name="kind")
    return images, truth


def wrong_labels(truth, wrong=(4, 30, 31, 77)):
    labels = truth.copy()
    for i in wrong:
        labels.iloc[i] = NAMES[(NAMES.index(truth.iloc[i]) + 1) % 3]
    return labels, list(wrong)


def say(log, image, label, *, present):
    statement = {"image": image, "label": label, "present": present}
    log.append([statement], annotator="me", source="SimilarityReview")


def test_wrong_labels_come_first_and_are_told_of(log):
    images, truth = pictures()
    labels, wrong = wrong_labels(truth)
    system = MLfix(images, labels, n_words=64, log=log).learn()
    for order in ("suspicion", "neighbors", "confusion"):
        assert set(system.orders_[order][:8].tolist()) >= set(wrong)
    assert all(sorted(order.tolist()) == list(range(90)) for order in system.orders_.values())
    assert system.suspected_.iloc[wrong].tolist() == truth.iloc[wrong].tolist()
    assert system.suspected_.index.equals(labels.index)


def test_similar_images_are_side_by_side(log):
    images, truth = pictures()
    system = MLfix(images, truth, n_words=64, log=log).learn()
    kinds = truth.to_numpy()[system.orders_["similarity"]]
    assert (kinds[1:] == kinds[:-1]).mean() > 0.9


def test_what_people_corrected_is_learned_from_and_comes_back_with_the_index(log):
    images, truth = pictures()
    labels, wrong = wrong_labels(truth)
    system = MLfix(images, labels, n_words=64, log=log).learn()
    doubted = int(system.ask()._session.hello()["note"].split()[0])
    assert doubted >= 4
    for i in wrong[:2]:
        say(log, f"{i}.png", truth.iloc[i], present=True)
    say(log, f"{wrong[2]}.png", labels.iloc[wrong[2]], present=False)
    system.learn()
    assert int(system.ask()._session.hello()["note"].split()[0]) <= doubted - 2
    assert wrong[3] in system.orders_["suspicion"][:8]
    assert not {*wrong[:2]} & set(system.orders_["suspicion"][:8].tolist())
    assert system.orders_["suspicion"][-1] == wrong[2]  # it has no label any more
    corrected = system.corrected_labels
    assert corrected.index.equals(labels.index)
    assert corrected.iloc[wrong[:2]].tolist() == truth.iloc[wrong[:2]].tolist()
    assert corrected.drop(labels.index[wrong[:2]]).equals(labels.drop(labels.index[wrong[:2]]))


def test_images_that_look_alike_can_be_grouped(log):
    images, truth = pictures(300)
    system = MLfix(images, truth, n_words=64, log=log, progress=False).learn()
    assert system.clusters_.max() + 1 == 3
    kinds = truth.to_numpy()
    assert all(len(set(kinds[system.clusters_ == number])) == 1 for number in range(3))
    codes, names = system.ask()._groups["cluster"]
    assert names == ["cluster 1", "cluster 2", "cluster 3", "none"]
    assert np.array_equal(codes, system.clusters_)


def test_bars_show_how_far_it_is(log, capsys):
    images, truth = pictures(12)
    MLfix(images, truth, n_words=16, log=log).learn()
    shown = capsys.readouterr().err
    assert "learning words: 100%" in shown
    assert "finding words: 100%" in shown
    MLfix(images, truth, n_words=16, log=log, progress=False).learn()
    assert capsys.readouterr().err == ""


def test_a_review_before_anything_was_learned_says_so(log):
    images, truth = pictures(12)
    review = MLfix(images, truth, log=log).ask()
    assert "learn() puts similar and suspicious ones together" in review._session.hello()["note"]
    assert review.labels.equals(truth)


def test_given_maps_are_used_and_missing_labels_are_no_examples(log):
    images, truth = pictures()
    maps = np.zeros((90, 2, 2, 3), np.float32)
    maps[np.arange(90), ..., np.arange(90) % 3] = 1
    maps += np.random.default_rng(1).normal(0, 0.05, maps.shape).astype(np.float32)
    labels = truth.astype(object)
    labels.iloc[:9] = None
    system = MLfix(images, labels, maps=maps, n_words=6, log=log).learn()
    assert system.suspected_.iloc[:9].tolist() == truth.iloc[:9].tolist()
    assert set(system.orders_["suspicion"][-9:].tolist()) == set(range(9))


def test_the_report_tells_what_everybody_changed(log):
    images, truth = pictures(12)
    system = MLfix(images, truth, classes=["spots", "across", "along", "waves"], log=log)
    say(log, "0.png", "waves", present=True)
    statement = {"image": "0.png", "label": "across", "present": True}
    log.append([statement], annotator="bo", source="SimilarityReview")
    report = system.report()
    changes = report.tables["Changes"][["image", "given", "now", "annotator", "note"]]
    assert changes.to_numpy().tolist() == [["0.png", "across", "waves", "me", "bo says across"]]
    assert report.tables["Annotators"]["annotator"].tolist() == ["me", "bo"]
