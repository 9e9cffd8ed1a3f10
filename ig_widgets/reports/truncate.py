"""Truncation of long names to the width of a table cell or figure."""


def truncate_middle(name: str, length: int) -> str:
    """Truncate a name in the middle, to one line of at most `length` characters.

    The ends are kept because they tell names apart: files in a folder differ at the end of their paths, and
    folders at the beginning.

    Parameters
    ----------
    name
        Any text. Characters that are not printable, such as line breaks and changes of direction, become
        spaces.
    length
        Maximum number of characters, at least 3.

    Examples
    --------
    >>> truncate_middle("surfaces/2024/batch_07/0001.png", 17)
    'surfaces…0001.png'
    """
    # the middle of a very long name is dropped anyway, so it need not be scanned
    ends = name if len(name) <= 2 * length else name[:length] + name[-length:]
    line = "".join(character if character.isprintable() else " " for character in ends)
    if len(name) <= length:
        return line
    end = (length - 1) // 2
    return f"{line[: length - 1 - end]}…{line[-end:]}"
