import numpy as np
import pytest
from pandas.testing import assert_frame_equal

from ig_widgets.data.annotations import annotations_frame
from ig_widgets.data.examples.simulated import SimulatedAnnotator
from ig_widgets.data.examples.synthetic import strips
from ig_widgets.data.images import ImageSet

BOX = ["x", "y", "width", "height"]
SAID = ["image", "label", "present", *BOX]
PERFECT = {"jitter_pixels": 0, "miss_rate": 0, "false_rate": 0}


def blank_images(n, shape=(60, 90)):
    return ImageSet.from_arrays([np.zeros(shape, np.uint8)] * n, ids=[f"{i}.png" for i in range(n)])


def one_box_each(n, label="crack", box=(40, 20, 10, 12)):
    row = {"annotator": "truth", "label": label, "present": True, **dict(zip(BOX, box, strict=True))}
    return annotations_frame({**row, "image": f"{i}.png"} for i in range(n))


def all_clean(n, label="crack"):
    return annotations_frame({"image": f"{i}.png", "label": label, "present": False} for i in range(n))


@pytest.mark.parametrize("kind", ["scratch", "bubble", "stamping"])
def test_without_errors_the_truth_is_reproduced_exactly(kind):
    images, truth = strips(kind, 12, defect_rate=0.5)
    annotations = SimulatedAnnotator(truth, name="ann", **PERFECT).annotate(images)
    assert_frame_equal(annotations[SAID], truth[SAID])
    assert set(annotations["annotator"]) == {"ann"}
    assert set(annotations["source"]) == {"simulated"}


def test_several_classes_and_labels_of_whole_images_are_reproduced():
    truth = annotations_frame(
        [
            {"image": "0.png", "label": "crack", "present": True, "x": 1, "y": 2, "width": 3, "height": 1},
            {"image": "0.png", "label": "stain", "present": True},
            {"image": "1.png", "label": "crack", "present": False},
            {"image": "1.png", "label": "stain", "present": False},
        ]
    )
    annotations = SimulatedAnnotator(truth, **PERFECT).annotate(blank_images(2))
    assert_frame_equal(annotations[SAID], truth[SAID])


def test_a_clean_image_is_denied_once_for_every_class():
    truth = annotations_frame(
        [
            {"image": "0.png", "label": "stain", "present": True},
            {"image": "1.png", "label": "crack", "present": False},
        ]
    )
    annotations = SimulatedAnnotator(truth, **PERFECT).annotate(blank_images(2))
    of_clean = annotations[annotations["image"] == "1.png"]
    assert of_clean["label"].tolist() == ["crack", "stain"]
    assert not of_clean["present"].any()
    assert of_clean[BOX].isna().all(axis=None)


def test_what_is_said_about_an_image_does_not_depend_on_the_other_images_or_their_order():
    images, truth = strips("bubble", 20, defect_rate=0.6)
    annotator = SimulatedAnnotator(truth, jitter_pixels=4, miss_rate=0.3, false_rate=0.5)
    everything = annotator.annotate(images)
    some = [13, 2, 7, 19]
    expected = [everything[everything["image"] == images.ids[i]] for i in some]
    for position, said in zip(some, expected, strict=True):
        alone = annotator.annotate(images[[position]])
        assert_frame_equal(alone, said.reset_index(drop=True))
    in_other_order = annotator.annotate(images[some])
    assert in_other_order["image"].drop_duplicates().tolist() == [images.ids[i] for i in some]
    assert len(in_other_order) == sum(map(len, expected))


def test_same_seed_and_name_say_the_same_and_another_seed_or_name_says_something_else():
    images, truth = blank_images(30), one_box_each(30)

    def boxes(**settings):
        return SimulatedAnnotator(truth, **settings).annotate(images)[BOX].to_numpy()

    np.testing.assert_array_equal(boxes(), boxes())
    assert not np.array_equal(boxes(), boxes(random_state=1))
    assert not np.array_equal(boxes(), boxes(name="somebody else"))


def test_miss_rate_is_the_share_of_missed_defects_and_a_higher_one_only_misses_more():
    images, truth = blank_images(1500), one_box_each(1500)

    def noticed(miss_rate):
        said = SimulatedAnnotator(truth, jitter_pixels=0, miss_rate=miss_rate, false_rate=0).annotate(images)
        assert said["image"].tolist() == list(images.ids)
        return said["present"].to_numpy(dtype=bool)

    assert noticed(0.25).mean() == pytest.approx(0.75, abs=4 * np.sqrt(0.25 * 0.75 / 1500))
    assert not noticed(1).any()
    assert (noticed(0.25) >= noticed(0.5)).all()


