import numpy as np
import pandas as pd
import pytest

from ig_widgets.compute.augmentation.gan import PatternGAN
from ig_widgets.compute.augmentation.per_class import draw_per_class, generate_per_class
from ig_widgets.data.images import ImageSet
from ig_widgets.data.patterns import crop_patterns


def patterns_of(counts):
    """So many patterns of 12 x 10 pixels by class, all of one image."""
    labels = [label for label, count in counts.items() for _ in range(count)]
    image = np.random.default_rng(0).integers(0, 255, (100, 200)).astype(np.uint8)
    boxes = pd.DataFrame({"label": labels}).assign(image="0", y=10, width=12, height=10)
    boxes["x"] = 5 * np.arange(len(labels))
    return crop_patterns(ImageSet.from_arrays([image]), boxes)


@pytest.mark.parametrize(
    ("counts", "n", "expected"),
    [
        ({"a": 10, "b": 20}, 12, {"a": 6, "b": 6}),
        ({"a": 10, "b": 20}, 13, {"a": 6, "b": 6}),
        ({"a": 3, "b": 20}, 12, {"a": 3, "b": 6}),
        ({"a": 10}, 100, {"a": 10}),
        ({"a": 10, "b": 1}, 0, {}),
        ({"a": 10, "b": 1}, 1, {}),
    ],
)
def test_each_class_gets_its_share_or_all_it_has(counts, n, expected):
    patterns = patterns_of(counts)
    drawn = draw_per_class(patterns, n, random_state=1)
    assert drawn.provenance["label"].value_counts().to_dict() == expected
    positions = [patterns.ids.index(name) for name in drawn.ids]
    assert positions == sorted(positions)


def test_the_share_is_drawn_by_the_seed():
    patterns = patterns_of({"a": 30})
    first, again, other = (list(draw_per_class(patterns, 8, seed).ids) for seed in (0, 0, 1))
    assert first == again != other


def test_patterns_without_provenance_are_of_one_class():
    patterns = ImageSet.from_arrays([np.full((6, 8), value, np.uint8) for value in range(6)])
    assert len(draw_per_class(patterns, 2)) == 2
    assert len(generate_per_class(patterns, 3, gan=PatternGAN(epochs=1))) == 3


def test_no_patterns_have_no_share():
    patterns = patterns_of({"a": 2})[:0]
    assert len(draw_per_class(patterns, 5)) == 0


def test_a_gan_for_each_class_makes_its_share():
    patterns = patterns_of({"a": 4, "b": 3, "single": 1})
    watched = []

    def watch(records, name):
        watched.append(name)
        return records

    made = generate_per_class(patterns, 7, gan=PatternGAN(epochs=1), watch=watch)
    assert made.provenance["label"].value_counts().to_dict() == {"a": 2, "b": 2}
    assert watched == ["a", "b"]


def test_where_no_class_gets_a_pattern_no_gan_is_trained():
    watched = []
    made = generate_per_class(patterns_of({"a": 4, "b": 3}), 1, watch=lambda *given: watched.append(given))
    assert len(made) == len(watched) == 0
