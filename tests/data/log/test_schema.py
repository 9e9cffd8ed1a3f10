import importlib.util
import os
import sqlite3
import subprocess
import sys
import tempfile
import textwrap
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import pytest
from sqlalchemy import create_engine, text
from sqlalchemy.pool import NullPool

from ig_widgets.data.errors import LogError
from ig_widgets.data.log import schema
from ig_widgets.data.log.log import AnnotationLog
from ig_widgets.data.log.schema import open_database

REPO = Path(__file__).resolve().parents[3]


def make_jpeg(path):
    path.write_bytes(b"\xff\xd8\xff\xe0\0\x10JFIF" + bytes(range(256)) * 20)


def make_short_text(path):
    path.write_text("SQL")


def make_log(path):
    with AnnotationLog(path) as log:
        log.append([{"image": f"{i}.png"} for i in range(500)], annotator="ada")


def make_truncated_log(path):
    make_log(path)
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


def make_scribbled_log(path):
    make_log(path)
    content = bytearray(path.read_bytes())
    content[100:4096] = b"\x55" * 3996
    path.write_bytes(content)


def execute(path, *commands):
    connection = sqlite3.connect(path)
    for command in commands:
        connection.execute(command)
    connection.commit()
    connection.close()


def make_foreign(path):
    execute(path, "CREATE TABLE photos (name)")


def make_foreign_wal(path):
    execute(path, "PRAGMA journal_mode=WAL", "CREATE TABLE photos (name)")


def make_newer_log(path):
    make_log(path)
    execute(path, "UPDATE ig_widgets_meta SET value = '3' WHERE key = 'version'")


def make_log_without_id(path):
    make_log(path)
    execute(path, "DELETE FROM ig_widgets_meta WHERE key = 'id'")


def make_log_without_statements(path):
    make_log(path)
    execute(path, "DROP TABLE statements")


@pytest.mark.parametrize(
    ("make", "sentence"),
    [
        (make_jpeg, "a.db is not an annotation log: it is not an SQLite file; give another path"),
        (make_short_text, "a.db is not an annotation log: it is not an SQLite file"),
        (make_truncated_log, r"a.db is damaged \(.*malformed\); restore it from a backup"),
        (make_scribbled_log, r"a.db is damaged \(.*\); restore it from a backup"),
        (make_foreign, r"a.db is not an annotation log: it holds other tables \(photos\)"),
        (make_foreign_wal, r"a.db is not an annotation log: it holds other tables \(photos\)"),
        (
            make_newer_log,
            r"was created by a newer ig_widgets \(its tables have version 3, this one supports 2\); upgrade",
        ),
        (make_log_without_id, "a.db is incomplete; restore it from a backup"),
        (make_log_without_statements, "a.db is incomplete; restore it from a backup"),
    ],
)
def test_a_file_that_is_no_log_is_refused_and_left_as_it_was(tmp_path, make, sentence):
    path = tmp_path / "a.db"
    make(path)
    before = path.read_bytes()
    with pytest.raises(LogError, match=sentence):
        AnnotationLog(path)
    assert path.read_bytes() == before
    assert [entry.name for entry in tmp_path.iterdir()] == ["a.db"]


def make_first_version(path):
    """Make a log as ig_widgets 0.1 made it, without comments."""
    make_log(path)
    execute(
        path,
        "ALTER TABLE statements DROP COLUMN comment",
        "UPDATE ig_widgets_meta SET value = '1' WHERE key = 'version'",
    )


def test_a_log_of_the_first_version_is_upgraded_and_loses_nothing(tmp_path):
    make_first_version(tmp_path / "a.db")
    for _ in range(2):
        with AnnotationLog(tmp_path / "a.db") as log:
            assert len(log.annotations) == 500
    with AnnotationLog(tmp_path / "a.db") as log:
        log.append([{"image": "3.png", "comment": "a scratch?"}], annotator="bo")
        assert log.comments()["comment"].tolist() == ["a scratch?"]
        assert len(log.annotations) == 500


