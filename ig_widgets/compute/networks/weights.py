"""Loading trained weights from a file or a URL."""

import os
import pickle
import re
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import unquote, urlsplit

import torch
from torch import Tensor, nn


def load_weights(
    network: nn.Module,
    source: str | os.PathLike[str],
    *,
    head: str | None = None,
    folder: str | os.PathLike[str] | None = None,
) -> list[str]:
    """Load weights from a file or a URL into a network.

    Parameters
    ----------
    network
        What to fill, in place.
    source
        The path or the URL of a file of weights by name, as ``torch.save(network.state_dict(), path)``
        writes it and torchvision publishes it. If the name of a URL's file ends in a dash and 8 or more
        hexadecimal digits, they must be the first of its SHA-256, as in torchvision's.
    head
        The layer whose weights may differ in shape or be absent, since it depends on the classes; default:
        ``network.head``, if there is such. Then it stays as it is.
    folder
        Where downloads are kept and looked for; default: that of torch.hub, in which torchvision keeps its
        own.

    Returns
    -------
    list of str
        The parameters of the head that were left as they are; empty if everything was filled.

    Raises
    ------
    OSError
        If the file cannot be read or downloaded.
    ValueError
        If it is damaged or holds something else than weights by name, if weights are missing, superfluous
        or of other shapes, or if a download has another SHA-256 than its name says. The network is as it
        was.

    Notes
    -----
    Only tensors are read (``torch.load(weights_only=True)``): a pickled model could run any program.
    """
    path = _download(source, folder) if isinstance(source, str) and "://" in source else Path(source)
    found = _read(path)
    wanted = network.state_dict()
    free = head if head is not None else getattr(network, "head", None)

    # older files lack batch normalization's counters, which nothing depends on: load_state_dict makes them up
    missing = {name for name in wanted.keys() - found.keys() if not name.endswith(".num_batches_tracked")}
    unexpected = found.keys() - wanted.keys()
    reshaped = {name for name in wanted.keys() & found.keys() if wanted[name].shape != found[name].shape}
    fresh = set()
    if isinstance(free, str):
        in_head = {name for name in wanted.keys() | found.keys() if name.startswith(f"{free}.")}
        if in_head & (missing | unexpected | reshaped):  # half a head is none
            fresh = in_head & wanted.keys()
            missing, unexpected, reshaped = missing - in_head, unexpected - in_head, reshaped - in_head
    problems = [
        f"{verb} {_some(names)}"
        for verb, names in [
            ("it lacks", sorted(missing)),
            ("it has the superfluous", sorted(unexpected)),
            ("shapes differ of", [_shapes(name, found, wanted) for name in sorted(reshaped)]),
        ]
        if names
    ]
    if problems:
        raise ValueError(
            f"the weights of {path} do not fit {type(network).__name__}: {'; '.join(problems)}. "
            "Give weights of the same network"
        )
    kept = {name: tensor for name, tensor in found.items() if name in wanted and name not in fresh}
    network.load_state_dict(kept, strict=False)
    return sorted(fresh)


def _read(path: Path) -> dict[str, Tensor]:
    try:
        content = torch.load(path, map_location="cpu", weights_only=True)
    except pickle.UnpicklingError as error:
        raise ValueError(
            f"{path} holds more than weights, or is no file of torch; anything else is refused because "
            "loading it could run any program: save it again with torch.save(network.state_dict(), path)"
        ) from error
    except (RuntimeError, EOFError) as error:
        raise ValueError(f"{path} is damaged or incomplete; remove it and download it again") from error
    if not isinstance(content, Mapping) or not all(isinstance(value, Tensor) for value in content.values()):
        raise ValueError(
            f"{path} does not hold weights by name but {_contents(content)}; save it again with "
            "torch.save(network.state_dict(), path)"
        )
    return dict(content)


def _contents(content: object) -> str:
    if isinstance(content, Mapping):
        return f"a dictionary of {_some([str(name) for name in content])}"
    return f"a {type(content).__name__}"


def _download(url: str, folder: str | os.PathLike[str] | None) -> Path:
    name = Path(unquote(urlsplit(url).path)).name
    if not name:
        raise ValueError(f"the URL {url} does not end in the name of a file")
    into = Path(torch.hub.get_dir()) / "checkpoints" if folder is None else Path(folder)
    path = into / name
    if path.exists():
        return path
    into.mkdir(parents=True, exist_ok=True)
    digest = re.search(r"-([0-9a-f]{8,64})\.", name)
    try:
        torch.hub.download_url_to_file(url, str(path), digest and digest[1], progress=False)
    except RuntimeError as error:  # what torch makes of a wrong SHA-256
        raise ValueError(
            f"the file from {url} does not have the SHA-256 {digest and digest[1]}... of its name; try "
            "again, or use another source"
        ) from error
    except OSError as error:
        raise OSError(
            f"{url} cannot be downloaded ({error}); download the file in another way and give its path"
        ) from error
    return path


def _some(names: list[str]) -> str:
    return ", ".join(names[:5]) + (f" and {len(names) - 5} more" if len(names) > 5 else "")


def _shapes(name: str, found: Mapping[str, Tensor], wanted: Mapping[str, Tensor]) -> str:
    return f"{name} {tuple(found[name].shape)} instead of {tuple(wanted[name].shape)}"
