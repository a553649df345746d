"""What a dead worker left on this disk is settled once, and gone on from."""

import shutil
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from gristmill.adapters.local import LocalJournal
from gristmill.datasets import decode_segment, write_segment
from gristmill.domain.call import Call, CallCounts
from gristmill.domain.ids import Digest, Epoch, JobId, WorkerId
from gristmill.domain.job import JobStatus, StopReason
from gristmill.domain.money import NanoUsd, Spent
from gristmill.domain.shard import Lease, Progress, Report
from gristmill.worker import persist
from gristmill.worker.persist import new_write
from gristmill.worker.ports import WorkerPorts
from gristmill.worker.recovery import recover
from support.busy import busy_once
from support.making import a_request, worst_of
from support.mill import JOB, PRICED, FakeModels, Mill, echo
from support.rows import a_call, a_row, a_start

DEAD = WorkerId("dead")
BUDGET = 10_000 * worst_of(a_request())
BLOCK = NanoUsd(1_000_000)
WORST = a_start(1, a_call()).worst
COST = a_call().cost


@dataclass(frozen=True, slots=True)
class Grave:
    """A worker that died over its lease: what its journal says, and what it had committed."""

    mill: Mill
    name: WorkerId = DEAD
    boot_id: str | None = None

    async def dig(self, ended: Sequence[Call] = (), started: Sequence[Call] = (), *, shown: int = 0) -> Lease:
        """Take a lease, note calls that ended and calls that only started, commit the first few, and die."""
        async with self.mill.open(FakeModels(echo), "undertaker") as ports:
            lease = await ports.store.acquire_shard(JOB, self.name, new_write())
            assert isinstance(lease, Lease)
            lease = await ports.store.renew_lease(lease, Report(spent=Spent(), block=BLOCK), new_write())
            self._write_journal(lease, ended, started)
            return await _commit(ports, lease, ended[:shown]) if shown else lease

    def _write_journal(self, lease: Lease, ended: Sequence[Call], started: Sequence[Call]) -> None:
        journal = LocalJournal(self.mill.folder / "journal", self.name, boot_id=self.boot_id)
        log = journal.open_epoch(lease)
        for number, call in enumerate([*ended, *started]):
            log.started(a_start(number, call))
        for number, call in enumerate(ended):
            log.ended(number, call)
        journal.close()

    @property
    def exists(self) -> bool:
        return (self.mill.folder / "journal" / self.name).exists()


async def _commit(ports: WorkerPorts, lease: Lease, calls: Sequence[Call]) -> Lease:
    rows = [replace(a_row(call.place.slot), record=None, checks=(), calls=(call,)) for call in calls]
    segment = await write_segment(ports.blobs, lease.origin, recipe=_recipe(), rows=rows, counts=CallCounts())
    spent = sum((call.spent for call in calls), Spent())
    report = Report(spent=spent, block=lease.block, settled=len(calls))
    return await ports.store.commit_segment(lease, segment, Progress(), report, new_write())


def _recipe() -> Digest:
    return Digest("0" * 64)


@pytest.fixture
async def mill(tmp_path: Path) -> Mill:
    mill = Mill(tmp_path)
    await mill.order(records=10, price=PRICED, budget=BUDGET)
    return mill


async def bury(mill: Mill) -> None:
    async with mill.open(FakeModels(echo), "next") as ports:
        await recover(ports, JOB)


async def shown_calls(mill: Mill) -> list[Call]:
    """Every ledger entry that the manifest shows."""
    async with mill.open(FakeModels(echo), "reader") as ports:
        manifest = await ports.store.read_manifest(JOB)
        segments = [await ports.blobs.read(f"jobs/{JOB}/{segment.name}") for segment in manifest.segments]
    return [call for content in segments for row in decode_segment(content) for call in row.calls if call.entry]


async def test_answers_count_at_cost_unanswered_calls_at_their_worst_and_the_rest_goes_back(mill: Mill) -> None:
    grave = Grave(mill)
    await grave.dig([a_call(0), a_call(1)], [a_call(2)])
    await bury(mill)
    totals = (await mill.read()).totals
    assert totals.spent == Spent(billed=NanoUsd(2 * COST), presumed=WORST)
    assert (totals.granted, totals.lost) == (totals.spent.total, 0)
    assert not grave.exists


async def test_what_it_answered_stands_in_a_segment_once(mill: Mill) -> None:
    await Grave(mill).dig([a_call(0), a_call(1), a_call(2)], [a_call(3)], shown=2)
    await bury(mill)
    calls = await shown_calls(mill)
    assert sorted(call.place.slot for call in calls) == [0, 1, 2, 3]
    totals = (await mill.read()).totals
    assert totals.spent.total == sum(call.cost for call in calls) == totals.granted