def test_processes_that_upgrade_a_log_at_once_do_it_once(tmp_path):
    make_first_version(tmp_path / "a.db")
    code = (
        "import sys; from ig_widgets.data.log.log import AnnotationLog; print(AnnotationLog(sys.argv[1]).id)"
    )
    running = [
        subprocess.Popen(
            [sys.executable, "-c", code, str(tmp_path / "a.db")], stdout=subprocess.PIPE, text=True
        )
        for _ in range(4)
    ]
    ids = {one.communicate(timeout=60)[0] for one in running}
    assert all(one.returncode == 0 for one in running)
    assert len(ids) == 1


@pytest.fixture
def first_version(new_postgres_url):
    """Return the URL of a log in PostgreSQL as ig_widgets 0.1 made it, with two statements."""
    url = new_postgres_url()
    with AnnotationLog(url) as log:
        log.append([{"image": "a.png", "label": "crack", "present": True}], annotator="ada", action="a")
        log.append([{"image": "b.png"}], annotator="bo")
    on_server(
        url,
        "ALTER TABLE statements DROP COLUMN comment",
        "UPDATE ig_widgets_meta SET value = '1' WHERE key = 'version'",
    )
    return url


def on_server(url, *commands):
    engine = create_engine(schema._parse_url(url), poolclass=NullPool)
    with engine.begin() as connection:
        for command in commands:
            connection.execute(text(command))


@contextmanager
def session(url, *commands):
    """Let another program do something in a transaction that it does not end."""
    engine = create_engine(schema._parse_url(url), poolclass=NullPool)
    with engine.connect() as connection:
        for command in commands:
            connection.execute(text(command))
        yield
        connection.rollback()


def test_a_postgresql_log_of_the_first_version_is_upgraded_and_loses_nothing(first_version):
    for _ in range(2):
        with AnnotationLog(first_version) as log:
            assert log.annotations["image"].tolist() == ["a.png", "b.png"]
    with AnnotationLog(first_version) as log:
        log.append([{"image": "a.png", "comment": "a scratch?"}], annotator="bo")
        assert log.comments()["comment"].tolist() == ["a scratch?"]
        assert log.undo("ada") == ["a.png"]
        assert log.annotations["image"].tolist() == ["b.png"]


def test_threads_that_upgrade_a_postgresql_log_at_once_do_it_once(first_version):
    with ThreadPoolExecutor(6) as pool:
        logs = list(pool.map(AnnotationLog, [first_version] * 6))
    assert len({log.id for log in logs}) == 1
    for log in logs:
        log.append([{"image": "a.png", "comment": "mine"}], annotator="ada")
    assert len(logs[0].comments()) == 6
    for log in logs:
        log.close()


@pytest.mark.timeout(60)
@pytest.mark.parametrize(
    "command",
    [
        "SELECT count(*) FROM statements",  # somebody reads
        """INSERT INTO statements (key, action, kind, image, annotator, source, at)
        VALUES ('k', 'k', 'say', 'c.png', 'bo', 'python', now())""",
        f"SELECT pg_advisory_xact_lock({schema._TURN})",  # it is somebody's turn to write
    ],
)
def test_an_upgrade_does_not_wait_for_ever_for_another_session(first_version, monkeypatch, command):
    monkeypatch.setattr(schema, "UPGRADE_TIMEOUT_S", 0.3)
    with (
        session(first_version, command),
        pytest.raises(LogError, match="another session is using it; close the notebooks") as caught,
    ):
        AnnotationLog(first_version)
    assert "secret" not in str(caught.value)
    with AnnotationLog(first_version) as log:
        assert log.annotations["image"].tolist() == ["a.png", "b.png"]
        log.append([{"image": "a.png", "comment": "upgraded"}], annotator="ada")


