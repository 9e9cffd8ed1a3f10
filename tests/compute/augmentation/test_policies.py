import cv2
import numpy as np
import pandas as pd
import pytest
from sklearn.base import clone

from ig_widgets.compute.augmentation.operations import OPERATIONS, apply_operation
from ig_widgets.compute.augmentation.policies import PolicyAugmenter
from ig_widgets.compute.augmentation.policy_search import draw_splits, score_triples
from ig_widgets.compute.matching.matcher import PatternMatcher
from ig_widgets.data.annotations import annotations_frame
from ig_widgets.data.errors import UnreadableImageWarning
from ig_widgets.data.images import ImageSet
from ig_widgets.data.patterns import crop_patterns, pattern_rows

RNG = np.random.default_rng(0)


def bars(n=14, *, size=(40, 48)):
    """Images of noise, every other one with a dark bar, and the boxes of the bars."""
    arrays, rows = [], []
    for i in range(n):
        rng = np.random.default_rng(i)
        image = rng.normal(150, 12, size)
        if i % 2:
            x, y = rng.integers(3, 20, 2).tolist()
            image[y + 2 : y + 6, x + 2 : x + 14] -= 50
            rows.append(
                {
                    "image": f"{i}.png",
                    "label": "bar",
                    "x": x,
                    "y": y,
                    "width": 16 + i % 4,
                    "height": 8 + i % 3,
                }
            )
        arrays.append(np.clip(image, 0, 255).astype(np.uint8))
    images = ImageSet.from_arrays(arrays, ids=[f"{i}.png" for i in range(n)])
    return images, crop_patterns(images, annotations_frame(rows)), np.arange(n) % 2


@pytest.fixture(scope="module")
def drawn():
    return bars()


def contents(patterns):
    return {id_: pattern.tobytes() for id_, pattern in zip(patterns.ids, patterns, strict=True)}


def test_samples_are_named_after_their_pattern_and_know_where_they_come_from(drawn):
    images, patterns, _ = drawn
    augmenter = PolicyAugmenter(["ShearY", "Flip"], magnitudes=3, random_state=0)
    samples = augmenter.fit_transform(patterns)
    assert samples.ids[:5] == (
        *("1.png#0/ShearY-0", "1.png#0/ShearY-1", "1.png#0/ShearY-2", "1.png#0/Flip", "3.png#0/ShearY-0"),
    )
    assert len(samples) == 4 * len(patterns)
    provenance, crops = samples.provenance, patterns.provenance
    assert provenance.dtypes.equals(crops.dtypes)
    of_parent = ["image", "label", "x", "y", "width", "height"]
    assert provenance[of_parent].equals(
        crops[of_parent].loc[np.repeat(crops.index, 4)].reset_index(drop=True)
    )
    assert provenance["parent"].tolist() == list(np.repeat(patterns.ids, 4))
    assert provenance["operation"].tolist() == ["ShearY", "ShearY", "ShearY", "Flip"] * len(patterns)
    assert provenance["magnitude"].isna().tolist() == [False, False, False, True] * len(patterns)
    assert provenance["seed"].nunique() == len(samples)
    both = patterns + samples
    assert both.ids == patterns.ids + samples.ids
    assert (pattern_rows(both, images) == np.r_[range(1, 14, 2), np.repeat(range(1, 14, 2), 4)]).all()


def test_provenance_makes_each_sample_again(drawn):
    _, patterns, _ = drawn
    samples = PolicyAugmenter(list(OPERATIONS), magnitudes=2, fill="black", random_state=0).fit_transform(
        patterns
    )
    for pixels, row in zip(samples, samples.provenance.itertuples(), strict=True):
        parent = patterns[patterns.position(row.parent)]
        made = apply_operation(parent, row.operation, row.magnitude, fill="black", seed=row.seed)
        np.testing.assert_array_equal(made, pixels)


def test_the_samples_of_a_pattern_do_not_depend_on_others_or_on_their_order(drawn):
    _, patterns, _ = drawn
    everything = contents(PolicyAugmenter(["Rotate", "Cutout"], random_state=3).fit_transform(patterns))
    part = contents(PolicyAugmenter(["Cutout"], random_state=3).fit_transform(patterns[[4, 1]]))
    assert part.items() <= everything.items()
    assert len(part) >= 10
    fewer = contents(PolicyAugmenter(["Rotate"], magnitudes=4, random_state=3).fit_transform(patterns))
    assert fewer.items() <= everything.items()


