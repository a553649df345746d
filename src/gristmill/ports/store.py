"""Where jobs, shards, money and history stand. Each verb is atomic: it happens whole, or not at all.

Any verb may raise StoreBusyError (no answer: the write may have landed; send it again unchanged) and StorageFullError
(nothing was written; send it again when there is room).
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from gristmill.domain.event import Event, EventType
from gristmill.domain.ids import Digest, Epoch, JobId, ShardNumber, Slot, UserId, WorkerId, WriteId
from gristmill.domain.job import Job, JobKind, JobStatus, StopReason
from gristmill.domain.json import JsonObject
from gristmill.domain.money import NanoUsd, Spent
from gristmill.domain.report import JobCosts, JobTotals, StoreTotals
from gristmill.domain.segment import Segment, Withdrawal
from gristmill.domain.shard import Lease, Progress, Report, Shard


@dataclass(frozen=True, slots=True)
class Wait:
    """No shard is free now, but the job goes on: ask again shortly."""


@dataclass(frozen=True, slots=True)
class Finished:
    """The job takes no more work: it ended, or it is stopping."""

    status: JobStatus


@dataclass(frozen=True, slots=True, kw_only=True)
class Manifest:
    """The committed segments in the order of their commits, and the marks sifting put on records of theirs.

    `digest` is of the segments' names: marks do not change it. `reasons` are those of the marks.
    """

    segments: tuple[Segment, ...]
    withdrawn: frozenset[tuple[Slot, int]]
    digest: Digest
    reasons: Mapping[tuple[Slot, int], str] = field(default_factory=dict)


class JobStore(Protocol):
    """Jobs as a user orders and controls them."""

    async def create_job(self, job: Job, shards: Sequence[Shard]) -> None:
        """Write the shards, then the budget and the job's row, which makes the job exist.

        Again with the same id: nothing. Raises LimitReachedError when the owner's jobs could then cost more together
        than the owner's limit; of two at once that fit only singly, one is refused.
        """
        ...

    async def read_job(self, job: JobId) -> Job:
        """The job's row. Raises NotFoundError."""
        ...

    async def list_jobs(
        self,
        *,
        owner: UserId | None = None,
        kind: JobKind | None = "dataset",
        statuses: Collection[JobStatus] = (),
        limit: int = 50,
        after: JobId | None = None,
    ) -> Sequence[Job]:
        """Jobs by time of creation, newest first, at most `limit`, after the named one.

        Without an owner those of all; without a kind those of each; without statuses in whatever status. Raises
        NotFoundError when `after` names none.
        """
        ...

    async def delete_job(self, job: JobId) -> None:
        """Let nobody see an ended job again; what it cost still counts for its owner.

        Raises WrongStateError for a job that has not ended.
        """
        ...

    async def read_totals(self, job: JobId) -> JobTotals:
        """What the job's rows add up to now."""
        ...

    async def read_each_totals(self, of: Sequence[JobId]) -> Mapping[JobId, JobTotals]:
        """The same of several jobs, at one moment; a job that does not exist is left out."""
        ...

    async def read_costs(self, owner: UserId) -> Sequence[JobCosts]:
        """What each job of the owner cost, in the order of creation, of every kind and deleted ones too."""
        ...

    async def read_store_totals(self) -> StoreTotals:
        """What all jobs of all owners add up to; `spent` is by model."""
        ...

    async def stop_job(self, job: JobId, reason: StopReason, detail: str = "") -> Job:
        """Turn a queued, running or sifting job to stopping; one that is stopping or ended stays as it is."""
        ...

    async def exhaust_job(self, job: JobId, *, need: NanoUsd) -> bool:
        """Stop the job as budget_exhausted if no lease holds unspent money and what is free is below `need`.

        True if it is stopping or ended now, for whatever reason; False if some lease may still give money back or
        what is free covers `need`.
        """
        ...

    async def resume_job(self, job: JobId) -> Job:
        """Put a paused or ended job back to queued; an active one stays as it is.

        Raises WrongStateError for a stopping one, and LimitReachedError as `create_job`: an ended job binds what it was
        granted, an active one its cap.
        """
        ...

    async def set_budget(self, job: JobId, cap: NanoUsd) -> Job:
        """Set the cap; does not resume.

        Raises BudgetTooSmallError below what is granted, and LimitReachedError as `create_job` for an active job.
        """
        ...

    async def extend_job(self, job: JobId, records: int, shards: Sequence[Shard]) -> Job:
        """Add shards for the slots up to `records`; does not resume.

        Raises WrongStateError when `records` is not more, when the shards do not begin where the job ends, and for a
        stopping job.
        """
        ...

    async def retry_rejects(self, job: JobId, short: Mapping[ShardNumber, Collection[Slot]]) -> Job:
        """Open the slots that were given up for one more round of attempts, and put the ended job back to queued.

        `short` names all of them. Raises WrongStateError when there is none, when the job has not ended, and when they
        are not those that the rows have; LimitReachedError as `resume_job`.
        """
        ...

    async def finish_job(self, job: JobId) -> JobStatus:
        """Move the job on as far as its rows allow, and say where it stands. Idempotent.

        A stopping job ends once no lease stands; expired leases are taken over first. A job whose shards are all done
        and released goes to sifting when `Order.sifts` and the last sifting has not seen the present manifest;
        otherwise to completed, or short when slots were given up.
        """
        ...


