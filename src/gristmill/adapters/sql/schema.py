"""The store's schema version: refused when newer than this program, migrated when older."""

from sqlalchemy import Connection, Engine, inspect, text

from gristmill.errors import BadInputError

# Every revision `migrations` has, oldest first.
REVISIONS = ("0001",)


def prepare_schema(reading: Engine, writing: Engine) -> None:
    """Bring the store to the newest revision. Raises BadInputError when a newer program wrote it."""
    with reading.connect() as connection:
        if _is_current(connection):
            return
    with writing.begin() as connection:
        # Another process may have done it while we waited for the lock.
        if not _is_current(connection):
            from gristmill.adapters.sql.migrate import migrate  # noqa: PLC0415 - Alembic costs 80 ms, needed once

            migrate(connection)


def _is_current(connection: Connection) -> bool:
    revision = _read_revision(connection)
    if revision is not None and revision not in REVISIONS:
        raise BadInputError(
            f"A newer Gristmill wrote this store (schema {revision}; this one knows {REVISIONS[-1]}). "
            "Upgrade Gristmill, or use another store."
        )
    return revision == REVISIONS[-1]


def _read_revision(connection: Connection) -> str | None:
    if not inspect(connection).has_table("alembic_version"):
        return None
    return connection.execute(text("SELECT version_num FROM alembic_version")).scalar_one_or_none()
