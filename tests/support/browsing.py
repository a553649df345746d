"""A job's rows as readers are shown them, without a store: segments in a folder and a manifest."""

from collections.abc import Mapping, Sequence

from gristmill.datasets import write_segment
from gristmill.domain.call import CallCounts
from gristmill.domain.ids import Digest, Epoch, ShardNumber, Slot
from gristmill.domain.listing import START, ListedRow, RecordFilter, RowPlace
from gristmill.domain.record import Row
from gristmill.domain.segment import Origin, Segment, manifest_digest
from gristmill.domain.shard import Shard
from gristmill.domain.slots import SlotSet
from gristmill.ports.blobs import Blobs
from gristmill.ports.index import RecordIndex, Shown
from gristmill.ports.store import Manifest
from support.rows import JOB

# So many slots has each shard here.
SHARD = 8

Withdrawn = Mapping[tuple[Slot, int], str]


async def show_rows(blobs: Blobs, batches: Sequence[Sequence[Row]], withdrawn: Withdrawn, shards: int) -> Shown:
    """Each batch committed, a segment for each shard that it has rows of."""
    segments = [
        await _write(blobs, ShardNumber(number), [row for row in batch if row.slot // SHARD == number])
        for batch in batches
        for number in sorted({row.slot // SHARD for row in batch})
    ]
    return Shown(
        job=JOB,
        manifest=Manifest(
            segments=tuple(segments),
            withdrawn=frozenset(withdrawn),
            reasons=withdrawn,
            digest=manifest_digest(segment.name for segment in segments),
        ),
        shards=[Shard(job=JOB, number=ShardNumber(i), done=SlotSet(i * SHARD, SHARD)) for i in range(shards)],
    )


async def page_all(index: RecordIndex, shown: Shown, wanted: RecordFilter, most: int) -> list[ListedRow]:
    """Every row that matches, each page asked for by itself."""
    rows, after = list[ListedRow](), START
    while True:
        page = await first_rows(index, shown, wanted, after=after, most=most)
        rows += page
        if not page:
            return rows
        after = page[-1].place


async def first_rows(
    index: RecordIndex, shown: Shown, wanted: RecordFilter, *, after: RowPlace = START, most: int = 50
) -> list[ListedRow]:
    """The first rows that match behind a place."""
    rows = list[ListedRow]()
    async for found in index.find(shown, wanted, after=after, most=most):
        rows += found.rows
        if len(rows) >= most:
            break
    return rows[:most]


async def _write(blobs: Blobs, shard: ShardNumber, rows: Sequence[Row]) -> Segment:
    origin = Origin(job=JOB, shard=shard, epoch=Epoch(1))
    return await write_segment(blobs, origin, recipe=Digest("r"), rows=rows, counts=CallCounts())
