"""Every store moves money the same way: granted is live blocks, spent and lost together, and never above the cap."""

import asyncio

import pytest

from gristmill.domain.ids import Epoch, WorkerId, WriteId
from gristmill.domain.job import JobStatus, StopReason
from gristmill.domain.money import NanoUsd, Spent
from gristmill.domain.shard import Lease
from gristmill.errors import BudgetTooSmallError, LeaseLostError, WrongStateError
from support.stores import INSTANT, JOB, TTL, Mill, a_progress, a_report, a_segment, slots_of_shards

W1 = WorkerId("w1")


def granted(mill: Mill) -> int:
    ((amount,),) = mill.query("SELECT granted FROM budgets")
    return int(amount)


def test_a_renew_grants_what_is_asked_while_it_is_a_fair_part(mill: Mill) -> None:
    mill.create(budget=1_000)
    lease = mill.renew(mill.acquire(), block=300)
    assert (lease.block, granted(mill)) == (300, 300)


def test_a_block_grows_by_at_most_half_of_what_is_free_for_each_live_lease(mill: Mill) -> None:
    mill.create(records=slots_of_shards(2), budget=1_000)
    first, second = mill.acquire("w1"), mill.acquire("w2")
    assert mill.renew(first, block=1_000).block == 250
    assert mill.renew(second, block=1_000).block == 187


def test_a_block_grows_to_the_least_that_is_of_use_even_when_a_fair_part_is_smaller(mill: Mill) -> None:
    mill.create(budget=1_000)
    lease = mill.renew(mill.acquire(), block=1_000, least=900)
    assert (lease.block, granted(mill)) == (900, 900)


def test_nothing_is_granted_when_the_least_is_more_than_what_is_free(mill: Mill) -> None:
    mill.create(budget=100)
    lease = mill.renew(mill.acquire(), block=500, least=101)
    assert (lease.block, granted(mill)) == (0, 0)


def test_money_offered_back_is_free_at_once(mill: Mill) -> None:
    mill.create()
    lease = mill.renew(mill.acquire(), block=300)
    lease = mill.renew(lease, block=50, spent=20)
    assert (lease.block, granted(mill)) == (50, 50)
    assert mill(mill.store.read_totals(JOB)).held == 30


def test_a_release_gives_the_whole_rest_back_and_keeps_what_was_spent(mill: Mill) -> None:
    mill.create()
    lease = mill.commit(mill.renew(mill.acquire(), block=300), [0], spent=20)
    mill.release(lease, spent=20)
    totals = mill(mill.store.read_totals(JOB))
    assert (totals.granted, totals.held, totals.spent.billed, totals.workers) == (20, 0, 20, 0)


def test_a_release_that_keeps_money_is_refused(mill: Mill) -> None:
    mill.create()
    lease = mill.renew(mill.acquire(), block=300)
    before = mill.dump()
    with pytest.raises(ValueError, match="before its lease is released"):
        mill(mill.store.release_lease(lease, a_report(block=300), WriteId("z")))
    assert mill.dump() == before


def test_a_report_below_an_earlier_one_is_refused(mill: Mill) -> None:
    mill.create()
    lease = mill.renew(mill.acquire(), block=300, spent=0)
    lease = mill.renew(lease, block=300, spent=20)
    before = mill.dump()
    with pytest.raises(ValueError, match="report"):
        mill.renew(lease, block=300, spent=19)
    assert mill.dump() == before


def test_a_write_that_moves_no_money_leaves_the_budget_alone(mill: Mill) -> None:
    mill.create()
    lease = mill.renew(mill.acquire(), block=300)
    before = mill.query("SELECT * FROM budgets")
    mill.commit(lease, [0], spent=200)
    assert mill.query("SELECT * FROM budgets") == before


