"""Segments as files: written under the digest of their bytes, and read only when the bytes still have it."""

import asyncio
import hashlib
from collections.abc import Sequence

from gristmill.datasets.columns import encode_segment
from gristmill.domain.call import CallCounts
from gristmill.domain.ids import Digest, JobId
from gristmill.domain.record import Row
from gristmill.domain.segment import Origin, Segment, count_reasons, segment_name, sum_calls
from gristmill.errors import NotFoundError
from gristmill.ports.blobs import Blobs


async def write_segment(
    blobs: Blobs, origin: Origin, *, recipe: Digest, rows: Sequence[Row], counts: CallCounts
) -> Segment:
    """Put the rows into a new file of the job, durably, and return the manifest's line for it.

    The file exists for readers only once that line is committed. Raises StorageFullError.
    """
    content, segment = await asyncio.to_thread(_make_segment, origin, recipe, rows, counts)
    await blobs.put_new(blob_name(origin.job, segment), content)
    return segment


def blob_name(job: JobId, segment: Segment) -> str:
    """Where a segment's bytes lie."""
    return f"jobs/{job}/{segment.name}"


async def read_segment(blobs: Blobs, job: JobId, segment: Segment) -> bytes:
    """The bytes of a committed segment. Raises NotFoundError when they are missing or not those that were committed."""
    name = blob_name(job, segment)
    content = await blobs.read(name)
    if await asyncio.to_thread(_digest, content) != segment.digest:
        raise NotFoundError(f"the bytes of {name} are not those that were committed: restore the file from a backup")
    return content


def _make_segment(origin: Origin, recipe: Digest, rows: Sequence[Row], counts: CallCounts) -> tuple[bytes, Segment]:
    content = encode_segment(rows, recipe)
    digest = _digest(content)
    accepted = sum(row.is_accepted for row in rows)
    rejected = sum(row.is_reject for row in rows)
    segment = Segment(
        name=segment_name(origin.shard, origin.epoch, digest),
        digest=digest,
        shard=origin.shard,
        epoch=origin.epoch,
        bytes=len(content),
        accepted=accepted,
        rejected=rejected,
        unfinished=len(rows) - accepted - rejected,
        rejects=count_reasons(rows),
        sums=sum_calls(call for row in rows for call in row.calls),
        counts=counts,
        passed=origin.passed,
    )
    return content, segment


def _digest(content: bytes) -> Digest:
    return Digest(hashlib.sha256(content).hexdigest())
