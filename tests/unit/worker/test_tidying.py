"""Tidying deletes what no manifest will ever name, and nothing else."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from gristmill.domain.ids import Epoch, ShardNumber, WorkerId
from gristmill.domain.job import JobStatus, StopReason
from gristmill.domain.money import NanoUsd, Spent
from gristmill.domain.shard import Lease, Report
from gristmill.worker import persist
from gristmill.worker.persist import new_write
from gristmill.worker.ports import WorkerPorts
from gristmill.worker.tidying import tidy_job
from support.busy import busy_once
from support.mill import JOB, PRICED, FakeModels, Mill, echo

WORKER = WorkerId("worker")
FIRST = ShardNumber(0)


def a_file(epoch: int, digest: str = "d" * 8, shard: int = 0) -> str:
    return f"jobs/{JOB}/segments/{shard:06d}-{epoch}-{digest}.parquet"


@asynccontextmanager
async def a_job(folder: Path, *, epochs: int = 0) -> AsyncIterator[WorkerPorts]:
    """A job whose one shard was leased so many times, each time released but for the last."""
    mill = Mill(folder)
    await mill.order(price=PRICED, budget=1_000_000)
    async with mill.open(FakeModels(echo)) as ports:
        for epoch in range(1, epochs + 1):
            lease = await take(ports)
            if epoch < epochs:
                await ports.store.release_lease(lease, Report(spent=Spent(), block=NanoUsd(0)), new_write())
        yield ports


async def take(ports: WorkerPorts) -> Lease:
    lease = await ports.store.acquire_shard(JOB, WORKER, new_write())
    assert isinstance(lease, Lease)
    return lease


async def put(ports: WorkerPorts, *names: str) -> None:
    for name in names:
        await ports.blobs.put_new(name, b"bytes")


async def left(ports: WorkerPorts) -> list[str]:
    return sorted([name async for name in ports.blobs.list("jobs/")])


async def pause(ports: WorkerPorts) -> None:
    await ports.store.stop_job(JOB, StopReason.PAUSED)
    assert await ports.store.finish_job(JOB) is JobStatus.PAUSED


async def test_files_of_dead_epochs_go_and_those_of_the_present_one_stay(tmp_path: Path) -> None:
    async with a_job(tmp_path, epochs=3) as ports:
        await put(ports, a_file(1), a_file(2), a_file(3))
        assert await tidy_job(ports, JOB) == 2
        assert await left(ports) == [a_file(3)]
        assert await tidy_job(ports, JOB) == 0


async def test_what_a_crash_left_half_written_goes_with_its_epoch(tmp_path: Path) -> None:
    async with a_job(tmp_path, epochs=2) as ports:
        await put(ports, f"{a_file(1)}.0123abcd.part", f"{a_file(2)}.0123abcd.part")
        assert await tidy_job(ports, JOB) == 1
        assert await left(ports) == [f"{a_file(2)}.0123abcd.part"]


async def test_what_the_manifest_names_stays(tmp_path: Path) -> None:
    mill = Mill(tmp_path)
    await mill.order()
    await mill.work(FakeModels(echo))
    async with mill.open(FakeModels(echo)) as ports:
        shown = await left(ports)
        assert len(shown) == len((await ports.store.read_manifest(JOB)).segments) > 0
        await put(ports, a_file(1))
        assert await tidy_job(ports, JOB) == 1
        assert await left(ports) == shown


async def test_files_of_other_jobs_stay(tmp_path: Path) -> None:
    async with a_job(tmp_path, epochs=2) as ports:
        other = a_file(1).replace(JOB, f"{JOB}0")
        await put(ports, other)
        assert await tidy_job(ports, JOB) == 0
        assert await left(ports) == [other]


async def test_a_file_of_a_shard_nobody_knows_stays(tmp_path: Path) -> None:
    async with a_job(tmp_path, epochs=2) as ports:
        await put(ports, a_file(1, shard=7))
        assert await tidy_job(ports, JOB) == 0


async def test_a_store_that_is_busy_for_a_while_is_asked_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(persist, "PAUSE_SECONDS", 0.0)
    reads = ("list_shards", "open_losses", "read_job", "read_manifest")
    async with a_job(tmp_path, epochs=2) as ports:
        await put(ports, a_file(1))
        assert await tidy_job(replace(ports, store=busy_once(ports.store, *reads)), JOB) == 1


async def test_once_a_job_has_ended_files_of_its_last_epoch_go_too(tmp_path: Path) -> None:
    async with a_job(tmp_path, epochs=1) as ports:
        lease = await ports.store.read_shard(JOB, FIRST)
        assert lease.last_answer is not None
        await ports.store.release_lease(lease.last_answer, Report(spent=Spent(), block=NanoUsd(0)), new_write())
        await pause(ports)
        await put(ports, a_file(1))
        assert await tidy_job(ports, JOB) == 1


@pytest.mark.parametrize("has_ended", [False, True])
async def test_a_file_of_a_dead_epoch_that_may_still_be_settled_stays(tmp_path: Path, has_ended: bool) -> None:
    async with a_job(tmp_path, epochs=1) as ports:
        await ports.store.reap_lease(JOB, FIRST, WORKER, Epoch(1))
        if has_ended:
            await pause(ports)
        else:
            await take(ports)
        await put(ports, a_file(1))
        assert await tidy_job(ports, JOB) == 0
        assert await left(ports) == [a_file(1)]
