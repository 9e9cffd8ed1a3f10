"""The tables of an annotation log, and how a database that holds them is opened."""

import importlib.util
import sqlite3
import time
import uuid
from pathlib import Path
from typing import Any, NamedTuple

from sqlalchemy import (
    URL,
    BigInteger,
    Boolean,
    Column,
    Connection,
    DateTime,
    Double,
    Engine,
    Index,
    Integer,
    MetaData,
    Table,
    Text,
    create_engine,
    event,
    insert,
    inspect,
    make_url,
    select,
    text,
    update,
)
from sqlalchemy.exc import ArgumentError, DBAPIError, NoSuchModuleError
from sqlalchemy.pool import NullPool

from ig_widgets.data.errors import LogError

VERSION = 2
"""The version of the tables (2: comments). A database with a lower one gets what it lacks when it is opened;
one with a higher one was written by a newer ig_widgets."""

BUSY_TIMEOUT_S = 30.0
"""How long a connection waits for another program that is writing to the same SQLite file, in seconds."""

UPGRADE_TIMEOUT_S = 10.0
"""How long an upgrade waits for those who use the tables of a PostgreSQL log, in seconds. Whoever comes after
it waits, too, so it had better give up soon."""

_LOCK_NOT_AVAILABLE = "55P03"

_TURN = 0x69675F77
"""The PostgreSQL advisory lock under which everybody writes."""

_metadata = MetaData()

META = Table(
    "ig_widgets_meta",
    _metadata,
    Column("key", Text, primary_key=True),
    Column("value", Text, nullable=False),
)

STATEMENTS = Table(
    "statements",
    _metadata,
    Column("seq", BigInteger().with_variant(Integer, "sqlite"), primary_key=True, autoincrement=True),
    Column("key", Text, nullable=False, unique=True),
    Column("action", Text, nullable=False, index=True),
    Column("kind", Text, nullable=False),
    Column("target", Text),
    Column("image", Text, nullable=False),
    Column("annotator", Text, nullable=False),
    Column("label", Text),
    Column("present", Boolean),
    Column("x", Double),
    Column("y", Double),
    Column("width", Double),
    Column("height", Double),
    Column("source", Text, nullable=False),
    Column("at", DateTime, nullable=False),  # UTC, without a zone because SQLite keeps none
    Column("comment", Text),
    Index("ix_statements_image_seq", "image", "seq"),
    Index("ix_statements_annotator_seq", "annotator", "seq"),
    sqlite_autoincrement=True,
)


def open_database(where: str | Path) -> tuple[Engine, str, str]:
    """Open the database of an annotation log, and make its tables where there is none yet.

    Parameters
    ----------
    where
        Path of an SQLite file, or a SQLAlchemy URL.

    Returns
    -------
    engine, where, id
        The SQLAlchemy engine; the place in words, without a password; the id that the log got when it was
        made.

    Raises
    ------
    LogError
        If the database cannot be opened, or holds something else than a log. It is left as it was.
    """
    url = _url(where)
    shown = url.render_as_string(hide_password=True) if url.host or "://" in str(where) else str(where)
    sqlite = url.get_backend_name() == "sqlite"
    if sqlite:
        _refuse_other_files(Path(url.database or ""), shown)
    engine = _engine(url, shown)
    try:
        return engine, shown, _found_or_made(engine, shown)
    except DBAPIError as error:
        engine.dispose()
        if _sqlstate(error) == _LOCK_NOT_AVAILABLE:
            raise LogError(
                f"the annotation log {shown} was made by an older ig_widgets and must be upgraded, but "
                "another session is using it: close the notebooks and programs that have it open, then open "
                "it again"
            ) from error
        raise LogError(f"the annotation log {shown} cannot be opened: {reason(error)}") from error
    except LogError:
        engine.dispose()
        raise


def _found_or_made(engine: Engine, shown: str) -> str:
    """Return the id of the log in a database, which gets its tables if it has none."""
    with engine.connect() as connection:
        found = _found(connection, shown)
    if found is None or found.version < VERSION:
        with engine.connect().execution_options(writing=True) as connection, connection.begin():
            if found is not None:
                _limit_waiting(connection)
            take_turn(connection)
            # another process may have made the tables while this one waited for its turn
            found = _found(connection, shown)
            if found is None:
                return _make_tables(connection)
            if found.version < VERSION:
                _refuse_without_right(connection, shown)
                _upgrade(connection)
    return found.id


