import numpy as np
import pytest
from PIL import Image

from ig_widgets.data.annotations import BOX
from ig_widgets.data.errors import ImageError
from ig_widgets.data.io.marked_images import read_marked_images

RED, PALE = (255, 0, 0), (255, 120, 120)


def corners(annotations):
    x, y, width, height = annotations[list(BOX)].to_numpy(dtype=int).T
    return np.stack([x, y, x + width, y + height], axis=1).tolist()


def picture(folder, name, *painted, shape=(40, 60, 3)):
    pixels = np.full(shape, 90, np.uint8)
    for rows, columns, color in painted:
        pixels[rows, columns] = color
    Image.fromarray(pixels).save(folder / name)
    return folder / name


MARK = (slice(15, 25), slice(20, 31), RED)


def test_the_golden_boxes_of_the_crowd_sample_come_out_exactly(data_dir):
    folder = data_dir / "ksdd" / "crowd_sample"
    marked = [folder / f"marked_by_worker{worker}.png" for worker in range(5)]
    read = read_marked_images(folder / "original.png", marked, label="crack")
    assert corners(read) == [
        [269, 88, 384, 206],
        [1212, 458, 1264, 500],
        [417, 0, 592, 27],
        [261, 134, 372, 205],
        [288, 181, 351, 235],
    ]
    assert set(read["image"]) == {"original.png"}
    assert read["annotator"].tolist() == [f"marked_by_worker{worker}" for worker in range(5)]
    assert read["present"].all()


def test_the_margin_is_added_on_all_sides(tmp_path):
    original, marked = picture(tmp_path, "a.png"), picture(tmp_path, "m.png", MARK)
    for margin in (0, 3):
        read = read_marked_images(original, [marked], label="crack", margin=margin)
        assert corners(read) == [[20 - margin, 15 - margin, 30 + margin, 24 + margin]]


def test_a_mapping_names_the_annotators(tmp_path):
    original, marked = picture(tmp_path, "a.png"), picture(tmp_path, "m.png", MARK)
    read = read_marked_images(original, {"ann": marked, "bob": marked}, label="crack", image="lid/a.png")
    assert read["annotator"].tolist() == ["ann", "bob"]
    assert set(read["image"]) == {"lid/a.png"}


@pytest.mark.parametrize("color", [(0, 255, 0), (0, 0, 200), (220, 10, 220)])
def test_any_strong_color_is_paint(tmp_path, color):
    original = picture(tmp_path, "a.png")
    marked = picture(tmp_path, "m.png", (*MARK[:2], color), (slice(0, 2), slice(0, 2), PALE))
    assert corners(read_marked_images(original, [marked], label="crack", margin=0)) == [[20, 15, 30, 24]]


def test_strong_colors_of_the_original_are_not_paint(tmp_path):
    sticker = (slice(0, 4), slice(0, 4), RED)
    original, marked = picture(tmp_path, "a.png", sticker), picture(tmp_path, "m.png", sticker, MARK)
    assert corners(read_marked_images(original, [marked], label="crack", margin=0)) == [[20, 15, 30, 24]]


def test_a_copy_without_paint_is_named(tmp_path):
    original = picture(tmp_path, "a.png")
    for name, shape in (("color.png", (40, 60, 3)), ("gray.png", (40, 60))):
        with pytest.raises(ValueError, match=f"{name}' has no painted pixel; paint an outline"):
            read_marked_images(original, [picture(tmp_path, name, shape=shape)], label="crack")


def test_a_copy_of_another_size_is_named(tmp_path):
    original, marked = picture(tmp_path, "a.png"), picture(tmp_path, "m.png", shape=(60, 40, 3))
    with pytest.raises(ValueError, match=r"m\.png' is 40 x 60 but the original is 60 x 40"):
        read_marked_images(original, [marked], label="crack")


def test_a_broken_copy_is_named(tmp_path):
    (tmp_path / "m.png").write_bytes(b"no image")
    with pytest.raises(ImageError, match=r"m\.png"):
        read_marked_images(picture(tmp_path, "a.png"), [tmp_path / "m.png"], label="crack")