def test_what_is_billed_beyond_the_block_is_recorded_even_above_the_cap(mill: Mill) -> None:
    mill.create(budget=100)
    lease = mill.renew(mill.acquire(), block=100, least=100)
    lease = mill.commit(lease, [0], spent=130)
    totals = mill(mill.store.read_totals(JOB))
    assert (lease.block, totals.granted, totals.spent.billed) == (130, 130, 130)
    assert mill.renew(lease, block=200, spent=130).block == 130
    assert mill(mill.store.exhaust_job(JOB, need=NanoUsd(1)))


def test_a_stopping_job_grants_nothing_and_takes_money_back(mill: Mill) -> None:
    mill.create()
    lease = mill.renew(mill.acquire(), block=100)
    mill(mill.store.stop_job(JOB, StopReason.PAUSED))
    lease = mill.renew(lease, block=200)
    assert (lease.block, lease.stopping) == (100, True)
    assert mill.renew(lease, block=40).block == 40


def test_two_processes_that_race_at_the_cap_never_pass_it(mill: Mill) -> None:
    mill.create(records=slots_of_shards(8), budget=1_000)
    other = mill.backend.open(mill.clock)
    leases = [mill.acquire(f"w{i}") for i in range(8)]

    async def race() -> list[Lease]:
        async with asyncio.TaskGroup() as group:
            tasks = [
                group.create_task(store.renew_lease(lease, a_report(block=400, least=400), WriteId(f"r{lease.shard}")))
                for lease, store in zip(leases, (mill.store, other) * 4, strict=True)
            ]
        await other.close()
        return [task.result() for task in tasks]

    blocks = sorted(lease.block for lease in mill(race()))
    assert blocks == [0, 0, 0, 0, 0, 0, 400, 400]
    assert granted(mill) == 800


def test_a_top_up_sets_the_cap_but_not_below_what_is_granted(mill: Mill) -> None:
    mill.create(budget=100)
    mill.renew(mill.acquire(), block=50)
    assert mill(mill.store.set_budget(JOB, NanoUsd(50))).budget == 50
    with pytest.raises(BudgetTooSmallError):
        mill(mill.store.set_budget(JOB, NanoUsd(49)))
    assert mill(mill.store.read_job(JOB)).budget == 50
    assert mill(mill.store.set_budget(JOB, NanoUsd(5_000))).budget == 5_000
    before = mill.dump()
    mill(mill.store.set_budget(JOB, NanoUsd(5_000)))
    assert mill.dump() == before
    assert mill.query("SELECT cap, granted FROM budgets") == [(5_000, 50)]


def test_a_job_is_not_exhausted_while_money_is_held_or_covers_the_need(mill: Mill) -> None:
    mill.create(budget=100)
    lease = mill.renew(mill.acquire(), block=90, least=90)
    assert not mill(mill.store.exhaust_job(JOB, need=NanoUsd(10)))
    assert not mill(mill.store.exhaust_job(JOB, need=NanoUsd(11)))
    lease = mill.commit(lease, [0], spent=90)
    assert mill(mill.store.exhaust_job(JOB, need=NanoUsd(11)))
    job = mill(mill.store.read_job(JOB))
    assert (job.status, job.stop) == (JobStatus.STOPPING, StopReason.BUDGET_EXHAUSTED)
    mill.release(lease, spent=90)
    assert mill(mill.store.finish_job(JOB)) is JobStatus.BUDGET_EXHAUSTED
    assert mill(mill.store.exhaust_job(JOB, need=NanoUsd(11)))


def test_a_dead_holder_does_not_keep_a_job_from_being_exhausted(mill: Mill) -> None:
    mill.create(records=slots_of_shards(2), budget=100)
    mill.renew(mill.acquire("w1"), block=90, least=90)
    mill.clock.pass_by(TTL + INSTANT)
    mill.acquire("w2")
    assert mill(mill.store.exhaust_job(JOB, need=NanoUsd(11)))


def dead_epoch(mill: Mill) -> Lease:
    """A lease that held 100, reported 30, and was taken from a worker known to be dead."""
    mill.create()
    lease = mill.commit(mill.renew(mill.acquire("w1"), block=100), [0], spent=30)
    mill(mill.store.reap_lease(JOB, lease.shard, W1, lease.epoch))
    return lease


