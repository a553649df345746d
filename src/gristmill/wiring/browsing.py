"""What finds records of jobs: imported by servers alone, for it is large."""

import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from gristmill.adapters.duckdb import DuckIndex
from gristmill.ports.blobs import Blobs
from gristmill.ports.index import RecordIndex
from gristmill.wiring.places import Place
from gristmill.wiring.ports import local_path


@asynccontextmanager
async def open_index(place: Place, blobs: Blobs) -> AsyncIterator[RecordIndex]:
    """What finds records of jobs; what it copies and spills lies in a folder that is gone with it."""
    scheme, _, path = place.blobs_url.partition("://")
    with tempfile.TemporaryDirectory(prefix="gristmill-", ignore_cleanup_errors=True) as folder:
        index = DuckIndex(blobs, Path(folder), root=local_path(path) if scheme == "file" else None)
        try:
            yield index
        finally:
            await index.close()