async def test_a_call_that_only_started_is_shown_as_presumed(mill: Mill) -> None:
    repair = replace(a_call(3), place=replace(a_call(3).place, repair=1))
    await Grave(mill).dig([], [a_call(2), repair])
    await bury(mill)
    shown = [(call.kind, call.certainty, call.cost, call.reply) for call in await shown_calls(mill)]
    assert shown == [("call", "presumed", WORST, None), ("repair", "presumed", WORST, None)]


async def test_a_failed_call_that_cost_nothing_is_shown_nowhere(mill: Mill) -> None:
    await Grave(mill).dig([replace(a_call(0, reply=None), cost=NanoUsd(0))])
    await bury(mill)
    assert await shown_calls(mill) == []
    assert (await mill.read()).totals.granted == 0


async def test_a_store_that_is_busy_for_a_while_is_asked_again(mill: Mill, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(persist, "PAUSE_SECONDS", 0.0)
    await Grave(mill).dig([a_call(0)])
    async with mill.open(FakeModels(echo), "next") as ports:
        await recover(replace(ports, store=busy_once(ports.store, "read_job", "open_losses", "read_shard")), JOB)
    assert (await mill.read()).totals.granted == COST


async def test_a_journal_that_was_settled_before_is_only_forgotten(mill: Mill) -> None:
    grave, copy = Grave(mill), mill.folder / "copy"
    await grave.dig([a_call(0)], [a_call(1)])
    shutil.copytree(mill.folder / "journal" / grave.name, copy)
    await bury(mill)
    before = (await mill.read()).totals
    shutil.copytree(copy, mill.folder / "journal" / grave.name)
    await bury(mill)
    assert (await mill.read()).totals == before
    assert not grave.exists


async def test_after_a_reboot_answers_are_kept_and_no_money_moves(mill: Mill) -> None:
    grave = Grave(mill, boot_id="an earlier boot")
    await grave.dig([a_call(0), a_call(1)], shown=1)
    await bury(mill)
    totals = (await mill.read()).totals
    assert (totals.spent.billed, totals.lost, totals.granted) == (COST, BLOCK - COST, BLOCK)
    assert [call.certainty for call in await shown_calls(mill)] == ["billed", "lost"]
    assert not grave.exists


async def test_the_journal_of_a_paused_job_waits_until_it_goes_on(mill: Mill) -> None:
    grave = Grave(mill)
    await grave.dig([a_call(0)])
    async with mill.open(FakeModels(echo), "user") as ports:
        await ports.store.reap_lease(JOB, (await ports.store.list_shards(JOB))[0].number, grave.name, Epoch(1))
        await ports.store.stop_job(JOB, StopReason.PAUSED)
        assert await ports.store.finish_job(JOB) is JobStatus.PAUSED
    await bury(mill)
    assert grave.exists
    async with mill.open(FakeModels(echo), "user") as ports:
        await ports.store.resume_job(JOB)
    await bury(mill)
    assert not grave.exists
    assert (await mill.read()).totals.granted == COST


async def test_the_journal_of_an_unknown_job_is_forgotten(tmp_path: Path, mill: Mill) -> None:
    grave = Grave(mill)
    await grave.dig([a_call(0)])
    other = Mill(tmp_path / "other", JOB)
    other.folder.mkdir()
    await other.order()
    shutil.copytree(mill.folder / "journal", other.folder / "journal", dirs_exist_ok=True)
    (other.folder / "store.db").unlink()
    await replace(other, job=JobId("another")).order()
    async with other.open(FakeModels(echo), "next") as ports:
        await recover(ports, JobId("another"))
    assert not Grave(other).exists


async def test_the_journal_of_a_living_worker_is_left_alone(mill: Mill) -> None:
    async with mill.open(FakeModels(echo), "alive"):
        await bury(mill)
        assert Grave(mill, WorkerId("alive")).exists


async def test_whoever_goes_on_uses_the_answers_that_were_paid_for(mill: Mill) -> None:
    models = FakeModels(echo)
    await mill.work(models)
    calls = await shown_calls(mill)
    assert len(models.asked) == 10

    (mill.folder / "store.db").unlink()
    shutil.rmtree(mill.folder / "blobs")
    await mill.order(records=10, price=PRICED, budget=BUDGET)
    await Grave(mill).dig(calls[:6], calls[6:7])
    models = FakeModels(echo)
    await mill.work(models)
    outcome = await mill.read()
    assert outcome.job.status is JobStatus.COMPLETED
    assert len(models.asked) == 4
    assert outcome.totals.counts.replayed == 6
    assert outcome.totals.spent == Spent(billed=NanoUsd(10 * calls[0].cost), presumed=WORST)
