import numpy as np
import pytest
from sklearn.base import clone

from ig_widgets.compute.orders.nearest import nearest
from ig_widgets.compute.words.packing import unpack_words
from ig_widgets.compute.words.vqvae import VQVAEWords

SMALL = {"n_words": 16, "channels": 8, "size": (32, 32), "epochs": 6, "batch_size": 8, "device": "cpu"}


def images_of(n=40):
    """Stripes across, stripes along, spots and nothing, in turn."""
    rng = np.random.default_rng(0)
    images = rng.integers(90, 110, (n, 32, 32), dtype=np.uint8)
    images[0::4, ::4] = 255
    images[1::4, :, ::4] = 255
    images[2::4, ::8, ::8] = 255
    return images


def test_images_of_one_kind_have_the_same_words():
    found = VQVAEWords(**{**SMALL, "epochs": 80}, random_state=0).fit(images_of())
    X = found.transform(images_of())
    kinds = np.arange(40) % 4
    others = nearest(X, 3)
    assert (kinds[others] == kinds[:, None]).mean() > 0.9  # by chance 0.23


def test_training_draws_images_better_and_tells_so():
    records = list(VQVAEWords(**SMALL, random_state=0).training(images_of()))
    assert [record["epoch"] for record in records] == [1, 2, 3, 4, 5, 6]
    assert records[-1]["error"] < records[0]["error"]
    assert 1 <= records[-1]["words"] <= 16


def test_a_seed_is_a_codebook_and_words_are_bits():
    found = VQVAEWords(**SMALL, random_state=0).fit(images_of())
    X = unpack_words(found.transform(images_of()), 16)
    assert X.any(axis=1).all()
    assert X.sum(axis=1).max() <= 16
    assert found.words_.shape == (16, 8)
    assert np.array_equal(clone(found).fit(images_of()).words_, found.words_)


def test_an_image_that_cannot_be_read_has_no_words():
    images = [*images_of(8), np.empty((0, 0), np.uint8)]
    X = VQVAEWords(**{**SMALL, "epochs": 1}, random_state=0).fit_transform(images)
    assert not X[8].any()
    assert X[:8].any(axis=1).all()


@pytest.mark.parametrize(
    ("settings", "sentence"),
    [
        ({"n_words": 1}, "give 2 words or more"),
        ({"size": (30, 32)}, "give multiples of 8 pixels"),
        ({"images": [np.empty((0, 0), np.uint8)]}, "none of the 1 images can be read"),
    ],
)
def test_bad_arguments_are_named(settings, sentence):
    images = settings.pop("images", images_of(4))
    with pytest.raises(ValueError, match=sentence):
        VQVAEWords(**{**SMALL, **settings}).fit(images)
