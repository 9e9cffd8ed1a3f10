import pandas as pd
import pytest

from ig_widgets.reports.agreement import agreement_report


@pytest.fixture
def annotations():
    """Ann and Bob drew the same box twice; once only Ann did, and Cy looked at one image alone."""
    place = {"label": "crack", "present": True, "y": 10, "width": 20, "height": 20}
    clean = {"label": None, "present": False}
    rows = [
        {"image": "a", "annotator": "ann", "x": 10, **place},
        {"image": "a", "annotator": "bob", "x": 10, **place},
        {"image": "b", "annotator": "ann", "x": 50, **place},
        {"image": "b", "annotator": "bob", "x": 60, **place},  # half as far: an overlap of 1 / 3
        {"image": "c", "annotator": "ann", "x": 10, **place},
        {"image": "c", "annotator": "bob", **clean},
        {"image": "d", "annotator": "cy $^$", "x": 10, **place},
    ]
    return pd.DataFrame(rows)


def test_the_facts_count_what_two_people_have_seen(annotations):
    facts = agreement_report(annotations).facts
    assert list(facts.values()) == [3, 4, 3, "0.00", 3, 2]


def test_the_picture_shows_each_person_and_each_image(annotations):
    left, middle, right = agreement_report(annotations).figures["Agreement between annotators"].axes
    names = [label.get_text() for label in left.get_yticklabels()]
    assert names == ["ann", "bob", r"cy \$^\$"]
    assert [bar.get_width() for bar in left.patches] == pytest.approx([(1 + 1 / 3 + 0) / 3, 2 / 3, 0])
    drawn, alone, missed = ([bar.get_width() for bar in bars] for bars in middle.containers)
    assert (drawn, alone, missed) == ([2, 2, 0], [1, 0, 0], [0, 0, 0])
    assert [bar.get_height() for bar in right.patches] == [1, 0, 0, 1, 0, 0, 0, 0, 0, 1]


def test_a_log_in_which_nobody_has_judged_anything_has_a_report(annotations):
    report = agreement_report(annotations[:0])
    assert list(report.facts.values()) == [0, 0, 0, "undefined (annotations too few or all equal)", 0, 0]
    assert report._repr_html_()
    assert '.save("report.html")' in repr(report)


def test_it_is_shown_in_a_notebook_and_says_where_alpha_is_undefined(annotations):
    report = agreement_report(annotations[annotations["annotator"] == "ann"])
    assert "undefined (annotations too few or all equal)" in report._repr_html_()
    assert report._repr_html_().count("<img") == 1
