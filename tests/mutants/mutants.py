"""The protocol with one rule taken out: each is something a tired engineer could write, and each must be caught."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from gristmill.adapters.local import journal
from gristmill.adapters.local.epochlog import read_epoch
from gristmill.adapters.sql import jobs, leases, shards, sifting
from gristmill.adapters.sql.store import SqlStore
from gristmill.datasets import segments
from gristmill.domain import shard as rules
from gristmill.domain.ids import Digest, Epoch, JobId, ShardNumber, WorkerId, WriteId
from gristmill.domain.job import Job, JobStatus, Tally, next_status
from gristmill.domain.money import ZERO, NanoUsd, Spent
from gristmill.domain.shard import Lease, Report, Shard
from gristmill.errors import LeaseLostError
from gristmill.generation.purse import Purse
from gristmill.ports.journal import DeadEpoch
from gristmill.ports.store import Manifest, Store
from gristmill.worker import tidying
from gristmill.worker.keeper import Keeper
from gristmill.worker.ports import WorkerPorts
from support.simulation.instead import instead

if TYPE_CHECKING:
    from gristmill.adapters.local.locks import FileLock


def _nothing(*_: object) -> None:
    pass


def no_epoch() -> AbstractContextManager[None]:
    """Taking a shard does not raise its epoch."""

    def take(shard: Shard, *, worker: WorkerId, now: datetime, ttl: timedelta, write: WriteId) -> Shard:
        before = replace(shard, epoch=Epoch(max(shard.epoch - 1, 0)))
        return rules.take(before, worker=worker, now=now, ttl=ttl, write=write)

    return instead(leases, name="take", by=take)


def no_position() -> AbstractContextManager[None]:
    """The fence asks whose turn it is, and not which write comes next."""

    def check_fence(shard: Shard, lease: Lease) -> None:
        if (shard.worker, shard.epoch) != (lease.worker, lease.epoch):
            raise LeaseLostError("somebody else has it")

    return instead(leases, sifting, name="check_fence", by=check_fence)


def no_write_id() -> AbstractContextManager[None]:
    """A write that is sent again is not known again."""
    return instead(leases, name="answer_again", by=_nothing)


def no_digest_in_name() -> AbstractContextManager[None]:
    """Segments are named by shard and epoch alone."""

    def segment_name(shard: ShardNumber, epoch: Epoch, digest: Digest) -> str:
        return f"segments/{shard:06d}-{epoch}-.parquet"

    return instead(segments, name="segment_name", by=segment_name)


def no_whole_rest_charge() -> AbstractContextManager[None]:
    """Taking an expired lease charges only what it had reported."""

    def reap(shard: Shard) -> Shard:
        reaped = rules.reap(shard)
        if not reaped.losses or not shard.is_leased:
            return reaped
        return replace(reaped, losses=(*reaped.losses[:-1], replace(reaped.losses[-1], amount=ZERO)))

    return instead(leases, shards, name="reap", by=reap)


def no_total_reporting() -> AbstractContextManager[None]:
    """A worker reports what was spent since its last report."""
    report_total = Keeper._report

    def report(self: Keeper, spent: Spent, settled: int) -> Report:
        told, before = report_total(self, spent, settled), self._lease.spent
        fresh = Spent(billed=NanoUsd(spent.billed - before.billed), presumed=NanoUsd(spent.presumed - before.presumed))
        return replace(told, spent=fresh)

    return instead(Keeper, name="_report", by=report)


def no_lowering_before_offer() -> AbstractContextManager[None]:
    """The purse is lowered only when the store has taken the money back."""
    return instead(Purse, name="offer", by=_nothing)


@contextmanager
def no_lock_before_refund() -> Iterator[None]:
    """A journal is settled without asking whether its worker lives."""

    def claim(self: journal.LocalJournal, worker: WorkerId) -> bool:
        if worker == self._worker or not (self._root / worker).exists():
            return False
        lock = cast("FileLock", _NoLock())
        self._claims.setdefault(worker, lock)
        return True

    # What it takes for a dead one's folder is in use.
    with (
        instead(journal.LocalJournal, name="_claim", by=claim),
        instead(journal, name="_delete", by=_nothing),
    ):
        yield


class _NoLock:
    def release(self) -> None:
        pass


def no_boot_id() -> AbstractContextManager[None]:
    """A journal counts as proof although the machine has restarted since."""

    def read_any_boot(path: Path, worker: WorkerId, *, boot_id: str | None) -> DeadEpoch | None:
        dead = read_epoch(path, worker, boot_id=boot_id)
        return replace(dead, is_proof=True) if dead else None

    return instead(journal, name="read_epoch", by=read_any_boot)


def no_stopping() -> AbstractContextManager[None]:
    """A job that is told to stop ends at once, its leases alive."""

    def status(job: Job, tally: Tally, *, is_sifted: bool) -> JobStatus:
        stops = job.status is JobStatus.STOPPING
        return next_status(job, replace(tally, leases=0) if stops else tally, is_sifted=is_sifted)

    return instead(jobs, name="next_status", by=status)


def no_finish_after_commit() -> AbstractContextManager[None]:
    """Nobody looks whether a commit was the last one."""

    async def finish_job(self: SqlStore, job: JobId) -> JobStatus:
        return (await self.read_job(job)).status

    return instead(SqlStore, name="finish_job", by=finish_job)


def no_epoch_before_manifest() -> AbstractContextManager[None]:
    """Tidying reads the manifest before the epochs."""
    tidy = tidying.tidy_job

    async def tidy_job(ports: WorkerPorts, job: JobId) -> int:
        return await tidy(replace(ports, store=cast("Store", _ManifestFirst(ports.store))), job)

    return instead(tidying, name="tidy_job", by=tidy_job)


class _ManifestFirst:
    def __init__(self, store: Store) -> None:
        self._store = store
        self._manifest: Manifest | None = None

    async def list_shards(self, job: JobId) -> object:
        self._manifest = await self._store.read_manifest(job)
        return await self._store.list_shards(job)

    async def read_manifest(self, job: JobId) -> Manifest:
        assert self._manifest is not None
        return self._manifest

    def __getattr__(self, verb: str) -> Any:
        return getattr(self._store, verb)


MUTANTS: Mapping[str, Callable[[], AbstractContextManager[None]]] = {
    "epoch": no_epoch,
    "position": no_position,
    "write id": no_write_id,
    "digest name": no_digest_in_name,
    "whole-rest charge": no_whole_rest_charge,
    "total reporting": no_total_reporting,
    "lower before offer": no_lowering_before_offer,
    "lock before refund": no_lock_before_refund,
    "boot id": no_boot_id,
    "stopping": no_stopping,
    "finish after commit": no_finish_after_commit,
    "epoch before manifest": no_epoch_before_manifest,
}
