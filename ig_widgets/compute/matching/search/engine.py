"""Search of all patterns in some images: the work of one task of the matcher."""

from collections.abc import Iterable, Iterator, Sequence
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from ig_widgets.compute.matching.search.image_search import Place, Search, Spectra, Workspace
from ig_widgets.compute.matching.search.prepared_image import Kind
from ig_widgets.compute.matching.search.template_batch import TemplateBatch, batch_templates
from ig_widgets.compute.matching.search.templates import Template
from ig_widgets.compute.matching.search.tiles import TiledImage

Oversized = Literal["zero", "shrink"]

_PRODUCT_BYTES = 2**24  # of correlations with one image that are computed together
_PIXELS_AT_ONCE = 2**23  # of images in memory, searched together for a batch of patterns


class Engine:
    """Patterns, and how to search them; travels to threads and to other processes.

    Parameters
    ----------
    templates
        The patterns.
    kinds
        Which scores.
    search
        "full" or "pyramid".
    signed
        Rank places by the score itself, not by its absolute value.
    oversized
        What to do with a pattern larger than an image: "zero" or "shrink".
    """

    def __init__(
        self,
        templates: Sequence[Template],
        kinds: Sequence[Kind],
        *,
        search: Search,
        signed: bool,
        oversized: Oversized,
    ) -> None:
        self.templates = list(templates)
        self.kinds = tuple(kinds)
        self.full = search == "full"
        self.signed = signed
        self.shrink = oversized == "shrink"
        self.largest = (max(t.height for t in templates), max(t.width for t in templates))
        self._spectra = Spectra()
        self._batches: dict[tuple[int, ...], list[tuple[list[int], TemplateBatch]]] = {}

    def match(
        self, images: Iterable[NDArray[Any]], columns: Sequence[int] | None = None
    ) -> tuple[NDArray[np.float64], NDArray[np.int32]]:
        """Find the best place of each pattern in each image.

        Parameters
        ----------
        images
            (channels, H, W) each, as from `as_channels`; taken one by one. Those without pixels could not
            be read.
        columns
            Which patterns to search. Default: all.

        Returns
        -------
        scores : array of shape (n_images, n_kinds, n_columns)
            NaN in the rows of empty images, 0 where a pattern is flat or does not fit.
        boxes : array of shape (n_images, n_kinds, n_columns, 4)
            x0, y0, x1, y1; -1 where there is none.
        """
        columns = tuple(range(len(self.templates)) if columns is None else columns)
        templates = [self.templates[j] for j in columns]
        workspace = self.workspace()
        shape = (len(self.kinds), len(templates))
        scores, boxes = [np.empty((0, *shape))], [np.empty((0, *shape, 4), np.int32)]
        for chunk in _chunks(images):
            score = np.zeros((len(chunk), *shape))
            box = np.full((len(chunk), *shape, 4), -1, np.int32)
            tiled_images = [TiledImage(pixels, self.largest) if pixels.size else None for pixels in chunk]
            largest = max((image.largest_tile for image in tiled_images if image is not None), default=1)
            for positions, batch in self._batches_of(columns):
                pixels = largest // (1 if self.full else batch.factor**2)
                together = max(1, _PRODUCT_BYTES // (4 * max(1, pixels)))
                for start in range(0, len(positions), together):
                    part = batch.part(start, start + together)
                    for i, image in enumerate(tiled_images):
                        if image is not None:
                            found = self.places(image, part, workspace)
                            self._put(positions[start : start + together], found, score[i], box[i])
            if self.shrink:
                self._search_shrunk(tiled_images, templates, workspace, score, box)
            score[[image is None for image in tiled_images]] = np.nan
            scores.append(score)
            boxes.append(box)
        return np.concatenate(scores), np.concatenate(boxes)

    def places(
        self, image: TiledImage, batch: TemplateBatch, workspace: Workspace, *, count: int = 1
    ) -> list[list[list[Place]]]:
        """Find the best places of some patterns in one image, see `TiledImage.search`."""
        return image.search(batch, self.kinds, workspace, full=self.full, signed=self.signed, count=count)

    def workspace(self) -> Workspace:
        """Return scratch memory for one thread."""
        return Workspace(self._spectra)

    def __getstate__(self) -> dict[str, Any]:
        """Travel to another process without what can be made again."""
        return {**self.__dict__, "_batches": {}}

    def _batches_of(self, columns: tuple[int, ...]) -> list[tuple[list[int], TemplateBatch]]:
        """Blocks of the patterns; those asked for last are remembered, and their spectra with them."""
        found = self._batches.get(columns)
        if found is None:
            found = list(batch_templates([self.templates[j] for j in columns]))
            self._batches = {columns: found}
        return found

    def _put(
        self,
        positions: Sequence[int],
        found: Sequence[Sequence[Sequence[Place]]],
        scores: NDArray[np.float64],
        boxes: NDArray[np.int32],
    ) -> None:
        """Enter places into an image's scores (n_kinds, n_patterns) and boxes (n_kinds, n_patterns, 4)."""
        for j, of_kinds in zip(positions, found, strict=True):
            for k, places in enumerate(of_kinds):
                for score, y, x, height, width in places:
                    scores[k, j] = score if self.signed else abs(score)
                    boxes[k, j] = x, y, x + width, y + height

    def _search_shrunk(
        self,
        tiled_images: Sequence[TiledImage | None],
        templates: Sequence[Template],
        workspace: Workspace,
        scores: NDArray[np.float64],
        boxes: NDArray[np.int32],
    ) -> None:
        """Search the patterns that are too large for an image, reduced to fit."""
        for i, image in enumerate(tiled_images):
            for j, template in enumerate(templates):
                if image is not None and not template.flat and not template.fits(image.height, image.width):
                    shrunk = template.shrink_to_fit(image.height, image.width)
                    if not shrunk.flat:
                        found = self.places(image, TemplateBatch([shrunk]), workspace)
                        self._put([j], found, scores[i], boxes[i])


def _chunks(images: Iterable[NDArray[Any]]) -> Iterator[list[NDArray[Any]]]:
    """Images together until they have many pixels."""
    chunk: list[NDArray[Any]] = []
    pixels = 0
    for image in images:
        chunk.append(image)
        pixels += image.size
        if pixels >= _PIXELS_AT_ONCE:
            yield chunk
            chunk, pixels = [], 0
    if chunk:
        yield chunk
