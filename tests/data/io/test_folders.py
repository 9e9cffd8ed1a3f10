import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from ig_widgets.data.annotations import annotations_frame
from ig_widgets.data.crops import labeled_crops
from ig_widgets.data.errors import UnreadableImageWarning
from ig_widgets.data.images import ImageSet
from ig_widgets.data.io.folders import write_folders
from ig_widgets.data.io.portable_names import find_name_problem
from ig_widgets.data.labels import folder_labels


def noise(*shape, seed=0):
    return np.random.default_rng(seed).integers(0, 256, shape, np.uint8)


def arrays(*ids):
    """Images of different content that are no files."""
    return ImageSet.from_arrays([noise(6, 8, seed=i) for i in range(len(ids))], ids=ids)


def files(folder, *names):
    for seed, name in enumerate(names):
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(noise(6, 8, 3, seed=seed)).save(path)
    return ImageSet.from_folder(folder)


def below(folder):
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if not path.is_dir())


# there and back


def test_what_is_written_is_read_back_with_its_labels_and_pixels(tmp_path):
    images = ImageSet.from_arrays([noise(5, 7), noise(6, 8, 3), noise(9, 4)], ids=["a", "x/b.png", "c#0"])
    told = write_folders(images, ["dog", "a cat", "dog"], tmp_path / "deep" / "out")
    read = ImageSet.from_folder(tmp_path / "deep" / "out")
    assert sorted(told["file"]) == list(read.ids) == ["a cat/b.png", "dog/a.png", "dog/c#0.png"]
    assert folder_labels(read)[told["file"]].tolist() == ["dog", "a cat", "dog"]
    for image, file in zip(images, told["file"], strict=True):
        np.testing.assert_array_equal(read[read.position(file)], image)


def test_files_are_copied_byte_for_byte(tmp_path):
    path = tmp_path / "in" / "x" / "photo.jpeg"
    path.parent.mkdir(parents=True)
    exif = Image.Exif()
    exif[0x0112], exif[0x010E] = 6, "how it was made"  # turned by 90 degrees, with a description
    Image.fromarray(noise(6, 8, 3)).save(path, exif=exif)
    Image.fromarray(np.full((3, 3), 4095, np.uint16)).save(tmp_path / "in" / "deep.png")
    images = ImageSet.from_folder(tmp_path / "in")
    told = write_folders(images, ["cat", "cat"], tmp_path / "out")
    for image, file in zip(told["image"], told["file"], strict=True):
        assert (tmp_path / "out" / file).read_bytes() == (tmp_path / "in" / image).read_bytes()
    assert told["file"].tolist() == ["cat/deep.png", "cat/photo.jpeg"]


@pytest.mark.parametrize(
    ("form", "ending"),
    [("JPEG", ".jpg"), ("PNG", ".png"), ("BMP", ".bmp"), ("TIFF", ".tif"), ("WEBP", ".webp")],
)
def test_a_file_without_the_ending_of_an_image_gets_that_of_its_content(tmp_path, form, ending):
    Image.fromarray(noise(6, 8)).save(tmp_path / "scan.dat", form)
    images = ImageSet.from_files([tmp_path / "scan.dat"])
    told = write_folders(images, ["cat"], tmp_path / "out")
    assert told["file"].tolist() == [f"cat/scan.dat{ending}"]
    assert ImageSet.from_folder(tmp_path / "out").ids == (f"cat/scan.dat{ending}",)


def test_crops_are_written_as_images_of_their_own(tmp_path):
    images = arrays("x/a.png", "y/a.png")
    box = {"x": 1, "y": 2, "width": 4, "height": 3}
    table = annotations_frame([{"image": image, "label": "cat", **box} for image in images.ids])
    crops, labels = labeled_crops(images, table)
    told = write_folders(crops, labels, tmp_path)
    assert told["file"].tolist() == ["cat/a.png#0.png", "cat/a.png#0~2.png"]
    np.testing.assert_array_equal(ImageSet.from_folder(tmp_path)[0], images[0][2:5, 1:5])


# labels


def test_labels_are_taken_by_position_and_called_as_people_call_them(tmp_path):
    labels = pd.Series([3.0, 1.0, 3.0], index=[2, 0, 1])
    told = write_folders(arrays("a", "b", "c"), labels, tmp_path)
    assert told["file"].tolist() == ["3/a.png", "1/b.png", "3/c.png"]
    assert told["label"].tolist() == ["3", "1", "3"]


