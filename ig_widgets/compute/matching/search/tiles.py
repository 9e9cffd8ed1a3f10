"""Large images as overlapping tiles that are searched one by one."""

from collections.abc import Sequence
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ig_widgets.compute.matching.search.channels import luminance
from ig_widgets.compute.matching.search.image_search import Place, Workspace, best, search
from ig_widgets.compute.matching.search.prepared_image import FACTORS, Kind, PreparedImage
from ig_widgets.compute.matching.search.template_batch import TemplateBatch

_SIDE = 2048  # of the parts of an image with more pixels than the square: bounds the size of transforms


class TiledImage:
    """An image in which patterns are searched.

    Parameters
    ----------
    pixels
        (channels, H, W), as from `as_channels`.
    largest
        Height and width that no pattern exceeds.
    """

    def __init__(self, pixels: NDArray[Any], largest: tuple[int, int]) -> None:
        self.pixels = pixels
        self.largest = largest
        self.height, self.width = pixels.shape[1:]
        largest = (min(largest[0], self.height), min(largest[1], self.width))
        sides = (self.height, self.width)
        if self.height * self.width > _SIDE**2:
            sides = (max(_SIDE, 4 * largest[0]), max(_SIDE, 4 * largest[1]))
        self.tiles = [
            (
                top,
                left,
                PreparedImage(np.ascontiguousarray(pixels[:, top : top + sides[0], left : left + sides[1]])),
            )
            for top in _starts(self.height, sides[0], largest[0])
            for left in _starts(self.width, sides[1], largest[1])
        ]

    @property
    def nbytes(self) -> int:
        """Memory held, in bytes."""
        held = sum(tile.nbytes for _, _, tile in self.tiles)
        if len(self.tiles) > 1:
            held += self.pixels.nbytes
        gray = self.__dict__.get("gray", self)
        return held if gray is self else held + gray.nbytes

    def holds(self, largest: tuple[int, int]) -> bool:
        """Whether patterns of this height and width can be searched."""
        return len(self.tiles) == 1 or (largest[0] <= self.largest[0] and largest[1] <= self.largest[1])

    @property
    def largest_tile(self) -> int:
        """Pixels of the largest part."""
        return max(int(tile.height * tile.width) for _, _, tile in self.tiles)

    @cached_property
    def gray(self) -> "TiledImage":
        """The luminance of the image; a gray image is its own."""
        return self if len(self.pixels) == 1 else TiledImage(luminance(self.pixels), self.largest)

    def search(
        self,
        batch: TemplateBatch,
        kinds: Sequence[Kind],
        workspace: Workspace,
        *,
        full: bool,
        signed: bool,
        count: int = 1,
    ) -> list[list[list[Place]]]:
        """Find the best places of some patterns, as `compute.matching.search.search` does.

        When only one of image and patterns is in color, the luminance of both is used.
        """
        if batch.channels != len(self.pixels):
            return self.gray.search(batch.gray, kinds, workspace, full=full, signed=signed, count=count)
        found: list[list[list[Place]]] = [[[] for _ in kinds] for _ in batch.templates]
        seen = [j for j, template in enumerate(batch.templates) if not template.flat]
        if not seen:
            return found
        if len(seen) < len(batch.templates):  # colors of one luminance
            visible = TemplateBatch([batch.templates[j] for j in seen])
            rest = self.search(visible, kinds, workspace, full=full, signed=signed, count=count)
            for j, of_kinds in zip(seen, rest, strict=True):
                found[j] = of_kinds
            return found
        for top, left, tile in self.tiles:
            new = search(tile, batch, kinds, workspace, full=full, signed=signed, count=count)
            for j, of_kinds in enumerate(new):
                for k, places in enumerate(of_kinds):
                    found[j][k] += [place._replace(y=top + place.y, x=left + place.x) for place in places]
        if len(self.tiles) > 1:
            found = [[best(places, count, signed=signed) for places in of_kinds] for of_kinds in found]
        return found


def _starts(length: int, side: int, largest: int) -> list[int]:
    """Where parts begin so that every window lies in one of them."""
    if length <= side:
        return [0]
    step = (side - largest + 1) // FACTORS[0] * FACTORS[0]
    return list(range(0, length - largest + 1, step))
