import copy
import gc
import operator
import os
import pickle
import subprocess
import sys
import threading
import time
import weakref

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from ig_widgets.data.digests import array_digest
from ig_widgets.data.errors import ImageError, UnreadableImageWarning
from ig_widgets.data.images import ImageSet
from ig_widgets.data.prefetch import WINDOW


def noise(*shape, seed=0):
    return np.random.default_rng(seed).integers(0, 256, shape, np.uint8)


def write(folder, names):
    for seed, name in enumerate(names):
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(noise(6, 8, seed=seed)).save(path)
    return folder


def some(n=5):
    return ImageSet.from_arrays([noise(4, 5 + i, seed=i) for i in range(n)], ids=[f"i{i}" for i in range(n)])


def damage(path):
    data = bytearray(path.read_bytes())
    start = data.find(b"IDAT") + 6
    data[start : start + 30] = bytes(30)
    path.write_bytes(data)


class Watched(np.ndarray):
    """An array that owns its pixels and can be referred to weakly: it lives as long as any view of them."""


class Sampled:
    """A lazy sequence that counts and, for the memory test, watches its arrays."""

    def __init__(self, n, shape=(4, 5)):
        self.n = n
        self.shape = shape
        self.asked = []
        self.alive = weakref.WeakValueDictionary()
        self.most_alive = 0

    def __len__(self):
        return self.n

    def __getitem__(self, i):
        array = Watched(self.shape, np.uint8)
        array[...] = i % 256
        self.asked.append(i)
        self.alive[i] = array
        self.most_alive = max(self.most_alive, len(self.alive))
        return array


# folders


def test_a_folder_is_listed_by_relative_path_in_character_order(tmp_path):
    write(tmp_path, ["b.png", "B.JPG", "a/2.png", "a/10.Tiff", "a.bmp", "ä é.webp"])
    (tmp_path / "notes.txt").write_text("no image")
    images = ImageSet.from_folder(tmp_path)
    assert images.ids == ("B.JPG", "a.bmp", "a/10.Tiff", "a/2.png", "b.png", "ä é.webp")
    assert images.problems.empty
    assert list(images.problems.columns) == ["image", "reason"]
    assert images.path(3) == tmp_path / "a" / "2.png"
    np.testing.assert_array_equal(images[images.position("b.png")], noise(6, 8, seed=0))


def test_hidden_files_and_folders_are_skipped(tmp_path):
    write(tmp_path, ["a.png", ".ipynb_checkpoints/a-checkpoint.png", "._a.png", "b/.c/d.png"])
    assert ImageSet.from_folder(tmp_path).ids == ("a.png",)


def test_links_are_followed_but_loops_end(tmp_path):
    elsewhere = write(tmp_path / "elsewhere", ["x.png"])
    folder = write(tmp_path / "folder", ["a.png", "sub/b.png"])
    (folder / "loop").symlink_to(folder)
    (folder / "sub" / "up").symlink_to("..")
    (folder / "set").symlink_to(elsewhere)
    (folder / "link.png").symlink_to(folder / "a.png")
    assert ImageSet.from_folder(folder).ids == ("a.png", "link.png", "set/x.png", "sub/b.png")


def test_a_folder_survives_a_change_of_the_working_folder(tmp_path, monkeypatch):
    write(tmp_path / "data", ["a.png"])
    monkeypatch.chdir(tmp_path)
    images = ImageSet.from_folder("data")
    files = ImageSet.from_files(["data/a.png"])
    monkeypatch.chdir("data")
    np.testing.assert_array_equal(images[0], files[0])


def test_a_missing_or_imageless_folder_is_named(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"folder '.*nowhere' does not exist"):
        ImageSet.from_folder(tmp_path / "nowhere")
    with pytest.raises(ValueError, match=r"contains no images; .* ends in \.jpg, \.jpeg, \.png"):
        ImageSet.from_folder(tmp_path)
    path = tmp_path / "a.txt"
    path.touch()
    with pytest.raises(NotADirectoryError, match="from_files"):
        ImageSet.from_folder(path)


