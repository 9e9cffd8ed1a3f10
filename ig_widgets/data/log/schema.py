"""The database of an annotation log: tables, connections, creation and upgrade."""

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
"""Version of the tables (2 adds comments). A database of a lower version is upgraded when it is opened; one
of a higher version was written by a newer ig_widgets."""

BUSY_TIMEOUT_S = 30.0
"""How long a connection waits for another program that is writing to the same SQLite file, in seconds."""

UPGRADE_TIMEOUT_S = 10.0
"""How long an upgrade waits for other sessions that use the tables of a PostgreSQL log, in seconds. Sessions
that arrive later queue behind the upgrade, so it must give up soon."""

_LOCK_NOT_AVAILABLE = "55P03"

_TURN = 0x69675F77
"""The PostgreSQL advisory lock that every writer takes."""

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
    """Open the database of an annotation log, and create its tables if it is empty.

    Parameters
    ----------
    where
        Path of an SQLite file, or a SQLAlchemy URL.

    Returns
    -------
    engine, where, id
        The SQLAlchemy engine; the path or URL without a password; the id that was assigned when the log was
        created.

    Raises
    ------
    LogError
        If the database cannot be opened, or is not an annotation log. It is left unchanged.
    """
    url = _parse_url(where)
    shown = url.render_as_string(hide_password=True) if url.host or "://" in str(where) else str(where)
    sqlite = url.get_backend_name() == "sqlite"
    if sqlite:
        _refuse_other_files(Path(url.database or ""), shown)
    engine = _create_engine(url, shown)
    try:
        return engine, shown, _prepare_tables(engine, shown)
    except DBAPIError as error:
        engine.dispose()
        if _sqlstate(error) == _LOCK_NOT_AVAILABLE:
            raise LogError(
                f"the annotation log {shown} was created by an older ig_widgets and must be upgraded, but "
                "another session is using it; close the notebooks and programs that have it open, then open "
                "it again"
            ) from error
        raise LogError(f"the annotation log {shown} cannot be opened: {reason(error)}") from error
    except LogError:
        engine.dispose()
        raise


def _prepare_tables(engine: Engine, shown: str) -> str:
    """Create or upgrade the tables where necessary, and return the id of the log."""
    with engine.connect() as connection:
        meta = _read_meta(connection, shown)
    if meta is None or meta.version < VERSION:
        with engine.connect().execution_options(writing=True) as connection, connection.begin():
            if meta is not None:
                _limit_waiting(connection)
            take_turn(connection)
            # another process may have created the tables while this one waited for its turn
            meta = _read_meta(connection, shown)
            if meta is None:
                return _create_tables(connection)
            if meta.version < VERSION:
                _refuse_without_ownership(connection, shown)
                _upgrade(connection)
    return meta.id


def _limit_waiting(connection: Connection) -> None:
    if connection.dialect.name == "postgresql":
        limit = f"{UPGRADE_TIMEOUT_S * 1000:.0f}ms"
        connection.execute(text("SELECT set_config('lock_timeout', :limit, true)"), {"limit": limit})


def _refuse_without_ownership(connection: Connection, shown: str) -> None:
    """Raise a LogError unless the PostgreSQL user has the rights of the table's owner."""
    if connection.dialect.name != "postgresql":
        return
    query = text(
        "SELECT pg_get_userbyid(relowner), pg_has_role(relowner, 'USAGE') FROM pg_class "
        "WHERE oid = CAST(:name AS regclass)"
    )
    owner, may = connection.execute(query, {"name": STATEMENTS.name}).one()
    if not may:
        raise LogError(
            f"the annotation log {shown} was created by an older ig_widgets, and only the owner of its "
            f"tables can upgrade it; ask {owner!r} to open it once"
        )


def take_turn(connection: Connection) -> None:
    """Wait until no other transaction writes, so that a later row always has a higher number."""
    # SQLite has already taken its only write lock with BEGIN IMMEDIATE
    if connection.dialect.name == "postgresql":
        connection.execute(text("SELECT pg_advisory_xact_lock(:turn)"), {"turn": _TURN})


def reason(error: DBAPIError) -> str:
    """Return the message of the database in one line, without the SQL."""
    message = error.orig.args[0] if error.orig is not None and error.orig.args else error
    if isinstance(message, dict):  # pg8000 passes on the fields of the server's message
        message = message.get("M", message)
    return str(message)


def _sqlstate(error: DBAPIError) -> str | None:
    """Return the SQLSTATE code of a PostgreSQL error, if it is known."""
    message = error.orig.args[0] if error.orig is not None and error.orig.args else None
    if isinstance(message, dict):  # pg8000
        return message.get("C")
    # psycopg, psycopg2
    return getattr(error.orig, "sqlstate", None) or getattr(error.orig, "pgcode", None)


