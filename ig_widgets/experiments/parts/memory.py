"""How much memory a process has needed."""

import subprocess
import sys
from pathlib import Path


def peak_mib() -> float:
    """Return the most memory that this process has held at once, in MiB.

    On Linux it does not include what the process that started this one held.
    """
    status = Path("/proc/self/status")
    if status.exists():
        lines = dict(line.split(":", 1) for line in status.read_text().splitlines())
        return int(lines["VmHWM"].split()[0]) / 1024
    import resource  # noqa: PLC0415  # not on every system

    unit = 2**20 if sys.platform == "darwin" else 2**10
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / unit


def bare_interpreter_mib() -> float:
    """Return what an interpreter that has imported next to nothing needs, in MiB."""
    code = f"import runpy; print(runpy.run_path({__file__!r})['peak_mib']())"
    return float(subprocess.run([sys.executable, "-c", code], capture_output=True, check=True).stdout)  # noqa: S603
