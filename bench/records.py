"""Browsing and searching a million records: pages, filters and searches, with an index and while the job runs."""

import asyncio
import os
import random
import sys
import time
from collections.abc import Awaitable, Iterator, Sequence
from contextlib import aclosing
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from bench.lab import show, weigh
from gristmill.adapters.duckdb import DuckIndex
from gristmill.adapters.local import LocalBlobs, SystemClock
from gristmill.adapters.sql import open_store
from gristmill.datasets import write_segment
from gristmill.domain.call import Call, CallCounts, Place
from gristmill.domain.completion import ModelName
from gristmill.domain.ids import Digest, JobId, Slot, WorkerId, WriteId
from gristmill.domain.job import Job, Order, StopReason
from gristmill.domain.money import NanoUsd, Spent
from gristmill.domain.record import CheckResult, Row
from gristmill.domain.shard import Lease, Progress, Report
from gristmill.domain.sharding import plan_shards
from gristmill.domain.usage import Usage
from gristmill.jobs.cursors import write_cursor
from gristmill.jobs.ports import BrowsePorts
from gristmill.jobs.records import CURSOR, RecordQuery, list_records, search_records
from gristmill.jobs.rejects import group_rejects
from gristmill.jobs.statistics import read_statistics
from gristmill.jobs.trace import read_trace

RECORDS = 1_000_000
SEGMENT_ROWS = 512
TIMES = 3
JOB = JobId("job-1")
NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)
SYLLABLES = ["ba", "ke", "lo", "mi", "nu", "ra", "so", "ti", "vu", "ze"]
NOUNS = ["lamp", "cord", "shop", "note", "page", "bell", "glass", "door", "road", "tree"]
WORDS = [first + second for first in SYLLABLES for second in NOUNS]

COMPACT = """
import asyncio, sys
from pathlib import Path
from gristmill.adapters.local import LocalBlobs
from gristmill.adapters.sql import open_store
from gristmill.datasets import compact_job
async def main(folder):
    store = open_store(f"sqlite:///{folder / 'store.db'}")
    await compact_job(store, LocalBlobs(folder / "blobs"), "job-1")
    await store.close()
asyncio.run(main(Path(sys.argv[1])))
"""


@dataclass(frozen=True, slots=True)
class Asked:
    """A page, and where it begins."""

    name: str
    query: RecordQuery
    cursor_at: int | None = None


def asked() -> Iterator[Asked]:
    """What is measured of a list."""
    yield Asked("start", RecordQuery())
    yield Asked("middle", RecordQuery(), RECORDS // 2)
    yield Asked("end", RecordQuery(), RECORDS - 100)
    yield Asked("rejected", RecordQuery(status="rejected"), RECORDS // 2)
    yield Asked("reason", RecordQuery(status="rejected", reason="too short"))
    yield Asked("score", RecordQuery(score_min=5))
    yield Asked("score of none", RecordQuery(score_min=6))
    yield Asked("field", RecordQuery(fields={"mood": "kind"}))
    yield Asked("field of one", RecordQuery(fields={"number": str(RECORDS - 5)}))
    yield Asked("field of none", RecordQuery(fields={"mood": "mild"}))
    yield Asked("mark", RecordQuery(mark="good"))
    yield Asked("common word", RecordQuery(text="The common"))


def measure(folder: Path) -> None:
    """A job of a million records while it runs, then how its index is made, and the same again."""
    asyncio.run(_make(folder))
    asyncio.run(_browse(folder, "runs", texts=()))
    asyncio.run(_end(folder))
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[1] / "src")}
    weight = weigh([sys.executable, "-c", COMPACT, str(folder)], environment)
    size = sum(file.stat().st_size for file in (folder / "blobs/jobs" / JOB / "index").iterdir())
    show("compact", seconds=weight.wall, cpu=weight.cpu, peak_mb=weight.memory, index_mb=size / 2**20)
    asyncio.run(_browse(folder, "ended", texts=("the common", "needle", "nobody says so")))