def _parse_url(where: str | Path) -> URL:
    if isinstance(where, Path) or "://" not in where:
        if str(where) == ":memory:":
            raise LogError(_NO_MEMORY)
        return URL.create("sqlite", database=str(Path(where).expanduser().absolute()))
    try:
        url = make_url(where)
    except ArgumentError as error:
        raise LogError(
            "the URL of the annotation log is malformed; write it like postgresql://user@host/database"
        ) from error
    if url.drivername in {"postgresql", "postgres"}:
        url = url.set(drivername=f"postgresql+{_find_postgres_driver()}")
    if url.get_backend_name() == "sqlite":
        if url.database in {None, "", ":memory:"}:
            raise LogError(_NO_MEMORY)
        if str(url.database).startswith("file:"):
            raise LogError(f"the annotation log {where} is a file: URI; give the path of the SQLite file")
        return url.set(database=str(Path(str(url.database)).absolute()))
    return url


_NO_MEMORY = "an annotation log in memory would be lost with the process; give the path of a file"

_NO_DRIVER = (
    "no driver for PostgreSQL is installed; run `pip install ig_widgets[postgres]` "
    "and use a URL that begins with postgresql+pg8000://"
)


def _find_postgres_driver() -> str:
    for driver in ("pg8000", "psycopg", "psycopg2"):
        if importlib.util.find_spec(driver):
            return driver
    raise LogError(_NO_DRIVER)


def _refuse_other_files(path: Path, shown: str) -> None:
    """Raise a LogError if an existing file is not an annotation log, without opening it for writing."""
    if not path.parent.is_dir():
        raise LogError(
            f"the annotation log {shown} cannot be created because its folder does not exist; "
            "create the folder first"
        )
    if path.is_dir():
        raise LogError(f"the annotation log {shown} is a folder; give the path of a file in it")
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
        raise LogError(f"{shown} is not an annotation log: it is not an SQLite file; give another path")
    _refuse_other_tables(path, shown)


def _refuse_other_tables(path: Path, shown: str) -> None:
    for patience_s in (0.05, 0.1, 0.2, 0.4, 0):
        try:
            _check_tables(path, shown)
        except LogError:
            # another process may have begun to write after we checked for -wal; the next attempt sees it
            if patience_s == 0:
                raise
            time.sleep(patience_s)
        else:
            return


def _check_tables(path: Path, shown: str) -> None:
    """Raise a LogError if the tables in an SQLite file are not those of a log."""
    # without -wal no process has the file open, so it can be read without leaving -wal and -shm files behind
    mode = "mode=ro" if Path(f"{path}-wal").exists() else "mode=ro&immutable=1"
    probe = create_engine(
        "sqlite://",
        creator=lambda: sqlite3.connect(f"{path.as_uri()}?{mode}", uri=True, timeout=BUSY_TIMEOUT_S),
        poolclass=NullPool,
    )
    try:
        with probe.connect() as connection:
            _read_meta(connection, shown)
    except DBAPIError as error:
        # an OperationalError (busy, cannot be opened) says nothing about the content
        if type(error.orig) is sqlite3.DatabaseError:
            raise LogError(
                f"the annotation log {shown} is damaged ({reason(error)}); restore it from a backup"
            ) from error


def _create_engine(url: URL, shown: str) -> Engine:
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
        missing = _NO_DRIVER if postgres else f"SQLAlchemy finds no driver for {url.drivername}; install one"
        raise LogError(f"{shown} cannot be opened: {missing}") from error


def _prepare_sqlite(connection: Any, _record: Any) -> None:
    connection.isolation_level = None  # _begin_sqlite issues BEGIN
    connection.execute("PRAGMA synchronous=FULL")
    # SQLite does not wait when two processes switch a new file to WAL at once: it fails and must be retried
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
    # a reader that becomes a writer can fail where one that starts as a writer only waits
    writing = connection.get_execution_options().get("writing", False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writing else "BEGIN")


class _Meta(NamedTuple):
    """The contents of the table ``ig_widgets_meta``."""

    id: str
    version: int


def _read_meta(connection: Connection, shown: str) -> _Meta | None:
    """Return id and version of the log in a database, or None where the database is empty."""
    tables = set(inspect(connection).get_table_names())
    if META.name not in tables:
        # a PostgreSQL database may hold other tables, a file may not
        if tables and (connection.dialect.name == "sqlite" or STATEMENTS.name in tables):
            raise LogError(
                f"{shown} is not an annotation log: it holds other tables ({', '.join(sorted(tables)[:3])}); "
                "give another path or database"
            )
        return None
    meta = {row.key: row.value for row in connection.execute(select(META.c.key, META.c.value))}
    version = str(meta.get("version", ""))
    if not version.isdigit() or "id" not in meta or STATEMENTS.name not in tables:
        raise LogError(f"the annotation log {shown} is incomplete; restore it from a backup")
    if int(version) > VERSION:
        raise LogError(
            f"the annotation log {shown} was created by a newer ig_widgets (its tables have version "
            f"{version}, this one supports {VERSION}); upgrade ig_widgets"
        )
    return _Meta(str(meta["id"]), int(version))


def _upgrade(connection: Connection) -> None:
    connection.execute(text("ALTER TABLE statements ADD COLUMN comment TEXT"))
    connection.execute(update(META).where(META.c.key == "version").values(value=str(VERSION)))


def _create_tables(connection: Connection) -> str:
    _metadata.create_all(connection)
    id_ = uuid.uuid4().hex
    connection.execute(insert(META), [{"key": "version", "value": str(VERSION)}, {"key": "id", "value": id_}])
    return id_
