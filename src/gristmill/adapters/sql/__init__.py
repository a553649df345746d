"""The store over SQL: SQLite or PostgreSQL."""

from gristmill.adapters.sql.store import SqlStore, open_store

__all__ = ["SqlStore", "open_store"]