def test_false_boxes_come_at_their_rate_in_any_place_with_the_size_of_a_true_one():
    truth = annotations_frame(
        [*one_box_each(1).to_dict("records"), *all_clean(1500).iloc[1:].to_dict("records")]
    )
    images = blank_images(1500)
    annotations = SimulatedAnnotator(truth, jitter_pixels=0, miss_rate=0, false_rate=0.4).annotate(images)
    false = annotations[annotations["present"] & (annotations["image"] != "0.png")]
    assert len(false) / 1499 == pytest.approx(0.4, abs=4 * np.sqrt(0.4 / 1499))
    assert set(false["width"]) == {10}
    assert set(false["height"]) == {12}
    assert false["x"].min() == 0
    assert false["x"].max() == 80
    assert false["y"].min() == 0
    assert false["y"].max() == 48
    assert false["x"].mean() == pytest.approx(40, abs=4)


def test_edges_move_by_whole_pixels_about_the_true_ones():
    annotations = SimulatedAnnotator(one_box_each(1500), jitter_pixels=2, miss_rate=0, false_rate=0).annotate(
        blank_images(1500)
    )
    first = annotations[["x", "y"]].to_numpy()
    edges = np.hstack([first, first + annotations[["width", "height"]].to_numpy()]) - (40, 20, 50, 32)
    assert (edges == np.round(edges)).all()
    np.testing.assert_allclose(edges.mean(axis=0), 0, atol=4 * 2 / np.sqrt(1500))
    np.testing.assert_allclose(edges.std(axis=0), 2, rtol=0.1)
    assert abs(np.corrcoef(edges.T)[np.triu_indices(4, 1)]).max() < 0.12


def test_boxes_stay_in_the_image_and_are_at_least_two_pixels_wide_and_high():
    truth = one_box_each(400, box=(0, 57, 2, 3))
    annotations = SimulatedAnnotator(truth, jitter_pixels=25, miss_rate=0, false_rate=1).annotate(
        blank_images(400)
    )
    assert (annotations[["x", "y"]] >= 0).all(axis=None)
    assert (annotations["x"] + annotations["width"] <= 90).all()
    assert (annotations["y"] + annotations["height"] <= 60).all()
    assert annotations[["width", "height"]].min().min() == 2


def test_false_boxes_of_large_defects_fit_into_small_images():
    truth = annotations_frame(
        [*one_box_each(1, box=(0, 0, 500, 400)).to_dict("records"), *all_clean(2)[1:].to_dict("records")]
    )
    annotator = SimulatedAnnotator(truth, jitter_pixels=0, miss_rate=0, false_rate=50)
    false = annotator.annotate(blank_images(2)[1:])
    assert false[BOX].drop_duplicates().to_numpy().tolist() == [[0, 0, 90, 60]]


def test_nothing_is_imagined_where_the_truth_shows_no_defect_to_take_as_a_model():
    annotations = SimulatedAnnotator(all_clean(20), false_rate=5).annotate(blank_images(20))
    assert not annotations["present"].any()


def test_the_truth_is_left_as_it_was():
    images, truth = strips("bubble", 10, defect_rate=0.5)
    before = truth.copy(deep=True)
    SimulatedAnnotator(truth, false_rate=2).annotate(images)
    assert_frame_equal(truth, before)


def test_no_images_give_no_annotations():
    assert SimulatedAnnotator(one_box_each(1)).annotate(blank_images(1)[:0]).empty


def test_an_image_the_truth_does_not_speak_of_is_refused_by_name():
    with pytest.raises(ValueError, match=r"image '2\.png' does not occur in the truth"):
        SimulatedAnnotator(one_box_each(2)).annotate(blank_images(3))


@pytest.mark.parametrize("wrong", [{"miss_rate": 1.5}, {"false_rate": -0.1}, {"jitter_pixels": -1}])
def test_rates_out_of_range_are_refused_by_name(wrong):
    with pytest.raises(ValueError, match=next(iter(wrong))):
        SimulatedAnnotator(one_box_each(1), **wrong).annotate(blank_images(1))