@pytest.mark.parametrize(
    "labels",
    [
        ["x", None, "x"],
        pd.Series(["x", None, "x"], dtype="category").cat.add_categories("y"),
        np.array([1, np.nan, 1]),
        pd.Series([1, None, 1], dtype="Int64"),
    ],
)
def test_images_without_a_label_are_left_out_and_counted(tmp_path, labels):
    with pytest.warns(UserWarning, match=r"1 of 3 images have no label .* first is 'b'") as caught:
        told = write_folders(arrays("a", "b", "c"), labels, tmp_path)
    assert caught[0].filename == __file__
    assert told["file"].isna().tolist() == told["label"].isna().tolist() == [False, True, False]
    assert told["reason"].fillna("").tolist() == ["", "it has no label", ""]
    assert len(below(tmp_path)) == 2
    assert len(list(tmp_path.iterdir())) == 1


def test_every_image_is_accounted_for_in_a_column_of_text(tmp_path):
    told = write_folders(arrays("a"), ["x"], tmp_path)
    assert list(told.columns) == ["image", "label", "file", "reason"]
    assert set(map(str, told.dtypes)) == {"str"}
    assert told["reason"].isna().all()


hostile = [
    *("", ".", "..", "../x", "a/b", "/etc", "a\\b", "C:", "a\0b", "a\nb", "\x1b[2J", "CON", "nul.txt", "x."),
    *("x ", ".hidden", "\udce4", "x" * 256, "~/../x/..", "%2e%2e/"),
]


@pytest.mark.parametrize("label", hostile)
def test_a_label_that_cannot_be_a_folder_everywhere_is_named_before_anything_is_written(tmp_path, label):
    with pytest.raises(ValueError, match=r"the label .* cannot be the name of a folder because it") as caught:
        write_folders(arrays("a", "b"), pd.Series(["cat", label], dtype=object), tmp_path / "out")
    assert repr(label) in str(caught.value)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("labels", [["Cat", "cat"], ["é", "e\u0301"], [3, "3"]])
def test_labels_that_would_share_a_folder_are_refused(tmp_path, labels):
    with pytest.raises(ValueError, match=r"the labels .* and .* would share a folder"):
        write_folders(arrays("a", "b"), pd.Series(labels, dtype=object), tmp_path / "out")
    assert list(tmp_path.iterdir()) == []


@settings(max_examples=80, deadline=None)
@given(label=st.text(max_size=20), id_=st.text(max_size=40) | st.text("./\\~\0é:", max_size=8))
def test_whatever_the_label_and_the_id_nothing_is_written_elsewhere(tmp_path_factory, label, id_):
    folder = tmp_path_factory.mktemp("hostile")
    images = ImageSet.from_arrays([noise(2, 3)], ids=[id_])
    labels = pd.Series([label], dtype=object)
    if find_name_problem(label):
        with pytest.raises(ValueError, match="cannot be the name of a folder"):
            write_folders(images, labels, folder / "out")
        assert list(folder.iterdir()) == []
        return
    told = write_folders(images, labels, folder / "out")
    assert below(folder) == [f"out/{told['file'][0]}"]
    assert folder_labels(ImageSet.from_folder(folder / "out")).tolist() == [label]


# names of files


def test_names_that_collide_get_numbers_and_nothing_is_overwritten(tmp_path):
    ids = ["x/a.png", "y/a.png", "a~2.png", "z/A.PNG", "w/a.png", "a.jpg", "b/a.png"]
    images = arrays(*ids)
    told = write_folders(images, ["cat"] * 6 + ["dog"], tmp_path)
    assert told["file"].tolist() == [
        *("cat/a.png", "cat/a~2.png", "cat/a~2~2.png", "cat/A~3.png", "cat/a~4.png", "cat/a.jpg.png"),
        "dog/a.png",
    ]
    for image, file in zip(images, told["file"], strict=True):
        np.testing.assert_array_equal(np.asarray(Image.open(tmp_path / file)), image)


def test_files_of_different_endings_do_not_collide(tmp_path):
    images = files(tmp_path / "in", "x/a.png", "y/a.jpg")
    assert write_folders(images, ["cat"] * 2, tmp_path / "out")["file"].tolist() == ["cat/a.png", "cat/a.jpg"]


