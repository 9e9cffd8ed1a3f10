"""Run an experiment: ``python -m ig_widgets.experiments NAME --data DIR [--seeds N] [--json FILE]``."""

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path
from time import perf_counter

from ig_widgets.experiments import ksdd, match_scale, match_speed, neu, speed
from ig_widgets.experiments.tables import table

EXPERIMENTS = {
    "ksdd": ksdd,
    "match-scale": match_scale,
    "match-speed": match_speed,
    "neu": neu,
    "speed": speed,
}


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the experiment that the command line names.

    Parameters
    ----------
    arguments
        The command line without the program. Default: that of this process.

    Returns
    -------
    int
        0 if it ran, 1 if its data are missing.
    """
    parser = argparse.ArgumentParser(prog="python -m ig_widgets.experiments", description=__doc__)
    parser.add_argument("name", choices=EXPERIMENTS, metavar="NAME", help=", ".join(EXPERIMENTS))
    parser.add_argument(
        "--data", type=Path, default=Path(), metavar="DIR", help="folder of the data sets (default: this one)"
    )
    parser.add_argument("--seeds", type=int, metavar="N", help="number of random splits or repeats")
    parser.add_argument("--json", type=Path, metavar="FILE", help="where to write the figures")
    given = parser.parse_args(arguments)
    experiment = EXPERIMENTS[given.name]
    seeds = experiment.SEEDS if given.seeds is None else given.seeds
    if seeds < 1:
        parser.error(f"--seeds is {seeds}; at least 1 random split is needed")
    start = perf_counter()
    try:
        metrics, settings = experiment.run(given.data, seeds)
    except FileNotFoundError as error:
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
