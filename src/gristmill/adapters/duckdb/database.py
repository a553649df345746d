"""A DuckDB that reads what it is told to and reaches for nothing else."""

import asyncio
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, TypeAlias

import duckdb
import pyarrow as pa

from gristmill.adapters.duckdb.queries import Query

Rows: TypeAlias = Sequence[tuple[Any, ...]]

MEMORY = "512MB"
THREADS = 2
# Questions asked at the same time; others wait their turn.
QUESTIONS = 4
# How soon a query is told again to end.
NOTICE_SECONDS = 0.02


class Database:
    """An empty database in memory; questions run in threads of its own, and each can be ended at once.

    It reads files below `folders`, spills what does not fit into memory to `spill`, loads no extension and knows no
    network; none of that can be changed once it is open.
    """

    def __init__(self, folders: Sequence[Path], spill: Path) -> None:
        self._connection = duckdb.connect(
            ":memory:",
            config={
                "memory_limit": MEMORY,
                "threads": THREADS,
                "temp_directory": str(spill),
                "autoinstall_known_extensions": False,
                "autoload_known_extensions": False,
                # A variable of the caller's named like a table is no table.
                "python_enable_replacements": False,
            },
        )
        # A file never changes under its name, and the footer of a million rows takes longer to read than a page.
        self._connection.execute("SET parquet_metadata_cache = true")
        self._connection.execute("SET allowed_directories = ?", [[f"{folder}/" for folder in folders]])
        self._connection.execute("SET enable_external_access = false")
        self._connection.execute("SET lock_configuration = true")
        self._threads = ThreadPoolExecutor(QUESTIONS, thread_name_prefix="duckdb")

    async def ask(self, query: Query, tables: Mapping[str, pa.Table] = {}) -> Rows:
        """The rows that answer a query. Cancelled, it ends the query before it goes up."""
        cursor = self._connection.cursor()
        asked = self._threads.submit(_run, cursor, query, tables)
        answered = asyncio.wrap_future(asked)
        try:
            return await asyncio.shield(answered)
        except asyncio.CancelledError:
            # A query that is about to start does not notice that it was interrupted: it is told until it ends.
            while not asked.cancel() and not asked.done():
                cursor.interrupt()
                await asyncio.wait([answered], timeout=NOTICE_SECONDS)
            raise

    def close(self) -> None:
        """End every query and forget everything."""
        self._connection.interrupt()
        self._threads.shutdown(cancel_futures=True)
        self._connection.close()


def _run(cursor: duckdb.DuckDBPyConnection, query: Query, tables: Mapping[str, pa.Table]) -> Rows:
    with cursor:
        for name, table in tables.items():
            cursor.register(name, table)
        return cursor.execute(query.statement, query.values).fetchall()