async def _browse(folder: Path, name: str, texts: Sequence[str]) -> None:
    blobs = LocalBlobs(folder / "blobs")
    store = open_store(f"sqlite:///{folder / 'store.db'}")
    index = DuckIndex(blobs, folder / "duckdb", root=folder / "blobs")
    ports = BrowsePorts(store=store, blobs=blobs, index=index, clock=SystemClock())
    for one in asked():
        milliseconds, found = min([await _time_page(ports, one) for _ in range(TIMES)])
        show(f"{name}, {one.name}", ms=milliseconds, records=found)
    for text in texts:
        first, whole, found = min([await _time_search(ports, text) for _ in range(TIMES)])
        show(f"{name}, all {text!r}", first_ms=first, seconds=whole, records=found)
    show(f"{name}, trace", ms=await _time(read_trace(ports, JOB, Slot(RECORDS // 2))))
    show(f"{name}, rejects", ms=await _time(group_rejects(ports, JOB)))
    show(f"{name}, statistics", ms=await _time(read_statistics(ports, JOB)))
    await index.close()
    await store.close()


async def _time(verb: Awaitable[object]) -> float:
    started = time.perf_counter()
    await verb
    return (time.perf_counter() - started) * 1e3


async def _time_page(ports: BrowsePorts, one: Asked) -> tuple[float, int]:
    cursor = None if one.cursor_at is None else write_cursor(CURSOR, one.cursor_at, 0)
    started = time.perf_counter()
    page = await list_records(ports, JOB, one.query, cursor=cursor)
    return (time.perf_counter() - started) * 1e3, len(page.items)


async def _time_search(ports: BrowsePorts, text: str) -> tuple[float, float, int]:
    """A word that is common is read to its 1,000th record."""
    started, first, found = time.perf_counter(), 0.0, 0
    async with aclosing(search_records(ports, JOB, RecordQuery(text=text))) as records:
        async for _ in records:
            first = first or time.perf_counter() - started
            found += 1
            if found == 1_000:
                break
    return first * 1e3, time.perf_counter() - started, found


async def _make(folder: Path) -> None:
    """The job as a worker leaves it: a shard at a time, its slots in any order, in segments of a few seconds."""
    store, blobs = open_store(f"sqlite:///{folder / 'store.db'}"), LocalBlobs(folder / "blobs")
    started = time.perf_counter()
    await store.create_job(_job(), plan_shards(JOB, first_slot=0, records=RECORDS, first_number=0))
    chance, writes = random.Random(0), map(WriteId, map(str, range(10**9)))
    while isinstance(lease := await store.acquire_shard(JOB, WorkerId("w"), next(writes)), Lease):
        slots, spent = list(lease.done.missing()), Spent()
        chance.shuffle(slots)
        lease = await store.renew_lease(lease, Report(spent=spent, block=NanoUsd(10**9)), next(writes))
        for i in range(0, len(slots), SEGMENT_ROWS):
            some = slots[i : i + SEGMENT_ROWS]
            rows = [row for slot in some for row in _rows(slot)]
            segment = await write_segment(blobs, lease.origin, recipe=Digest("r"), rows=rows, counts=CallCounts())
            spent += segment.spent
            report, progress = Report(spent=spent, block=lease.block), Progress(accepted=frozenset(some))
            lease = await store.commit_segment(lease, segment, progress, report, next(writes))
        await store.release_lease(lease, Report(spent=spent, block=spent.total), next(writes))
    await store.set_marks(JOB, [Slot(slot) for slot in range(0, RECORDS, RECORDS // 1_000)], "good")
    segments = len((await store.read_manifest(JOB)).segments)
    await store.close()
    show("make", seconds=time.perf_counter() - started, segments=segments)


async def _end(folder: Path) -> None:
    store = open_store(f"sqlite:///{folder / 'store.db'}")
    await store.stop_job(JOB, StopReason.PAUSED)
    await store.finish_job(JOB)
    await store.close()


def _job() -> Job:
    order = Order(name="bench", template="name: bench\n", recipe=Digest("r"))
    return Job(id=JOB, name="bench", order=order, records=RECORDS, budget=NanoUsd(10**15), created_at=NOON)


def _rows(slot: Slot) -> Iterator[Row]:
    if slot % 50 == 0:
        yield _row(slot, 0, "too short")
    yield _row(slot, int(slot % 50 == 0), None)


def _row(slot: Slot, attempt: int, reason: str | None) -> Row:
    body = " ".join(random.Random(slot).choices(WORDS, k=60))
    common, rare = " the common" if slot % 3 else "", " needle" if slot % 250_000 == 200_000 else ""
    record = {
        "number": slot,
        "mood": ("calm", "cross", "kind")[slot % 3],
        "subject": body[:40],
        "body": body + common + rare,
    }
    call = Call(
        place=Place(slot=slot, attempt=attempt, step="ticket"),
        kind="call",
        model=ModelName("bench:model"),
        prompt=f'[{{"role":"user","content":"{body}"}}]',
        reply=body,
        finish_reason="stop",
        usage=Usage(input=400, output=100),
        cost=NanoUsd(1_000),
        certainty="billed",
        price_table="bench",
        milliseconds=50,
        at=NOON,
    )
    checks = (CheckResult(check="judge", passed=reason is None, value=float(1 + slot % 5)),)
    return Row(
        slot=slot,
        attempt=attempt,
        seed_row=slot,
        values={},
        record=record,
        calls=(call,),
        checks=checks,
        reason=reason,
        finished_at=NOON,
    )
