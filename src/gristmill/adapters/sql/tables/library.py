"""A user's templates and seed sets."""

from sqlalchemy import BigInteger, Column, Index, Integer, Table, Text, UniqueConstraint

from gristmill.adapters.sql.tables.metadata import metadata

templates = Table(
    "templates",
    metadata,
    Column("id", Text, primary_key=True),
    Column("owner", Text, nullable=False),
    Column("name", Text, nullable=False),
    # Those of the newest version.
    Column("newest", Integer, nullable=False),
    Column("description", Text, nullable=False),
    # Name and description with case folded: databases differ in what they know of case.
    Column("search", Text, nullable=False),
    Column("created_at", BigInteger, nullable=False),
    Column("changed_at", BigInteger, nullable=False),
    Column("archived_at", BigInteger),
    Column("published_at", BigInteger),
    # The template, and its version, that this one was forked from.
    Column("origin", Text),
    Column("origin_version", Integer),
    UniqueConstraint("owner", "name", name="templates_by_name"),
    Index("templates_by_publication", "published_at", "id"),
)

template_versions = Table(
    "template_versions",
    metadata,
    Column("template", Text, primary_key=True),
    Column("version", Integer, primary_key=True, autoincrement=False),
    Column("source", Text, nullable=False),
    Column("pins", Text, nullable=False),
    Column("created_at", BigInteger, nullable=False),
)

# A set is known by the digest of its rows: two users who bring the same rows each have a line, and share the bytes.
seed_sets = Table(
    "seed_sets",
    metadata,
    Column("owner", Text, primary_key=True),
    Column("digest", Text, primary_key=True),
    Column("name", Text, nullable=False),
    Column("rows", BigInteger, nullable=False),
    Column("bytes", BigInteger, nullable=False),
    Column("columns", Text, nullable=False),
    # The job that generated it, if one did.
    Column("job", Text),
    Column("created_at", BigInteger, nullable=False),
    Index("seed_sets_by_time", "owner", "created_at", "digest"),
)

# Files on their way into the blobs without passing through a server.
uploads = Table(
    "uploads",
    metadata,
    Column("id", Text, primary_key=True),
    Column("owner", Text, nullable=False),
    Column("name", Text, nullable=False),
    Column("blob", Text, nullable=False),
    Column("expires_at", BigInteger, nullable=False),
    Index("uploads_by_expiry", "expires_at"),
)

# Which jobs draw from which sets: written with the job, for its order is one long text.
seed_uses = Table(
    "seed_uses",
    metadata,
    Column("job", Text, primary_key=True),
    Column("digest", Text, primary_key=True),
    Column("owner", Text, nullable=False),
    Index("seed_uses_by_digest", "digest", "owner"),
)

# Rows about to be deleted: nobody may have a line for them meanwhile.
condemned_seeds = Table(
    "condemned_seeds",
    metadata,
    Column("digest", Text, primary_key=True),
)
