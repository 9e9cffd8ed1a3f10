"""Escaping of text that matplotlib would render as a formula."""


def escape_math(text: str) -> str:
    r"""Escape the dollar signs that begin a formula in matplotlib.

    Examples
    --------
    >>> escape_math("$5 bills")
    '\\$5 bills'
    """
    return text.replace("$", r"\$")
