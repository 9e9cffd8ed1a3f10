"""Segments: files that hold the scores and boxes of some images for some patterns."""

from __future__ import annotations

import os
import time
import uuid
import warnings
from contextlib import contextmanager, suppress
from typing import IO, TYPE_CHECKING, Any, NamedTuple

import numpy as np

from ig_widgets.data.errors import DamagedFeaturesWarning

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

_ARRAYS = {"images": np.uint8, "patterns": np.uint8, "scores": np.float64, "boxes": np.int32}
_TEMPORARY, _DAMAGED = ".tmp", ".damaged"
_STALE = 24 * 3600  # seconds; writing takes less than one


class Features(NamedTuple):
    """What a segment holds: the row of each image, and the scores and boxes in these rows."""

    rows: dict[bytes, int]
    scores: NDArray[np.float64]
    boxes: NDArray[np.int32]


def write_segment(
    folder: Path,
    images: Sequence[bytes],
    patterns: Sequence[bytes],
    scores: NDArray[np.float64],
    boxes: NDArray[np.int32],
) -> Path:
    """Write a segment of n images and k patterns under a new name; it is there whole or not at all."""
    path = folder / f"{uuid.uuid4().hex}.npz"
    with whole_file(path) as file:
        # not compressed: that takes a third off, and thirty times as long
        np.savez(file, images=_array(images), patterns=_array(patterns), scores=scores, boxes=boxes)
    return path


def read_digests(path: Path) -> tuple[list[bytes], list[bytes]] | None:
    """Read which images and patterns a segment knows, not what; None when it is gone or damaged."""
    arrays = _read(path, ["images", "patterns"])
    return None if arrays is None else (_digests(arrays["images"]), _digests(arrays["patterns"]))


def read_features(path: Path) -> Features | None:
    """Read a whole segment; None when it is gone or damaged."""
    arrays = _read(path, list(_ARRAYS))
    if arrays is None:
        return None
    rows = {image: row for row, image in enumerate(_digests(arrays["images"]))}
    return Features(rows, arrays["scores"], arrays["boxes"])


@contextmanager
def whole_file(path: Path) -> Iterator[IO[bytes]]:
    """Write a file so that others, and those who come after a crash, see all of it or nothing."""
    temporary = path.with_name(uuid.uuid4().hex + _TEMPORARY)
    try:
        with temporary.open("wb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)


def remove_stale(folder: Path) -> None:
    """Remove what killed writers have left behind, a day later."""
    for path in folder.glob(f"*{_TEMPORARY}"):
        with suppress(OSError):  # somebody else was faster, or the folder is read-only
            if time.time() - path.stat().st_mtime > _STALE:
                path.unlink()


def _array(digests: Sequence[bytes]) -> NDArray[np.uint8]:
    return np.frombuffer(b"".join(digests), np.uint8).reshape(len(digests), 16)


def _digests(array: NDArray[np.uint8]) -> list[bytes]:
    content = array.tobytes()
    return [content[start : start + 16] for start in range(0, len(content), 16)]


def _read(path: Path, names: list[str]) -> dict[str, NDArray[Any]] | None:
    """Read some arrays of a segment; one that is damaged is warned about and put aside."""
    try:
        file = path.open("rb")
    except FileNotFoundError:  # somebody else has put it aside
        return None
    except OSError as error:
        raise OSError(
            f"cannot read features from '{path}' ({error.strerror}); "
            "change its mode or give the store another folder"
        ) from error
    with file:
        try:
            return _valid(file, names)
        except (ImportError, MemoryError):  # no fault of the file
            raise
        except Exception as error:  # noqa: BLE001 - broken bytes raise nearly anything
            reason = f"{type(error).__name__}: {error}"
    aside = path.with_name(path.name + _DAMAGED)
    try:
        path.replace(aside)
        remedy = f"what is left of it is now called '{aside.name}' and may be removed"
    except OSError:  # a read-only disc
        remedy = "have it removed"
    warnings.warn(
        f"'{path}' is damaged ({reason}); the features it held are computed again; {remedy}",
        DamagedFeaturesWarning,
        stacklevel=2,
    )
    return None


def _valid(file: IO[bytes], names: list[str]) -> dict[str, NDArray[Any]]:
    with np.load(file, allow_pickle=False) as content:  # raises where an array's checksum is wrong
        if set(content.files) != set(_ARRAYS):
            raise ValueError(f"it holds {', '.join(content.files) or 'nothing'}, not {', '.join(_ARRAYS)}")
        arrays = {name: content[name] for name in names}
    n, k = len(arrays["images"]), len(arrays["patterns"])
    shapes = {"images": (n, 16), "patterns": (k, 16), "scores": (n, k), "boxes": (n, k, 4)}
    for name, array in arrays.items():
        if array.dtype != _ARRAYS[name] or array.shape != shapes[name]:
            raise ValueError(
                f"{name} is {array.dtype} {array.shape}, not {np.dtype(_ARRAYS[name])} {shapes[name]}"
            )
    return arrays
