"""What a server needs: owners, accounts, seed sets, marks, exports and workers."""

import secrets
from collections.abc import Sequence
from typing import Any

import orjson
from alembic import op
from sqlalchemy import BigInteger, Column, Integer, Text, UniqueConstraint, column, select, table

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    """Give jobs and templates their owner, and make the other tables."""
    _own_jobs()
    _own_templates()
    _make_library()
    _make_accounts()
    _make_service()


def _own_jobs() -> None:
    jobs = table("jobs", column("id"), column("order"), column("name"))
    with op.batch_alter_table("jobs") as batch:
        batch.add_column(Column("owner", Text, nullable=False, server_default="local"))
        batch.add_column(Column("name", Text, nullable=False, server_default=""))
        batch.add_column(Column("template", Text))
        batch.add_column(Column("version", Integer))
        batch.add_column(Column("deleted_at", BigInteger))
        batch.add_column(Column("rounds", Integer, nullable=False, server_default="1"))
    connection = op.get_bind()
    for row in connection.execute(select(jobs.c.id, jobs.c.order)).all():
        name = orjson.loads(row.order)["name"]
        connection.execute(jobs.update().where(jobs.c.id == row.id).values(name=name))
    with op.batch_alter_table("jobs") as batch:
        batch.alter_column("owner", server_default=None)
        batch.alter_column("name", server_default=None)
        batch.alter_column("rounds", server_default=None)
    op.create_index("jobs_by_owner", "jobs", ["owner", "kind", "created_at", "id"])
    op.create_index("jobs_by_status", "jobs", ["status"])
    op.create_index("jobs_by_template", "jobs", ["template"])


def _own_templates() -> None:
    old = table("templates", *(column(name) for name in ("name", "version", "source", "pins", "created_at")))
    connection = op.get_bind()
    rows = connection.execute(select(old).order_by(old.c.name, old.c.version)).all()
    op.drop_table("templates")
    templates = op.create_table(
        "templates",
        Column("id", Text, primary_key=True, nullable=False),
        Column("owner", Text, nullable=False),
        Column("name", Text, nullable=False),
        Column("newest", Integer, nullable=False),
        Column("description", Text, nullable=False),
        Column("search", Text, nullable=False),
        Column("created_at", BigInteger, nullable=False),
        Column("changed_at", BigInteger, nullable=False),
        Column("archived_at", BigInteger),
        Column("published_at", BigInteger),
        Column("origin", Text),
        Column("origin_version", Integer),
        UniqueConstraint("owner", "name", name="templates_by_name"),
    )
    op.create_index("templates_by_publication", "templates", ["published_at", "id"])
    versions = op.create_table(
        "template_versions",
        Column("template", Text, primary_key=True, nullable=False),
        Column("version", Integer, primary_key=True, autoincrement=False, nullable=False),
        Column("source", Text, nullable=False),
        Column("pins", Text, nullable=False),
        Column("created_at", BigInteger, nullable=False),
    )
    ids = {row.name: secrets.token_hex(8) for row in rows}
    if rows:
        op.bulk_insert(templates, [_template(ids[name], [row for row in rows if row.name == name]) for name in ids])
        op.bulk_insert(versions, [_version(row, ids) for row in rows])


def _template(key: str, versions: Sequence[Any]) -> dict[str, object]:
    first, last = versions[0], versions[-1]
    return {
        "id": key,
        "owner": "local",
        "name": last.name,
        "newest": last.version,
        "description": "",
        "search": last.name,
        "created_at": first.created_at,
        "changed_at": last.created_at,
    }


def _version(row: Any, ids: dict[str, str]) -> dict[str, object]:  # noqa: ANN401 - a row of SQLAlchemy's
    pins = {name: {"template": ids[name], "version": pin} for name, pin in orjson.loads(row.pins).items()}
    return {
        "template": ids[row.name],
        "version": row.version,
        "source": row.source,
        "pins": orjson.dumps(pins).decode(),
        "created_at": row.created_at,
    }


def _make_library() -> None:
    op.create_table(
        "seed_sets",
        Column("owner", Text, primary_key=True, nullable=False),
        Column("digest", Text, primary_key=True, nullable=False),
        Column("name", Text, nullable=False),
        Column("rows", BigInteger, nullable=False),
        Column("bytes", BigInteger, nullable=False),
        Column("columns", Text, nullable=False),
        Column("job", Text),
        Column("created_at", BigInteger, nullable=False),
    )
    op.create_index("seed_sets_by_time", "seed_sets", ["owner", "created_at", "digest"])
    op.create_table(
        "uploads",
        Column("id", Text, primary_key=True, nullable=False),
        Column("owner", Text, nullable=False),
        Column("name", Text, nullable=False),
        Column("blob", Text, nullable=False),
        Column("expires_at", BigInteger, nullable=False),
    )
    op.create_index("uploads_by_expiry", "uploads", ["expires_at"])
    op.create_table("condemned_seeds", Column("digest", Text, primary_key=True, nullable=False))
    _make_seed_uses()


