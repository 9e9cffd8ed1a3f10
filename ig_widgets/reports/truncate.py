"""Names that fit where they are shown."""


def truncate_middle(name: str, length: int) -> str:
    """Return a name as one line of at most `length` characters; the middle of a longer one is left out.

    Two files of one folder differ at the end of their names, and two folders at the beginning.

    Parameters
    ----------
    name
        Any text. What cannot be seen in it, such as a line break or a change of direction, becomes a space.
    length
        At least 3 characters.

    Examples
    --------
    >>> truncate_middle("surfaces/2024/batch_07/0001.png", 17)
    'surfaces…0001.png'
    """
    # what is left out of a very long name need not be looked at
    ends = name if len(name) <= 2 * length else name[:length] + name[-length:]
    line = "".join(character if character.isprintable() else " " for character in ends)
    if len(name) <= length:
        return line
    end = (length - 1) // 2
    return f"{line[: length - 1 - end]}…{line[-end:]}"