def _limit_waiting(connection: Connection) -> None:
    if connection.dialect.name == "postgresql":
        limit = f"{UPGRADE_TIMEOUT_S * 1000:.0f}ms"
        connection.execute(text("SELECT set_config('lock_timeout', :limit, true)"), {"limit": limit})


def _refuse_without_right(connection: Connection, shown: str) -> None:
    """Raise a LogError unless the user of a PostgreSQL database may change the table."""
    if connection.dialect.name != "postgresql":
        return
    query = text(
        "SELECT pg_get_userbyid(relowner), pg_has_role(relowner, 'USAGE') FROM pg_class "
        "WHERE oid = CAST(:name AS regclass)"
    )
    owner, may = connection.execute(query, {"name": STATEMENTS.name}).one()
    if not may:
        raise LogError(
            f"the annotation log {shown} was made by an older ig_widgets, and only the owner of its tables "
            f"can upgrade it: let {owner!r} open it once"
        )


def take_turn(connection: Connection) -> None:
    """Let one transaction write at a time, so that a later row always has a higher number."""
    # SQLite took its only write lock with BEGIN IMMEDIATE already
    if connection.dialect.name == "postgresql":
        connection.execute(text("SELECT pg_advisory_xact_lock(:turn)"), {"turn": _TURN})


def reason(error: DBAPIError) -> str:
    """Return what the database said, in one line and without the statement's SQL."""
    said = error.orig.args[0] if error.orig is not None and error.orig.args else error
    if isinstance(said, dict):  # pg8000 hands over the fields of the server's message
        said = said.get("M", said)
    return str(said)


def _sqlstate(error: DBAPIError) -> str | None:
    """Return the five characters by which PostgreSQL names an error, if they are known."""
    said = error.orig.args[0] if error.orig is not None and error.orig.args else None
    if isinstance(said, dict):  # pg8000
        return said.get("C")
    # psycopg, psycopg2
    return getattr(error.orig, "sqlstate", None) or getattr(error.orig, "pgcode", None)


def _url(where: str | Path) -> URL:
    if isinstance(where, Path) or "://" not in where:
        if str(where) == ":memory:":
            raise LogError(_NO_MEMORY)
        return URL.create("sqlite", database=str(Path(where).expanduser().absolute()))
    try:
        url = make_url(where)
    except ArgumentError as error:
        raise LogError(
            "an annotation log's URL looks like postgresql://user@host/database; this one does not"
        ) from error
    if url.drivername in {"postgresql", "postgres"}:
        url = url.set(drivername=f"postgresql+{_postgres_driver()}")
    if url.get_backend_name() == "sqlite":
        if url.database in {None, "", ":memory:"}:
            raise LogError(_NO_MEMORY)
        if str(url.database).startswith("file:"):
            raise LogError(f"{where}: an SQLite file is named by its path, not by a file: address")
        return url.set(database=str(Path(str(url.database)).absolute()))
    return url


_NO_MEMORY = "an annotation log in memory would be lost with the process: give the path of a file"

_NO_DRIVER = (
    "no driver for PostgreSQL is installed: run `pip install ig_widgets[postgres]` "
    "and use a URL that begins with postgresql+pg8000://"
)


def _postgres_driver() -> str:
    for driver in ("pg8000", "psycopg", "psycopg2"):
        if importlib.util.find_spec(driver):
            return driver
    raise LogError(_NO_DRIVER)


def _refuse_other_files(path: Path, shown: str) -> None:
    """Look at an SQLite file without opening it for writing."""
    if not path.parent.is_dir():
        raise LogError(f"the annotation log {shown} cannot be made: its folder does not exist; make it first")
    if path.is_dir():
        raise LogError(f"the annotation log {shown} is a folder: give the path of a file in it")
    if not path.exists():
        return
    try:
        with path.open("rb") as file:
            start = file.read(16)
    except OSError as error:
        raise LogError(f"the annotation log {shown} cannot be read: {error.strerror}") from error
    if not start:
        return
    if start != b"SQLite format 3\0":
        raise LogError(f"{shown} is not an annotation log: it is no SQLite file; give another path")
    _refuse_other_tables(path, shown)


def _refuse_other_tables(path: Path, shown: str) -> None:
    for patience_s in (0.05, 0.1, 0.2, 0.4, 0):
        try:
            _look(path, shown)
        except LogError:
            # Another process may have begun to write after we looked for -wal: then we see it next time.
            if patience_s == 0:
                raise
            time.sleep(patience_s)
        else:
            return