def test_bad_files_are_left_out_warned_about_once_and_explained(tmp_path):
    write(tmp_path, ["good.png", "cut.jpg", "cut.png", "cut.bmp", "cut.tif", "cut.webp"])
    for cut in tmp_path.glob("cut.*"):
        cut.write_bytes(cut.read_bytes()[: cut.stat().st_size // 2])
    (tmp_path / "empty.png").touch()
    (tmp_path / "text.png").write_text("this is no image")
    (tmp_path / "dead.png").symlink_to("nowhere.png")
    (tmp_path / "folder.png").mkdir()
    with pytest.warns(UnreadableImageWarning, match="8 of 9 images cannot be read") as caught:
        images = ImageSet.from_folder(tmp_path)
    ours = [warning for warning in caught if warning.category is UnreadableImageWarning]
    assert [warning.filename for warning in ours] == [__file__]
    assert images.ids == ("good.png",)
    reasons = images.problems.set_index("image")["reason"]
    for ending in ("jpg", "png", "bmp", "tif", "webp"):
        assert "truncated" in reasons[f"cut.{ending}"]
    assert reasons["empty.png"] == "the file is empty (0 bytes); copy it again or remove it"
    assert reasons["text.png"].startswith("it is not an image")
    assert "no such file" in reasons["dead.png"]
    assert "problems" in repr(images)


def test_max_pixels_and_levels_reach_the_files(tmp_path):
    write(tmp_path, ["a.png"])
    with pytest.warns(UnreadableImageWarning, match="8 x 6 pixels, more than max_pixels = 47"):
        assert len(ImageSet.from_folder(tmp_path, max_pixels=47)) == 0
    assert len(ImageSet.from_folder(tmp_path, max_pixels=48)) == 1
    Image.fromarray(np.full((2, 2), 4095, np.uint16)).save(tmp_path / "deep.png")
    assert ImageSet.from_folder(tmp_path, levels=(0, 4095))[1].max() == 255
    assert ImageSet.from_files([tmp_path / "deep.png"])[0].max() == 16
    for levels in ((5, 5), (0, 70000), (-1, 4)):
        with pytest.raises(ValueError, match="low < high"):
            ImageSet.from_folder(tmp_path, levels=levels)
    with pytest.raises(ValueError, match="max_pixels is 0"):
        ImageSet.from_folder(tmp_path, max_pixels=0)


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux file names hold any bytes")
def test_a_name_that_is_not_unicode_is_a_problem(tmp_path):
    write(tmp_path, ["a.png"])
    name = os.fsdecode(b"\xe4.png")
    (tmp_path / "a.png").rename(tmp_path / name)
    with pytest.warns(UnreadableImageWarning, match="not valid Unicode"):
        images = ImageSet.from_folder(tmp_path)
    assert images.problems["image"].tolist() == ["\\xe4.png"]


def test_files_and_folders_without_permission_are_problems(tmp_path):
    write(tmp_path, ["a.png", "shut.png", "closed/b.png"])
    (tmp_path / "shut.png").chmod(0)
    (tmp_path / "closed").chmod(0)
    for folder in (tmp_path, *list(tmp_path.parents)[:3]):
        folder.chmod(folder.stat().st_mode | 0o055)
    # root may read everything: ask as somebody else, with all modules loaded while still root
    code = (
        "import os, sys, warnings, PIL.PngImagePlugin\n"
        "from ig_widgets.data.images import ImageSet\n"
        "warnings.simplefilter('ignore')\n"
        "if os.geteuid() == 0: os.setgroups([]); os.setgid(65534); os.setuid(65534)\n"
        "images = ImageSet.from_folder(sys.argv[1])\n"
        "print(images.ids, *images.problems.to_numpy().tolist(), sep='\\n')\n"
    )
    answer = subprocess.run(
        [sys.executable, "-c", code, tmp_path], capture_output=True, text=True, check=True, timeout=60
    )
    (tmp_path / "closed").chmod(0o755)
    ids, closed, shut = answer.stdout.splitlines()
    assert ids == "('a.png',)"
    assert closed.startswith("['closed', 'the folder cannot be listed (Permission denied)")
    assert shut.startswith("['shut.png', 'you have no permission to read it")


# files


def test_files_keep_their_order_and_get_ids_below_their_common_folder(tmp_path):
    write(tmp_path, ["x/b.png", "x/y/a.png"])
    paths = [tmp_path / "x" / "y" / "a.png", tmp_path / "x" / "b.png"]
    assert ImageSet.from_files(paths).ids == ("y/a.png", "b.png")
    assert ImageSet.from_files(map(str, paths[:1])).ids == ("a.png",)
    assert ImageSet.from_files(paths, ids=["one", "two"]).ids == ("one", "two")
    assert ImageSet.from_files([]).ids == ()
    with pytest.raises(ValueError, match=r"'a\.png' occurs more than once"):
        ImageSet.from_files([paths[0], paths[0]])
    with pytest.raises(ValueError, match="1 ids for 2 images"):
        ImageSet.from_files(paths, ids=["one"])
    with pytest.raises(TypeError, match="give a list of paths"):
        ImageSet.from_files(str(paths[0]))


def test_files_are_known_by_their_content(tmp_path):
    write(tmp_path, ["a.png"])
    (tmp_path / "a.png").rename(tmp_path / "a.data")
    assert len(ImageSet.from_files([tmp_path / "a.data"])) == 1


# arrays


def test_arrays_are_handed_out_unchanged_and_read_only():
    arrays = [noise(4, 5), noise(4, 5, 3), noise(8, 8)[::2, ::2]]
    images = ImageSet.from_arrays(arrays)
    assert images.ids == ("0", "1", "2")
    for array, image, again in zip(arrays, images, (images[i] for i in range(3)), strict=True):
        np.testing.assert_array_equal(array, image)
        np.testing.assert_array_equal(array, again)
        assert image.flags.c_contiguous
        with pytest.raises(ValueError, match="read-only"):
            image[0] = 0
        assert array.flags.writeable
    assert images.path(0) is None


def test_a_stack_of_images_is_a_set():
    images = ImageSet.from_arrays(noise(3, 4, 5, 3))
    assert [image.shape for image in images] == [(4, 5, 3)] * 3


@pytest.mark.parametrize(
    ("array", "words"),
    [
        (np.zeros((4, 4)), r"dtype float64; scale it to 0\.\.255"),
        (np.zeros((4, 4), bool), "dtype bool"),
        (np.zeros(4, np.uint8), r"shape \(4,\)"),
        (np.zeros((4, 4, 4), np.uint8), r"shape \(4, 4, 4\)"),
        (np.zeros((0, 4), np.uint8), "no pixels"),
    ],
)
def test_arrays_that_are_no_images_are_refused_by_name(array, words):
    with pytest.raises(ValueError, match=f"image 'bad'.*{words}"):
        ImageSet.from_arrays([noise(2, 2), array], ids=["good", "bad"])


def test_a_lazy_sequence_is_asked_only_for_what_is_needed():
    lazy = Sampled(1000)
    images = ImageSet.from_arrays(lazy)
    part = images[10:500:100]
    assert lazy.asked == []
    assert [image[0, 0] for image in part] == [10, 110, 210 % 256, 310 % 256, 410 % 256]
    assert sorted(lazy.asked) == [10, 110, 210, 310, 410]


def test_a_lazy_sequence_is_checked_on_access():
    images = ImageSet.from_arrays(Sampled(2))
    assert images[1].max() == 1
    lazy = pd.Series([np.zeros((2, 2))])  # any sequence that is not a list or tuple
    with pytest.raises(ValueError, match="dtype float64"):
        ImageSet.from_arrays(lazy)[0]


def test_ids_are_unique_strings_one_each():
    for ids, words in ((["a"], "1 ids for 2"), (["a", "a"], "'a' occurs more than once")):
        with pytest.raises(ValueError, match=words):
            ImageSet.from_arrays(noise(2, 3, 3), ids=ids)
    with pytest.raises(TypeError, match="not a string"):
        ImageSet.from_arrays(noise(2, 3, 3), ids=[1, 2])


# indexing


@pytest.mark.parametrize("position", [0, 4, -1, -5, np.int64(2), np.uint8(3)])
def test_an_integer_gives_an_image(position):
    np.testing.assert_array_equal(some()[position], list(some())[position])


@pytest.mark.parametrize(
    "key",
    [
        slice(1, 4),
        slice(None, None, -2),
        slice(7, 9),
        [],
        [3, 0],
        [-1, 1],
        np.array([4, 2, 0], np.uint16),
        np.array([True, False, True, False, True]),
        [True, False, False, False, False],
        pd.Series([2, 1], index=[9, 8]),
        pd.Index([1, 4]),
        pd.Series([True, True, False, False, True], dtype="boolean"),
        pd.Series([4, 0], dtype="Int64"),
    ],
)
def test_slices_positions_and_masks_give_the_set_that_numpy_would(key):
    images = some()
    expected = np.arange(5)[key if isinstance(key, slice) else np.array(list(key), None if len(key) else int)]
    part = images[key]
    assert part.ids == tuple(f"i{i}" for i in expected)
    for image, i in zip(part, expected, strict=True):
        np.testing.assert_array_equal(image, images[int(i)])
    assert [part.position(id_) for id_ in part.ids] == list(range(len(part)))


@pytest.mark.parametrize(
    ("key", "error", "words"),
    [
        (5, IndexError, "position 5 is out of range for a set of 5"),
        (-6, IndexError, "position -6 is out of range"),
        ([0, 5], IndexError, "position 5 is out of range"),
        ([-6], IndexError, "position -6 is out of range"),
        ([1, 2, 1], ValueError, "position 1 occurs more than once"),
        ([0, -5], ValueError, "position 0 occurs more than once"),
        ([True, False], IndexError, "mask has 2 entries for 5 images"),
        ([[0, 1]], IndexError, "one-dimensional"),
        ([0.0, 1.0], TypeError, "integer positions"),
        (pd.Series([True, None, True, True, True], dtype="boolean"), TypeError, "without missing values"),
        ("i0", TypeError, r"images\.position\(id\)"),
        ((0, 1), TypeError, "give a position"),
        (True, TypeError, "give a position"),
        (np.True_, TypeError, "give a position"),
        (None, TypeError, "integer"),
        (1.0, TypeError, "integer"),
    ],
)
def test_other_indices_are_refused_with_a_sentence(key, error, words):
    with pytest.raises(error, match=words):
        some()[key]


def test_an_unknown_id_is_named():
    with pytest.raises(KeyError, match="image 'nobody' is not in the set of 5 images"):
        some().position("nobody")


# adding, copying


def test_adding_keeps_order_and_renames_ids_that_are_taken():
    first = ImageSet.from_arrays(noise(3, 2, 2), ids=["a", "b", "b~2"])
    second = ImageSet.from_arrays(noise(3, 2, 2, seed=1), ids=["b", "c", "a~2"])
    both = first + second
    assert both.ids == ("a", "b", "b~2", "b~3", "c", "a~2")
    assert (both + first).ids[6:] == ("a~3", "b~4", "b~2~2")
    np.testing.assert_array_equal(np.stack(list(both)), np.stack([*first, *second]))
    assert first.ids == ("a", "b", "b~2")
    with pytest.raises(TypeError):
        operator.add(first, [noise(2, 2)])


def test_the_same_images_get_other_provenance():
    images = ImageSet.from_arrays(noise(3, 2, 2), ids=["a", "b", "c"])
    named = images.with_provenance(pd.DataFrame({"label": ["x", "y", "z"]}, index=[7, 8, 9]))
    assert named.ids == images.ids
    assert named[1:].provenance["label"].tolist() == ["y", "z"]
    assert images.provenance is None
    np.testing.assert_array_equal(named[2], images[2])
    with pytest.raises(ValueError, match="provenance has 2 rows for 3 images"):
        images.with_provenance(pd.DataFrame({"label": ["x", "y"]}))


def test_provenance_follows_the_images():
    origin = pd.DataFrame(
        {"image": ["p", "q", "r"], "x": [1.0, 2.0, 3.0], "parent": [None] * 3}, index=[7, 8, 9]
    )
    patterns = ImageSet.from_arrays(noise(3, 2, 2), provenance=origin)
    assert patterns.provenance.index.tolist() == [0, 1, 2]
    assert patterns[[2, 0]].provenance["image"].tolist() == ["r", "p"]
    assert patterns[[2, 0]].provenance.index.tolist() == [0, 1]
    both = patterns + patterns[1:]
    assert both.provenance["x"].tolist() == [1, 2, 3, 2, 3]
    handed_out = patterns.provenance
    handed_out.loc[0, "image"] = "changed"
    assert patterns.provenance["image"][0] == "p"
    plain = some(2)
    assert plain.provenance is None
    assert (plain + plain).provenance is None
    assert (plain + patterns).provenance["image"].tolist()[2:] == ["p", "q", "r"]
    assert (plain + patterns).provenance["x"].isna().tolist() == [True, True, False, False, False]
    assert (patterns + plain).provenance["x"].isna().tolist() == [False, False, False, True, True]
    with pytest.raises(ValueError, match="2 rows for 3 images"):
        ImageSet.from_arrays(noise(3, 2, 2), provenance=origin[:2])


def test_copies_are_the_set_itself():
    images = some()
    assert copy.copy(images) is images
    assert copy.deepcopy({"patterns": images})["patterns"] is images


def test_a_set_can_be_sent_to_another_process(tmp_path):
    images = ImageSet.from_folder(write(tmp_path, ["a.png", "b.png"])) + some(2)
    sent = pickle.loads(pickle.dumps(images))  # noqa: S301  # joblib's processes do this; nothing is stored
    assert sent.ids == images.ids
    for there, here in zip(sent, images, strict=True):
        np.testing.assert_array_equal(there, here)


def test_repr_names_the_first_and_the_last():
    assert repr(some(2)) == "ImageSet(2 images: 'i0', 'i1')"
    assert repr(some(9)) == "ImageSet(9 images: 'i0', …, 'i8')"


# digests


def test_a_file_is_its_bytes_and_its_levels_whatever_it_is_called(tmp_path):
    write(tmp_path, ["a.png", "b.png"])
    (tmp_path / "sub").mkdir()
    (tmp_path / "sub" / "c.tif").write_bytes((tmp_path / "a.png").read_bytes())
    images = ImageSet.from_folder(tmp_path)
    a, b, c = (images.digest(i) for i in range(3))
    assert len(a) == 16
    assert a == c != b
    assert images[1:].digest(-1) == c
    deep, half = (ImageSet.from_folder(tmp_path, levels=(0, high)) for high in (65535, 4095))
    assert deep.digest(0) == a != half.digest(0)
    content = (tmp_path / "a.png").read_bytes()
    (tmp_path / "a.png").write_bytes(content + b"\0")
    assert images.digest(0) != a
    assert ImageSet.from_files([tmp_path / "sub" / "c.tif"], max_pixels=99).digest(0) == a


def test_an_array_is_its_pixels_held_or_made():
    arrays = [noise(4, 6), noise(4, 6, seed=1), noise(6, 4), noise(4, 6)]
    images = ImageSet.from_arrays(arrays, ids=["a", "b", "c", "d"])
    found = [images.digest(i) for i in range(4)]
    assert found == [array_digest(array) for array in arrays]
    assert found[0] == found[3]
    assert len(set(found)) == 3
    made = ImageSet.from_arrays(pd.Series(arrays))
    assert [made.digest(i) for i in range(4)] == found


def test_a_digest_decodes_nothing(tmp_path):
    images = ImageSet.from_folder(write(tmp_path, ["a.png"]))
    before = images.digest(0)
    damage(tmp_path / "a.png")
    assert images.digest(0) != before
    assert images.problems.empty


def test_a_file_that_cannot_be_read_has_no_digest(tmp_path):
    images = ImageSet.from_folder(write(tmp_path, ["a.png", "b.png"]))
    (tmp_path / "a.png").unlink()
    (tmp_path / "b.png").unlink()
    (tmp_path / "b.png").mkdir()
    with pytest.raises(ImageError, match=r"a\.png': there is no such file"):
        images.digest(0)
    with pytest.raises(ImageError, match=r"b\.png': it is not a file"):
        images.digest(1)
    assert images.problems.empty  # so that the next pass still warns
    with pytest.raises(IndexError, match="position 2 is out of range for a set of 2"):
        images.digest(2)


# reading ahead


def test_one_pass_reads_every_image_once_and_in_order():
    lazy = Sampled(200)
    seen = [int(image[0, 0]) for image in ImageSet.from_arrays(lazy)]
    assert seen == list(range(200))
    assert sorted(lazy.asked) == list(range(200))


def test_a_pass_never_holds_more_than_its_window():
    lazy = Sampled(100)
    for image in ImageSet.from_arrays(lazy):
        assert image.size
        time.sleep(0.002)  # time for the threads to run ahead, if they could
    del image
    gc.collect()
    assert 2 <= lazy.most_alive <= WINDOW + 3  # the window, and the image that changes hands
    assert not lazy.alive


def test_stopping_early_ends_the_threads():
    def ours():
        return [t for t in threading.enumerate() if t.name.startswith("ig_widgets-images")]

    lazy = Sampled(10_000)
    for i, _ in enumerate(ImageSet.from_arrays(lazy)):
        if i == 20:
            assert ours()
            break
    assert not ours()
    assert len(lazy.asked) <= 21 + WINDOW


def test_an_error_of_a_lazy_sequence_is_not_hidden():
    class Broken(Sampled):
        def __getitem__(self, i):
            if i == 3:
                raise ZeroDivisionError
            return super().__getitem__(i)

    with pytest.raises(ZeroDivisionError):
        list(ImageSet.from_arrays(Broken(8)))


# images that turn out to be unreadable


def test_an_unreadable_image_is_an_empty_array_in_a_pass_and_an_error_alone(tmp_path):
    images = ImageSet.from_folder(write(tmp_path, ["a.png", "b.png", "c.png"]))
    damage(tmp_path / "b.png")
    (tmp_path / "c.png").unlink()
    part = images[1:]
    with pytest.warns(UnreadableImageWarning) as caught:
        shapes = [image.shape for image in images]
    assert shapes == [(6, 8), (0, 0), (0, 0)]
    assert [w.filename for w in caught] == [__file__] * 2
    assert "image 'b.png' is returned as an empty array" in str(caught[0].message)
    assert images.problems["image"].tolist() == ["b.png", "c.png"]
    assert "damaged" in images.problems["reason"][0]
    assert "no such file" in images.problems["reason"][1]
    assert part.problems["image"].tolist() == ["b.png", "c.png"]  # the same images, the same problems
    assert images[:1].problems.empty
    assert [image.shape for image in images] == shapes  # and no second warning, which would be an error
    with pytest.raises(ImageError, match=r"cannot read '.*b\.png': the file is damaged"):
        images[1]


def test_an_image_that_fails_alone_is_listed_too(tmp_path):
    images = ImageSet.from_folder(write(tmp_path, ["a.png", "b.png"]))
    (tmp_path / "a.png").unlink()
    with pytest.raises(ImageError, match=r"a\.png"):
        images[0]
    assert images.problems["image"].tolist() == ["a.png"]


def test_problems_of_both_sets_are_kept_when_adding(tmp_path):
    write(tmp_path, ["x/a.png", "y/b.png"])
    (tmp_path / "x" / "empty.png").touch()
    with pytest.warns(UnreadableImageWarning):
        first = ImageSet.from_folder(tmp_path / "x")
    second = ImageSet.from_folder(tmp_path / "y")
    assert (second + first).problems["image"].tolist() == ["empty.png"]


def test_several_passes_at_once_agree(tmp_path):
    images = ImageSet.from_folder(write(tmp_path, [f"{i:03d}.png" for i in range(40)]))
    sums = {}

    def run(name):
        sums[name] = [int(image.sum()) for image in images]

    threads = [threading.Thread(target=run, args=(name,)) for name in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=60)
    assert len(sums) == 4
    assert all(sums[name] == sums[0] for name in sums)


# real images


@pytest.mark.parametrize(("folder", "count"), [("ksdd/images", 399), ("neu_det/images", 1800)])
def test_real_folders_are_listed_and_read_without_problems(data_dir, folder, count):
    images = ImageSet.from_folder(data_dir / folder)
    assert len(images) == count
    assert {image.ndim for image in images} == {2}
    assert images.problems.empty
