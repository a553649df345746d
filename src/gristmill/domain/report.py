"""A job's totals as its rows add up to them at one moment."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from gristmill.domain.call import CallCounts, ModelSums
from gristmill.domain.ids import JobId
from gristmill.domain.job import JobKind, JobStatus
from gristmill.domain.money import ZERO, NanoUsd, Spent


@dataclass(frozen=True, slots=True, kw_only=True)
class JobTotals:
    """Accepted and short count slots; `rejected` and `rejects` count attempts, those `withdrawn` by sifting among them.

    `held` is what live blocks hold beyond what they reported as spent; `workers` counts live leases' holders.
    `in_flight` are records in the making, as workers last reported; None where no worker reports itself.
    """

    accepted: int = 0
    short: int = 0
    rejected: int = 0
    rejects: Mapping[str, int] = field(default_factory=dict)
    spent: Spent = Spent()
    lost: NanoUsd = ZERO
    held: NanoUsd = ZERO
    granted: NanoUsd = ZERO
    sums: tuple[ModelSums, ...] = ()
    counts: CallCounts = CallCounts()
    workers: int = 0
    in_flight: int | None = None
    withdrawn: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class JobCosts:
    """What one job of a user cost, whatever became of it. `template` is its template's name."""

    job: JobId
    name: str
    template: str
    kind: JobKind
    status: JobStatus
    totals: JobTotals


@dataclass(frozen=True, slots=True, kw_only=True)
class StoreTotals:
    """What all jobs of a store add up to: statuses of those that were not deleted, and the money of all."""

    jobs: Mapping[JobStatus, int] = field(default_factory=dict)
    accepted: int = 0
    rejected: int = 0
    spent: Mapping[str, Spent] = field(default_factory=dict)
    lost: NanoUsd = ZERO
    held: NanoUsd = ZERO
