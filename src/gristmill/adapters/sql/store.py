"""The store's verbs, each one transaction run in a thread so that the event loop never waits for the disk."""

import asyncio
import random
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Concatenate, ParamSpec, TypeVar

from sqlalchemy import Engine, make_url
from sqlalchemy.exc import ArgumentError, DBAPIError

from gristmill.adapters.sql import events, jobs, leases, manifest, shards, templates
from gristmill.adapters.sql import sifting as sifting_writes
from gristmill.adapters.sql.schema import prepare_schema
from gristmill.adapters.sql.sqlite import open_sqlite, translate
from gristmill.adapters.sql.totals import Totals
from gristmill.adapters.sql.transaction import Transaction
from gristmill.domain.event import Event, EventType
from gristmill.domain.ids import Digest, Epoch, JobId, ShardNumber, WorkerId, WriteId
from gristmill.domain.job import Job, JobKind, JobStatus, StopReason
from gristmill.domain.json import JsonObject
from gristmill.domain.money import NanoUsd, Spent
from gristmill.domain.report import JobTotals
from gristmill.domain.segment import Segment, Withdrawal
from gristmill.domain.shard import Lease, Progress, Report, Shard
from gristmill.domain.template import TemplateVersion
from gristmill.errors import BadInputError
from gristmill.ports.store import Finished, Manifest, Wait

P = ParamSpec("P")
T = TypeVar("T")

LEASE_TTL = timedelta(seconds=30)


def utc_now() -> datetime:
    """The time, in UTC."""
    return datetime.now(UTC)


def open_store(
    url: str,
    *,
    ttl: timedelta = LEASE_TTL,
    now: Callable[[], datetime] = utc_now,
    chance: random.Random | None = None,
) -> "SqlStore":
    """A store at a URL such as `sqlite:///path/store.db`, made or migrated if need be. It reads and writes files.

    `now` judges leases, which last `ttl` from each write; `chance` picks among free shards. Raises BadInputError for
    a URL, file or disk that cannot be used and for a store of a newer program; StoreBusyError; StorageFullError.
    """
    try:
        parsed = make_url(url)
    except ArgumentError as error:
        raise BadInputError(f"{url!r} names no store. Write sqlite:///path/to/store.db.") from error
    if parsed.get_backend_name() != "sqlite":
        raise BadInputError(f"Stores of kind {parsed.drivername!r} are not supported. Write sqlite:///path/store.db.")
    with _vendor_errors():
        engine = open_sqlite(parsed)
        writing = engine.execution_options(writes=True)
        try:
            prepare_schema(engine, writing)
        except BaseException:
            engine.dispose()
            raise
    return SqlStore(engine, writing, ttl=ttl, now=now, chance=chance or random.Random())  # noqa: S311


