"""Users and what lets them in. Nothing here gives a secret away: passwords and tokens stand as digests."""

from sqlalchemy import BigInteger, Column, Index, Integer, Table, Text

from gristmill.adapters.sql.tables.metadata import metadata

users = Table(
    "users",
    metadata,
    Column("id", Text, primary_key=True),
    # As it is compared: lower case, NFC.
    Column("email", Text, nullable=False, unique=True),
    Column("password", Text, nullable=False),
    Column("role", Text, nullable=False),
    Column("created_at", BigInteger, nullable=False),
    Column("verified_at", BigInteger),
    Column("disabled_at", BigInteger),
    # The most all jobs of the user may cost, and how many of them may run at once. Null: no limit.
    Column("budget_limit", BigInteger),
    Column("running_limit", Integer),
    # Aliases and models the user describes.
    Column("models", Text, nullable=False),
    Index("users_by_time", "created_at", "id"),
)

sessions = Table(
    "sessions",
    metadata,
    Column("id", Text, primary_key=True),
    Column("user", Text, nullable=False),
    Column("created_at", BigInteger, nullable=False),
    Column("expires_at", BigInteger, nullable=False),
    Column("revoked_at", BigInteger),
    Index("sessions_by_user", "user"),
)

# Access and refresh tokens of a session, and links that were mailed (verify, reset).
tokens = Table(
    "tokens",
    metadata,
    Column("digest", Text, primary_key=True),
    Column("kind", Text, nullable=False),
    Column("user", Text, nullable=False),
    Column("session", Text),
    Column("created_at", BigInteger, nullable=False),
    Column("expires_at", BigInteger, nullable=False),
    Column("used_at", BigInteger),
    Index("tokens_by_user", "user"),
    Index("tokens_by_session", "session"),
)

api_keys = Table(
    "api_keys",
    metadata,
    Column("id", Text, primary_key=True),
    Column("user", Text, nullable=False),
    Column("name", Text, nullable=False),
    Column("digest", Text, nullable=False, unique=True),
    # Its last characters, by which people know it again.
    Column("ending", Text, nullable=False),
    Column("scopes", Text, nullable=False),
    Column("created_at", BigInteger, nullable=False),
    Column("expires_at", BigInteger),
    Column("last_used_at", BigInteger),
    Column("revoked_at", BigInteger),
    Index("api_keys_by_user", "user"),
)

# How often something was tried, and when last, over all servers.
throttles = Table(
    "throttles",
    metadata,
    Column("key", Text, primary_key=True),
    Column("last_at", BigInteger, nullable=False),
    Column("tries", Integer, nullable=False),
)

audit = Table(
    "audit",
    metadata,
    Column("sequence", BigInteger().with_variant(Integer, "sqlite"), primary_key=True, autoincrement=True),
    Column("at", BigInteger, nullable=False),
    Column("user", Text),
    Column("action", Text, nullable=False),
    Column("subject", Text, nullable=False),
    Column("address", Text, nullable=False),
    Column("request", Text, nullable=False),
    Column("fields", Text, nullable=False),
    Index("audit_by_user", "user", "sequence"),
    sqlite_autoincrement=True,
)
