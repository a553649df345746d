"""The store's schema version: refused when newer than this program, migrated when older."""

from sqlalchemy import Connection, inspect, text

from gristmill.adapters.sql.database import Database
from gristmill.adapters.sql.tables import metadata
from gristmill.errors import BadInputError

# Every revision `migrations` has, oldest first.
REVISIONS = ("0001", "0002", "0003")
# Tables that every store has had.
OLDEST = frozenset({"alembic_version", "jobs", "shards", "segments"})


def prepare_schema(database: Database) -> None:
    """Bring the store to the newest revision. Raises BadInputError when a newer program, or a strange one, wrote it."""
    with database.reading() as connection:
        if _is_current(connection):
            return
    with database.writing(patiently=True) as connection:
        # Another process may have done it while we waited to be let in.
        if _is_empty(connection):
            _create(connection)
        elif not _is_current(connection):
            from gristmill.adapters.sql.migrate import migrate  # noqa: PLC0415 - Alembic costs 170 ms, seldom needed

            migrate(connection)


def _is_empty(connection: Connection) -> bool:
    return not inspect(connection).get_table_names()


def _create(connection: Connection) -> None:
    # As the migrations would, one after the other, and as Alembic would note it.
    metadata.create_all(connection)
    connection.execute(text("CREATE TABLE alembic_version (version_num VARCHAR(32) NOT NULL PRIMARY KEY)"))
    connection.execute(text("INSERT INTO alembic_version VALUES (:revision)"), {"revision": REVISIONS[-1]})


def _is_current(connection: Connection) -> bool:
    revision = _read_revision(connection)
    if revision is not None and revision not in REVISIONS:
        raise BadInputError(
            f"A newer Gristmill wrote this store (schema {revision}; this one knows {REVISIONS[-1]}). "
            "Upgrade Gristmill, or use another store."
        )
    return revision == REVISIONS[-1]


def _read_revision(connection: Connection) -> str | None:
    tables = inspect(connection).get_table_names()
    if not tables:
        return None
    # Other programs count their versions in a table of this name too.
    if not OLDEST.issubset(tables):
        raise BadInputError("It holds tables of another program: it is no store of Gristmill.")
    return connection.execute(text("SELECT version_num FROM alembic_version")).scalar_one_or_none()
