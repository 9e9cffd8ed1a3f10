import csv

import cv2
import numpy as np
import pytest
from PIL import Image

from ig_widgets.data.annotations import BOX
from ig_widgets.data.errors import UnreadableImageWarning
from ig_widgets.data.images import ImageSet
from ig_widgets.data.io.masks import read_masks

pytestmark = pytest.mark.filterwarnings("error")


def corners(annotations):
    x, y, width, height = annotations[list(BOX)].to_numpy(dtype=int).T
    return np.stack([x, y, x + width, y + height], axis=1).tolist()


def blank(height=20, width=30):
    return np.zeros((height, width), np.uint8)


@pytest.fixture
def images():
    return ImageSet.from_arrays([blank(), blank()], ids=["lid/a.jpg", "lid/b.jpg"])


@pytest.fixture
def mask():
    mask = blank()
    mask[2:5, 3:10] = 255
    mask[5, 10] = 85  # touches the first by a corner
    mask[12, 1] = 1
    return mask


def flooded(mask):
    """The boxes of the components, found by walking from pixel to pixel."""
    left, found = set(zip(*np.nonzero(mask), strict=True)), []
    while left:
        todo, seen = [left.pop()], []
        while todo:
            y, x = todo.pop()
            seen.append((x, y))
            near = {(y + dy, x + dx) for dy in (-1, 0, 1) for dx in (-1, 0, 1)} & left
            left -= near
            todo.extend(near)
        xs, ys = zip(*seen, strict=True)
        found.append([min(xs), min(ys), max(xs) + 1, max(ys) + 1])
    return found


def test_each_component_of_nonzero_pixels_is_an_object(images, mask):
    read = read_masks({"lid/a.jpg": mask}, images, label="crack")
    assert corners(read) == [[3, 2, 11, 6], [1, 12, 2, 13]]
    assert read["present"].all()
    assert set(read["image"]) == {"lid/a.jpg"}


@pytest.mark.parametrize("seed", range(5))
def test_components_equal_the_flood_fill(images, seed):
    mask = (np.random.default_rng(seed).random((20, 30)) < 0.2).astype(np.uint8)
    found = corners(read_masks({"lid/a.jpg": mask}, images, label="crack"))
    assert sorted(found) == sorted(flooded(mask))
    assert found == sorted(found, key=lambda box: (box[1], box[0]))


def test_without_components_one_box_holds_everything(images, mask):
    assert corners(read_masks({"lid/a.jpg": mask}, images, label="crack", components=False)) == [
        [1, 2, 11, 13]
    ]


def test_small_components_are_ignored_and_may_leave_nothing(images, mask):
    for components in (True, False):
        options = {"label": "crack", "components": components}
        assert corners(read_masks({"lid/a.jpg": mask}, images, min_area=2, **options)) == [[3, 2, 11, 6]]
        assert read_masks({"lid/a.jpg": mask}, images, min_area=99, **options)["present"].tolist() == [False]


def test_the_published_boxes_are_one_pixel_short_but_never_empty(images, mask):
    read = read_masks({"lid/a.jpg": mask}, images, label="crack", convention="published")
    assert corners(read) == [[3, 2, 10, 5], [1, 12, 2, 13]]


def test_an_empty_mask_says_no_and_a_missing_one_nothing(images):
    read = read_masks({"lid/b.jpg": blank()}, images, label="crack")
    assert read[["image", "label", "present"]].to_numpy().tolist() == [["lid/b.jpg", "crack", False]]
    assert read[list(BOX)].isna().all(axis=None)


def test_masks_in_a_folder_are_found_by_stem_with_or_without_folders(tmp_path, images, mask):
    (tmp_path / "lid").mkdir()
    Image.fromarray(mask).save(tmp_path / "lid" / "a.png")
    Image.fromarray(blank()).save(tmp_path / "b.bmp")
    assert read_masks(tmp_path, images, label="crack")["image"].tolist() == [
        "lid/a.jpg",
        "lid/a.jpg",
        "lid/b.jpg",
    ]


def test_masks_beside_their_images_are_told_apart_by_their_suffix(tmp_path, mask):
    folder = tmp_path / "kos01"
    folder.mkdir()
    Image.fromarray(blank() + 9).save(folder / "Part0.jpg")
    Image.fromarray(mask).save(folder / "Part0_label.bmp")
    images = ImageSet.from_files([folder / "Part0.jpg"], ids=["kos01/Part0.jpg"])
    read = read_masks(tmp_path, images, label="crack", suffix="_label")
    assert corners(read) == [[3, 2, 11, 6], [1, 12, 2, 13]]