class SqlStore:
    """`ports.store.Store` and `ports.templates.TemplateStore` over SQL; what each verb promises stands there.

    One thread writes and one reads.
    """

    def __init__(
        self, reading: Engine, writing: Engine, *, ttl: timedelta, now: Callable[[], datetime], chance: random.Random
    ) -> None:
        self._reading = reading
        self._writing = writing
        self._ttl = ttl
        self._now = now
        self._chance = chance
        self._totals = Totals()
        self._reader = ThreadPoolExecutor(max_workers=1, thread_name_prefix="store-read")
        self._writer = ThreadPoolExecutor(max_workers=1, thread_name_prefix="store-write")

    async def create_job(self, job: Job, shards: Sequence[Shard]) -> None:
        await self._write(jobs.create_job, job, shards)

    async def read_job(self, job: JobId) -> Job:
        return await self._read(jobs.read_job, job)

    async def list_jobs(
        self, *, kind: JobKind = "dataset", limit: int = 50, after: JobId | None = None
    ) -> Sequence[Job]:
        return await self._read(jobs.list_jobs, kind, limit, after)

    async def read_totals(self, job: JobId) -> JobTotals:
        return await self._read(self._totals.read, job)

    async def stop_job(self, job: JobId, reason: StopReason, detail: str = "") -> Job:
        return await self._write(jobs.stop_job, job, reason, detail)

    async def exhaust_job(self, job: JobId, *, need: NanoUsd) -> bool:
        return await self._write(jobs.exhaust_job, job, need)

    async def resume_job(self, job: JobId) -> Job:
        return await self._write(jobs.resume_job, job)

    async def set_budget(self, job: JobId, cap: NanoUsd) -> Job:
        return await self._write(jobs.set_budget, job, cap)

    async def extend_job(self, job: JobId, records: int, shards: Sequence[Shard]) -> Job:
        return await self._write(jobs.extend_job, job, records, shards)

    async def finish_job(self, job: JobId) -> JobStatus:
        return await self._write(jobs.finish_job, job)

    async def acquire_shard(self, job: JobId, worker: WorkerId, write: WriteId) -> Lease | Wait | Finished:
        return await self._write(leases.acquire_shard, job, worker, write)

    async def renew_lease(self, lease: Lease, report: Report, write: WriteId) -> Lease:
        return await self._write(leases.renew_lease, lease, report, write)

    async def commit_segment(
        self, lease: Lease, segment: Segment, progress: Progress, report: Report, write: WriteId
    ) -> Lease:
        return await self._write(leases.commit_segment, lease, write, segment=segment, progress=progress, report=report)

    async def release_lease(self, lease: Lease, report: Report, write: WriteId) -> None:
        await self._write(leases.release_lease, lease, report, write)

    async def reap_lease(self, job: JobId, shard: ShardNumber, worker: WorkerId, epoch: Epoch) -> None:
        await self._write(leases.reap_lease, job, shard, worker, epoch)

    async def settle_epoch(
        self, job: JobId, shard: ShardNumber, epoch: Epoch, spent: Spent | None, segment: Segment | None
    ) -> None:
        await self._write(leases.settle_epoch, job, shard, epoch, spent=spent, segment=segment)

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
        await self._write(sifting_writes.withdraw_records, sifting, shard, marks, attempt_limit)

    async def finish_sifting(self, sifting: Lease, seen: Digest, write: WriteId) -> None:
        await self._write(sifting_writes.finish_sifting, sifting, seen, write)

    async def write_event(self, job: JobId, kind: EventType, fields: JsonObject) -> None:
        await self._write(events.write_event, job, kind, fields)

    async def read_events(self, job: JobId, *, after: int = 0, limit: int = 200) -> Sequence[Event]:
        return await self._read(events.read_events, job, after, limit)

    async def add_template(self, name: str, source: str, pins: Mapping[str, int]) -> TemplateVersion:
        return await self._write(templates.add_template, name, source, pins)

    async def read_template(self, name: str, version: int | None = None) -> TemplateVersion:
        return await self._read(templates.read_template, name, version)

    async def list_templates(self) -> Sequence[TemplateVersion]:
        return await self._read(templates.list_templates)

    async def template_history(self, name: str) -> Sequence[TemplateVersion]:
        return await self._read(templates.template_history, name)

    async def close(self) -> None:
        """Finish what was begun and close every connection."""
        await asyncio.to_thread(self._close)

    async def _read(self, verb: Callable[Concatenate[Transaction, P], T], *args: P.args, **kwargs: P.kwargs) -> T:
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._reader, lambda: self._run(self._reading, verb, *args, **kwargs))

    async def _write(self, verb: Callable[Concatenate[Transaction, P], T], *args: P.args, **kwargs: P.kwargs) -> T:
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._writer, lambda: self._run(self._writing, verb, *args, **kwargs))

    def _run(
        self, engine: Engine, verb: Callable[Concatenate[Transaction, P], T], *args: P.args, **kwargs: P.kwargs
    ) -> T:
        with _vendor_errors(), engine.begin() as connection:
            # The time is read once the store let us in: waiting for a lock must not make a lease look alive.
            tx = Transaction(connection=connection, now=self._now(), ttl=self._ttl, chance=self._chance)
            return verb(tx, *args, **kwargs)

    def _close(self) -> None:
        self._writer.shutdown()
        self._reader.shutdown()
        self._reading.dispose()


@contextmanager
def _vendor_errors() -> Iterator[None]:
    try:
        yield
    except Exception as error:
        refusal = translate(error.orig if isinstance(error, DBAPIError) and error.orig else error)
        if refusal is None:
            raise
        raise refusal from error
