"""Whose turn it is: which job a worker takes up next, and which it gives back for another user's."""

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from gristmill.domain.ids import JobId, UserId, WorkerId
from gristmill.domain.job import JobStatus

# How long a job keeps its place in a worker while a user who has none waits: most calls take less.
TURN_SECONDS = 15.0

# A place that moves from one user to another brings them closer together when they were as far apart.
FAR_APART = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenJob:
    """A job that has not ended, as workers see it who look for work.

    `workers` hold leases of it whose time is not over. `free` says that a shard with open slots has none. `may_start`
    is false of a queued job that its owner's limit holds back.
    """

    id: JobId
    owner: UserId
    status: JobStatus
    created_at: datetime
    workers: frozenset[WorkerId]
    free: bool
    may_start: bool = True

    @property
    def is_waiting(self) -> bool:
        """Whether there is something to do that nobody does: a free shard, a sifting, or an end."""
        makes_records = self.status in (JobStatus.QUEUED, JobStatus.RUNNING)
        return self.may_start and (not self.workers or (self.free and makes_records))


def may_start(limit: int | None, *, running: int, queued_before: int) -> bool:
    """Whether a queued job may run now: those its owner ordered before it go first. None is no limit."""
    return limit is None or running + queued_before < limit


def count_places(jobs: Iterable[OpenJob], worker: WorkerId, mine: Collection[JobId]) -> Mapping[UserId, int]:
    """How many places each user has: one for each worker at each of its jobs, those of `mine` among them."""
    places = Counter[UserId]()
    for job in jobs:
        own = {worker} if job.id in mine else frozenset[WorkerId]()
        places[job.owner] += len((job.workers - {worker}) | own)
    return places


def choose_next(
    jobs: Sequence[OpenJob], places: Mapping[UserId, int], served: Mapping[UserId, float], *, besides: Collection[JobId]
) -> OpenJob | None:
    """The waiting job whose turn it is: of the user with the fewest places, then of the one served longest ago.

    Of one user's jobs it is the one with the fewest workers, then the oldest.
    """
    waiting = [job for job in jobs if job.is_waiting and job.id not in besides]
    return min(
        waiting,
        key=lambda job: (
            *(places.get(job.owner, 0), served.get(job.owner, 0.0)),
            *(len(job.workers), job.created_at, job.id),
        ),
        default=None,
    )


def choose_to_give_back(
    held: Mapping[JobId, float], jobs: Iterable[OpenJob], places: Mapping[UserId, int], *, waiting: UserId, now: float
) -> JobId | None:
    """The job that gives its place to a waiting user's, or None. `held` is since when, in monotonic seconds.

    It is one of the user who has the most places, the one that has had its own the longest. It goes at once when that
    brings the two users closer together, and after its turn when they only change places.
    """
    owners = {job.id: job.owner for job in jobs}
    own = [job for job in held if owners.get(job, waiting) != waiting]
    richest = max(own, key=lambda job: (places.get(owners[job], 0), now - held[job]), default=None)
    if richest is None:
        return None
    ahead = places.get(owners[richest], 0) - places.get(waiting, 0)
    is_over = now - held[richest] >= TURN_SECONDS
    return richest if ahead >= FAR_APART or (ahead > 0 and is_over) else None
