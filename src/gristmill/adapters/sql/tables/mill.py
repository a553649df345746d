"""Jobs, their shards, segments and history."""

from sqlalchemy import (
    BigInteger,
    Column,
    Index,
    Integer,
    LargeBinary,
    Table,
    Text,
    UniqueConstraint,
)

from gristmill.adapters.sql.tables.metadata import metadata

jobs = Table(
    "jobs",
    metadata,
    Column("id", Text, primary_key=True),
    Column("owner", Text, nullable=False),
    Column("name", Text, nullable=False),
    # The kept template and its version that the order was made from, if it was.
    Column("template", Text),
    Column("version", Integer),
    Column("kind", Text, nullable=False),
    Column("status", Text, nullable=False),
    Column("stop", Text),
    Column("detail", Text, nullable=False),
    Column("records", BigInteger, nullable=False),
    Column("rounds", Integer, nullable=False),
    Column("siftings", Integer, nullable=False),
    Column("sifted", Text),
    Column("created_at", BigInteger, nullable=False),
    Column("started_at", BigInteger),
    Column("finished_at", BigInteger),
    Column("deleted_at", BigInteger),
    Column("order", Text, nullable=False),
    Index("jobs_by_time", "created_at", "id"),
    Index("jobs_by_owner", "owner", "kind", "created_at", "id"),
    Index("jobs_by_status", "status"),
    Index("jobs_by_template", "template"),
)

budgets = Table(
    "budgets",
    metadata,
    Column("job", Text, primary_key=True),
    Column("cap", BigInteger, nullable=False),
    Column("granted", BigInteger, nullable=False),
)

shards = Table(
    "shards",
    metadata,
    Column("job", Text, primary_key=True),
    Column("number", Integer, primary_key=True, autoincrement=False),
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

segments = Table(
    "segments",
    metadata,
    # One number line for all jobs: within each it rises in the order of commits, between jobs that is not promised.
    Column("sequence", BigInteger().with_variant(Integer, "sqlite"), primary_key=True, autoincrement=True),
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
    Index("segments_by_commit", "job", "sequence"),
    sqlite_autoincrement=True,
)

withdrawals = Table(
    "withdrawals",
    metadata,
    Column("job", Text, primary_key=True),
    Column("slot", BigInteger, primary_key=True, autoincrement=False),
    Column("attempt", Integer, primary_key=True, autoincrement=False),
    Column("reason", Text, nullable=False),
)

events = Table(
    "events",
    metadata,
    Column("sequence", BigInteger().with_variant(Integer, "sqlite"), primary_key=True, autoincrement=True),
    Column("job", Text, nullable=False),
    Column("at", BigInteger, nullable=False),
    Column("type", Text, nullable=False),
    Column("fields", Text, nullable=False),
    Index("events_by_job", "job", "sequence"),
    sqlite_autoincrement=True,
)