def test_the_seed_decides(drawn):
    _, patterns, _ = drawn
    first, again, other = (PolicyAugmenter(random_state=seed).fit_transform(patterns) for seed in (0, 0, 1))
    assert contents(first) == contents(again)
    assert first.provenance.equals(again.provenance)
    assert not set(first.provenance["magnitude"]) & set(other.provenance["magnitude"])
    fitted = PolicyAugmenter(random_state=np.random.RandomState(0)).fit(patterns)
    assert contents(fitted.transform(patterns)) == contents(fitted.transform(patterns))
    before = np.random.get_state()  # noqa: NPY002
    PolicyAugmenter(random_state=0).fit_transform(patterns)
    after = np.random.get_state()  # noqa: NPY002
    np.testing.assert_array_equal(after[1], before[1])
    assert after[2:] == before[2:]


def test_magnitudes_are_uniform_in_their_range_for_every_pattern(drawn):
    _, patterns, _ = drawn
    samples = PolicyAugmenter(["Rotate"], magnitudes=200, random_state=0).fit_transform(patterns[:2])
    for _, magnitudes in samples.provenance.groupby("parent")["magnitude"]:
        expected = np.linspace(-30, 30, len(magnitudes))
        # the largest distance to uniform quantiles: 1.6 / sqrt(200) is exceeded once in a hundred
        assert np.abs(np.sort(magnitudes) - expected).max() < 60 * 1.6 / np.sqrt(200)


def test_the_place_of_cutout_does_not_follow_its_magnitude(drawn):
    _, patterns, _ = drawn
    augmenter = PolicyAugmenter(["Cutout"], magnitudes=60, random_state=0)
    samples = augmenter.fit_transform(patterns[:1])
    left = [np.nonzero(one != patterns[0])[1].min() for one in samples]
    assert abs(np.corrcoef(left, samples.provenance["magnitude"])[0, 1]) < 0.5


def test_useless_samples_are_dropped_and_counted():
    gray = RNG.integers(0, 256, (8, 20), dtype=np.uint8)
    line = np.full((4, 20), 90, np.uint8)
    line[0] = 200
    patterns = ImageSet.from_arrays(
        [gray, line, gray[:1], gray[:, :1]], ids=["gray", "line", "row", "column"]
    )
    augmenter = PolicyAugmenter(["TranslateY", "Color", "Flip", "Rotate"], magnitudes=20, random_state=0)
    samples = augmenter.fit_transform(patterns)
    dropped = augmenter.dropped_
    assert list(dropped) == ["parent", "operation", "magnitude", "reason"]
    assert len(samples) + len(dropped) == 4 * 61
    counts = dropped.value_counts(["parent", "operation", "reason"])
    assert counts["gray", "Color", "identical"] == 20
    assert counts["gray", "TranslateY", "identical"] >= 11  # to 8 other places at most, or none
    assert counts["line", "Flip", "identical"] == 1
    of_line = dropped[(dropped["parent"] == "line") & (dropped["operation"] == "TranslateY")]
    moved_out = (4 * of_line["magnitude"]).round() <= -1
    assert (of_line[moved_out]["reason"] == "flat").all()
    assert moved_out.sum() >= 5
    assert counts["line", "TranslateY", "flat"] >= 5
    assert counts["row", "Color", "too small"] == 20
    assert counts["column", "Flip", "too small"] == 1
    for pixels in samples:
        assert min(pixels.shape) >= 2
        assert pixels.std() > 0
    by_parent = {id_: set() for id_ in patterns.ids}
    for pixels, parent in zip(samples, samples.provenance["parent"], strict=True):
        assert (pixels.shape, pixels.tobytes()) not in by_parent[parent]
        by_parent[parent].add((pixels.shape, pixels.tobytes()))


def test_what_two_operations_make_alike_is_kept_once():
    full_range = RNG.integers(0, 256, (8, 20), dtype=np.uint8)
    full_range[0, :2] = 0, 255
    augmenter = PolicyAugmenter(["Flip", "AutoContrast", "Invert"])
    assert augmenter.fit_transform(ImageSet.from_arrays([full_range])).ids == ("0/Flip", "0/Invert")
    assert augmenter.dropped_["operation"].tolist() == ["AutoContrast"]


