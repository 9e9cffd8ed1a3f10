"""The images we look at, as one ordered, lazy and unchangeable set."""

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
from ig_widgets.data.image_sources import File, Held, Made, Source, valid_array
from ig_widgets.data.listing import files_below
from ig_widgets.data.prefetch import ahead

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

    Image = NDArray[np.uint8]


class ImageSet(Sequence["Image"]):
    """An ordered, unchangeable set of images that are read when they are needed.

    Make one with `from_folder`, `from_files` or `from_arrays`. An integer gives an image; a slice, integer
    positions or a boolean mask give an `ImageSet`. A loop reads every image once, a few ahead of the
    consumer, and never holds more than a handful: prefer ``for image in images`` to ``images[i]``.

    Images are gray, (H, W), or red, green, blue, (H, W, 3), with dtype uint8. They are read-only: copy one
    before drawing on it.

    An image that turns out to be unreadable in a loop is yielded as an empty array of shape (0, 0), so that
    the rows of a feature matrix stay aligned; it is warned about once (`UnreadableImageWarning`) and listed
    in `problems`. ``images[i]`` raises `ImageError` for it.

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
        sources: Sequence[Source],
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
        """List the images of a folder and of the folders inside it.

        Files are chosen by the ending of their name (.jpg, .jpeg, .png, .bmp, .tif, .tiff, .webp in any case)
        and sorted by id, character by character. Hidden files and folders (names that start with a dot) are
        skipped; links are followed, each folder once. Every file's header is checked; files that cannot be
        read are left out of the set, warned about once (`UnreadableImageWarning`) and listed in `problems`.

        Parameters
        ----------
        folder : str or path-like
            The folder. The id of an image is its path relative to it, with forward slashes.
        levels : tuple of int, default (0, 65535)
            The values of 16-bit images that become 0 and 255. A camera with 12 bits wants (0, 4095).
        max_pixels : int, default 178956970
            Larger images count as unreadable.

        Returns
        -------
        ImageSet

        Raises
        ------
        FileNotFoundError, NotADirectoryError
            If there is no such folder.
        ValueError
            If it holds no file with one of the endings, or `levels` or `max_pixels` make no sense.
        """
        folder = Path(folder).absolute()  # so that the notebook may change its working folder later
        if not folder.exists():
            raise FileNotFoundError(f"there is no folder '{folder}'; check the path")
        if not folder.is_dir():
            raise NotADirectoryError(
                f"'{folder}' is a file, not a folder; use ImageSet.from_files for single files"
            )
        files, left_out = files_below(folder)
        if not files and not left_out:
            raise ValueError(
                f"the folder '{folder}' holds no images: no file name in it or in its folders ends in "
                f"{', '.join(EXTENSIONS)}"
            )
        ids = sorted(files)
        return cls._checked([files[id_] for id_ in ids], ids, levels, max_pixels, left_out)

    @classmethod
    def from_files(
        cls,
        paths: Iterable[str | os.PathLike[str]],
        *,
        ids: Iterable[str] | None = None,
        levels: tuple[int, int] = LEVELS,
        max_pixels: int = MAX_PIXELS,
    ) -> Self:
        """List given image files, in the given order and whatever their names end in.

        Parameters
        ----------
        paths : iterable of str or path-like
            The files. Those that cannot be read are left out, warned about and listed in `problems`.
        ids : iterable of str, optional
            One id per file; by default the path relative to the files' common folder, with forward slashes.
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
            raise TypeError(f"paths is one path, {str(paths)!r}; give a list of paths, or use from_folder")
        files = [Path(os.path.abspath(path)) for path in paths]  # noqa: PTH100  # resolve() would follow links
        if ids is None:
            common = os.path.commonpath([file.parent for file in files]) if files else ""
            ids = [file.relative_to(common).as_posix() for file in files]
        return cls._checked(files, _valid_ids(ids, len(files)), levels, max_pixels, [])

    @classmethod
    def from_arrays(
        cls,
        arrays: Sequence[NDArray[np.uint8]] | NDArray[np.uint8],
        *,
        ids: Iterable[str] | None = None,
        provenance: pd.DataFrame | None = None,
    ) -> Self:
        """Make a set of arrays that are in memory, or of a lazy sequence that makes them.

        Parameters
        ----------
        arrays : sequence of ndarray of shape (H, W) or (H, W, 3), uint8
            A list, a tuple or an array of shape (n, H, W) or (n, H, W, 3) is checked at once. Of any other
            sequence an array is asked for, from several threads, each time that image is needed.
        ids : iterable of str, optional
            One id per image; by default "0", "1", ….
        provenance : DataFrame, optional
            Where each image came from, one row per image (see `ImageSet.provenance`).

        Returns
        -------
        ImageSet

        Raises
        ------
        ValueError
            If an array is no 8-bit image, or the number of ids or rows is not the number of arrays.
        """
        count = len(arrays)
        ids = _valid_ids(map(str, range(count)) if ids is None else ids, count)
        if provenance is not None:
            _check_rows(provenance, count)
        sources: list[Source]
        if isinstance(arrays, list | tuple | np.ndarray):
            sources = [Held(valid_array(array, id_)) for array, id_ in zip(arrays, ids, strict=True)]
        else:
            sources = [Made(arrays, i, id_) for i, id_ in enumerate(ids)]
        return cls(sources, ids, provenance=None if provenance is None else provenance.reset_index(drop=True))

    @classmethod
    def _checked(
        cls,
        paths: Sequence[Path],
        ids: Sequence[str],
        levels: tuple[int, int],
        max_pixels: int,
        left_out: list[tuple[str, str]],
    ) -> Self:
        levels = _valid_levels(levels)
        if max_pixels < 1:
            raise ValueError(f"max_pixels is {max_pixels}; give a positive number of pixels")
        check = partial(_reason_against, levels=levels, max_pixels=max_pixels)
        reasons = list(ahead(check, paths))
        left_out += [(id_, reason) for id_, reason in zip(ids, reasons, strict=True) if reason]
        good = [i for i, reason in enumerate(reasons) if not reason]
        if left_out:
            first_id, first_reason = left_out[0]
            warnings.warn(
                f"{len(left_out)} of {len(good) + len(left_out)} images cannot be read and are left out, "
                f"the first being '{first_id}': {first_reason}. See .problems for all",
                UnreadableImageWarning,
                stacklevel=3,
            )
        sources = [File(paths[i], levels, max_pixels) for i in good]
        return cls(sources, [ids[i] for i in good], left_out=left_out)

    @property
    def ids(self) -> tuple[str, ...]:
        """The names of the images, each once."""
        return self._ids

    @property
    def problems(self) -> pd.DataFrame:
        """What could not be read: a DataFrame with the columns ``image`` (the id) and ``reason``.

        First the files left out when the set was listed (an indexed part of the set does not repeat them),
        then the images of this set that turned out to be unreadable since.
        """
        pairs = zip(self._ids, self._sources, strict=True)
        found = [(id_, source.problem) for id_, source in pairs if source.problem]
        return pd.DataFrame([*self._left_out, *found], columns=["image", "reason"], dtype="str")

    @property
    def provenance(self) -> pd.DataFrame | None:
        """Where the images of a pattern set came from, one row each, index 0, 1, …; None for other sets."""
        return None if self._provenance is None else self._provenance.copy()

    def with_provenance(self, provenance: pd.DataFrame) -> ImageSet:
        """Return the same images with other provenance, one row each.

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
            If there is no such image in this set.
        """
        try:
            return self._positions[image_id]
        except KeyError:
            raise KeyError(f"no image '{image_id}' among these {len(self)} images; .ids lists them") from None

    def path(self, i: int) -> Path | None:
        """Return the file behind image `i`, None for an image that comes from memory."""
        source = self._source(i)
        return source.path if isinstance(source, File) else None

    def digest(self, i: int) -> bytes:
        """Return 16 bytes that stand for the content of image `i`, without decoding a file.

        Two images with the same digest have the same pixels; the same pixels in two files of different bytes,
        or in a file and an array, have different digests. Ids and paths play no part. Nothing is remembered:
        a file that has changed has another digest. A file that is there but does not hold an image has a
        digest too, and `problems` stays as it is.

        Returns
        -------
        bytes
            16 bytes (BLAKE2b) of a file's bytes and `levels`, or of an array's dtype, shape and pixels.

        Raises
        ------
        ImageError
            If the file cannot be read.
        IndexError
            If there is no such image.
        """
        return self._source(i).digest()

    def __len__(self) -> int:
        """Count the images."""
        return len(self._ids)

    @overload
    def __getitem__(self, key: int | np.integer[Any]) -> Image: ...
    @overload
    def __getitem__(self, key: slice | ArrayLike) -> ImageSet: ...
    def __getitem__(self, key: Any) -> Image | ImageSet:
        """Return an image for an integer, else the set of the images at these positions or under this mask.

        Raises
        ------
        ImageError
            If the image cannot be read.
        IndexError
            If a position is outside the set, or a mask has another length.
        ValueError
            If a position is asked for twice: the ids of a set are unique.
        """
        if isinstance(key, slice):
            return self._part(range(len(self))[key])
        if isinstance(key, str | bytes | tuple | bool | np.bool):
            raise TypeError(
                f"images[{key!r}]: give a position, a slice, positions or a mask; "
                "images.position(id) finds the position of an id"
            )
        if np.ndim(key) == 0:
            source = self._source(operator.index(key))
            try:
                return source.read()
            except ImageError as error:
                source.problem = error.reason
                raise
        return self._part(_positions_in(key, len(self)))

    def __iter__(self) -> Iterator[Image]:
        """Read each image once, a few ahead; unreadable ones are empty arrays."""
        results: Iterable[Image | ImageError]
        if all(isinstance(source, Held) for source in self._sources):
            results = map(_array_or_error, self._sources)
        else:
            results = ahead(_array_or_error, self._sources)
        for source, id_, result in zip(self._sources, self._ids, results, strict=True):
            if isinstance(result, ImageError):
                if source.problem is None:
                    source.problem = result.reason
                    warnings.warn(
                        f"image '{id_}' stays empty: {result}. See .problems for all such images",
                        UnreadableImageWarning,
                        stacklevel=2,
                    )
                yield np.empty((0, 0), np.uint8)
            else:
                yield result

    def __add__(self, other: ImageSet) -> ImageSet:
        """Return both sets in one; ids of `other` that are taken get the ending "~2" (or "~3" …)."""
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
            provenance=_joined(self._provenance, len(self), other._provenance, len(other)),
            left_out=(*self._left_out, *other._left_out),
        )

    def __copy__(self) -> Self:
        """Return the set itself, which never changes."""
        return self

    def __deepcopy__(self, memo: dict[int, Any]) -> Self:
        """Return the set itself: scikit-learn's clone() copies constructor arguments."""
        return self

    def __repr__(self) -> str:
        """Show the size, the first and the last id and the number of problems."""
        names = [repr(id_) for id_ in self._ids]
        shown = ", ".join(names if len(names) <= 3 else [names[0], "…", names[-1]])
        problems = len(self.problems)
        return f"ImageSet({len(self)} images: {shown}{f'; {problems} problems' if problems else ''})"

    @cached_property
    def _positions(self) -> dict[str, int]:
        return {id_: i for i, id_ in enumerate(self._ids)}

    def _source(self, i: int) -> Source:
        if not -len(self) <= i < len(self):
            raise IndexError(f"there is no image {i} in a set of {len(self)}; the first is 0")
        return self._sources[i]

    def _part(self, positions: Sequence[int] | NDArray[np.intp]) -> ImageSet:
        provenance = self._provenance
        return ImageSet(
            [self._sources[i] for i in positions],
            [self._ids[i] for i in positions],
            provenance=None
            if provenance is None
            else provenance.iloc[list(positions)].reset_index(drop=True),
        )


