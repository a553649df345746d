"""Every store moves jobs the same way: one table of states, each change with its event, and an end that stays."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from gristmill.domain.ids import JobId, ShardNumber, Slot, UserId, WorkerId, WriteId
from gristmill.domain.job import JobStatus, StopReason
from gristmill.domain.money import Spent
from gristmill.domain.sharding import plan_shards
from gristmill.errors import LeaseLostError, NotFoundError, WrongStateError
from gristmill.ports.store import Wait
from support.stores import INSTANT, JOB, NOON, TTL, Mill, a_job, a_progress, a_report, a_segment, slots_of_shards

W1, W_C = WorkerId("w1"), WriteId("c")

FIRST = ShardNumber(0)


def test_a_job_is_read_as_it_was_ordered(mill: Mill) -> None:
    assert mill.create() == mill(mill.store.read_job(JOB))


def test_a_job_created_again_changes_nothing(mill: Mill) -> None:
    mill.create(records=10)
    mill.acquire()
    before = mill.dump()
    mill.create(records=20, budget=5)
    assert mill.dump() == before


def test_nothing_is_read_of_a_job_that_does_not_exist(mill: Mill) -> None:
    nobody = JobId("nobody")
    for verb in (
        mill.store.read_job(nobody),
        mill.store.read_totals(nobody),
        mill.store.stop_job(nobody, StopReason.PAUSED),
        mill.store.finish_job(nobody),
        mill.store.list_jobs(after=nobody),
    ):
        with pytest.raises(NotFoundError):
            mill(verb)
    assert mill(mill.store.list_shards(nobody)) == []


def test_jobs_are_listed_newest_first_and_page_by_page(mill: Mill) -> None:
    for name in ("a", "b", "c"):
        mill.create(job=JobId(name))
    mill.clock.pass_by(timedelta(seconds=1))
    mill.create(job=JobId("0"))
    first = mill(mill.store.list_jobs(limit=2))
    rest = mill(mill.store.list_jobs(limit=5, after=first[-1].id))
    assert [job.id for job in [*first, *rest]] == ["0", "c", "b", "a"]
    assert first[0] == mill(mill.store.read_job(JobId("0")))


def test_lists_show_the_jobs_of_one_kind_and_datasets_unless_told_otherwise(mill: Mill) -> None:
    dataset = mill.create(job=JobId("dataset"))
    preview = replace(dataset, id=JobId("preview"), kind="preview")
    mill(mill.store.create_job(preview, plan_shards(preview.id, first_slot=0, records=10, first_number=0)))
    assert [job.id for job in mill(mill.store.list_jobs())] == ["dataset"]
    assert [job.id for job in mill(mill.store.list_jobs(kind="preview"))] == ["preview"]
    assert mill(mill.store.list_jobs(kind="preview", after=JobId("preview"))) == []
    assert mill(mill.store.read_job(JobId("preview"))).kind == "preview"


def test_shards_are_listed_in_order_without_the_sifting(mill: Mill) -> None:
    mill.create(records=slots_of_shards(3))
    shards = mill(mill.store.list_shards(JOB))
    assert list(shards) == list(plan_shards(JOB, first_slot=0, records=slots_of_shards(3), first_number=0))


@pytest.mark.parametrize("reason", list(StopReason))
def test_a_job_that_stops_takes_the_status_of_its_reason(mill: Mill, reason: StopReason) -> None:
    mill.create()
    mill(mill.store.stop_job(JOB, reason, "in words"))
    mill.clock.pass_by(timedelta(seconds=5))
    assert mill(mill.store.finish_job(JOB)) == reason.value
    job = mill(mill.store.read_job(JOB))
    assert (job.stop, job.detail, job.finished_at) == (reason, "in words", NOON + timedelta(seconds=5))
    assert mill.statuses() == ["queued", "stopping", reason.value]


def test_the_first_reason_to_stop_stands(mill: Mill) -> None:
    mill.create()
    mill(mill.store.stop_job(JOB, StopReason.PAUSED, "first"))
    before = mill.dump()
    assert mill(mill.store.stop_job(JOB, StopReason.FAILED, "second")).detail == "first"
    assert mill.dump() == before
    mill(mill.store.finish_job(JOB))
    assert mill(mill.store.stop_job(JOB, StopReason.CANCELLED)).status is JobStatus.PAUSED


def test_a_stopping_job_ends_only_when_no_lease_stands(mill: Mill) -> None:
    mill.create()
    lease = mill.acquire()
    mill(mill.store.stop_job(JOB, StopReason.PAUSED))
    assert mill(mill.store.finish_job(JOB)) is JobStatus.STOPPING
    mill.release(mill.renew(lease, block=0))
    assert mill(mill.store.finish_job(JOB)) is JobStatus.PAUSED


def test_a_stopping_job_takes_expired_leases_over_before_it_ends(mill: Mill) -> None:
    mill.create()
    ghost = mill.renew(mill.acquire(), block=100)
    mill(mill.store.stop_job(JOB, StopReason.CANCELLED))
    mill.clock.pass_by(TTL)
    assert mill(mill.store.finish_job(JOB)) is JobStatus.STOPPING
    mill.clock.pass_by(INSTANT)
    assert mill(mill.store.finish_job(JOB)) is JobStatus.CANCELLED
    assert mill(mill.store.read_totals(JOB)).lost == 100
    before = mill.dump()
    with pytest.raises(LeaseLostError):
        mill.commit(ghost, [0])
    assert mill.dump() == before


def test_a_running_job_completes_when_every_slot_is_accepted_and_every_lease_released(mill: Mill) -> None:
    mill.create(records=3)
    lease = mill.acquire()
    assert mill(mill.store.finish_job(JOB)) is JobStatus.RUNNING
    lease = mill.commit(lease, [0, 1, 2])
    assert mill(mill.store.finish_job(JOB)) is JobStatus.RUNNING
    mill.release(lease)
    assert mill(mill.store.finish_job(JOB)) is JobStatus.COMPLETED
    before = mill.dump()
    assert mill(mill.store.finish_job(JOB)) is JobStatus.COMPLETED
    assert mill.dump() == before
    assert mill.statuses() == ["queued", "running", "completed"]


def test_a_job_with_slots_given_up_is_short(mill: Mill) -> None:
    mill.create(records=3)
    mill.finish_shard(mill.acquire(), short=1)
    assert mill(mill.store.finish_job(JOB)) is JobStatus.SHORT
    totals = mill(mill.store.read_totals(JOB))
    assert (totals.accepted, totals.short, totals.rejected, totals.rejects) == (2, 1, 1, {"too short": 1})


def test_a_dead_lease_of_a_finished_shard_does_not_keep_a_job_from_its_end(mill: Mill) -> None:
    mill.create(records=3)
    mill.commit(mill.renew(mill.acquire(), block=10), [0, 1, 2], spent=4)
    assert mill(mill.store.finish_job(JOB)) is JobStatus.RUNNING
    mill.clock.pass_by(TTL + INSTANT)
    assert mill(mill.store.finish_job(JOB)) is JobStatus.COMPLETED
    assert mill(mill.store.read_totals(JOB)).lost == 6


def test_a_running_job_leaves_expired_leases_of_open_shards_alone(mill: Mill) -> None:
    mill.create()
    lease = mill.acquire()
    mill.clock.pass_by(2 * TTL)
    assert mill(mill.store.finish_job(JOB)) is JobStatus.RUNNING
    assert mill.commit(lease, [0]).epoch == lease.epoch


def test_a_job_ends_with_an_end_event_that_says_why(mill: Mill) -> None:
    mill.create()
    mill(mill.store.stop_job(JOB, StopReason.FAILED, "the key is refused"))
    mill(mill.store.finish_job(JOB))
    *_, last = mill(mill.store.read_events(JOB))
    assert (last.type, last.fields) == (
        "end",
        {"status": "failed", "reason": "failed", "detail": "the key is refused"},
    )


def test_a_paused_job_resumes_with_its_work_kept(mill: Mill) -> None:
    mill.create(records=3)
    lease = mill.commit(mill.acquire(), [0])
    mill(mill.store.stop_job(JOB, StopReason.PAUSED, "by the user"))
    with pytest.raises(WrongStateError):
        mill(mill.store.resume_job(JOB))
    mill.release(lease)
    mill(mill.store.finish_job(JOB))
    job = mill(mill.store.resume_job(JOB))
    assert (job.status, job.stop, job.detail, job.finished_at) == (JobStatus.QUEUED, None, "", None)
    assert job == mill(mill.store.read_job(JOB))
    assert set(mill.acquire().done) == {0}


def test_resuming_an_active_job_changes_nothing(mill: Mill) -> None:
    mill.create()
    mill.acquire()
    before = mill.dump()
    assert mill(mill.store.resume_job(JOB)).status is JobStatus.RUNNING
    assert mill.dump() == before


def test_a_job_resumed_with_nothing_left_to_make_ends_again(mill: Mill) -> None:
    mill.create(records=3)
    mill.finish_shard(mill.acquire())
    mill(mill.store.finish_job(JOB))
    mill(mill.store.resume_job(JOB))
    assert mill(mill.store.acquire_shard(JOB, W1, WriteId("a"))) == Wait()
    assert mill(mill.store.finish_job(JOB)) is JobStatus.COMPLETED


def test_a_job_grows_by_new_shards_alone(mill: Mill) -> None:
    mill.create(records=3)
    mill.finish_shard(mill.acquire())
    mill(mill.store.finish_job(JOB))
    before = mill.query("SELECT * FROM shards ORDER BY number")
    more = plan_shards(JOB, first_slot=3, records=8, first_number=1)
    assert mill(mill.store.extend_job(JOB, 8, more)).records == 8
    assert mill.query("SELECT * FROM shards ORDER BY number")[: len(before)] == before
    mill(mill.store.resume_job(JOB))
    lease = mill.acquire()
    assert list(lease.done.missing()) == [3, 4, 5, 6, 7]
    mill.finish_shard(lease)
    assert mill(mill.store.finish_job(JOB)) is JobStatus.COMPLETED


@pytest.mark.parametrize(("first_slot", "records"), [(3, 3), (3, 2), (2, 8), (4, 8)])
def test_an_extension_that_does_not_fit_is_refused(mill: Mill, first_slot: int, records: int) -> None:
    mill.create(records=3)
    shards = plan_shards(JOB, first_slot=first_slot, records=records, first_number=1)
    before = mill.dump()
    with pytest.raises(WrongStateError):
        mill(mill.store.extend_job(JOB, records, shards))
    assert mill.dump() == before


def test_a_stopping_job_cannot_grow(mill: Mill) -> None:
    mill.create(records=3)
    mill(mill.store.stop_job(JOB, StopReason.PAUSED))
    with pytest.raises(WrongStateError):
        mill(mill.store.extend_job(JOB, 4, plan_shards(JOB, first_slot=3, records=4, first_number=1)))


def test_events_are_numbered_in_the_order_they_were_written(mill: Mill) -> None:
    mill.create()
    mill.create(job=JobId("other"))
    for i in range(5):
        mill(mill.store.write_event(JOB, "warning", {"message": f"careful {i}", "nested": {"list": [1, None]}}))
    events = mill(mill.store.read_events(JOB))
    assert [event.sequence for event in events] == sorted({event.sequence for event in events})
    assert events[-1].fields == {"message": "careful 4", "nested": {"list": [1, None]}}
    assert {event.job for event in events} == {JOB}
    assert (events[-1].type, events[-1].at) == ("warning", NOON)
    page = mill(mill.store.read_events(JOB, after=events[1].sequence, limit=2))
    assert list(page) == list(events[2:4])


def test_a_change_of_budget_and_of_size_is_told(mill: Mill) -> None:
    mill.create(records=3, budget=1)
    mill(mill.store.set_budget(JOB, a_job().budget))
    mill(mill.store.extend_job(JOB, 4, plan_shards(JOB, first_slot=3, records=4, first_number=1)))
    *_, money, state = mill(mill.store.read_events(JOB))
    assert (money.type, money.fields) == ("money", {"budget_usd": "0.000001"})
    assert (state.type, state.fields) == ("state", {"status": "queued", "records": 4})


def test_totals_add_up_over_shards_and_segments(mill: Mill) -> None:
    mill.create(records=slots_of_shards(2), budget=10_000)
    leases = [mill.renew(mill.acquire(f"w{i}"), block=100) for i in range(2)]
    for lease in leases:
        first = lease.done.first
        mill.commit(lease, [first], given_up=[first + 1], spent=10)
        mill(mill.store.read_totals(JOB))
    totals = mill(mill.store.read_totals(JOB))
    assert (totals.accepted, totals.short, totals.rejected, totals.workers) == (2, 2, 2, 2)
    assert (totals.spent.billed, totals.held, totals.granted) == (20, 180, 200)
    assert (totals.counts.made, totals.rejects) == (2, {"too short": 2})
    assert [(one.day, one.calls, one.usage.input) for one in totals.sums] == [("2026-03-01", 2, 14)]


def test_totals_of_one_job_know_nothing_of_another(mill: Mill) -> None:
    other = JobId("other")
    mill.create()
    mill.create(job=other)
    mill.commit(mill.renew(mill.acquire(), block=5), [0], spent=5)
    totals = mill(mill.store.read_totals(other))
    assert (totals.accepted, totals.spent, totals.sums, totals.granted) == (0, Spent(), (), 0)


def test_what_was_written_is_there_after_a_restart(mill: Mill) -> None:
    mill.create()
    lease = mill.acquire()
    progress = a_progress([0], attempts={1: 1})
    lease = mill(mill.store.commit_segment(lease, a_segment(lease, "s", progress), progress, a_report(block=0), W_C))
    again = mill.backend.open(mill.clock)
    assert mill(again.read_shard(JOB, lease.shard)) == mill(mill.store.read_shard(JOB, lease.shard))
    assert mill(again.commit_segment(lease, a_segment(lease, "s", progress), progress, a_report(block=0), W_C)) == lease
    mill(again.close())


def end(mill: Mill, job: JobId) -> None:
    mill(mill.store.stop_job(job, StopReason.CANCELLED))
    mill(mill.store.finish_job(job))


def test_jobs_are_listed_by_owner_and_status(mill: Mill) -> None:
    for name, owner in (("a1", "ann"), ("a2", "ann"), ("b1", "bob")):
        mill.create(job=JobId(name), owner=UserId(owner))
        mill.clock.pass_by(INSTANT)
    end(mill, JobId("a1"))

    def listed(**wanted: Any) -> list[str]:
        return [job.id for job in mill(mill.store.list_jobs(**wanted))]

    assert listed() == ["b1", "a2", "a1"]
    assert listed(owner=UserId("ann")) == ["a2", "a1"]
    assert listed(owner=UserId("ann"), statuses=[JobStatus.CANCELLED]) == ["a1"]
    assert listed(owner=UserId("ann"), after=JobId("a2")) == ["a1"]
    assert listed(owner=UserId("cat")) == []


def test_totals_of_several_jobs_are_those_of_each_and_one_that_is_not_there_is_left_out(mill: Mill) -> None:
    ids = [JobId("a"), JobId("b")]
    for job in ids:
        mill.create(job=job, records=2)
    lease = mill.renew(mill.acquire(job=ids[1]), block=100)
    mill.release(mill.commit(lease, [0], spent=7), spent=7)
    totals = mill(mill.store.read_each_totals([*ids, JobId("nobody")]))
    assert totals == {job: mill(mill.store.read_totals(job)) for job in ids}
    assert mill(mill.store.read_each_totals([])) == {}


def test_totals_of_several_jobs_follow_an_ended_one_that_goes_on(mill: Mill) -> None:
    mill.create(records=2)
    lease = mill.renew(mill.acquire(), block=100)
    mill.release(mill.commit(lease, [0], spent=7), spent=7)
    end(mill, JOB)
    assert mill(mill.store.read_each_totals([JOB]))[JOB].accepted == 1
    mill(mill.store.resume_job(JOB))
    lease = mill.renew(mill.acquire(), block=100)
    mill.release(mill.commit(lease, [1], spent=7), spent=7)
    assert mill(mill.store.read_each_totals([JOB]))[JOB].accepted == 2
    mill.clock.pass_by(timedelta(seconds=1))
    mill(mill.store.stop_job(JOB, StopReason.CANCELLED))
    mill(mill.store.finish_job(JOB))
    assert mill(mill.store.read_each_totals([JOB]))[JOB].accepted == 2


def test_an_ended_job_can_be_deleted_and_what_it_cost_stays(mill: Mill) -> None:
    mill.create(owner=UserId("ann"), records=2)
    with pytest.raises(WrongStateError, match="is queued: cancel it"):
        mill(mill.store.delete_job(JOB))
    lease = mill.renew(mill.acquire(), block=100)
    mill.release(mill.commit(lease, [0], spent=7), spent=7)
    end(mill, JOB)
    mill(mill.store.delete_job(JOB))
    with pytest.raises(NotFoundError):
        mill(mill.store.read_job(JOB))
    with pytest.raises(NotFoundError):
        mill(mill.store.delete_job(JOB))
    assert mill(mill.store.list_jobs()) == []
    [costs] = mill(mill.store.read_costs(UserId("ann")))
    assert (costs.job, costs.template, costs.status) == (JOB, "questions", JobStatus.CANCELLED)
    assert costs.totals.spent.billed == 7
    assert mill(mill.store.read_costs(UserId("bob"))) == []


def give_up(mill: Mill, *, records: int = 6, short: int = 2) -> None:
    """A job that ended short: its first slots were given up."""
    mill.create(records=records)
    mill.finish_shard(mill.acquire(), short=short)
    assert mill(mill.store.finish_job(JOB)) is JobStatus.SHORT


def test_slots_that_were_given_up_get_another_round_of_attempts(mill: Mill) -> None:
    give_up(mill)
    again = mill(mill.store.retry_rejects(JOB, {FIRST: [Slot(0), Slot(1)]}))
    assert (again.status, again.rounds, again.attempt_limit) == (JobStatus.QUEUED, 2, 6)
    assert mill(mill.store.read_job(JOB)) == again
    lease = mill.acquire()
    assert list(lease.done.missing()) == [0, 1]
    assert lease.attempts == {0: 3, 1: 3}
    mill.finish_shard(lease)
    assert mill(mill.store.finish_job(JOB)) is JobStatus.COMPLETED
    totals = mill(mill.store.read_totals(JOB))
    assert (totals.accepted, totals.short, totals.rejected) == (6, 0, 2)


@pytest.mark.parametrize("slots", [[], [0], [0, 1, 2]])
def test_only_what_was_given_up_can_be_retried_and_all_of_it(mill: Mill, slots: list[int]) -> None:
    give_up(mill, short=2)
    before = mill.dump()
    with pytest.raises(WrongStateError):
        mill(mill.store.retry_rejects(JOB, {FIRST: [Slot(slot) for slot in slots]}))
    assert mill.dump() == before


def test_a_job_that_has_not_ended_or_lacks_nothing_cannot_be_retried(mill: Mill) -> None:
    mill.create(records=2)
    with pytest.raises(WrongStateError, match="is queued: its rejects"):
        mill(mill.store.retry_rejects(JOB, {FIRST: [Slot(0)]}))
    mill.finish_shard(mill.acquire())
    mill(mill.store.finish_job(JOB))
    with pytest.raises(WrongStateError, match="was given up"):
        mill(mill.store.retry_rejects(JOB, {}))
