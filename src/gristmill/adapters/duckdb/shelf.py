"""Blobs as files of this machine: in place where they lie here, else as copies in a folder of bounded size."""

import asyncio
import os
import shutil
from pathlib import Path

from gristmill.datasets.files import new_file
from gristmill.ports.blobs import Blobs

MOST_BYTES = 8 * 2**30


class Shelf:
    """Finds the file of a blob; copies that were not asked for longest make room for new ones."""

    def __init__(self, blobs: Blobs, folder: Path, *, most_bytes: int = MOST_BYTES) -> None:
        self._blobs = blobs
        self._folder = folder
        self._most = most_bytes
        self._copying = asyncio.Lock()

    async def find(self, name: str) -> Path:
        """The file that holds the bytes. Raises NotFoundError and StorageFullError."""
        if (own := self._blobs.path_of(name)) is not None:
            return own
        copy = self._folder / name
        async with self._copying:
            await asyncio.to_thread(self._fetch, name, copy)
        return copy

    def _fetch(self, name: str, copy: Path) -> None:
        if not copy.is_file():
            with self._blobs.open(name) as content, new_file(copy, replace=False) as file:
                shutil.copyfileobj(content, file, 1 << 20)
        os.utime(copy)
        self._make_room(copy)

    def _make_room(self, kept: Path) -> None:
        """Delete the copies that were not asked for longest; an open one stays readable until it is closed."""
        left = self._most
        newest_first = sorted(self._copies(), key=lambda copy: copy.stat().st_mtime_ns, reverse=True)
        for copy in newest_first:
            left -= copy.stat().st_size
            if left < 0 and copy != kept:
                copy.unlink()

    def _copies(self) -> list[Path]:
        return [path for path in self._folder.rglob("*") if path.is_file()]