class ShardStore(Protocol):
    """Shards as workers lease and commit them. Only the current lease, at its current position, can write.

    Every verb takes the write's own id: the same id again gets the same answer and changes nothing; anything else
    from an old epoch or position raises LeaseLostError.
    """

    async def acquire_shard(self, job: JobId, worker: WorkerId, write: WriteId) -> Lease | Wait | Finished:
        """Lease a free shard with open slots, from a random place, or the sifting when it is due.

        A shard is free when no lease stands or when its lease has expired by the store's clock; taking an expired
        one charges the whole unreported rest of its block as lost, in the same write. The first lease turns a queued
        job to running, unless its owner may have no more jobs running: then it waits, and those ordered before it go
        first. The block starts empty: `renew_lease` asks for money. While a sifting is under way everybody else waits,
        for it may open more slots.
        """
        ...

    async def renew_lease(self, lease: Lease, report: Report, write: WriteId) -> Lease:
        """Report totals, extend the time and move the block towards `report.block`.

        The answer's block says what was granted: less than asked means that money is short now. A job that is
        stopping grants nothing. Never refused because of the job's state. What was billed beyond the block is charged
        in full, even above the cap.
        """
        ...

    async def commit_segment(
        self, lease: Lease, segment: Segment, progress: Progress, report: Report, write: WriteId
    ) -> Lease:
        """Show the segment to readers, mark its slots done, and do what `renew_lease` does: all of it, or nothing."""
        ...

    async def release_lease(self, lease: Lease, report: Report, write: WriteId) -> None:
        """Give the whole rest of the block back and free the shard. `report.block` must equal what is spent."""
        ...

    async def reap_lease(self, job: JobId, shard: ShardNumber, worker: WorkerId, epoch: Epoch) -> None:
        """Take the lease of a worker known to be dead, charging its rest as lost. Another epoch's: nothing."""
        ...

    async def settle_epoch(
        self, job: JobId, shard: ShardNumber, epoch: Epoch, spent: Spent | None, segment: Segment | None
    ) -> None:
        """Replace a dead epoch's loss by what its journal proves, show its recovered calls, and free the rest. Once.

        `spent` is the epoch's whole total; None shows the segment and leaves the loss as it is (after a reboot a
        journal's end is no proof). Raises LeaseLostError when the epoch has no open loss, and WrongStateError when
        the job has ended.
        """
        ...

    async def open_losses(self, job: JobId) -> Sequence[tuple[ShardNumber, Epoch, WorkerId, int]]:
        """The dead epochs whose loss may still be settled.

        Each is its shard, epoch and worker, and how many answers its commits showed.
        """
        ...

    async def read_shard(self, job: JobId, shard: ShardNumber) -> Shard:
        """The shard's row. Raises NotFoundError."""
        ...

    async def list_shards(self, job: JobId) -> Sequence[Shard]:
        """All rows of shards of slots, in order; the sifting's is not among them."""
        ...

    async def read_manifest(self, job: JobId) -> Manifest:
        """The committed segments and withdrawals at one moment."""
        ...

    async def withdraw_records(
        self, sifting: Lease, shard: ShardNumber, marks: Sequence[Withdrawal], *, attempt_limit: int
    ) -> None:
        """Mark records as duplicates and open their slots for the next attempt where any is left.

        Fenced by the sifting's lease, which it does not move. Marks that stand already change nothing.
        """
        ...

    async def finish_sifting(self, sifting: Lease, seen: Digest, write: WriteId) -> None:
        """Note that a sifting saw the manifest with this digest to its end, and release its lease.

        A sifting job goes back to running if slots are open again.
        """
        ...


class EventStore(Protocol):
    """A job's history."""

    async def write_event(self, job: JobId, kind: EventType, fields: JsonObject) -> None:
        """Add an event that tells no change of a row, such as a warning."""
        ...

    async def read_events(self, job: JobId, *, after: int = 0, limit: int = 200) -> Sequence[Event]:
        """Events with a sequence above `after`, in order, at most `limit`."""
        ...


class Store(JobStore, ShardStore, EventStore, Protocol):
    """One adapter satisfies them all."""

    async def close(self) -> None:
        """Close every connection; nothing may be called after it."""
        ...