def test_who_may_not_upgrade_a_postgresql_log_is_told_who_may(first_version):
    on_server(
        first_version,
        "DROP ROLE IF EXISTS bo",
        "CREATE ROLE bo LOGIN",
        "GRANT SELECT, INSERT, UPDATE ON ALL TABLES IN SCHEMA public TO bo",
        "GRANT USAGE ON ALL SEQUENCES IN SCHEMA public TO bo",
    )
    of_bo = first_version.replace("ada:secret", "bo:secret")
    with pytest.raises(
        LogError, match=r"only the owner of its tables can upgrade it; ask 'ada' to open it once$"
    ):
        AnnotationLog(of_bo)
    AnnotationLog(first_version).close()
    with AnnotationLog(of_bo) as log:
        log.append([{"image": "a.png", "comment": "may write"}], annotator="bo")
        assert log.comments()["comment"].tolist() == ["may write"]
    on_server(first_version, "DROP OWNED BY bo", "DROP ROLE bo")


@pytest.mark.timeout(60)
def test_a_postgresql_log_that_is_up_to_date_is_opened_whoever_uses_it(new_postgres_url):
    url = new_postgres_url()
    AnnotationLog(url).close()
    with session(url, "SELECT count(*) FROM statements"), AnnotationLog(url) as log:
        log.append([{"image": "a.png"}], annotator="ada")


def test_an_empty_file_becomes_a_log(tmp_path):
    (tmp_path / "a.db").touch()
    with AnnotationLog(tmp_path / "a.db") as log:
        assert log.revision == 0


def test_a_log_keeps_its_id_and_another_has_its_own(tmp_path):
    with AnnotationLog(tmp_path / "a.db") as log, AnnotationLog(tmp_path / "b.db") as other:
        assert log.id != other.id
    with AnnotationLog(tmp_path / "a.db") as again:
        assert again.id == log.id


