import re
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ig_widgets.data.io.portable_names import find_name_problem, fold_name, make_portable

anything = st.text(max_size=300) | st.text("/.\\:~ \0aé#", max_size=12)


@pytest.mark.parametrize(
    ("name", "problem"),
    [
        ("", "is empty"),
        (".", "begins with a dot"),
        ("..", "begins with a dot"),
        (".git", "begins with a dot"),
        ("a/b", "contains '/'"),
        ("../a", "contains '/'"),
        ("a\\b", r"contains '\\\\'"),
        ("c:", "contains ':'"),
        ("a\0b", r"contains '\\x00'"),
        ("a\nb", r"contains '\\n'"),
        ("a\x7f", r"contains '\\x7f'"),
        ("\udce4", r"contains '\\udce4'"),
        ("a ", "ends with a space or a dot"),
        ("a.", "ends with a space or a dot"),
        ("con", "a device on Windows"),
        ("Nul.png", "a device on Windows"),
        ("COM1", "a device on Windows"),
        ("x" * 256, "longer than 255 bytes"),
        ("ä" * 128, "longer than 255 bytes"),
    ],
)
def test_names_that_some_system_refuses_have_a_problem(name, problem):
    assert re.search(problem, find_name_problem(name))


@pytest.mark.parametrize("name", ["cat", "3", "a b", "缺陷", "v1.2", "console", "com10", "~", "x" * 255])
def test_other_names_have_none(name):
    assert find_name_problem(name) is None


@given(anything, st.sampled_from([".png", ".JPG"]), st.integers(1, 20))
def test_whatever_the_text_the_name_is_portable_and_has_the_ending(text, ending, number):
    name = make_portable(text, ending, number)
    assert find_name_problem(name) is None
    assert name.endswith(ending)


@given(st.from_regex(r"[a-z0-9é][a-z0-9é#. ]{0,20}\.png", fullmatch=True))
def test_a_name_that_is_portable_stays_as_it_is(text):
    if find_name_problem(text) is None:
        assert make_portable(text, ".png") == text


@given(anything)
def test_numbers_make_names_of_their_own(text):
    assert len({fold_name(make_portable(text, ".png", number)) for number in range(1, 120)}) == 119


def test_case_and_composition_of_accents_make_no_other_name():
    forms = ["É.png", "é.PNG", *(unicodedata.normalize("NFD", name) for name in ("É.png", "é.png"))]
    assert len(set(map(fold_name, forms))) == 1
    assert len(set(map(fold_name, ["e", "é", "ss", "ß"]))) == 4
