"""Leases of shards: acquired, renewed, committed, released, reaped and settled, each under the domain's fence."""

from collections.abc import Callable

from gristmill.adapters.sql.budgets import read_budget, write_budget
from gristmill.adapters.sql.jobs import is_sifted, is_stopping, read_job, write_job
from gristmill.adapters.sql.manifest import add_segment
from gristmill.adapters.sql.shards import (
    count_leases,
    find_free,
    find_written,
    read_shard,
    reap_if_expired,
    write_shard,
)
from gristmill.adapters.sql.transaction import Transaction
from gristmill.adapters.sql.turns import is_held_back
from gristmill.domain.budget import change_block
from gristmill.domain.ids import SIFTING, Epoch, JobId, ShardNumber, WorkerId, WriteId
from gristmill.domain.job import Job, JobStatus, change_status
from gristmill.domain.money import ZERO, NanoUsd, Spent
from gristmill.domain.segment import Segment
from gristmill.domain.shard import (
    Lease,
    Progress,
    Report,
    Shard,
    advance,
    answer_again,
    check_fence,
    reap,
    release,
    renew,
    settle,
    take,
)
from gristmill.errors import LeaseLostError, WrongStateError
from gristmill.ports.store import Finished, Wait


def acquire_shard(tx: Transaction, job_id: JobId, worker: WorkerId, write: WriteId) -> Lease | Wait | Finished:
    """A free shard, or the sifting when it is due."""
    written = find_written(tx, job_id, write)
    if written is not None:
        return answer_of(written)
    job = read_job(tx, job_id)
    if not job.is_active:
        return Finished(job.status)
    number = _choose(tx, job)
    if number is None or (job.status is JobStatus.QUEUED and is_held_back(tx, job)):
        return Wait()
    if number != SIFTING and job.status is not JobStatus.RUNNING:
        write_job(tx, job, change_status(job, JobStatus.RUNNING, tx.now))
    free = reap_if_expired(tx, read_shard(tx, job_id, number))
    taken = take(free, worker=worker, now=tx.now, ttl=tx.ttl, write=write)
    write_shard(tx, taken)
    return answer_of(taken)


def renew_lease(tx: Transaction, lease: Lease, report: Report, write: WriteId) -> Lease:
    """Report, extend the time, move the block."""
    return answer_of(write_once(tx, lease, write, lambda shard: _report(tx, shard, report, write)))


def commit_segment(
    tx: Transaction, lease: Lease, write: WriteId, *, segment: Segment, progress: Progress, report: Report
) -> Lease:
    """Renew, show the segment and mark its slots."""

    def commit(shard: Shard) -> Shard:
        add_segment(tx, lease.job, segment)
        return _report(tx, advance(shard, progress), report, write)

    return answer_of(write_once(tx, lease, write, commit))


def release_lease(tx: Transaction, lease: Lease, report: Report, write: WriteId) -> None:
    """Report a last time and free the shard."""
    write_once(tx, lease, write, lambda shard: release(_report(tx, shard, report, write)))


def reap_lease(tx: Transaction, job: JobId, number: ShardNumber, worker: WorkerId, epoch: Epoch) -> None:
    """Take a dead worker's lease."""
    shard = read_shard(tx, job, number)
    if (shard.worker, shard.epoch) == (worker, epoch):
        write_shard(tx, reap(shard))


def settle_epoch(
    tx: Transaction, job_id: JobId, number: ShardNumber, epoch: Epoch, *, spent: Spent | None, segment: Segment | None
) -> None:
    """Replace a dead epoch's loss by what its journal proves."""
    job = read_job(tx, job_id)
    if job.has_ended:
        raise WrongStateError(f"job {job_id} has ended as {job.status}: its bill and its manifest stay as they are")
    shard, back = settle(read_shard(tx, job_id, number), epoch, spent)
    write_shard(tx, shard)
    if back:
        budget = read_budget(tx, job_id)
        write_budget(tx, job_id, budget.moved(NanoUsd(-back)) if back > 0 else budget.overdrawn(NanoUsd(-back)))
    if segment is not None:
        add_segment(tx, job_id, segment)


def write_once(tx: Transaction, lease: Lease, write: WriteId, change: Callable[[Shard], Shard]) -> Shard:
    """The row after a fenced write, or as it is when this very write was the last. Raises LeaseLostError."""
    shard = read_shard(tx, lease.job, lease.shard)
    if answer_again(shard, write) is not None:
        return shard
    check_fence(shard, lease)
    changed = change(shard)
    write_shard(tx, changed)
    return changed


def answer_of(shard: Shard) -> Lease:
    """The answer to the row's last write."""
    if shard.last_answer is None:
        raise LeaseLostError(f"shard {shard.number} was taken over")
    return shard.last_answer


def _choose(tx: Transaction, job: Job) -> ShardNumber | None:
    if job.status is JobStatus.SIFTING and not _free_sifting(tx, job.id):
        # Shards that a live sifting opens again wait for its end: it may have more marks for them.
        return None
    free = find_free(tx, job.id)
    if free:
        return tx.chance.choice(free)
    # While a job is sifting no slots are leased, so nothing open means that all are done.
    return SIFTING if job.status is JobStatus.SIFTING and not is_sifted(tx, job) else None


def _free_sifting(tx: Transaction, job: JobId) -> bool:
    sifting = read_shard(tx, job, SIFTING)
    free = reap_if_expired(tx, sifting)
    if free != sifting:
        write_shard(tx, free)
    return not free.is_leased


def _report(tx: Transaction, shard: Shard, report: Report, write: WriteId) -> Shard:
    stopping = is_stopping(tx, shard.job)
    granted = _move_block(tx, shard, report, is_stopping=stopping)
    return renew(shard, report, granted=granted, now=tx.now, ttl=tx.ttl, write=write, stopping=stopping)


def _move_block(tx: Transaction, shard: Shard, report: Report, *, is_stopping: bool) -> NanoUsd:
    if report.block == shard.block and report.spent.total <= shard.block:
        return ZERO
    live = count_leases(tx, shard.job)
    budget = read_budget(tx, shard.job)
    change = change_block(budget, report, block=shard.block, live_leases=live, is_stopping=is_stopping)
    if change.amount:
        write_budget(tx, shard.job, change.budget)
    return change.amount
