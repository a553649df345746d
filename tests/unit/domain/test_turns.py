"""Whose turn it is: users first, then their jobs, each in a stated order."""

from collections.abc import Sequence
from datetime import timedelta

import pytest

from gristmill.domain.ids import JobId, UserId, WorkerId
from gristmill.domain.job import JobStatus
from gristmill.domain.turns import (
    TURN_SECONDS,
    OpenJob,
    choose_next,
    choose_to_give_back,
    count_places,
    may_start,
)
from support.stores import NOON

ANN, BOB, EVE = UserId("ann"), UserId("bob"), UserId("eve")
HERE, THERE = WorkerId("here"), WorkerId("there")


def a_job(
    name: str,
    owner: UserId = ANN,
    *,
    status: JobStatus = JobStatus.RUNNING,
    workers: Sequence[WorkerId] = (),
    free: bool = True,
    may: bool = True,
    age: int = 0,
) -> OpenJob:
    return OpenJob(
        id=JobId(name),
        owner=owner,
        status=status,
        created_at=NOON - timedelta(seconds=age),
        workers=frozenset(workers),
        free=free,
        may_start=may,
    )


@pytest.mark.parametrize(
    ("job", "waits"),
    [
        (a_job("queued", status=JobStatus.QUEUED), True),
        (a_job("held back by a limit", status=JobStatus.QUEUED, may=False), False),
        (a_job("with a free shard", workers=[THERE]), True),
        (a_job("all leased", workers=[THERE], free=False), False),
        (a_job("all done and not ended", free=False), True),
        (a_job("being sifted", status=JobStatus.SIFTING, workers=[THERE], free=True), False),
        (a_job("due for sifting", status=JobStatus.SIFTING, free=False), True),
        (a_job("stopping with somebody on it", status=JobStatus.STOPPING, workers=[THERE]), False),
        (a_job("stopping with nobody on it", status=JobStatus.STOPPING), True),
    ],
    ids=lambda value: value.id if isinstance(value, OpenJob) else str(value),
)
def test_a_job_waits_when_there_is_something_to_do_that_nobody_does(job: OpenJob, *, waits: bool) -> None:
    assert job.is_waiting is waits


@pytest.mark.parametrize(
    ("limit", "running", "before", "may"),
    [(None, 99, 99, True), (1, 0, 0, True), (1, 1, 0, False), (2, 1, 0, True), (2, 1, 1, False), (0, 0, 0, False)],
)
def test_a_job_starts_within_the_limit_and_behind_those_ordered_before_it(
    limit: int | None, running: int, before: int, *, may: bool
) -> None:
    assert may_start(limit, running=running, queued_before=before) is may


def test_a_place_is_one_worker_at_one_job() -> None:
    jobs = [a_job("1", workers=[THERE, HERE]), a_job("2"), a_job("3", BOB, workers=[HERE])]
    # Here works at 1 and has just begun with 2; its lease of 3 is of calls in flight alone.
    assert count_places(jobs, HERE, {JobId("1"), JobId("2")}) == {ANN: 3, BOB: 0}


def chosen(jobs: Sequence[OpenJob], places: dict[UserId, int], served: dict[UserId, float] | None = None) -> str | None:
    job = choose_next(jobs, places, served or {}, besides={JobId("not now")})
    return job.id if job else None


def test_the_user_with_the_fewest_places_is_next_however_old_the_jobs_of_others() -> None:
    jobs = [a_job("old", ANN, age=99), a_job("new", BOB), a_job("not now", EVE)]
    assert chosen(jobs, {ANN: 1}) == "new"


def test_among_users_with_as_many_places_the_one_served_longest_ago_is_next() -> None:
    jobs = [a_job("1", ANN, age=99), a_job("2", BOB), a_job("3", EVE)]
    assert chosen(jobs, {}, {ANN: 3.0, BOB: 1.0, EVE: 2.0}) == "2"


def test_jobs_of_one_user_start_in_the_order_in_which_they_were_ordered() -> None:
    assert chosen([a_job("3", age=1), a_job("1", age=3), a_job("2", age=2)], {}) == "1"


def test_a_job_that_nobody_works_on_goes_before_an_older_one_that_wants_a_second_worker() -> None:
    assert chosen([a_job("1", age=3, workers=[THERE]), a_job("2")], {ANN: 1}) == "2"


def test_nobody_is_next_when_nothing_waits() -> None:
    assert chosen([a_job("1", workers=[THERE], free=False), a_job("not now")], {}) is None


def given(
    held: dict[str, float], owners: dict[str, UserId], places: dict[UserId, int], *, now: float = 1.0
) -> str | None:
    jobs = [a_job(name, owner) for name, owner in owners.items()]
    return choose_to_give_back({JobId(name): since for name, since in held.items()}, jobs, places, waiting=EVE, now=now)


def test_the_user_with_the_most_places_gives_back_the_one_held_longest_at_once() -> None:
    owners = {"1": ANN, "2": ANN, "3": BOB}
    assert given({"1": 0.5, "2": 0.2, "3": 0.0}, owners, {ANN: 2, BOB: 1, EVE: 0}) == "2"


def test_users_with_one_place_each_keep_theirs_for_a_turn_and_then_pass_it_on() -> None:
    owners = {"1": ANN, "2": BOB}
    places = {ANN: 1, BOB: 1, EVE: 0}
    assert given({"1": 1.0, "2": 0.0}, owners, places, now=TURN_SECONDS - 0.1) is None
    assert given({"1": 1.0, "2": 0.0}, owners, places, now=TURN_SECONDS) == "2"


def test_nobody_gives_a_place_to_a_user_who_has_as_many() -> None:
    assert given({"1": 0.0}, {"1": ANN}, {ANN: 1, EVE: 1}, now=1e6) is None
    assert given({"1": 0.0}, {"1": EVE}, {EVE: 9}, now=1e6) is None