def test_path_text_and_url_name_the_same_log(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    ids = set()
    for where in (
        tmp_path / "a.db",
        str(tmp_path / "a.db"),
        "a.db",
        f"sqlite:///{tmp_path}/a.db",
        "sqlite:///a.db",
    ):
        with AnnotationLog(where) as log:
            ids.add(log.id)
    assert len(ids) == 1


def test_a_log_stays_where_it_is_when_the_working_folder_changes(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with AnnotationLog("a.db") as log:
        (tmp_path / "elsewhere").mkdir()
        monkeypatch.chdir("elsewhere")
        log._engine.dispose()
        log.append([{"image": "a.png"}], annotator="ada")
    assert not (tmp_path / "elsewhere" / "a.db").exists()


@pytest.mark.parametrize(
    ("where", "sentence"),
    [
        (
            "nowhere/a.db",
            "nowhere/a.db cannot be created because its folder does not exist; create the folder first",
        ),
        (".", "the annotation log . is a folder; give the path of a file in it"),
        (":memory:", "in memory would be lost with the process; give the path of a file"),
        ("sqlite://", "in memory would be lost with the process"),
        ("sqlite:///:memory:", "in memory would be lost with the process"),
        ("sqlite:///file:a.db?uri=true", "is a file: URI; give the path of the SQLite file"),
        (
            "mysql://user@host/database",
            "mysql://user@host/database cannot be opened: SQLAlchemy finds no driver for mysql; install one",
        ),
        ("://", "is malformed; write it like postgresql://user@host/database"),
    ],
)
def test_a_place_that_cannot_hold_a_log_is_refused_with_a_sentence(tmp_path, monkeypatch, where, sentence):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(LogError, match=sentence):
        AnnotationLog(where)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    "where", ["postgresql://ada:secret@host/database", "postgres://ada:secret@host/database"]
)
def test_a_bare_postgresql_url_uses_the_installed_driver(where):
    assert schema._parse_url(where).drivername == "postgresql+pg8000"


def test_a_postgresql_url_without_any_driver_says_what_to_install(monkeypatch):
    monkeypatch.setattr(importlib.util, "find_spec", lambda _name: None)
    sentence = (
        r"run `pip install ig_widgets\[postgres\]` and use a URL that begins with postgresql\+pg8000://"
    )
    with pytest.raises(LogError, match=sentence):
        AnnotationLog("postgresql://host/database")


def test_a_named_driver_that_is_not_installed_says_what_to_install():
    if importlib.util.find_spec("asyncpg"):
        pytest.skip("the driver is installed")
    with pytest.raises(LogError, match=r"ada:\*\*\*@host.*pip install ig_widgets\[postgres\]") as caught:
        AnnotationLog("postgresql+asyncpg://ada:secret@host/database")
    assert "secret" not in str(caught.value)


def test_a_server_that_does_not_answer_is_named_without_its_password():
    with pytest.raises(LogError, match=r"ada:\*\*\*@127.0.0.1:1/database cannot be opened") as caught:
        AnnotationLog("postgresql+pg8000://ada:secret@127.0.0.1:1/database")
    assert "secret" not in str(caught.value)


def test_every_connection_writes_through_to_the_disk(tmp_path):
    engine, _, _ = open_database(tmp_path / "a.db")
    with engine.connect() as one, engine.connect() as two:
        for connection in (one, two):
            assert connection.execute(text("PRAGMA journal_mode")).scalar() == "wal"
            assert connection.execute(text("PRAGMA synchronous")).scalar() == 2
            assert connection.execute(text("PRAGMA busy_timeout")).scalar() == 30_000
    engine.dispose()


def test_a_locked_database_says_that_nothing_was_saved(tmp_path, monkeypatch):
    monkeypatch.setattr(schema, "BUSY_TIMEOUT_S", 0.05)
    with AnnotationLog(tmp_path / "a.db") as log:
        other = sqlite3.connect(tmp_path / "a.db", isolation_level=None)
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(LogError, match=r"not saved: .*a.db could not be written \(database is locked\)"):
            log.append([{"image": "a.png"}], annotator="ada")
        assert len(log.annotations) == 0, "readers do not wait for writers"
        other.close()
        log.append([{"image": "a.png"}], annotator="ada")
        assert len(log.annotations) == 1


def test_a_full_disk_says_that_nothing_was_saved(tmp_path):
    pytest.importorskip("resource", reason="the size of files cannot be limited here")
    script = f"""
        import resource
        from ig_widgets.data.log.log import AnnotationLog, LogError
        log = AnnotationLog({str(tmp_path / "a.db")!r})
        said = log.append([{{"image": "a.png"}}], annotator="ada")
        resource.setrlimit(resource.RLIMIT_FSIZE, (200_000, resource.RLIM_INFINITY))
        for _ in range(100):
            try:
                said += log.append([{{"image": "a.png"}}] * 100, annotator="ada")
            except LogError as error:
                resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
                said += log.append([{{"image": "later.png"}}], annotator="ada")
                assert log.annotations.index.tolist() == said
                print(error)
                break
    """
    assert "not saved: the annotation log" in run(script)


def test_a_read_only_file_can_be_read_and_says_that_nothing_was_saved():
    # root may write to any file, so the script goes on as somebody else once everything is imported
    script = """
        import os, sys
        from ig_widgets.data.log.log import AnnotationLog, LogError
        with AnnotationLog(sys.argv[1]) as log:
            log.append([{"image": "a.png"}], annotator="ada")
        os.chmod(sys.argv[1], 0o444)
        if os.geteuid() == 0:
            os.setuid(65534)
        log = AnnotationLog(sys.argv[1])
        assert len(log.annotations) == 1
        try:
            log.append([{"image": "a.png"}], annotator="ada")
        except LogError as error:
            print(error)
    """
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o777)
        said = run(script, f"{folder}/a.db")
    assert "could not be written (attempt to write a readonly database)" in said


def run(script, *arguments):
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(script), *arguments],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "PYTHONPATH": str(REPO)},
    )
    assert done.returncode == 0, done.stderr
    return done.stdout
