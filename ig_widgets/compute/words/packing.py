"""Visual words packed into one bit each."""

import numpy as np
from numpy.typing import ArrayLike, NDArray

WORD_BITS = 64


def pack_words(X: ArrayLike) -> NDArray[np.uint64]:
    """Pack the words of each image into bits.

    Parameters
    ----------
    X
        Array of shape (n_images, n_words), bool or 0 and 1: whether the word is in the image.

    Returns
    -------
    array of shape (n_images, ceil(n_words / 64)), uint64
        Word `j` of an image is bit ``j % 64``, counted from the lowest, of number ``j // 64``. Bits beyond
        the last word are 0.

    Raises
    ------
    ValueError
        If `X` is no such array.

    Examples
    --------
    >>> pack_words([[1, 0, 1], [0, 1, 1]])
    array([[5],
           [6]], dtype=uint64)
    """
    there = np.asarray(X)
    if there.ndim != 2:
        raise ValueError(
            f"X has {there.ndim} dimensions; give one row for each image and one column for each word"
        )
    if there.dtype != bool:
        odd = np.argwhere((there != 0) & (there != 1))
        if len(odd):
            row, column = odd[0]
            raise ValueError(
                f"X is {there[row, column]} in row {row}, column {column}: a word is in an image (1) or is "
                "not (0); give X > 0 if these are counts"
            )
        there = there.astype(bool)
    eights = np.packbits(there, axis=1, bitorder="little")
    numbers = np.zeros((len(there), -(-there.shape[1] // WORD_BITS) * 8), np.uint8)
    numbers[:, : eights.shape[1]] = eights
    return numbers.view("<u8").astype(np.uint64, copy=False)


def unpack_words(packed: ArrayLike, n_words: int) -> NDArray[np.bool_]:
    """Unpack words packed by `pack_words`.

    Parameters
    ----------
    packed
        Array of shape (n_images, ceil(n_words / 64)), uint64.
    n_words
        How many words there are.

    Returns
    -------
    array of shape (n_images, n_words), bool
        Whether the word is in the image.

    Raises
    ------
    ValueError
        If `packed` is for another number of words.

    Examples
    --------
    >>> unpack_words(pack_words([[1, 0, 1], [0, 1, 1]]), 3)
    array([[ True, False,  True],
           [False,  True,  True]])
    """
    numbers = np.asarray(packed)
    columns = -(-n_words // WORD_BITS)
    if numbers.ndim != 2 or numbers.dtype != np.uint64 or numbers.shape[1] != columns:
        raise ValueError(
            f"{n_words} words are packed into {columns} numbers (uint64) for each image, but packed is "
            f"{numbers.dtype} of shape {numbers.shape}; give what pack_words returned"
        )
    eights = np.ascontiguousarray(numbers, dtype="<u8").view(np.uint8)
    return np.unpackbits(eights, axis=1, count=n_words, bitorder="little").astype(bool)


def as_packed(X: ArrayLike) -> NDArray[np.uint64]:
    """Return the packed form of words that may be packed already: uint64 is, bool and uint8 are not.

    Raises
    ------
    ValueError
        If `X` is neither.
    """
    words = np.asarray(X)
    if words.dtype.kind == "u" and words.dtype.itemsize == 8 and words.ndim == 2:
        return np.ascontiguousarray(words, np.uint64)
    return pack_words(words)
