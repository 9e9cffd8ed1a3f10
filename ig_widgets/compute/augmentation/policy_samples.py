"""Samples of a policy: patterns changed by operations with random magnitudes, and their provenance."""

from collections.abc import Iterator
from hashlib import blake2b
from typing import Any, NamedTuple, TypeAlias

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from ig_widgets.compute.augmentation.operations import OPERATIONS, Fill, apply_operation
from ig_widgets.data.annotations import BOX
from ig_widgets.data.images import ImageSet

_Pixels: TypeAlias = NDArray[np.uint8]

_OF_PARENT = {"image": "str", "label": "str", **dict.fromkeys(BOX, "float64")}
_OF_SAMPLE = {"parent": "str", "operation": "str", "magnitude": "float64", "seed": "Int64"}
_OF_DROPPED = {"parent": "str", "operation": "str", "magnitude": "float64", "reason": "str"}


class _Sample(NamedTuple):
    pixels: _Pixels
    id_: str
    parent: str
    operation: str
    magnitude: float
    seed: int


def policy_samples(
    patterns: ImageSet,
    operations: tuple[str, ...],
    *,
    magnitudes: int,
    composed: bool,
    fill: Fill,
    seed: int,
) -> tuple[ImageSet, pd.DataFrame]:
    """Return the samples of patterns, and the samples that were dropped; see `PolicyAugmenter`.

    Parameters
    ----------
    patterns
        Patterns, with or without provenance.
    operations, magnitudes, composed, fill
        As `PolicyAugmenter` has checked them.
    seed
        The seed of a sample is made of this, the pattern's id, the operation and the sample's number.

    Returns
    -------
    samples : ImageSet
        Pattern by pattern, in the order of the operations.
    dropped : DataFrame
        ``parent, operation, magnitude, reason``.
    """
    recipes = [operations] if composed else [(operation,) for operation in operations]
    kept: list[_Sample] = []
    rows: list[int] = []
    dropped: list[dict[str, Any]] = []
    for row, (parent, pattern) in enumerate(zip(patterns.ids, patterns, strict=True)):
        if pattern.size == 0:
            continue  # it cannot be read: the pass has warned about it
        known = {_content(pattern)}
        for recipe in recipes:
            for sample in _draw(parent, pattern, recipe, magnitudes=magnitudes, fill=fill, seed=seed):
                reason = _reason_against(sample.pixels, known)
                if reason:
                    dropped.append({**sample._asdict(), "reason": reason})
                else:
                    known.add(_content(sample.pixels))
                    kept.append(sample)
                    rows.append(row)
    parents = (
        patterns.provenance if patterns.provenance is not None else pd.DataFrame(index=range(len(patterns)))
    )
    of_parent = parents.reindex(columns=list(_OF_PARENT)).iloc[rows].reset_index(drop=True)
    of_sample = pd.DataFrame(kept, columns=_Sample._fields)[list(_OF_SAMPLE)]
    samples = ImageSet.from_arrays(
        [sample.pixels for sample in kept],
        ids=[sample.id_ for sample in kept],
        provenance=pd.concat([of_parent.astype(_OF_PARENT), of_sample.astype(_OF_SAMPLE)], axis=1),
    )
    return samples, pd.DataFrame(dropped, columns=list(_OF_DROPPED)).astype(_OF_DROPPED)


def _draw(
    parent: str, pattern: _Pixels, recipe: tuple[str, ...], *, magnitudes: int, fill: Fill, seed: int
) -> Iterator[_Sample]:
    name = "+".join(recipe)
    ranges = [OPERATIONS[operation] for operation in recipe]
    number = magnitudes if any(ranges) else 1
    for k in range(number):
        own_seed = _seed(seed, parent, name, k)
        # not the stream that places Cutout: the place would depend on the magnitude
        rng = np.random.default_rng([own_seed, 0])
        drawn = [np.nan if bounds is None else rng.uniform(*bounds) for bounds in ranges]
        pixels = pattern
        for operation, magnitude in zip(recipe, drawn, strict=True):
            pixels = apply_operation(pixels, operation, magnitude, fill=fill, seed=own_seed)
        yield _Sample(
            pixels,
            f"{parent}/{name}-{k}" if any(ranges) else f"{parent}/{name}",
            parent,
            name,
            drawn[0] if len(recipe) == 1 else np.nan,
            own_seed,
        )


def _seed(seed: int, parent: str, name: str, k: int) -> int:
    # a hash: it is the same on every machine, and numbers nearby have nothing in common
    return int.from_bytes(blake2b(f"{seed} {k} {name} {parent}".encode(), digest_size=7).digest())


def _reason_against(pixels: _Pixels, known: set[tuple[tuple[int, ...], bytes]]) -> str:
    """Return why a sample is dropped, "" if it is not."""
    if min(pixels.shape[:2]) < 2:
        return "too small"
    if (pixels == pixels[0, 0]).all():
        return "flat"
    return "identical" if _content(pixels) in known else ""


def _content(pixels: _Pixels) -> tuple[tuple[int, ...], bytes]:
    return pixels.shape, pixels.tobytes()
