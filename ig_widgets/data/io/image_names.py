"""Matching of the names in annotation files to image ids, and names of the files to write."""

from __future__ import annotations

import warnings
from collections import defaultdict
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

from ig_widgets.data.decoding import EXTENSIONS

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence


def drop_suffix(name: str) -> str:
    """Drop the suffix from the name of an image file.

    Other suffixes are kept, so that the patterns ``a.png#0`` and ``a.png#1`` keep different names.

    Examples
    --------
    >>> drop_suffix("lid/a.b.PNG"), drop_suffix("a.png#0")
    ('lid/a.b', 'a.png#0')
    """
    stem, dot, suffix = name.rpartition(".")
    return stem if f"{dot}{suffix}".lower() in EXTENSIONS else name


class ImageNames:
    """An index of image ids by the names that annotation files use for them.

    Parameters
    ----------
    ids
        Image ids: relative POSIX paths.

    Examples
    --------
    >>> names = ImageNames(["lid/a.png", "lid/b.png", "base/b.png"])
    >>> names.find("a.jpg"), names.find("c.png")
    ('lid/a.png', None)
    """

    def __init__(self, ids: Iterable[str]) -> None:
        self._ids = frozenset(ids)
        self._stems: dict[str, set[str]] = defaultdict(set)
        self._tails: dict[str, set[str]] = defaultdict(set)
        for image_id in self._ids:
            stem = drop_suffix(image_id)
            self._stems[stem].add(image_id)
            for tail in (*_list_tails(image_id), *_list_tails(stem)):
                self._tails[tail].add(image_id)

    def find(self, name: str) -> str | None:
        r"""Find the image that a name refers to.

        Parameters
        ----------
        name
            An id, an id without its suffix, or the end of an id from some folder on: ``b/a`` matches
            ``c/b/a.png`` or, if no id ends like this, any ``a.png``. The suffix may differ, and ``\`` may
            separate folders.

        Returns
        -------
        str or None
            The id that matches best, or None if no id matches.

        Raises
        ------
        ValueError
            If several ids match equally well.
        """
        name = name.replace("\\", "/")
        stem = drop_suffix(name)
        if name in self._ids:
            return name
        fits = [self._stems.get(stem, set())]
        for tail, stem_tail in zip(_list_tails(name), _list_tails(stem), strict=True):
            fits += [self._tails.get(tail, set()), self._tails.get(stem_tail, set())]
        best = sorted(next(filter(None, fits), ()))
        if len(best) > 1:
            raise ValueError(
                f"the name {name!r} matches image {best[0]!r} and image {best[1]!r}; "
                "use the full id, with its folder and suffix"
            )
        return best[0] if best else None


def _list_tails(name: str) -> list[str]:
    parts = name.split("/")
    return ["/".join(parts[start:]) for start in range(len(parts))]


def choose_files(folder: Path, ids: Iterable[str], suffix: str) -> dict[str, Path]:
    """Choose the annotation file of each image.

    Parameters
    ----------
    folder
        Folder to write to. Folders in an id become its subfolders.
    ids
        Image ids.
    suffix
        Suffix of the annotation files, with its dot; it replaces the suffix of the image.

    Returns
    -------
    dict
        Image id -> path.

    Raises
    ------
    ValueError
        If a file would be outside `folder`, or two images would share a file.
    """
    files: dict[str, Path] = {}
    owners: dict[Path, str] = {}
    for image_id in ids:
        stem = PurePosixPath(drop_suffix(image_id))
        path = folder / f"{stem}{suffix}"
        if not stem.name or "\0" in image_id or _escapes(folder, stem, path):
            raise ValueError(
                f"image id {image_id!r} is not a path inside a folder, so no file can be named after it; "
                "use ids without '..' and without a leading '/'"
            )
        if path in owners:
            raise ValueError(
                f"images {owners[path]!r} and {image_id!r} would both be written to {path.name!r}; "
                "give the images different names"
            )
        files[image_id] = path
        owners[path] = image_id
    return files


def report_unmatched(what: str, names: Sequence[object], *, matched: bool, stacklevel: int) -> None:
    """Warn that parts of an annotation file match no image, or raise if nothing else does.

    Parameters
    ----------
    what
        The parts and their number, such as ``"3 masks"``.
    names
        Their names. If there are none, nothing happens.
    matched
        Whether other parts match an image.
    stacklevel
        As in `warnings.warn`, counted from this function.

    Raises
    ------
    ValueError
        If `matched` is False.

    Warns
    -----
    UserWarning
        If `matched` is True.
    """
    if not names:
        return
    sentence = f"{what} match no image of the set, such as '{names[0]}'"
    if not matched:
        raise ValueError(f"{sentence}; create the ImageSet from the folder that the annotations belong to")
    warnings.warn(f"{sentence}; they are left out", UserWarning, stacklevel=stacklevel)


def _escapes(folder: Path, stem: PurePosixPath, path: Path) -> bool:
    return ".." in stem.parts or stem.is_absolute() or not path.resolve().is_relative_to(folder.resolve())