def settle(mill: Mill, lease: Lease, spent: Spent | None, name: str = "recovered") -> None:
    segment = a_segment(lease, name, a_progress())
    mill(mill.store.settle_epoch(JOB, lease.shard, lease.epoch, spent, segment))


def test_a_journal_replaces_a_loss_by_what_it_proves_and_the_rest_goes_back(mill: Mill) -> None:
    lease = dead_epoch(mill)
    settle(mill, lease, Spent(billed=NanoUsd(40), presumed=NanoUsd(5)))
    totals = mill(mill.store.read_totals(JOB))
    assert (totals.spent, totals.lost) == (Spent(billed=NanoUsd(40), presumed=NanoUsd(5)), 0)
    assert totals.granted == 45
    assert mill(mill.store.open_losses(JOB)) == []
    assert [s.name for s in mill(mill.store.read_manifest(JOB)).segments][1:] == ["segments/recovered"]


def test_an_epoch_is_settled_once_and_only_after_it_died(mill: Mill) -> None:
    mill.create()
    lease = mill.renew(mill.acquire("w1"), block=100)
    before = mill.dump()
    with pytest.raises(LeaseLostError):
        settle(mill, lease, Spent())
    assert mill.dump() == before
    mill(mill.store.reap_lease(JOB, lease.shard, W1, lease.epoch))
    settle(mill, lease, Spent())
    before = mill.dump()
    with pytest.raises(LeaseLostError):
        settle(mill, lease, Spent(), "again")
    assert mill.dump() == before


def test_a_journal_without_proof_shows_its_calls_once_and_moves_no_money(mill: Mill) -> None:
    lease = dead_epoch(mill)
    settle(mill, lease, None)
    assert mill(mill.store.read_totals(JOB)).lost == 70
    assert mill(mill.store.open_losses(JOB)) == []
    before = mill.dump()
    with pytest.raises(LeaseLostError):
        settle(mill, lease, None, "again")
    assert mill.dump() == before


def test_a_journal_that_proves_more_than_the_block_is_recorded_truthfully(mill: Mill) -> None:
    lease = dead_epoch(mill)
    settle(mill, lease, Spent(billed=NanoUsd(120)))
    totals = mill(mill.store.read_totals(JOB))
    assert (totals.spent.billed, totals.granted, totals.lost) == (120, 120, 0)


def test_each_dead_epoch_of_a_shard_is_settled_by_itself(mill: Mill) -> None:
    first = dead_epoch(mill)
    second = mill.renew(mill.acquire("w2"), block=60)
    mill(mill.store.reap_lease(JOB, second.shard, second.worker, second.epoch))
    third = mill.renew(mill.acquire("w3"), block=10)
    settle(mill, second, Spent(billed=NanoUsd(1)), "b")
    settle(mill, first, Spent(billed=NanoUsd(30)), "a")
    totals = mill(mill.store.read_totals(JOB))
    assert (totals.spent.billed, totals.lost, totals.held, totals.granted) == (31, 0, 10, 41)
    assert mill.renew(third, block=10, spent=10).epoch == Epoch(3)


def test_a_loss_of_an_ended_job_stays_as_it_is(mill: Mill) -> None:
    lease = dead_epoch(mill)
    mill(mill.store.stop_job(JOB, StopReason.CANCELLED))
    mill(mill.store.finish_job(JOB))
    before = mill.dump()
    with pytest.raises(WrongStateError):
        settle(mill, lease, Spent(billed=NanoUsd(40)))
    assert mill.dump() == before


def test_a_lease_without_money_leaves_a_loss_too_for_its_journal_may_hold_answers(mill: Mill) -> None:
    mill.create(budget=0)
    lease = mill.acquire("w1")
    mill(mill.store.reap_lease(JOB, lease.shard, W1, lease.epoch))
    assert mill(mill.store.open_losses(JOB)) == [(0, 1, W1, 0)]
    mill(mill.store.settle_epoch(JOB, lease.shard, lease.epoch, Spent(), None))
    assert mill(mill.store.open_losses(JOB)) == []