def test_composed_operations_are_applied_one_after_the_other(drawn):
    _, patterns, _ = drawn
    augmenter = PolicyAugmenter(["Flip", "Invert"], composed=True, random_state=0)
    samples = augmenter.fit_transform(patterns)
    assert samples.ids[:2] == ("1.png#0/Flip+Invert", "3.png#0/Flip+Invert")
    for pixels, pattern in zip(samples, patterns, strict=True):
        np.testing.assert_array_equal(pixels, 255 - pattern[:, ::-1])
    samples = PolicyAugmenter(["ResizeX", "ResizeY"], composed=True, random_state=0).fit_transform(
        patterns[:1]
    )
    assert samples.ids[0] == "1.png#0/ResizeX+ResizeY-0"
    assert samples.provenance["magnitude"].isna().all()
    assert len({pixels.shape[0] for pixels in samples}) > 1
    assert len({pixels.shape[1] for pixels in samples}) > 1


def test_color_stays_and_patterns_need_no_provenance():
    patterns = ImageSet.from_arrays([RNG.integers(0, 256, (9, 12, 3), dtype=np.uint8)], ids=["a"])
    samples = PolicyAugmenter(list(OPERATIONS), magnitudes=2).fit_transform(patterns)
    assert all(pixels.ndim == 3 for pixels in samples)
    assert (samples.provenance["parent"] == "a").all()
    assert samples.provenance[["image", "label", "x", "height"]].isna().all(axis=None)
    assert (patterns + samples).provenance["operation"].isna().tolist() == [True] + [False] * len(samples)


def test_no_patterns_have_no_samples():
    augmenter = PolicyAugmenter()
    assert len(augmenter.fit_transform(ImageSet.from_arrays([]))) == 0
    assert len(augmenter.dropped_) == 0


def lost(pattern, folder):
    """A set of one image whose file has gone."""
    file = folder / "lost.png"
    cv2.imwrite(str(file), pattern)
    images = ImageSet.from_files([file])
    file.unlink()
    return images


def test_a_pattern_that_cannot_be_read_has_no_samples(drawn, tmp_path):
    _, patterns, _ = drawn
    with pytest.warns(UnreadableImageWarning, match="'lost.png'"):
        samples = PolicyAugmenter(["Flip"]).fit_transform(lost(patterns[0], tmp_path) + patterns[1:3])
    assert samples.ids == ("3.png#0/Flip", "5.png#0/Flip")


# --- the search ---------------------------------------------------------------------------------------------

QUICK = {"operations": ["Flip", "ShearX", "Rotate", "Color", "ResizeX"], "magnitudes": 2, "random_state": 0}


def test_the_search_scores_combinations_on_the_features_of_all_samples(drawn):
    images, patterns, y = drawn
    augmenter = PolicyAugmenter(**QUICK, operation_search="triples", repeats=3).fit(patterns, images, y)
    unsearched = PolicyAugmenter(**QUICK).fit(patterns)
    everything = patterns + unsearched.transform(patterns)
    expected = score_triples(
        PatternMatcher(everything).fit_transform(images),
        y,
        everything.provenance["operation"].astype(object).where(lambda name: name.notna(), None).tolist(),
        pattern_rows(everything, images),
        candidates=["Flip", "ShearX", "Rotate", "ResizeX"],  # Color changes no gray pattern
        splits=draw_splits(y, y == 1, train_size=0.5, repeats=3, random_state=augmenter.seed_),
    )
    pd.testing.assert_frame_equal(augmenter.scores_, expected)
    best = expected[expected["rank"] == 1].iloc[0]
    assert augmenter.operations_ == (best["operation_1"], best["operation_2"], best["operation_3"])
    samples = augmenter.transform(patterns)
    assert set(samples.provenance["operation"]) == set(augmenter.operations_)
    assert contents(samples).items() <= contents(everything).items()


def test_the_search_does_not_depend_on_jobs_store_or_progress(drawn, tmp_path, capsys):
    images, patterns, y = drawn
    first = PolicyAugmenter(**QUICK, operation_search="triples", repeats=3).fit(patterns, images, y)
    assert not capsys.readouterr().err
    other = PolicyAugmenter(
        **QUICK, operation_search="triples", repeats=3, store=tmp_path, n_jobs=2, progress=True
    )
    assert other.fit(patterns, images, y).scores_.equals(first.scores_)
    assert "14/14" in capsys.readouterr().err
    assert other.fit(patterns, images, y).scores_.equals(first.scores_)