def _make_seed_uses() -> None:
    uses = op.create_table(
        "seed_uses",
        Column("job", Text, primary_key=True, nullable=False),
        Column("digest", Text, primary_key=True, nullable=False),
        Column("owner", Text, nullable=False),
    )
    op.create_index("seed_uses_by_digest", "seed_uses", ["digest", "owner"])
    jobs = table("jobs", column("id"), column("order"), column("owner"))
    for row in op.get_bind().execute(select(jobs)).all():
        digests = set(orjson.loads(row.order)["seeds"].values())
        op.bulk_insert(uses, [{"job": row.id, "digest": digest, "owner": row.owner} for digest in sorted(digests)])


def _make_accounts() -> None:
    op.create_table(
        "users",
        Column("id", Text, primary_key=True, nullable=False),
        Column("email", Text, nullable=False, unique=True),
        Column("password", Text, nullable=False),
        Column("role", Text, nullable=False),
        Column("created_at", BigInteger, nullable=False),
        Column("verified_at", BigInteger),
        Column("disabled_at", BigInteger),
        Column("budget_limit", BigInteger),
        Column("running_limit", Integer),
        Column("models", Text, nullable=False),
    )
    op.create_index("users_by_time", "users", ["created_at", "id"])
    op.create_table(
        "sessions",
        Column("id", Text, primary_key=True, nullable=False),
        Column("user", Text, nullable=False),
        Column("created_at", BigInteger, nullable=False),
        Column("expires_at", BigInteger, nullable=False),
        Column("revoked_at", BigInteger),
    )
    op.create_index("sessions_by_user", "sessions", ["user"])
    _make_tokens()
    op.create_table(
        "throttles",
        Column("key", Text, primary_key=True, nullable=False),
        Column("last_at", BigInteger, nullable=False),
        Column("tries", Integer, nullable=False),
    )
    op.create_table(
        "audit",
        Column("sequence", _rising(), primary_key=True, autoincrement=True, nullable=False),
        Column("at", BigInteger, nullable=False),
        Column("user", Text),
        Column("action", Text, nullable=False),
        Column("subject", Text, nullable=False),
        Column("address", Text, nullable=False),
        Column("request", Text, nullable=False),
        Column("fields", Text, nullable=False),
        sqlite_autoincrement=True,
    )
    op.create_index("audit_by_user", "audit", ["user", "sequence"])


def _make_tokens() -> None:
    op.create_table(
        "tokens",
        Column("digest", Text, primary_key=True, nullable=False),
        Column("kind", Text, nullable=False),
        Column("user", Text, nullable=False),
        Column("session", Text),
        Column("created_at", BigInteger, nullable=False),
        Column("expires_at", BigInteger, nullable=False),
        Column("used_at", BigInteger),
    )
    op.create_index("tokens_by_user", "tokens", ["user"])
    op.create_index("tokens_by_session", "tokens", ["session"])
    op.create_table(
        "api_keys",
        Column("id", Text, primary_key=True, nullable=False),
        Column("user", Text, nullable=False),
        Column("name", Text, nullable=False),
        Column("digest", Text, nullable=False, unique=True),
        Column("ending", Text, nullable=False),
        Column("scopes", Text, nullable=False),
        Column("created_at", BigInteger, nullable=False),
        Column("expires_at", BigInteger),
        Column("last_used_at", BigInteger),
        Column("revoked_at", BigInteger),
    )
    op.create_index("api_keys_by_user", "api_keys", ["user"])


def _make_service() -> None:
    op.create_table(
        "marks",
        Column("job", Text, primary_key=True, nullable=False),
        Column("slot", BigInteger, primary_key=True, autoincrement=False, nullable=False),
        Column("mark", Text, nullable=False),
        Column("note", Text, nullable=False),
        Column("at", BigInteger, nullable=False),
    )
    op.create_index("marks_by_mark", "marks", ["job", "mark", "slot"])
    op.create_table(
        "exports",
        Column("id", Text, primary_key=True, nullable=False),
        Column("job", Text, nullable=False),
        Column("owner", Text, nullable=False),
        Column("status", Text, nullable=False),
        Column("detail", Text, nullable=False),
        Column("order", Text, nullable=False),
        Column("files", Text, nullable=False),
        Column("created_at", BigInteger, nullable=False),
        Column("finished_at", BigInteger),
        Column("worker", Text),
        Column("expires_at", BigInteger),
    )
    op.create_index("exports_by_job", "exports", ["job", "created_at", "id"])
    op.create_index("exports_by_status", "exports", ["status"])
    op.create_table(
        "workers",
        Column("id", Text, primary_key=True, nullable=False),
        Column("host", Text, nullable=False),
        Column("started_at", BigInteger, nullable=False),
        Column("seen_at", BigInteger, nullable=False),
        Column("gauges", Text, nullable=False),
    )
    op.create_table(
        "requests",
        Column("owner", Text, primary_key=True, nullable=False),
        Column("key", Text, primary_key=True, nullable=False),
        Column("digest", Text, nullable=False),
        Column("claimed_at", BigInteger, nullable=False),
        Column("status", Integer),
        Column("answer", Text),
    )
    op.create_index("requests_by_time", "requests", ["claimed_at"])


def _rising() -> BigInteger:
    # SQLite numbers rows by itself only in a column that is plainly an INTEGER.
    return BigInteger().with_variant(Integer, "sqlite")
