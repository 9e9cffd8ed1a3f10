"""Recursive listing of the image files in a folder."""

import os
from pathlib import Path

from ig_widgets.data.decoding import EXTENSIONS


def list_images(folder: Path) -> tuple[dict[str, Path], list[tuple[str, str]]]:
    """List the image files below a folder by id, and the (id, reason) of those that cannot be listed.

    Raises
    ------
    PermissionError
        If the folder itself cannot be listed.
    """
    files: dict[str, Path] = {}
    left_out: list[tuple[str, str]] = []
    seen: set[tuple[int, int]] = set()

    def record_error(error: OSError) -> None:
        reason = f"the folder cannot be listed ({error.strerror}); ask its owner or change its mode"
        if Path(error.filename) == folder:
            raise PermissionError(f"'{folder}': {reason}") from error
        left_out.append((Path(error.filename).relative_to(folder).as_posix(), reason))

    for parent, folders, names in os.walk(folder, onerror=record_error, followlinks=True):
        status = Path(parent).stat()
        if (status.st_dev, status.st_ino) in seen:
            folders.clear()  # a link to a parent, or a second link to the same folder
            continue
        seen.add((status.st_dev, status.st_ino))
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        for name in names:
            if name.startswith(".") or not name.lower().endswith(EXTENSIONS):
                continue
            path = Path(parent, name)
            id_ = path.relative_to(folder).as_posix()
            try:
                id_.encode()
            except UnicodeEncodeError:
                readable = os.fsencode(id_).decode(errors="backslashreplace")
                left_out.append((readable, "its name is not valid Unicode; rename it"))
            else:
                files[id_] = path
    return files, sorted(left_out)
