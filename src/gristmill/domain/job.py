"""A durable order and the one table of what may follow what."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Literal

from gristmill.domain.completion import ModelName
from gristmill.domain.ids import Digest, JobId
from gristmill.domain.model import Model
from gristmill.domain.money import NanoUsd
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
    JobStatus.QUEUED: frozenset({JobStatus.RUNNING, JobStatus.STOPPING}),
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
    is the most attempts a slot may take; `sifts` says that records must be distinct over the whole job.
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

    `siftings` counts those that ended, and `sifted` is the digest of the manifest the last one saw.
    """

    id: JobId
    kind: JobKind = "dataset"
    order: Order
    records: int
    budget: NanoUsd
    status: JobStatus = JobStatus.QUEUED
    stop: StopReason | None = None
    detail: str = ""
    siftings: int = 0
    sifted: Digest | None = None
    created_at: datetime
    started_at: datetime | None = None
    finished_at: datetime | None = None