def _look(path: Path, shown: str) -> None:
    """Read what an SQLite file holds; one that is not a log raises."""
    # nobody has a file without -wal open, so it can be read without leaving -wal and -shm files beside it
    mode = "mode=ro" if Path(f"{path}-wal").exists() else "mode=ro&immutable=1"
    probe = create_engine(
        "sqlite://",
        creator=lambda: sqlite3.connect(f"{path.as_uri()}?{mode}", uri=True, timeout=BUSY_TIMEOUT_S),
        poolclass=NullPool,
    )
    try:
        with probe.connect() as connection:
            _found(connection, shown)
    except DBAPIError as error:
        # an OperationalError (busy, cannot be opened) says nothing about the content
        if type(error.orig) is sqlite3.DatabaseError:
            raise LogError(
                f"the annotation log {shown} is damaged ({reason(error)}): restore it from a copy"
            ) from error


def _engine(url: URL, shown: str) -> Engine:
    if url.get_backend_name() == "sqlite":
        engine = create_engine(url, connect_args={"timeout": BUSY_TIMEOUT_S, "check_same_thread": False})
        event.listen(engine, "connect", _prepare_sqlite)
        event.listen(engine, "begin", _begin_sqlite)
        return engine
    postgres = url.get_backend_name() == "postgresql"
    try:
        # in PostgreSQL writers take turns; other databases must keep their transactions apart themselves
        level: Any = "READ COMMITTED" if postgres else "SERIALIZABLE"
        return create_engine(url, isolation_level=level, pool_pre_ping=True)
    except (ModuleNotFoundError, NoSuchModuleError) as error:
        missing = _NO_DRIVER if postgres else f"SQLAlchemy finds no driver for {url.drivername}: install one"
        raise LogError(f"{shown} cannot be opened: {missing}") from error


def _prepare_sqlite(connection: Any, _record: Any) -> None:
    connection.isolation_level = None  # we say BEGIN ourselves, see _begin_sqlite
    connection.execute("PRAGMA synchronous=FULL")
    # SQLite does not wait when two processes turn a new file to WAL at once: it fails, and is asked again
    deadline = time.monotonic() + BUSY_TIMEOUT_S
    while True:
        try:
            connection.execute("PRAGMA journal_mode=WAL").fetchall()
        except sqlite3.OperationalError as error:
            if "locked" not in str(error) or time.monotonic() > deadline:
                raise
            time.sleep(0.01)
        else:
            return


def _begin_sqlite(connection: Connection) -> None:
    # a reader that turns writer can fail where a writer from the start only waits
    writing = connection.get_execution_options().get("writing", False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writing else "BEGIN")


class _Found(NamedTuple):
    """A log in a database."""

    id: str
    version: int


def _found(connection: Connection, shown: str) -> _Found | None:
    """Return the log, or None where nothing was made yet."""
    tables = set(inspect(connection).get_table_names())
    if META.name not in tables:
        # a PostgreSQL database is shared with other things, a file is not
        if tables and (connection.dialect.name == "sqlite" or STATEMENTS.name in tables):
            raise LogError(
                f"{shown} is not an annotation log: it holds other tables ({', '.join(sorted(tables)[:3])}); "
                "give another path or database"
            )
        return None
    meta = {row.key: row.value for row in connection.execute(select(META.c.key, META.c.value))}
    version = str(meta.get("version", ""))
    if not version.isdigit() or "id" not in meta or STATEMENTS.name not in tables:
        raise LogError(f"the annotation log {shown} is incomplete: restore it from a copy")
    if int(version) > VERSION:
        raise LogError(
            f"the annotation log {shown} was made by a newer ig_widgets (version {version} of the tables, "
            f"this one knows {VERSION}): upgrade ig_widgets"
        )
    return _Found(str(meta["id"]), int(version))


def _upgrade(connection: Connection) -> None:
    connection.execute(text("ALTER TABLE statements ADD COLUMN comment TEXT"))
    connection.execute(update(META).where(META.c.key == "version").values(value=str(VERSION)))


def _make_tables(connection: Connection) -> str:
    _metadata.create_all(connection)
    made = uuid.uuid4().hex
    connection.execute(
        insert(META), [{"key": "version", "value": str(VERSION)}, {"key": "id", "value": made}]
    )
    return made
