from pathlib import Path

import pytest

from ig_widgets.data.io.image_names import ImageNames, choose_files, drop_suffix


@pytest.mark.parametrize(
    ("name", "found"),
    [
        ("lid/a.png", "lid/a.png"),
        ("lid/a", "lid/a.png"),
        ("lid/a.jpg", "lid/a.png"),
        ("a.png", "lid/a.png"),
        ("photos/a.jpg", "lid/a.png"),
        ("photos\\lid\\a.png", "lid/a.png"),
        ("images/lid/a.png", "lid/a.png"),
        ("deep/d", "e/deep/d.png"),
        ("b", "b"),
        ("lid/b", "lid/b.png"),
        ("c.png", None),
    ],
)
def test_the_closest_name_wins(name, found):
    assert ImageNames(["b", "lid/a.png", "lid/b.png", "e/deep/d.png", "e/flat/d.png"]).find(name) == found


def test_only_suffixes_of_images_are_dropped():
    assert [drop_suffix(name) for name in ("a.PNG", "a.png#0", "1.5", "a")] == ["a", "a.png#0", "1.5", "a"]


def test_the_patterns_of_one_image_have_files_of_their_own():
    files = choose_files(Path("out"), ["lid/a.png#0", "lid/a.png#1"], ".txt")
    assert list(files.values()) == [Path("out/lid/a.png#0.txt"), Path("out/lid/a.png#1.txt")]
