"""Run an experiment: ``python -m ig_widgets.experiments NAME --data DIR [--seeds N] [--json FILE]``."""

import argparse
import inspect
import json
import pkgutil
import sys
from collections.abc import Sequence
from importlib import import_module
from pathlib import Path
from time import perf_counter
from types import ModuleType

from ig_widgets import experiments
from ig_widgets.experiments.parts.tables import table

_OPTIONS = ("data", "quick", "pictures", "keep")


def find_experiments() -> dict[str, ModuleType]:
    """Return the modules of this package that have a function ``run``, by the names people type."""
    names = [module.name for module in pkgutil.iter_modules(experiments.__path__) if not module.ispkg]
    modules = {
        name.replace("_", "-"): import_module(f"{experiments.__name__}.{name}")
        for name in names
        if name != "__main__"
    }
    return {name: module for name, module in modules.items() if "run" in vars(module)}


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the experiment that the command line names.

    Parameters
    ----------
    arguments
        The command line without the program. Default: that of this process.

    Returns
    -------
    int
        0 if it ran, 1 if its data, or a package that it needs, are missing.
    """
    known = find_experiments()
    listed = [f"  {name:14}{(module.__doc__ or '').splitlines()[0]}" for name, module in known.items()]
    parser = argparse.ArgumentParser(
        prog="python -m ig_widgets.experiments",
        description=__doc__,
        epilog="experiments:\n" + "\n".join(listed),
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("name", choices=known, metavar="NAME", help="one of those listed below")
    parser.add_argument(
        "--data", type=Path, default=Path(), metavar="DIR", help="folder of the data sets (default: this one)"
    )
    parser.add_argument("--seeds", type=int, metavar="N", help="number of random splits or repeats")
    parser.add_argument("--json", type=Path, metavar="FILE", help="where to write the figures")
    parser.add_argument("--pictures", type=Path, metavar="DIR", help="where to save pictures")
    parser.add_argument(
        "--keep", type=Path, metavar="DIR", help="where to keep what is done, to go on after an interruption"
    )
    parser.add_argument("--quick", action="store_true", help="in seconds, to see that everything runs")
    given = parser.parse_args(arguments)
    experiment = known[given.name]
    accepted = inspect.signature(experiment.run).parameters
    refused = [name for name in _OPTIONS[1:] if getattr(given, name) and name not in accepted]
    if refused:
        parser.error(f"{given.name} has no option --{refused[0]}; leave it out")
    options = {name: getattr(given, name) for name in _OPTIONS if name in accepted}
    seeds = experiment.SEEDS if given.seeds is None else given.seeds
    if seeds < 1:
        parser.error(f"--seeds is {seeds}; at least 1 random split is needed")
    if given.json is not None:
        given.json.parent.mkdir(parents=True, exist_ok=True)
    start = perf_counter()
    try:
        metrics, settings = experiment.run(seeds=seeds, **options)
    except (FileNotFoundError, ImportError) as error:
        print(error, file=sys.stderr)
        return 1
    print(table(metrics))
    print(f"{perf_counter() - start:.0f} s")
    if given.json is not None:
        result = {"experiment": given.name, "metrics": metrics, "settings": settings}
        given.json.write_text(json.dumps(result, indent=2) + "\n", encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
