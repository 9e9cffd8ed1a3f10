import numpy as np
import pytest
from sklearn.base import clone

from ig_widgets.compute.augmentation.gan import PatternGAN
from ig_widgets.compute.augmentation.policies import PolicyAugmenter
from ig_widgets.compute.detection.detector import PatternDetector
from ig_widgets.compute.labeling.labeler import WeakLabeler
from ig_widgets.compute.labeling.stacking import log_odds
from ig_widgets.compute.matching.matcher import PatternMatcher
from ig_widgets.compute.pipeline.pattern_labeler import PatternLabeler
from ig_widgets.data.patterns import crop_patterns

DETECTOR = PatternDetector(n_members=2, epochs=1)


@pytest.fixture
def labeler(quick):
    def make(**settings):
        defaults = {"augment": (), "detector": False, "labeler": quick, "progress": False}
        return PatternLabeler(**{**defaults, **settings})

    return make


def test_it_is_each_part_after_the_other(labeler, bars, quick):
    fitted = labeler(detector=DETECTOR, random_state=3).fit(*bars, classes=["ok", "bar"])
    patterns = crop_patterns(bars.images, bars.boxes)
    X = PatternMatcher(patterns).fit_transform(bars.images)
    np.testing.assert_array_equal(fitted.X_, X)
    sources = [bars.images.position(name) for name in patterns.provenance["image"]]
    assert fitted.sources_.tolist() == sources
    first = clone(quick).set_params(random_state=3).fit(X[:20], bars.y[:20], pattern_rows=sources)
    believed = np.vstack([first.oof_probabilities_, first.predict_proba(X[20:])])
    np.testing.assert_allclose(fitted.similarity_P_, believed)
    detector = clone(DETECTOR).set_params(random_state=3)
    inside = detector.fit_transform(bars.images[:20], bars.boxes)
    seen = np.vstack([inside, detector.transform(bars.images[20:])])
    np.testing.assert_array_equal(fitted.detector_X_, seen)
    features = np.hstack([log_odds(believed), seen])
    second = clone(quick).set_params(random_state=3).fit(features[:20], bars.y[:20])
    np.testing.assert_allclose(fitted.P_[:20], second.oof_probabilities_)
    np.testing.assert_allclose(fitted.P_[20:], second.predict_proba(features[20:]))
    assert fitted.classes_ == ["ok", "bar"]
    np.testing.assert_allclose(fitted.predict_proba(bars.images[20:]), fitted.P_[20:])
    assert not hasattr(DETECTOR, "members_")


def test_the_detector_changes_nothing_about_the_similarities(labeler, bars):
    alone = labeler().fit(*bars)
    beside = labeler(detector=DETECTOR).fit(*bars)
    np.testing.assert_array_equal(alone.P_, beside.similarity_P_)
    np.testing.assert_array_equal(alone.X_, beside.X_)
    assert alone.detector_ is alone.stacked_ is alone.detector_X_ is None
    assert alone.classes_ == ["0", "1"]


def test_patterns_made_before_are_as_good_as_what_makes_them(labeler, bars):
    ways = (PolicyAugmenter(["Flip", "Rotate"], random_state=7), PatternGAN(epochs=1))
    whole = labeler(augment=ways, n_augmented=8).fit(*bars)
    made = whole.patterns_[whole.n_drawn_ :]
    assert made.provenance["operation"].eq("GAN").sum() == 8
    again = labeler(augment=(made[:8], made[8:])).fit(*bars)
    assert again.patterns_.ids == whole.patterns_.ids
    np.testing.assert_array_equal(again.P_, whole.P_)


def test_a_part_keeps_its_own_seed(labeler, bars, quick):
    own = clone(quick).set_params(random_state=5)
    fitted = labeler(labeler=own, augment=(PolicyAugmenter(["Rotate"], random_state=7),)).fit(*bars)
    assert fitted.labeler_.random_state == 5
    assert fitted.augmenter_.random_state == 7
    fitted = labeler(augment=("policy",), random_state=9).fit(*bars)
    assert (fitted.labeler_.random_state, fitted.augmenter_.random_state) == (9, 9)


def test_settings_are_only_stored_and_copied(labeler):
    made = labeler(augment=("gan",), random_state=4)
    assert made.get_params(deep=False).keys() == PatternLabeler().get_params(deep=False).keys()
    copied = clone(made)
    assert repr(copied) == repr(made)
    assert vars(copied).keys() == vars(PatternLabeler()).keys()


