"""Every store keeps leases the same way: one holder, one write at a time, and no ghost changes anything."""

import asyncio
from dataclasses import replace

import pytest

from gristmill.domain.ids import JobId, ShardNumber, WorkerId, WriteId
from gristmill.domain.job import JobStatus, StopReason
from gristmill.domain.money import NanoUsd, Spent
from gristmill.domain.shard import Lease
from gristmill.errors import LeaseLostError, NotFoundError
from gristmill.ports.store import Finished, Store, Wait
from support.stores import (
    INSTANT,
    JOB,
    NOON,
    TTL,
    Mill,
    a_progress,
    a_report,
    a_segment,
    slots_of_shards,
)

W1, W2 = WorkerId("w1"), WorkerId("w2")


def test_a_first_lease_starts_the_job_with_an_empty_block(mill: Mill) -> None:
    mill.create()
    lease = mill.acquire()
    job = mill(mill.store.read_job(JOB))
    assert (lease.shard, lease.epoch, lease.block, lease.stopping) == (0, 1, 0, False)
    assert lease.ttl_seconds == TTL.total_seconds()
    assert list(lease.done.missing()) == list(range(10))
    assert (job.status, job.started_at) == (JobStatus.RUNNING, NOON)
    assert mill.statuses() == ["queued", "running"]


def test_no_job_or_shard_means_a_plain_refusal(mill: Mill) -> None:
    mill.create()
    lease = replace(mill.acquire(), job=JobId("nobody"))
    for verb in (
        mill.store.acquire_shard(JobId("nobody"), W1, WriteId("a")),
        mill.store.renew_lease(lease, a_report(block=0), WriteId("b")),
        mill.store.read_shard(JOB, ShardNumber(7)),
    ):
        with pytest.raises(NotFoundError):
            mill(verb)


def test_the_same_acquire_again_gets_the_same_lease_and_takes_nothing_more(mill: Mill) -> None:
    mill.create(records=slots_of_shards(3))
    first = mill(mill.store.acquire_shard(JOB, W1, WriteId("a")))
    before = mill.dump()
    assert mill(mill.store.acquire_shard(JOB, W1, WriteId("a"))) == first
    assert mill.dump() == before


def test_the_same_acquire_again_gets_its_lease_even_when_the_job_is_stopping(mill: Mill) -> None:
    mill.create()
    first = mill(mill.store.acquire_shard(JOB, W1, WriteId("a")))
    mill(mill.store.stop_job(JOB, StopReason.PAUSED))
    assert mill(mill.store.acquire_shard(JOB, W1, WriteId("a"))) == first


def test_a_worker_waits_when_every_open_shard_is_held(mill: Mill) -> None:
    mill.create()
    mill.acquire("w1")
    assert mill(mill.store.acquire_shard(JOB, W2, WriteId("a"))) == Wait()


def test_a_stopping_or_ended_job_takes_no_more_work(mill: Mill) -> None:
    mill.create()
    mill(mill.store.stop_job(JOB, StopReason.CANCELLED))
    assert mill(mill.store.acquire_shard(JOB, W1, WriteId("a"))) == Finished(JobStatus.STOPPING)
    mill(mill.store.finish_job(JOB))
    assert mill(mill.store.acquire_shard(JOB, W1, WriteId("b"))) == Finished(JobStatus.CANCELLED)


def test_shards_are_looked_for_from_a_random_place_and_each_is_given_once(mill: Mill) -> None:
    mill.create(records=slots_of_shards(8))
    numbers = [mill.acquire(f"w{i}").shard for i in range(8)]
    assert sorted(numbers) == list(range(8))
    assert numbers != sorted(numbers)


def test_a_finished_shard_is_not_leased_again(mill: Mill) -> None:
    mill.create(records=slots_of_shards(2))
    first = mill.acquire()
    mill.finish_shard(first)
    assert mill.acquire().shard != first.shard
    assert mill(mill.store.acquire_shard(JOB, W2, WriteId("a"))) == Wait()


def test_a_lease_stands_at_the_very_instant_of_its_expiry_and_falls_just_after(mill: Mill) -> None:
    mill.create()
    first = mill.acquire("w1")
    mill.clock.pass_by(TTL)
    assert mill(mill.store.acquire_shard(JOB, W2, WriteId("a"))) == Wait()
    mill.clock.pass_by(INSTANT)
    assert mill.acquire("w2").epoch == first.epoch + 1


def test_expiry_alone_takes_nothing_from_its_holder(mill: Mill) -> None:
    mill.create()
    lease = mill.acquire()
    mill.clock.pass_by(10 * TTL)
    renewed = mill.renew(lease, block=10)
    assert mill.commit(renewed, [0]).epoch == lease.epoch
    mill.clock.pass_by(TTL)
    assert mill(mill.store.acquire_shard(JOB, W2, WriteId("late"))) == Wait()


