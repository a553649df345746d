"""The store over SQL: SQLite now, written so that another dialect can follow."""

from gristmill.adapters.sql.store import SqlStore, open_store

__all__ = ["SqlStore", "open_store"]
