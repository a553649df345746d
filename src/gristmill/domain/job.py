"""A durable order and the one table of what may follow what."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum
from typing import Literal

from gristmill.domain.completion import ModelName
from gristmill.domain.ids import LOCAL, Digest, JobId, UserId
from gristmill.domain.model import Model
from gristmill.domain.money import NanoUsd
from gristmill.domain.template import TemplateRef
from gristmill.errors import WrongStateError

JobKind = Literal["dataset", "preview", "pilot", "seeds", "test"]


class JobStatus(StrEnum):
    """Where a job stands."""

    QUEUED = "queued"
    RUNNING = "running"
    SIFTING = "sifting"
    STOPPING = "stopping"
    PAUSED = "paused"
    CANCELLED = "cancelled"
    BUDGET_EXHAUSTED = "budget_exhausted"
    FAILED = "failed"
    COMPLETED = "completed"
    SHORT = "short"


class StopReason(StrEnum):
    """Why a job stops before its end; each names the status it then takes."""

    PAUSED = "paused"
    CANCELLED = "cancelled"
    BUDGET_EXHAUSTED = "budget_exhausted"
    FAILED = "failed"


NEXT: Mapping[JobStatus, frozenset[JobStatus]] = {
    # A job that was resumed with nothing left to make goes straight to its end.
    JobStatus.QUEUED: frozenset(
        {JobStatus.RUNNING, JobStatus.SIFTING, JobStatus.STOPPING, JobStatus.COMPLETED, JobStatus.SHORT}
    ),
    JobStatus.RUNNING: frozenset({JobStatus.SIFTING, JobStatus.STOPPING, JobStatus.COMPLETED, JobStatus.SHORT}),
    JobStatus.SIFTING: frozenset({JobStatus.RUNNING, JobStatus.STOPPING, JobStatus.COMPLETED, JobStatus.SHORT}),
    JobStatus.STOPPING: frozenset(
        {JobStatus.PAUSED, JobStatus.CANCELLED, JobStatus.BUDGET_EXHAUSTED, JobStatus.FAILED}
    ),
    JobStatus.PAUSED: frozenset({JobStatus.QUEUED}),
    JobStatus.CANCELLED: frozenset({JobStatus.QUEUED}),
    JobStatus.BUDGET_EXHAUSTED: frozenset({JobStatus.QUEUED}),
    JobStatus.FAILED: frozenset({JobStatus.QUEUED}),
    JobStatus.COMPLETED: frozenset({JobStatus.QUEUED}),
    JobStatus.SHORT: frozenset({JobStatus.QUEUED}),
}

ACTIVE = frozenset({JobStatus.QUEUED, JobStatus.RUNNING, JobStatus.SIFTING})
ENDED = frozenset(JobStatus) - ACTIVE - {JobStatus.STOPPING}


def move(status: JobStatus, to: JobStatus) -> JobStatus:
    """The next status. Raises WrongStateError for a step the table does not have."""
    if to not in NEXT[status]:
        raise WrongStateError(f"a job that is {status} cannot become {to}")
    return to


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """What a job was asked for, frozen when it is created: the same order gives the same draws.

    `template` is the source as written, `recipe` the digest of what it compiles to. `seeds` name the digest of each
    seed set ("" is the first). `models` give what each alias or model name of the template stands for. `attempt_limit`
    is the most attempts a slot may take in a round; `sifts` says that records must be distinct over the whole job.
    """

    name: str
    template: str
    recipe: Digest
    seeds: Mapping[str, Digest] = field(default_factory=dict)
    random_seed: int = 0
    aliases: Mapping[str, ModelName] = field(default_factory=dict)
    models: Mapping[ModelName, Model] = field(default_factory=dict)
    attempt_limit: int = 1
    sifts: bool = False
    max_in_flight: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """A job's row. `stop` is set from the moment it is stopping; `detail` gives the reason in words.

    `name` is what its owner calls it. `template` is the kept template its order was made from, if it was one.
    `rounds` counts how often every slot was given its attempts: once, and once more for each time rejects are retried.
    `siftings` counts those that ended, and `sifted` is the digest of the manifest the last one saw.
    """

    id: JobId
    owner: UserId = LOCAL
    name: str
    template: TemplateRef | None = None
    kind: JobKind = "dataset"
    order: Order
    records: int
    budget: NanoUsd
    status: JobStatus = JobStatus.QUEUED
    stop: StopReason | None = None
    detail: str = ""
    rounds: int = 1
    siftings: int = 0
    sifted: Digest | None = None
    created_at: datetime
    started_at: datetime | None = None
    finished_at: datetime | None = None

    @property
    def attempt_limit(self) -> int:
        """The most attempts a slot may take."""
        return self.order.attempt_limit * self.rounds

    @property
    def is_active(self) -> bool:
        """Whether new leases, blocks and calls may start."""
        return self.status in ACTIVE

    @property
    def has_ended(self) -> bool:
        """Whether nothing of the job can change any more unless it is resumed."""
        return self.status in ENDED


@dataclass(frozen=True, slots=True, kw_only=True)
class Tally:
    """What decides whether a job may move on: slots still open, slots given up, and leases that stand."""

    open: int
    short: int
    leases: int


def change_status(job: Job, to: JobStatus, now: datetime) -> Job:
    """The job in its next status, with the time where it starts or ends. Raises WrongStateError."""
    changed = replace(job, status=move(job.status, to))
    if to is JobStatus.RUNNING and job.started_at is None:
        return replace(changed, started_at=now)
    return replace(changed, finished_at=now) if to in ENDED else changed


def stop(job: Job, reason: StopReason, detail: str, now: datetime) -> Job:
    """The job stopping; one that is stopping or ended stays as it is."""
    if not job.is_active:
        return job
    return replace(change_status(job, JobStatus.STOPPING, now), stop=reason, detail=detail)


def resume(job: Job, now: datetime) -> Job:
    """A paused or ended job queued again, an active one as it is. Raises WrongStateError while it is stopping."""
    if job.is_active:
        return job
    return replace(change_status(job, JobStatus.QUEUED, now), stop=None, detail="", finished_at=None)


def retry(job: Job, now: datetime) -> Job:
    """An ended job queued for one more round of attempts. Raises WrongStateError for one that has not ended."""
    if not job.has_ended:
        raise WrongStateError(f"Job {job.id} is {job.status}: its rejects can be retried once it has ended.")
    return replace(resume(job, now), rounds=job.rounds + 1)


def next_status(job: Job, tally: Tally, *, is_sifted: bool) -> JobStatus:
    """Where a job's rows allow it to stand. While any lease stands it stays: an ended manifest never grows."""
    if tally.leases or job.has_ended:
        return job.status
    if job.status is JobStatus.STOPPING:
        return JobStatus(job.stop or StopReason.FAILED)
    if tally.open:
        return JobStatus.RUNNING if job.status is JobStatus.SIFTING else job.status
    if job.order.sifts and not is_sifted:
        return JobStatus.SIFTING
    return JobStatus.SHORT if tally.short else JobStatus.COMPLETED
