"""A job of a million records, made in seconds: one shard's rows as a worker writes them, then again with other slots.

Nothing but slots and texts differs from what a worker leaves: segments, their manifest, shards and the index are real.
`python -m support.million HOME OWNER` makes it in the store of a server's home.
"""

import asyncio
import hashlib
import sys
from dataclasses import replace
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.parquet as pq

from gristmill.adapters.local import LocalBlobs
from gristmill.adapters.sql import open_store
from gristmill.datasets import compact_job, write_segment
from gristmill.datasets.columns import LABELS, read_table
from gristmill.datasets.segments import blob_name
from gristmill.domain.call import CallCounts
from gristmill.domain.ids import Digest, JobId, Slot, UserId, WorkerId, WriteId
from gristmill.domain.job import Job, Order, StopReason
from gristmill.domain.money import NanoUsd
from gristmill.domain.record import CheckResult, Row
from gristmill.domain.segment import Segment, segment_name
from gristmill.domain.shard import Lease, Progress, Report
from gristmill.domain.sharding import plan_shards
from support.rows import NOON

if TYPE_CHECKING:
    from gristmill.domain.json import JsonObject

MILLION = 1_000_000
JOB = JobId("20260101-120000-million0")
RECIPE = Digest("0" * 64)
MOODS = ("calm", "cross", "kind", "wry")
TEMPLATE = """\
name: moods
steps: [{id: mood, model: "scripted:demo", prompt: Say it.}]
"""


async def make_million(home: Path, owner: UserId, records: int = MILLION) -> JobId:
    """The job in the store of a server's home, ended and indexed."""
    store, blobs = open_store(f"sqlite:///{home / 'store.db'}"), LocalBlobs(home / "blobs")
    await store.create_job(_job(owner, records), plan_shards(JOB, first_slot=0, records=records, first_number=0))
    pattern: tuple[pa.Table, Segment] | None = None
    writes = (WriteId(f"write-{number}") for number in count())
    while isinstance(lease := await store.acquire_shard(JOB, WorkerId("maker"), next(writes)), Lease):
        slots = list(lease.done.missing())
        if pattern is None:
            first = await write_segment(
                blobs, lease.origin, recipe=RECIPE, rows=list(map(_row, slots)), counts=CallCounts()
            )
            pattern = read_table(await blobs.read(blob_name(JOB, first))), first
        content = _shifted(pattern[0], slots)
        segment = _named(pattern[1], lease, content, len(slots))
        await blobs.put_new(blob_name(JOB, segment), content)
        nothing = Report(spent=segment.spent, block=lease.block)
        progress = Progress(accepted=frozenset(slots))
        lease = await store.commit_segment(lease, segment, progress, nothing, next(writes))
        await store.release_lease(lease, nothing, next(writes))
    await store.stop_job(JOB, StopReason.CANCELLED, "made for a look")
    await store.finish_job(JOB)
    await compact_job(store, blobs, JOB)
    await store.close()
    return JOB


def _job(owner: UserId, records: int) -> Job:
    order = Order(name="moods", template=TEMPLATE, recipe=RECIPE)
    return Job(
        id=JOB, owner=owner, name="A million", order=order, records=records, budget=NanoUsd(10**9), created_at=NOON
    )


def _row(slot: Slot) -> Row:
    record: JsonObject = {
        "mood": MOODS[slot % 4],
        "number": slot,
        "text": f"A sentence that is the same as {slot % 7} others.",
    }
    checks = (CheckResult(check="judge", passed=True, value=float(1 + slot % 5)),)
    return Row(
        slot=slot,
        attempt=0,
        seed_row=slot,
        values={},
        record=record,
        calls=(),
        checks=checks,
        reason=None,
        finished_at=NOON,
    )


def _shifted(pattern: pa.Table, slots: list[Slot]) -> bytes:
    """The pattern's rows at other slots, each record with a number of its own."""
    table, numbers = pattern.slice(0, len(slots)), pa.array(slots, pa.int64())
    texts = [
        str(text).replace(f'"number":{old}', f'"number":{new}')
        for text, old, new in zip(table["record"].to_pylist(), table["slot"].to_pylist(), slots, strict=True)
    ]
    for name, column in (("slot", numbers), ("record", pa.array(texts, pa.string()))):
        table = table.set_column(table.schema.get_field_index(name), name, column)
    sink = pa.BufferOutputStream()
    pq.write_table(table, sink, compression="zstd", compression_level=1, use_dictionary=LABELS, write_statistics=False)  # type: ignore[arg-type]
    return sink.getvalue().to_pybytes()


def _named(pattern: Segment, lease: Lease, content: bytes, accepted: int) -> Segment:
    digest = Digest(hashlib.sha256(content).hexdigest())
    name = segment_name(lease.shard, lease.epoch, digest)
    return replace(
        pattern, name=name, digest=digest, shard=lease.shard, epoch=lease.epoch, bytes=len(content), accepted=accepted
    )


if __name__ == "__main__":
    asyncio.run(make_million(Path(sys.argv[1]), UserId(sys.argv[2])))
