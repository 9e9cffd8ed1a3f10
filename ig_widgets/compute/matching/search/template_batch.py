"""Batches of patterns that are searched in one compiled call per image."""

from collections.abc import Iterator, Sequence
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ig_widgets.compute.matching.search.arrays import TemplateArrays, TemplateLines
from ig_widgets.compute.matching.search.prepared_image import Kind
from ig_widgets.compute.matching.search.templates import Template

_TOGETHER = 8  # patterns in a batch: fewer calls, and correlations that still fit into the processor's cache


class TemplateBatch:
    """Patterns to search together: not flat, with equal channels and factor, those of one size side by side.

    Parameters
    ----------
    templates
        The patterns.
    """

    def __init__(self, templates: Sequence[Template]) -> None:
        self.templates = tuple(templates)
        self.factor = templates[0].factor
        self.channels = len(templates[0].pixels)
        means = np.array([template.means for template in templates])
        self._means: dict[Kind, NDArray[np.float64]] = {"centered": means[:, :0].copy(), "uncentered": means}
        self._norms = {kind: np.array([t.norms[kind] for t in templates]) for kind in self._means}
        self._parts: dict[tuple[int, int], TemplateBatch] = {}

    @cached_property
    def gray(self) -> "TemplateBatch":
        """The luminance of the patterns."""
        return self if self.channels == 1 else TemplateBatch([template.gray for template in self.templates])

    @cached_property
    def sizes(self) -> NDArray[np.int64]:
        """(patterns, 3): height, width, and where the pattern begins in `deviations`."""
        areas = [self.channels * template.height * template.width for template in self.templates]
        starts = np.cumsum([0, *areas[:-1]])
        return np.array(
            [(t.height, t.width, start) for t, start in zip(self.templates, starts, strict=True)], np.int64
        )

    @cached_property
    def deviations(self) -> NDArray[np.float64]:
        """The patterns without their means, one after the other."""
        return np.concatenate([template.deviations.ravel() for template in self.templates])

    @cached_property
    def lines(self) -> dict[int, TemplateLines]:
        """The patterns' lines by factor, 1 and 2."""
        found = {}
        for factor in (1, 2):
            lines = [
                template.lines[factor].ravel() if factor <= self.factor else np.empty(0, np.float32)
                for template in self.templates
            ]
            found[factor] = TemplateLines(np.concatenate(lines), np.cumsum([0, *map(len, lines)]))
        return found

    def norms(self, kind: Kind) -> NDArray[np.float64]:
        """Norm of each pattern, (patterns,)."""
        return self._norms[kind]

    def arrays(self, kind: Kind) -> TemplateArrays:
        """Return the patterns for one kind of score."""
        return TemplateArrays(self.deviations, self.sizes, self._norms[kind], self._means[kind])

    def part(self, start: int, stop: int) -> "TemplateBatch":
        """Return the batch of some of the patterns, always the same one."""
        if start == 0 and stop >= len(self.templates):
            return self
        if (start, stop) not in self._parts:
            self._parts[start, stop] = TemplateBatch(self.templates[start:stop])
        return self._parts[start, stop]

    def spectra(self, factor: int, shape: tuple[int, ...], *, tall: bool) -> NDArray[Any]:
        """Spectra as from `prepared_image.spectrum`, with the patterns in front."""
        return np.stack([template.spectrum(factor, shape, tall=tall) for template in self.templates])


def batch_templates(templates: Sequence[Template]) -> Iterator[tuple[list[int], TemplateBatch]]:
    """Sort patterns into batches; flat ones are in none.

    Yields
    ------
    positions : list of int
        Of the patterns of the batch.
    batch : TemplateBatch
    """
    order = sorted(
        (j for j, template in enumerate(templates) if not template.flat),
        key=lambda j: (
            len(templates[j].pixels),
            templates[j].factor,
            templates[j].height,
            templates[j].width,
        ),
    )
    positions: list[int] = []
    for j in order:
        first = templates[positions[0]] if positions else templates[j]
        kin = len(first.pixels) == len(templates[j].pixels) and first.factor == templates[j].factor
        if positions and (not kin or len(positions) == _TOGETHER):
            yield positions, TemplateBatch([templates[k] for k in positions])
            positions = []
        positions.append(j)
    if positions:
        yield positions, TemplateBatch([templates[k] for k in positions])
