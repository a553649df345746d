"""Every store tells the same of the jobs that wait, and holds users to their limits exactly."""

import asyncio
from datetime import timedelta

from gristmill.domain.ids import SIFTING, JobId, UserId, WorkerId
from gristmill.domain.job import JobStatus, StopReason
from gristmill.domain.money import NanoUsd
from gristmill.domain.shard import Lease
from gristmill.domain.turns import OpenJob
from gristmill.ports.store import Wait
from support.stores import INSTANT, JOB, NOON, TTL, Mill, slots_of_shards

ANN, BOB = UserId("ann"), UserId("bob")
FIRST, SECOND, THIRD = JobId("job-1"), JobId("job-2"), JobId("job-3")


def only(mill: Mill) -> OpenJob:
    (job,) = mill(mill.store.list_open_jobs())
    return job


def waiting(mill: Mill) -> list[JobId]:
    return [job.id for job in mill(mill.store.list_open_jobs()) if job.is_waiting]


def limit(mill: Mill, user: UserId, most: int | None) -> None:
    most_text = "NULL" if most is None else str(most)
    mill.backend.change(
        "INSERT INTO users (id, email, password, role, created_at, running_limit, models) "
        f"VALUES ('{user}', '{user}', '', 'user', 0, {most_text}, '{{}}')"
    )


def order(mill: Mill, job: JobId, owner: UserId, *, records: int = 10) -> None:
    mill.clock.pass_by(timedelta(seconds=1))
    mill.create(job=job, owner=owner, records=records)


def try_to_start(mill: Mill, job: JobId) -> bool:
    answer = mill(mill.store.acquire_shard(job, WorkerId("w1"), mill.new_write()))
    assert isinstance(answer, (Lease, Wait))
    return isinstance(answer, Lease)


def status_of(mill: Mill, job: JobId) -> JobStatus:
    return mill(mill.store.read_job(job)).status


def test_a_new_job_waits_until_its_shards_are_leased(mill: Mill) -> None:
    mill.create(records=slots_of_shards(2))
    assert only(mill) == OpenJob(
        id=JOB, owner=UserId("local"), status=JobStatus.QUEUED, created_at=NOON, workers=frozenset(), free=True
    )
    mill.acquire("w1")
    job = only(mill)
    assert (job.status, set(job.workers), job.is_waiting) == (JobStatus.RUNNING, {WorkerId("w1")}, True)
    mill.acquire("w2")
    assert (set(only(mill).workers), only(mill).is_waiting) == ({WorkerId("w1"), WorkerId("w2")}, False)


def test_a_lease_whose_time_is_over_holds_nobody_back(mill: Mill) -> None:
    mill.create()
    mill.acquire()
    mill.clock.pass_by(TTL)
    assert not only(mill).is_waiting
    mill.clock.pass_by(INSTANT)
    assert (only(mill).workers, only(mill).free, only(mill).is_waiting) == (frozenset(), True, True)


def test_a_job_that_is_done_and_has_not_ended_waits_for_its_end(mill: Mill) -> None:
    mill.create()
    mill.finish_shard(mill.acquire())
    assert (only(mill).free, only(mill).is_waiting) == (False, True)
    mill(mill.store.finish_job(JOB))
    assert mill(mill.store.list_open_jobs()) == []


def test_a_sifting_that_is_due_waits_and_one_under_way_does_not(mill: Mill) -> None:
    mill.create(sifts=True)
    mill.finish_shard(mill.acquire())
    mill(mill.store.finish_job(JOB))
    assert (only(mill).status, only(mill).is_waiting) == (JobStatus.SIFTING, True)
    assert mill.acquire().shard == SIFTING
    assert not only(mill).is_waiting


def test_a_stopping_job_waits_as_soon_as_nobody_is_on_it(mill: Mill) -> None:
    mill.create()
    lease = mill.acquire()
    mill(mill.store.stop_job(JOB, StopReason.PAUSED))
    assert not only(mill).is_waiting
    mill.release(lease)
    assert only(mill).is_waiting
    mill(mill.store.finish_job(JOB))
    assert mill(mill.store.list_open_jobs()) == []


