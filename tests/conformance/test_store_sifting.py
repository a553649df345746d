"""Every store fences the sifting like a shard, and ends a job only after one that saw the present manifest."""

from collections.abc import Iterable

import pytest

from gristmill.domain.ids import SIFTING, ShardNumber, Slot, WorkerId, WriteId
from gristmill.domain.job import JobStatus, StopReason
from gristmill.domain.segment import Withdrawal
from gristmill.domain.shard import Lease
from gristmill.domain.sharding import plan_shards
from gristmill.errors import LeaseLostError
from gristmill.ports.store import Wait
from support.stores import INSTANT, JOB, TTL, Mill

FIRST = ShardNumber(0)
W2 = WorkerId("w2")


def marks(*slots: int, attempt: int = 0) -> list[Withdrawal]:
    return [Withdrawal(slot=Slot(slot), attempt=attempt) for slot in slots]


def withdraw(mill: Mill, sifting: Lease, found: Iterable[Withdrawal], limit: int = 3) -> None:
    mill(mill.store.withdraw_records(sifting, FIRST, list(found), attempt_limit=limit))


def finish(mill: Mill, sifting: Lease) -> None:
    seen = mill(mill.store.read_manifest(JOB)).digest
    mill(mill.store.finish_sifting(sifting, seen, mill.new_write()))


def made(mill: Mill, records: int = 5) -> None:
    """A job whose records all stand and wait for the sifting."""
    mill.create(records=records, sifts=True)
    mill.finish_shard(mill.acquire())
    assert mill(mill.store.finish_job(JOB)) is JobStatus.SIFTING


def test_the_sifting_comes_when_all_shards_are_done_and_released(mill: Mill) -> None:
    mill.create(records=5, sifts=True)
    lease = mill.acquire()
    lease = mill.commit(lease, range(5))
    assert mill(mill.store.finish_job(JOB)) is JobStatus.RUNNING
    assert mill(mill.store.acquire_shard(JOB, W2, WriteId("early"))) == Wait()
    mill.release(lease)
    assert mill(mill.store.finish_job(JOB)) is JobStatus.SIFTING
    assert mill.acquire().shard == SIFTING


def test_a_job_that_does_not_sift_never_does(mill: Mill) -> None:
    mill.create(records=5, sifts=False)
    mill.finish_shard(mill.acquire())
    assert mill(mill.store.finish_job(JOB)) is JobStatus.COMPLETED


def test_one_worker_sifts_and_the_others_wait(mill: Mill) -> None:
    made(mill)
    mill.acquire("w1")
    assert mill(mill.store.acquire_shard(JOB, W2, WriteId("a"))) == Wait()
    assert mill(mill.store.finish_job(JOB)) is JobStatus.SIFTING


def test_a_sifting_that_finds_nothing_completes_the_job(mill: Mill) -> None:
    made(mill)
    finish(mill, mill.acquire())
    assert mill(mill.store.acquire_shard(JOB, W2, WriteId("a"))) == Wait()
    assert mill(mill.store.finish_job(JOB)) is JobStatus.COMPLETED
    job = mill(mill.store.read_job(JOB))
    assert (job.siftings, job.sifted) == (1, mill(mill.store.read_manifest(JOB)).digest)


def test_withdrawn_records_open_their_slots_for_the_next_attempt(mill: Mill) -> None:
    made(mill)
    sifting = mill.acquire()
    withdraw(mill, sifting, marks(1, 3))
    finish(mill, sifting)
    assert mill(mill.store.read_job(JOB)).status is JobStatus.RUNNING
    lease = mill.acquire()
    assert (list(lease.done.missing()), lease.attempts) == ([1, 3], {1: 1, 3: 1})
    assert mill(mill.store.read_manifest(JOB)).withdrawn == {(1, 0), (3, 0)}
    totals = mill(mill.store.read_totals(JOB))
    assert (totals.accepted, totals.withdrawn, totals.short) == (3, 2, 0)


def test_what_is_made_after_a_sifting_is_of_a_later_pass_and_is_sifted_again(mill: Mill) -> None:
    made(mill)
    sifting = mill.acquire()
    withdraw(mill, sifting, marks(1))
    finish(mill, sifting)
    mill.finish_shard(mill.acquire())
    assert mill(mill.store.finish_job(JOB)) is JobStatus.SIFTING
    first, second = mill(mill.store.read_manifest(JOB)).segments
    assert first.passed < second.passed
    finish(mill, mill.acquire())
    assert mill(mill.store.finish_job(JOB)) is JobStatus.COMPLETED
    assert mill.statuses() == ["queued", "running", "sifting", "running", "sifting", "completed"]


