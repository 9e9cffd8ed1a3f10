"""Nested tensors and numbers in one file, without pickle."""

import json
import os
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray


def write_archive(path: str | os.PathLike[str], content: Any) -> None:
    """Write an NPZ file, replacing what is there in one go.

    Parameters
    ----------
    path
        The file.
    content
        Dictionaries, lists and tuples of tensors, of numpy arrays without objects, and of what JSON knows.
    """
    arrays: list[NDArray[Any]] = []
    tree = json.dumps(_pack(content, arrays))
    part = Path(f"{os.fspath(path)}.part")
    named: dict[str, Any] = {str(number): array for number, array in enumerate(arrays)}
    with part.open("wb") as file:
        np.savez(file, tree=np.frombuffer(tree.encode(), np.uint8), **named)
    part.replace(path)


def read_archive(path: str | os.PathLike[str]) -> Any:
    """Read a file written by `write_archive`; arrays and tensors come back as tensors.

    Raises
    ------
    EOFError, LookupError, TypeError, ValueError, zipfile.BadZipFile
        If it is another file, or damaged.
    """
    with Path(path).open("rb") as file, np.load(file, allow_pickle=False) as found:
        tree = json.loads(found["tree"].tobytes())
        return _unpack(tree, found)


def _pack(value: Any, arrays: list[NDArray[Any]]) -> Any:
    if isinstance(value, torch.Tensor | np.ndarray):
        arrays.append(np.asarray(value.detach().cpu()) if isinstance(value, torch.Tensor) else value)
        return {"array": str(len(arrays) - 1)}
    if isinstance(value, dict):  # pairs, since optimisers have numbers for keys
        return {"dict": [[key, _pack(item, arrays)] for key, item in value.items()]}
    if isinstance(value, list | tuple):
        return {type(value).__name__: [_pack(item, arrays) for item in value]}
    return value


def _unpack(value: Any, found: Any) -> Any:
    if not isinstance(value, dict):
        return value
    ((kind, inside),) = value.items()
    if kind == "array":
        return torch.from_numpy(found[inside])
    if kind == "dict":
        return {key: _unpack(item, found) for key, item in inside}
    items = [_unpack(item, found) for item in inside]
    return tuple(items) if kind == "tuple" else items