def test_an_image_is_never_taken_for_its_own_mask(tmp_path):
    Image.fromarray(blank() + 9).save(tmp_path / "a.png")
    with pytest.raises(FileNotFoundError, match="no mask in"):
        read_masks(tmp_path, ImageSet.from_folder(tmp_path), label="crack")


@pytest.mark.parametrize("mode", ["1", "L", "P", "RGB", "RGBA", "LA", "I;16"])
def test_every_kind_of_mask_file_is_read_the_same(tmp_path, images, mask, mode):
    if mode == "I;16":
        picture = Image.fromarray((mask > 0).astype(np.uint16))  # 1 of 65535 is object too
    elif mode == "P":
        picture = Image.fromarray(mask).convert("P")
    else:
        picture = Image.fromarray(np.where(mask > 0, 255, 0).astype(np.uint8)).convert(mode)
    picture.save(tmp_path / "a.png")
    assert corners(read_masks(tmp_path, images, label="crack")) == [[3, 2, 11, 6], [1, 12, 2, 13]]


def test_the_orientation_of_a_camera_is_applied(tmp_path, images, mask):
    exif = Image.Exif()
    exif[0x0112] = 6  # turned by 90 degrees: shown upright it is the mask
    Image.fromarray(np.rot90(mask).copy()).save(tmp_path / "a.png", exif=exif)
    assert corners(read_masks(tmp_path, images, label="crack")) == [[3, 2, 11, 6], [1, 12, 2, 13]]


@pytest.mark.parametrize(
    ("broken", "message"),
    [
        (
            blank(30, 20),
            "image 'lid/a.jpg' is 20 x 30 but its image is 30 x 20: one of them is rotated by 90 degrees",
        ),
        (blank(20, 31), "is 31 x 20 but its image is 30 x 20; use the image that was annotated"),
        (np.zeros(5), r"has shape \(5,\)"),
    ],
)
def test_a_mask_of_another_shape_is_refused(images, broken, message):
    with pytest.raises(ValueError, match=message):
        read_masks({"lid/a.jpg": broken}, images, label="crack")


def noise_png(folder):
    noise = np.random.default_rng(0).integers(0, 256, (20, 30), dtype=np.uint8)
    Image.fromarray(noise).save(folder / "noise.png")
    return (folder / "noise.png").read_bytes()


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda png: png[:0], r"the file is empty \(0 bytes\); copy it again or remove it"),
        (lambda png: png[1:], "it is not an image.*; convert or remove it"),
        (lambda png: png[:10], "it starts like a PNG file, but it is damaged.*; copy it again"),
        (lambda png: png[:300], "the file is damaged or truncated.*; copy it again or remove it"),
        (
            lambda png: png[:300] + b"\0\0\0\0" + png[304:],
            r"the file is damaged \(wrong checksum\); copy it again",
        ),
    ],
)
def test_an_unreadable_mask_is_left_out_with_its_name_and_a_remedy(tmp_path, images, mask, change, message):
    data = change(noise_png(tmp_path))
    (tmp_path / "a.png").write_bytes(data)
    (tmp_path / "noise.png").unlink()
    with pytest.raises(
        ValueError, match=rf"none of the 1 masks can be used: mask '.*a\.png' cannot be read: {message}"
    ):
        read_masks(tmp_path, images, label="crack")
    Image.fromarray(mask).save(tmp_path / "b.png")
    with pytest.warns(
        UnreadableImageWarning,
        match=rf"1 of 2 masks are left out:\nmask '.*a\.png' cannot be read: {message}",
    ) as caught:
        read = read_masks(tmp_path, images, label="crack")
    assert set(read["image"]) == {"lid/b.jpg"}
    assert [warning.filename for warning in caught] == [__file__]


def test_a_missing_mask_is_left_out(tmp_path, images, mask):
    masks = {"lid/a.jpg": tmp_path / "a.png", "lid/b.jpg": mask}
    with pytest.warns(UnreadableImageWarning, match=r"mask '.*a\.png' cannot be read: there is no such file"):
        assert set(read_masks(masks, images, label="crack")["image"]) == {"lid/b.jpg"}


def test_the_mask_of_an_unreadable_image_is_left_out_each_time(tmp_path, mask):
    for name in ("a.png", "b.png"):
        Image.fromarray(mask).save(tmp_path / name)
    images = ImageSet.from_folder(tmp_path)
    (tmp_path / "a.png").write_bytes(b"")
    masks = {"a.png": mask, "b.png": mask}
    with pytest.warns(UnreadableImageWarning, match="is returned as an empty array"):
        list(images)
    for _ in range(2):
        with pytest.warns(
            UnreadableImageWarning,
            match=r"1 of 2 masks are left out:\nimage 'a\.png' cannot be read: .* empty",
        ):
            assert set(read_masks(masks, images, label="crack")["image"]) == {"b.png"}
    assert images.problems["image"].tolist() == ["a.png"]
    with pytest.raises(ValueError, match=r"none of the 1 masks can be used: image 'a\.png' cannot be read"):
        read_masks({"a.png": mask}, images, label="crack")