def test_a_takeover_charges_the_whole_unreported_rest_as_lost(mill: Mill) -> None:
    mill.create()
    lease = mill.commit(mill.renew(mill.acquire("w1"), block=100), [0, 1], spent=30)
    mill.clock.pass_by(TTL + INSTANT)
    taken = mill.acquire("w2")
    totals = mill(mill.store.read_totals(JOB))
    assert (totals.spent, totals.lost, totals.held) == (Spent(billed=NanoUsd(30)), 70, 0)
    assert (taken.block, taken.spent, set(taken.done)) == (0, Spent(), {0, 1})
    assert mill(mill.store.open_losses(JOB)) == [(0, lease.epoch, W1, 0)]
    assert mill.query("SELECT granted FROM budgets") == [(100,)]


def test_no_write_of_a_lease_that_was_taken_over_changes_any_row(mill: Mill) -> None:
    mill.create()
    ghost = mill.renew(mill.acquire("w1"), block=100)
    mill.clock.pass_by(TTL + INSTANT)
    mill.acquire("w2")
    refuse_every_write(mill, ghost)


def test_a_shard_taken_back_by_the_same_worker_still_refuses_its_old_lease(mill: Mill) -> None:
    mill.create()
    ghost = mill.acquire("w1")
    mill.clock.pass_by(TTL + INSTANT)
    assert mill.acquire("w1").epoch == ghost.epoch + 1
    refuse_every_write(mill, ghost)


def test_a_write_from_an_old_position_of_the_same_lease_changes_nothing(mill: Mill) -> None:
    mill.create()
    old = mill.acquire()
    mill.renew(old, block=10)
    refuse_every_write(mill, old)


def test_a_commit_replayed_after_a_lost_answer_gets_that_answer_and_lands_once(mill: Mill) -> None:
    mill.create()
    lease = mill.renew(mill.acquire(), block=100)
    progress = a_progress([0, 1], [2])
    commit = (a_segment(lease, "s", progress), progress, a_report(block=100, spent=20), WriteId("c"))
    first = mill(mill.store.commit_segment(lease, *commit))
    before = mill.dump()
    mill.clock.pass_by(TTL)
    assert mill(mill.store.commit_segment(lease, *commit)) == first
    assert mill.dump() == before
    assert mill.query("SELECT name, accepted FROM segments") == [("segments/s", 2)]


def test_a_renew_and_a_release_replayed_get_their_answers(mill: Mill) -> None:
    mill.create()
    lease = mill.acquire()
    renewed = mill(mill.store.renew_lease(lease, a_report(block=50), WriteId("r")))
    assert mill(mill.store.renew_lease(lease, a_report(block=50), WriteId("r"))) == renewed
    mill(mill.store.release_lease(renewed, a_report(block=0), WriteId("z")))
    before = mill.dump()
    mill(mill.store.release_lease(renewed, a_report(block=0), WriteId("z")))
    assert mill.dump() == before


def test_a_release_replayed_after_the_next_worker_came_is_refused(mill: Mill) -> None:
    mill.create()
    lease = mill.acquire("w1")
    mill(mill.store.release_lease(lease, a_report(block=0), WriteId("z")))
    mill.acquire("w2")
    refuse_every_write(mill, lease)


def test_a_commit_replayed_after_a_takeover_tells_the_ghost_that_it_is_one(mill: Mill) -> None:
    mill.create()
    lease = mill.acquire("w1")
    progress = a_progress([0])
    commit = (a_segment(lease, "s", progress), progress, a_report(block=0), WriteId("c"))
    mill(mill.store.commit_segment(lease, *commit))
    mill(mill.store.reap_lease(JOB, lease.shard, W1, lease.epoch))
    before = mill.dump()
    with pytest.raises(LeaseLostError):
        mill(mill.store.commit_segment(lease, *commit))
    assert mill.dump() == before


def test_a_commit_shows_its_segment_marks_its_slots_and_keeps_open_attempts(mill: Mill) -> None:
    mill.create()
    lease = mill.acquire()
    progress = a_progress([3, 4], [5], {6: 2})
    segment = a_segment(lease, "s", progress)
    answer = mill(mill.store.commit_segment(lease, segment, progress, a_report(block=0), WriteId("c")))
    shard = mill(mill.store.read_shard(JOB, lease.shard))
    assert (set(answer.done), answer.attempts) == ({3, 4, 5}, {6: 2})
    assert (shard.done, shard.accepted, shard.short) == (answer.done, 2, 1)
    assert mill(mill.store.read_manifest(JOB)).segments == (segment,)


def test_attempts_of_a_slot_end_with_it(mill: Mill) -> None:
    mill.create()
    lease = mill.acquire()
    tried = a_progress(attempts={6: 2})
    lease = mill(mill.store.commit_segment(lease, a_segment(lease, "a", tried), tried, a_report(block=0), WriteId("a")))
    assert mill.commit(lease, [6]).attempts == {}


def test_a_slot_is_never_done_twice(mill: Mill) -> None:
    mill.create()
    lease = mill.commit(mill.acquire(), [1])
    before = mill.dump()
    with pytest.raises(ValueError, match="twice"):
        mill.commit(lease, [1, 2])
    assert mill.dump() == before


