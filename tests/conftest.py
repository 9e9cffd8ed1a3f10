import hashlib
import os
import tempfile
from pathlib import Path

import pytest

REPO = Path(__file__).resolve().parents[1]

# numba looks at a function's own file only, not at those of the functions that it calls: what it keeps
# of compiled functions would survive a change of theirs
_compiled = REPO / "ig_widgets" / "compute" / "matching"
_sources = b"".join(path.read_bytes() for path in sorted(_compiled.glob("*.py")))
os.environ["NUMBA_CACHE_DIR"] = str(
    Path(tempfile.gettempdir()) / f"ig_widgets-numba-{hashlib.sha256(_sources).hexdigest()[:16]}"
)


@pytest.fixture(scope="session")
def data_dir():
    folder = Path(os.environ.get("IG_DATA", REPO.parent / "shared" / "data"))
    if not folder.is_dir():
        pytest.skip("the real data sets are absent: set IG_DATA to their folder")
    return folder


def pytest_collection_modifyitems(items):
    # the long ones first: the many short ones fill what time is left
    items.sort(key=lambda item: item.get_closest_marker("slow") is None)
