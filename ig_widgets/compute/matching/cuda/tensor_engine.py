"""Search of all patterns in some images on a GPU; the CPU settles doubtful scores."""

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ig_widgets.compute.matching.cuda.tensors import best_places
from ig_widgets.compute.matching.search.channels import luminance
from ig_widgets.compute.matching.search.engine import Engine


class TensorEngine:
    """The same patterns and the same results, within 1e-4, as those of an engine with full search.

    Parameters
    ----------
    engine
        The patterns, and how to search them.
    device
        A device of torch.
    """

    def __init__(self, engine: Engine, device: str) -> None:
        self._engine = Engine(
            engine.templates,
            engine.kinds,
            search="full",
            signed=engine.signed,
            oversized="shrink" if engine.shrink else "zero",
        )
        self._device = device

    def match(
        self, images: Iterable[NDArray[Any]], columns: Sequence[int] | None = None
    ) -> tuple[NDArray[np.float64], NDArray[np.int32]]:
        """Find the best place of each pattern in each image, as `Engine.match` does."""
        engine = self._engine
        order = tuple(range(len(engine.templates)) if columns is None else columns)
        templates = [engine.templates[j] for j in order]
        arrays = list(images)
        scores = np.full((len(arrays), len(engine.kinds), len(templates)), np.nan)
        boxes = np.full((*scores.shape, 4), -1, np.int32)
        sure = np.zeros(scores.shape, bool)
        for image_channels in (1, 3):
            rows = [i for i, image in enumerate(arrays) if image.size and len(image) == image_channels]
            for channels in (1, 3):
                these = [j for j, template in enumerate(templates) if len(template.pixels) == channels]
                if not rows or not these:
                    continue
                gray = image_channels != channels
                pixels = [luminance(arrays[i]) if gray else arrays[i] for i in rows]
                patterns = [templates[j].gray if gray else templates[j] for j in these]
                for k, kind in enumerate(engine.kinds):
                    best, ys, xs, known = best_places(
                        pixels,
                        [pattern.pixels for pattern in patterns],
                        device=self._device,
                        scores=kind,
                        signed=engine.signed,
                    )
                    here = np.ix_(rows, [k], these)
                    scores[here], sure[here] = best[:, None], known[:, None]
                    sizes = np.array([(pattern.width, pattern.height) for pattern in patterns], np.int32)
                    boxes[here] = np.where(
                        (xs < 0)[..., None], -1, np.dstack([xs, ys, xs + sizes[:, 0], ys + sizes[:, 1]])
                    )[:, None]
        if engine.shrink:
            for i, image in enumerate(arrays):
                for j, template in enumerate(templates):
                    sure[i, :, j] &= template.fits(*image.shape[1:])
        for i, image in enumerate(arrays):  # the processor settles what the GPU cannot tell for sure
            doubtful = np.flatnonzero(~sure[i].all(axis=0)) if image.size else np.empty(0, int)
            if len(doubtful):
                found, places = engine.match([image], [order[j] for j in doubtful])
                scores[i][:, doubtful], boxes[i][:, doubtful] = found[0], places[0]
        return scores, boxes