def _array_or_error(source: Source) -> Image | ImageError:
    try:
        return source.read()
    except ImageError as error:
        return error


def _reason_against(path: Path, *, levels: tuple[int, int], max_pixels: int) -> str | None:
    try:
        inspect(path, levels=levels, max_pixels=max_pixels)
    except ImageError as error:
        return error.reason
    return None


def _valid_ids(ids: Iterable[str], count: int) -> tuple[str, ...]:
    ids = tuple(ids)
    if len(ids) != count:
        raise ValueError(f"there are {len(ids)} ids for {count} images; give one id per image")
    seen: set[str] = set()
    for id_ in ids:
        if not isinstance(id_, str):
            raise TypeError(f"the id {id_!r} is not a string; convert the ids with str")
        if id_ in seen:
            raise ValueError(f"the id '{id_}' occurs more than once; give every image an id of its own")
        seen.add(id_)
    return ids


def _check_rows(provenance: pd.DataFrame, count: int) -> None:
    if len(provenance) != count:
        raise ValueError(f"provenance has {len(provenance)} rows for {count} images; give one row per image")


def _valid_levels(levels: tuple[int, int]) -> tuple[int, int]:
    low, high = levels
    if not 0 <= low < high <= 65535:
        raise ValueError(
            f"levels are {levels}; give two numbers low < high between 0 and 65535, such as (0, 4095)"
        )
    return (low, high)


