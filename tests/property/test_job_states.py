"""A job's status goes only where the table lets it, and every change leaves its event."""

from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gristmill.domain.job import (
    ENDED,
    NEXT,
    Job,
    JobStatus,
    StopReason,
    Tally,
    change_status,
    next_status,
    resume,
    stop,
)
from gristmill.domain.job import move as move_status
from gristmill.errors import WrongStateError
from support.simulation.loop import BEGIN
from support.simulation.order import make_job, write_template

statuses = st.sampled_from(JobStatus)
tallies = st.builds(Tally, open=st.integers(0, 2), short=st.integers(0, 2), leases=st.integers(0, 2))
LATER = BEGIN + timedelta(seconds=1)
PLAIN = make_job(write_template(steps=1, repair=0, redraw=0, apart="", judge=False), records=1, budget=1)
DISTINCT = make_job(write_template(steps=1, repair=0, redraw=0, apart="unique", judge=False), records=1, budget=1)


@given(statuses, statuses)
def test_only_steps_of_the_table_are_taken(status: JobStatus, to: JobStatus) -> None:
    if to in NEXT[status]:
        assert move_status(status, to) is to
    else:
        with pytest.raises(WrongStateError):
            move_status(status, to)


@given(statuses, tallies, st.sampled_from([PLAIN, DISTINCT]), st.booleans(), st.sampled_from([None, *StopReason]))
def test_rows_move_a_job_only_along_the_table(
    status: JobStatus, tally: Tally, job: Job, is_sifted: bool, reason: StopReason | None
) -> None:
    standing = replace(job, status=status, stop=reason)
    after = next_status(standing, tally, is_sifted=is_sifted)
    assert after is status or after in NEXT[status]
    if tally.leases or status in ENDED:
        assert after is status
    if after in {JobStatus.COMPLETED, JobStatus.SHORT} and status not in ENDED:
        assert tally.open == 0
        assert is_sifted or not job.order.sifts
        assert (after is JobStatus.SHORT) == (tally.short > 0)


@given(statuses, st.sampled_from(StopReason))
def test_a_stop_takes_only_what_is_active(status: JobStatus, reason: StopReason) -> None:
    job = replace(PLAIN, status=status)
    stopped = stop(job, reason, "why", LATER)
    if job.is_active:
        assert (stopped.status, stopped.stop, stopped.detail) == (JobStatus.STOPPING, reason, "why")
    else:
        assert stopped == job


@given(statuses)
def test_a_resumed_job_is_as_if_it_had_never_stopped(status: JobStatus) -> None:
    job = replace(PLAIN, status=status)
    if status is JobStatus.STOPPING:
        with pytest.raises(WrongStateError):
            resume(job, LATER)
    elif status in ENDED:
        assert resume(job, LATER) == replace(PLAIN, status=JobStatus.QUEUED)
    else:
        assert resume(job, LATER) == job


@given(statuses, statuses)
def test_times_tell_when_a_job_started_and_ended(status: JobStatus, to: JobStatus) -> None:
    if to not in NEXT[status]:
        return
    changed = change_status(replace(PLAIN, status=status), to, LATER)
    assert (changed.started_at == LATER) == (to is JobStatus.RUNNING)
    assert (changed.finished_at == LATER) == (to in ENDED)


def test_every_status_can_be_reached_and_none_is_a_trap() -> None:
    reached = {JobStatus.QUEUED}
    while fresh := {to for status in reached for to in NEXT[status]} - reached:
        reached |= fresh
    assert reached == set(JobStatus)
    assert all(NEXT[status] for status in JobStatus)
