"""A job's rows as readers are shown them, without a store: segments in a folder and a manifest."""

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

from gristmill.adapters.duckdb import DuckIndex
from gristmill.adapters.local import LocalBlobs, SystemClock
from gristmill.adapters.sql import open_store
from gristmill.datasets import write_segment
from gristmill.domain.call import CallCounts
from gristmill.domain.ids import Digest, Epoch, ShardNumber, Slot, WorkerId
from gristmill.domain.job import StopReason
from gristmill.domain.listing import START, ListedRow, RecordFilter, RowPlace
from gristmill.domain.money import NanoUsd, Spent
from gristmill.domain.record import Row
from gristmill.domain.segment import Origin, Segment, Withdrawal, manifest_digest
from gristmill.domain.shard import Lease, Progress, Report, Shard
from gristmill.domain.sharding import plan_shards
from gristmill.domain.slots import SlotSet
from gristmill.jobs.ports import BrowsePorts
from gristmill.ports.blobs import Blobs
from gristmill.ports.index import RecordIndex, Shown
from gristmill.ports.store import Manifest
from gristmill.worker.persist import new_write
from support.rows import JOB
from support.stores import a_job

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


@asynccontextmanager
async def open_ports(folder: Path) -> AsyncIterator[BrowsePorts]:
    """Real ports over a folder."""
    store = open_store(f"sqlite:///{folder / 'store.db'}")
    blobs = LocalBlobs(folder / "blobs")
    index = DuckIndex(blobs, folder / "duckdb", root=folder / "blobs")
    try:
        yield BrowsePorts(store=store, blobs=blobs, index=index, clock=SystemClock())
    finally:
        await index.close()
        await store.close()


async def commit_rows(
    ports: BrowsePorts,
    *batches: Sequence[Row],
    records: int,
    ends: bool = True,
    withdrawn: Sequence[Withdrawal] = (),
) -> None:
    """A job of one shard with these batches committed one after another.

    If it ends it is sifted, when records of it are to be withdrawn, and paused.
    """
    job = a_job(records=records, budget=10**12, sifts=bool(withdrawn))
    await ports.store.create_job(job, plan_shards(JOB, first_slot=0, records=records, first_number=0))
    lease = await ports.store.acquire_shard(JOB, WorkerId("w"), new_write())
    assert isinstance(lease, Lease)
    spent = Spent()
    for rows in batches:
        lease = await ports.store.renew_lease(lease, Report(spent=spent, block=NanoUsd(10**9)), new_write())
        segment = await write_segment(ports.blobs, lease.origin, recipe=Digest("r"), rows=rows, counts=CallCounts())
        spent += segment.spent
        progress = Progress(accepted=frozenset(row.slot for row in rows if row.is_accepted))
        report = Report(spent=spent, block=lease.block)
        lease = await ports.store.commit_segment(lease, segment, progress, report, new_write())
    if ends:
        await ports.store.release_lease(lease, Report(spent=spent, block=spent.total), new_write())
        if withdrawn:
            await _sift(ports, withdrawn)
        await ports.store.stop_job(JOB, StopReason.PAUSED)
        await ports.store.finish_job(JOB)


async def _sift(ports: BrowsePorts, withdrawn: Sequence[Withdrawal]) -> None:
    await ports.store.finish_job(JOB)
    sifting = await ports.store.acquire_shard(JOB, WorkerId("w"), new_write())
    assert isinstance(sifting, Lease)
    await ports.store.withdraw_records(sifting, ShardNumber(0), withdrawn, attempt_limit=9)
    await ports.store.finish_sifting(sifting, (await ports.store.read_manifest(JOB)).digest, new_write())
