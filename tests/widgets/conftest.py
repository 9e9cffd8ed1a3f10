import pytest


@pytest.fixture(autouse=True)
def _wired(wire):
    """Give each widget of these tests a wire."""
