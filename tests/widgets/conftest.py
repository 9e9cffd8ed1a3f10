import pytest

from ig_widgets.data.log.log import AnnotationLog


@pytest.fixture(autouse=True)
def _wired(wire):
    """Give each widget of these tests a wire."""


@pytest.fixture
def log(tmp_path):
    with AnnotationLog(tmp_path / "annotations.db") as opened:
        yield opened
