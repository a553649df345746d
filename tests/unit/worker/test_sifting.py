"""Sifting takes out what several workers made twice: what was kept once stays kept."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from gristmill.datasets import StandingRecords, read_rejects, write_segment
from gristmill.domain.call import CallCounts
from gristmill.domain.ids import SIFTING, Digest, Slot, WorkerId
from gristmill.domain.job import JobStatus
from gristmill.domain.money import NanoUsd, Spent
from gristmill.domain.record import Row
from gristmill.domain.shard import Lease, Progress, Report
from gristmill.domain.sharding import plan_shards
from gristmill.recipes.likeness import signature_of
from gristmill.worker import persist, sifting
from gristmill.worker.persist import new_write
from gristmill.worker.ports import WorkerPorts
from gristmill.worker.sifting import Sifting
from support.busy import busy_once
from support.mill import JOB, ONE_STEP, FakeModels, Mill, echo
from support.rows import a_row

UNIQUE = ONE_STEP + "checks: [{unique: line}]\n"
WORKER = WorkerId("worker")
NOTHING = Report(spent=Spent(), block=NanoUsd(0))
LIMIT = 3

Prints = Mapping[int, Sequence[int]]


@pytest.fixture
def mill(tmp_path: Path) -> Mill:
    return Mill(tmp_path)


async def take(ports: WorkerPorts) -> Lease:
    lease = await ports.store.acquire_shard(JOB, WORKER, new_write())
    assert isinstance(lease, Lease)
    return lease


async def fill(ports: WorkerPorts, prints: Prints) -> None:
    """Make records with these fingerprints, by slot, under as many leases as that takes."""
    todo = dict(prints)
    while todo:
        lease = await take(ports)
        slots = [slot for slot in lease.done.missing() if slot in todo]
        rows = [_row(lease, slot, todo.pop(slot)) for slot in slots]
        recipe = Digest("0" * 64)
        segment = await write_segment(ports.blobs, lease.origin, recipe=recipe, rows=rows, counts=CallCounts())
        progress = Progress(accepted=frozenset(slots))
        lease = await ports.store.commit_segment(lease, segment, progress, NOTHING, new_write())
        await ports.store.release_lease(lease, NOTHING, new_write())
    assert await ports.store.finish_job(JOB) is JobStatus.SIFTING


def _row(lease: Lease, slot: Slot, fingerprints: Sequence[int]) -> Row:
    return replace(a_row(slot, lease.attempts.get(slot, 0)), calls=(), fingerprints=tuple(fingerprints))


async def sift(ports: WorkerPorts) -> StandingRecords | None:
    lease = await take(ports)
    assert lease.shard == SIFTING
    return await Sifting(ports, lease, LIMIT, StandingRecords(uniques=2)).sift()


async def withdrawn(ports: WorkerPorts) -> set[tuple[int, int]]:
    return set((await ports.store.read_manifest(JOB)).withdrawn)


async def test_records_that_are_all_different_all_stand_and_the_job_is_complete(mill: Mill) -> None:
    await mill.order(UNIQUE, records=3)
    async with mill.open(FakeModels(echo)) as ports:
        await fill(ports, {0: [10], 1: [11], 2: [12]})
        standing = await sift(ports)
        assert standing is not None
        assert all(standing.find_like([fingerprint]) == "duplicate" for fingerprint in (10, 11, 12))
        assert await withdrawn(ports) == set()
        assert await ports.store.finish_job(JOB) is JobStatus.COMPLETED


async def test_the_first_slot_of_those_alike_keeps_its_record_and_the_others_go_on(mill: Mill) -> None:
    await mill.order(UNIQUE, records=4)
    async with mill.open(FakeModels(echo)) as ports:
        await fill(ports, {0: [10], 1: [11], 2: [10], 3: [10]})
        await sift(ports)
        assert await withdrawn(ports) == {(2, 0), (3, 0)}
        lease = await take(ports)
        assert (list(lease.done.missing()), dict(lease.attempts)) == ([2, 3], {2: 1, 3: 1})


async def test_one_fingerprint_in_common_is_enough_and_those_of_a_withdrawn_record_count_for_nothing(
    mill: Mill,
) -> None:
    await mill.order(UNIQUE, records=3)
    async with mill.open(FakeModels(echo)) as ports:
        await fill(ports, {0: [10, 20], 1: [11, 20], 2: [11, 21]})
        standing = await sift(ports)
        assert await withdrawn(ports) == {(1, 0)}
        assert standing is not None
        assert [standing.find_like([fingerprint]) for fingerprint in (10, 20, 11, 21)] == ["duplicate"] * 4


async def test_a_record_kept_by_one_sifting_is_kept_by_the_next(mill: Mill) -> None:
    await mill.order(UNIQUE, records=3)
    async with mill.open(FakeModels(echo)) as ports:
        await fill(ports, {0: [10], 1: [10], 2: [12]})
        await sift(ports)
        await fill(ports, {1: [12]})
        await sift(ports)
        assert await withdrawn(ports) == {(1, 0), (1, 1)}


async def test_a_slot_without_attempts_left_is_short(mill: Mill) -> None:
    await mill.order(UNIQUE, records=2)
    async with mill.open(FakeModels(echo)) as ports:
        for slots in ([0, 1], [1], [1]):
            await fill(ports, {slot: [10] for slot in slots})
            await sift(ports)
        assert await ports.store.finish_job(JOB) is JobStatus.SHORT
        assert (await ports.store.read_totals(JOB)).short == 1


async def test_slots_that_came_later_belong_to_their_own_shards(mill: Mill) -> None:
    await mill.order(UNIQUE, records=3)
    async with mill.open(FakeModels(echo)) as ports:
        await fill(ports, {0: [10], 1: [11], 2: [11]})
        await sift(ports)
        await fill(ports, {2: [12]})
        await sift(ports)
        assert await ports.store.finish_job(JOB) is JobStatus.COMPLETED
        await ports.store.extend_job(JOB, 6, plan_shards(JOB, first_slot=3, records=6, first_number=1))
        await ports.store.resume_job(JOB)
        await fill(ports, {3: [13], 4: [10], 5: [12]})
        await sift(ports)
        assert await withdrawn(ports) == {(2, 0), (4, 0), (5, 0)}
        first, second = await ports.store.list_shards(JOB)
        assert (list(first.done.missing()), list(second.done.missing())) == ([], [4, 5])


async def test_a_store_that_is_busy_for_a_while_is_asked_again(mill: Mill, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(persist, "PAUSE_SECONDS", 0.0)
    await mill.order(UNIQUE, records=2)
    async with mill.open(FakeModels(echo)) as ports:
        await fill(ports, {0: [10], 1: [10]})
        await sift(replace(ports, store=busy_once(ports.store, "read_manifest", "list_shards")))
        assert await withdrawn(ports) == {(1, 0)}


async def test_a_sifting_whose_lease_is_lost_changes_nothing(mill: Mill) -> None:
    await mill.order(UNIQUE, records=2)
    async with mill.open(FakeModels(echo)) as ports:
        await fill(ports, {0: [10], 1: [10]})
        lease = await take(ports)
        await ports.store.reap_lease(JOB, SIFTING, WORKER, lease.epoch)
        assert await Sifting(ports, lease, LIMIT, StandingRecords(uniques=2)).sift() is None
        assert await withdrawn(ports) == set()
        await sift(ports)
        assert await withdrawn(ports) == {(1, 0)}


@pytest.mark.parametrize(("every", "renewals"), [(2, 3), (7, 0)])
async def test_a_long_sifting_renews_its_lease_as_it_reads(
    mill: Mill, monkeypatch: pytest.MonkeyPatch, every: int, renewals: int
) -> None:
    monkeypatch.setattr(sifting, "RENEW_EVERY", every)
    await mill.order(UNIQUE, records=6)
    async with mill.open(FakeModels(echo)) as ports:
        await fill(ports, {slot: [10 + slot] for slot in range(6)})
        before = (await ports.store.read_shard(JOB, SIFTING)).position
        await sift(ports)
        after = (await ports.store.read_shard(JOB, SIFTING)).position
        taken, finished, released = 1, 1, 1
        assert after - before == taken + renewals + finished + released


async def test_records_nearly_alike_are_withdrawn_as_such_and_their_slots_go_on(mill: Mill) -> None:
    await mill.order(ONE_STEP + "checks: [{distinct: line}]\n", records=3)
    text = " ".join(f"word{i}" for i in range(60))
    prints = [signature_of([line]) for line in (text, f"{text} more", "something else")]
    async with mill.open(FakeModels(echo)) as ports:
        await fill(ports, dict(enumerate(prints)))
        standing = await Sifting(ports, await take(ports), LIMIT, StandingRecords(similarities=(0.85,))).sift()
        assert standing is not None
        assert standing.find_like(prints[2]) == "near_duplicate"
        assert await withdrawn(ports) == {(1, 0)}
        manifest = await ports.store.read_manifest(JOB)
        assert [row.reason async for row in read_rejects(ports.blobs, JOB, manifest)] == ["near_duplicate"]
        lease = await take(ports)
        assert (list(lease.done.missing()), dict(lease.attempts)) == ([1], {1: 1})
