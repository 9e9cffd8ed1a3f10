"""File names that are valid on every operating system."""

from __future__ import annotations

import re
import unicodedata

_FORBIDDEN = re.compile('[<>:"/\\\\|?*\x00-\x1f\x7f-\x9f\ud800-\udfff]')
_RESERVED = re.compile(r"(con|prn|aux|nul|conin\$|conout\$|(com|lpt)[0-9¹²³]) *(\..*)?", re.IGNORECASE)
_MAX_BYTES = 255


def find_name_problem(name: str) -> str | None:
    r"""Find out why a name is not valid for a file or folder on every operating system.

    Parameters
    ----------
    name
        The name, without parent folders.

    Returns
    -------
    str or None
        The predicate of a sentence whose subject is the name; None if the name is valid.

    Examples
    --------
    >>> find_name_problem("cat"), find_name_problem("..")
    (None, 'begins with a dot, which hides it')
    """
    forbidden = _FORBIDDEN.search(name)
    if forbidden:
        return f"contains {forbidden[0]!r}"
    problems = {
        "is empty": not name,
        "begins with a dot, which hides it": name.startswith("."),
        "ends with a space or a dot, which some systems drop": name.endswith((" ", ".")),
        "is the name of a device on Windows": _RESERVED.fullmatch(name),
        f"is longer than {_MAX_BYTES} bytes": len(name.encode()) > _MAX_BYTES,
    }
    return next((problem for problem, there in problems.items() if there), None)


def make_portable(text: str, ending: str, number: int = 1) -> str:
    """Convert any text to a file name that is valid on every operating system.

    Parameters
    ----------
    text
        The desired name, without parent folders.
    ending
        The extension of the file, with its dot.
    number
        From 2 on, "~2" (or "~3" …) is inserted before the extension.

    Returns
    -------
    str
        The text itself if it is valid. Otherwise, forbidden characters become ``_``, leading dots and spaces
        are dropped, and long names are truncated.

    Examples
    --------
    >>> make_portable("a.png", ".png"), make_portable("a.png#0", ".png"), make_portable("a.png", ".png", 2)
    ('a.png', 'a.png#0.png', 'a~2.png')
    >>> make_portable("12:30", ".jpg"), make_portable("..", ".png"), make_portable("con.png", ".png")
    ('12_30.jpg', '_.png', '_con.png')
    """
    stem = text[: len(text) - len(ending)] if text.lower().endswith(ending.lower()) else text
    stem = _FORBIDDEN.sub("_", stem).lstrip(". ") or "_"
    if _RESERVED.fullmatch(f"{stem}{ending}"):
        stem = f"_{stem}"
    last = ending if number < 2 else f"~{number}{ending}"
    most = _MAX_BYTES - len(last.encode())
    return stem.encode()[:most].decode(errors="ignore") + last


def fold_name(name: str) -> str:
    """Return a key that is equal for two names that some operating systems treat as the same.

    These systems ignore case, and do not distinguish precomposed accents from combining ones.

    Examples
    --------
    >>> fold_name("Cat") == fold_name("cat"), fold_name("Maß") == fold_name("Mass")
    (True, False)
    """
    composed = unicodedata.normalize("NFC", name)
    # letter by letter, as these systems do: they have no capital ß, so it does not become SS
    return "".join(upper if len(upper := letter.upper()) == 1 else letter for letter in composed)