@pytest.mark.parametrize(
    "id_",
    ["..", "/", "", "../../a.png", "a\0b.png", "C:\\x\\a.png", ".a.png", "con", "ä" * 300, "\udce4.png"],
)
def test_whatever_its_id_an_image_gets_a_name_inside_the_folder_of_its_class(tmp_path, id_):
    told = write_folders(arrays(id_, f"x/{id_}"), ["cat", "cat"], tmp_path / "out")
    assert below(tmp_path) == sorted(f"out/{file}" for file in told["file"])
    for file in told["file"]:
        folder, _, name = file.partition("/")
        assert (folder, find_name_problem(name)) == ("cat", None)
    assert len(ImageSet.from_folder(tmp_path / "out")) == 2


# folders and files that make trouble


def test_a_folder_that_is_not_empty_is_refused(tmp_path):
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / ".hidden").touch()
    with pytest.raises(FileExistsError, match=r"out' is not empty.*give a folder that does not exist yet"):
        write_folders(arrays("a"), ["cat"], tmp_path / "out")
    assert below(tmp_path) == ["out/.hidden"]
    with pytest.raises(FileExistsError, match=r"hidden' is a file"):
        write_folders(arrays("a"), ["cat"], tmp_path / "out" / ".hidden")


def test_images_that_cannot_be_read_are_reported_and_stop_nothing(tmp_path):
    images = files(tmp_path / "in", "a.png", "b.png", "c.png", "d.png")
    (tmp_path / "in" / "a.png").unlink()
    (tmp_path / "in" / "b.png").write_text("no image any more")
    damaged = bytearray((tmp_path / "in" / "d.png").read_bytes())
    damaged[60:80] = bytes(20)  # in the middle: what is checked when a folder is listed stays whole
    (tmp_path / "in" / "d.png").write_bytes(damaged)
    with pytest.warns(
        UnreadableImageWarning, match=r"3 of 4 images cannot .* first is 'a\.png': there is no"
    ) as caught:
        told = write_folders(images, ["cat", "dog", "cat", "cat"], tmp_path / "out")
    assert caught[0].filename == __file__
    assert below(tmp_path / "out") == ["cat/c.png"]
    assert list((tmp_path / "out").iterdir()) == [tmp_path / "out" / "cat"]
    assert told["file"].isna().tolist() == told["reason"].notna().tolist() == [True, True, False, True]
    assert told["reason"][1].startswith("it is not an image")
    assert told["reason"][3].startswith("the file is damaged")


def test_a_link_is_copied_as_the_file_that_it_leads_to(tmp_path):
    files(tmp_path / "elsewhere", "real.png")
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "link.png").symlink_to(tmp_path / "elsewhere" / "real.png")
    write_folders(ImageSet.from_folder(tmp_path / "in"), ["cat"], tmp_path / "out")
    written = tmp_path / "out" / "cat" / "link.png"
    assert not written.is_symlink()
    assert written.read_bytes() == (tmp_path / "elsewhere" / "real.png").read_bytes()
    assert written.stat().st_nlink == 1  # a copy: what is done to it leaves the other alone


def test_nothing_is_written_through_a_link_that_somebody_puts_in_the_way(tmp_path):
    victim = tmp_path / "victim"
    victim.write_text("mine")

    class Malicious:
        def __len__(self):
            return 1

        def __getitem__(self, i):
            (tmp_path / "out" / "cat").mkdir()
            (tmp_path / "out" / "cat" / f"{i}.png").symlink_to(victim)
            return noise(3, 4)

    with pytest.raises(FileExistsError):
        write_folders(ImageSet.from_arrays(Malicious()), ["cat"], tmp_path / "out")
    assert victim.read_text() == "mine"


def test_the_number_of_labels_is_that_of_the_images(tmp_path):
    with pytest.raises(ValueError, match="2 labels for 1 images"):
        write_folders(arrays("a"), ["cat", "dog"], tmp_path / "out")
    with pytest.raises(ValueError, match="none of the 1 images has a label"):
        write_folders(arrays("a"), [None], tmp_path / "out")
    assert list(tmp_path.iterdir()) == []


def test_the_images_are_asked_for_once_and_in_their_order(tmp_path):
    asked = []

    class Lazy:
        def __len__(self):
            return 30

        def __getitem__(self, i):
            asked.append(i)
            return noise(3, 4, seed=i)

    told = write_folders(ImageSet.from_arrays(Lazy()), ["cat", "dog", "owl"] * 10, tmp_path)
    assert sorted(asked) == list(range(30))
    assert told["file"].tolist() == [f"{['cat', 'dog', 'owl'][i % 3]}/{i}.png" for i in range(30)]
