"""What finds records, opened; apart from the other ports, for few commands need DuckDB, which takes long to load."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from gristmill.adapters.duckdb import DuckIndex
from gristmill.ports.blobs import Blobs
from gristmill.ports.index import RecordIndex
from gristmill.wiring.ports import local_path


@asynccontextmanager
async def open_record_index(blobs_url: str, blobs: Blobs, folder: Path) -> AsyncIterator[RecordIndex]:
    """What finds records among these blobs, closed at the end.

    `folder` is this process's own: copies of files from elsewhere lie there, and what does not fit into memory.
    """
    scheme, _, path = blobs_url.partition("://")
    index = DuckIndex(blobs, folder, root=local_path(path) if scheme == "file" else None)
    try:
        yield index
    finally:
        await index.close()