def test_the_same_segment_committed_by_two_writes_stands_once(mill: Mill) -> None:
    mill.create()
    lease = mill.acquire()
    nothing = a_progress()
    segment = a_segment(lease, "s", nothing)
    for write in ("a", "b"):
        lease = mill(mill.store.commit_segment(lease, segment, nothing, a_report(block=0), WriteId(write)))
    assert mill(mill.store.read_manifest(JOB)).segments == (segment,)


def test_segments_stand_in_the_order_of_their_commits(mill: Mill) -> None:
    mill.create()
    lease = mill.acquire()
    for slot in range(5):
        lease = mill.commit(lease, [slot])
    manifest = mill(mill.store.read_manifest(JOB))
    names = [name for (name,) in mill.query("SELECT name FROM segments ORDER BY sequence")]
    assert [segment.name for segment in manifest.segments] == names
    assert len(set(names)) == 5


def test_a_manifest_is_named_by_its_segments(mill: Mill) -> None:
    mill.create()
    lease = mill.acquire()
    empty = mill(mill.store.read_manifest(JOB)).digest
    lease = mill.renew(lease, block=0)
    assert mill(mill.store.read_manifest(JOB)).digest == empty
    mill.commit(lease, [0])
    assert mill(mill.store.read_manifest(JOB)).digest != empty


def test_a_live_lease_of_a_cancelled_job_may_still_commit_and_release(mill: Mill) -> None:
    mill.create()
    lease = mill.renew(mill.acquire(), block=100)
    mill(mill.store.stop_job(JOB, StopReason.CANCELLED))
    lease = mill.commit(lease, [0], spent=10)
    assert lease.stopping
    mill.release(lease, spent=10)
    assert mill(mill.store.finish_job(JOB)) is JobStatus.CANCELLED
    assert len(mill(mill.store.read_manifest(JOB)).segments) == 1


def test_reaping_takes_only_the_epoch_it_names(mill: Mill) -> None:
    mill.create()
    lease = mill.renew(mill.acquire("w1"), block=40)
    before = mill.dump()
    mill(mill.store.reap_lease(JOB, lease.shard, W2, lease.epoch))
    assert mill.dump() == before
    mill(mill.store.reap_lease(JOB, lease.shard, W1, lease.epoch))
    assert mill(mill.store.read_totals(JOB)).lost == 40
    refuse_every_write(mill, lease)
    before = mill.dump()
    mill(mill.store.reap_lease(JOB, lease.shard, W1, lease.epoch))
    assert mill.dump() == before


def test_two_processes_never_lease_the_same_shard(mill: Mill) -> None:
    mill.create(records=slots_of_shards(6))
    other = mill.backend.open(mill.clock)

    async def race() -> list[Lease | Wait | Finished]:
        async with asyncio.TaskGroup() as group:
            tasks = [
                group.create_task(store.acquire_shard(JOB, WorkerId(f"w{i}"), WriteId(f"a{i}")))
                for i, store in enumerate((mill.store, other) * 4)
            ]
        await other.close()
        return [task.result() for task in tasks]

    leases = [answer for answer in mill(race()) if isinstance(answer, Lease)]
    assert sorted(lease.shard for lease in leases) == list(range(6))


def test_a_reader_during_commits_sees_each_whole_or_not_at_all(mill: Mill) -> None:
    mill.create(records=200)
    lease = mill.acquire()
    reader = mill.backend.open(mill.clock)

    async def read_while(writer: asyncio.Task[None]) -> list[tuple[int, int]]:
        seen = []
        while not writer.done():
            totals = await reader.read_totals(JOB)
            seen.append((totals.accepted, sum(one.calls for one in totals.sums)))
        return seen

    async def both() -> list[tuple[int, int]]:
        async with asyncio.TaskGroup() as group:
            writer = group.create_task(commit_many(mill.store, lease, 20))
            seen = group.create_task(read_while(writer))
        await reader.close()
        return seen.result()

    seen = mill(both())
    assert all(accepted == in_segments for accepted, in_segments in seen)
    assert seen == sorted(seen)


async def commit_many(store: Store, lease: Lease, commits: int) -> None:
    for i in range(commits):
        progress = a_progress(range(10 * i, 10 * i + 10))
        segment = a_segment(lease, f"s{i}", progress)
        lease = await store.commit_segment(lease, segment, progress, a_report(block=0), WriteId(f"c{i}"))


def refuse_every_write(mill: Mill, ghost: Lease) -> None:
    before = mill.dump()
    progress = a_progress([9])
    report, segment = a_report(block=int(ghost.spent.total)), a_segment(ghost, "ghost", progress)
    for verb in (
        mill.store.renew_lease(ghost, report, WriteId("ghost-1")),
        mill.store.commit_segment(ghost, segment, progress, report, WriteId("ghost-2")),
        mill.store.release_lease(ghost, report, WriteId("ghost-3")),
    ):
        with pytest.raises(LeaseLostError):
            mill(verb)
    assert mill.dump() == before
