"""Templates kept in a library."""

from alembic import op
from sqlalchemy import BigInteger, Column, Integer, Text

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Make the table of templates."""
    op.create_table(
        "templates",
        Column("name", Text, primary_key=True, nullable=False),
        Column("version", Integer, primary_key=True, autoincrement=False, nullable=False),
        Column("source", Text, nullable=False),
        Column("pins", Text, nullable=False),
        Column("created_at", BigInteger, nullable=False),
    )
