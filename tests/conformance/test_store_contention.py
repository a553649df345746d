"""Many clients of one store at once: nobody is given what another holds, and nobody who reads on misses a row."""

import asyncio
import os
import subprocess
import sys
from collections.abc import Sequence
from contextlib import AsyncExitStack
from pathlib import Path

import pytest

from gristmill.domain.event import Event
from gristmill.domain.ids import Epoch, JobId, ShardNumber
from gristmill.domain.job import JobStatus
from gristmill.domain.money import NanoUsd, Spent
from gristmill.ports.store import Store
from support import postgres
from support.contention import COST, Contender, small_shards
from support.stores import JOB, AnyStore, Mill, PostgresDatabase, TurnedClock, a_job

CLIENTS = 20
SLOTS_OF_SHARD = 2
RECORDS = CLIENTS * SLOTS_OF_SHARD
# A little more than it takes: at the end they must wait for one another's money.
BUDGET = RECORDS * COST + 3 * COST


def order_contended(mill: Mill) -> None:
    shards = small_shards(CLIENTS, SLOTS_OF_SHARD)
    mill(mill.store.create_job(a_job(records=RECORDS, budget=BUDGET, at=mill.clock.now()), shards))


def judge_contended(mill: Mill, epochs: Sequence[tuple[ShardNumber, Epoch]]) -> None:
    totals, manifest = mill(mill.store.read_totals(JOB)), mill(mill.store.read_manifest(JOB))
    assert mill(mill.store.read_job(JOB)).status is JobStatus.COMPLETED
    assert (totals.accepted, totals.short, totals.held, totals.lost) == (RECORDS, 0, 0, 0)
    assert totals.spent == Spent(billed=NanoUsd(RECORDS * COST))
    assert totals.granted == RECORDS * COST
    assert sorted(segment.name for segment in manifest.segments) == sorted(
        f"segments/slot-{slot}" for slot in range(RECORDS)
    )
    assert len(set(epochs)) == len(epochs)


async def open_many(stack: AsyncExitStack, mill: Mill, clients: int) -> list[AnyStore]:
    stores = [mill.backend.open(mill.clock) for _ in range(clients)]
    for store in stores:
        stack.push_async_callback(store.close)
    return stores


def test_twenty_workers_contend_for_one_job_and_each_slot_is_done_once(mill: Mill) -> None:
    order_contended(mill)

    async def contend() -> list[Contender]:
        async with AsyncExitStack() as stack:
            stores = await open_many(stack, mill, CLIENTS)
            contenders = [Contender(store, f"w{i}") for i, store in enumerate(stores)]
            async with asyncio.TaskGroup() as group:
                for contender in contenders:
                    group.create_task(contender.work())
                watcher = group.create_task(watch(mill.store))
            assert await watcher == await mill.store.read_events(JOB)
        return contenders

    judge_contended(mill, [epoch for contender in mill(contend()) for epoch in contender.epochs])
    assert mill(mill.store.read_totals(JOB)) == mill(read_anew(mill))


async def watch(store: Store) -> list[Event]:
    """Follow totals and history as they grow, until the end."""
    events: list[Event] = []
    while not any(event.type == "end" for event in events):
        totals = await store.read_totals(JOB)
        assert totals.granted <= BUDGET
        assert sum(one.calls for one in totals.sums) == totals.accepted
        events += await store.read_events(JOB, after=events[-1].sequence if events else 0)
    return events


async def read_anew(mill: Mill) -> object:
    store = mill.backend.open(mill.clock)
    try:
        return await store.read_totals(JOB)
    finally:
        await store.close()


def test_who_reads_on_after_the_last_event_misses_none_of_many_writers(mill: Mill) -> None:
    mill.create()
    mill.create(job=JobId("other"))

    async def write_some(store: Store, job: JobId, writer: int) -> None:
        for number in range(10):
            await store.write_event(job, "warning", {"writer": writer, "number": number})

    async def follow() -> list[Event]:
        seen: list[Event] = []
        while len(seen) < 61:
            seen += await mill.store.read_events(JOB, after=seen[-1].sequence if seen else 0)
        return seen

    async def both() -> list[Event]:
        async with AsyncExitStack() as stack:
            stores = await open_many(stack, mill, 8)
            async with asyncio.TaskGroup() as group:
                follower = group.create_task(follow())
                for writer, store in enumerate(stores):
                    group.create_task(write_some(store, JOB if writer < 6 else JobId("other"), writer))
        return follower.result()

    assert mill(both()) == mill(mill.store.read_events(JOB))


@pytest.mark.long
def test_twenty_processes_contend_for_one_job_and_each_slot_is_done_once() -> None:
    with postgres.fresh_database() as url, asyncio.Runner() as runner:
        backend, clock = PostgresDatabase(url), TurnedClock()
        mill = Mill(backend, clock, backend.open(clock), runner)
        order_contended(mill)
        command = [sys.executable, str(Path(__file__).parent.parent / "support" / "contention.py"), url]
        environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
        children = [
            subprocess.Popen([*command, f"w{i}"], stdout=subprocess.PIPE, text=True, env=environment)
            for i in range(CLIENTS)
        ]
        told = [child.communicate(timeout=120)[0] for child in children]
        assert [child.returncode for child in children] == [0] * CLIENTS
        pairs = [pair.split(":") for words in told for pair in words.split()]
        judge_contended(mill, [(ShardNumber(int(shard)), Epoch(int(epoch))) for shard, epoch in pairs])
        mill(mill.store.close())
