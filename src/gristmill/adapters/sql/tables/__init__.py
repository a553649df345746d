"""The tables as they stand now; `migrations` brings older stores here.

Times are integer microseconds since 1970 UTC, money integer nano-dollars, nested values JSON text. Columns that rules
never read but sums and searches do (`open`, `lost`) are derived when a row is written.
"""

from gristmill.adapters.sql.tables.accounts import api_keys, audit, sessions, throttles, tokens, users
from gristmill.adapters.sql.tables.library import (
    condemned_seeds,
    seed_sets,
    seed_uses,
    template_versions,
    templates,
    uploads,
)
from gristmill.adapters.sql.tables.metadata import metadata
from gristmill.adapters.sql.tables.mill import budgets, events, jobs, segments, shards, withdrawals
from gristmill.adapters.sql.tables.service import exports, marks, requests, workers

__all__ = [
    "api_keys",
    "audit",
    "budgets",
    "condemned_seeds",
    "events",
    "exports",
    "jobs",
    "marks",
    "metadata",
    "requests",
    "seed_sets",
    "seed_uses",
    "segments",
    "sessions",
    "shards",
    "template_versions",
    "templates",
    "throttles",
    "tokens",
    "uploads",
    "users",
    "withdrawals",
    "workers",
]
