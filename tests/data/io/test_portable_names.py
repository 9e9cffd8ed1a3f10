import re
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ig_widgets.data.io.portable_names import name_problem, portable_name, same_name

anything = st.text(max_size=300) | st.text("/.\\:~ \0aé#", max_size=12)


@pytest.mark.parametrize(
    ("name", "problem"),
    [
        ("", "is empty"),
        (".", "begins with a dot"),
        ("..", "begins with a dot"),
        (".git", "begins with a dot"),
        ("a/b", "holds '/'"),
        ("../a", "holds '/'"),
        ("a\\b", r"holds '\\\\'"),
        ("c:", "holds ':'"),
        ("a\0b", r"holds '\\x00'"),
        ("a\nb", r"holds '\\n'"),
        ("a\x7f", r"holds '\\x7f'"),
        ("\udce4", r"holds '\\udce4'"),
        ("a ", "ends with a blank or a dot"),
        ("a.", "ends with a blank or a dot"),
        ("con", "a device on Windows"),
        ("Nul.png", "a device on Windows"),
        ("COM1", "a device on Windows"),
        ("x" * 256, "longer than 255 bytes"),
        ("ä" * 128, "longer than 255 bytes"),
    ],
)
def test_names_that_some_system_refuses_have_a_problem(name, problem):
    assert re.search(problem, name_problem(name))


@pytest.mark.parametrize("name", ["cat", "3", "a b", "缺陷", "v1.2", "console", "com10", "~", "x" * 255])
def test_other_names_have_none(name):
    assert name_problem(name) is None


@given(anything, st.sampled_from([".png", ".JPG"]), st.integers(1, 20))
def test_whatever_the_text_the_name_is_portable_and_has_the_ending(text, ending, number):
    name = portable_name(text, ending, number)
    assert name_problem(name) is None
    assert name.endswith(ending)


@given(st.from_regex(r"[a-z0-9é][a-z0-9é#. ]{0,20}\.png", fullmatch=True))
def test_a_name_that_is_portable_stays_as_it_is(text):
    if name_problem(text) is None:
        assert portable_name(text, ".png") == text


@given(anything)
def test_numbers_make_names_of_their_own(text):
    assert len({same_name(portable_name(text, ".png", number)) for number in range(1, 120)}) == 119


def test_case_and_composition_of_accents_make_no_other_name():
    forms = ["É.png", "é.PNG", *(unicodedata.normalize("NFD", name) for name in ("É.png", "é.png"))]
    assert len(set(map(same_name, forms))) == 1
    assert len(set(map(same_name, ["e", "é", "ss", "ß"]))) == 4
