"""Where bytes lie."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import BinaryIO, Protocol, runtime_checkable


class Blobs(Protocol):
    """Immutable files by name ("a/b.parquet"). Whole or absent: nobody ever reads half a file."""

    async def put_new(self, name: str, content: bytes) -> None:
        """Store the bytes durably (file and folder synced) before returning. A name that is taken stays as it is.

        Names hold the digest of their bytes, so a taken name is a success. Raises StorageFullError.
        """
        ...

    async def put_file(self, name: str, source: Path) -> None:
        """Store a local file's bytes like `put_new`, without reading them into memory at once."""
        ...

    async def read(self, name: str) -> bytes:
        """All bytes. Raises NotFoundError."""
        ...

    def open(self, name: str) -> BinaryIO:
        """A seekable reader over the bytes, for files too big to read at once. Raises NotFoundError."""
        ...

    def path_of(self, name: str) -> Path | None:
        """Where the bytes lie, or would, as a file of this machine that may be read, never written; None if not so."""
        ...

    async def exists(self, name: str) -> bool:
        """Whether the name is taken."""
        ...

    def list(self, prefix: str) -> AsyncIterator[str]:
        """The names below a prefix, for tidying alone: what exists for readers is the manifest's to say."""
        ...

    async def delete(self, name: str) -> None:
        """Remove the bytes if they are there."""
        ...


@runtime_checkable
class DirectBlobs(Blobs, Protocol):
    """Blobs that take a file from a browser without its passing through a server."""

    def presign_put(self, name: str, *, seconds: int, most_bytes: int) -> str:
        """An address that takes one PUT of at most so many bytes for so many seconds, as the blob of this name."""
        ...
