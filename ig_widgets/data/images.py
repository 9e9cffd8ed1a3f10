"""`ImageSet`: an ordered, immutable sequence of images that are read lazily."""

from __future__ import annotations

import operator
import os
import warnings
from collections.abc import Iterable, Iterator, Sequence
from functools import cached_property, partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self, overload

import numpy as np
import pandas as pd

from ig_widgets.data.decoding import EXTENSIONS, LEVELS, MAX_PIXELS, inspect
from ig_widgets.data.errors import ImageError, UnreadableImageWarning
from ig_widgets.data.image_sources import ArraySource, FileSource, ImageSource, SequenceSource, as_image
from ig_widgets.data.listing import list_images
from ig_widgets.data.prefetch import ahead

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

    Image = NDArray[np.uint8]


class ImageSet(Sequence["Image"]):
    """An ordered, immutable set of images that are read when they are needed.

    Create one with `from_folder`, `from_files` or `from_arrays`. Indexing with an integer returns an image;
    indexing with a slice, positions or a boolean mask returns an `ImageSet`. Iteration reads every image
    once, prefetching a few, and never holds more than a handful in memory: prefer ``for image in images`` to
    ``images[i]``.

    Images are grayscale, (H, W), or RGB, (H, W, 3), with dtype uint8. They are read-only: copy one before
    drawing on it.

    During iteration, an image that cannot be read is yielded as an empty array of shape (0, 0), so that the
    rows of a feature matrix stay aligned. An `UnreadableImageWarning` is issued once per image, and
    `problems` lists it. ``images[i]`` raises `ImageError` instead.

    Examples
    --------
    >>> import numpy as np
    >>> arrays = [np.zeros((4, 6), np.uint8), np.ones((5, 5, 3), np.uint8)]
    >>> images = ImageSet.from_arrays(arrays, ids=["a", "b"])
    >>> images
    ImageSet(2 images: 'a', 'b')
    >>> images[1].shape
    (5, 5, 3)
    >>> images[[1]].ids
    ('b',)
    """

    def __init__(
        self,
        sources: Sequence[ImageSource],
        ids: Sequence[str],
        *,
        provenance: pd.DataFrame | None = None,
        left_out: Sequence[tuple[str, str]] = (),
    ) -> None:
        self._sources = tuple(sources)
        self._ids = tuple(ids)
        self._provenance = provenance
        self._left_out = tuple(left_out)

    @classmethod
    def from_folder(
        cls,
        folder: str | os.PathLike[str],
        *,
        levels: tuple[int, int] = LEVELS,
        max_pixels: int = MAX_PIXELS,
    ) -> Self:
        """Create a set of the images in a folder and its subfolders.

        Files are selected by their extension (.jpg, .jpeg, .png, .bmp, .tif, .tiff, .webp in any case) and
        sorted by id, character by character. Hidden files and folders (names that start with a dot) are
        skipped. Links are followed, and each folder is visited once. The header of every file is checked;
        files that cannot be read are left out with an `UnreadableImageWarning` and listed in `problems`.

        Parameters
        ----------
        folder : str or path-like
            The folder. The id of an image is its path relative to this folder, with forward slashes.
        levels : tuple of int, default (0, 65535)
            The values of 16-bit images that map to 0 and 255. Use (0, 4095) for a 12-bit camera.
        max_pixels : int, default 178956970
            Images with more pixels count as unreadable.

        Returns
        -------
        ImageSet

        Raises
        ------
        FileNotFoundError, NotADirectoryError
            If the folder does not exist or is a file.
        ValueError
            If the folder contains no image files, or `levels` or `max_pixels` is out of range.
        """
        folder = Path(folder).absolute()  # so that the notebook may change its working folder later
        if not folder.exists():
            raise FileNotFoundError(f"folder '{folder}' does not exist; check the path")
        if not folder.is_dir():
            raise NotADirectoryError(
                f"'{folder}' is a file, not a folder; use ImageSet.from_files for individual files"
            )
        files, left_out = list_images(folder)
        if not files and not left_out:
            raise ValueError(
                f"folder '{folder}' contains no images; give a folder in which, or in whose subfolders, some "
                f"file name ends in {', '.join(EXTENSIONS)}"
            )
        ids = sorted(files)
        return cls._from_paths([files[id_] for id_ in ids], ids, levels, max_pixels, left_out)

    @classmethod
    def from_files(
        cls,
        paths: Iterable[str | os.PathLike[str]],
        *,
        ids: Iterable[str] | None = None,
        levels: tuple[int, int] = LEVELS,
        max_pixels: int = MAX_PIXELS,
    ) -> Self:
        """Create a set of the given image files, in the given order and with any extension.

        Parameters
        ----------
        paths : iterable of str or path-like
            The files. Those that cannot be read are left out with an `UnreadableImageWarning` and listed in
            `problems`.
        ids : iterable of str, optional
            One id per file. Default: the path relative to the common folder of the files, with forward
            slashes.
        levels, max_pixels
            As in `from_folder`.

        Returns
        -------
        ImageSet

        Raises
        ------
        ValueError
            If a file or an id occurs twice, or the number of ids is not the number of files.
        """
        if isinstance(paths, str | os.PathLike):
            raise TypeError(f"paths is the path {str(paths)!r}; give a list of paths, or use from_folder")
        files = [Path(os.path.abspath(path)) for path in paths]  # noqa: PTH100  # resolve() would follow links
        if ids is None:
            common = os.path.commonpath([file.parent for file in files]) if files else ""
            ids = [file.relative_to(common).as_posix() for file in files]
        return cls._from_paths(files, _check_ids(ids, len(files)), levels, max_pixels, [])

    @classmethod
    def from_arrays(
        cls,
        arrays: Sequence[NDArray[np.uint8]] | NDArray[np.uint8],
        *,
        ids: Iterable[str] | None = None,
        provenance: pd.DataFrame | None = None,
    ) -> Self:
        """Create a set of arrays in memory, or of the items of a lazy sequence.

        Parameters
        ----------
        arrays : sequence of ndarray of shape (H, W) or (H, W, 3), uint8
            A list, a tuple or an array of shape (n, H, W) or (n, H, W, 3) is validated immediately. Any other
            sequence is lazy: its items are requested, from several threads, each time an image is needed.
        ids : iterable of str, optional
            One id per image. Default: "0", "1", ….
        provenance : DataFrame, optional
            The origin of each image, one row per image (see `ImageSet.provenance`).

        Returns
        -------
        ImageSet

        Raises
        ------
        ValueError
            If an array is not an 8-bit image, or the number of ids or rows is not the number of arrays.
        """
        count = len(arrays)
        ids = _check_ids(map(str, range(count)) if ids is None else ids, count)
        if provenance is not None:
            _check_rows(provenance, count)
        sources: list[ImageSource]
        if isinstance(arrays, list | tuple | np.ndarray):
            sources = [ArraySource(as_image(array, id_)) for array, id_ in zip(arrays, ids, strict=True)]
        else:
            sources = [SequenceSource(arrays, i, id_) for i, id_ in enumerate(ids)]
        return cls(sources, ids, provenance=None if provenance is None else provenance.reset_index(drop=True))

    @classmethod
    def _from_paths(
        cls,
        paths: Sequence[Path],
        ids: Sequence[str],
        levels: tuple[int, int],
        max_pixels: int,
        left_out: list[tuple[str, str]],
    ) -> Self:
        levels = _check_levels(levels)
        if max_pixels < 1:
            raise ValueError(f"max_pixels is {max_pixels}; give a positive number of pixels")
        check = partial(_find_problem, levels=levels, max_pixels=max_pixels)
        reasons = list(ahead(check, paths))
        left_out += [(id_, reason) for id_, reason in zip(ids, reasons, strict=True) if reason]
        good = [i for i, reason in enumerate(reasons) if not reason]
        if left_out:
            first_id, first_reason = left_out[0]
            warnings.warn(
                f"{len(left_out)} of {len(good) + len(left_out)} images cannot be read and are left out; the "
                f"first is '{first_id}': {first_reason}. The attribute .problems lists all of them",
                UnreadableImageWarning,
                stacklevel=3,
            )
        sources = [FileSource(paths[i], levels, max_pixels) for i in good]
        return cls(sources, [ids[i] for i in good], left_out=left_out)

    @property
    def ids(self) -> tuple[str, ...]:
        """The unique ids of the images."""
        return self._ids

    @property
    def problems(self) -> pd.DataFrame:
        """Images that cannot be read: a DataFrame with the columns ``image`` (the id) and ``reason``.

        It lists first the files that were left out when the set was created (indexing the set drops them),
        then the images of this set that have turned out to be unreadable since.
        """
        pairs = zip(self._ids, self._sources, strict=True)
        unreadable = [(id_, source.problem) for id_, source in pairs if source.problem]
        return pd.DataFrame([*self._left_out, *unreadable], columns=["image", "reason"], dtype="str")

    @property
    def provenance(self) -> pd.DataFrame | None:
        """The origin of each pattern, one row per pattern, index 0, 1, …; None for other sets."""
        return None if self._provenance is None else self._provenance.copy()

    def with_provenance(self, provenance: pd.DataFrame) -> ImageSet:
        """Return the same images with another provenance, one row per image.

        Raises
        ------
        ValueError
            If the number of rows is not the number of images.
        """
        _check_rows(provenance, len(self))
        return ImageSet(
            self._sources,
            self._ids,
            provenance=provenance.reset_index(drop=True),
            left_out=self._left_out,
        )

    def position(self, image_id: str) -> int:
        """Return the position of the image with this id.

        Raises
        ------
        KeyError
            If the set has no such image.
        """
        try:
            return self._positions[image_id]
        except KeyError:
            raise KeyError(
                f"image '{image_id}' is not in the set of {len(self)} images; give one of .ids"
            ) from None

    def path(self, i: int) -> Path | None:
        """Return the file of image `i`, or None if the image does not come from a file."""
        source = self._get_source(i)
        return source.path if isinstance(source, FileSource) else None

    def digest(self, i: int) -> bytes:
        """Return a digest of the content of image `i`, without decoding a file.

        Images with equal digests have equal pixels. The converse does not hold: the same pixels in two files
        with different bytes, or in a file and an array, have different digests. Digests do not depend on ids
        or paths and are not cached, so a file that has changed has a new digest. A file that is not a
        readable image has a digest, too; `problems` is not updated.

        Returns
        -------
        bytes
            16 bytes (BLAKE2b) of a file's bytes and `levels`, or of an array's dtype, shape and pixels.

        Raises
        ------
        ImageError
            If the file cannot be read.
        IndexError
            If `i` is out of range.
        """
        return self._get_source(i).digest()

    def __len__(self) -> int:
        """Return the number of images."""
        return len(self._ids)

    @overload
    def __getitem__(self, key: int | np.integer[Any]) -> Image: ...
    @overload
    def __getitem__(self, key: slice | ArrayLike) -> ImageSet: ...
    def __getitem__(self, key: Any) -> Image | ImageSet:
        """Return an image for an integer, otherwise the set of images at the positions or under the mask.

        Raises
        ------
        ImageError
            If the image cannot be read.
        IndexError
            If a position is out of range, or a mask has the wrong length.
        ValueError
            If a position occurs twice: the ids of a set are unique.
        """
        if isinstance(key, slice):
            return self._select(range(len(self))[key])
        if isinstance(key, str | bytes | tuple | bool | np.bool):
            raise TypeError(
                f"the index is {key!r}; give a position, a slice, positions or a mask "
                "(images.position(id) returns the position of an id)"
            )
        if np.ndim(key) == 0:
            source = self._get_source(operator.index(key))
            try:
                return source.read()
            except ImageError as error:
                source.problem = error.reason
                raise
        return self._select(_resolve_positions(key, len(self)))

    def __iter__(self) -> Iterator[Image]:
        """Read each image once, prefetching a few; unreadable images are empty arrays."""
        results: Iterable[Image | ImageError]
        if all(isinstance(source, ArraySource) for source in self._sources):
            results = map(_read_or_error, self._sources)
        else:
            results = ahead(_read_or_error, self._sources)
        for source, id_, result in zip(self._sources, self._ids, results, strict=True):
            if isinstance(result, ImageError):
                if source.problem is None:
                    source.problem = result.reason
                    warnings.warn(
                        f"image '{id_}' is returned as an empty array: {result}. The attribute .problems "
                        "lists all such images",
                        UnreadableImageWarning,
                        stacklevel=2,
                    )
                yield np.empty((0, 0), np.uint8)
            else:
                yield result

    def __add__(self, other: ImageSet) -> ImageSet:
        """Concatenate two sets; ids of `other` that are already taken get the suffix "~2" (or "~3" …)."""
        if not isinstance(other, ImageSet):
            return NotImplemented
        taken = set(self._ids)
        ids = list(self._ids)
        for id_ in other.ids:
            free, number = id_, 1
            while free in taken:
                number += 1
                free = f"{id_}~{number}"
            taken.add(free)
            ids.append(free)
        return ImageSet(
            (*self._sources, *other._sources),
            ids,
            provenance=_concat_provenance(self._provenance, len(self), other._provenance, len(other)),
            left_out=(*self._left_out, *other._left_out),
        )

    def __copy__(self) -> Self:
        """Return the set itself, which is immutable."""
        return self

    def __deepcopy__(self, memo: dict[int, Any]) -> Self:
        """Return the set itself: scikit-learn's clone() copies constructor arguments."""
        return self

    def __repr__(self) -> str:
        """Show the size, the first and last id, and the number of problems."""
        names = [repr(id_) for id_ in self._ids]
        shown = ", ".join(names if len(names) <= 3 else [names[0], "…", names[-1]])
        problems = len(self.problems)
        return f"ImageSet({len(self)} images: {shown}{f'; {problems} problems' if problems else ''})"

    @cached_property
    def _positions(self) -> dict[str, int]:
        return {id_: i for i, id_ in enumerate(self._ids)}

    def _get_source(self, i: int) -> ImageSource:
        if not -len(self) <= i < len(self):
            raise IndexError(
                f"position {i} is out of range for a set of {len(self)} images; positions start at 0"
            )
        return self._sources[i]

    def _select(self, positions: Sequence[int] | NDArray[np.intp]) -> ImageSet:
        provenance = self._provenance
        return ImageSet(
            [self._sources[i] for i in positions],
            [self._ids[i] for i in positions],
            provenance=None
            if provenance is None
            else provenance.iloc[list(positions)].reset_index(drop=True),
        )


