"""All patterns searched in some images: what one task of the matcher does."""

from collections.abc import Iterable, Iterator, Sequence
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from ig_widgets.compute.pictures import Kind
from ig_widgets.compute.scenes import Scene
from ig_widgets.compute.search import Place, Search, Spectra, Workspace
from ig_widgets.compute.templates import Template

Oversized = Literal["zero", "shrink"]

_PIXELS_AT_ONCE = 2**23  # of images in memory, for which the spectra of a block of patterns are computed once
_BLOCK_BYTES = 2**25  # of such spectra


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

    def match(
        self, images: Iterable[NDArray[Any]], columns: Sequence[int] | None = None
    ) -> tuple[NDArray[np.float64], NDArray[np.int32]]:
        """Find the best place of each pattern in each image.

        Parameters
        ----------
        images
            (channels, H, W) each, as from `planes`; taken one by one. Those without pixels could not be read.
        columns
            Which patterns to search. Default: all.

        Returns
        -------
        scores : array of shape (n_images, n_kinds, n_columns)
            NaN in the rows of empty images, 0 where a pattern is flat or does not fit.
        boxes : array of shape (n_images, n_kinds, n_columns, 4)
            x0, y0, x1, y1; -1 where there is none.
        """
        order = range(len(self.templates)) if columns is None else columns
        templates = [self.templates[j] for j in order]
        workspace = Workspace(self._spectra)
        scores, boxes = [], []
        for batch in _batches(images):
            score = np.full((len(batch), len(self.kinds), len(templates)), np.nan)
            box = np.full((*score.shape, 4), -1, np.int32)
            scenes = [Scene(image, self.largest) if image.size else None for image in batch]
            for block in self._blocks(templates, scenes):
                for i, scene in enumerate(scenes):
                    if scene is not None:
                        for j in block:
                            self.match_one(scene, templates[j], workspace, score[i, :, j], box[i, :, j])
            scores.append(score)
            boxes.append(box)
        if not scores:
            return np.empty((0, len(self.kinds), len(templates))), np.empty(
                (0, len(self.kinds), len(templates), 4), np.int32
            )
        return np.concatenate(scores), np.concatenate(boxes)

    def places(
        self, scene: Scene, template: Template, workspace: Workspace, *, count: int = 1
    ) -> list[list[Place]]:
        """Find the best places of one pattern in one image, see `Scene.search`."""
        return scene.search(
            template,
            self.kinds,
            workspace,
            full=self.full,
            signed=self.signed,
            shrink=self.shrink,
            count=count,
        )

    def workspace(self) -> Workspace:
        """Return scratch memory for one thread."""
        return Workspace(self._spectra)

    def match_one(
        self,
        scene: Scene,
        template: Template,
        workspace: Workspace,
        scores: NDArray[np.float64],
        boxes: NDArray[np.int32],
    ) -> None:
        """Find the best place of one pattern: scores (n_kinds,) and boxes (n_kinds, 4), overwritten."""
        boxes[:] = -1
        for k, places in enumerate(self.places(scene, template, workspace)):
            scores[k] = 0
            for score, y, x, height, width in places:
                scores[k] = score if self.signed else abs(score)
                boxes[k] = x, y, x + width, y + height

    def _blocks(self, templates: Sequence[Template], scenes: Sequence[Scene | None]) -> Iterator[list[int]]:
        """Positions of the patterns, those of one size together, in blocks whose spectra fit into memory."""
        pixels = max((scene.largest_part for scene in scenes if scene is not None), default=0)
        block: list[int] = []
        size = 0
        for j in sorted(range(len(templates)), key=lambda j: (templates[j].height, templates[j].width)):
            template = templates[j]
            bytes_ = 4 * pixels * len(template.pixels) // (1 if self.full else template.factor**2)
            if block and size + bytes_ > _BLOCK_BYTES:
                yield block
                block, size = [], 0
            block.append(j)
            size += bytes_
        yield block


def _batches(images: Iterable[NDArray[Any]]) -> Iterator[list[NDArray[Any]]]:
    """Images together until they have many pixels."""
    batch: list[NDArray[Any]] = []
    pixels = 0
    for image in images:
        batch.append(image)
        pixels += image.size
        if pixels >= _PIXELS_AT_ONCE:
            yield batch
            batch, pixels = [], 0
    if batch:
        yield batch
