"""A store over SQL: one class that satisfies every port, made of the verbs of each."""

import random
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from sqlalchemy import make_url
from sqlalchemy.exc import ArgumentError

from gristmill.adapters.sql.account_verbs import AccountVerbs
from gristmill.adapters.sql.connected import vendor_errors
from gristmill.adapters.sql.library_verbs import LibraryVerbs
from gristmill.adapters.sql.mill_verbs import MillVerbs
from gristmill.adapters.sql.schema import prepare_schema
from gristmill.adapters.sql.service_verbs import ServiceVerbs
from gristmill.adapters.sql.sqlite import open_sqlite
from gristmill.errors import BadInputError

LEASE_TTL = timedelta(seconds=30)


def utc_now() -> datetime:
    """The time, in UTC."""
    return datetime.now(UTC)


def open_store(
    url: str,
    *,
    ttl: timedelta = LEASE_TTL,
    now: Callable[[], datetime] = utc_now,
    chance: random.Random | None = None,
) -> "SqlStore":
    """A store at a URL such as `sqlite:///path/store.db`, made or migrated if need be. It reads and writes files.

    `now` judges leases, which last `ttl` from each write; `chance` picks among free shards. Raises BadInputError for
    a URL, file or disk that cannot be used and for a store of a newer program; StoreBusyError; StorageFullError.
    """
    try:
        parsed = make_url(url)
    except ArgumentError as error:
        raise BadInputError(f"{url!r} names no store. Write sqlite:///path/to/store.db.") from error
    if parsed.get_backend_name() != "sqlite":
        raise BadInputError(f"Stores of kind {parsed.drivername!r} are not supported. Write sqlite:///path/store.db.")
    with vendor_errors():
        engine = open_sqlite(parsed)
        writing = engine.execution_options(writes=True)
        try:
            prepare_schema(engine, writing)
        except BaseException:
            engine.dispose()
            raise
    return SqlStore(engine, writing, ttl=ttl, now=now, chance=chance or random.Random())  # noqa: S311


class SqlStore(MillVerbs, LibraryVerbs, AccountVerbs, ServiceVerbs):
    """Every store port over SQL; what each verb promises stands in `ports`."""
