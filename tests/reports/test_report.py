import re
from html.parser import HTMLParser

import numpy as np
import pandas as pd
import pytest
from matplotlib.figure import Figure

from ig_widgets.reports.report import Report
from ig_widgets.reports.truncate import truncate_middle

HOSTILE = ['</td><script>alert("1")</script>', "\u202egnp.a", "<b>&amp;", "שלום", "\U0001f600", "a\nb"]


class Cells(HTMLParser):
    """The elements of a page, and the text of its cells."""

    def __init__(self, page):
        super().__init__()
        self.tags, self.cells = set(), []
        self.feed(page)

    def handle_starttag(self, tag, attrs):  # noqa: ARG002
        self.tags.add(tag)
        if tag in {"td", "th"}:
            self.cells.append("")

    def handle_data(self, data):
        if self.cells:
            self.cells[-1] += data


def test_names_in_tables_are_text(tmp_path):
    table = pd.DataFrame({"<i>name": HOSTILE, "n": range(len(HOSTILE))})
    report = Report("t", {}, {}, {"<u>caption": table})
    page = report.save(tmp_path / "report.html").read_text(encoding="utf-8")
    parsed = Cells(page)
    assert not {"script", "b", "i", "u"} & parsed.tags
    assert parsed.cells[0::2][1:] == [HOSTILE[0], " gnp.a", *HOSTILE[2:5], "a b"]
    assert "&lt;u&gt;caption" in page


def test_numbers_times_and_missing_values_are_readable():
    at = pd.Timestamp("2026-01-02 03:04:05", tz="UTC")
    table = pd.DataFrame(
        {
            "count": [1_234_567, 2],
            "mean": [1 / 3, np.nan],
            "name": pd.Series(["a", None], dtype="str"),
            "at": [at, pd.NaT],
            "right": [True, False],
        }
    )
    cells = Cells(Report("t", {}, {}, {"c": table})._repr_html_()).cells[5:]
    assert cells == ["1234567", "0.333333", "a", "2026-01-02 03:04 UTC", "True", "2", "", "", "", "False"]


def test_a_long_table_is_shown_in_part_and_says_where_the_rest_is():
    table = pd.DataFrame({"i": range(100_000)})
    report = Report("t", {}, {}, {"all": table})
    page = report._repr_html_()
    assert page.count("<tr>") == 501
    assert "the first 500 of 100000 rows" in page
    assert "report.tables[&#x27;all&#x27;]" in page
    assert report.tables["all"] is table
    assert "rows" not in Report("t", {}, {}, {"all": table[:500]})._repr_html_()


def test_a_long_name_keeps_its_ends():
    page = Report("t", {}, {}, {"c": pd.DataFrame({"n": ["a" * 10_000 + ".png"]})})._repr_html_()
    (shown,) = re.findall(r">(a[^<]*)</td>", page)
    assert len(shown) == 120
    assert shown.startswith("aaa")
    assert shown.endswith(".png")


@pytest.mark.parametrize("length", range(3, 12))
def test_a_shortened_name_has_the_length_that_was_asked_for(length):
    for name in ("", "abc", "abcdefghijk", "a\nb\u202ec" * 5_000):
        short = truncate_middle(name, length)
        assert len(short) == min(len(name), length)
        assert short.isprintable()
        assert (short[0], short[-1]) == (name[0], name[-1]) if name else short == ""
        assert ("…" in short) == (len(name) > length)


def test_a_name_that_no_font_can_write_does_not_stop_a_picture():
    figure = Figure()
    figure.subplots().set_title("\U0001f600 \u732b \x07")
    assert "<img" in Report("t", {}, {"c": figure})._repr_html_()