def test_the_search_takes_classes_by_name(drawn):
    images, patterns, y = drawn
    codes = y * (np.arange(len(y)) < 8)  # some bars are no defects, so that not all is right
    names = np.array(["bar", "ok"])[1 - codes]  # "bar" is the first class now, so F1 is about the other
    by_name, by_number = (
        PolicyAugmenter(**QUICK, operation_search="triples", repeats=2).fit(patterns, images, classes).scores_
        for classes in (names, codes)
    )
    assert by_name["rank"].tolist() == by_number["rank"].tolist()
    assert (by_name["f1"] < 1).all()


def test_a_search_refuses_patterns_of_other_images(drawn):
    images, patterns, y = drawn
    renamed = ImageSet.from_arrays(list(images), ids=[f"other {k}" for k in range(len(images))])
    with pytest.raises(ValueError, match="was cut from is not among the images"):
        PolicyAugmenter(**QUICK, operation_search="triples", repeats=2).fit(patterns, renamed, y)


@pytest.mark.parametrize("given", [(), ("images",)])
def test_a_search_without_images_and_classes_says_what_it_needs(drawn, given):
    images, patterns, _ = drawn
    with pytest.raises(ValueError, match=r"call fit\(patterns, images, y\)"):
        PolicyAugmenter(operation_search="triples").fit(patterns, *[images for _ in given])


def test_a_search_with_too_little_says_so(drawn):
    images, patterns, y = drawn
    with pytest.raises(
        ValueError, match=r"y has shape \(13,\), but there are 14 images; give one class for each"
    ):
        PolicyAugmenter(operation_search="triples").fit(patterns, images, y[1:])
    with pytest.raises(ValueError, match="class '1' has 2 images with patterns, but the search needs 3"):
        PolicyAugmenter(operation_search="triples").fit(patterns[:2], images, y)
    with pytest.raises(ValueError, match=r"only 2 of the operations \(Flip, Rotate\) change these patterns"):
        PolicyAugmenter(["Flip", "Rotate", "Color"], operation_search="triples").fit(patterns, images, y)


def test_an_image_that_cannot_be_read_is_left_out_of_the_search(drawn, tmp_path):
    images, patterns, y = drawn
    clean = int(np.flatnonzero(y == 0)[0])
    others = np.delete(np.arange(len(images)), clean)
    broken = lost(images[0], tmp_path) + images[others]
    augmenter = PolicyAugmenter(**QUICK, operation_search="triples")
    with pytest.warns(UnreadableImageWarning):
        found = augmenter.fit(patterns, broken, np.r_[0, y[others]]).scores_
    pd.testing.assert_frame_equal(found, augmenter.fit(patterns, images[others], y[others]).scores_)


@pytest.mark.parametrize(
    ("settings", "sentence"),
    [
        ({"operations": ["Flip", "Turn"]}, "give a list of some of these, each once: ShearX"),
        ({"operations": ["Flip", "Flip"]}, "each once"),
        ({"operations": []}, r"operations is \[\]"),
        ({"operations": "Flip"}, "operations is 'Flip'; give a list"),
        ({"magnitudes": 0}, "magnitudes is 0; give 1 or more"),
        ({"operation_search": "pairs"}, "operation_search is 'pairs'; give None or 'triples'"),
        ({"operation_search": "triples", "composed": True}, "give operation_search or composed, not both"),
        ({"fill": "white"}, "fill is 'white'; choose one of border, black"),
    ],
)
def test_a_setting_out_of_range_is_named_by_fit(drawn, settings, sentence):
    augmenter = PolicyAugmenter(**settings)
    with pytest.raises(ValueError, match=sentence):
        augmenter.fit(drawn[1])


def test_it_is_an_estimator_that_fit_alone_changes(drawn):
    augmenter = PolicyAugmenter(["Flip"], magnitudes=3, random_state=5)
    assert clone(augmenter).get_params() == augmenter.get_params()
    with pytest.raises(AttributeError, match="not fitted"):
        augmenter.transform(drawn[1])
    fitted = augmenter.fit(drawn[1])
    augmenter.set_params(operations=["Invert"])
    assert fitted.transform(drawn[1]).ids[0] == "1.png#0/Flip"
