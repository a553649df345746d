"""The store's verbs for jobs, shards and history."""

import random
from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import datetime, timedelta

from gristmill.adapters.sql import events, jobs, leases, manifest, shards, turns
from gristmill.adapters.sql import sifting as sifting_writes
from gristmill.adapters.sql.connected import Connected
from gristmill.adapters.sql.costs import Costs
from gristmill.adapters.sql.database import Database
from gristmill.adapters.sql.totals import Totals
from gristmill.domain.event import Event, EventType
from gristmill.domain.ids import Digest, Epoch, JobId, ShardNumber, Slot, UserId, WorkerId, WriteId
from gristmill.domain.job import Job, JobKind, JobStatus, StopReason
from gristmill.domain.json import JsonObject
from gristmill.domain.money import NanoUsd, Spent
from gristmill.domain.report import JobCosts, JobTotals, StoreTotals
from gristmill.domain.segment import Segment, Withdrawal
from gristmill.domain.shard import Lease, Progress, Report, Shard
from gristmill.domain.turns import OpenJob
from gristmill.ports.store import Finished, Manifest, Wait


class MillVerbs(Connected):
    """`ports.store.Store` and `ports.turns.TurnStore`; what each verb promises stands there."""

    def __init__(
        self, database: Database, *, ttl: timedelta, now: Callable[[], datetime] | None, chance: random.Random
    ) -> None:
        super().__init__(database, ttl=ttl, now=now, chance=chance)
        self._totals = Totals()
        self._costs = Costs(self._totals)

    async def create_job(self, job: Job, shards: Sequence[Shard]) -> None:
        await self._write(jobs.create_job, job, shards)

    async def read_job(self, job: JobId) -> Job:
        return await self._read(jobs.read_job, job)

    async def list_jobs(
        self,
        *,
        owner: UserId | None = None,
        kind: JobKind | None = "dataset",
        statuses: Collection[JobStatus] = (),
        limit: int = 50,
        after: JobId | None = None,
    ) -> Sequence[Job]:
        return await self._read(jobs.list_jobs, jobs.Wanted(owner=owner, kind=kind, statuses=statuses), limit, after)

    async def delete_job(self, job: JobId) -> None:
        await self._write(jobs.delete_job, job)

    async def read_totals(self, job: JobId) -> JobTotals:
        # Looked up before the transaction begins, so that what is known is never ahead of what it sees.
        return await self._read(self._totals.read, job, self._totals.known(job))

    async def read_each_totals(self, of: Sequence[JobId]) -> Mapping[JobId, JobTotals]:
        return await self._read(self._costs.read_each, self._costs.known(), of)

    async def read_costs(self, owner: UserId) -> Sequence[JobCosts]:
        return await self._read(self._costs.read_costs, self._costs.known(), owner)

    async def read_store_totals(self) -> StoreTotals:
        return await self._read(self._costs.read_store_totals, self._costs.known())

    async def stop_job(self, job: JobId, reason: StopReason, detail: str = "") -> Job:
        return await self._write_job(job, jobs.stop_job, job, reason, detail)

    async def exhaust_job(self, job: JobId, *, need: NanoUsd) -> bool:
        return await self._write_job(job, jobs.exhaust_job, job, need)

    async def resume_job(self, job: JobId) -> Job:
        # What is committed now must fit the owner's limit, which all jobs of theirs share.
        return await self._write(jobs.resume_job, job)

    async def set_budget(self, job: JobId, cap: NanoUsd) -> Job:
        return await self._write(jobs.set_budget, job, cap)

    async def extend_job(self, job: JobId, records: int, shards: Sequence[Shard]) -> Job:
        return await self._write_job(job, jobs.extend_job, job, records, shards)

    async def retry_rejects(self, job: JobId, short: Mapping[ShardNumber, Collection[Slot]]) -> Job:
        # As `resume_job`: the owner's limit is shared by all jobs of theirs.
        return await self._write(jobs.retry_rejects, job, short)

    async def finish_job(self, job: JobId) -> JobStatus:
        return await self._write_job(job, jobs.finish_job, job)

    async def acquire_shard(self, job: JobId, worker: WorkerId, write: WriteId) -> Lease | Wait | Finished:
        return await self._write_job(job, leases.acquire_shard, job, worker, write)

    async def renew_lease(self, lease: Lease, report: Report, write: WriteId) -> Lease:
        return await self._write_job(lease.job, leases.renew_lease, lease, report, write)

    async def commit_segment(
        self, lease: Lease, segment: Segment, progress: Progress, report: Report, write: WriteId
    ) -> Lease:
        return await self._write_job(
            lease.job, leases.commit_segment, lease, write, segment=segment, progress=progress, report=report
        )

    async def release_lease(self, lease: Lease, report: Report, write: WriteId) -> None:
        await self._write_job(lease.job, leases.release_lease, lease, report, write)

    async def reap_lease(self, job: JobId, shard: ShardNumber, worker: WorkerId, epoch: Epoch) -> None:
        await self._write_job(job, leases.reap_lease, job, shard, worker, epoch)

    async def settle_epoch(
        self, job: JobId, shard: ShardNumber, epoch: Epoch, spent: Spent | None, segment: Segment | None
    ) -> None:
        await self._write_job(job, leases.settle_epoch, job, shard, epoch, spent=spent, segment=segment)

    async def open_losses(self, job: JobId) -> Sequence[tuple[ShardNumber, Epoch, WorkerId, int]]:
        return await self._read(shards.open_losses, job)

    async def read_shard(self, job: JobId, shard: ShardNumber) -> Shard:
        return await self._read(shards.read_shard, job, shard)

    async def list_shards(self, job: JobId) -> Sequence[Shard]:
        return await self._read(shards.list_shards, job)

    async def read_manifest(self, job: JobId) -> Manifest:
        return await self._read(manifest.read_manifest, job)

    async def withdraw_records(
        self, sifting: Lease, shard: ShardNumber, marks: Sequence[Withdrawal], *, attempt_limit: int
    ) -> None:
        await self._write_job(sifting.job, sifting_writes.withdraw_records, sifting, shard, marks, attempt_limit)

    async def finish_sifting(self, sifting: Lease, seen: Digest, write: WriteId) -> None:
        await self._write_job(sifting.job, sifting_writes.finish_sifting, sifting, seen, write)

    async def write_event(self, job: JobId, kind: EventType, fields: JsonObject) -> None:
        await self._write_job(job, events.write_event, job, kind, fields)

    async def read_events(self, job: JobId, *, after: int = 0, limit: int = 200) -> Sequence[Event]:
        return await self._read(events.read_events, job, after, limit)

    async def list_open_jobs(self) -> Sequence[OpenJob]:
        return await self._read(turns.list_open_jobs)

    async def list_ended_jobs(self, since: datetime, *, limit: int = 100) -> Sequence[JobId]:
        return await self._read(turns.list_ended_jobs, since, limit)
