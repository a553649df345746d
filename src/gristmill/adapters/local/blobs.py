"""Blobs as files below one folder."""

import asyncio
import os
import shutil
from collections.abc import AsyncIterator
from pathlib import Path, PurePosixPath
from typing import BinaryIO

from gristmill.datasets.files import new_file, storage_errors
from gristmill.errors import BadInputError, NotFoundError


class LocalBlobs:
    """Immutable files below `root`: synced with their folder before a put returns, and never half written.

    What a crash leaves half written is listed as NAME.xxxxxxxx.part, so the rule that tidies NAME fits it too.
    """

    def __init__(self, root: Path) -> None:
        self._root = root

    async def put_new(self, name: str, content: bytes) -> None:
        """Store the bytes durably; a taken name stays as it is. Raises StorageFullError."""
        await asyncio.to_thread(self._put, self._path(name), content)

    async def put_file(self, name: str, source: Path) -> None:
        """Store a local file's bytes like `put_new`, in pieces. Raises StorageFullError."""
        await asyncio.to_thread(self._copy, self._path(name), source)

    async def read(self, name: str) -> bytes:
        """All bytes. Raises NotFoundError."""
        return await asyncio.to_thread(self._read, name)

    def open(self, name: str) -> BinaryIO:
        """A seekable reader. Raises NotFoundError."""
        try:
            return self._path(name).open("rb")
        except (FileNotFoundError, NotADirectoryError, IsADirectoryError) as error:
            raise NotFoundError(f"there is no blob {name}") from error

    def path_of(self, name: str) -> Path | None:
        """The file itself."""
        return self._path(name)

    async def exists(self, name: str) -> bool:
        """Whether the name is taken."""
        return self._path(name).is_file()

    async def list(self, prefix: str) -> AsyncIterator[str]:
        """The names that start with the prefix, folder by folder."""
        for folder, _, files in os.walk(self._root / prefix.rpartition("/")[0]):
            for file in sorted(files):
                name = (Path(folder) / file).relative_to(self._root).as_posix()
                if name.startswith(prefix):
                    yield name

    async def delete(self, name: str) -> None:
        """Remove the bytes if they are there."""
        path = self._path(name)
        with storage_errors(path):
            path.unlink(missing_ok=True)

    def _path(self, name: str) -> Path:
        pure = PurePosixPath(name)
        if pure.as_posix() != name or pure.is_absolute() or not pure.parts or ".." in pure.parts or "\0" in name:
            raise BadInputError(f"{name!r} is no name of a blob")
        return self._root / pure

    def _read(self, name: str) -> bytes:
        with self.open(name) as file:
            return file.read()

    @staticmethod
    def _put(path: Path, content: bytes) -> None:
        with new_file(path, replace=False) as file:
            file.write(content)

    @staticmethod
    def _copy(path: Path, source: Path) -> None:
        with source.open("rb") as content, new_file(path, replace=False) as file:
            shutil.copyfileobj(content, file, 1 << 20)
