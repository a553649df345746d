"""Seed files that reach the blobs without passing through a server, where the blobs can be written to directly."""

import asyncio
import random
import tempfile
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from gristmill.datasets import PLAIN_READING, SeedLimits, SeedReading
from gristmill.domain.ids import UploadId, UserId
from gristmill.domain.seeds import SeedSet, SeedUpload
from gristmill.errors import BadInputError, NotFoundError, TooLargeError, WrongStateError
from gristmill.library.labels import label_of
from gristmill.library.seeds import UPLOAD_LIMITS, SeedFile, keep_file
from gristmill.ports.blobs import Blobs, DirectBlobs
from gristmill.ports.seeds import SeedsStore

LIFETIME = timedelta(hours=1)
# What begins just before the end may still be arriving.
GRACE = timedelta(hours=1)
PIECE = 1 << 20


@dataclass(frozen=True, slots=True, kw_only=True)
class StartedUpload:
    """Where the file may be PUT, until the upload expires."""

    upload: SeedUpload
    url: str


async def start_upload(
    name: str,
    owner: UserId,
    store: SeedsStore,
    blobs: Blobs,
    *,
    now: datetime,
    chance: random.Random,
    limits: SeedLimits = UPLOAD_LIMITS,
) -> StartedUpload:
    """An address for one file. Raises BadInputError where these blobs have none to give."""
    if not isinstance(blobs, DirectBlobs):
        raise BadInputError("Files cannot be sent to this server's blobs directly: send the file itself to /seeds.")
    key = UploadId(f"{chance.getrandbits(128):032x}")
    upload = SeedUpload(id=key, owner=owner, name=label_of(name), blob=f"uploads/{key}", expires_at=now + LIFETIME)
    seconds = int(LIFETIME.total_seconds())
    url = blobs.presign_put(upload.blob, seconds=seconds, most_bytes=limits.file_bytes)
    await store.add_upload(upload)
    return StartedUpload(upload=upload, url=url)


async def complete_upload(
    upload: UploadId,
    owner: UserId,
    store: SeedsStore,
    blobs: Blobs,
    *,
    now: datetime,
    reading: SeedReading = PLAIN_READING,
    limits: SeedLimits = UPLOAD_LIMITS,
) -> SeedSet:
    """Keep what was sent, as `keep_file` does; then the upload is over. One that is refused may be sent again.

    Raises NotFoundError besides for an upload that is unknown or has expired, and WrongStateError before the file came.
    """
    found = await store.read_upload(owner, upload)
    with tempfile.TemporaryDirectory(prefix="gristmill-", ignore_cleanup_errors=True) as folder:
        path = Path(folder) / "upload"
        await asyncio.to_thread(_fetch, found.blob, path, blobs, limits.file_bytes)
        file = SeedFile(path=path, name=found.name, reading=reading)
        kept = await keep_file(file, owner, store, blobs, now=now, limits=limits)
    await _end(found, store, blobs)
    return kept


async def tidy_uploads(store: SeedsStore, blobs: Blobs, *, now: datetime) -> int:
    """Remove the uploads that were never completed, and what was sent of them; how many there were."""
    count = 0
    while expired := await store.list_expired_uploads(now - GRACE):
        for upload in expired:
            await _end(upload, store, blobs)
        count += len(expired)
    return count


async def _end(upload: SeedUpload, store: SeedsStore, blobs: Blobs) -> None:
    # The row last: while it is there, somebody will come back for the blob.
    await blobs.delete(upload.blob)
    await store.end_upload(upload.id)


def _fetch(blob: str, path: Path, blobs: Blobs, most: int) -> None:
    try:
        source = blobs.open(blob)
    except NotFoundError as error:
        raise WrongStateError("The file has not arrived yet. Send it to the upload's address first.") from error
    with source, path.open("wb") as copy:
        while piece := source.read(PIECE):
            if copy.tell() + len(piece) > most:
                raise TooLargeError(f"The file is larger than the {most:,} bytes that are taken.")
            copy.write(piece)
