"""A store over SQL: one class that satisfies every port, made of the verbs of each."""

import random
from collections.abc import Callable
from datetime import datetime, timedelta

from sqlalchemy import URL, make_url
from sqlalchemy.exc import ArgumentError

from gristmill.adapters.sql.account_verbs import AccountVerbs
from gristmill.adapters.sql.database import Database
from gristmill.adapters.sql.library_verbs import LibraryVerbs
from gristmill.adapters.sql.mill_verbs import MillVerbs
from gristmill.adapters.sql.schema import prepare_schema
from gristmill.adapters.sql.service_verbs import ServiceVerbs
from gristmill.adapters.sql.sqlite import open_sqlite
from gristmill.errors import BadInputError

LEASE_TTL = timedelta(seconds=30)
_HOW = "Write sqlite:///path/to/store.db or postgresql://user:password@host/database."


def open_store(
    url: str,
    *,
    ttl: timedelta = LEASE_TTL,
    now: Callable[[], datetime] | None = None,
    chance: random.Random | None = None,
) -> "SqlStore":
    """A store at a URL such as `sqlite:///path/store.db`, made or migrated if need be. It reads and writes files.

    Leases last `ttl` from each write and are judged by `now`, without one by the store's own clock: a server's, or
    that of the file's machine. `chance` picks among free shards. Raises BadInputError for a URL, file, disk or
    database that cannot be used and for a store of a newer program; StoreBusyError; StorageFullError.
    """
    database = _open_database(url)
    try:
        prepare_schema(database)
    except BaseException:
        database.engine.dispose()
        raise
    return SqlStore(database, ttl=ttl, now=now, chance=chance or random.Random())  # noqa: S311


def _open_database(url: str) -> Database:
    try:
        parsed = make_url(url)
    except (ArgumentError, ValueError) as error:
        # Without its parts nobody knows where in it a password stands.
        shown = "The URL" if "@" in url else repr(url)
        raise BadInputError(f"{shown} names no store. {_HOW}") from error
    match parsed.get_backend_name():
        case "sqlite":
            return open_sqlite(parsed)
        case "postgresql":
            return _open_postgres(parsed)
        case _:
            raise BadInputError(f"Stores of kind {parsed.drivername!r} are not supported. {_HOW}")


def _open_postgres(url: URL) -> Database:
    try:
        from gristmill.adapters.sql.postgres import open_postgres  # noqa: PLC0415 - an optional extra
    except ImportError as error:
        raise BadInputError(
            f"A store on PostgreSQL needs a driver that is not installed ({error}): pip install 'gristmill[postgres]'."
        ) from error
    return open_postgres(url)


class SqlStore(MillVerbs, LibraryVerbs, AccountVerbs, ServiceVerbs):
    """Every store port over SQL; what each verb promises stands in `ports`."""
