"""What is particular to PostgreSQL: who waits for whom, what a reader sees, timeouts, and what its errors mean."""

from collections.abc import Mapping
from datetime import datetime
from hashlib import blake2b

import psycopg
from psycopg.types.string import StrDumperUnknown
from sqlalchemy import URL, Connection, create_engine, event

from gristmill.adapters.sql.database import Database
from gristmill.adapters.sql.rows import decode_time
from gristmill.domain.ids import JobId
from gristmill.errors import BadInputError, GristmillError, StorageFullError, StoreBusyError

READERS = 4
WRITERS = 2
BUSY_TIMEOUT_SECONDS = 5.0
STATEMENT_TIMEOUT_SECONDS = 60.0
# A machine that vanished in the middle of a write would else keep its job locked until TCP gives it up.
IDLE_TIMEOUT_SECONDS = 10.0
_CONNECT = {
    "application_name": "gristmill",
    "connect_timeout": "5",
    "keepalives_idle": "30",
    "tcp_user_timeout": "20000",
}

# Advisory locks by one bigint and by two integers are different locks, so no job's is ever the store's.
STORE_LOCK = 0x6772_6973_746D_696C
JOB_LOCKS = 0x6A6F_6273
_NUL_INSTEAD = "\ufffd"

_BUSY = "The store was busy for too long and gave no answer."
_GONE = "The store cannot be reached, or the connection to it was lost."
_FULL = "The disk of the store has no room or refuses writes."
_DAMAGED = "The store is damaged."
_REFUSED = "The server does not let Gristmill use this database."
_TOO_LARGE = "A number is beyond what the store can keep."
# By SQLSTATE, else by its class (https://www.postgresql.org/docs/current/errcodes-appendix.html).
_REFUSALS: Mapping[str, tuple[type[GristmillError], str]] = {
    "08": (StoreBusyError, _GONE),
    "57": (StoreBusyError, _GONE),
    "25P03": (StoreBusyError, _GONE),
    "25P04": (StoreBusyError, _GONE),
    "40": (StoreBusyError, _BUSY),
    "53": (StoreBusyError, _BUSY),
    "55P03": (StoreBusyError, _BUSY),
    "57014": (StoreBusyError, _BUSY),
    "25006": (StorageFullError, _FULL),
    "53100": (StorageFullError, _FULL),
    "58": (StorageFullError, _FULL),
    "28": (BadInputError, _REFUSED),
    "3D": (BadInputError, _REFUSED),
    "3F": (BadInputError, _REFUSED),
    "42501": (BadInputError, _REFUSED),
    "22003": (BadInputError, _TOO_LARGE),
    "XX001": (BadInputError, _DAMAGED),
    "XX002": (BadInputError, _DAMAGED),
}
# Of a refused connection only the server's words are known. In another language they mean that it is tried again.
_HOPELESS = ("does not exist", "authentication failed", "no password supplied", "no pg_hba.conf entry")


class TextDumper(StrDumperUnknown):
    """Sends text as it is but for U+0000, which PostgreSQL cannot keep: a provider's words must not stop a job."""

    def dump(self, obj: str) -> bytes | bytearray | memoryview | None:
        """The text as it is sent."""
        return super().dump(obj.replace("\0", _NUL_INSTEAD))


def open_postgres(url: URL) -> Database:
    """A database on a server. Nothing is connected yet."""
    engine = create_engine(
        url.set(drivername="postgresql+psycopg"),
        connect_args={name: value for name, value in _CONNECT.items() if name not in url.query},
        pool_size=READERS + WRITERS,
        max_overflow=0,
        use_native_hstore=False,
    )
    event.listen(engine, "connect", _prepare)
    event.listen(engine, "begin", _begin)
    return Database(engine=engine, readers=READERS, writers=WRITERS, read_clock=_read_clock, translate=translate)


def translate(error: BaseException) -> GristmillError | None:
    """What an error of PostgreSQL means to us, or None when it is none that a caller can act on."""
    if not isinstance(error, psycopg.Error):
        return None
    refusal = _find_refusal(error)
    return refusal[0](f"{refusal[1]} ({str(error).strip()})") if refusal else None


def _find_refusal(error: psycopg.Error) -> tuple[type[GristmillError], str] | None:
    if error.sqlstate is not None:
        return _REFUSALS.get(error.sqlstate) or _REFUSALS.get(error.sqlstate[:2])
    if not isinstance(error, psycopg.OperationalError):
        return None
    is_hopeless = any(words in str(error) for words in _HOPELESS)
    return (BadInputError, _REFUSED) if is_hopeless else (StoreBusyError, _GONE)


def _prepare(connection: psycopg.Connection, _record: object) -> None:
    encoding = connection.info.parameter_status("server_encoding")
    if encoding != "UTF8":
        connection.close()
        raise BadInputError(f"The store's database is encoded as {encoding}: make one with ENCODING 'UTF8'.")
    # Left to itself the driver begins transactions, and says nothing of what they may see.
    connection.autocommit = True
    connection.adapters.register_dumper(str, TextDumper)
    connection.execute(
        f"SET lock_timeout = '{BUSY_TIMEOUT_SECONDS}s';"
        f"SET statement_timeout = '{STATEMENT_TIMEOUT_SECONDS}s';"
        f"SET idle_in_transaction_session_timeout = '{IDLE_TIMEOUT_SECONDS}s';"
        # What was committed stays: a server that is set to answer before it has written is not believed.
        "SELECT set_config('synchronous_commit', 'on', false) WHERE current_setting('synchronous_commit') = 'off'"
    )


def _begin(connection: Connection) -> None:
    options = connection.get_execution_options()
    if not options.get("writes"):
        connection.exec_driver_sql("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")
        return
    # Whoever waited sees, statement by statement, all that was committed before it was let in.
    words = ["BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE"]
    if options.get("patiently"):
        words.append("SET LOCAL lock_timeout = 0; SET LOCAL statement_timeout = 0")
    # In one message: a lock is held for as many round trips as its transaction makes.
    connection.exec_driver_sql(";".join([*words, *_lock(options.get("job"))]))


def _lock(job: JobId | None) -> tuple[str, ...]:
    if job is None:
        return (f"SELECT pg_advisory_xact_lock({STORE_LOCK})",)
    # Two jobs with one number only wait for each other.
    number = int.from_bytes(blake2b(job.encode(), digest_size=4).digest(), signed=True)
    return (
        f"SELECT pg_advisory_xact_lock_shared({STORE_LOCK})",
        f"SELECT pg_advisory_xact_lock({JOB_LOCKS}, {number})",
    )


def _read_clock(connection: Connection) -> datetime:
    now = connection.exec_driver_sql("SELECT (extract(epoch FROM clock_timestamp()) * 1000000)::bigint")
    return decode_time(now.scalar_one())
