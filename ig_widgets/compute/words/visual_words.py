"""Visual words: clusters of cells that look alike (MLfix)."""

from collections.abc import Iterator
from typing import Any, Protocol, Self

import numpy as np
from numpy.typing import NDArray
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.cluster import MiniBatchKMeans
from sklearn.utils import check_random_state
from sklearn.utils.validation import check_is_fitted

from ig_widgets.compute.threads import free_cores, threads
from ig_widgets.compute.words.packing import WORD_BITS, pack_words

_AT_ONCE = 64  # images
_BATCH = 8  # cells in a step of k-means, for each word


class Maps(Protocol):
    """(n, rows, columns, channels) maps: an array, or a sequence computed on demand."""

    def __len__(self) -> int:
        """Count the images."""

    def __getitem__(self, key: Any, /) -> Any:
        """Return the map of an image, or those of several."""


class VisualWords(TransformerMixin, BaseEstimator):
    """Cluster the cells of feature maps into words, and transform images to the words they contain.

    Cells are brought to length 1 first, so that words are about what a cell looks like, not how strongly.
    Maps are asked for a few images at a time, and nothing is kept of them, so that the memory needed does not
    grow with their number.

    Parameters
    ----------
    n_words
        How many words.
    max_cells
        Of how many cells the words are learned. Where there are more, those of images at random.
    random_state
        Seed of the images' order and of k-means. The same seed gives the same words.

    Attributes
    ----------
    words_ : ndarray of shape (n_words, n_channels)
        The center of each word.
    n_cells_ : int
        Of how many cells the words were learned.

    Notes
    -----
    MLfix ("How does it work?", steps 2 to 4): 14 x 14 cells of 256 numbers each, 1024 words by k-means. As in
    its code, cells are normalized and k-means is that of mini-batches; unlike there, it is seeded, and maps
    are not held in memory. An image has each word once however often it occurs.
    """

    def __init__(
        self,
        n_words: int = 1024,
        *,
        max_cells: int = 1_000_000,
        random_state: int | np.random.RandomState | None = None,
    ) -> None:
        self.n_words = n_words
        self.max_cells = max_cells
        self.random_state = random_state

    def fit(self, maps: Maps, y: object = None) -> Self:  # noqa: ARG002 (scikit-learn's contract)
        """Learn words.

        Parameters
        ----------
        maps
            (n_images, rows, columns, channels): an array, one on disk (`numpy.memmap`), or what `filter_maps`
            returns. Maps with NaN, as of images that cannot be read, are left out.
        y
            Not used.

        Returns
        -------
        VisualWords
            This transformer.

        Raises
        ------
        ValueError
            If there are fewer cells than words, or a setting is below 1.
        """
        if self.n_words < 1 or self.max_cells < self.n_words:
            raise ValueError(
                f"n_words is {self.n_words} and max_cells {self.max_cells}; give 1 word or more, and at "
                "least as many cells"
            )
        random = check_random_state(self.random_state)
        order = random.permutation(len(maps))
        means = MiniBatchKMeans(self.n_words, n_init=1, random_state=random, compute_labels=False)
        waiting: list[NDArray[np.float32]] = []
        count = learned = 0
        for _, cells in _cells_in_batches(maps, order):
            flat = cells.reshape(-1, cells.shape[-1])[: self.max_cells - learned - count]
            waiting.append(flat)
            count += len(flat)
            if count >= _BATCH * self.n_words:
                with threads(free_cores()):
                    means.partial_fit(np.concatenate(waiting))
                learned, count, waiting = learned + count, 0, []
            if learned + count >= self.max_cells:
                break
        if count >= self.n_words or (learned and count):
            with threads(free_cores()):
                means.partial_fit(np.concatenate(waiting))
            learned += count
        if not learned:
            raise ValueError(
                f"{len(maps)} images have {count} readable cells, too few for {self.n_words} words; "
                "give fewer words, more images, or finer maps"
            )
        self.words_: NDArray[np.float32] = means.cluster_centers_
        self.n_cells_ = learned
        return self

    def transform(self, maps: Maps) -> NDArray[np.uint64]:
        """Return which words each image contains, packed.

        Parameters
        ----------
        maps
            As for `fit`, with as many channels.

        Returns
        -------
        array of shape (n_images, ceil(n_words / 64)), uint64
            What `pack_words` packs. An image whose map has NaN has no words.

        Raises
        ------
        ValueError
            If maps have another number of channels than those that words were learned from.
        """
        check_is_fitted(self)
        squares = (self.words_**2).sum(axis=1)
        packed = np.zeros((len(maps), -(-self.n_words // WORD_BITS)), np.uint64)
        for positions, cells in _cells_in_batches(maps, np.arange(len(maps))):
            if cells.shape[-1] != self.words_.shape[1]:
                raise ValueError(
                    f"maps have {cells.shape[-1]} channels, but the words were learned from "
                    f"{self.words_.shape[1]}"
                )
            there = np.zeros((len(positions), self.n_words), bool)
            with threads(1):
                for row, of in zip(there, cells, strict=True):
                    row[np.argmin(squares - 2 * (of @ self.words_.T), axis=1)] = True
            packed[positions] = pack_words(there)
        return packed


def _cells_in_batches(
    maps: Maps, order: NDArray[np.intp]
) -> Iterator[tuple[NDArray[np.intp], NDArray[np.float32]]]:
    """Yield positions and cells (n, rows * columns, channels) of length 1, a few images at a time."""
    for start in range(0, len(order), _AT_ONCE):
        positions = order[start : start + _AT_ONCE]
        listed = isinstance(maps, list | tuple)  # scikit-learn's cross-validation makes lists
        some = np.asarray([maps[i] for i in positions] if listed else maps[positions], np.float32)
        if some.ndim != 4:
            raise ValueError(f"maps have shape {some.shape}; give (n_images, rows, columns, channels)")
        whole = np.isfinite(some).all(axis=(1, 2, 3))
        cells = some[whole].reshape(int(whole.sum()), -1, some.shape[-1])
        lengths = np.linalg.norm(cells, axis=2, keepdims=True)
        if len(cells):
            yield positions[whole], cells / np.maximum(lengths, np.finfo(np.float32).tiny)