def test_the_mask_of_an_image_left_out_of_the_set_is_left_out(tmp_path, mask):
    Image.fromarray(mask).save(tmp_path / "b.png")
    (tmp_path / "a.png").write_bytes(b"")
    with pytest.warns(UnreadableImageWarning, match="are left out"):
        images = ImageSet.from_folder(tmp_path)
    with pytest.warns(UnreadableImageWarning, match=r"image 'a\.png' cannot be read: .* empty"):
        assert set(read_masks({"a.png": mask, "b.png": mask}, images, label="crack")["image"]) == {"b.png"}


def test_a_16_bit_color_mask_counts_from_1_on(tmp_path, images, mask):
    cv2.imwrite(str(tmp_path / "a.png"), np.dstack([mask * 0, mask > 0, mask * 0]).astype(np.uint16))
    assert corners(read_masks(tmp_path, images, label="crack")) == [[3, 2, 11, 6], [1, 12, 2, 13]]


def test_masks_that_belong_to_no_image_are_reported(tmp_path, images, mask):
    with pytest.raises(FileNotFoundError, match=r"no mask in .* has the name of one of the 2 images"):
        read_masks(tmp_path, images, label="crack")
    for name in ("a.png", "c.png"):
        Image.fromarray(mask).save(tmp_path / name)
    with pytest.warns(
        UserWarning, match=r"1 masks match no image of the set, such as '.*c\.png'; they are left out"
    ):
        read_masks(tmp_path, images, label="crack")
    Image.fromarray(mask).save(tmp_path / "a.bmp")
    with pytest.raises(ValueError, match=r"a\.bmp' and '.*a\.png' both belong to image 'lid/a\.jpg'"):
        read_masks(tmp_path, images, label="crack")
    with pytest.raises(ValueError, match="given for image 'c', which is not in the set"):
        read_masks({"c": mask}, images, label="crack")


def test_an_unknown_convention_is_refused(images):
    with pytest.raises(ValueError, match="must be 'extent' or 'published'"):
        read_masks({}, images, label="crack", convention="short")


@pytest.fixture(scope="module")
def ksdd(data_dir):
    return ImageSet.from_folder(data_dir / "ksdd" / "images")


def test_the_ten_published_ksdd_boxes_and_crops_come_out_exactly(data_dir, ksdd):
    folder = data_dir / "ksdd"
    read = read_masks(folder / "masks", ksdd, label="crack", convention="published").set_index("image")
    published = np.load(folder / "reference_features_original.npz")
    with (folder / "labels.csv").open(newline="") as lines:
        files = {row["id"]: row["file"] for row in csv.DictReader(lines)}
    rows = {str(pid): row for row, pid in enumerate(published["ids"])}
    assert len(published["patterns"]) == 10
    for column, name in enumerate(published["patterns"]):
        pid = str(name).split("_")[0]
        row = rows[pid]
        assert published["scores"][row, column] > 0.999
        found = corners(read.loc[[files[pid]]])
        assert found == [published["boxes"][row, column].tolist()]
        x0, y0, x1, y1 = found[0]
        pattern = cv2.imread(str(folder / "patterns" / "original" / f"{name}.jpg"))
        assert pattern.shape[:2] == (y1 - y0, x1 - x0)


def test_all_ksdd_masks_are_read(data_dir, ksdd):
    each = read_masks(data_dir / "ksdd" / "masks", ksdd, label="crack")
    whole = read_masks(data_dir / "ksdd" / "masks", ksdd, label="crack", components=False)
    assert (len(each), len(whole)) == (54, 52)
    assert sorted(each["image"][each["image"].duplicated()]) == ["kos20_Part4.jpg", "kos34_Part0.jpg"]
    assert whole["present"].all()


def test_a_ksdd_image_rotated_against_its_mask_is_refused(data_dir, tmp_path):
    name = "kos47_Part2"
    with Image.open(data_dir / "ksdd" / "images" / f"{name}.jpg") as image:
        image.transpose(Image.Transpose.ROTATE_90).save(tmp_path / f"{name}.jpg")
    images = ImageSet.from_folder(tmp_path)
    mask = data_dir / "ksdd" / "masks" / f"{name}.png"
    message = (
        r"mask '.*kos47_Part2\.png' is 500 x (\d+) but its image is \1 x 500: one of them is rotated by 90"
    )
    with pytest.raises(ValueError, match=message):
        read_masks({f"{name}.jpg": mask}, images, label="crack")
