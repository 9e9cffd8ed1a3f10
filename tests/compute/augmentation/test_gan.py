import copy
import pickle
from zipfile import ZipFile

import cv2
import numpy as np
import pandas as pd
import pytest
import torch
from sklearn.base import clone
from sklearn.exceptions import NotFittedError

from ig_widgets.compute.augmentation.gan import PatternGAN
from ig_widgets.compute.networks.archives import read_archive, write_archive
from ig_widgets.compute.networks.square_patches import as_squares, resize
from ig_widgets.data.images import ImageError, ImageSet
from ig_widgets.data.patterns import crop_patterns, pattern_rows

SIZES = [(10, 24), (20, 30), (12, 12), (8, 20)]
QUICK = {"epochs": 3, "side": 12, "noise": 5, "random_state": 0, "device": "cpu"}


def scratches(n=4, sizes=SIZES, channels=()):
    """Dark lines on noise, of these sizes in turn."""
    rng = np.random.default_rng(1)
    drawn = []
    for k in range(n):
        height, width = sizes[k % len(sizes)]
        pattern = rng.integers(150, 200, (height, width, *channels), dtype=np.uint8)
        pattern[height // 2 : height // 2 + 2] = 20 + 10 * k
        drawn.append(pattern)
    return drawn


def cropped():
    images = ImageSet.from_arrays(
        list(np.random.default_rng(0).integers(0, 256, (3, 40, 60), dtype=np.uint8))
    )
    boxes = pd.DataFrame({"image": ["0", "0", "2"], "label": ["crack", "stain", "crack"]})
    boxes[["x", "y", "width", "height"]] = [[3.0, 4, 20, 10], [0, 0, 30, 30], [9.5, 1, 12, 15]]
    return images, crop_patterns(images, boxes)


def same(one, other):
    return len(one) == len(other) and all(map(np.array_equal, one, other))


@pytest.mark.parametrize("loss", ["average", "pairwise"])
def test_samples_are_patterns_of_the_original_sizes(loss):
    samples = PatternGAN(**QUICK, loss=loss).fit(scratches()).sample(20)
    assert isinstance(samples, ImageSet)
    assert len(samples) == 20
    assert {sample.shape for sample in samples} == set(SIZES)
    assert all(sample.dtype == np.uint8 and sample.std() > 0 for sample in samples)


def test_the_side_is_the_mean_of_widths_and_heights_between_7_and_100():
    def side(*sizes, **settings):
        gan = PatternGAN(epochs=0, random_state=0, device="cpu", **settings)
        return gan.fit(scratches(len(sizes), sizes)).side_

    assert side((10, 24), (20, 30)) == 21
    assert side((200, 90), (80, 100)) == 100
    assert side((2, 3), (3, 2)) == 7
    assert side((200, 90), (80, 100), side=33) == 33


def test_samples_are_gray_unless_a_pattern_has_color():
    gray, color = scratches(3), scratches(2, channels=(3,))
    equal = [pattern[:, :, None].repeat(3, axis=2) for pattern in gray]
    for patterns, channels, shape in ((gray, 1, ()), (equal, 1, ()), (gray + color, 3, (3,))):
        gan = PatternGAN(**QUICK).fit(patterns)
        assert gan.channels_ == channels
        assert {sample.shape[2:] for sample in gan.sample(3)} == {shape}


def test_it_learns_what_the_patterns_look_like():
    patterns = scratches(10)
    settings = {**QUICK, "side": 16, "learning_rate": 1e-3}
    untrained = PatternGAN(**{**settings, "epochs": 0}).fit(patterns).sample(30)
    trained = PatternGAN(**{**settings, "epochs": 150}).fit(patterns).sample(30)
    assert untrained.provenance["magnitude"].median() < 0.3
    assert trained.provenance["magnitude"].median() > 0.7
    squares = as_squares(trained, 16)[:, 0].astype(float)
    assert squares[:, 8].mean() < 100 < squares[:, [2, 13]].mean()  # the line, and its surroundings


@pytest.mark.parametrize("threads", [1, 2])
@pytest.mark.parametrize("precision", ["float32", "bfloat16"])
def test_the_same_seed_gives_the_same_patterns_bit_for_bit(precision, threads):
    before = torch.get_num_threads()
    torch.set_num_threads(threads)
    try:
        # large enough that the work is shared between threads
        one, other = (
            PatternGAN(epochs=1, side=40, random_state=5, precision=precision, device="cpu").fit(scratches(7))
            for _ in range(2)
        )
        assert one.records_ == other.records_
        for a, b in zip(one.generator_.parameters(), other.generator_.parameters(), strict=True):
            assert torch.equal(a, b)
        assert same(one.sample(4, 1), other.sample(4, 1))
    finally:
        torch.set_num_threads(before)


def test_sampling_changes_nothing_in_the_networks():
    gan = PatternGAN(**QUICK).fit(scratches())
    before = copy.deepcopy(gan.generator_.state_dict())  # the statistics of the normalizations among it
    gan.sample(3)
    for name, value in gan.generator_.state_dict().items():
        assert torch.equal(value, before[name])


def test_another_seed_gives_other_patterns():
    one, other = (PatternGAN(**{**QUICK, "random_state": seed}).fit(scratches()) for seed in (0, 1))
    assert one.records_ != other.records_
    assert not same(one.sample(4, 1), other.sample(4, 1))


def test_a_sample_depends_on_the_seed_and_its_number_only():
    gan = PatternGAN(**QUICK).fit(scratches())
    five = gan.sample(5, random_state=3)
    assert same(five[:2], gan.sample(2, random_state=3))
    assert not same(five, gan.sample(5, random_state=4))
    assert same(gan.sample(3, np.random.RandomState(0)), gan.sample(3, np.random.RandomState(0)))
    assert five.ids[1] == "GAN/3-1"
    assert (five.provenance["seed"] == 3).all()


def test_without_a_seed_every_call_makes_others_and_a_second_fit_the_same_again():
    def drawn():
        gan = PatternGAN(**QUICK).fit(scratches())
        return gan.sample(2), gan.sample(2)

    first, second = drawn()
    assert not same(first, second)
    assert set(first.ids).isdisjoint(second.ids)
    assert all(map(same, drawn(), (first, second)))
    again = PatternGAN(**QUICK).fit(scratches()).sample(2, int(second.provenance["seed"][0]))
    assert same(again, second)


def test_what_others_draw_is_not_disturbed():
    torch.manual_seed(0)
    np.random.seed(0)  # noqa: NPY002
    before = torch.get_rng_state(), np.random.get_state()[1].copy()  # noqa: NPY002
    PatternGAN(**QUICK).fit(scratches()).sample(2)
    assert torch.equal(torch.get_rng_state(), before[0])
    np.testing.assert_array_equal(np.random.get_state()[1], before[1])  # noqa: NPY002


def test_the_caller_may_stop_after_any_epoch_and_has_what_so_many_epochs_give():
    gan = PatternGAN(**{**QUICK, "epochs": 50})
    for record in gan.training(scratches()):
        if record["epoch"] == 2:
            break
    whole = PatternGAN(**{**QUICK, "epochs": 2}).fit(scratches())
    assert gan.epoch_ == 2
    assert list(gan.records_[0]) == ["epoch", "d_loss", "g_loss"]
    assert gan.records_ == whole.records_
    assert same(gan.sample(3), whole.sample(3))


def test_going_on_in_memory_or_from_a_file_equals_not_having_stopped(tmp_path):
    patterns = scratches(7)
    whole = PatternGAN(**{**QUICK, "epochs": 5}).fit(patterns)
    gan = PatternGAN(**{**QUICK, "epochs": 2}).fit(patterns)
    gan.save(tmp_path / "gan.pt")
    for stopped in (gan, PatternGAN.load(tmp_path / "gan.pt", device="cpu")):
        stopped.epochs = 5
        assert [record["epoch"] for record in stopped.training()] == [3, 4, 5]
        assert stopped.records_ == whole.records_
        assert same(stopped.sample(3, 0), whole.sample(3, 0))
        assert list(stopped.training()) == []


def test_an_interrupted_step_does_not_keep_it_from_sampling_and_going_on():
    gan = PatternGAN(**QUICK)
    records = gan.training(scratches())
    next(records)

    passes = []

    def interrupt(*_):
        passes.append(None)
        if len(passes) == 2:  # the pass in which the discriminator stands still
            raise KeyboardInterrupt

    hook = gan.discriminator_.register_forward_hook(interrupt)
    with pytest.raises(KeyboardInterrupt):
        next(records)
    hook.remove()
    assert gan.epoch_ == 1
    assert len(gan.sample(2)) == 2
    assert [record["epoch"] for record in gan.training()] == [2, 3]


def test_a_saved_gan_is_the_same_when_it_is_loaded(tmp_path):
    _, patterns = cropped()
    settings = {**QUICK, "loss": "pairwise", "learning_rate": np.float64(3e-4), "random_state": np.int64(4)}
    gan = PatternGAN(**settings).fit(patterns)
    gan.save(tmp_path / "gan.pt")
    loaded = PatternGAN.load(str(tmp_path / "gan.pt"), device="cpu")
    assert loaded.get_params() == gan.get_params()
    assert (loaded.side_, loaded.channels_, loaded.seed_) == (gan.side_, gan.channels_, gan.seed_)
    assert (loaded.epoch_, loaded.records_) == (gan.epoch_, gan.records_)
    for seed in (None, 9):
        before, after = gan.sample(4, seed), loaded.sample(4, seed)
        assert same(before, after)
        assert before.ids == after.ids
        pd.testing.assert_frame_equal(before.provenance, after.provenance)


def test_saving_replaces_a_file_in_one_go_and_holds_no_code(tmp_path):
    path = tmp_path / "gan.pt"
    path.write_text("an earlier one")
    PatternGAN(**{**QUICK, "random_state": np.random.RandomState(0)}).fit(scratches()).save(path)
    assert [file.name for file in tmp_path.iterdir()] == ["gan.pt"]
    with ZipFile(path) as archive:
        assert all(name.endswith(".npy") for name in archive.namelist())
    assert read_archive(path)["settings"]["random_state"] is None
    PatternGAN.load(path, device="cpu")


class Evil:
    def __reduce__(self):
        return print, ("run by a file",)


def test_files_of_others_are_refused_and_nothing_in_them_is_run(tmp_path, capsys):
    good = tmp_path / "good"
    PatternGAN(**QUICK).fit(scratches()).save(good)
    changed = read_archive(good)
    changed["squares"] = changed["squares"][:, :, :-2, :-2]
    contents = {
        "empty": b"",
        "picture": b"\x89PNG\r\n\x1a\n" + bytes(100),
        "pickle": pickle.dumps(Evil()),
        "half": good.read_bytes()[: good.stat().st_size // 2],
    }
    for name, content in contents.items():
        (tmp_path / name).write_bytes(content)
    with ZipFile(tmp_path / "archive", "w") as archive:
        archive.writestr("a/data.pkl", pickle.dumps(Evil(), protocol=2))
        archive.writestr("a/version", "3")
    torch.save({"weights": torch.ones(3)}, tmp_path / "weights")
    torch.save([1, 2], tmp_path / "list")
    write_archive(tmp_path / "newer", {"format": "ig_widgets PatternGAN 3"})
    write_archive(tmp_path / "other side", changed)
    torch.save(Evil(), tmp_path / "evil")
    for name in (*contents, "archive", "weights", "list", "newer", "other side", "evil"):
        with pytest.raises(
            ValueError, match=f"{name}' was not written by PatternGAN.save of this version, or is"
        ):
            PatternGAN.load(tmp_path / name, device="cpu")
    assert capsys.readouterr().out == ""
    with pytest.raises(FileNotFoundError, match="nowhere"):
        PatternGAN.load(tmp_path / "nowhere", device="cpu")


def test_a_sample_comes_from_the_pattern_it_resembles_most():
    images, patterns = cropped()
    samples = PatternGAN(**QUICK).fit(patterns).sample(12, random_state=2)
    found, originals = samples.provenance, patterns.provenance
    assert found.columns.tolist() == originals.columns.tolist()
    assert (found["operation"] == "GAN").all()
    rows = [patterns.position(parent) for parent in found["parent"]]
    for column in ("image", "label", "x", "y", "width", "height"):
        assert found[column].tolist() == originals[column].iloc[rows].tolist()
    np.testing.assert_array_equal(pattern_rows(samples, images), pattern_rows(patterns, images)[rows])
    joined = patterns + samples
    pd.testing.assert_series_equal(joined.provenance.dtypes, originals.dtypes)


def test_the_nearest_pattern_is_the_one_of_the_highest_correlation():
    patterns = [resize(pattern, 12, 12) for pattern in scratches()]
    samples = PatternGAN(**QUICK).fit(patterns).sample(12, 2)  # which are the squares themselves
    for sample, parent, magnitude in zip(
        samples, samples.provenance["parent"], samples.provenance["magnitude"], strict=True
    ):
        alike = [np.corrcoef(sample.ravel(), pattern.ravel())[0, 1] for pattern in patterns]
        assert parent == str(np.argmax(alike))
        assert magnitude == pytest.approx(max(alike))


def test_patterns_from_nowhere_have_samples_whose_parents_only_are_known():
    found = PatternGAN(**QUICK).fit(scratches()).sample(5).provenance
    assert set(found["parent"]) <= {"0", "1", "2", "3"}
    assert found[["image", "label", "x", "y", "width", "height"]].isna().all(axis=None)


@pytest.mark.parametrize("n", [2, 3, 6, 11])
def test_any_number_of_patterns_from_two_is_enough(n):
    gan = PatternGAN(**QUICK).fit(scratches(n))
    assert np.isfinite([[record["d_loss"], record["g_loss"]] for record in gan.records_]).all()
    assert len(gan.sample(3)) == 3
    assert len(gan.sample(0)) == 0


def test_both_precisions_learn_nearly_the_same():
    one, other = (
        PatternGAN(**{**QUICK, "side": 30, "precision": precision}).fit(scratches())
        for precision in ("float32", "bfloat16")
    )
    assert one.records_ != other.records_
    for a, b in zip(one.records_, other.records_, strict=True):
        assert a["d_loss"] == pytest.approx(b["d_loss"], abs=0.02)
        assert a["g_loss"] == pytest.approx(b["g_loss"], abs=0.02)


def test_it_can_be_cloned_and_copied_and_keeps_its_settings_and_patterns_unchanged():
    patterns = scratches()
    kept = copy.deepcopy(patterns)
    gan = PatternGAN(**QUICK).fit(patterns)
    assert same(patterns, kept)
    assert gan.get_params() == PatternGAN(**QUICK).get_params()
    assert clone(gan).get_params() == gan.get_params()
    assert same(copy.deepcopy(gan).sample(2, 0), gan.sample(2, 0))


@pytest.mark.parametrize(
    ("settings", "sentence"),
    [
        ({"loss": "hinge"}, "loss is 'hinge'; give 'average' or 'pairwise'"),
        ({"epochs": -1}, "epochs is -1; give 0 or more"),
        ({"noise": 0}, "noise is 0; give 1 or more"),
        ({"batch_size": 1}, "batch_size is 1; give 2 or more"),
        ({"learning_rate": 0.0}, "learning_rate is 0.0; give a positive number"),
        ({"side": 6}, "side is 6; give 7 pixels or more"),
        ({"precision": "float16"}, "precision is 'float16'"),
    ],
)
def test_wrong_settings_are_named_before_training_begins(settings, sentence):
    with pytest.raises(ValueError, match=sentence):
        PatternGAN(**{**QUICK, **settings}).training(scratches())


def test_wrong_patterns_are_named(tmp_path):
    gan = PatternGAN(**QUICK)
    for few in ([], scratches(1)):
        with pytest.raises(ValueError, match=f"there are {len(few)}; give 2 or more"):
            gan.fit(few)
    with pytest.raises(ValueError, match="image '1' has dtype float64"):
        gan.fit([*scratches(1), np.ones((9, 9))])
    for k in range(2):
        cv2.imwrite(str(tmp_path / f"{k}.png"), scratches()[k])
    images = ImageSet.from_folder(tmp_path)
    (tmp_path / "1.png").unlink()
    with pytest.raises(ImageError, match=r"1\.png"):
        gan.fit(images)
    with pytest.raises(ValueError, match="n is -1"):
        gan.fit(scratches()).sample(-1)


def test_what_was_not_trained_says_so(tmp_path):
    gan = PatternGAN(**QUICK)
    for use in (lambda: gan.sample(1), gan.training, lambda: gan.save(tmp_path / "gan.pt")):
        with pytest.raises(NotFittedError):
            use()
