"""What a server adds to jobs."""

from sqlalchemy import BigInteger, Column, Index, Integer, Table, Text

from gristmill.adapters.sql.tables.metadata import metadata

# What a person thinks of a record.
marks = Table(
    "marks",
    metadata,
    Column("job", Text, primary_key=True),
    Column("slot", BigInteger, primary_key=True, autoincrement=False),
    Column("mark", Text, nullable=False),
    Column("note", Text, nullable=False),
    Column("at", BigInteger, nullable=False),
    Index("marks_by_mark", "job", "mark", "slot"),
)

exports = Table(
    "exports",
    metadata,
    Column("id", Text, primary_key=True),
    Column("job", Text, nullable=False),
    Column("owner", Text, nullable=False),
    Column("status", Text, nullable=False),
    Column("detail", Text, nullable=False),
    # What was asked for: format, splits, lineage.
    Column("order", Text, nullable=False),
    # What was made: files with their blobs, sizes, records and digests.
    Column("files", Text, nullable=False),
    Column("created_at", BigInteger, nullable=False),
    Column("finished_at", BigInteger),
    # Who makes it, and until when nobody else may.
    Column("worker", Text),
    Column("expires_at", BigInteger),
    Index("exports_by_job", "job", "created_at", "id"),
    Index("exports_by_status", "status"),
)

# Workers of this store as they last reported, with what they count and measure.
workers = Table(
    "workers",
    metadata,
    Column("id", Text, primary_key=True),
    Column("host", Text, nullable=False),
    Column("started_at", BigInteger, nullable=False),
    Column("seen_at", BigInteger, nullable=False),
    Column("gauges", Text, nullable=False),
)

# Requests with an idempotency key: what was asked under it, and what was answered.
requests = Table(
    "requests",
    metadata,
    Column("owner", Text, primary_key=True),
    Column("key", Text, primary_key=True),
    Column("digest", Text, nullable=False),
    Column("claimed_at", BigInteger, nullable=False),
    Column("status", Integer),
    Column("answer", Text),
    Index("requests_by_time", "claimed_at"),
)