def _positions_in(key: ArrayLike, count: int) -> NDArray[np.intp]:
    positions = np.asarray(key)
    if positions.dtype == object:  # a nullable pandas column
        positions = np.array(positions.tolist())
    if positions.ndim != 1:
        raise IndexError(f"an index of shape {positions.shape} for a set of images; give one dimension")
    if positions.dtype == bool:
        if len(positions) != count:
            raise IndexError(
                f"a mask of {len(positions)} entries for {count} images; give one entry per image"
            )
        return np.flatnonzero(positions)
    if positions.size == 0:
        return np.empty(0, np.intp)
    if positions.dtype.kind not in "iu":
        raise TypeError(
            f"an index of {positions.dtype} entries for a set of images; give integer positions or a mask "
            "of bool without missing values"
        )
    outside = (positions < -count) | (positions >= count)
    if outside.any():
        raise IndexError(
            f"there is no image {positions[outside][0]} in a set of {count}; positions start at 0"
        )
    positions = np.where(positions < 0, positions + count, positions).astype(np.intp)
    if len(np.unique(positions)) < len(positions):
        values, counts = np.unique(positions, return_counts=True)
        raise ValueError(f"position {values[counts > 1][0]} occurs more than once; ids in a set are unique")
    return positions


def _joined(
    first: pd.DataFrame | None, n_first: int, second: pd.DataFrame | None, n_second: int
) -> pd.DataFrame | None:
    """Join the provenance of two sets; rows of a set that has none are all missing."""
    if first is not None and second is not None:
        return pd.concat([first, second], ignore_index=True)
    if first is not None:
        return first.reindex(range(n_first + n_second))
    if second is not None:
        return second.set_axis(range(n_first, n_first + n_second)).reindex(range(n_first + n_second))
    return None
