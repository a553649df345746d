"""What is particular to SQLite: how transactions begin, how hard they are synced, and what its errors mean."""

import sqlite3
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path

from sqlalchemy import URL, Connection, create_engine, event

from gristmill.adapters.sql.database import Database
from gristmill.adapters.sql.mounts import refuse_network_disk
from gristmill.errors import BadInputError, GristmillError, StorageFullError, StoreBusyError

# Older versions can corrupt a WAL in a rare race (https://sqlite.org/wal.html, "The WAL-Reset Bug").
WAL_SINCE = (3, 51, 3)
BUSY_TIMEOUT_SECONDS = 5.0

_BUSY = "The store was busy for too long and gave no answer."
_FULL = "The disk of the store has no room or refuses writes."
_NO_STORE = "The file of the store is damaged, or it is no store of Gristmill."
_REFUSALS: Mapping[int, tuple[type[GristmillError], str]] = {
    sqlite3.SQLITE_BUSY: (StoreBusyError, _BUSY),
    sqlite3.SQLITE_LOCKED: (StoreBusyError, _BUSY),
    sqlite3.SQLITE_FULL: (StorageFullError, _FULL),
    sqlite3.SQLITE_READONLY: (StorageFullError, _FULL),
    sqlite3.SQLITE_IOERR: (StorageFullError, _FULL),
    sqlite3.SQLITE_CANTOPEN: (StorageFullError, _FULL),
    sqlite3.SQLITE_PERM: (StorageFullError, _FULL),
    sqlite3.SQLITE_NOTADB: (BadInputError, _NO_STORE),
    sqlite3.SQLITE_CORRUPT: (BadInputError, _NO_STORE),
}


def open_sqlite(url: URL) -> Database:
    """A database in a file, made if need be. Raises BadInputError and StorageFullError."""
    if not url.database or url.database == ":memory:":
        raise BadInputError("The store needs a file: write sqlite:///path/to/store.db.")
    path = Path(url.database).expanduser().absolute()
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise StorageFullError(f"The folder {path.parent} cannot be made: {error.strerror}.") from error
    refuse_network_disk(path)
    engine = create_engine(
        url.set(database=str(path)),
        connect_args={"timeout": BUSY_TIMEOUT_SECONDS, "check_same_thread": False},
        pool_size=2,
        max_overflow=0,
    )
    event.listen(engine, "connect", _prepare)
    event.listen(engine, "begin", _begin)
    return Database(engine=engine, readers=1, writers=1, read_clock=_read_clock, translate=translate)


def translate(error: BaseException) -> GristmillError | None:
    """What an error of SQLite means to us, or None when it is none that a caller can act on."""
    if not isinstance(error, sqlite3.Error):
        return None
    # The low byte is the primary code (https://sqlite.org/rescode.html); errors of the module itself have none.
    refusal = _REFUSALS.get(getattr(error, "sqlite_errorcode", -1) & 0xFF)
    return refusal[0](f"{refusal[1]} ({error})") if refusal else None


def _prepare(connection: sqlite3.Connection, _record: object) -> None:
    # Left to itself the module begins transactions late, and a read that turns into a write fails under a busy writer.
    connection.isolation_level = None
    mode = "WAL" if sqlite3.sqlite_version_info >= WAL_SINCE else "TRUNCATE"
    try:
        connection.execute(f"PRAGMA journal_mode={mode}")
        connection.execute("PRAGMA synchronous=FULL")
    except sqlite3.Error:
        connection.close()
        raise


def _begin(connection: Connection) -> None:
    connection.exec_driver_sql("BEGIN IMMEDIATE" if connection.get_execution_options().get("writes") else "BEGIN")


def _read_clock(_connection: Connection) -> datetime:
    # A file is shared by processes of one machine: its clock is the store's.
    return datetime.now(UTC)
