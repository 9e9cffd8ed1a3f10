"""Reading and adding similarities in one folder of a feature store."""

from __future__ import annotations

import threading
from collections import defaultdict
from dataclasses import dataclass
from time import monotonic
from typing import TYPE_CHECKING, Self

import numpy as np

from ig_widgets.compute.matching.store.feature_segments import (
    Features,
    read_digests,
    read_features,
    remove_stale,
    whole_file,
    write_segment,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

    from numpy.typing import ArrayLike, NDArray

_MAX_UNSAVED = 32 * 2**20  # bytes
_MAX_LOADED = 64 * 2**20  # bytes
_ROW = 400  # bytes that a row takes in memory beside its numbers


@dataclass(eq=False, slots=True)
class _Segment:
    """A file, and which columns of the session are which of its own."""

    path: Path
    columns: list[int]
    own_columns: list[int]
    gone: bool = False


class FeatureSession:
    """Reading and adding the similarities to certain patterns; made by `FeatureStore.open`.

    What is added is written by itself, after a second or 0.5 % of the session's time, whichever is longer,
    and at the end of a ``with`` block, also when an exception ends it: a process that is killed loses no more
    than that. The session knows what was in the store when it was opened and what it has added, not what
    others add meanwhile. Several threads may share it.

    Only the digests of the images are kept in memory, about 150 bytes for each image that has similarities to
    one of the patterns, and up to 64 MiB of the similarities last read.
    """

    def __init__(self, folder: Path, parameters: str, patterns: Sequence[bytes]) -> None:
        self._folder = folder
        self._parameters = parameters
        self._patterns = tuple(patterns)
        self._segments: dict[bytes, tuple[_Segment, ...]] = {}  # which of them know an image
        self._loaded: dict[_Segment, Features] = {}  # the last used is the last
        self._unsaved: defaultdict[
            tuple[int, ...], dict[bytes, tuple[NDArray[np.float64], NDArray[np.int32]]]
        ] = defaultdict(dict)  # by columns and image
        self._unsaved_bytes = 0
        self._lock = threading.RLock()
        self._began = self._saved = monotonic()
        remove_stale(folder)
        for path in sorted(folder.glob("*.npz")):
            digests = read_digests(path)
            if digests is not None:
                self._know(path, *digests)

    def __enter__(self) -> Self:
        """Return the session."""
        return self

    def __exit__(self, *_error: object) -> None:
        """Write what is not written yet."""
        self.flush()

    def read(
        self, images: Sequence[bytes]
    ) -> tuple[NDArray[np.float64], NDArray[np.int32], NDArray[np.bool_]]:
        """Look up what is known about some images.

        It is fastest to ask for images in the order in which they were added, or for many at once: each file
        is read once in a call.

        Parameters
        ----------
        images
            Their digests.

        Returns
        -------
        scores : array of shape (n_images, n_patterns)
            NaN where unknown.
        boxes : int32 array of shape (n_images, n_patterns, 4)
            -1 where unknown.
        known : bool array of shape (n_images, n_patterns)
        """
        shape = len(images), len(self._patterns)
        scores, boxes, known = (
            np.full(shape, np.nan),
            np.full((*shape, 4), -1, np.int32),
            np.zeros(shape, bool),
        )
        with self._lock:
            wanted: defaultdict[_Segment, list[int]] = defaultdict(list)
            for i, image in enumerate(images):
                for segment in self._segments.get(image, ()):
                    wanted[segment].append(i)
            for segment, rows in wanted.items():
                features = self._features(segment)
                if features is not None:
                    here = np.ix_(rows, segment.columns)
                    there = np.ix_([features.rows[images[i]] for i in rows], segment.own_columns)
                    scores[here], boxes[here], known[here] = (
                        features.scores[there],
                        features.boxes[there],
                        True,
                    )
            for added, found in self._unsaved.items():
                columns, own_columns = self._in_common([self._patterns[j] for j in added])
                for i, image in enumerate(images):
                    if image in found:
                        scores[i, columns], boxes[i, columns] = (part[own_columns] for part in found[image])
                        known[i, columns] = True
        return scores, boxes, known

    def add(
        self, images: Sequence[bytes], columns: Sequence[int], scores: ArrayLike, boxes: ArrayLike
    ) -> None:
        """Keep the similarities of some images to some of the patterns.

        Parameters
        ----------
        images
            The digests of m images.
        columns
            The positions of k patterns among those of the session.
        scores
            (m, k); not NaN: an image that cannot be read has no place here.
        boxes
            (m, k, 4), int32.

        Raises
        ------
        ValueError
            If a shape is wrong or a score is NaN.
        OSError
            If it is time to write, and the store cannot be written to.
        """
        scores, boxes = np.array(scores, np.float64), np.array(boxes, np.int32)
        shape = len(images), len(columns)
        if scores.shape != shape or boxes.shape != (*shape, 4):
            raise ValueError(
                f"scores {scores.shape} and boxes {boxes.shape} do not fit {shape[0]} images and {shape[1]} "
                f"patterns; give {shape} and {(*shape, 4)}"
            )
        if np.isnan(scores).any():
            raise ValueError("scores hold NaN; leave out the images that cannot be read")
        if scores.size == 0:
            return
        with self._lock:
            self._unsaved[tuple(columns)].update(zip(images, zip(scores, boxes, strict=True), strict=True))
            self._unsaved_bytes += scores.nbytes + boxes.nbytes + _ROW * len(images)
            now = monotonic()
            if self._unsaved_bytes > _MAX_UNSAVED or now - self._saved > max(1, (now - self._began) / 200):
                self.flush()

    def flush(self) -> None:
        """Write what has been added and is not written yet.

        Raises
        ------
        OSError
            If the store cannot be written to; what has been added is kept, so that it may be tried again.
        """
        with self._lock:
            for columns, found in list(self._unsaved.items()):
                patterns = [self._patterns[j] for j in columns]
                scores, boxes = (np.stack(part) for part in zip(*found.values(), strict=True))
                try:
                    self._folder.mkdir(parents=True, exist_ok=True)
                    described = self._folder / "parameters.json"
                    if not described.exists():
                        with whole_file(described) as file:
                            file.write(self._parameters.encode())
                    path = write_segment(self._folder, list(found), patterns, scores, boxes)
                except OSError as error:
                    raise OSError(
                        f"cannot write features to '{self._folder}' ({error.strerror}); "
                        "make room, change its mode or give the store another folder"
                    ) from error
                self._know(path, found, patterns)
                del self._unsaved[columns]
            self._unsaved_bytes = 0
            self._saved = monotonic()

    def _know(self, path: Path, images: Iterable[bytes], patterns: Sequence[bytes]) -> None:
        """Remember which images and patterns a segment knows."""
        segment = _Segment(path, *self._in_common(patterns))
        if not segment.columns:
            return
        joined: dict[tuple[_Segment, ...], tuple[_Segment, ...]] = {}  # many images share one tuple
        for image in images:
            others = self._segments.get(image, ())
            self._segments[image] = joined.setdefault(others, (*others, segment))

    def _in_common(self, patterns: Sequence[bytes]) -> tuple[list[int], list[int]]:
        """Return the columns of the session whose pattern is among these, and its positions here."""
        positions = {pattern: j for j, pattern in enumerate(patterns)}
        columns = [j for j, pattern in enumerate(self._patterns) if pattern in positions]
        return columns, [positions[self._patterns[j]] for j in columns]

    def _features(self, segment: _Segment) -> Features | None:
        """Return what a segment holds, from memory where it was used lately."""
        features = self._loaded.pop(segment, None)
        if features is None and not segment.gone:
            features = read_features(segment.path)
        if features is None:
            segment.gone = True
            return None
        self._loaded[segment] = features
        while sum(_size(one) for one in self._loaded.values()) > _MAX_LOADED and len(self._loaded) > 1:
            del self._loaded[next(iter(self._loaded))]
        return features


def _size(features: Features) -> int:
    return features.scores.nbytes + features.boxes.nbytes + _ROW * len(features.rows)
