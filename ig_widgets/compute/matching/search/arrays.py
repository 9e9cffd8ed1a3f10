"""Named tuples of the arrays that the compiled searches read and fill."""

from typing import Any, NamedTuple

from numpy.typing import NDArray


class ImageArrays(NamedTuple):
    """An image at the resolution at which its places are ranked.

    Attributes
    ----------
    sums, squares
        Integral images as in `correlation.window_norms`, in landscape format.
    tall
        Whether landscape format is the transpose, as the image is higher than wide.
    means
        (channels,): the image's means.
    flat
        Energy up to which a window counts as having no contrast, see `correlation.exact_score`.
    """

    sums: NDArray[Any]
    squares: NDArray[Any]
    tall: bool
    means: NDArray[Any]
    flat: float


class TemplateArrays(NamedTuple):
    """The patterns of a batch, for one kind of score.

    Attributes
    ----------
    deviations
        `Template.deviations`, one after the other.
    sizes
        (patterns, 3): height, width, and where the pattern begins in `deviations`.
    norms
        (patterns,).
    means
        (patterns, channels) for uncentered scores; (patterns, 0) for centered ones.
    """

    deviations: NDArray[Any]
    sizes: NDArray[Any]
    norms: NDArray[Any]
    means: NDArray[Any]


class TemplateLines(NamedTuple):
    """`Template.lines` of the patterns of a batch at one resolution.

    Attributes
    ----------
    values
        The lines, one pattern after the other.
    starts
        (patterns + 1,): where each pattern begins in `values`, and the end.
    """

    values: NDArray[Any]
    starts: NDArray[Any]


class PlaceArrays(NamedTuple):
    """The places found for each pattern of a batch, to be overwritten.

    Attributes
    ----------
    ys, xs, scores
        (patterns, places): top left corners and exact scores.
    counts
        (patterns,): how many places each pattern has.
    """

    ys: NDArray[Any]
    xs: NDArray[Any]
    scores: NDArray[Any]
    counts: NDArray[Any]
