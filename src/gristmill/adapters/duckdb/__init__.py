"""Records found by DuckDB: see `RecordIndex`."""

from gristmill.adapters.duckdb.index import DuckIndex

__all__ = ["DuckIndex"]
