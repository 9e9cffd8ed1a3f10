"""Names of images in annotation files: which image a name means, and which file belongs to an image."""

from __future__ import annotations

from collections import defaultdict
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

from ig_widgets.data.decoding import EXTENSIONS

if TYPE_CHECKING:
    from collections.abc import Iterable


def without_suffix(name: str) -> str:
    """Drop the suffix of an image file from a name.

    Other endings stay, so that the patterns ``a.png#0`` and ``a.png#1`` keep different names.

    Examples
    --------
    >>> without_suffix("lid/a.b.PNG"), without_suffix("a.png#0")
    ('lid/a.b', 'a.png#0')
    """
    stem, dot, suffix = name.rpartition(".")
    return stem if f"{dot}{suffix}".lower() in EXTENSIONS else name


class ImageNames:
    """The ids of a set of images, found by the names that annotation files use for them.

    Parameters
    ----------
    ids
        Image ids: POSIX paths relative to a folder.

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
            stem = without_suffix(image_id)
            self._stems[stem].add(image_id)
            for tail in (*_tails(image_id), *_tails(stem)):
                self._tails[tail].add(image_id)

    def find(self, name: str) -> str | None:
        r"""Find the image that a name means.

        Parameters
        ----------
        name
            An id, an id without its suffix, or the end of one from some folder on: ``b/a`` may mean
            ``c/b/a.png`` and, where no id ends so, any ``a.png``. Its suffix may be another, and ``\`` may
            stand between folders.

        Returns
        -------
        str or None
            The id that fits best; None where none does.

        Raises
        ------
        ValueError
            If several images fit equally well.
        """
        name = name.replace("\\", "/")
        stem = without_suffix(name)
        if name in self._ids:
            return name
        fits = [self._stems.get(stem, set())]
        for tail, stem_tail in zip(_tails(name), _tails(stem), strict=True):
            fits += [self._tails.get(tail, set()), self._tails.get(stem_tail, set())]
        best = sorted(next(filter(None, fits), ()))
        if len(best) > 1:
            raise ValueError(
                f"the name {name!r} may mean image {best[0]!r} or image {best[1]!r}; "
                "use the whole id, with its folder and suffix"
            )
        return best[0] if best else None


def _tails(name: str) -> list[str]:
    parts = name.split("/")
    return ["/".join(parts[start:]) for start in range(len(parts))]


def files_for(folder: Path, ids: Iterable[str], suffix: str) -> dict[str, Path]:
    """Choose the file in which each image's annotations are written.

    Parameters
    ----------
    folder
        Folder to write to. The folders in an id become folders in it.
    ids
        Image ids.
    suffix
        Suffix of the files, with its dot; it takes the place of the image's.

    Returns
    -------
    dict
        Image id -> path.

    Raises
    ------
    ValueError
        If a file would lie outside `folder`, or two images would share one.
    """
    files: dict[str, Path] = {}
    owners: dict[Path, str] = {}
    for image_id in ids:
        stem = PurePosixPath(without_suffix(image_id))
        path = folder / f"{stem}{suffix}"
        if not stem.name or "\0" in image_id or _leaves(folder, stem, path):
            raise ValueError(
                f"image id {image_id!r} is no path inside a folder, so no file can be named after it; "
                "give the images ids without '..' and without a leading '/'"
            )
        if path in owners:
            raise ValueError(
                f"images {owners[path]!r} and {image_id!r} would both be written to {path.name!r}; "
                "give the images different names"
            )
        files[image_id] = path
        owners[path] = image_id
    return files


def _leaves(folder: Path, stem: PurePosixPath, path: Path) -> bool:
    return ".." in stem.parts or stem.is_absolute() or not path.resolve().is_relative_to(folder.resolve())