def _read_or_error(source: ImageSource) -> Image | ImageError:
    try:
        return source.read()
    except ImageError as error:
        return error


def _find_problem(path: Path, *, levels: tuple[int, int], max_pixels: int) -> str | None:
    try:
        inspect(path, levels=levels, max_pixels=max_pixels)
    except ImageError as error:
        return error.reason
    return None


def _check_ids(ids: Iterable[str], count: int) -> tuple[str, ...]:
    ids = tuple(ids)
    if len(ids) != count:
        raise ValueError(f"there are {len(ids)} ids for {count} images; give one id per image")
    seen: set[str] = set()
    for id_ in ids:
        if not isinstance(id_, str):
            raise TypeError(f"the id {id_!r} is not a string; convert the ids with str")
        if id_ in seen:
            raise ValueError(f"the id '{id_}' occurs more than once; give each image a unique id")
        seen.add(id_)
    return ids


def _check_rows(provenance: pd.DataFrame, count: int) -> None:
    if len(provenance) != count:
        raise ValueError(f"provenance has {len(provenance)} rows for {count} images; give one row per image")


def _check_levels(levels: tuple[int, int]) -> tuple[int, int]:
    low, high = levels
    if not 0 <= low < high <= 65535:
        raise ValueError(
            f"levels are {levels}; give two numbers low < high between 0 and 65535, such as (0, 4095)"
        )
    return (low, high)


