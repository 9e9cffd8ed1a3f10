"""Results that are kept as soon as they are there, so that an experiment of hours can be interrupted."""

import hashlib
import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any


def kept(folder: Path | None, facts: Mapping[str, Any], make: Callable[[], Any]) -> Any:
    """Return what was made of these facts before, or make it now and keep it.

    Parameters
    ----------
    folder
        Where results are kept, one JSON file each, made if it is not there. None: nowhere.
    facts
        All that the result depends on, but for the code: JSON or arrays. Change the code, change the folder.
    make
        Makes the result, which is JSON.

    Returns
    -------
    object
        The result, the same whether it was made now or before.
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
