"""Names that files and folders can have on every system."""

from __future__ import annotations

import re
import unicodedata

_FORBIDDEN = re.compile('[<>:"/\\\\|?*\x00-\x1f\x7f-\x9f\ud800-\udfff]')
_RESERVED = re.compile(r"(con|prn|aux|nul|conin\$|conout\$|(com|lpt)[0-9¹²³]) *(\..*)?", re.IGNORECASE)
_MOST_BYTES = 255


def name_problem(name: str) -> str | None:
    r"""Tell why a file or folder cannot have a name on every system, or None if it can.

    Parameters
    ----------
    name
        The name, without the folders above.

    Returns
    -------
    str or None
        What is wrong with it: the end of a sentence that begins with the name.

    Examples
    --------
    >>> name_problem("cat"), name_problem("..")
    (None, 'begins with a dot, which hides it')
    """
    found = _FORBIDDEN.search(name)
    if found:
        return f"holds {found[0]!r}"
    problems = {
        "is empty": not name,
        "begins with a dot, which hides it": name.startswith("."),
        "ends with a blank or a dot, which some systems drop": name.endswith((" ", ".")),
        "is the name of a device on Windows": _RESERVED.fullmatch(name),
        f"is longer than {_MOST_BYTES} bytes": len(name.encode()) > _MOST_BYTES,
    }
    return next((problem for problem, there in problems.items() if there), None)


def portable_name(text: str, ending: str, number: int = 1) -> str:
    """Make a file name that every system allows out of any text.

    Parameters
    ----------
    text
        What the file should be called, without the folders above.
    ending
        The ending that the name has, with its dot.
    number
        From 2 on, the ending "~2" (or "~3" …) is put behind the name.

    Returns
    -------
    str
        The text itself where it is such a name. Characters that are not allowed become ``_``; dots and blanks
        at its beginning are dropped; a name that is too long is cut off.

    Examples
    --------
    >>> portable_name("a.png", ".png"), portable_name("a.png#0", ".png"), portable_name("a.png", ".png", 2)
    ('a.png', 'a.png#0.png', 'a~2.png')
    >>> portable_name("12:30", ".jpg"), portable_name("..", ".png"), portable_name("con.png", ".png")
    ('12_30.jpg', '_.png', '_con.png')
    """
    stem = text[: len(text) - len(ending)] if text.lower().endswith(ending.lower()) else text
    stem = _FORBIDDEN.sub("_", stem).lstrip(". ") or "_"
    if _RESERVED.fullmatch(f"{stem}{ending}"):
        stem = f"_{stem}"
    last = ending if number < 2 else f"~{number}{ending}"
    most = _MOST_BYTES - len(last.encode())
    return stem.encode()[:most].decode(errors="ignore") + last


def same_name(name: str) -> str:
    """Return what is equal for two names that are the same on some systems.

    There upper and lower case are the same, and so is an accent as part of its letter or behind it.

    Examples
    --------
    >>> same_name("Cat") == same_name("cat"), same_name("Maß") == same_name("Mass")
    (True, False)
    """
    composed = unicodedata.normalize("NFC", name)
    # letter by letter, as these systems do: ß, which has no capital there, is not SS
    return "".join(upper if len(upper := letter.upper()) == 1 else letter for letter in composed)
