"""Where a data set lies."""

from pathlib import Path


def data_folder(data: Path, name: str, title: str, holds: str, landmark: str) -> Path:
    """Find a data set in the folder of data sets, or in the folder that was given.

    Parameters
    ----------
    data
        The folder of data sets, or the set's own folder.
    name
        What the set's folder is called in the folder of data sets.
    title, holds
        For people: the name of the set, and what is in it.
    landmark
        A file or folder that the set has.

    Returns
    -------
    Path
        The set's own folder.

    Raises
    ------
    FileNotFoundError
        If the landmark is not there.
    """
    folder = data / name if (data / name).is_dir() else data
    if not (folder / landmark).exists():
        raise FileNotFoundError(
            f"there is no {title} data set in {data}: it has {holds}; give its folder, or the one that holds "
            f"it as {name}"
        )
    return folder
