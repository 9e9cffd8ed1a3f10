"""A cache of results on disk, so that an experiment of hours can be interrupted and resumed."""

import hashlib
import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any


def cached(folder: Path | None, facts: Mapping[str, Any], make: Callable[[], Any]) -> Any:
    """Return the cached result for these facts, or compute and cache it.

    Parameters
    ----------
    folder
        Folder of the cache, one JSON file per result; created if it is missing. None disables the cache.
    facts
        Everything that the result depends on except the code: JSON values or arrays. Use a new folder when
        the code changes.
    make
        Computes the result, which must be JSON.

    Returns
    -------
    object
        The result, the same whether it was cached or computed.
    """
    if folder is None:
        return make()
    written = json.dumps(facts, sort_keys=True, default=lambda array: array.tolist())
    file = folder / f"{hashlib.sha256(written.encode()).hexdigest()[:32]}.json"
    if file.exists():
        return json.loads(file.read_text(encoding="utf-8"))["result"]
    result = make()
    folder.mkdir(parents=True, exist_ok=True)
    unfinished = file.with_suffix(".part")
    unfinished.write_text(json.dumps({"facts": json.loads(written), "result": result}), encoding="utf-8")
    unfinished.replace(file)
    return result
