import os
from pathlib import Path

import pytest

REPO = Path(__file__).resolve().parents[1]


@pytest.fixture(scope="session")
def data_dir():
    folder = Path(os.environ.get("IG_DATA", REPO.parent / "shared" / "data"))
    if not folder.is_dir():
        pytest.skip("the real data sets are absent: set IG_DATA to their folder")
    return folder
