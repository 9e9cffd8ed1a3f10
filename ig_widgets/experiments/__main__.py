"""Run an experiment: ``python -m ig_widgets.experiments NAME --data DIR [--seeds N] [--json FILE]``."""

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path
from time import perf_counter
from typing import Any

from ig_widgets.experiments import (
    busy,
    crowd,
    dev_size,
    end_model,
    errors,
    ksdd,
    match_scale,
    match_speed,
    model_tuning,
    neu,
    order_speed,
    pattern_count,
    review_errors,
    speed,
    word_memory,
    word_purity,
)
from ig_widgets.experiments.parts.tables import table

SPEEDS = {
    "busy": busy,
    "match-scale": match_scale,
    "match-speed": match_speed,
    "order-speed": order_speed,
    "speed": speed,
    "word-memory": word_memory,
}
LEARNING = {
    "crowd": crowd,
    "dev-size": dev_size,
    "end-model": end_model,
    "errors": errors,
    "ksdd": ksdd,
    "model-tuning": model_tuning,
    "neu": neu,
    "pattern-count": pattern_count,
    "review-errors": review_errors,
    "word-purity": word_purity,
}
LONG = LEARNING.keys() - {"errors", "review-errors", "word-purity"}  # of many development sets
QUICK = {"busy", *LEARNING}
EXPERIMENTS = {**LEARNING, **SPEEDS}


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
    listed = [f"  {name:14}{(of.__doc__ or '').splitlines()[0]}" for name, of in EXPERIMENTS.items()]
    parser = argparse.ArgumentParser(
        prog="python -m ig_widgets.experiments",
        description=__doc__,
        epilog="experiments:\n" + "\n".join(listed),
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("name", choices=EXPERIMENTS, metavar="NAME", help="one of those listed below")
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
    experiment = EXPERIMENTS[given.name]
    options = _options(given, parser)
    seeds = experiment.SEEDS if given.seeds is None else given.seeds
    if seeds < 1:
        parser.error(f"--seeds is {seeds}; at least 1 random split is needed")
    if given.json is not None:
        given.json.parent.mkdir(parents=True, exist_ok=True)
    start = perf_counter()
    try:
        metrics, settings = experiment.run(given.data, seeds, **options)
    except (FileNotFoundError, ImportError) as error:
        print(error, file=sys.stderr)
        return 1
    print(table(metrics))
    print(f"{perf_counter() - start:.0f} s")
    if given.json is not None:
        result = {"experiment": given.name, "metrics": metrics, "settings": settings}
        given.json.write_text(json.dumps(result, indent=2) + "\n", encoding="utf-8")
    return 0


def _options(given: argparse.Namespace, parser: argparse.ArgumentParser) -> dict[str, Any]:
    """Return what the experiment is called with beside data and seeds; refuse what it does not know."""
    options: dict[str, Any] = {}
    if given.name in QUICK:
        options["quick"] = given.quick
    elif given.quick:
        parser.error(f"{given.name} has no --quick form")
    if given.name in LEARNING:
        options["pictures"] = given.pictures
    elif given.pictures:
        parser.error(f"{given.name} makes no pictures")
    if given.keep and given.name not in LONG:
        parser.error(f"{given.name} has nothing to --keep")
    if given.name in LONG:
        options["keep"] = given.keep
    return options


if __name__ == "__main__":
    sys.exit(main())
