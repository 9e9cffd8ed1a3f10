"""The second step: more patterns are made of those that were cut out (Heo et al. 2020, section 4)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal, TypeAlias

from ig_widgets.compute.augmentation.gan import PatternGAN
from ig_widgets.compute.augmentation.per_class import draw_per_class, generate_per_class
from ig_widgets.compute.augmentation.policies import PolicyAugmenter
from ig_widgets.compute.pipeline.progress import show_progress
from ig_widgets.compute.pipeline.seeds import clone_seeded
from ig_widgets.data.images import ImageSet

if TYPE_CHECKING:
    from collections.abc import Sequence
    from os import PathLike

    import numpy as np
    from numpy.typing import NDArray

    from ig_widgets.compute.matching.store.feature_store import FeatureStore

Augmentation: TypeAlias = Literal["policy", "search", "gan"] | PolicyAugmenter | PatternGAN | ImageSet


def check_augmentations(augment: Sequence[Augmentation]) -> None:
    """Raise a ValueError if one of these is unknown."""
    for way in augment:
        known = way in ("policy", "search", "gan") if isinstance(way, str) else _makes_patterns(way)
        if not known:
            raise ValueError(
                f"augment holds {way!r}; give a tuple of 'policy' or 'search', and 'gan', or a "
                "PolicyAugmenter and a PatternGAN, or patterns"
            )


def augment_patterns(
    patterns: ImageSet,
    images: ImageSet,
    y: NDArray[np.intp],
    augment: Sequence[Augmentation],
    *,
    n_augmented: int = 100,
    store: FeatureStore | str | PathLike[str] | None = None,
    n_jobs: int | None = None,
    progress: bool = False,
    random_state: int = 0,
) -> tuple[ImageSet, PolicyAugmenter | None]:
    """Make more patterns, as many of each class.

    Parameters
    ----------
    patterns
        The patterns that were cut out.
    images, y
        The labeled images and their classes, which a search for operations learns from (section 4.2).
    augment
        Ways to make patterns. "policy" stands for the operations of `PolicyAugmenter`, "search" for those
        operations that serve these images best, "gan" for a `PatternGAN` of each class (section 4.1).
        Patterns that were made before are taken as they are.
    n_augmented
        Number of patterns that each way makes, shared evenly among the classes.
    store, n_jobs, progress
        Of the `PolicyAugmenter` that a name stands for; `progress` also of the training of a GAN.
    random_state
        Seed. An augmenter with a ``random_state`` of its own keeps it.

    Returns
    -------
    made : ImageSet
        The patterns made, way by way.
    augmenter : PolicyAugmenter or None
        What applied the operations, fitted.
    """
    check_augmentations(augment)
    settings: dict[str, Any] = {"store": store, "n_jobs": n_jobs, "progress": progress}
    made, augmenter = patterns[:0], None
    for way in augment:
        if isinstance(way, ImageSet):
            made += way
        elif way == "gan" or isinstance(way, PatternGAN):
            gan = PatternGAN() if isinstance(way, str) else way
            made += generate_per_class(
                patterns,
                n_augmented,
                gan=gan,
                random_state=gan.random_state if isinstance(gan.random_state, int) else random_state,
                watch=lambda records, name: show_progress(records, name, shown=progress),
            )
        else:
            search: Literal["triples"] | None = "triples" if way == "search" else None
            named = PolicyAugmenter(operation_search=search, **settings)
            given = way if isinstance(way, PolicyAugmenter) else named
            augmenter = clone_seeded(given, random_state)
            samples = augmenter.fit(patterns, images, y).transform(patterns)
            made += draw_per_class(samples, n_augmented, random_state)
    return made, augmenter


def _makes_patterns(way: object) -> bool:
    return isinstance(way, PolicyAugmenter | PatternGAN | ImageSet)