def test_open_jobs_come_in_order_of_creation_and_deleted_ones_not_at_all(mill: Mill) -> None:
    for job, owner in ((THIRD, ANN), (FIRST, BOB), (SECOND, ANN)):
        order(mill, job, owner)
    mill.backend.change(f"UPDATE jobs SET deleted_at = 1 WHERE id = '{FIRST}'")
    assert [(job.id, job.owner) for job in mill(mill.store.list_open_jobs())] == [(THIRD, ANN), (SECOND, ANN)]


def test_a_job_over_its_owners_limit_stays_queued_until_another_has_ended(mill: Mill) -> None:
    limit(mill, ANN, 1)
    order(mill, FIRST, ANN)
    order(mill, SECOND, ANN)
    order(mill, THIRD, BOB)
    lease = mill.acquire(job=FIRST)
    assert waiting(mill) == [THIRD]
    assert not try_to_start(mill, SECOND)
    assert status_of(mill, SECOND) is JobStatus.QUEUED
    mill(mill.store.stop_job(FIRST, StopReason.PAUSED))
    assert not try_to_start(mill, SECOND)
    mill.release(lease)
    mill(mill.store.finish_job(FIRST))
    assert waiting(mill) == [SECOND, THIRD]
    assert try_to_start(mill, SECOND)


def test_jobs_held_to_a_limit_start_in_the_order_in_which_they_were_ordered(mill: Mill) -> None:
    limit(mill, ANN, 1)
    order(mill, SECOND, ANN)
    order(mill, FIRST, ANN)
    assert not try_to_start(mill, FIRST)
    assert waiting(mill) == [SECOND]
    assert try_to_start(mill, SECOND)


def test_a_limit_holds_no_further_shard_of_a_job_that_runs(mill: Mill) -> None:
    limit(mill, ANN, 1)
    order(mill, FIRST, ANN, records=slots_of_shards(2))
    assert try_to_start(mill, FIRST)
    assert try_to_start(mill, FIRST)


def test_users_without_a_limit_and_the_local_one_start_as_many_as_they_order(mill: Mill) -> None:
    limit(mill, ANN, None)
    for job, owner in ((FIRST, ANN), (SECOND, ANN), (THIRD, UserId("local")), (JobId("job-4"), UserId("local"))):
        order(mill, job, owner)
        assert try_to_start(mill, job)


def test_two_that_start_at_once_do_not_both_get_the_last_place(mill: Mill) -> None:
    limit(mill, ANN, 1)
    order(mill, FIRST, ANN)
    order(mill, SECOND, ANN)
    other = mill.backend.open(mill.clock)

    async def race() -> int:
        async with asyncio.TaskGroup() as group:
            tries = [
                group.create_task(store.acquire_shard(job, WorkerId("w1"), mill.new_write()))
                for store, job in ((mill.store, FIRST), (other, SECOND))
            ]
        return sum(isinstance(each.result(), Lease) for each in tries)

    assert mill(race()) == 1
    mill(other.close())


def test_jobs_that_ended_lately_are_listed_the_latest_first(mill: Mill) -> None:
    for job in (FIRST, SECOND, THIRD):
        order(mill, job, ANN)
        mill.finish_shard(mill.acquire(job=job))
    for job in (SECOND, FIRST):
        mill.clock.pass_by(timedelta(seconds=1))
        mill(mill.store.finish_job(job))
    ended_at = mill(mill.store.read_job(SECOND)).finished_at
    assert ended_at is not None
    assert mill(mill.store.list_ended_jobs(ended_at)) == [FIRST, SECOND]
    assert mill(mill.store.list_ended_jobs(ended_at, limit=1)) == [FIRST]
    assert mill(mill.store.list_ended_jobs(ended_at + INSTANT)) == [FIRST]


def test_a_look_at_open_jobs_changes_nothing(mill: Mill) -> None:
    mill.create()
    mill.renew(mill.acquire(), block=NanoUsd(100))
    mill.clock.pass_by(2 * TTL)
    before = mill.dump()
    mill(mill.store.list_open_jobs())
    assert mill.dump() == before
