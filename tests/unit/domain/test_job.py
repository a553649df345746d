"""A job follows one table of states."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import product

import pytest

from gristmill.domain.ids import Digest, JobId
from gristmill.domain.job import (
    ACTIVE,
    ENDED,
    NEXT,
    Job,
    JobStatus,
    Order,
    StopReason,
    Tally,
    change_status,
    move,
    next_status,
    resume,
    stop,
)
from gristmill.domain.money import NanoUsd
from gristmill.errors import WrongStateError

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
LATER = NOON + timedelta(hours=1)
JOB = Job(
    id=JobId("job"),
    name="questions",
    order=Order(name="n", template="t", recipe=Digest("r")),
    records=3,
    budget=NanoUsd(0),
    created_at=NOON,
)
DONE = Tally(open=0, short=0, leases=0)


def at(status: JobStatus, *, sifts: bool = False, reason: StopReason | None = None) -> Job:
    return replace(JOB, status=status, stop=reason, order=replace(JOB.order, sifts=sifts))


@pytest.mark.parametrize(("status", "to"), list(product(JobStatus, JobStatus)))
def test_a_step_is_taken_only_if_the_table_has_it(status: JobStatus, to: JobStatus) -> None:
    if to in NEXT[status]:
        assert move(status, to) is to
    else:
        with pytest.raises(WrongStateError, match=f"a job that is {status} cannot become {to}"):
            move(status, to)


def test_an_end_is_left_only_for_the_queue() -> None:
    assert {NEXT[status] for status in ENDED} == {frozenset({JobStatus.QUEUED})}


def test_every_status_is_active_stopping_or_ended() -> None:
    assert ACTIVE | ENDED | {JobStatus.STOPPING} == set(JobStatus)
    assert not ACTIVE & ENDED
    assert set(NEXT) == set(JobStatus)


def test_a_job_notes_when_it_first_started_and_when_it_ended() -> None:
    running = change_status(JOB, JobStatus.RUNNING, NOON)
    again = change_status(replace(running, status=JobStatus.SIFTING), JobStatus.RUNNING, LATER)
    assert again.started_at == NOON
    assert change_status(again, JobStatus.COMPLETED, LATER).finished_at == LATER


@pytest.mark.parametrize("status", JobStatus)
def test_stopping_turns_an_active_job_and_leaves_every_other(status: JobStatus) -> None:
    stopped = stop(at(status), StopReason.CANCELLED, "why", NOON)
    if status in ACTIVE:
        assert (stopped.status, stopped.stop, stopped.detail) == (JobStatus.STOPPING, StopReason.CANCELLED, "why")
    else:
        assert stopped == at(status)


@pytest.mark.parametrize("status", sorted(ENDED))
def test_resuming_queues_an_ended_job_and_forgets_why_it_stopped(status: JobStatus) -> None:
    ended = replace(at(status, reason=StopReason.PAUSED), detail="why", finished_at=NOON)
    assert resume(ended, LATER) == JOB


@pytest.mark.parametrize("status", sorted(ACTIVE))
def test_resuming_an_active_job_changes_nothing(status: JobStatus) -> None:
    assert resume(at(status), LATER) == at(status)


def test_a_stopping_job_is_not_resumed() -> None:
    with pytest.raises(WrongStateError):
        resume(at(JobStatus.STOPPING, reason=StopReason.PAUSED), LATER)


@pytest.mark.parametrize("status", JobStatus)
def test_while_a_lease_stands_no_job_moves(status: JobStatus) -> None:
    assert next_status(at(status), Tally(open=0, short=0, leases=1), is_sifted=True) is status


@pytest.mark.parametrize("reason", StopReason)
def test_a_stopped_job_takes_the_status_of_its_reason(reason: StopReason) -> None:
    stopping = at(JobStatus.STOPPING, reason=reason)
    assert next_status(stopping, replace(DONE, open=5), is_sifted=False) == reason.value


@pytest.mark.parametrize(
    ("status", "sifts", "tally", "is_sifted", "after"),
    [
        (JobStatus.QUEUED, False, replace(DONE, open=1), False, JobStatus.QUEUED),
        (JobStatus.QUEUED, False, DONE, False, JobStatus.COMPLETED),
        (JobStatus.RUNNING, False, replace(DONE, open=1), False, JobStatus.RUNNING),
        (JobStatus.RUNNING, False, DONE, False, JobStatus.COMPLETED),
        (JobStatus.RUNNING, False, replace(DONE, short=1), False, JobStatus.SHORT),
        (JobStatus.RUNNING, True, DONE, False, JobStatus.SIFTING),
        (JobStatus.RUNNING, True, DONE, True, JobStatus.COMPLETED),
        (JobStatus.SIFTING, True, DONE, False, JobStatus.SIFTING),
        (JobStatus.SIFTING, True, DONE, True, JobStatus.COMPLETED),
        (JobStatus.SIFTING, True, replace(DONE, short=1), True, JobStatus.SHORT),
        (JobStatus.SIFTING, True, replace(DONE, open=1), True, JobStatus.RUNNING),
        (JobStatus.COMPLETED, False, replace(DONE, open=1), False, JobStatus.COMPLETED),
        (JobStatus.PAUSED, True, DONE, True, JobStatus.PAUSED),
    ],
)
def test_a_job_moves_as_far_as_its_rows_allow(
    status: JobStatus, sifts: bool, tally: Tally, is_sifted: bool, after: JobStatus
) -> None:
    assert next_status(at(status, sifts=sifts), tally, is_sifted=is_sifted) is after