def test_slots_whose_attempts_are_used_up_stay_short(mill: Mill) -> None:
    made(mill)
    sifting = mill.acquire()
    withdraw(mill, sifting, [*marks(1, attempt=2), *marks(2, attempt=1)])
    finish(mill, sifting)
    assert list(mill(mill.store.read_shard(JOB, FIRST)).done.missing()) == [2]
    mill.finish_shard(mill.acquire())
    mill(mill.store.finish_job(JOB))
    finish(mill, mill.acquire())
    assert mill(mill.store.finish_job(JOB)) is JobStatus.SHORT


def test_marks_that_stand_already_change_nothing(mill: Mill) -> None:
    made(mill)
    sifting = mill.acquire()
    withdraw(mill, sifting, marks(1, 3))
    before = mill.dump()
    withdraw(mill, sifting, marks(3, 1))
    assert mill.dump() == before
    withdraw(mill, sifting, marks(1, 4))
    assert mill(mill.store.read_totals(JOB)).accepted == 2


def test_reopened_shards_wait_for_the_end_of_a_live_sifting(mill: Mill) -> None:
    made(mill)
    sifting = mill.acquire("w1")
    withdraw(mill, sifting, marks(1))
    assert mill(mill.store.acquire_shard(JOB, W2, WriteId("a"))) == Wait()
    withdraw(mill, sifting, marks(2))
    finish(mill, sifting)
    assert list(mill.acquire("w2").done.missing()) == [1, 2]


def test_a_ghost_of_the_sifting_changes_nothing(mill: Mill) -> None:
    made(mill)
    ghost = mill.acquire("w1")
    mill.clock.pass_by(TTL + INSTANT)
    assert mill.acquire("w2").shard == SIFTING
    before = mill.dump()
    with pytest.raises(LeaseLostError):
        withdraw(mill, ghost, marks(1))
    with pytest.raises(LeaseLostError):
        finish(mill, ghost)
    assert mill.dump() == before
    assert mill(mill.store.open_losses(JOB)) == []


def test_a_dead_sifting_that_had_reopened_slots_gives_way_to_them(mill: Mill) -> None:
    made(mill)
    ghost = mill.acquire("w1")
    withdraw(mill, ghost, marks(1))
    mill.clock.pass_by(TTL + INSTANT)
    assert list(mill.acquire("w2").done.missing()) == [1]
    assert mill(mill.store.read_job(JOB)).status is JobStatus.RUNNING
    with pytest.raises(LeaseLostError):
        withdraw(mill, ghost, marks(2))


def test_siftings_that_were_interrupted_still_put_later_records_into_later_passes(mill: Mill) -> None:
    made(mill)
    for slot in (1, 2):
        withdraw(mill, mill.acquire(), marks(slot))
        mill.clock.pass_by(TTL + INSTANT)
        mill.finish_shard(mill.acquire())
        mill(mill.store.finish_job(JOB))
    passes = [segment.passed for segment in mill(mill.store.read_manifest(JOB)).segments]
    assert passes == sorted(set(passes))


def test_a_sifting_finished_again_by_the_same_write_lands_once(mill: Mill) -> None:
    made(mill)
    sifting, seen = mill.acquire(), mill(mill.store.read_manifest(JOB)).digest
    mill(mill.store.finish_sifting(sifting, seen, WriteId("f")))
    before = mill.dump()
    mill(mill.store.finish_sifting(sifting, seen, WriteId("f")))
    assert mill.dump() == before


def test_a_sifting_of_a_manifest_that_grew_is_not_the_last(mill: Mill) -> None:
    made(mill)
    sifting = mill.acquire()
    seen = mill(mill.store.read_manifest(JOB)).digest
    mill(mill.store.extend_job(JOB, 7, plan_shards(JOB, first_slot=5, records=7, first_number=1)))
    mill(mill.store.finish_sifting(sifting, seen, WriteId("f")))
    lease = mill.acquire()
    assert (lease.shard, lease.passed) == (1, 1)
    mill.finish_shard(lease)
    assert mill(mill.store.finish_job(JOB)) is JobStatus.SIFTING


def test_a_stopping_job_waits_for_its_sifting_and_goes_back_to_it_when_resumed(mill: Mill) -> None:
    made(mill)
    sifting = mill.renew(mill.acquire(), block=0)
    mill(mill.store.stop_job(JOB, StopReason.PAUSED))
    assert mill(mill.store.finish_job(JOB)) is JobStatus.STOPPING
    withdraw(mill, sifting, marks(0))
    finish(mill, sifting)
    assert mill(mill.store.finish_job(JOB)) is JobStatus.PAUSED
    mill(mill.store.resume_job(JOB))
    mill.finish_shard(mill.acquire())
    assert mill(mill.store.finish_job(JOB)) is JobStatus.SIFTING


def test_a_sifting_that_ended_withdraws_nothing_more(mill: Mill) -> None:
    made(mill)
    sifting = mill.acquire()
    withdraw(mill, sifting, marks(1))
    finish(mill, sifting)
    mill.acquire("w2")
    before = mill.dump()
    with pytest.raises(LeaseLostError):
        withdraw(mill, sifting, marks(2))
    assert mill.dump() == before
