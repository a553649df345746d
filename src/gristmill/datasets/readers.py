"""What a manifest shows: records, rejects, unfinished rows and fingerprints, a shard at a time."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Iterable, Iterator
from dataclasses import replace
from itertools import groupby
from operator import attrgetter
from typing import Any, NamedTuple, TypeAlias

import pyarrow as pa
import pyarrow.compute as pc

from gristmill.datasets.columns import ACCEPTED, REJECTED, UNFINISHED, decode_rows, read_table
from gristmill.datasets.segments import read_segment
from gristmill.domain.call import Call
from gristmill.domain.ids import JobId, ShardNumber, Slot
from gristmill.domain.record import DUPLICATE, Row
from gristmill.domain.segment import Segment
from gristmill.domain.slots import SlotSet
from gristmill.ports.blobs import Blobs
from gristmill.ports.store import Manifest

# Rows that exist as objects at one time; the rest of a shard stays in its columns.
BATCH_ROWS = 256

PLAIN_COLUMNS = ["slot", "attempt", "standing", "seed_row", "record", "finished_at"]
REJECT_COLUMNS = ["slot", "attempt", "record", "reason", "detail", "finished_at"]
ENTRY_COLUMNS = ["slot", "attempt", "calls", "finished_at"]
PLACE_COLUMNS = ["slot", "attempt", "standing"]
PRINT_COLUMNS = ["slot", "attempt", "standing", "fingerprints"]

Mask: TypeAlias = Callable[[pa.Table], Any]


class Printed(NamedTuple):
    """The fingerprints of one standing record."""

    slot: Slot
    attempt: int
    fingerprints: tuple[int, ...]


async def read_records(
    blobs: Blobs, job: JobId, manifest: Manifest, *, lineage: bool = True
) -> AsyncGenerator[Row, None]:
    """The standing records in the order of their slots.

    Without `lineage` only slot, attempt, seed row, record and time are read; the rest of each row is empty. Holds
    the columns of one shard at a time. Raises NotFoundError when a segment's bytes are missing or changed.
    """
    columns = None if lineage else PLAIN_COLUMNS
    shown = (segment for segment in manifest.segments if segment.accepted)
    async for shard in _shards(blobs, job, shown, _stands(ACCEPTED), columns):
        for row in _rows(shard):
            if (row.slot, row.attempt) not in manifest.withdrawn:
                yield row


async def read_rejects(blobs: Blobs, job: JobId, manifest: Manifest) -> AsyncIterator[Row]:
    """The rejects and the withdrawn records (by the mark's reason), by slot and attempt; raises like `read_records`."""
    shown = (segment for segment in manifest.segments if segment.rejected or manifest.withdrawn)

    async for shard in _shards(blobs, job, shown, _may_be_reject(manifest), None):
        for row in _rows(shard):
            if row.is_reject:
                yield row
            elif (row.slot, row.attempt) in manifest.withdrawn:
                yield replace(row, reason=manifest.reasons.get((row.slot, row.attempt), DUPLICATE))


async def read_standing_slots(blobs: Blobs, job: JobId, manifest: Manifest, shard: ShardNumber) -> frozenset[Slot]:
    """The slots of a shard whose records stand."""
    shown = (segment for segment in manifest.segments if segment.shard == shard and segment.accepted)
    standing = set[Slot]()
    async for table in _shards(blobs, job, shown, _stands(ACCEPTED), PLACE_COLUMNS):
        places: Any = zip(table["slot"].to_pylist(), table["attempt"].to_pylist(), strict=True)
        standing.update(slot for slot, attempt in places if (slot, attempt) not in manifest.withdrawn)
    return frozenset(standing)


async def read_unfinished(blobs: Blobs, job: JobId, manifest: Manifest, shard: ShardNumber, done: SlotSet) -> list[Row]:
    """The unfinished rows of a shard's open slots, in the order of slot and attempt, and of their commits."""
    shown = (segment for segment in manifest.segments if segment.shard == shard and segment.unfinished)
    tables = [table async for table in _shards(blobs, job, shown, _stands(UNFINISHED), None)]
    return [row for table in tables for row in _rows(table) if row.slot not in done]


async def read_slot(blobs: Blobs, job: JobId, manifest: Manifest, shard: ShardNumber, slot: Slot) -> list[Row]:
    """All rows of a slot of this shard, in the order of attempts and commits, whatever became of them."""
    shown = (segment for segment in manifest.segments if segment.shard == shard)
    tables = [table async for table in _shards(blobs, job, shown, _is_of(slot), None)]
    return [row for table in tables for row in _rows(table)]


async def read_entries(blobs: Blobs, job: JobId, segment: Segment) -> list[Call]:
    """The ledger entries of a segment, in its order. Raises NotFoundError when its bytes are missing or changed."""
    content = await read_segment(blobs, job, segment)
    return await asyncio.to_thread(_entries, content)


async def read_newest(blobs: Blobs, job: JobId, segment: Segment, most: int) -> list[Row]:
    """The records of one segment that ended last, newest first; of each only what `read_records` reads of it.

    Raises NotFoundError when the segment's bytes are missing or changed.
    """
    content = await read_segment(blobs, job, segment)
    return await asyncio.to_thread(_newest, content, most)


async def read_example(blobs: Blobs, job: JobId, segment: Segment, reason: str) -> Row | None:
    """The first row of one segment that was rejected for this reason, without its calls; raises like `read_newest`."""
    content = await read_segment(blobs, job, segment)
    return await asyncio.to_thread(_example, content, reason)


async def read_fingerprints(blobs: Blobs, job: JobId, manifest: Manifest) -> AsyncIterator[Printed]:
    """The fingerprints of the standing records, by the pass in which they stood and then by slot."""
    shown = sorted((segment for segment in manifest.segments if segment.accepted), key=attrgetter("passed"))
    for _, segments in groupby(shown, attrgetter("passed")):
        async for shard in _shards(blobs, job, segments, _stands(ACCEPTED), PRINT_COLUMNS):
            columns = (shard[name].to_pylist() for name in ("slot", "attempt", "fingerprints"))
            for slot, attempt, fingerprints in zip(*columns, strict=True):
                if (slot, attempt) not in manifest.withdrawn:
                    yield Printed(slot, attempt, tuple(fingerprints))


async def _shards(
    blobs: Blobs, job: JobId, segments: Iterable[Segment], mask: Mask, columns: list[str] | None
) -> AsyncIterator[pa.Table]:
    """The rows under the mask of each shard in turn, sorted by slot and attempt."""
    for _, ones in groupby(sorted(segments, key=attrgetter("shard")), attrgetter("shard")):
        tables = []
        for segment in ones:
            content = await read_segment(blobs, job, segment)
            tables.append(await asyncio.to_thread(_read_rows, content, mask, columns))
        # Arrow's sort is stable for a table, so rows of the same attempt keep the order of their commits.
        yield pa.concat_tables(tables).sort_by([("slot", "ascending"), ("attempt", "ascending")])


def _read_rows(content: bytes, mask: Mask, columns: list[str] | None) -> pa.Table:
    table = read_table(content, columns)
    return table.filter(mask(table))


def _entries(content: bytes) -> list[Call]:
    rows = _rows(read_table(content, ENTRY_COLUMNS))
    return [call for row in rows for call in row.calls if call.entry]


def _newest(content: bytes, most: int) -> list[Row]:
    table = _read_rows(content, _stands(ACCEPTED), PLAIN_COLUMNS)
    return decode_rows(table.sort_by([("finished_at", "descending"), ("slot", "descending")]).slice(0, most))


def _example(content: bytes, reason: str) -> Row | None:
    table = _read_rows(content, lambda rows: pc.equal(rows["reason"], pa.scalar(reason)), REJECT_COLUMNS)
    return next(iter(decode_rows(table.slice(0, 1))), None)


def _rows(table: pa.Table) -> Iterator[Row]:
    for start in range(0, table.num_rows, BATCH_ROWS):
        yield from decode_rows(table.slice(start, BATCH_ROWS))


def _may_be_reject(manifest: Manifest) -> Mask:
    if not manifest.withdrawn:
        return _stands(REJECTED)
    slots = pa.array([slot for slot, _ in manifest.withdrawn], pa.int64())

    def mask(table: pa.Table) -> Any:  # noqa: ANN401 - a mask of Arrow's
        withdrawn = pc.and_(_stands(ACCEPTED)(table), pc.is_in(table["slot"], slots))
        return pc.or_(_stands(REJECTED)(table), withdrawn)

    return mask


def _is_of(slot: Slot) -> Mask:
    return lambda table: pc.equal(table["slot"], pa.scalar(slot, pa.int64()))


def _stands(standing: str) -> Mask:
    return lambda table: pc.equal(table["standing"], pa.scalar(standing))