def test_dropped_patterns_are_candidates_and_nothing_else(labeler, bars):
    first = f"{bars.boxes['image'].iloc[0]}#0"
    fitted = labeler().fit(*bars, dropped=lambda patterns: np.array([name == first for name in patterns.ids]))
    assert first in fitted.candidates_.ids
    assert first not in fitted.patterns_.ids
    assert fitted.n_drawn_ == len(fitted.patterns_) == len(fitted.candidates_) - 1 == fitted.X_.shape[1]
    with pytest.raises(ValueError, match="all patterns were dropped"):
        labeler().fit(*bars, dropped=lambda patterns: np.ones(len(patterns), dtype=bool))


def test_some_boxes_of_each_class_become_patterns_and_all_are_shown_to_the_detector(labeler, bars):
    fitted = labeler(patterns_per_class=3, detector=DETECTOR).fit(*bars)
    assert len(fitted.patterns_) == 3
    assert set(fitted.patterns_.ids) < set(crop_patterns(bars.images, bars.boxes).ids)
    slow = clone(DETECTOR).set_params(random_state=0).fit(bars.images[:20], bars.boxes)
    np.testing.assert_array_equal(
        fitted.detector_.transform(bars.images[:2]), slow.transform(bars.images[:2])
    )


def test_the_detector_learns_from_the_given_rows_that_are_labeled(labeler, bars):
    rows = np.ones(30, dtype=bool)
    rows[[0, 3]] = False
    fitted = labeler(detector=DETECTOR).fit(*bars, detector_rows=rows)
    assert fitted.detector_rows_.tolist() == [k for k in range(20) if k not in (0, 3)]


def test_an_image_of_a_class_with_boxes_but_without_one_is_not_shown_to_the_detector(labeler, bars):
    fitted = labeler(detector=DETECTOR).fit(bars.images, bars.y, bars.boxes.iloc[1:])
    assert fitted.detector_rows_.tolist() == [k for k in range(20) if k != 1]


def test_two_scores_of_each_pattern_have_its_source(labeler, bars):
    both = PatternMatcher((), scores="both", signed=True)
    fitted = labeler(search=both).fit(*bars)
    p = len(fitted.patterns_)
    assert fitted.X_.shape == (30, 2 * p)
    assert fitted.sources_.tolist() == 2 * fitted.sources_[:p].tolist()
    assert both.patterns == ()


def test_a_class_without_examples_is_never_believed(labeler, bars):
    with pytest.warns(UserWarning, match="there is no example of 'stain'") as caught:
        fitted = labeler().fit(*bars, classes=["ok", "bar", "stain"])
    assert [warning.filename for warning in caught] == [__file__]
    assert (fitted.P_[:, 2] == 0).all()
    np.testing.assert_allclose(fitted.P_.sum(axis=1), 1)
    np.testing.assert_allclose(fitted.predict_proba(bars.images[:2])[:, 2], 0)


def test_warnings_can_be_collected(labeler, bars):
    y = np.where(np.isin(np.arange(30), [0, 1, 2]), bars.y, -1)
    told = []
    fitted = labeler(detector=True).fit(
        bars.images, y, bars.boxes[:1], classes=["ok", "bar"], tell=told.append
    )
    assert [sentence.split(":")[0] for sentence in told] == [
        "there is one example of 'bar'",
        "there is too little for a detector, which needs boxes on 2 images at least",
    ]
    assert fitted.detector_ is None
    np.testing.assert_array_equal(fitted.P_, fitted.similarity_P_)


@pytest.mark.parametrize(
    ("changed", "settings", "sentence"),
    [
        ({"y": np.zeros(29, int)}, {}, r"y has shape \(29,\) but there are 30 images"),
        ({"y": np.full(30, -2)}, {}, "y holds values from -2 to -2"),
        ({"y": np.arange(30)}, {"classes": ["ok", "bar"]}, "y holds values from 0 to 29"),
        (
            {"y": np.r_[np.ones(5, int), np.full(25, -1)]},
            {},
            r"all 5 annotated images are of one class \(1\)",
        ),
    ],
)
def test_what_does_not_fit_is_named(labeler, bars, changed, settings, sentence):
    given = {**bars._asdict(), **changed}
    with pytest.raises(ValueError, match=sentence):
        labeler().fit(**given, **settings)


def test_an_unknown_augmentation_is_named_before_anything_is_cut(labeler, bars):
    with pytest.raises(ValueError, match="augment holds 'gans'; give a tuple"):
        labeler(augment=("gans",)).fit(*bars)


def test_the_whole_beats_chance_by_far(bars):
    fitted = PatternLabeler(
        detector=False, labeler=WeakLabeler(hidden_layers=[(4,), (8,)], alpha=1.0), progress=False
    ).fit(*bars)
    assert np.mean(fitted.P_[20:].argmax(axis=1) == np.arange(20, 30) % 2) >= 0.9