def _resolve_positions(key: ArrayLike, count: int) -> NDArray[np.intp]:
    positions = np.asarray(key)
    if positions.dtype == object:  # a nullable pandas column
        positions = np.array(positions.tolist())
    if positions.ndim != 1:
        raise IndexError(f"the index has shape {positions.shape}; give a one-dimensional index")
    if positions.dtype == bool:
        if len(positions) != count:
            raise IndexError(
                f"the mask has {len(positions)} entries for {count} images; give one entry per image"
            )
        return np.flatnonzero(positions)
    if positions.size == 0:
        return np.empty(0, np.intp)
    if positions.dtype.kind not in "iu":
        raise TypeError(
            f"the index has dtype {positions.dtype}; give integer positions, or a boolean mask without "
            "missing values"
        )
    outside = (positions < -count) | (positions >= count)
    if outside.any():
        raise IndexError(
            f"position {positions[outside][0]} is out of range for a set of {count} images; positions "
            "start at 0"
        )
    positions = np.where(positions < 0, positions + count, positions).astype(np.intp)
    if len(np.unique(positions)) < len(positions):
        values, counts = np.unique(positions, return_counts=True)
        raise ValueError(
            f"position {values[counts > 1][0]} occurs more than once; give each position once, because ids "
            "in a set are unique"
        )
    return positions


def _concat_provenance(
    first: pd.DataFrame | None, n_first: int, second: pd.DataFrame | None, n_second: int
) -> pd.DataFrame | None:
    """Concatenate the provenance of two sets; the rows of a set without provenance are all missing."""
    if first is not None and second is not None:
        return pd.concat([first, second], ignore_index=True)
    if first is not None:
        return first.reindex(range(n_first + n_second))
    if second is not None:
        return second.set_axis(range(n_first, n_first + n_second)).reindex(range(n_first + n_second))
    return None
