"""The first store."""

from alembic import op
from sqlalchemy import BigInteger, Column, Integer, LargeBinary, Text, UniqueConstraint

revision = "0001"
down_revision = None


def upgrade() -> None:
    """Make every table."""
    _make_jobs()
    _make_shards()
    _make_segments()
    _make_events()


def _make_jobs() -> None:
    op.create_table(
        "jobs",
        Column("id", Text, primary_key=True, nullable=False),
        Column("kind", Text, nullable=False),
        Column("status", Text, nullable=False),
        Column("stop", Text),
        Column("detail", Text, nullable=False),
        Column("records", BigInteger, nullable=False),
        Column("siftings", Integer, nullable=False),
        Column("sifted", Text),
        Column("created_at", BigInteger, nullable=False),
        Column("started_at", BigInteger),
        Column("finished_at", BigInteger),
        Column("order", Text, nullable=False),
    )
    op.create_index("jobs_by_time", "jobs", ["created_at", "id"])
    op.create_table(
        "budgets",
        Column("job", Text, primary_key=True, nullable=False),
        Column("cap", BigInteger, nullable=False),
        Column("granted", BigInteger, nullable=False),
    )


def _make_shards() -> None:
    op.create_table(
        "shards",
        Column("job", Text, primary_key=True, nullable=False),
        Column("number", Integer, primary_key=True, autoincrement=False, nullable=False),
        Column("first", BigInteger, nullable=False),
        Column("size", Integer, nullable=False),
        Column("open", Integer, nullable=False),
        Column("accepted", Integer, nullable=False),
        Column("epoch", Integer, nullable=False),
        Column("position", BigInteger, nullable=False),
        Column("passed", Integer, nullable=False),
        Column("worker", Text),
        Column("expires_at", BigInteger),
        Column("block", BigInteger, nullable=False),
        Column("billed", BigInteger, nullable=False),
        Column("presumed", BigInteger, nullable=False),
        Column("settled", BigInteger, nullable=False),
        Column("past_billed", BigInteger, nullable=False),
        Column("past_presumed", BigInteger, nullable=False),
        Column("lost", BigInteger, nullable=False),
        Column("last_write", Text),
        Column("losses", Text, nullable=False),
        Column("attempts", Text, nullable=False),
        Column("done", LargeBinary, nullable=False),
        Column("last_answer", Text),
    )


def _make_segments() -> None:
    op.create_table(
        "segments",
        Column("sequence", _rising(), primary_key=True, autoincrement=True, nullable=False),
        Column("job", Text, nullable=False),
        Column("name", Text, nullable=False),
        Column("digest", Text, nullable=False),
        Column("shard", Integer, nullable=False),
        Column("epoch", Integer, nullable=False),
        Column("bytes", BigInteger, nullable=False),
        Column("accepted", Integer, nullable=False),
        Column("rejected", Integer, nullable=False),
        Column("unfinished", Integer, nullable=False),
        Column("passed", Integer, nullable=False),
        Column("rejects", Text, nullable=False),
        Column("sums", Text, nullable=False),
        Column("counts", Text, nullable=False),
        Column("committed_at", BigInteger, nullable=False),
        UniqueConstraint("job", "name", name="segments_by_name"),
        sqlite_autoincrement=True,
    )
    op.create_index("segments_by_commit", "segments", ["job", "sequence"])
    op.create_table(
        "withdrawals",
        Column("job", Text, primary_key=True, nullable=False),
        Column("slot", BigInteger, primary_key=True, autoincrement=False, nullable=False),
        Column("attempt", Integer, primary_key=True, autoincrement=False, nullable=False),
        Column("reason", Text, nullable=False),
    )


def _make_events() -> None:
    op.create_table(
        "events",
        Column("sequence", _rising(), primary_key=True, autoincrement=True, nullable=False),
        Column("job", Text, nullable=False),
        Column("at", BigInteger, nullable=False),
        Column("type", Text, nullable=False),
        Column("fields", Text, nullable=False),
        sqlite_autoincrement=True,
    )
    op.create_index("events_by_job", "events", ["job", "sequence"])


def _rising() -> BigInteger:
    # SQLite numbers rows by itself only in a column that is plainly an INTEGER.
    return BigInteger().with_variant(Integer, "sqlite")
