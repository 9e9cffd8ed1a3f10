import pandas as pd
import pytest

from ig_widgets.data.annotations import COLUMNS, annotations_frame
from ig_widgets.data.io.csv_table import read_csv, write_csv


def write_file(folder, text):
    file = folder / "annotations.csv"
    file.write_bytes(text if isinstance(text, bytes) else text.encode())
    return file


def test_the_file_can_be_read_by_people(tmp_path):
    row = {"image": "a.png", "annotator": "ann", "label": "crack", "present": True, "source": "box"}
    row |= {"x": 1, "y": 2.5, "width": 3, "height": 4, "at": "2026-01-02T03:04:05.678901Z"}
    write_csv(annotations_frame([row, {"image": "b.png"}]), tmp_path / "new" / "a.csv")
    assert (tmp_path / "new" / "a.csv").read_text().splitlines() == [
        ",".join(COLUMNS),
        "a.png,ann,crack,True,1,2.5,3,4,box,2026-01-02T03:04:05.678901+00:00",
        "b.png,,,,,,,,,",
    ]


def test_a_table_made_by_hand_needs_the_image_only(tmp_path):
    read = read_csv(write_file(tmp_path, "\ufefflabel,image\ncrack,a.png\n"))
    wanted = annotations_frame([{"image": "a.png", "label": "crack", "present": True}])
    pd.testing.assert_frame_equal(read, wanted)


def test_times_are_taken_to_utc(tmp_path):
    read = read_csv(write_file(tmp_path, "image,at\na,2026-01-02T03:00:00+02:00\nb,2026-01-02 03:00\n"))
    assert read["at"].dt.hour.tolist() == [1, 3]


def test_blank_lines_are_passed_over_but_counted(tmp_path):
    read = read_csv(write_file(tmp_path, "\nimage,label\r\n\r\na,crack\n  \nb,crack\n\n\n"))
    assert read["image"].tolist() == ["a", "b"]
    with pytest.raises(ValueError, match=r"line 4 of .* names no image"):
        read_csv(write_file(tmp_path, "image,label\na,crack\n\n,crack\n"))


def test_a_table_without_rows_is_empty(tmp_path):
    write_csv(annotations_frame(), tmp_path / "a.csv")
    pd.testing.assert_frame_equal(read_csv(tmp_path / "a.csv"), annotations_frame())


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "must name the column image"),
        ("label\ncrack\n", r"the first line of .*annotations\.csv is 'label'; it must name the column image"),
        ("image,color\na,b\n", "'image,color'"),
        ("image,image\na,b\n", "'image,image'"),
        (
            "image,label\na,b\na\n",
            r"line 3 of .*annotations\.csv has 1 fields; it must have 2, one for each column",
        ),
        ("image,label\n,b\n", "line 2 of .* names no image"),
        (
            "image,present\na,maybe\n",
            "line 2 of .* has 'maybe' in the column present; it must be true, false or empty",
        ),
        ("image,at\na,0001-01-01T00:00+02:00\n", "in the column at; it must be a time"),
        ("image,at\na,yesterday\n", "'yesterday' in the column at; it must be a time"),
        ("image,x,y,width,height\na,1,2,three,4\n", "'three' in the column width; it must be a number"),
        ("image,x,y,width,height\na,1,nan,3,4\n", "x 1.0, y nan, width 3.0, height 4.0; give all four"),
        ("image,x,y,width,height\na,1,,3,4\n", "x 1.0, y None, .*; give all four"),
        ("image,x,y,width,height\na,1,2,-3,4\n", "a positive width and height"),
        ('image,label\na,b\na,"b', "is not valid CSV from line 3 on.*truncated"),
        ("image\n\xe4\n".encode("latin-1"), "is not UTF-8 text"),
        ("image\na\n".encode("utf-16"), "is not UTF-8 text"),
    ],
)
def test_malformed_files_are_refused_by_line_and_column(tmp_path, text, message):
    with pytest.raises(ValueError, match=message):
        read_csv(write_file(tmp_path, text))


@pytest.mark.parametrize(
    ("annotations", "message"),
    [
        (annotations_frame([{"image": "a", "label": ""}]), "index 0 has an empty string"),
        (annotations_frame([{"label": "crack"}]), "index 0 names no image"),
        (annotations_frame([{"image": "a", "x": 1}]), "give all four numbers"),
        (annotations_frame([{"image": "a"}])[["image"]], "lack the column 'annotator'"),
    ],
)
def test_what_could_not_be_read_again_is_not_written(tmp_path, annotations, message):
    with pytest.raises(ValueError, match=message):
        write_csv(annotations, tmp_path / "a.csv")
    assert not (tmp_path / "a.csv").exists()
